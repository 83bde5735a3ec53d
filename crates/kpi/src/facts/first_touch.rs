//! What is known of each customer as a whole: how they were met first, and which of the values that
//! were said of them stand.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::facts::dictionary::UNSET;
use crate::facts::projection::{Content, Piece};
use crate::facts::side_tables::{EXPOSURES, RETURNS, TABLES};
use crate::facts::stem::Stem;
use crate::facts::tables::{IF_ABSENT, SURVIVES, Tables};
use crate::facts::trust::Trust;
use customer360_model::survivorship::{Claim, survivor};

/// The first touchpoint of each customer, by the segment's number. 14 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acquired {
    pub at: Vec<i64>,
    pub number: Vec<u32>,
    pub place: Vec<u16>,
    /// Whether it is something that they did: the first such, if there is any.
    pub made: Vec<bool>,
}

impl Content for Acquired {
    const PIECE: Piece = Piece::Acquired;

    fn nothing() -> &'static Self {
        static NOTHING: Acquired =
            Acquired { at: Vec::new(), number: Vec::new(), place: Vec::new(), made: Vec::new() };
        &NOTHING
    }
}

/// Whether it was done to them, time, number and place of a touchpoint; what comes first is less.
pub(crate) type First = (bool, i64, u32, u16);

/// Of a customer without a touchpoint.
pub(crate) const NEVER: First = (true, i64::MAX, u32::MAX, 0);

impl Acquired {
    pub(crate) fn of(firsts: &[First]) -> Self {
        Self {
            at: firsts.iter().map(|first| first.1).collect(),
            number: firsts.iter().map(|first| first.2).collect(),
            place: firsts.iter().map(|first| first.3).collect(),
            made: firsts.iter().map(|first| !first.0).collect(),
        }
    }
}

/// The first known touchpoint of each customer of some clustered tables.
pub(crate) fn firsts(
    customers: usize,
    tables: &Tables,
    knows: impl Fn(u32, i64) -> bool + Sync,
) -> Vec<First> {
    const STRETCH: usize = 1 << 14;
    let mut firsts = vec![NEVER; customers];
    let stems: [&Stem; TABLES] = tables.stems();
    firsts.par_chunks_mut(STRETCH).enumerate().for_each(|(nth, firsts)| {
        let from = nth * STRETCH;
        // Whoever came with a return has a touch of it among the others.
        for (table, stem) in stems.into_iter().enumerate().filter(|(table, _)| *table != RETURNS) {
            let rows = stem.rows(from as u32..(from + firsts.len()) as u32);
            let mut previous = u32::MAX;
            for row in rows {
                let customer = stem.customer[row];
                // Rows are in order of time: the first known one of a customer is their first, unless it
                // was done to them.
                if customer != previous && knows(stem.number[row], stem.at[row]) {
                    let is_done_to = table == EXPOSURES && !tables.is_made(table, row);
                    previous = if is_done_to { previous } else { customer };
                    let first = &mut firsts[customer as usize - from];
                    *first = (*first).min((is_done_to, stem.at[row], stem.number[row], stem.place[row]));
                }
            }
        }
    });
    firsts
}

/// A write of a trait on its way to standing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write {
    customer: u32,
    row: usize,
    name: u16,
    value: u64,
    claim: Claim<(i64, u32, u32, usize)>,
}

/// The writes of traits beside those touchpoints that `customer` gives a customer.
pub(crate) fn writes(
    tables: &Tables,
    trust: &Trust,
    customer: impl Fn(&Stem, usize) -> Option<u32> + Sync,
) -> Vec<Write> {
    let (stems, traits) = (tables.given_stems(), &*tables.traits);
    let write = |row: usize| {
        let (stem, touch) = (stems[traits.owner[row].table()], traits.owner[row].row());
        let customer = customer(stem, touch)?;
        let (rank, source) = trust.of_place(stem.place[touch]);
        let position = (stem.at[touch], source, stem.number[touch], row);
        let claim = Claim {
            if_absent: traits.flags[row] & IF_ABSENT != 0,
            unset: traits.value[row] == UNSET,
            rank,
            position,
        };
        Some(Write { customer, row, name: traits.name[row], value: traits.value[row], claim })
    };
    (0..traits.owner.len()).into_par_iter().with_min_len(1 << 12).filter_map(write).collect()
}

/// Of each customer's writes of one name, the one that stands, if one does.
fn survivors(mut writes: Vec<Write>) -> Vec<Write> {
    writes.par_sort_unstable_by_key(|write| (write.customer, write.name));
    let same = |one: &Write, other: &Write| (one.customer, one.name) == (other.customer, other.name);
    let best = |writes: &[Write]| {
        if writes.iter().any(|write| write.claim.unset) {
            return after_unset(writes);
        }
        let rest = writes.iter().skip(1);
        Some(rest.fold(writes[0], |best, write| if write.claim.beats(&best.claim) { *write } else { best }))
    };
    writes.chunk_by(same).filter_map(best).collect()
}

/// The write that stands where some were taken back. Of those that only fill gaps the earliest and the
/// last of each source count, as in summaries, which keep no more.
fn after_unset(writes: &[Write]) -> Option<Write> {
    let mut fills: FxHashMap<u32, (Write, Write)> = FxHashMap::default();
    let mut candidates: Vec<Write> = Vec::new();
    for write in writes {
        if !write.claim.if_absent {
            candidates.push(*write);
            continue;
        }
        let (first, last) = fills.entry(write.claim.position.1).or_insert((*write, *write));
        if write.claim.position < first.claim.position {
            *first = *write;
        }
        if write.claim.position > last.claim.position {
            *last = *write;
        }
    }
    candidates.extend(fills.into_values().flat_map(|(first, last)| [first, last]));
    survivor(candidates.iter().map(|write| write.claim)).map(|standing| candidates[standing])
}

/// Marks, of each customer's writes of one name, the one that stands.
pub(crate) fn mark_survivors(tables: &mut Tables, trust: &Trust) {
    if tables.traits.owner.is_empty() {
        return;
    }
    // Nobody says anything of whoever claims their order.
    let said = |stem: &Stem, row: usize| (stem.observation[row] != 0).then(|| stem.customer[row]);
    let survivors = survivors(writes(tables, trust, said));
    let flags = &mut tables.traits.flags;
    flags.iter_mut().for_each(|flags| *flags &= IF_ABSENT);
    survivors.into_iter().for_each(|write| flags[write.row] |= SURVIVES);
}

/// The values that stand, where the writes themselves are not at hand. 16 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The segment's number of the customer, the trait's name, and the hash of the value's text.
    values: Vec<(u32, u16, u64)>,
}

impl Standing {
    pub(crate) fn of(writes: Vec<Write>) -> Self {
        let survivors = survivors(writes);
        Self { values: survivors.iter().map(|write| (write.customer, write.name, write.value)).collect() }
    }

    /// Customers and the values that stand for one trait.
    pub(crate) fn named(&self, name: u16) -> impl Iterator<Item = (u32, u64)> + '_ {
        let its = self.values.iter().filter(move |(_, of, _)| *of == name);
        its.map(|(customer, _, value)| (*customer, *value))
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.len() * size_of::<(u32, u16, u64)>()
    }
}
