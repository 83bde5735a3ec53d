//! How are we doing? Pure: facts as columns, statistics, and one fold per KPI.

pub mod affinity;
pub mod answer;
pub mod attribution;
pub mod axis;
mod basket;
pub mod beside;
pub mod bitmap;
pub mod calendar;
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
pub mod funnel;
mod journeys;
pub mod known;
mod lens;
pub mod lifecycle;
pub mod lifetime;
pub mod measure;
pub mod measures;
pub mod members;
pub mod money;
pub mod paths;
pub mod reconcile;
pub mod repurchase;
pub mod retention;
pub mod rfm;
pub mod scalar;
pub mod scope;
pub mod segment;
pub mod snapshot;
pub mod stats;
pub mod survey;
pub mod tables;
mod timeline;
pub mod traits;
pub mod triangle;
mod visits;

pub use answer::{Absent, Basis, Estimate, Excluded, Group, Grouped, Ratio};
pub use bitmap::Bitmap;
pub use dictionary::Dictionary;
pub use fact::{Fact, FactError};
pub use scope::{First, GroupBy, KpiError, OrderOptions, OrderUnit, Scope, Weekday, Window, WindowKind};
pub use segment::{Identity, Segment, Source, Trust};
pub use snapshot::{Live, Snapshot, Voided};
pub use tables::Tables;

#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod tests;
