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

pub use normalize::{NormalizeError, Normalized, normalize};
pub use rules::{History, KindRule, Normalizer, OnConflict, Rules};
