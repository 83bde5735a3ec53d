//! The fold over customers: touches, seconds and explicit costs by slot, and each customer's sum.

use super::rates::{Explicit, RateTable};
use crate::kpi::answer::Tally;
use crate::kpi::fact::{AnswerKind, TouchType};
use crate::kpi::lens::{Grouping, Lens};
use crate::kpi::snapshot::{Part, TASK_CUSTOMERS};
use crate::kpi::tables::{Charges, Stem, Tables};

/// Sums of one task fit the second-level cache.
const TASK_SUMS: u32 = 1 << 15;

/// Sums by slot of the rate table.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    pub touches: Vec<u64>,
    pub seconds: Vec<u64>,
    /// Sixtieths of a millionth.
    pub explicit: Vec<i128>,
    /// Touches that say a cost, in whatever currency.
    pub said: Vec<u64>,
}

impl Slots {
    fn new(count: usize) -> Self {
        Self {
            touches: vec![0; count],
            seconds: vec![0; count],
            explicit: vec![0; count],
            said: vec![0; count],
        }
    }

    fn add(&mut self, other: &Self) {
        self.touches.iter_mut().zip(&other.touches).for_each(|(mine, theirs)| *mine += theirs);
        self.seconds.iter_mut().zip(&other.seconds).for_each(|(mine, theirs)| *mine += theirs);
        self.explicit.iter_mut().zip(&other.explicit).for_each(|(mine, theirs)| *mine += theirs);
        self.said.iter_mut().zip(&other.said).for_each(|(mine, theirs)| *mine += theirs);
    }
}

/// Costs per customer of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Spread {
    /// Sixtieths of a millionth, of customers whose cost is not zero; in any order.
    pub costed: Vec<i64>,
    /// Customers whose cost is zero.
    pub free: u64,
}

impl Spread {
    fn count(&mut self, cost: i128) {
        // Beyond 150 thousand million currency units a customer's place among others stays right.
        let cost = i64::try_from(cost).unwrap_or(if cost > 0 { i64::MAX } else { i64::MIN });
        match cost {
            0 => self.free += 1,
            _ => self.costed.push(cost),
        }
    }

    fn add(&mut self, mut other: Self) {
        self.costed.append(&mut other.costed);
        self.free += other.free;
    }
}

pub(super) struct State {
    pub tally: Tally,
    pub slots: Slots,
    /// Of touchpoints that belong to nobody.
    pub nobody: Slots,
    pub total: Spread,
    /// Empty when nothing is grouped.
    pub groups: Vec<Spread>,
    /// Orders less returns in minor units, by group; one when nothing is grouped.
    pub revenue: Vec<i128>,
}

impl State {
    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.slots.add(&other.slots);
        self.total.add(other.total);
        self.groups.iter_mut().zip(other.groups).for_each(|(mine, theirs)| mine.add(theirs));
        self.revenue.iter_mut().zip(&other.revenue).for_each(|(mine, theirs)| *mine += theirs);
        self
    }
}

/// The sums of one customer, or of one customer at the places of one group.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    cost: i128,
    touches: u32,
}

pub(super) struct Fold<'a> {
    lens: &'a Lens<'a>,
    grouping: &'a Grouping,
    table: &'a RateTable,
    /// Sums per customer: groups of places, or one.
    width: usize,
}

impl<'a> Fold<'a> {
    pub fn new(lens: &'a Lens<'a>, grouping: &'a Grouping, table: &'a RateTable) -> Self {
        let width = if grouping.of_places().is_some() { grouping.len() } else { 1 };
        Self { lens, grouping, table, width }
    }

    pub fn run(&self) -> State {
        let task = (TASK_SUMS / self.width as u32).clamp(64, TASK_CUSTOMERS);
        let snapshot = self.lens.snapshot;
        let mut state =
            snapshot.fold(task, || self.start(), |state, part| self.observe(state, part), State::merged);
        for tables in self.lens.unidentified() {
            self.observe_nobody(&mut state, tables);
        }
        state.tally.excluded.voided = self.lens.voided(|_| true);
        let foreign = (0..self.table.slots()).filter(|&slot| self.table.is_other_currency(slot));
        state.tally.excluded.other_currency += foreign.map(|slot| state.slots.touches[slot]).sum::<u64>();
        state
    }

    fn start(&self) -> State {
        let groups = if self.grouping.is_asked() { self.grouping.len() } else { 0 };
        State {
            tally: Tally::default(),
            slots: Slots::new(self.table.slots()),
            nobody: Slots::new(self.table.slots()),
            total: Spread::default(),
            groups: vec![Spread::default(); groups],
            revenue: vec![0; self.grouping.len()],
        }
    }

    fn observe(&self, state: &mut State, part: &Part) {
        let tables = &part.segment.tables;
        let mut sums = vec![Sum::default(); part.customers.len() * self.width];
        let each = |_| TouchType::ORDER;
        self.touches(state, part, &tables.orders.stem, each, &mut sums);
        self.touches(state, part, &tables.returns.stem, |_| TouchType::RETURN, &mut sums);
        let answers = |row: usize| AnswerKind::touch_type(tables.answers.kind[row]);
        self.touches(state, part, &tables.answers.stem, answers, &mut sums);
        self.touches(state, part, &tables.touches.stem, |row| TouchType(tables.touches.kind[row]), &mut sums);
        self.charges(state, part, &mut sums);
        self.revenue(state, part);
        self.count_customers(state, part, &sums);
    }

    /// Adds the touches of one table.
    fn touches(
        &self,
        state: &mut State,
        part: &Part,
        stem: &Stem,
        touch_type: impl Fn(usize) -> TouchType,
        sums: &mut [Sum],
    ) {
        let by_place = self.width > 1;
        for (customer, rows) in stem.runs(stem.rows(part.customers.clone())) {
            if !self.lens.has_customer(part, customer) {
                continue;
            }
            let base = self.base_slot(part, customer);
            let own = &mut sums[(customer - part.customers.start) as usize * self.width..];
            let mut sum = Sum::default();
            for row in rows {
                let (at, place) = (stem.at[row], stem.place[row]);
                if !self.lens.in_range(at) || !self.lens.has_place(place) {
                    continue;
                }
                let class = self.table.class_of_place[usize::from(place)];
                let slot = self.slot(at, class, touch_type(row));
                state.slots.touches[base + slot] += 1;
                let cost = i128::from(self.table.per_touch[slot]);
                if by_place {
                    let own = &mut own[self.table.group_of_class(class)];
                    own.cost += cost;
                    own.touches += 1;
                } else {
                    sum.cost += cost;
                    sum.touches += 1;
                }
            }
            if !by_place {
                own[0].cost += sum.cost;
                own[0].touches += sum.touches;
            }
        }
    }

    /// Adds minutes and explicit costs.
    fn charges(&self, state: &mut State, part: &Part, sums: &mut [Sum]) {
        let charges = &part.segment.tables.charges;
        for row in charges.stem.rows(part.customers.clone()) {
            let (at, place) = (charges.stem.at[row], charges.stem.place[row]);
            let customer = charges.stem.customer[row];
            let in_scope = self.lens.in_range(at) && self.lens.has_place(place);
            if !in_scope || !self.lens.has_customer(part, customer) {
                continue;
            }
            let class = self.table.class_of_place[usize::from(place)];
            let slot = self.base_slot(part, customer) + self.slot(at, class, TouchType(charges.kind[row]));
            let (cost, foreign) = self.charge(&mut state.slots, charges, row, slot);
            let group = if self.width > 1 { self.table.group_of_class(class) } else { 0 };
            sums[(customer - part.customers.start) as usize * self.width + group].cost += cost;
            state.tally.excluded.other_currency += u64::from(foreign);
        }
    }

    /// What a charge costs, and whether it says an amount of another currency.
    fn charge(&self, slots: &mut Slots, charges: &Charges, row: usize, slot: usize) -> (i128, bool) {
        slots.seconds[slot] += u64::from(charges.seconds[row]);
        let minutes = i128::from(charges.seconds[row]) * i128::from(self.table.per_minute(slot));
        match self.table.explicit(charges, row) {
            Explicit::None => (minutes, false),
            Explicit::OtherCurrency => {
                slots.said[slot] += 1;
                (minutes, true)
            }
            Explicit::Of(cost) => {
                slots.said[slot] += 1;
                slots.explicit[slot] += cost;
                (minutes + cost, false)
            }
        }
    }

    fn revenue(&self, state: &mut State, part: &Part) {
        let (orders, returns) = (&part.segment.tables.orders, &part.segment.tables.returns);
        let sales = (&orders.stem, &orders.amount, &orders.currency, 1);
        let refunds = (&returns.stem, &returns.amount, &returns.currency, -1);
        for (stem, amounts, currencies, sign) in [sales, refunds] {
            for row in stem.rows(part.customers.clone()) {
                let (customer, place) = (stem.customer[row], stem.place[row]);
                let in_scope = self.lens.in_range(stem.at[row]) && self.lens.has_place(place);
                if !in_scope || !self.lens.has_customer(part, customer) {
                    continue;
                }
                if Some(currencies[row]) == self.table.currency {
                    let group = self.grouping.of(part, customer, place);
                    state.revenue[group] += sign * i128::from(amounts[row]);
                } else {
                    state.tally.excluded.other_currency += 1;
                }
            }
        }
    }

    fn count_customers(&self, state: &mut State, part: &Part, sums: &[Sum]) {
        for (customer, own) in part.customers.clone().zip(sums.chunks(self.width)) {
            let mut all = Sum::default();
            for (group, sum) in own.iter().enumerate().filter(|(_, sum)| sum.touches > 0) {
                all.cost += sum.cost;
                all.touches += sum.touches;
                if self.width > 1 {
                    state.groups[group].count(sum.cost);
                }
            }
            if all.touches == 0 {
                continue;
            }
            state.total.count(all.cost);
            if self.width == 1 && !state.groups.is_empty() {
                state.groups[self.grouping.of(part, customer, 0)].count(all.cost);
            }
            let registered = part.segment.customers.registered[customer as usize];
            state.tally.count(u64::from(all.touches), registered);
        }
    }

    fn observe_nobody(&self, state: &mut State, tables: &Tables) {
        let answers = |row: usize| AnswerKind::touch_type(tables.answers.kind[row]);
        let of_table = |stem: &Stem, touch_type: &dyn Fn(usize) -> TouchType, slots: &mut Slots| {
            let mut count = 0;
            for row in self.lens.rows_in_range(stem) {
                let class = self.table.class_of_place[usize::from(stem.place[row])];
                slots.touches[self.slot(stem.at[row], class, touch_type(row))] += 1;
                count += 1;
            }
            count
        };
        let slots = &mut state.nobody;
        state.tally.excluded.no_identity += of_table(&tables.orders.stem, &|_| TouchType::ORDER, slots)
            + of_table(&tables.returns.stem, &|_| TouchType::RETURN, slots)
            + of_table(&tables.answers.stem, &answers, slots)
            + of_table(&tables.touches.stem, &|row| TouchType(tables.touches.kind[row]), slots);
        let charges = &tables.charges;
        for row in self.lens.rows_in_range(&charges.stem) {
            let class = self.table.class_of_place[usize::from(charges.stem.place[row])];
            let slot = self.slot(charges.stem.at[row], class, TouchType(charges.kind[row]));
            self.charge(slots, charges, row, slot);
        }
    }

    /// Where the slots of a customer's group begin.
    #[inline]
    fn base_slot(&self, part: &Part, customer: u32) -> usize {
        match self.width == 1 && self.grouping.is_asked() {
            true => self.grouping.of(part, customer, 0) * self.table.slots_per_group(),
            false => 0,
        }
    }

    #[inline]
    fn slot(&self, at: i64, class: u32, touch_type: TouchType) -> usize {
        let epoch = match self.table.epochs.is_empty() {
            true => 0,
            false => self.table.epochs.partition_point(|&begin| begin <= at) * self.table.classes(),
        };
        (epoch + class as usize) * TouchType::COUNT + usize::from(touch_type.0)
    }
}
