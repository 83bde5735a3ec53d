//! What a customer did, in order of time, with what each touchpoint says: the food of the measures.

use std::ops::Range;

use super::beside::{TABLES, TouchRow, rows_until};
use super::events::Types;
use super::fact::{AnswerKind, TouchType};
use super::lens::{Lens, OrderLens};
use super::snapshot::Part;
use super::tables::{Stem, Tables};

/// A touchpoint on its way through a measure. What more it says is found by its row: see
/// [`super::measure::Seen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub at: i64,
    pub number: u32,
    pub row: TouchRow,
    /// See [`super::fact::Said`]. The kind of an answer.
    pub item: u32,
    pub place: u16,
    pub kind: TouchType,
    /// See [`super::fact::Said`]. The score of an answer.
    pub detail: u8,
}

impl Mark {
    /// Whether it comes after another one in the order of time.
    #[inline]
    fn is_after(&self, other: &Self) -> bool {
        // Without a branch: what comes first cannot be foreseen.
        (self.at > other.at) | ((self.at == other.at) & (self.number > other.number))
    }
}

/// Reads the touchpoints of some types that were observed; orders that do not count are left out.
pub(super) struct Reader<'a> {
    pub types: Types,
    /// Customers who can have none of these are passed over.
    pub anchors: Types,
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    /// Nothing from here on is read.
    pub observed: i64,
}

/// Customers that are read at once: few enough for their touchpoints to stay in the nearest caches.
const BLOCK: u32 = 512;

/// The touchpoints of a block of customers in one table.
struct Run {
    table: usize,
    /// Where the rows of the next block begin.
    next: usize,
    marks: Marks,
    /// Where the marks of each customer of the block begin, and the last one's end.
    bounds: Vec<usize>,
    /// Whether anchors stand in the table.
    anchored: bool,
}

/// The wanted rows of a stretch of a table.
#[derive(Default)]
struct Marks {
    rows: Vec<u32>,
    marks: Vec<Mark>,
}

impl Run {
    /// The marks of a customer of the block.
    #[inline]
    fn of(&self, nth: usize) -> &[Mark] {
        &self.marks.marks[self.bounds[nth]..self.bounds[nth + 1]]
    }
}

impl Reader<'_> {
    /// Calls `visit` for each living customer in scope of the part who may have an anchor, with
    /// the touchpoints of the types by any place, in order of time; there is at least one.
    pub fn each(&self, part: &Part, mut visit: impl FnMut(u32, &[Mark])) {
        let tables = &part.segment.tables;
        let mut runs: Vec<Run> = self.runs(tables, part.customers.start).collect();
        let mut merged = Vec::new();
        let all_in_scope = self.lens.has_every_customer(part);
        for first in part.customers.clone().step_by(BLOCK as usize) {
            let customers = first..part.customers.end.min(first + BLOCK);
            runs.iter_mut().for_each(|run| self.read(tables, customers.clone(), run));
            for customer in customers {
                let nth = (customer - first) as usize;
                if runs.iter().all(|run| !run.anchored || run.of(nth).is_empty()) {
                    continue;
                }
                merged.clear();
                let mut only: &[Mark] = &[];
                for run in &runs {
                    let its = run.of(nth);
                    if only.is_empty() {
                        only = its;
                    } else if !its.is_empty() {
                        if merged.is_empty() {
                            merged.extend_from_slice(only);
                        }
                        merge(&mut merged, its);
                    }
                }
                let marks = if merged.is_empty() { only } else { &merged };
                if all_in_scope || self.lens.has_customer(part, customer) {
                    visit(customer, marks);
                }
            }
        }
    }

    /// Calls `visit` for each touchpoint of nobody.
    pub fn each_of_nobody(&self, tables: &Tables, mut visit: impl FnMut(Mark)) {
        let mut found = Marks::default();
        for run in self.runs(tables, 0) {
            self.find(tables, run.table, 0..tables.stem(run.table).len(), &mut found);
            found.marks.iter().for_each(|&mark| visit(mark));
        }
    }

    /// The tables that hold what is wanted, from a customer on.
    fn runs<'t>(&self, tables: &'t Tables, customer: u32) -> impl Iterator<Item = Run> + use<'t> {
        let (wanted, anchored) = (tables_of(self.types), tables_of(self.anchors));
        let run = move |table: usize| {
            let next = tables.stem(table).rows(0..customer).end;
            Run { table, next, marks: Marks::default(), bounds: Vec::new(), anchored: anchored[table] }
        };
        // That of most rows comes first: where the others' belong is soon found from its end.
        (0..TABLES).rev().filter(move |&table| wanted[table]).map(run)
    }

    /// Reads the rows of a block of customers.
    fn read(&self, tables: &Tables, customers: Range<u32>, run: &mut Run) {
        let column = &tables.stem(run.table).customer;
        let count = rows_until(&column[run.next..], |customer| customer < customers.end);
        let rows = run.next..run.next + count;
        run.next = rows.end;
        self.find(tables, run.table, rows, &mut run.marks);
        run.bounds.clear();
        run.bounds.resize(customers.len() + 1, 0);
        for (&row, end) in run.marks.rows.iter().zip(1..) {
            run.bounds[(column[row as usize] - customers.start) as usize + 1] = end;
        }
        // Those without any end where the one before them does.
        let mut last = 0;
        for bound in &mut run.bounds {
            last = last.max(*bound);
            *bound = last;
        }
    }

    /// Finds what is wanted in some rows of a table.
    #[inline]
    fn find(&self, tables: &Tables, table: usize, rows: Range<usize>, found: &mut Marks) {
        match table {
            0 => {
                let (orders, lens) = (&tables.orders, self.orders);
                let kind = |row| match lens.counts(orders, row) {
                    true => TouchType::ORDER,
                    false => TouchType::REFUSED_ORDER,
                };
                self.find_in(&orders.stem, table, rows, kind, |row| (0, orders.item[row]), found);
            }
            1 => self.find_in(&tables.returns.stem, table, rows, |_| TouchType::RETURN, |_| (0, 0), found),
            2 => {
                let answers = &tables.answers;
                let kind = |row: usize| AnswerKind::touch_type(answers.kind[row]);
                let says = |row: usize| (answers.score[row], u32::from(answers.kind[row]));
                self.find_in(&answers.stem, table, rows, kind, says, found);
            }
            _ => {
                let touches = &tables.touches;
                let kind = |row: usize| TouchType(touches.kind[row]);
                let says = |row: usize| (touches.detail[row], touches.item[row]);
                self.find_in(&touches.stem, table, rows, kind, says, found);
            }
        }
    }

    /// The same in a table of which kind, detail and item are known by row.
    #[inline]
    fn find_in(
        &self,
        stem: &Stem,
        table: usize,
        rows: Range<usize>,
        kind: impl Fn(usize) -> TouchType,
        says: impl Fn(usize) -> (u8, u32),
        found: &mut Marks,
    ) {
        let (types, observed) = (self.types, self.observed);
        // Every row is written, and the next one over it unless it is wanted: branches that cannot
        // be foreseen would take longer.
        found.rows.resize(rows.len() + 1, 0);
        let mut count = 0;
        for (row, &at) in rows.clone().zip(&stem.at[rows]) {
            found.rows[count] = row as u32;
            count += usize::from(types.has(kind(row)) & (at < observed));
        }
        found.rows.truncate(count);
        found.marks.clear();
        found.marks.extend(found.rows.iter().map(|&row| {
            let (row, touch) = (row as usize, TouchRow::new(table, row as usize));
            let (at, number, place) = (stem.at[row], stem.number[row], stem.place[row]);
            let (detail, item) = says(row);
            Mark { at, number, row: touch, item, place, kind: kind(row), detail }
        }));
    }
}

/// Which tables hold touchpoints of some types.
fn tables_of(types: Types) -> [bool; TABLES] {
    let orders = types.has(TouchType::ORDER) || types.has(TouchType::REFUSED_ORDER);
    let answers = types.has(TouchType::SURVEY_ANSWER) || types.has(TouchType::REVIEW_WRITTEN);
    [orders, types.has(TouchType::RETURN), answers, types.has_others()]
}

/// Merges a second run in order of time into the first.
#[inline]
fn merge(marks: &mut Vec<Mark>, second: &[Mark]) {
    let (mut first, mut left) = (marks.len(), second.len());
    marks.extend_from_slice(second);
    // From the end: what has its place already need not be moved.
    while left > 0 {
        let later = first > 0 && marks[first - 1].is_after(&second[left - 1]);
        let next = if later { &marks[first - 1] } else { &second[left - 1] };
        marks[first + left - 1] = *next;
        first -= usize::from(later);
        left -= usize::from(!later);
    }
}
