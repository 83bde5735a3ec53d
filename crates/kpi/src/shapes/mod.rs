//! Answers of more than one number, each with a kernel of its own.

pub mod affinity;
pub mod attribution;
pub mod board;
pub mod cost;
pub mod definitions;
pub(crate) mod headline;
pub mod incentive;
pub mod lifetime;
pub mod mix;
pub mod nps;
pub mod paths;
pub mod repurchase;
pub mod retention;
pub mod rfm;
pub mod score;
pub mod store_conversion;
pub mod triangle;
