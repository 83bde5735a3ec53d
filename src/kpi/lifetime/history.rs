//! What customers have bought since their first order, net of what they gave back.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Question;
use crate::kpi::answer::Tally;
use crate::kpi::calendar::{Intervals, Unit};
use crate::kpi::fact::TouchType;
use crate::kpi::lens::{Grouping, Lens, OrderLens};
use crate::kpi::scope::{First, KpiError, OrderUnit};
use crate::kpi::snapshot::{Part, Snapshot};
use crate::model::Micros;

/// A customer whose first order is in scope. Times are local days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct History {
    /// The customer.
    pub key: u32,
    pub group: u32,
    pub repeats: u32,
    /// From the first order to the last.
    pub last: u16,
    /// From the first order to the last day that was observed.
    pub age: u16,
    /// Local months with an order.
    pub months: u16,
    /// Of all orders, less what came back; minor units.
    pub net: i64,
    /// Of all but the first.
    pub repeat_net: i64,
}

/// All histories in scope, by customer; of the customers of some parts only, if named.
pub(super) fn histories(
    snapshot: &Snapshot,
    only: Option<&[Part]>,
    lens: &Lens,
    grouping: &Grouping,
    question: &Question,
) -> Result<(Vec<History>, Tally), KpiError> {
    let orders = OrderLens::new(lens, &question.orders)?;
    let scope = &question.scope;
    // Orders up to a day before the range may share a local day with one in range.
    let from = scope.zone.plus_days(scope.range.from, -2)?;
    let until = Micros(lens.observed).max(from).plus(1);
    let intervals = |unit| Intervals::new(&scope.zone, unit, scope.week_start, from, until);
    let (days, months) = (intervals(Unit::Day)?, intervals(Unit::Month)?);
    let last_day = days.index(lens.observed - 1);
    let gather = Gather { lens, grouping, orders, days, months, last_day, question };
    let start = || (Vec::new(), Tally::default());
    let (mut all, mut tally) = snapshot.fold_over(
        only,
        start,
        |state, part| gather.observe(state, part),
        |mut a, mut b| {
            a.0.append(&mut b.0);
            a.1.merge(&b.1);
            a
        },
    );
    all.par_sort_unstable_by_key(|history: &History| history.key);
    let nobody = |tables: &crate::kpi::Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
    tally.excluded.no_identity = lens.unidentified().map(nobody).sum();
    tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
    Ok((all, tally))
}

struct Gather<'a> {
    lens: &'a Lens<'a>,
    grouping: &'a Grouping,
    orders: OrderLens,
    days: Intervals,
    months: Intervals,
    /// The last local day of which anything was observed.
    last_day: usize,
    question: &'a Question,
}

/// An order of a customer, or all of one local day.
#[derive(Clone, Copy)]
struct Bought {
    at: i64,
    day: usize,
    net: i64,
}

impl Gather<'_> {
    fn observe(&self, (all, tally): &mut (Vec<History>, Tally), part: &Part) {
        let tables = &part.segment.tables;
        let (orders, returns) = (&tables.orders, &tables.returns);
        let (mut units, mut keys) = (Vec::new(), FxHashMap::default());
        for (customer, rows) in orders.stem.runs(orders.stem.rows(part.customers.clone())) {
            if !self.lens.has_customer(part, customer) {
                continue;
            }
            let Some(first) = self.first(part, rows.clone()) else { continue };
            self.units(part, first..rows.end, &mut units, &mut keys);
            let first_at = orders.stem.at[first];
            for row in returns.stem.rows(customer..customer + 1) {
                let at = returns.stem.at[row];
                if first_at <= at && at < self.lens.observed {
                    self.give_back(part, row, &mut units, &keys, tally);
                }
            }
            let registered = part.segment.customers.registered[customer as usize];
            tally.count(keys.len() as u64, registered);
            let group = self.grouping.of(part, customer, orders.stem.place[first]) as u32;
            all.push(self.history(part.segment.customers.key[customer as usize], group, &units));
        }
        let excluded = self.orders.excluded(self.lens, part);
        tally.merge(&Tally { excluded, ..Tally::default() });
    }

    /// The row of the first order, if it is in scope.
    fn first(&self, part: &Part, mut rows: std::ops::Range<usize>) -> Option<usize> {
        let orders = &part.segment.tables.orders;
        let is_in_scope = |row: usize| {
            self.lens.in_range(orders.stem.at[row]) && self.lens.has_place(orders.stem.place[row])
        };
        match self.question.first {
            First::Ever => rows.find(|&row| self.orders.counts(orders, row)).filter(|&row| is_in_scope(row)),
            First::InScope => rows.find(|&row| self.orders.counts(orders, row) && is_in_scope(row)),
        }
    }

    /// The orders from the first on, and which of them each order's key belongs to.
    fn units(
        &self,
        part: &Part,
        rows: std::ops::Range<usize>,
        units: &mut Vec<Bought>,
        keys: &mut FxHashMap<u64, usize>,
    ) {
        let orders = &part.segment.tables.orders;
        let by_day = self.question.orders.unit == OrderUnit::CustomerDay;
        units.clear();
        keys.clear();
        for row in rows.filter(|&row| self.orders.counts(orders, row)) {
            let (at, net) = (orders.stem.at[row], self.orders.amount(orders, row));
            let day = self.days.index(at);
            match units.last_mut() {
                Some(unit) if by_day && unit.day == day => unit.net += net,
                _ => units.push(Bought { at, day, net }),
            }
            keys.insert(orders.key[row], units.len() - 1);
        }
    }

    /// What came back is taken off the order that it names, or else off the last before it.
    fn give_back(
        &self,
        part: &Part,
        row: usize,
        units: &mut [Bought],
        keys: &FxHashMap<u64, usize>,
        tally: &mut Tally,
    ) {
        let returns = &part.segment.tables.returns;
        let at = returns.stem.at[row];
        let Some(amount) = self.orders.converted(returns.amount.get(row), returns.currency[row], at) else {
            tally.excluded.other_currency += 1;
            return;
        };
        let named = keys.get(&returns.key[row]).copied();
        let before = || units.partition_point(|unit| unit.at <= at).checked_sub(1);
        if let Some(unit) = named.or_else(before) {
            units[unit].net -= amount;
        }
    }

    fn history(&self, key: u32, group: u32, units: &[Bought]) -> History {
        let (first, last) = (units[0], units[units.len() - 1]);
        let mut months: Vec<usize> = units.iter().map(|unit| self.months.index(unit.at)).collect();
        months.dedup();
        let days = |from: usize, until: usize| u16::try_from(until.saturating_sub(from)).unwrap_or(u16::MAX);
        let net: i64 = units.iter().map(|unit| unit.net).sum();
        History {
            key,
            group,
            repeats: units.len() as u32 - 1,
            last: days(first.day, last.day),
            age: days(first.day, self.last_day),
            months: months.len() as u16,
            net,
            repeat_net: net - first.net,
        }
    }
}
