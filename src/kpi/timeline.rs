//! What a customer did, in order of time, with what each touchpoint says: the food of the measures.

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
        let wanted = self.tables_wanted();
        let mut next = stems.map(|stem| stem.rows(0..part.customers.start).end);
        let mut marks = Vec::new();
        for customer in part.customers.clone() {
            marks.clear();
            let in_scope = self.lens.has_customer(part, customer);
            for table in (0..stems.len()).filter(|&table| wanted[table]) {
                let column = &stems[table].customer;
                let from = next[table];
                let run = column[from..].iter().take_while(|&&c| c == customer).count();
                next[table] = from + run;
                if in_scope {
                    (from..from + run).for_each(|row| self.push(tables, table, row, &mut marks));
                }
            }
            if !marks.is_empty() {
                // Each table's are in order already, which the sort makes use of.
                marks.sort_by_key(|mark| (mark.at, mark.number));
                visit(customer, &marks);
            }
        }
    }

    /// Calls `visit` for each touchpoint of nobody.
    pub fn each_of_nobody(&self, tables: &Tables, mut visit: impl FnMut(Mark)) {
        let mut marks = Vec::new();
        for (table, stem) in tables.stems().into_iter().enumerate() {
            if self.tables_wanted()[table] {
                (0..stem.len()).for_each(|row| self.push(tables, table, row, &mut marks));
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

    fn push(&self, tables: &Tables, table: usize, row: usize, marks: &mut Vec<Mark>) {
        let stem = tables.stems()[table];
        let at = stem.at[row];
        if at >= self.observed {
            return;
        }
        let (kind, detail, item, amount) = match table {
            0 if !self.orders.counts(&tables.orders, row) => {
                (TouchType::REFUSED_ORDER, 0, tables.orders.item[row], 0)
            }
            0 => (TouchType::ORDER, 0, tables.orders.item[row], self.orders.amount(&tables.orders, row)),
            1 => (TouchType::RETURN, 0, 0, tables.returns.amount[row]),
            2 => {
                let answers = &tables.answers;
                let kind = answers.kind[row];
                let also = match AnswerKind::touch_type(kind) {
                    TouchType::REVIEW_WRITTEN => i64::from(answers.sentiment[row]),
                    _ => i64::from(answers.survey[row]),
                };
                (AnswerKind::touch_type(kind), answers.score[row], u32::from(kind), also)
            }
            _ => {
                let touches = &tables.touches;
                let kind = TouchType(touches.kind[row]);
                let is_review = kind == TouchType::REVIEW_WRITTEN;
                let amount = if is_review { i64::from(NO_SENTIMENT) } else { 0 };
                (kind, touches.detail[row], touches.item[row], amount)
            }
        };
        if self.types.has(kind) {
            let (number, place, row) = (stem.number[row], stem.place[row], TouchRow::new(table, row));
            marks.push(Mark { at, number, place, kind, detail, item, row, amount });
        }
    }
}
