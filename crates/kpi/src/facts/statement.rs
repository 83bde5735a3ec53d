//! What touchpoints say about orders.

use crate::facts::dictionary::text_hash;
use customer360_model::objects;

/// What a touchpoint says about an order, currencies by their numbers in the dictionary.
pub type Says = objects::Says<u8>;

/// A touchpoint as a statement about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Stands for the order's id.
    pub key: u64,
    pub number: u32,
    /// 0 for a touchpoint without identifiers.
    pub observation: u32,
    pub at: i64,
    /// A name of the dictionary.
    pub source: u32,
    /// The beginning of the source's id of the touchpoint, and a hash of it: they put two statements
    /// of a source in order that were made at the same instant.
    pub id: (u64, u32),
    pub says: Says,
}

impl Statement {
    /// The statement with the source's id of its touchpoint.
    #[must_use]
    pub fn named(self, source_id: &str) -> Self {
        let mut head = [0; 8];
        let length = source_id.len().min(8);
        head[..length].copy_from_slice(&source_id.as_bytes()[..length]);
        let hash = text_hash(source_id) as u32;
        Self { id: (u64::from_be_bytes(head), hash), ..self }
    }
}
