//! The customers of a segment.

use std::sync::Arc;

use crate::facts::first_touch::Acquired;
use crate::facts::projection::Table;

/// The customers of a segment, numbered from 0 in order of their keys. 19 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// The least number of their observations, which names them.
    pub key: Arc<Vec<u32>>,
    pub registered: Arc<Vec<bool>>,
    /// Their first touchpoints of any kind.
    pub acquired: Table<Acquired>,
}

impl Customers {
    #[must_use]
    pub fn len(&self) -> usize {
        self.key.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// The segment's number of a customer.
    #[must_use]
    pub fn find(&self, key: u32) -> Option<u32> {
        self.key.binary_search(&key).ok().map(|at| at as u32)
    }
}
