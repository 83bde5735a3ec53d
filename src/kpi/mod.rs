//! How are we doing? Pure: facts as columns, statistics, and one fold per KPI.

mod acquaint;
pub mod acquisition;
pub mod affinity;
pub mod amounts;
mod answer;
pub mod attribution;
pub mod axis;
mod basket;
pub mod beside;
pub mod bitmap;
pub mod board;
pub mod calendar;
mod care;
mod carts;
pub mod catalogue;
pub mod channels;
mod classic;
pub mod compare;
pub mod conversion;
pub mod cost;
pub mod dictionary;
mod engagement;
mod events;
pub mod fact;
mod few;
mod fifths;
mod footfall;
pub mod funnel;
pub mod given;
mod groups;
mod hits;
pub mod incentive;
mod journeys;
pub mod known;
pub mod ledger;
mod lens;
pub mod lifecycle;
pub mod lifetime;
pub mod margin;
pub mod measure;
pub mod measures;
pub mod members;
pub mod mix;
pub mod money;
mod params;
pub mod paths;
mod push;
pub mod quantity;
pub mod reconcile;
pub mod repurchase;
pub mod retention;
pub mod returns;
pub mod rfm;
pub mod scalar;
pub mod scope;
pub mod score;
mod seamless;
mod seen;
pub mod segment;
pub mod snapshot;
pub mod stats;
mod sums;
pub mod survey;
mod survival;
pub mod tables;
mod timeline;
pub mod traits;
mod trial;
pub mod triangle;
mod upselling;
mod visits;

pub use answer::{Absent, Basis, Estimate, Excluded, Group, Grouped, Ratio};
pub use bitmap::Bitmap;
pub use dictionary::Dictionary;
pub use fact::{Fact, FactError};
pub use scope::{
    First, GroupBy, KpiError, OrderOptions, OrderUnit, RfmBy, Scope, Weekday, Window, WindowKind,
};
pub use segment::{Identity, Segment, Source, Trust};
pub use snapshot::{Live, Snapshot, Voided};
pub use tables::Tables;

#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod tests;
