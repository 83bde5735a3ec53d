//! How are we doing? Pure: facts as columns, statistics, and one fold per KPI.

pub mod bitmap;
pub mod calendar;
pub mod dictionary;
pub mod fact;
pub mod segment;
pub mod snapshot;
pub mod stats;
pub mod tables;
pub mod traits;

pub use bitmap::Bitmap;
pub use dictionary::Dictionary;
pub use fact::{Fact, FactError};
pub use segment::{Identity, Segment, Source, Trust};
pub use snapshot::{Live, Snapshot, Voided};
pub use tables::Tables;

#[cfg(test)]
mod segment_tests;
