//! The columns that every table of touchpoints begins with.

use std::ops::Range;

use crate::facts::column::Column;

/// The columns that every table of touchpoints begins with. 22 bytes a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stem {
    /// The segment's number of the customer, never decreasing. Empty in a [`Tables`] that is not
    /// clustered by customer yet.
    pub customer: Vec<u32>,
    /// Microseconds; increasing within a customer, ties by `number`.
    pub at: Vec<i64>,
    pub place: Vec<u16>,
    /// 0 for an unidentified touchpoint.
    pub observation: Vec<u32>,
    /// The touchpoint's number.
    pub number: Vec<u32>,
}

/// The columns of no touchpoints.
pub(crate) static NOBODY: Stem = Stem {
    customer: Vec::new(),
    at: Vec::new(),
    place: Vec::new(),
    observation: Vec::new(),
    number: Vec::new(),
};

impl Stem {
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// The rows of some consecutive customers.
    #[must_use]
    pub fn rows(&self, customers: Range<u32>) -> Range<usize> {
        let from = self.customer.partition_point(|&c| c < customers.start);
        from..from + self.customer[from..].partition_point(|&c| c < customers.end)
    }

    /// Each customer that has rows among these, with those rows.
    pub fn runs(&self, rows: Range<usize>) -> impl Iterator<Item = (u32, Range<usize>)> {
        let (mut from, until) = (rows.start, rows.end);
        std::iter::from_fn(move || {
            let customer = *self.customer[..until].get(from)?;
            let mut end = from + 1;
            while end < until && self.customer[end] == customer {
                end += 1;
            }
            let run = from..end;
            from = end;
            Some((customer, run))
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        let Self { customer, at, place, observation, number } = self;
        customer.bytes() + at.bytes() + place.bytes() + observation.bytes() + number.bytes()
    }
}
