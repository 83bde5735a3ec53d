//! The identity map as the columns see it.

use crate::facts::settlement::Settlement;

/// The identity map, as far as the columns need it. Customers are named by the least number of
/// their observations.
pub trait Identity: Sync {
    /// To whom the touches of an observation at that time belong.
    fn customer_of(&self, observation: u32, at: i64) -> u32;
    fn is_registered(&self, customer: u32) -> bool;

    /// Whether what an observation did belongs where is gathered; 0 is that of nobody.
    fn takes(&self, observation: u32) -> bool {
        observation != 0
    }

    /// What became of orders and returns by other touchpoints, where anything did.
    fn settlement(&self) -> Option<&Settlement> {
        None
    }
}
