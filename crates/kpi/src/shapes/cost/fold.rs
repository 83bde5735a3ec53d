//! The fold over customers: touches, seconds and explicit costs by slot, and each customer's sum.

use std::hint::select_unpredictable;
use std::ops::Range;

use super::rates::RateTable;
use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::order_lens::OrderLens;
use crate::facts::fact::{AnswerKind, TouchType};
use crate::facts::rows::Others;
use crate::facts::side_tables::{RETURNS, TABLES, TOUCHES, TouchRow};
use crate::facts::snapshot::Part;
use crate::facts::stem::Stem;
use crate::facts::tables::{Costs, Tables};
use crate::ground::answer::Tally;

/// Cells of sums per task: they fit the second-level cache.
const TASK_CELLS: u32 = 1 << 13;

/// Neighbouring rows count in different places: one that waits for the other's store is slow.
const LANES: usize = 4;
/// Slots are few when they are fewer than this.
pub(super) const LANE_SLOTS: usize = 1 << 12;
/// Lanes a power of two apart would share their places in the cache.
const LANE_GAP: usize = 48;
type Lanes = [[u32; LANE_SLOTS + LANE_GAP]; LANES];

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
    /// Sixtieths of a millionth, of customers whose cost is not zero; in any order, in pieces.
    pub costed: Vec<Vec<i64>>,
    /// Customers whose cost is zero.
    pub free: u64,
}

impl Spread {
    #[inline]
    fn count(&mut self, cost: i128) {
        // Beyond 150 thousand million currency units a customer's place among others stays right.
        let cost = i64::try_from(cost).unwrap_or(if cost > 0 { i64::MAX } else { i64::MIN });
        match (cost, self.costed.last_mut()) {
            (0, _) => self.free += 1,
            (_, Some(piece)) => piece.push(cost),
            (_, None) => self.costed.push(vec![cost]),
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
    sums: Sums,
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

impl State {
    /// Adds what was counted in lanes.
    fn take_lanes(&mut self) {
        for lane in self.sums.lanes.iter_mut().flat_map(|lanes| lanes.iter_mut()) {
            let counts = lane.iter_mut().take(self.slots.touches.len());
            for (count, sum) in counts.zip(&mut self.slots.touches) {
                *sum += u64::from(std::mem::take(count));
            }
        }
    }
}

/// Sums of the customers of one task, `width` cells for each: one, or one for each group of places.
#[derive(Default)]
struct Sums {
    /// What touches cost at their rates.
    rated: Vec<i64>,
    /// What they cost beside: minutes and explicit costs.
    beside: Vec<i128>,
    touches: Vec<u32>,
    /// By customer: the group, or one more for customers out of scope.
    group: Vec<u32>,
    /// By customer: where the group's slots begin.
    begin_of_group: Vec<u32>,
    /// Touches by slot, in lanes; when slots are few.
    lanes: Option<Box<Lanes>>,
}

impl Sums {
    fn clear(&mut self, cells: usize) {
        self.rated.clear();
        self.rated.resize(cells, 0);
        self.beside.clear();
        self.beside.resize(cells, 0);
        self.touches.clear();
        self.touches.resize(cells, 0);
        self.group.clear();
        self.begin_of_group.clear();
    }
}

pub(super) struct Fold<'a> {
    lens: &'a Lens<'a>,
    grouping: &'a Grouping,
    table: &'a RateTable,
    /// The groups of places, when they are grouped.
    group_of_place: Option<&'a [u32]>,
    /// Cells per customer.
    width: usize,
    orders: OrderLens,
    /// So many touches cost less than `i64` holds, whatever their types.
    safe_rows: usize,
}

impl<'a> Fold<'a> {
    pub fn new(lens: &'a Lens<'a>, grouping: &'a Grouping, table: &'a RateTable) -> Self {
        let group_of_place = grouping.of_places();
        let width = if group_of_place.is_some() { grouping.len() } else { 1 };
        let greatest = table.per_touch.iter().copied().max().unwrap_or(0).max(1);
        let safe_rows = (i64::MAX / greatest) as usize;
        let orders = OrderLens::of_all(lens, table.converter.clone());
        Self { lens, grouping, table, group_of_place, width, orders, safe_rows }
    }

    pub fn run(&self) -> State {
        let task = (TASK_CELLS / self.width as u32).max(64);
        let observe = |state: &mut State, part: &Part| self.observe(state, part);
        let mut state = self.lens.snapshot.fold(task, || self.start(), observe, State::merged);
        for tables in self.lens.unidentified() {
            self.observe_nobody(&mut state, tables);
        }
        state.tally.excluded.voided = self.lens.voided(|_| true);
        let foreign = self.table.slots_of(None).filter(|&slot| self.table.is_other_currency(slot));
        state.tally.excluded.other_currency += foreign.map(|slot| state.slots.touches[slot]).sum::<u64>();
        state
    }

    fn start(&self) -> State {
        let groups = if self.grouping.is_asked() { self.grouping.len() } else { 0 };
        // One group more, for customers out of scope: adding there is cheaper than asking.
        let slots = self.table.slots() + self.table.slots_per_group();
        State {
            tally: Tally::default(),
            slots: Slots::new(slots),
            nobody: Slots::new(slots),
            total: Spread { costed: vec![Vec::new()], free: 0 },
            groups: vec![Spread::default(); groups],
            revenue: vec![0; self.grouping.len()],
            sums: Sums::default(),
        }
    }

    fn observe(&self, state: &mut State, part: &Part) {
        let tables = &part.segment.tables;
        let Tables { orders, answers, .. } = tables;
        state.sums.clear(part.customers.len() * self.width);
        let out_of_scope = self.out_of_scope();
        state.sums.group.extend(part.customers.clone().map(|customer| {
            match (self.lens.has_customer(part, customer), self.group_of_place) {
                (false, _) => out_of_scope,
                (true, Some(_)) => 0,
                (true, None) => self.grouping.of(part, customer, 0) as u32,
            }
        }));
        let per_group = self.table.slots_per_group() as u32;
        let Sums { group, begin_of_group, .. } = &mut state.sums;
        begin_of_group.extend(group.iter().map(|group| group * per_group));
        self.touches(state, part, &orders.stem, |_| TouchType::ORDER);
        self.touches(state, part, &answers.stem, |row| AnswerKind::touch_type(answers.kind[row]));
        for other in TOUCHES..TABLES {
            let Others { stem, kind, .. } = tables.others(other);
            self.touches(state, part, stem, |row| TouchType(kind[row]));
        }
        state.take_lanes();
        self.charges(state, part);
        self.revenue(state, part);
        self.count_customers(state, part);
    }

    /// The group of customers out of scope.
    fn out_of_scope(&self) -> u32 {
        (self.table.slots() / self.table.slots_per_group()) as u32
    }

    /// Adds the touches of one table, row by row and without branches: what is out of scope goes to
    /// a slot of its own. Where a customer ends would be a branch that is mistaken every time.
    fn touches(&self, state: &mut State, part: &Part, stem: &Stem, touch_type: impl Fn(usize) -> TouchType) {
        let rows = stem.rows(part.customers.clone());
        let is_simple = self.width == 1 && self.table.epochs.is_empty() && rows.len() <= self.safe_rows;
        let prices = <&[i64; LANE_SLOTS]>::try_from(self.table.per_touch.as_slice());
        let (true, Ok(prices)) = (is_simple, prices) else {
            return self.touches_at_large(state, stem, part.customers.start, rows, touch_type);
        };
        // One comparison for both ends: what is before the beginning wraps around to a great number.
        let from = self.lens.from;
        let length = self.lens.until.max(from).wrapping_sub(from).cast_unsigned();
        let (begins, outside) = (self.table.begin_of_place.as_slice(), self.table.outside);
        let Sums { rated, touches, begin_of_group, lanes, .. } = &mut state.sums;
        let lanes = lanes.get_or_insert_with(|| Box::new([[0; LANE_SLOTS + LANE_GAP]; LANES]));
        let columns = stem.customer[rows.clone()].iter().zip(&stem.at[rows.clone()]);
        let columns = columns.zip(&stem.place[rows.clone()]).zip(rows);
        for (((&customer, &at), &place), row) in columns {
            let its = (customer - part.customers.start) as usize;
            let inside = at.wrapping_sub(from).cast_unsigned() < length;
            let begin = begins[usize::from(place)] as usize;
            let begin = select_unpredictable(inside, begin, outside);
            // Slots are fewer than that: the remainder only tells the compiler.
            let slot = (begin + usize::from(touch_type(row).0)) % LANE_SLOTS;
            lanes[row % LANES][(begin_of_group[its] as usize + slot) % LANE_SLOTS] += 1;
            rated[its] += prices[slot];
            touches[its] += u32::from(slot < outside);
        }
    }

    /// The same for groups of places, for rates that change in range, and for rates so high that
    /// their sums need more than 64 bits.
    fn touches_at_large(
        &self,
        state: &mut State,
        stem: &Stem,
        first: u32,
        rows: Range<usize>,
        touch_type: impl Fn(usize) -> TouchType,
    ) {
        let is_safe = rows.len() <= self.safe_rows;
        let (prices, per_group) = (self.table.per_touch.as_slice(), self.table.slots_per_group());
        for row in rows {
            let place = stem.place[row];
            let slot = self.slot(stem.at[row], place, touch_type(row));
            let customer = (stem.customer[row] - first) as usize;
            let cell = customer * self.width + self.group_of_place(place);
            state.slots.touches[state.sums.group[customer] as usize * per_group + slot] += 1;
            state.sums.touches[cell] += u32::from(slot < self.table.outside);
            match is_safe {
                true => state.sums.rated[cell] += prices[slot],
                false => state.sums.beside[cell] += i128::from(prices[slot]),
            }
        }
    }

    /// Adds minutes and explicit costs.
    fn charges(&self, state: &mut State, part: &Part) {
        let tables = &part.segment.tables;
        let (stems, per_group, out_of_scope) =
            (tables.stems(), self.table.slots_per_group(), self.out_of_scope());
        // The slots of the customer's group, the touch's slot in the first, and the cell of its sum.
        let place_of = |groups: &[u32], touch: TouchRow| {
            let (stem, row) = (stems[touch.table()], touch.row());
            let slot = self.slot(stem.at[row], stem.place[row], tables.touch_type(touch));
            let customer = (stem.customer[row] - part.customers.start) as usize;
            let group = groups[customer];
            let cell = customer * self.width + self.group_of_place(stem.place[row]);
            let counts = slot < self.table.outside && group != out_of_scope;
            counts.then_some((group as usize * per_group, slot, cell))
        };
        let Sums { group, beside, .. } = &mut state.sums;
        for (row, touch) in tables.rows_of(&tables.handling.owner, part.customers.clone()) {
            if let Some((begin, slot, cell)) = place_of(group, touch) {
                beside[cell] += self.minutes(&mut state.slots, tables.handling.seconds[row], begin, slot);
            }
        }
        for (row, touch) in tables.rows_of(&tables.costs.owner, part.customers.clone()) {
            if let Some((begin, slot, cell)) = place_of(group, touch) {
                let at = stems[touch.table()].at[touch.row()];
                let cost = self.explicit(&mut state.slots, (&tables.costs, row), at, begin + slot);
                beside[cell] += cost.unwrap_or(0);
                state.tally.excluded.other_currency += u64::from(cost.is_none());
            }
        }
    }

    /// What time spent costs. `slot` is that of the first group, and `begin` where those of its
    /// group begin.
    #[inline]
    fn minutes(&self, slots: &mut Slots, seconds: u32, begin: usize, slot: usize) -> i128 {
        slots.seconds[begin + slot] += u64::from(seconds);
        i128::from(seconds) * i128::from(self.table.per_minute[slot])
    }

    /// An explicit cost, unless it is of another currency.
    fn explicit(
        &self,
        slots: &mut Slots,
        (costs, row): (&Costs, usize),
        at: i64,
        slot: usize,
    ) -> Option<i128> {
        slots.said[slot] += 1;
        let cost = self.table.explicit(costs, row, at)?;
        slots.explicit[slot] += cost;
        Some(cost)
    }

    /// Adds what orders are worth, and takes off what came back.
    fn revenue(&self, state: &mut State, part: &Part) {
        let (orders, returns) = (&*part.segment.tables.orders, &*part.segment.tables.returns);
        let lens = &self.orders;
        self.amounts(state, part, &orders.stem, |row| match lens.lives(orders, row) {
            true => lens.worth(orders, row),
            false => Some(0),
        });
        self.amounts(state, part, &returns.stem, |row| lens.came_back(returns, row).map(|amount| -amount));
    }

    /// Adds the amounts of one table.
    fn amounts(&self, state: &mut State, part: &Part, stem: &Stem, amount: impl Fn(usize) -> Option<i64>) {
        let out_of_scope = self.out_of_scope();
        let is_grouped = self.grouping.is_asked();
        let mut sum = 0_i128;
        let rows = stem.rows(part.customers.clone());
        let columns = stem.customer[rows.clone()].iter().zip(&stem.at[rows.clone()]);
        let columns = columns.zip(&stem.place[rows.clone()]);
        for (((&customer, &at), &place), row) in columns.zip(rows) {
            let group = state.sums.group[(customer - part.customers.start) as usize];
            if !self.lens.in_range(at) || !self.lens.has_place(place) || group == out_of_scope {
                continue;
            }
            let Some(amount) = amount(row) else {
                state.tally.excluded.other_currency += 1;
                continue;
            };
            if is_grouped {
                let group = if self.width > 1 { self.group_of_place(place) } else { group as usize };
                state.revenue[group] += i128::from(amount);
            } else {
                sum += i128::from(amount);
            }
        }
        state.revenue[0] += sum;
    }

    fn count_customers(&self, state: &mut State, part: &Part) {
        let sums = std::mem::take(&mut state.sums);
        match self.width {
            1 => self.count_whole_customers(state, part, &sums),
            _ => self.count_customers_by_place(state, part, &sums),
        }
        state.sums = sums;
    }

    fn count_whole_customers(&self, state: &mut State, part: &Part, sums: &Sums) {
        let out_of_scope = self.out_of_scope();
        let registered = &part.segment.customers.registered[part.customers.start as usize..];
        let customers = sums.group.iter().zip(registered).zip(&sums.touches);
        for (((&group, &registered), &count), (&rated, &beside)) in
            customers.zip(sums.rated.iter().zip(&sums.beside))
        {
            if group == out_of_scope || count == 0 {
                continue;
            }
            let cost = i128::from(rated) + beside;
            state.total.count(cost);
            if let Some(group) = state.groups.get_mut(group as usize) {
                group.count(cost);
            }
            state.tally.count(u64::from(count), registered);
        }
    }

    fn count_customers_by_place(&self, state: &mut State, part: &Part, sums: &Sums) {
        let cells = sums.touches.chunks(self.width).zip(0..);
        let customers = part.customers.clone().zip(&sums.group).zip(cells);
        for ((customer, &group), (touches, nth)) in customers {
            if group == self.out_of_scope() {
                continue;
            }
            let (mut cost, mut count) = (0, 0);
            for (place_group, &touches) in touches.iter().enumerate().filter(|(_, touches)| **touches > 0) {
                let cell = nth * self.width + place_group;
                let sum = i128::from(sums.rated[cell]) + sums.beside[cell];
                cost += sum;
                count += touches;
                state.groups[place_group].count(sum);
            }
            if count > 0 {
                state.total.count(cost);
                state.tally.count(u64::from(count), part.segment.customers.registered[customer as usize]);
            }
        }
    }

    fn observe_nobody(&self, state: &mut State, tables: &Tables) {
        let stems = tables.stems();
        for (table, stem) in stems.into_iter().enumerate().filter(|(table, _)| *table != RETURNS) {
            for row in self.lens.rows_in_range(stem) {
                let touch_type = tables.touch_type(TouchRow::new(table, row));
                state.nobody.touches[self.slot(stem.at[row], stem.place[row], touch_type)] += 1;
                state.tally.excluded.no_identity += 1;
            }
        }
        let slots = &mut state.nobody;
        let slot = |touch: TouchRow| {
            let (stem, row) = (stems[touch.table()], touch.row());
            let counts = self.lens.in_range(stem.at[row]) && self.lens.has_place(stem.place[row]);
            counts.then(|| self.slot(stem.at[row], stem.place[row], tables.touch_type(touch)))
        };
        for (&touch, &seconds) in tables.handling.owner.iter().zip(&tables.handling.seconds) {
            if let Some(slot) = slot(touch) {
                self.minutes(slots, seconds, 0, slot);
            }
        }
        for (&touch, row) in tables.costs.owner.iter().zip(0..) {
            if let Some(slot) = slot(touch) {
                let at = stems[touch.table()].at[touch.row()];
                self.explicit(slots, (&tables.costs, row), at, slot);
            }
        }
    }

    #[inline]
    fn group_of_place(&self, place: u16) -> usize {
        self.group_of_place.map_or(0, |groups| groups[usize::from(place)] as usize)
    }

    /// The slot of a touchpoint; from [`RateTable::outside`] on for one that is out of scope.
    #[inline]
    fn slot(&self, at: i64, place: u16, touch_type: TouchType) -> usize {
        let table = self.table;
        let inside = self.lens.in_range(at);
        let begin = table.begin_of_place[usize::from(place)] as usize;
        let begin = match table.epochs.is_empty() || begin >= table.outside {
            true => begin,
            false => begin + table.epochs.partition_point(|&e| e <= at) * table.slots_per_epoch(),
        };
        let begin = if inside { begin } else { table.outside };
        begin + usize::from(touch_type.0)
    }
}
