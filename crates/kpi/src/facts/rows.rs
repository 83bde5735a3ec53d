//! What touchpoints say, found by their rows.

use crate::facts::fact::{AnswerKind, TouchType};
use crate::facts::side_tables::{
    ANSWERS, CONTACTS, EXPOSURES, OFFERS, ORDERS, RETURNS, TABLES, TOUCHES, TRIALS, TouchRow,
};
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;
use crate::facts::touch_types::Types;
use customer360_model::activity::MessageStatus;

/// A table of touchpoints that say what kind they are and what they are about.
pub struct Others<'a> {
    pub stem: &'a Stem,
    /// A [`TouchType`].
    pub kind: &'a [u8],
    /// See [`crate::facts::fact::Said`]; likewise `item`.
    pub detail: &'a [u8],
    pub item: &'a [u32],
}

/// The types whose touchpoints stand in each table of its own.
const OWN: [(usize, Types); 7] = [
    (ORDERS, Types::listed(&[TouchType::ORDER, TouchType::REFUSED_ORDER])),
    (RETURNS, Types::listed(&[TouchType::CAME_BACK, TouchType::REFUSED_RETURN])),
    (ANSWERS, Types::listed(&[TouchType::SURVEY_ANSWER, TouchType::REVIEW_WRITTEN])),
    (EXPOSURES, Types::listed(&[TouchType::IMPRESSION, TouchType::AD_CLICK, TouchType::MESSAGE])),
    (OFFERS, Types::listed(&[TouchType::OFFER_SHOWN, TouchType::OFFER_ACCEPTED])),
    (TRIALS, Types::listed(&[TouchType::PRODUCT_TRIAL])),
    (CONTACTS, Types::listed(&[TouchType::SERVICE_CONTACT])),
];

/// Whether a touchpoint of that kind is something that a person did, and not something that was sent
/// or shown to them.
pub(crate) fn is_made(kind: TouchType, detail: u8) -> bool {
    match kind {
        TouchType::IMPRESSION => false,
        TouchType::MESSAGE => detail >= MessageStatus::Opened as u8,
        _ => true,
    }
}

/// The types that may stand in a table.
pub(crate) fn types_in(table: usize) -> Types {
    let own = |of: usize| OWN.iter().find(|(table, _)| *table == of).map(|(_, types)| *types);
    own(table).unwrap_or_else(|| {
        let elsewhere = OWN.iter().fold(Types::default(), |all, (_, types)| all.or(*types));
        // Reviews that say nothing that is counted stand with the rest.
        Types::all().without(elsewhere).or(Types::of([TouchType::REVIEW_WRITTEN]))
    })
}

/// Which tables hold touchpoints of some types.
pub(crate) fn tables_of(types: Types) -> [bool; TABLES] {
    std::array::from_fn(|table| types.has_any(types_in(table)))
}

/// The table of a touchpoint that says no more than [`Others`] do.
pub(crate) fn table_of(touch_type: TouchType) -> usize {
    let own = OWN.iter().find(|(_, types)| types.has(touch_type)).map(|(table, _)| *table);
    own.filter(|&table| table > TOUCHES).unwrap_or(TOUCHES)
}

/// A view of the table in a field.
macro_rules! view {
    ($table:expr) => {{
        let table = &*$table;
        Others { stem: &table.stem, kind: &table.kind, detail: &table.detail, item: &table.item }
    }};
}

impl Tables {
    /// The table at one of the places from [`TOUCHES`] on.
    #[inline(always)]
    #[must_use]
    pub fn others(&self, table: usize) -> Others<'_> {
        match table {
            EXPOSURES => view!(self.exposures),
            OFFERS => view!(self.offers),
            TRIALS => view!(self.trials),
            CONTACTS => view!(self.contacts),
            _ => view!(self.touches),
        }
    }

    /// Whether a touchpoint of one of the places from [`TOUCHES`] on is something that a person did.
    #[must_use]
    pub fn is_made(&self, table: usize, row: usize) -> bool {
        let others = self.others(table);
        is_made(TouchType(others.kind[row]), others.detail[row])
    }

    /// One of [`Tables::stems`].
    #[inline]
    #[must_use]
    pub fn stem(&self, table: usize) -> &Stem {
        match table {
            ORDERS => &self.orders.stem,
            RETURNS => &self.returns.stem,
            ANSWERS => &self.answers.stem,
            other => self.others(other).stem,
        }
    }

    /// The number of a touchpoint.
    #[inline]
    #[must_use]
    pub fn number(&self, touch: TouchRow) -> u32 {
        self.stem(touch.table()).number[touch.row()]
    }

    /// What a touchpoint is about (see [`crate::facts::fact::Said`]); the kind of an answer.
    #[inline(always)]
    #[must_use]
    pub fn item(&self, touch: TouchRow) -> u32 {
        match touch.table() {
            ORDERS => self.orders.item[touch.row()],
            RETURNS => 0,
            ANSWERS => u32::from(self.answers.kind[touch.row()]),
            other => self.others(other).item[touch.row()],
        }
    }

    /// The type of a touchpoint.
    #[inline]
    #[must_use]
    pub fn touch_type(&self, touch: TouchRow) -> TouchType {
        match touch.table() {
            ORDERS => TouchType::ORDER,
            RETURNS => TouchType::CAME_BACK,
            ANSWERS => AnswerKind::touch_type(self.answers.kind[touch.row()]),
            other => TouchType(self.others(other).kind[touch.row()]),
        }
    }
}
