//! How are we doing? Pure: facts as columns, statistics, and one fold per KPI.

pub mod catalogue;
pub mod engine;
pub mod facts;
pub mod ground;
pub mod measures;
pub mod shapes;

pub use engine::scope::{
    CancelledOrders, First, GroupBy, KpiError, OrderOptions, OrderUnit, RfmBy, Scope, Weekday, Window,
    WindowKind,
};
pub use facts::dictionary::Dictionary;
pub use facts::fact::{Fact, FactError};
pub use facts::map::Identity;
pub use facts::segment::{Segment, Source};
pub use facts::snapshot::{Live, Snapshot, Voided};
pub use facts::tables::Tables;
pub use facts::trust::Trust;
pub use ground::answer::{
    Absent, Basis, Estimate, Excluded, Folded, Group, Grouped, Observation, Ratio, SourceHorizon,
};
pub use ground::bitmap::Bitmap;

#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod tests;
