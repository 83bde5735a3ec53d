//! What a customer did, in order of time, with what each touchpoint says: the food of the measures.

use std::ops::Range;

use super::beside::TouchRow;
use super::events::Types;
use super::fact::{AnswerKind, TouchType};
use super::lens::{Lens, OrderLens};
use super::snapshot::Part;
use super::tables::{NO_SENTIMENT, Tables};

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
        let stems = tables.stems();
        let wanted: Vec<usize> = (0..stems.len()).filter(|&table| self.tables_wanted()[table]).collect();
        let mut next = stems.map(|stem| stem.rows(0..part.customers.start).end);
        let mut marks = Vec::new();
        for customer in part.customers.clone() {
            marks.clear();
            let in_scope = self.lens.has_customer(part, customer);
            for &table in &wanted {
                let column = &stems[table].customer;
                let from = next[table];
                let mut until = from;
                while column.get(until) == Some(&customer) {
                    until += 1;
                }
                next[table] = until;
                if in_scope {
                    let before = marks.len();
                    self.push_rows(tables, table, from..until, &mut marks);
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
        for (table, stem) in tables.stems().into_iter().enumerate() {
            if self.tables_wanted()[table] {
                self.push_rows(tables, table, 0..stem.len(), &mut marks);
            }
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
            0 => rows.for_each(|row| self.push_order(tables, row, marks)),
            1 => rows.for_each(|row| {
                self.push(tables, (1, row), (TouchType::RETURN, 0, 0, tables.returns.amount[row]), marks);
            }),
            2 => rows.for_each(|row| self.push_answer(tables, row, marks)),
            _ => {
                let touches = &tables.touches;
                for row in rows {
                    let kind = TouchType(touches.kind[row]);
                    if self.types.has(kind) {
                        let is_review = kind == TouchType::REVIEW_WRITTEN;
                        let amount = if is_review { i64::from(NO_SENTIMENT) } else { 0 };
                        let says = (kind, touches.detail[row], touches.item[row], amount);
                        self.push(tables, (3, row), says, marks);
                    }
                }
            }
        }
    }

    #[inline]
    fn push_order(&self, tables: &Tables, row: usize, marks: &mut Vec<Mark>) {
        let orders = &tables.orders;
        let says = match self.orders.counts(orders, row) {
            true => (TouchType::ORDER, 0, orders.item[row], self.orders.amount(orders, row)),
            false => (TouchType::REFUSED_ORDER, 0, orders.item[row], 0),
        };
        self.push(tables, (0, row), says, marks);
    }

    fn push_answer(&self, tables: &Tables, row: usize, marks: &mut Vec<Mark>) {
        let answers = &tables.answers;
        let kind = answers.kind[row];
        let also = match AnswerKind::touch_type(kind) {
            TouchType::REVIEW_WRITTEN => i64::from(answers.sentiment[row]),
            _ => i64::from(answers.survey[row]),
        };
        let says = (AnswerKind::touch_type(kind), answers.score[row], u32::from(kind), also);
        self.push(tables, (2, row), says, marks);
    }

    #[inline]
    fn push(
        &self,
        tables: &Tables,
        (table, row): (usize, usize),
        (kind, detail, item, amount): (TouchType, u8, u32, i64),
        marks: &mut Vec<Mark>,
    ) {
        let stem = tables.stems()[table];
        let at = stem.at[row];
        if at < self.observed && self.types.has(kind) {
            let (number, place, row) = (stem.number[row], stem.place[row], TouchRow::new(table, row));
            marks.push(Mark { at, number, place, kind, detail, item, row, amount });
        }
    }
}

/// Merges two runs in order of time, the second of which begins at `second`.
#[inline]
fn merge(marks: &mut [Mark], second: usize) {
    let key = |mark: &Mark| (mark.at, mark.number);
    if marks.len() > 64 {
        // It finds the two runs, and takes as long as both have touchpoints.
        return marks.sort_by_key(key);
    }
    for nth in second..marks.len() {
        let mark = marks[nth];
        let mut to = nth;
        while to > 0 && key(&marks[to - 1]) > key(&mark) {
            marks[to] = marks[to - 1];
            to -= 1;
        }
        if to == nth {
            // What follows is later still.
            break;
        }
        marks[to] = mark;
    }
}
