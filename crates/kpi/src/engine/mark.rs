//! A touchpoint as measures see it.

use crate::facts::fact::TouchType;
use crate::facts::rows::is_made;
use crate::facts::side_tables::{ORDERS, TouchRow};
use crate::facts::tables::Tables;

/// A touchpoint on its way through a measure. What more it says is found by its row: see
/// [`crate::engine::customer_view::Seen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub at: i64,
    pub row: TouchRow,
    pub place: u16,
    pub kind: TouchType,
    /// See [`crate::facts::fact::Said`]. The score of an answer.
    pub detail: u8,
}

impl Mark {
    /// Of nothing.
    pub const NONE: Self =
        Self { at: 0, row: TouchRow::new(ORDERS, 0), place: 0, kind: TouchType::ORDER, detail: 0 };

    /// Whether it is a touchpoint: what came back stands beside whoever came with it.
    #[inline]
    pub fn is_touch(&self) -> bool {
        self.kind != TouchType::CAME_BACK && self.kind != TouchType::REFUSED_RETURN
    }

    /// Whether it is something that a person did, and not something that was done to them: sent,
    /// delivered or shown.
    #[inline]
    pub fn is_made(&self) -> bool {
        self.is_touch() && is_made(self.kind, self.detail)
    }

    /// Whether it comes after another one in the order of time.
    #[inline]
    pub fn is_after(&self, other: &Self, tables: &Tables) -> bool {
        // Which comes first cannot be foreseen, but that hardly ever two come at once.
        match self.at == other.at {
            true => tables.number(self.row) > tables.number(other.row),
            false => self.at > other.at,
        }
    }
}
