//! What customers have bought since their first order, net of what they gave back.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::measure::Span;
use crate::engine::order_lens::OrderLens;
use crate::engine::params::ValueBasis;
use crate::engine::scope::{First, KpiError, OrderUnit};
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Part;
use crate::ground::answer::{Excluded, Tally};
use crate::ground::calendar::{Intervals, Unit};
use crate::measures::margin;
use customer360_model::Micros;

/// A customer whose first order is in scope. Times are local days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct History {
    /// The customer.
    pub key: u32,
    pub group: u32,
    pub repeats: u32,
    /// Those of them whose worth is known.
    pub valued: u32,
    /// From the first order to the last.
    pub last: u16,
    /// From the first order to the last day that was observed.
    pub age: u16,
    /// Local months with an order.
    pub months: u16,
    /// Of all orders whose worth is known, less what came back; minor units.
    pub net: i64,
    /// Of all but the first.
    pub repeat_net: i64,
}

/// What histories are asked with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub unit: OrderUnit,
    pub first: First,
    pub value: ValueBasis,
}

/// Reads the histories of customers whose first order is in a span.
pub(super) struct Gather<'a> {
    lens: &'a Lens<'a>,
    orders: &'a OrderLens,
    span: Span,
    days: Intervals,
    months: Intervals,
    /// The last local day of which anything was observed.
    last_day: usize,
    asked: Asked,
}

/// An order of a customer, or all of one local day.
#[derive(Clone, Copy)]
struct Bought {
    at: i64,
    day: usize,
    /// Of which all that came back is a part.
    amount: i64,
    /// What of the amount it is worth before anything came back; `None`: not known.
    worth: Option<i64>,
    net: i64,
}

/// What is filled again for each customer.
#[derive(Default)]
pub(super) struct Scratch {
    units: Vec<Bought>,
    /// By the key of an order.
    of_order: FxHashMap<u64, usize>,
    pub excluded: Excluded,
}

impl<'a> Gather<'a> {
    /// The scope of the question.
    pub fn lens(&self) -> &'a Lens<'a> {
        self.lens
    }

    pub fn new(
        lens: &'a Lens<'a>,
        orders: &'a OrderLens,
        span: Span,
        asked: Asked,
    ) -> Result<Self, KpiError> {
        let (zone, week_start) = (&lens.scope.zone, lens.scope.week_start);
        // Orders up to a day before the span may share a local day with one in it.
        let from = zone.plus_days(Micros(span.from), -2)?;
        let until = Micros(span.observed).max(from).plus(1);
        let intervals = |unit| Intervals::new(zone, unit, week_start, from, until);
        let (days, months) = (intervals(Unit::Day)?, intervals(Unit::Month)?);
        let last_day = days.index(span.observed - 1);
        Ok(Self { lens, orders, span, days, months, last_day, asked })
    }

    /// All histories, by customer; of the customers of some parts only, if named.
    pub fn all(&self, only: Option<&[Part]>, grouping: Option<&Grouping>) -> (Vec<History>, Tally) {
        let lens = self.lens;
        let start = || (Vec::new(), Tally::default());
        let (mut all, mut tally) = lens.snapshot.fold_over(
            only,
            start,
            |state, part| self.observe(state, part, grouping),
            |mut a, mut b| {
                a.0.append(&mut b.0);
                a.1.merge(&b.1);
                a
            },
        );
        all.par_sort_unstable_by_key(|history: &History| history.key);
        let nobody = |tables: &crate::Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
        tally.excluded.no_identity = lens.unidentified().map(nobody).sum();
        tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
        (all, tally)
    }

    fn observe(&self, (all, tally): &mut (Vec<History>, Tally), part: &Part, grouping: Option<&Grouping>) {
        let orders = &part.segment.tables.orders;
        let mut scratch = Scratch::default();
        for (customer, rows) in orders.stem.runs(orders.stem.rows(part.customers.clone())) {
            if !self.lens.has_customer(part, customer) {
                continue;
            }
            let Some((first, mut history)) = self.one(part, customer, rows, &mut scratch) else { continue };
            let registered = part.segment.customers.registered[customer as usize];
            tally.count(scratch.of_order.len() as u64, registered);
            let place = orders.stem.place[first];
            history.group = grouping.map_or(0, |grouping| grouping.of(part, customer, place) as u32);
            all.push(history);
        }
        let excluded = self.orders.excluded(self.lens, part);
        tally.merge(&Tally { excluded, ..Tally::default() });
        tally.merge(&Tally { excluded: scratch.excluded, ..Tally::default() });
    }

    /// A customer's history from the rows of their orders, and the row of the first, if it is in
    /// scope and in the span.
    pub fn one(
        &self,
        part: &Part,
        customer: u32,
        rows: Range<usize>,
        scratch: &mut Scratch,
    ) -> Option<(usize, History)> {
        let tables = &part.segment.tables;
        let first = self.first(part, rows.clone())?;
        self.units(part, first..rows.end, scratch);
        let first_at = tables.orders.stem.at[first];
        let returns = &tables.returns.stem;
        for row in returns.rows(customer..customer + 1) {
            let at = returns.at[row];
            if first_at <= at && at < self.span.observed {
                self.give_back(part, row, scratch);
            }
        }
        Some((first, self.history(part.segment.customers.key[customer as usize], &scratch.units)))
    }

    /// The row of the first order.
    fn first(&self, part: &Part, mut rows: Range<usize>) -> Option<usize> {
        let (orders, span) = (&part.segment.tables.orders, self.span);
        let is_in_scope = |row: usize| {
            let at = orders.stem.at[row];
            span.from <= at && at < span.until && self.lens.has_place(orders.stem.place[row])
        };
        match self.asked.first {
            First::Ever => rows.find(|&row| self.counts(part, row)).filter(|&row| is_in_scope(row)),
            First::InScope => rows.find(|&row| self.counts(part, row) && is_in_scope(row)),
        }
    }

    fn counts(&self, part: &Part, row: usize) -> bool {
        let orders = &part.segment.tables.orders;
        orders.stem.at[row] < self.span.observed && self.orders.counts(orders, row)
    }

    /// The orders from the first on, and which of them each order's key belongs to.
    fn units(&self, part: &Part, rows: Range<usize>, scratch: &mut Scratch) {
        let tables = &part.segment.tables;
        let orders = &tables.orders;
        let by_day = self.asked.unit.is_by_day(true);
        let Scratch { units, of_order, excluded } = scratch;
        units.clear();
        of_order.clear();
        for row in rows.filter(|&row| self.counts(part, row)) {
            let (at, amount) = (orders.stem.at[row], self.orders.amount(orders, row));
            let day = self.days.index(at);
            let worth = match self.asked.value {
                ValueBasis::Revenue => Some(amount),
                ValueBasis::Margin => margin::of_order(self.orders, tables, row),
            };
            excluded.no_margin += u64::from(worth.is_none());
            match units.last_mut() {
                // A day is worth what its orders are, where all of them say it.
                Some(unit) if by_day && unit.day == day => {
                    unit.amount = unit.amount.saturating_add(amount);
                    unit.worth = unit.worth.zip(worth).map(|(sum, worth)| sum.saturating_add(worth));
                }
                _ => units.push(Bought { at, day, amount, worth, net: 0 }),
            }
            of_order.insert(orders.key[row], units.len() - 1);
        }
        units.iter_mut().for_each(|unit| unit.net = unit.worth.unwrap_or(0));
    }

    /// What came back is taken off the order that it names, or else off the last before it; off a
    /// margin in the order's proportion of margin and amount.
    fn give_back(&self, part: &Part, row: usize, scratch: &mut Scratch) {
        let returns = &part.segment.tables.returns;
        let at = returns.stem.at[row];
        if !self.orders.takes_off(returns, row) {
            return;
        }
        let Some(amount) = self.orders.came_back(returns, row) else {
            scratch.excluded.other_currency += 1;
            return;
        };
        let named = scratch.of_order.get(&returns.key[row]).copied();
        let before = || scratch.units.partition_point(|unit| unit.at <= at).checked_sub(1);
        if let Some(unit) = named.or_else(before) {
            let unit = &mut scratch.units[unit];
            let back = unit.worth.map_or(0, |worth| in_proportion(amount, worth, unit.amount));
            unit.net = unit.net.saturating_sub(back);
        }
    }

    fn history(&self, key: u32, units: &[Bought]) -> History {
        let (first, last) = (units[0], units[units.len() - 1]);
        let mut months: Vec<usize> = units.iter().map(|unit| self.months.index(unit.at)).collect();
        months.dedup();
        let days = |from: usize, until: usize| u16::try_from(until.saturating_sub(from)).unwrap_or(u16::MAX);
        let net = units.iter().fold(0_i64, |net, unit| net.saturating_add(unit.net));
        History {
            key,
            group: 0,
            repeats: units.len() as u32 - 1,
            valued: units[1..].iter().filter(|unit| unit.worth.is_some()).count() as u32,
            last: days(first.day, last.day),
            age: days(first.day, self.last_day),
            months: months.len() as u16,
            net,
            repeat_net: net.saturating_sub(first.net),
        }
    }
}

/// `amount * worth / whole`, to the nearest; nothing of an order of nothing, unless it is worth its
/// amount.
fn in_proportion(amount: i64, worth: i64, whole: i64) -> i64 {
    if worth == whole {
        return amount;
    }
    if whole == 0 {
        return 0;
    }
    let (number, over) = (i128::from(amount) * i128::from(worth), i128::from(whole));
    i64::try_from((number * 2 + over).div_euclid(over * 2)).unwrap_or(i64::MAX)
}
