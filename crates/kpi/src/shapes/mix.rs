//! Products and prices: what is sold where, at which price, and how channels differ.

use rustc_hash::FxHashMap;

use crate::engine::dimension::Key;
use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{Params, Seen};
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{KpiError, Scope};
use crate::facts::dictionary::Dictionary;
use crate::facts::fact::TouchType;
use crate::facts::side_tables::{ORDERS, rows_beside};
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::tables::{Lines, NO_CURRENCY, Orders};
use crate::ground::answer::{Basis, Tally};
use crate::ground::definition::{DROP_RETURNED, Definition, MIN_AMOUNT, NO_INTERVAL, Parameter, SINGLE_VIEW};

mod figures;

pub use figures::{AVERAGE_UNIT_PRICE, DISCOUNT_SHARE, LINE_REVENUE, UNITS_SOLD};

const ASKED: &[Parameter] = &[MIN_AMOUNT, DROP_RETURNED];

/// A line of an order.
struct Sold {
    item: u32,
    /// Thousandths.
    quantity: i64,
    /// Minor units of the question's currency, of all of it; `None` where it says no price that can
    /// be converted.
    revenue: Option<i64>,
    /// Whether it says a price that cannot be.
    unconverted: bool,
}

/// The lines of an order.
fn sold(seen: &Seen, order: &Mark) -> impl Iterator<Item = Sold> {
    let (lines, at, orders) = (&seen.tables.lines, order.at, seen.cx.orders);
    seen.lines_of(order).map(move |row| line(lines, row, at, orders))
}

/// A line of an order of that time.
#[inline]
fn line(lines: &Lines, row: usize, at: i64, orders: &OrderLens) -> Sold {
    let (currency, quantity) = (lines.currency[row], lines.quantity[row].milli());
    let price = match currency {
        NO_CURRENCY => None,
        _ => orders.converted(lines.price.get(row), currency, at),
    };
    let unconverted = price.is_none() && currency != NO_CURRENCY;
    Sold {
        item: lines.item[row],
        quantity,
        revenue: price.map(|price| revenue(price, quantity)),
        unconverted,
    }
}

/// Of so many thousandths, rounded to the minor unit.
fn revenue(price: i64, quantity: i64) -> i64 {
    match price.checked_mul(quantity).and_then(|exact| exact.checked_add(500)) {
        Some(exact) => exact.div_euclid(1_000),
        None => {
            let exact = i128::from(price) * i128::from(quantity);
            i64::try_from((exact + 500).div_euclid(1_000)).unwrap_or(i64::MAX)
        }
    }
}

/// What was taken off an order's lines: item and minor units of the question's currency; `None` where
/// that cannot be converted.
fn discounts(seen: &Seen, order: &Mark) -> impl Iterator<Item = (u32, Option<i64>)> {
    let (table, at, orders) = (&seen.tables.discounts, order.at, seen.cx.orders);
    seen.beside(&table.owner, order)
        .map(move |row| (table.item[row], orders.converted(table.discount.get(row), table.currency[row], at)))
}

/// The table of categories and channels.
pub const PRODUCT_MIX: Definition = Definition {
    rpc: "ComputeProductMix",
    ..Definition::scalar(
        "product_mix",
        "Product and price mix",
        "a table",
        "By category and channel: units_sold, line_revenue, average_unit_price, discount_share, and the \
         price index: the revenue of what was sold here over what it would have been at the average price of \
         each product by all channels; 1 is the price of everywhere. Products without a name, and those that \
         one channel alone sells, say nothing of it.",
    )
    .with(NO_INTERVAL, "A price index is absent without a product that another channel sells too.")
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(ASKED)
};

/// Products by channel of one question.
pub const CELLS_LIMIT: usize = 1_000_000;

/// What one category sold by one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// `None`: of no category.
    pub category: Option<String>,
    pub channel: String,
    pub sales: Sales,
    /// Prices against those of all channels: the revenue of what was sold here over what it would
    /// have been at the average price of each product by all channels. 1: as elsewhere. Products
    /// without a name, and those that only this channel sells, say nothing.
    pub price_index: Option<f64>,
}

/// Sums of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sales {
    /// Thousandths, of all lines.
    pub units: i64,
    /// Thousandths, of the lines with a price.
    pub priced: i64,
    /// Minor units.
    pub revenue: i64,
    /// Minor units.
    pub discount: i64,
}

impl Sales {
    fn add(&mut self, other: &Self) {
        self.units = self.units.saturating_add(other.units);
        self.priced = self.priced.saturating_add(other.priced);
        self.revenue = self.revenue.saturating_add(other.revenue);
        self.discount = self.discount.saturating_add(other.discount);
    }

    /// Minor units for one unit; `None` without a priced one.
    #[must_use]
    pub fn average_price(&self) -> Option<f64> {
        (self.priced != 0).then(|| self.revenue as f64 * 1_000.0 / self.priced as f64)
    }

    /// Of the price before discounts; `None` when that is nothing.
    #[must_use]
    pub fn discount_share(&self) -> Option<f64> {
        let before = self.revenue.saturating_add(self.discount);
        (before != 0).then(|| self.discount as f64 / before as f64)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub total: Sales,
    /// By category, those of none last, and channel.
    pub cells: Vec<Cell>,
}

struct State {
    tally: Tally,
    /// By item and channel; empty when there are too many pairs.
    dense: Vec<Sales>,
    /// Which of them any line or discount is of.
    known: Vec<bool>,
    /// How many channels there are.
    width: usize,
    /// The same for pairs that are not in `dense`.
    sparse: FxHashMap<Key, Sales>,
}

impl State {
    fn new(names: &Dictionary) -> Self {
        let width = names.channels.len();
        let pairs = (names.items().len() + 1).saturating_mul(width);
        let pairs = if pairs <= DENSE { pairs } else { 0 };
        let (dense, known) = (vec![Sales::default(); pairs], vec![false; pairs]);
        Self { tally: Tally::default(), dense, known, width, sparse: FxHashMap::default() }
    }

    /// `None` once there are more than may be answered.
    #[inline]
    fn of(&mut self, item: u32, channel: u32) -> Option<&mut Sales> {
        let nth = item as usize * self.width + channel as usize;
        if let Some(sales) = self.dense.get_mut(nth) {
            self.known[nth] = true;
            return Some(sales);
        }
        match self.sparse.len() > CELLS_LIMIT {
            true => self.sparse.get_mut(&[item, channel]),
            false => Some(self.sparse.entry([item, channel]).or_default()),
        }
    }

    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.dense.iter_mut().zip(&other.dense).for_each(|(mine, theirs)| mine.add(theirs));
        self.known.iter_mut().zip(&other.known).for_each(|(mine, theirs)| *mine |= theirs);
        for (&[item, channel], sales) in &other.sparse {
            self.of(item, channel).into_iter().for_each(|sum| sum.add(sales));
        }
        self
    }

    /// Everything that was sold, by item and channel.
    fn all(&self) -> Vec<(Key, Sales)> {
        let key = |nth: usize| [(nth / self.width) as u32, (nth % self.width) as u32];
        let dense = self.dense.iter().zip(&self.known).enumerate().filter(|(_, (_, known))| **known);
        let dense = dense.map(|(nth, (&sales, _))| (key(nth), sales));
        let mut all: Vec<(Key, Sales)> = dense.chain(self.sparse.iter().map(|(&k, &s)| (k, s))).collect();
        // Sums of fractions are the same however they came about.
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

/// So many pairs of an item and a channel have a place each, known or not: 33 bytes.
const DENSE: usize = 1 << 16;

/// What every category sold by every channel.
///
/// # Errors
/// When the question is malformed, adds several currencies, or has too many products.
pub fn compute(snapshot: &Snapshot, scope: &Scope, params: &Params) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, scope)?;
    if scope.currency.is_none() && snapshot.dictionary.currencies().len() > 1 {
        return Err(KpiError::CurrencyRequired);
    }
    let orders = OrderLens::new(&lens, &params.orders)?;
    let names = &*snapshot.dictionary;
    let channels: Vec<u32> = names.places().iter().map(|place| place.channel).collect();
    let of = Sells { lens: &lens, orders: &orders, channels: &channels };
    let start = || State::new(names);
    let observe = |state: &mut State, part: &Part| of.observe(state, part);
    let mut state = snapshot.fold(TASK_CUSTOMERS, start, observe, State::merged);
    let sold = state.all();
    if sold.len() > CELLS_LIMIT {
        return Err(KpiError::TooMany { what: "products by channel", limit: CELLS_LIMIT });
    }
    let nobody =
        |tables: &crate::facts::tables::Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
    state.tally.excluded.no_identity = lens.unidentified().map(nobody).sum();
    state.tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
    Ok(answer(&lens, &state.tally, &sold))
}

/// Reads lines and discounts row by row, with the orders that they stand beside.
struct Sells<'a> {
    lens: &'a Lens<'a>,
    orders: &'a OrderLens,
    /// By place.
    channels: &'a [u32],
}

impl Sells<'_> {
    fn observe(&self, state: &mut State, part: &Part) {
        let tables = &part.segment.tables;
        let (orders, lines, discounts) = (&*tables.orders, &*tables.lines, &*tables.discounts);
        let ordered = orders.stem.rows(part.customers.clone());
        let (all, mut counted, mut last) = (self.lens.has_every_customer(part), Tally::default(), None);
        // Orders of which a line or discount is left out.
        let mut unconverted: Vec<usize> = Vec::new();
        for row in rows_beside(&lines.owner, ORDERS, ordered.clone()) {
            let order = lines.owner[row].row();
            let customer = orders.stem.customer[order];
            let Some(channel) = self.channel(orders, order) else { continue };
            if !all && !self.lens.has_customer(part, customer) {
                continue;
            }
            let sold = line(lines, row, orders.stem.at[order], self.orders);
            if sold.unconverted {
                unconverted.push(order);
            }
            let Some(sales) = state.of(sold.item, channel) else { continue };
            sales.units = sales.units.saturating_add(sold.quantity);
            if let Some(revenue) = sold.revenue {
                sales.priced = sales.priced.saturating_add(sold.quantity);
                sales.revenue = sales.revenue.saturating_add(revenue);
            }
            counted.customers += u64::from(last.replace(customer) != Some(customer));
            counted.touchpoints += 1;
            let registered = part.segment.customers.registered[customer as usize];
            counted.registered_touchpoints += u64::from(registered);
        }
        state.tally.merge(&counted);
        for row in rows_beside(&discounts.owner, ORDERS, ordered) {
            let order = discounts.owner[row].row();
            let (off, currency, at) =
                (discounts.discount.get(row), discounts.currency[row], orders.stem.at[order]);
            let customer = orders.stem.customer[order];
            let channel = self.channel(orders, order).filter(|_| self.lens.has_customer(part, customer));
            let Some(channel) = channel else { continue };
            let Some(discount) = self.orders.converted(off, currency, at) else {
                unconverted.push(order);
                continue;
            };
            let sales = state.of(discounts.item[row], channel);
            sales.into_iter().for_each(|sales| sales.discount = sales.discount.saturating_add(discount));
        }
        unconverted.sort_unstable();
        unconverted.dedup();
        state.tally.excluded.other_currency += unconverted.len() as u64;
        let excluded = self.orders.excluded(self.lens, part);
        state.tally.merge(&Tally { excluded, ..Tally::default() });
    }

    /// By which channel an order was made that is counted.
    #[inline]
    fn channel(&self, orders: &Orders, row: usize) -> Option<u32> {
        let (at, place) = (orders.stem.at[row], orders.stem.place[row]);
        let counts = self.lens.in_range(at) && self.lens.has_place(place) && self.orders.counts(orders, row);
        counts.then(|| self.channels[usize::from(place)])
    }
}

/// Revenue of products that are sold elsewhere too, and what it would be at average prices.
#[derive(Default)]
struct Index {
    here: f64,
    average: f64,
}

fn answer(lens: &Lens, tally: &Tally, sold: &[(Key, Sales)]) -> Answer {
    let snapshot = lens.snapshot;
    let (names, items) = (&snapshot.dictionary, snapshot.dictionary.items());
    // By item: what all channels sold, and how many did.
    let mut by_item = vec![(Sales::default(), 0_usize); items.len() + 1];
    let mut total = Sales::default();
    for ([item, _], sales) in sold {
        let (all, channels) = &mut by_item[*item as usize];
        all.add(sales);
        *channels += usize::from(sales.priced > 0);
        total.add(sales);
    }
    let mut cells: FxHashMap<(Option<u32>, u32), (Sales, Index)> = FxHashMap::default();
    for &([item, channel], ref sales) in sold {
        let pair = items.pair(item);
        let category = pair.map(|(_, category)| category).filter(|&category| items.text(category).is_some());
        let (cell, index) = cells.entry((category, channel)).or_default();
        cell.add(sales);
        let (all, channels) = &by_item[item as usize];
        let is_named = pair.is_some_and(|(product, _)| items.text(product).is_some());
        if let Some(average) = all.average_price().filter(|_| is_named && *channels > 1) {
            index.here += sales.revenue as f64;
            index.average += average * sales.priced as f64 / 1_000.0;
        }
    }
    let cell = |((category, channel), (sales, index)): ((Option<u32>, u32), (Sales, Index))| Cell {
        category: category.and_then(|category| items.text(category)).map(str::to_owned),
        channel: names.channels.name(channel).to_owned(),
        sales,
        price_index: (index.average > 0.0).then(|| index.here / index.average),
    };
    let mut cells: Vec<Cell> = cells.into_iter().map(cell).collect();
    cells.sort_by(|a, b| {
        let key = |cell: &Cell| (cell.category.is_none(), cell.category.clone(), cell.channel.clone());
        key(a).cmp(&key(b))
    });
    Answer { basis: tally.basis(snapshot.revision, lens.observation(), snapshot.folded), total, cells }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(pairs: usize) -> State {
        let (dense, known) = (vec![Sales::default(); pairs], vec![false; pairs]);
        State { tally: Tally::default(), dense, known, width: 3, sparse: FxHashMap::default() }
    }

    #[test]
    fn products_are_added_up_alike_however_many_there_are() {
        let sold = |pairs: usize, from: u32| {
            let mut state = state(pairs);
            for n in from..from + 40 {
                let sales = Sales { units: i64::from(n), revenue: -i64::from(n % 5), ..Sales::default() };
                state.of(n * 7 % 11, n % 3).unwrap().add(&sales);
            }
            state
        };
        let all = |pairs: usize| sold(pairs, 0).merged(sold(pairs, 25)).all();
        assert_eq!(all(0), all(33), "none has a place of its own, or all have");
        assert_eq!(all(0), all(16), "some have");
        assert_eq!(all(0).len(), 33);
    }

    #[test]
    fn more_than_may_be_answered_are_not_kept() {
        let mut state = state(0);
        let kept = (0..CELLS_LIMIT as u32 + 10).filter(|&item| state.of(item, 0).is_some()).count();
        assert_eq!((kept, state.all().len()), (CELLS_LIMIT + 1, CELLS_LIMIT + 1));
        assert!(state.of(3, 0).is_some(), "known ones are added to");
    }
}
