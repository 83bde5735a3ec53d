//! What stands beside touchpoints, in tables of its own: each row names its touchpoint's row, so
//! that time, place and customer are kept once.

use std::ops::Range;

use rayon::prelude::*;

use crate::facts::column::Pick;
use crate::facts::stem::Stem;

/// The tables of touchpoints, each of which stands in one of them.
pub const TABLES: usize = 8;
/// The places of each among them.
pub const ORDERS: usize = 0;
pub const RETURNS: usize = 1;
pub const ANSWERS: usize = 2;
/// Everything that stands in none of the others.
pub const TOUCHES: usize = 3;
pub const EXPOSURES: usize = 4;
pub const OFFERS: usize = 5;
pub const TRIALS: usize = 6;
pub const CONTACTS: usize = 7;

/// A touchpoint's row: the number of its table in the upper three bits, the row in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TouchRow(u32);

impl TouchRow {
    const ROW_BITS: u32 = 29;
    /// Tables have fewer rows than that: tenants' touchpoints are numbered below it.
    pub const LIMIT: u32 = 1 << Self::ROW_BITS;

    #[inline]
    #[must_use]
    pub const fn new(table: usize, row: usize) -> Self {
        Self((table as u32) << Self::ROW_BITS | row as u32)
    }

    /// Its place in [`crate::facts::tables::Tables::stems`].
    #[inline]
    #[must_use]
    pub fn table(self) -> usize {
        (self.0 >> Self::ROW_BITS) as usize
    }

    #[inline]
    #[must_use]
    pub fn row(self) -> usize {
        (self.0 & (Self::LIMIT - 1)) as usize
    }
}

/// The rows beside some consecutive rows of a table of touchpoints. `owners` is in order.
#[must_use]
pub fn rows_beside(owners: &[TouchRow], table: usize, rows: Range<usize>) -> Range<usize> {
    if rows.is_empty() {
        return 0..0;
    }
    let from = owners.partition_point(|&owner| owner < TouchRow::new(table, rows.start));
    let until = TouchRow::new(table, rows.end - 1);
    from..from + rows_until(&owners[from..], |owner| owner <= until)
}

/// How many rows a test holds for, where it holds for the first ones: soon found when they are few.
pub(crate) fn rows_until<T: Copy>(column: &[T], holds: impl Fn(T) -> bool) -> usize {
    let mut end = 1;
    while end <= column.len() && holds(column[end - 1]) {
        end *= 2;
    }
    let (from, until) = (end / 2, end.min(column.len()));
    from + column[from..until].partition_point(|&row| holds(row))
}

/// Where the rows of a table of touchpoints went.
enum Moved {
    /// By old row: the new one plus 1, or 0. For tables of which many rows are taken.
    All(Vec<u32>),
    /// Old and new rows, in order of the old. For ordered tables of which few are.
    Some(Vec<(u32, u32)>),
}

/// Where the touchpoints of several sets went, by set and table.
pub(crate) struct Moves(Vec<[Moved; TABLES]>);

impl Moves {
    /// `parts` are the stems of each set, `picks` the rows taken, by table.
    pub fn of(parts: &[[&Stem; TABLES]], picks: [&[Pick]; TABLES]) -> Self {
        let mut by_part: Vec<[Vec<(u32, u32)>; TABLES]> = parts.iter().map(|_| Default::default()).collect();
        let mut counts = vec![[0_usize; TABLES]; parts.len()];
        for (table, picks) in picks.iter().enumerate() {
            picks.iter().for_each(|pick| counts[(pick >> 32) as usize][table] += 1);
        }
        let few = |part: usize, table: usize| {
            let stem = parts[part][table];
            !stem.customer.is_empty() && counts[part][table] < stem.len() / 16
        };
        let mut all: Vec<[Vec<u32>; TABLES]> = (0..parts.len())
            .map(|part| {
                std::array::from_fn(|table| match few(part, table) || counts[part][table] == 0 {
                    true => Vec::new(),
                    false => vec![0; parts[part][table].len()],
                })
            })
            .collect();
        for (table, picks) in picks.iter().enumerate() {
            for (&pick, new) in picks.iter().zip(0_u32..) {
                let (part, old) = ((pick >> 32) as usize, pick as u32);
                match all[part][table].get_mut(old as usize) {
                    Some(to) => *to = new + 1,
                    None => by_part[part][table].push((old, new)),
                }
            }
        }
        let moved = all.into_iter().zip(by_part).map(|(all, some)| {
            let mut some = some.into_iter();
            all.map(|all| {
                let mut some = some.next().unwrap_or_default();
                some.sort_unstable();
                if all.is_empty() { Moved::Some(some) } else { Moved::All(all) }
            })
        });
        Self(moved.collect())
    }

    /// The rows that stand beside what was taken, with their new owners, in their order.
    pub fn beside(&self, parts: &[&[TouchRow]]) -> (Vec<TouchRow>, Vec<Pick>) {
        let mut found: Vec<(TouchRow, Pick)> = Vec::new();
        for ((part, owners), moved) in (0_u64..).zip(parts).zip(&self.0) {
            let is_whole = moved.iter().any(|moved| matches!(moved, Moved::All(_)));
            let pick = |row: usize| part << 32 | row as u64;
            if is_whole {
                let all = owners.par_iter().enumerate().with_min_len(1 << 14);
                found.par_extend(
                    all.filter_map(|(row, owner)| Some((moved[owner.table()].find(*owner)?, pick(row)))),
                );
                continue;
            }
            for (table, moved) in moved.iter().enumerate() {
                let Moved::Some(moved) = moved else { continue };
                let mut begin = 0;
                for &(old, new) in moved {
                    let old = TouchRow::new(table, old as usize);
                    begin += rows_until(&owners[begin..], |owner| owner < old);
                    let its = rows_until(&owners[begin..], |owner| owner == old);
                    let owner = TouchRow::new(table, new as usize);
                    found.extend((begin..begin + its).map(|row| (owner, pick(row))));
                    begin += its;
                }
            }
        }
        if !found.is_sorted() {
            found.par_sort_unstable();
        }
        found.into_par_iter().unzip()
    }
}

impl Moved {
    fn find(&self, owner: TouchRow) -> Option<TouchRow> {
        let old = owner.row();
        let new = match self {
            Self::All(rows) => rows.get(old)?.checked_sub(1)?,
            Self::Some(rows) => rows[rows.binary_search_by_key(&(old as u32), |&(old, _)| old).ok()?].1,
        };
        Some(TouchRow::new(owner.table(), new as usize))
    }
}
