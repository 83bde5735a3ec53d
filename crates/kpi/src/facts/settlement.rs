//! What became of touchpoints of orders and returns, because of other statements.

use rustc_hash::FxHashMap;

use customer360_model::objects::Verdict;

/// What is different about a touchpoint of an order or a return, because of other statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The observation of the touchpoint, and its time.
    pub said: (u32, i64),
    pub owner: u32,
    pub verdict: Verdict,
}

/// By number of touchpoint; those that are not in it are what they say.
pub type Settlement = FxHashMap<u32, Settled>;
