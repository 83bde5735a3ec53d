//! What a customer did, in order of time, with what each touchpoint says: the food of the measures.

use std::hint;
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
    pub row: TouchRow,
    pub place: u16,
    pub kind: TouchType,
    /// See [`super::fact::Said`]. The score of an answer.
    pub detail: u8,
}

impl Mark {
    /// Whether it comes after another one in the order of time.
    #[inline]
    fn is_after(&self, other: &Self, tables: &Tables) -> bool {
        // Which comes first cannot be foreseen, but that hardly ever two come at once.
        match self.at == other.at {
            true => tables.number(self.row) > tables.number(other.row),
            false => self.at > other.at,
        }
    }
}

/// Reads the touchpoints of some types that were observed; orders that do not count are left out.
pub(super) struct Reader<'a> {
    pub types: Types,
    /// Customers who have none of these are passed over.
    pub anchors: Types,
    /// Whether customers are visited who have no touchpoint of the types, too.
    pub everybody: bool,
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    /// Nothing from here on is read.
    pub observed: i64,
    /// By place: whether anchors there count and visits are read; `None`: all are.
    pub stores: Option<&'a [bool]>,
    /// Whether it will be asked what touchpoints are about.
    pub about: bool,
}

/// Customers that are read at once: few enough for their touchpoints to stay in a near cache, many
/// enough that where the next ones begin in each table is seldom looked for.
const BLOCK: u32 = 2048;

/// Which customers of a block have an anchor.
type Anchored = [bool; BLOCK as usize];

/// The touchpoints of a block of customers in one table.
struct Run {
    table: usize,
    /// Where the rows of the next block begin.
    next: usize,
    /// The wanted rows.
    rows: Vec<u32>,
    marks: Vec<Mark>,
    /// Where the marks of each customer of the block begin, and the last one's end.
    bounds: Vec<usize>,
    /// Whether anchors stand in the table.
    anchored: bool,
    /// Whether nothing else that is wanted does, so that who has a mark has an anchor.
    only_anchors: bool,
}

impl Run {
    /// The marks of a customer of the block.
    #[inline]
    fn of(&self, nth: usize) -> &[Mark] {
        &self.marks[self.bounds[nth]..self.bounds[nth + 1]]
    }

    /// Finds out where the marks of each customer begin.
    fn bound(&mut self, stem: &Stem, customers: &Range<u32>) {
        self.bounds.clear();
        self.bounds.resize(customers.len() + 1, 0);
        for (&row, end) in self.rows.iter().zip(1..) {
            self.bounds[(stem.customer[row as usize] - customers.start) as usize + 1] = end;
        }
        // Those without any end where the one before them does.
        let mut last = 0;
        for bound in &mut self.bounds {
            last = last.max(*bound);
            *bound = last;
        }
    }
}

impl<'a> Reader<'a> {
    /// Of customers who have any of the types.
    pub fn of(types: Types, lens: &'a Lens<'a>, orders: &'a OrderLens, observed: i64) -> Self {
        Self { types, anchors: types, everybody: false, lens, orders, observed, stores: None, about: false }
    }

    /// Calls `visit` for each living customer in scope of the part who has an anchor, with the
    /// touchpoints of the types by any place, in order of time.
    pub fn each(&self, part: &Part, mut visit: impl FnMut(u32, &[Mark])) {
        let tables = &part.segment.tables;
        let mut runs: Vec<Run> = self.runs(tables, part.customers.start).collect();
        let (mut visited, mut merged) = (Vec::new(), Vec::new());
        let all_in_scope = self.lens.has_every_customer(part);
        for first in part.customers.clone().step_by(BLOCK as usize) {
            let customers = first..part.customers.end.min(first + BLOCK);
            let mut anchored = [self.everybody; BLOCK as usize];
            for run in runs.iter_mut().filter(|run| run.anchored) {
                self.read(tables, &customers, run, None);
                self.anchor(tables, first, run, &mut anchored);
            }
            for run in runs.iter_mut().filter(|run| !run.anchored) {
                self.read(tables, &customers, run, Some(&anchored));
            }
            visited.clear();
            visited.extend(0..customers.len() as u32);
            keep(&mut visited, |nth| anchored[nth]);
            for &nth in &visited {
                if all_in_scope || self.lens.has_customer(part, first + nth) {
                    visit(first + nth, together(tables, &runs, nth as usize, &mut merged));
                }
            }
        }
    }

    /// Calls `visit` with customer, time and place of each touchpoint of the living customers in scope
    /// of the part, in order of customers, where all types stand in one table; `None` where not.
    pub fn each_row(&self, part: &Part, mut visit: impl FnMut(u32, i64, u16)) -> Option<()> {
        let tables = &part.segment.tables;
        let mut runs = self.runs(tables, part.customers.start);
        let (Some(mut run), None) = (runs.next(), runs.next()) else { return None };
        let stem = tables.stem(run.table);
        let all_in_scope = self.lens.has_every_customer(part);
        for first in part.customers.clone().step_by(BLOCK as usize) {
            self.find(tables, &(first..part.customers.end.min(first + BLOCK)), &mut run);
            for &row in &run.rows {
                let row = row as usize;
                let (customer, at, place) = (stem.customer[row], stem.at[row], stem.place[row]);
                if at < self.observed && (all_in_scope || self.lens.has_customer(part, customer)) {
                    visit(customer, at, place);
                }
            }
        }
        Some(())
    }

    /// Calls `visit` for each touchpoint of nobody.
    pub fn each_of_nobody(&self, tables: &Tables, mut visit: impl FnMut(Mark)) {
        for mut run in self.runs(tables, 0) {
            self.find_rows(tables, run.table, 0..tables.stem(run.table).len(), &mut run.rows);
            self.mark(tables, &mut run);
            run.marks.iter().for_each(|&mark| visit(mark));
        }
    }

    /// The tables that hold what is wanted, from a customer on.
    fn runs<'t>(&self, tables: &'t Tables, customer: u32) -> impl Iterator<Item = Run> + use<'t> {
        let (wanted, anchored) = (tables_of(self.types), tables_of(self.anchors));
        let (others, everywhere) = (tables_of(self.types.without(self.anchors)), self.stores.is_none());
        let run = move |table: usize| Run {
            table,
            next: tables.stem(table).rows(0..customer).end,
            rows: Vec::new(),
            marks: Vec::new(),
            bounds: Vec::new(),
            anchored: anchored[table],
            only_anchors: !others[table] && everywhere,
        };
        // That of most rows comes first: where the others' belong is soon found from its end.
        (0..TABLES).rev().filter(move |&table| wanted[table]).map(run)
    }

    /// Reads the rows of a block of customers, those of `only` if there is one.
    fn read(&self, tables: &Tables, customers: &Range<u32>, run: &mut Run, only: Option<&Anchored>) {
        self.find(tables, customers, run);
        let stem = tables.stem(run.table);
        if let Some(only) = only {
            keep(&mut run.rows, |row| only[(stem.customer[row] - customers.start) as usize]);
        }
        self.mark(tables, run);
        run.bound(stem, customers);
    }

    /// Tells which customers of a block have an anchor in the table of a run.
    fn anchor(&self, tables: &Tables, first: u32, run: &Run, anchored: &mut Anchored) {
        if run.only_anchors {
            let bounds = run.bounds.windows(2).zip(anchored);
            return bounds.for_each(|(bounds, anchored)| *anchored |= bounds[0] < bounds[1]);
        }
        let column = &tables.stem(run.table).customer;
        for (&row, mark) in run.rows.iter().zip(&run.marks) {
            let is_there = self.stores.is_none_or(|stores| stores[usize::from(mark.place)]);
            anchored[(column[row as usize] - first) as usize] |= self.anchors.has(mark.kind) & is_there;
        }
    }

    /// Finds the wanted rows of a block of customers.
    fn find(&self, tables: &Tables, customers: &Range<u32>, run: &mut Run) {
        let column = &tables.stem(run.table).customer;
        let count = rows_until(&column[run.next..], |customer| customer < customers.end);
        let rows = run.next..run.next + count;
        run.next = rows.end;
        self.find_rows(tables, run.table, rows, &mut run.rows);
    }

    /// Finds the wanted ones of some rows of a table.
    fn find_rows(&self, tables: &Tables, table: usize, rows: Range<usize>, found: &mut Vec<u32>) {
        found.clear();
        let types = self.types;
        match table {
            0 => {
                let (orders, lens) = (&tables.orders, self.orders);
                let [counted, refused] =
                    [TouchType::ORDER, TouchType::REFUSED_ORDER].map(|kind| types.has(kind));
                let wants = |row: usize| if lens.counts(orders, row) { counted } else { refused };
                found.extend(rows.map(|row| row as u32));
                if !(counted && lens.admits_all()) {
                    keep(found, wants);
                }
            }
            1 => found.extend(rows.map(|row| row as u32)),
            2 => {
                let kinds = &tables.answers.kind;
                found.extend(rows.map(|row| row as u32));
                keep(found, |row| types.has(AnswerKind::touch_type(kinds[row])));
            }
            _ => {
                let (kinds, places) = (&tables.touches.kind, &tables.touches.stem.place);
                match types == Types::all() {
                    true => found.extend(rows.map(|row| row as u32)),
                    false => select_kinds(kinds, rows, types, found),
                }
                if let Some(stores) = self.stores {
                    keep(found, |row| stores[usize::from(places[row])] | (kinds[row] != TouchType::VISIT.0));
                }
            }
        }
    }

    /// Makes the marks of the rows that were found.
    #[inline]
    fn mark(&self, tables: &Tables, run: &mut Run) {
        match run.table {
            0 => {
                let (orders, lens) = (&tables.orders, self.orders);
                let kind = |row| match lens.counts(orders, row) {
                    true => TouchType::ORDER,
                    false => TouchType::REFUSED_ORDER,
                };
                self.mark_in(&orders.stem, run, kind, |_| 0);
            }
            1 => self.mark_in(&tables.returns.stem, run, |_| TouchType::RETURN, |_| 0),
            2 => {
                let answers = &tables.answers;
                let (kinds, scores) = (&*answers.kind, &*answers.score);
                let kind = |row: usize| AnswerKind::touch_type(kinds[row]);
                self.mark_in(&answers.stem, run, kind, |row| scores[row]);
            }
            _ => {
                let touches = &tables.touches;
                let (kinds, details) = (&*touches.kind, &*touches.detail);
                self.mark_in(&touches.stem, run, |row| TouchType(kinds[row]), |row| details[row]);
                if self.about {
                    // Here they are fetched together; one by one each would be waited for.
                    let items = &*touches.item;
                    hint::black_box(run.rows.iter().fold(0, |all, &row| all ^ items[row as usize]));
                }
            }
        }
    }

    /// The same in a table of which kind and detail are known by row; what is later is left out.
    #[inline]
    fn mark_in(
        &self,
        stem: &Stem,
        run: &mut Run,
        kind: impl Fn(usize) -> TouchType,
        detail: impl Fn(usize) -> u8,
    ) {
        let (table, observed, ats, places) = (run.table, self.observed, &*stem.at, &*stem.place);
        let mark = |&row: &u32| {
            let row = row as usize;
            let (at, place) = (ats[row], places[row]);
            Mark { at, row: TouchRow::new(table, row), place, kind: kind(row), detail: detail(row) }
        };
        run.marks.clear();
        run.marks.extend(run.rows.iter().map(mark));
        if run.marks.iter().fold(false, |late, mark| late | (mark.at >= observed)) {
            run.marks.retain(|mark| mark.at < observed);
            keep(&mut run.rows, |row| ats[row] < observed);
        }
    }
}

/// Appends those of some rows whose kinds are wanted. Eight kinds are looked at together, as the
/// bytes of one number: branches on single rows cannot be foreseen, and where few are wanted most
/// are passed over at once.
fn select_kinds(kinds: &[u8], rows: Range<usize>, types: Types, found: &mut Vec<u32>) {
    /// One in each byte.
    const ONES: u64 = u64::MAX / 255;
    /// More kinds are quicker looked up one by one.
    const FEW: usize = 8;
    let wanted: Vec<u64> = types.kinds().map(|kind| u64::from(kind) * ONES).collect();
    let eights = kinds[rows.clone()].chunks(8);
    for (eight, from) in eights.zip(rows.step_by(8)) {
        let bits = match <[u8; 8]>::try_from(eight) {
            Ok(eight) if wanted.len() <= FEW => {
                let eight = u64::from_le_bytes(eight);
                // Kinds are below 64: adding 127 reaches the highest bit of all bytes that differ.
                let differ = wanted.iter().fold(u64::MAX, |all, kind| all & ((eight ^ kind) + ONES * 127));
                !differ & (ONES << 7)
            }
            _ => {
                let bit = |(nth, &kind): (usize, &u8)| u64::from(types.has(TouchType(kind))) << (nth * 8 + 7);
                eight.iter().enumerate().fold(0, |bits, kind| bits | bit(kind))
            }
        };
        if bits == 0 {
            continue;
        }
        let rest = bits & (bits - 1);
        if rest == 0 {
            found.push((from + bits.trailing_zeros() as usize / 8) as u32);
            continue;
        }
        // Mostly several: each is written, and the next one over it unless it is wanted.
        let (mut several, mut count) = ([0; 8], 0);
        for nth in 0..8 {
            several[count] = (from + nth) as u32;
            count += (bits >> (nth * 8 + 7) & 1) as usize;
        }
        found.extend_from_slice(&several);
        found.truncate(found.len() - several.len() + count);
    }
}

/// Keeps the rows that are wanted. Every row is written, and the next one over it unless it is.
#[inline]
fn keep(rows: &mut Vec<u32>, wants: impl Fn(usize) -> bool) {
    let mut count = 0;
    for nth in 0..rows.len() {
        let row = rows[nth];
        rows[count] = row;
        count += usize::from(wants(row as usize));
    }
    rows.truncate(count);
}

/// The marks of a customer of the block in all runs, in order of time.
#[inline]
fn together<'r>(tables: &Tables, runs: &'r [Run], nth: usize, merged: &'r mut Vec<Mark>) -> &'r [Mark] {
    merged.clear();
    let mut only: &[Mark] = &[];
    for run in runs {
        let its = run.of(nth);
        if only.is_empty() {
            only = its;
        } else if !its.is_empty() {
            if merged.is_empty() {
                merged.extend_from_slice(only);
            }
            merge(tables, merged, its);
        }
    }
    if merged.is_empty() { only } else { merged }
}

/// Which tables hold touchpoints of some types.
fn tables_of(types: Types) -> [bool; TABLES] {
    let orders = types.has(TouchType::ORDER) || types.has(TouchType::REFUSED_ORDER);
    let answers = types.has(TouchType::SURVEY_ANSWER) || types.has(TouchType::REVIEW_WRITTEN);
    [orders, types.has(TouchType::RETURN), answers, types.has_others()]
}

/// Merges a second run in order of time into the first.
#[inline]
fn merge(tables: &Tables, marks: &mut Vec<Mark>, second: &[Mark]) {
    let (mut first, mut left) = (marks.len(), second.len());
    marks.extend_from_slice(second);
    // From the end: what has its place already need not be moved.
    while left > 0 {
        let later = first > 0 && marks[first - 1].is_after(&second[left - 1], tables);
        let next = if later { &marks[first - 1] } else { &second[left - 1] };
        marks[first + left - 1] = *next;
        first -= usize::from(later);
        left -= usize::from(!later);
    }
}
