//! Hits: what anchors add to a figure.

use crate::engine::mark::Mark;
use crate::facts::fact::TouchType;
use crate::facts::side_tables::TouchRow;
use crate::facts::tables::Tables;
use crate::facts::touch_types::Types;

/// What one anchor adds to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub at: i64,
    pub part: i64,
    pub whole: i64,
    /// The touchpoint that is counted.
    pub touch: TouchRow,
    /// What is counted of it, an item of the dictionary; `ITSELF`: what it says that it is about.
    pub item: u32,
    pub place: u16,
    /// The touchpoint that answered it, or led to it.
    pub other: Option<Other>,
    /// Whether not all of its window was observed: it is left out until then, whether or not it was answered. Of a
    /// duration: whether it was only seen to begin.
    pub censored: bool,
}

/// The other touchpoint of a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    pub touch: TouchRow,
    pub place: u16,
}

/// The item of a hit that is about what its touchpoint is.
pub const ITSELF: u32 = u32::MAX;

/// What these are about is an id or a kind, not an item of the dictionary.
const ID_TYPES: Types = Types::listed(&[
    TouchType::IMPRESSION,
    TouchType::AD_CLICK,
    TouchType::MESSAGE,
    TouchType::CART_UPDATED,
    TouchType::CHECKOUT_STARTED,
    TouchType::SURVEY_ANSWER,
    TouchType::REVIEW_WRITTEN,
]);

impl Other {
    pub(crate) fn of(mark: &Mark) -> Self {
        Self { touch: mark.row, place: mark.place }
    }
}

impl Hit {
    /// A touchpoint that adds one to the denominator and nothing else yet.
    pub(crate) fn at(at: i64, touch: TouchRow, place: u16) -> Self {
        Self { at, part: 0, whole: 1, touch, item: ITSELF, place, other: None, censored: false }
    }

    /// An anchor that adds one to the denominator and nothing else yet.
    pub(crate) fn of(mark: &Mark) -> Self {
        Self::at(mark.at, mark.row, mark.place)
    }

    pub(crate) fn part(self, part: i64) -> Self {
        Self { part, ..self }
    }

    /// Counted in the numerator if another touchpoint answers it.
    pub(crate) fn answered(self, other: Option<&Mark>) -> Self {
        let other = other.map(Other::of);
        Self { part: i64::from(other.is_some()), other, ..self }
    }

    /// What it is about, an item of the dictionary or 0; `tables` are those of its touchpoint.
    pub(crate) fn item(&self, tables: &Tables) -> u32 {
        match self.item {
            ITSELF if ID_TYPES.has(tables.touch_type(self.touch)) => 0,
            ITSELF => tables.item(self.touch),
            item => item,
        }
    }
}

/// What anchors add: listed where single ones are asked about, and else only summed as they come.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    lists: bool,
    list: Vec<Hit>,
    sum: Added,
}

/// The sum of some hits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Added {
    pub anchors: u64,
    /// Touchpoints left out for an amount that cannot be converted.
    pub unconverted: u64,
    pub part: i128,
    pub whole: i128,
    /// Of parts.
    pub squares: i128,
    /// Of those that are censored, which are in none of the above.
    pub open: Open,
}

/// What anchors add of which not all of the window was observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Open {
    pub anchors: u64,
    pub part: i128,
    pub whole: i128,
}

impl Open {
    pub fn merge(&mut self, other: &Self) {
        self.anchors += other.anchors;
        self.part += other.part;
        self.whole += other.whole;
    }
}

impl Added {
    #[inline]
    pub fn add(&mut self, hit: &Hit) {
        if hit.censored {
            let (part, whole) = (i128::from(hit.part), i128::from(hit.whole));
            return self.open.merge(&Open { anchors: 1, part, whole });
        }
        self.count(hit.whole, hit.part);
    }

    /// How many were added, censored ones too.
    #[inline]
    pub fn all(&self) -> u64 {
        self.anchors + self.open.anchors
    }

    /// The same of one that is not censored.
    #[inline]
    pub fn count(&mut self, whole: i64, part: i64) {
        self.anchors += 1;
        self.part += i128::from(part);
        self.whole += i128::from(whole);
        // Of few amounts at the edge of 64 bits the squares reach that of 128.
        self.squares = self.squares.saturating_add(i128::from(part) * i128::from(part));
    }
}

impl Hits {
    /// None yet, of customers one after the other; see [`Hits::of_next`].
    pub fn new(lists: bool) -> Self {
        Self { lists, ..Self::default() }
    }

    /// What the next customer adds: it comes to the sum, and single ones are listed alone. Returns how
    /// many there are.
    #[inline]
    pub fn of_next(&mut self, add: impl FnOnce(&mut Self)) -> u64 {
        let before = self.sum.all();
        self.list.clear();
        add(self);
        self.sum.all() - before
    }

    /// The sum of all customers so far, who are then forgotten.
    pub fn take_sum(&mut self) -> Added {
        std::mem::take(&mut self.sum)
    }

    /// None yet.
    pub fn clear(&mut self, lists: bool) {
        self.lists = lists;
        self.list.clear();
        self.sum = Added::default();
    }

    #[inline]
    pub fn push(&mut self, hit: Hit) {
        self.sum.add(&hit);
        if self.lists {
            self.list.push(hit);
        }
    }

    /// Counts a touchpoint that adds nothing, for its amount is in a currency that cannot be converted.
    #[inline]
    pub fn leave_out(&mut self) {
        self.sum.unconverted += 1;
    }

    #[inline]
    pub fn extend(&mut self, hits: impl IntoIterator<Item = Hit>) {
        hits.into_iter().for_each(|hit| self.push(hit));
    }

    pub fn sum(&self) -> &Added {
        &self.sum
    }

    /// Single ones, if they are listed.
    pub fn list(&self) -> &[Hit] {
        &self.list
    }

    /// The listed ones, taken out.
    pub fn take(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.list)
    }
}
