//! The touchpoints of a block of customers on their way out of the tables, put together in order of
//! time.

use std::mem;
use std::ops::Range;

use crate::engine::mark::Mark;
use crate::facts::side_tables::rows_until;
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;

/// Customers that are read at once: few enough for their touchpoints to stay in a near cache, many
/// enough that where the next ones begin in each table is seldom looked for.
pub(crate) const BLOCK: u32 = 2048;

/// Which customers of a block have an anchor.
pub(crate) type Anchored = [bool; BLOCK as usize];

/// The touchpoints of a block of customers in one table.
pub(crate) struct Run {
    pub table: usize,
    /// Where the rows of the next block begin.
    pub next: usize,
    /// The wanted rows.
    pub rows: Vec<u32>,
    /// The customer of each, from the block's first one on.
    pub whose: Vec<u16>,
    /// Whether anchors stand in the table.
    pub anchored: bool,
    /// Whether nothing else that is wanted does, so that who has a row has an anchor.
    pub only_anchors: bool,
    /// Whether all of its rows are wanted.
    pub is_whole: bool,
}

impl Run {
    /// The rows of the next customers.
    pub fn next_rows(&mut self, stem: &Stem, customers: &Range<u32>) -> Range<usize> {
        let from = self.next;
        self.next += rows_until(&stem.customer[from..], |customer| customer < customers.end);
        from..self.next
    }
}

/// The touchpoints of a block of customers in all tables, customer by customer.
#[derive(Default)]
pub(crate) struct Block {
    pub marks: Vec<Mark>,
    /// Where those of each customer begin, and the last one's end.
    pub bounds: Vec<u32>,
    /// Whether those of a customer are one table's after the other's, rather than in order of time.
    pub is_mixed: bool,
}

impl Block {
    /// Makes room for what the runs have of so many customers: where the marks of each begin is
    /// then at the place of the next one, and is to be passed on with each mark.
    pub fn make_room(&mut self, runs: &[Run], customers: usize) {
        self.bounds.clear();
        self.bounds.resize(customers + 1, 0);
        for &nth in runs.iter().flat_map(|run| &run.whose) {
            self.bounds[usize::from(nth) + 1] += 1;
        }
        let mut count = 0;
        for bound in &mut self.bounds {
            count += mem::replace(bound, count);
        }
        self.marks.resize(count as usize, Mark::NONE);
    }

    /// The marks of a customer, in order of time.
    #[inline]
    pub fn of(&mut self, nth: usize, tables: &Tables) -> &[Mark] {
        let marks = &mut self.marks[self.bounds[nth] as usize..self.bounds[nth + 1] as usize];
        if self.is_mixed {
            sort(marks, tables);
        }
        marks
    }
}

/// Sorts marks by time, which stand in order of time table by table: mostly a few.
#[inline]
fn sort(marks: &mut [Mark], tables: &Tables) {
    /// More are quicker merged than moved one by one.
    const FEW: usize = 32;
    if marks.len() > FEW {
        return marks.sort_by(|a, b| a.is_after(b, tables).cmp(&b.is_after(a, tables)));
    }
    for nth in 1..marks.len() {
        let mark = marks[nth];
        let mut at = nth;
        while at > 0 && marks[at - 1].is_after(&mark, tables) {
            marks[at] = marks[at - 1];
            at -= 1;
        }
        marks[at] = mark;
    }
}

#[cfg(test)]
mod tests {
    use rand::prelude::*;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::facts::side_tables::{ORDERS, RETURNS, TouchRow};

    #[test]
    fn marks_of_several_tables_are_put_in_order_however_many() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        for count in [0, 1, 2, 7, 32, 33, 500] {
            let mut tables = Tables::default();
            tables.orders.stem.number = (0..count).collect();
            tables.returns.stem.number = (0..count).map(|row| count + row).collect();
            // Many come at once.
            let mut run = |table: usize| {
                let mut ats: Vec<i64> = (0..count).map(|_| rng.random_range(0..20)).collect();
                ats.sort_unstable();
                let mark = |(row, at)| Mark { at, row: TouchRow::new(table, row), ..Mark::NONE };
                ats.into_iter().enumerate().map(mark).collect::<Vec<_>>()
            };
            let mut marks = [run(ORDERS), run(RETURNS)].concat();
            let mut expected = marks.clone();
            expected.sort_by_key(|mark| (mark.at, tables.number(mark.row)));
            sort(&mut marks, &tables);
            assert_eq!(marks, expected);
        }
    }
}
