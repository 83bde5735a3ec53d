//! Who is it? Pure: rules, normalizers and the resolver.

pub mod batch;
mod claims;
pub mod compared;
pub mod conflicts;
pub mod constraints;
pub mod explain;
pub mod feed;
pub mod foresight;
mod groups;
pub mod hindsight;
pub mod history;
#[cfg(test)]
mod laws;
pub mod merges;
pub mod moves;
mod nobody;
pub mod normalize;
pub mod resolve;
pub mod rules;
pub mod vendors;
pub mod whole;

/// Of the resolver: rises with every build that would resolve the same evidence in another way. A
/// tenant whose map is of an older one is resolved anew when its database is opened.
pub const RESOLVER_GENERATION: i64 = 2;

pub use normalize::{NormalizeError, Normalized, normalize};
pub use rules::{History, KindRule, Normalizer, OnConflict, Rules};
