//! What a customer did, in order of time, with what each touchpoint says: the food of the measures.

use std::ops::Range;

use super::beside::{TABLES, TouchRow};
use super::events::Types;
use super::fact::{AnswerKind, TouchType};
use super::lens::{Lens, OrderLens};
use super::snapshot::Part;
use super::tables::{NO_SENTIMENT, Stem, Tables};

/// A touchpoint on its way through a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub at: i64,
    pub number: u32,
    pub place: u16,
    pub kind: TouchType,
    /// See [`super::fact::Said`]. The score of an answer.
    pub detail: u8,
    /// See [`super::fact::Said`]. The kind of an answer.
    pub item: u32,
    pub row: TouchRow,
    /// What an order or return is worth in the question's currency; the survey of an answer, or
    /// the sentiment of a review.
    pub amount: i64,
}

/// Reads the touchpoints of some types that were observed; orders that do not count are left out.
pub(super) struct Reader<'a> {
    pub types: Types,
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    /// Nothing from here on is read.
    pub observed: i64,
}

impl Reader<'_> {
    /// Calls `visit` for each living customer in scope of the part with any touchpoint of the
    /// types, with those by any place, in order of time.
    pub fn each(&self, part: &Part, mut visit: impl FnMut(u32, &[Mark])) {
        let tables = &part.segment.tables;
        let wanted = self.tables_wanted();
        let stems = tables.stems_of(wanted);
        let mut next = stems.map(|stem| stem.rows(0..part.customers.start).end);
        let mut marks = Vec::new();
        let all_in_scope = self.lens.has_every_customer(part);
        for customer in part.customers.clone() {
            marks.clear();
            let in_scope = all_in_scope || self.lens.has_customer(part, customer);
            for table in (0..TABLES).filter(|&table| wanted[table]) {
                let run = run(&stems[table].customer, &mut next[table], customer);
                if in_scope && !run.is_empty() {
                    let before = marks.len();
                    self.push_rows(tables, table, run, &mut marks);
                    merge(&mut marks, before);
                }
            }
            if !marks.is_empty() {
                visit(customer, &marks);
            }
        }
    }

    /// Calls `visit` for each touchpoint of nobody.
    pub fn each_of_nobody(&self, tables: &Tables, mut visit: impl FnMut(Mark)) {
        let mut marks = Vec::new();
        for (table, stem) in tables.stems_of(self.tables_wanted()).into_iter().enumerate() {
            self.push_rows(tables, table, 0..stem.len(), &mut marks);
        }
        marks.into_iter().for_each(&mut visit);
    }

    fn tables_wanted(&self) -> [bool; 4] {
        let answers = self.types.has(TouchType::SURVEY_ANSWER) || self.types.has(TouchType::REVIEW_WRITTEN);
        let (orders, returns) = (self.types.has(TouchType::ORDER), self.types.has(TouchType::RETURN));
        let orders = orders || self.types.has(TouchType::REFUSED_ORDER);
        [orders, returns, answers, self.types.has_others()]
    }

    /// Appends the rows of one table that are wanted.
    #[inline]
    fn push_rows(&self, tables: &Tables, table: usize, rows: Range<usize>, marks: &mut Vec<Mark>) {
        match table {
            0 => {
                let (orders, lens) = (&tables.orders, self.orders);
                let kind = |row| match lens.counts(orders, row) {
                    true => TouchType::ORDER,
                    false => TouchType::REFUSED_ORDER,
                };
                let says = |row: usize, kind| match kind {
                    TouchType::ORDER => (0, orders.item[row], lens.amount(orders, row)),
                    _ => (0, orders.item[row], 0),
                };
                self.push(&orders.stem, table, rows, kind, says, marks);
            }
            1 => {
                let says = |row: usize, _| (0, 0, tables.returns.amount.get(row));
                self.push(&tables.returns.stem, table, rows, |_| TouchType::RETURN, says, marks);
            }
            2 => {
                let answers = &tables.answers;
                let says = |row: usize, kind| {
                    let also = match kind {
                        TouchType::REVIEW_WRITTEN => i64::from(answers.sentiment[row]),
                        _ => i64::from(answers.survey[row]),
                    };
                    (answers.score[row], u32::from(answers.kind[row]), also)
                };
                let kind = |row: usize| AnswerKind::touch_type(answers.kind[row]);
                self.push(&answers.stem, table, rows, kind, says, marks);
            }
            _ => {
                let touches = &tables.touches;
                let says = |row: usize, kind| {
                    let amount = if kind == TouchType::REVIEW_WRITTEN { i64::from(NO_SENTIMENT) } else { 0 };
                    (touches.detail[row], touches.item[row], amount)
                };
                self.push(&touches.stem, table, rows, |row| TouchType(touches.kind[row]), says, marks);
            }
        }
    }

    /// Appends those rows of one table that are of a kind wanted and observed, with what they say.
    #[inline]
    fn push(
        &self,
        stem: &Stem,
        table: usize,
        rows: Range<usize>,
        kind: impl Fn(usize) -> TouchType,
        says: impl Fn(usize, TouchType) -> (u8, u32, i64),
        marks: &mut Vec<Mark>,
    ) {
        let columns = stem.at[rows.clone()].iter().zip(&stem.place[rows.clone()]);
        for ((&at, &place), row) in columns.zip(rows) {
            let kind = kind(row);
            if self.types.has(kind) && at < self.observed {
                let (detail, item, amount) = says(row, kind);
                let (number, row) = (stem.number[row], TouchRow::new(table, row));
                marks.push(Mark { at, number, place, kind, detail, item, row, amount });
            }
        }
    }
}

/// The rows of a customer in a column of which all before `next` are of earlier ones.
#[inline]
fn run(column: &[u32], next: &mut usize, customer: u32) -> Range<usize> {
    let from = *next;
    let rest = &column[from..];
    let length = rest.iter().position(|&other| other != customer).unwrap_or(rest.len());
    *next = from + length;
    from..from + length
}

/// Merges two runs in order of time, the second of which begins at `second`.
#[inline]
fn merge(marks: &mut [Mark], second: usize) {
    let key = |mark: &Mark| (mark.at, mark.number);
    if marks.len() > 64 {
        // It finds the two runs, and takes as long as both have touchpoints.
        return marks.sort_by_key(key);
    }
    for nth in second.max(1)..marks.len() {
        if key(&marks[nth - 1]) <= key(&marks[nth]) {
            // What follows is later still.
            break;
        }
        let mark = marks[nth];
        let mut to = nth;
        while to > 0 && key(&marks[to - 1]) > key(&mark) {
            marks[to] = marks[to - 1];
            to -= 1;
        }
        marks[to] = mark;
    }
}
