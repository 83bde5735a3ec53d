//! What a snapshot was given of the facts, and what a question missed in it.
//!
//! A snapshot of the past is made for one question, of the tables that it reads. Nobody has to say
//! which: a table that was not given is empty and notes that it was asked for, so an answer is one
//! only if nothing was missed; otherwise what was missed is given too, and it is asked again.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::facts::side_tables::TABLES;

/// Something that a snapshot may be given; the tables of [`crate::facts::tables::Tables`] in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Piece {
    Orders,
    Returns,
    Answers,
    Touches,
    Exposures,
    Offers,
    Trials,
    Contacts,
    Visits,
    Lines,
    Discounts,
    Ties,
    CartValues,
    Handling,
    Costs,
    Margins,
    TraitWrites,
    /// Of each customer, not a table of facts.
    Acquired,
    /// Of each source: when it was seen.
    Sightings,
}

impl Piece {
    /// The tables of touchpoints, in their order.
    pub const STEMS: [Self; TABLES] = [
        Self::Orders,
        Self::Returns,
        Self::Answers,
        Self::Touches,
        Self::Exposures,
        Self::Offers,
        Self::Trials,
        Self::Contacts,
    ];
}

/// A set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pieces(u32);

impl Pieces {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self((1 << (Piece::Sightings as u32 + 1)) - 1);

    #[must_use]
    pub fn of(pieces: &[Piece]) -> Self {
        Self(pieces.iter().fold(0, |set, piece| set | 1 << *piece as u32))
    }

    #[inline]
    #[must_use]
    pub fn has(self, piece: Piece) -> bool {
        self.0 >> piece as u32 & 1 == 1
    }

    /// Whether all of the others are in it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// With the tables whose touchpoints the tables beside them name. Traits need none: of those
    /// only what stands is given.
    #[must_use]
    pub fn with_owners(self) -> Self {
        const ORDERED: [Piece; 2] = [Piece::Orders, Piece::Returns];
        const VISITED: [Piece; 3] = [Piece::Orders, Piece::Returns, Piece::Touches];
        let owners: [(Piece, &[Piece]); 8] = [
            (Piece::Visits, &[Piece::Touches]),
            (Piece::Lines, &ORDERED),
            (Piece::Discounts, &[Piece::Orders]),
            (Piece::Ties, &VISITED),
            (Piece::CartValues, &[Piece::Touches]),
            (Piece::Handling, &Piece::STEMS),
            (Piece::Costs, &Piece::STEMS),
            (Piece::Margins, &[Piece::Orders]),
        ];
        let given = owners.iter().filter(|(beside, _)| self.has(*beside));
        given.fold(self, |all, (_, owners)| all.or(Self::of(owners)))
    }
}

/// What a question missed. Clones note in the same place.
#[derive(Debug, Clone, Default)]
pub struct Missed(Arc<AtomicU32>);

impl Missed {
    #[cold]
    pub(crate) fn note(&self, piece: Piece) {
        self.0.fetch_or(1 << piece as u32, Ordering::Relaxed);
    }

    /// Everything that was missed so far, by whoever asked.
    #[must_use]
    pub fn pieces(&self) -> Pieces {
        Pieces(self.0.load(Ordering::Relaxed))
    }
}

/// What a snapshot was given, and where it is noted what was missed.
#[derive(Debug, Clone)]
pub struct Given {
    pub pieces: Pieces,
    pub missed: Missed,
}

impl Default for Given {
    fn default() -> Self {
        Self::of(Pieces::ALL)
    }
}

impl Given {
    #[must_use]
    pub fn of(pieces: Pieces) -> Self {
        Self { pieces: pieces.with_owners(), missed: Missed::default() }
    }

    #[must_use]
    pub fn is_all(&self) -> bool {
        self.pieces == Pieces::ALL
    }

    /// What is to be given before it is asked again; `None`: the answer missed nothing and stands.
    #[must_use]
    pub fn lacking(&self) -> Option<Pieces> {
        let missed = self.missed.pieces();
        match missed.is_empty() {
            true if self.pieces.is_empty() => Some(Pieces::of(&[Piece::Orders])),
            true => None,
            // What was given and is missed all the same is given with everything only.
            false if self.pieces.covers(missed) => Some(Pieces::ALL),
            false => Some(self.pieces.or(missed).with_owners()),
        }
    }

    /// Whether a table is given. That of the writes of traits only with everything: otherwise the
    /// values that stand are.
    #[must_use]
    pub fn has(&self, piece: Piece) -> bool {
        self.pieces.has(piece) && (piece != Piece::TraitWrites || self.is_all())
    }

    /// What `make` makes, if that piece is given.
    pub(crate) fn table<T: Content>(&self, make: impl FnOnce() -> T) -> Table<T> {
        match self.has(T::PIECE) {
            true => make().into(),
            false => Table { given: None, missed: Some(self.missed.clone()) },
        }
    }

    /// A table of another snapshot, shared if that piece is given.
    pub(crate) fn shared<T: Content>(&self, table: &Table<T>) -> Table<T> {
        let given = table.given.clone().filter(|_| self.has(T::PIECE));
        Table { missed: given.is_none().then(|| self.missed.clone()), given }
    }
}

/// What a [`Table`] may contain.
pub trait Content: Clone + Default + Send + Sync + 'static {
    const PIECE: Piece;

    /// What those read who were not given it.
    fn nothing() -> &'static Self;
}

/// A table that snapshots share, or one that was not given.
#[derive(Debug, Clone)]
pub struct Table<T> {
    given: Option<Arc<T>>,
    /// Where it is noted that it was not given.
    missed: Option<Missed>,
}

impl<T> Table<T> {
    /// What was given; asking so misses nothing.
    #[must_use]
    pub fn given(&self) -> Option<&Arc<T>> {
        self.given.as_ref()
    }
}

impl<T: Content> Default for Table<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T> From<T> for Table<T> {
    fn from(table: T) -> Self {
        Self { given: Some(Arc::new(table)), missed: None }
    }
}

impl<T: PartialEq> PartialEq for Table<T> {
    fn eq(&self, other: &Self) -> bool {
        self.given == other.given
    }
}

impl<T: Eq> Eq for Table<T> {}

impl<T: Content> Deref for Table<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.given.as_deref().unwrap_or_else(|| {
            self.missed.iter().for_each(|missed| missed.note(T::PIECE));
            T::nothing()
        })
    }
}

impl<T: Content> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(self.given.get_or_insert_default())
    }
}
