//! Who is it? Pure: rules, normalizers and the resolver.

pub mod rules;

pub use rules::{KindRule, Normalizer, OnConflict, Rules};
