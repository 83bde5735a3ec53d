//! Who is it? Pure: rules, normalizers and the resolver.

pub mod normalize;
pub mod rules;

pub use normalize::{NormalizeError, Normalized, normalize};
pub use rules::{KindRule, Normalizer, OnConflict, Rules};
