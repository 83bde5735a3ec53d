//! What a customer did, in order of time, with what each touchpoint says: the food of the measures.

use std::array;
use std::cmp::Reverse;
use std::ops::Range;

use crate::engine::block::{Anchored, BLOCK, Block, Run};
use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::order_lens::OrderLens;
use crate::facts::fact::{AnswerKind, TouchType};
use crate::facts::rows::{Others, tables_of, types_in};
use crate::facts::side_tables::{ANSWERS, ORDERS, RETURNS, TABLES, TOUCHES, TouchRow};
use crate::facts::snapshot::Part;
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;
use crate::facts::touch_types::Types;

/// Reads the touchpoints of some types that were observed; orders that do not count are left out.
pub(crate) struct Reader<'a> {
    pub types: Types,
    /// Customers who have none of these are passed over.
    pub anchors: Types,
    /// Whether customers are visited who have no touchpoint of the types, too.
    pub everybody: bool,
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    /// Nothing from here on is read.
    pub observed: i64,
    /// By place: whether anchors there count; `None`: all do.
    pub stores: Option<&'a [bool]>,
    /// By place: whether visits there are read; `None`: all are.
    pub visits: Option<&'a [bool]>,
    /// Whether only orders are read that name the offer they answer.
    pub by_offer: bool,
}

impl<'a> Reader<'a> {
    /// Of customers who have any of the types.
    pub fn of(types: Types, lens: &'a Lens<'a>, orders: &'a OrderLens, observed: i64) -> Self {
        Self {
            types,
            anchors: types,
            everybody: false,
            lens,
            orders,
            observed,
            stores: None,
            visits: None,
            by_offer: false,
        }
    }

    /// Calls `visit` for each living customer in scope of the part who has an anchor, with the
    /// touchpoints of the types by any place, in order of time.
    pub fn each(&self, part: &Part, mut visit: impl FnMut(u32, &[Mark])) {
        let tables = &part.segment.tables;
        let mut runs: Vec<Run> = self.runs(tables, part.customers.start).collect();
        let all_in_scope = self.lens.has_every_customer(part);
        if let ([run], false) = (runs.as_mut_slice(), self.everybody)
            && run.only_anchors
        {
            return self.each_alone(part, run, |customer, marks| {
                if all_in_scope || self.lens.has_customer(part, customer) {
                    visit(customer, marks);
                }
            });
        }
        let (mut visited, mut block) = (Vec::new(), Block::default());
        for first in part.customers.clone().step_by(BLOCK as usize) {
            let customers = first..part.customers.end.min(first + BLOCK);
            let mut anchored = [self.everybody; BLOCK as usize];
            for run in runs.iter_mut().filter(|run| run.anchored) {
                self.read(tables, &customers, run, None);
                self.anchor(tables, run, &mut anchored);
            }
            for run in runs.iter_mut().filter(|run| !run.anchored) {
                self.read(tables, &customers, run, Some(&anchored));
            }
            visited.clear();
            visited.extend(0..customers.len() as u32);
            keep(&mut visited, |nth| anchored[nth]);
            self.fill(tables, &mut runs, customers.len(), &mut block);
            for &nth in &visited {
                if all_in_scope || self.lens.has_customer(part, first + nth) {
                    visit(first + nth, block.of(nth as usize, tables));
                }
            }
        }
    }

    /// The same of one table of which nothing but anchors is wanted, and of all customers: who is
    /// visited is then seen from the rows.
    fn each_alone(&self, part: &Part, run: &mut Run, mut visit: impl FnMut(u32, &[Mark])) {
        let tables = &part.segment.tables;
        // Customers of the block, and where their marks end.
        let (mut marks, mut ends) = (Vec::new(), Vec::new());
        for first in part.customers.clone().step_by(BLOCK as usize) {
            self.read(tables, &(first..part.customers.end.min(first + BLOCK)), run, None);
            marks.resize(run.rows.len(), Mark::NONE);
            self.mark(tables, run, |nth, mark| marks[nth] = mark);
            ends.resize(run.rows.len(), (0, 0));
            let (mut customers, mut last) = (0, u16::MAX);
            for (&nth, end) in run.whose.iter().zip(1..) {
                customers += usize::from(nth != last);
                ends[customers - 1] = (nth, end);
                last = nth;
            }
            let mut from = 0;
            for &(nth, end) in &ends[..customers] {
                visit(first + u32::from(nth), &marks[from..end]);
                from = end;
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
            let rows = run.next_rows(stem, &(first..part.customers.end.min(first + BLOCK)));
            self.find(tables, &mut run, rows);
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
            let stem = tables.stem(run.table);
            self.find(tables, &mut run, 0..stem.len());
            self.keep_observed(stem, &mut run.rows);
            self.mark(tables, &run, |_, mark| visit(mark));
        }
    }

    /// The tables that hold what is wanted, from a customer on.
    fn runs<'t>(&self, tables: &'t Tables, customer: u32) -> impl Iterator<Item = Run> + use<'t> {
        let (wanted, anchored) = (tables_of(self.types), tables_of(self.anchors));
        let (others, everywhere) = (tables_of(self.types.without(self.anchors)), self.stores.is_none());
        let whole: [bool; TABLES] = array::from_fn(|table| wanted[table] && self.wants_all(tables, table));
        let run = move |table: usize| Run {
            table,
            next: tables.stem(table).rows(0..customer).end,
            rows: Vec::new(),
            whose: Vec::new(),
            anchored: anchored[table],
            only_anchors: !others[table] && everywhere,
            is_whole: whole[table],
        };
        (0..TABLES).filter(move |&table| wanted[table]).map(run)
    }

    /// Whether every row of a table is wanted.
    fn wants_all(&self, tables: &Tables, table: usize) -> bool {
        let all = self.types.has_all(types_in(table));
        match table {
            ORDERS => self.types.has(TouchType::ORDER) && self.orders.admits_all() && !self.by_offer,
            RETURNS => self.types.has(TouchType::CAME_BACK) && tables.returns.lives.is_empty(),
            TOUCHES => all && self.visits.is_none(),
            _ => all,
        }
    }

    /// Reads the rows of a block of customers, those of `only` if there is one.
    fn read(&self, tables: &Tables, customers: &Range<u32>, run: &mut Run, only: Option<&Anchored>) {
        let stem = tables.stem(run.table);
        let (rows, whose) =
            (run.next_rows(stem, customers), |row: usize| stem.customer[row] - customers.start);
        match only {
            Some(only) if run.is_whole => select(&mut run.rows, rows, |row| only[whose(row) as usize]),
            _ => self.find(tables, run, rows),
        }
        if let (Some(only), false) = (only, run.is_whole) {
            keep(&mut run.rows, |row| only[whose(row) as usize]);
        }
        self.keep_observed(stem, &mut run.rows);
        run.whose.clear();
        run.whose.extend(run.rows.iter().map(|&row| whose(row as usize) as u16));
    }

    /// Makes the marks of a block of so many customers.
    fn fill(&self, tables: &Tables, runs: &mut [Run], customers: usize, block: &mut Block) {
        block.is_mixed = runs.iter().filter(|run| !run.rows.is_empty()).count() > 1;
        // The most are in order of time already, and the others are soon put between them.
        runs.sort_by_key(|run| Reverse(run.rows.len()));
        block.make_room(runs, customers);
        let (marks, bounds) = (block.marks.as_mut_slice(), &mut block.bounds[1..]);
        for run in runs {
            let whose = run.whose.as_slice();
            self.mark(tables, run, |nth, mark| {
                let bound = &mut bounds[usize::from(whose[nth])];
                marks[*bound as usize] = mark;
                *bound += 1;
            });
        }
    }

    /// Leaves out what is later.
    fn keep_observed(&self, stem: &Stem, rows: &mut Vec<u32>) {
        let (at, observed) = (&*stem.at, self.observed);
        if rows.iter().fold(false, |late, &row| late | (at[row as usize] >= observed)) {
            keep(rows, |row| at[row] < observed);
        }
    }

    /// Tells which customers of a block have an anchor in the table of a run.
    fn anchor(&self, tables: &Tables, run: &Run, anchored: &mut Anchored) {
        if run.only_anchors {
            return run.whose.iter().for_each(|&nth| anchored[usize::from(nth)] = true);
        }
        let places = &*tables.stem(run.table).place;
        for (&row, &nth) in run.rows.iter().zip(&run.whose) {
            let (kind, row) = (self.kind(tables, run.table, row as usize), row as usize);
            let is_there = self.stores.is_none_or(|stores| stores[usize::from(places[row])]);
            anchored[usize::from(nth)] |= self.anchors.has(kind) & is_there;
        }
    }

    /// The type of a row, told apart by whether an order counts.
    #[inline]
    fn kind(&self, tables: &Tables, table: usize, row: usize) -> TouchType {
        match table {
            ORDERS if !self.orders.counts(&tables.orders, row) => TouchType::REFUSED_ORDER,
            RETURNS if !self.orders.takes_off(&tables.returns, row) => TouchType::REFUSED_RETURN,
            _ => tables.touch_type(TouchRow::new(table, row)),
        }
    }

    /// Finds the wanted ones of some rows of a table.
    fn find(&self, tables: &Tables, run: &mut Run, rows: Range<usize>) {
        let (types, found) = (self.types, &mut run.rows);
        if run.is_whole {
            found.clear();
            return found.extend(rows.map(|row| row as u32));
        }
        match run.table {
            ORDERS => {
                let (orders, lens) = (&*tables.orders, self.orders);
                let [counted, refused] =
                    [TouchType::ORDER, TouchType::REFUSED_ORDER].map(|kind| types.has(kind));
                let is_its = |row: usize| !self.by_offer || orders.item[row] != 0;
                select(found, rows, |row| {
                    is_its(row) && if lens.counts(orders, row) { counted } else { refused }
                });
            }
            RETURNS => {
                let (returns, lens) = (&*tables.returns, self.orders);
                let [counted, refused] =
                    [TouchType::CAME_BACK, TouchType::REFUSED_RETURN].map(|kind| types.has(kind));
                select(found, rows, |row| if lens.takes_off(returns, row) { counted } else { refused });
            }
            ANSWERS => {
                let kinds = &*tables.answers.kind;
                select(found, rows, |row| types.has(AnswerKind::touch_type(kinds[row])));
            }
            other => {
                let Others { stem: Stem { place: places, .. }, kind: kinds, .. } = tables.others(other);
                select_kinds(kinds, rows, types, found);
                if let (TOUCHES, Some(stores)) = (other, self.visits) {
                    keep(found, |row| stores[usize::from(places[row])] | (kinds[row] != TouchType::VISIT.0));
                }
            }
        }
    }

    /// Calls `put` with the place of each row that was found among them, and its mark.
    #[inline]
    fn mark(&self, tables: &Tables, run: &Run, put: impl FnMut(usize, Mark)) {
        match run.table {
            ORDERS => {
                let (orders, lens) = (&*tables.orders, self.orders);
                let kind = |row: usize| match lens.counts(orders, row) {
                    true => TouchType::ORDER,
                    false => TouchType::REFUSED_ORDER,
                };
                mark_in(&orders.stem, run, kind, |_| 0, put);
            }
            RETURNS => {
                let (returns, lens) = (&*tables.returns, self.orders);
                let kind = |row: usize| match lens.takes_off(returns, row) {
                    true => TouchType::CAME_BACK,
                    false => TouchType::REFUSED_RETURN,
                };
                mark_in(&returns.stem, run, kind, |_| 0, put);
            }
            ANSWERS => {
                let answers = &tables.answers;
                let (kinds, scores) = (&*answers.kind, &*answers.score);
                let kind = |row: usize| AnswerKind::touch_type(kinds[row]);
                mark_in(&answers.stem, run, kind, |row| scores[row], put);
            }
            other => {
                let Others { stem, kind, detail, .. } = tables.others(other);
                mark_in(stem, run, |row| TouchType(kind[row]), |row| detail[row], put);
            }
        }
    }
}

/// The same in a table of which kind and detail are known by row.
#[inline]
fn mark_in(
    stem: &Stem,
    run: &Run,
    kind: impl Fn(usize) -> TouchType,
    detail: impl Fn(usize) -> u8,
    mut put: impl FnMut(usize, Mark),
) {
    let (ats, places) = (&*stem.at, &*stem.place);
    for (nth, &row) in run.rows.iter().enumerate() {
        let row = row as usize;
        let (at, place) = (ats[row], places[row]);
        let mark =
            Mark { at, row: TouchRow::new(run.table, row), place, kind: kind(row), detail: detail(row) };
        put(nth, mark);
    }
}

/// Becomes those of some rows whose kinds are wanted. Eight kinds are looked at together, as the
/// bytes of one number: branches on single rows cannot be foreseen, and where few are wanted most
/// are passed over at once.
fn select_kinds(kinds: &[u8], rows: Range<usize>, types: Types, found: &mut Vec<u32>) {
    /// One in each byte.
    const ONES: u64 = u64::MAX / 255;
    /// More kinds are quicker looked up one by one.
    const FEW: usize = 8;
    found.clear();
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

/// Becomes those of some rows that are wanted. Every row is written, and the next one over it unless
/// it is.
#[inline]
fn select(found: &mut Vec<u32>, rows: Range<usize>, wants: impl Fn(usize) -> bool) {
    found.resize(rows.len(), 0);
    let mut count = 0;
    for row in rows {
        found[count] = row as u32;
        count += usize::from(wants(row));
    }
    found.truncate(count);
}

/// Keeps those rows that are wanted, likewise.
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
