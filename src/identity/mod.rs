//! Who is it? Pure: rules, normalizers and the resolver.

pub mod batch;
pub mod explain;
pub mod resolve;
pub mod rules;

pub use rules::{KindRule, Normalizer, OnConflict, Rules};
