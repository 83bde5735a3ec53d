//! Which orders count, and what they are worth.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::lens::Lens;
use crate::engine::scope::{CancelledOrders, KpiError, OrderOptions};
use crate::facts::lives::Lives;
use crate::facts::snapshot::{Part, Snapshot};
use crate::facts::stem::Stem;
use crate::facts::tables::{NEVER_ORDERED, Orders, Returns, Tables};
use crate::ground::answer::Excluded;
use crate::ground::money::Converter;
use customer360_model::objects::Is;

/// Which orders count.
pub(crate) struct OrderLens {
    observed: i64,
    /// Into the scope's currency; `None`: any will do.
    rates: Option<Converter>,
    min_amount: i64,
    /// Keys of fully returned orders.
    returned: Option<FxHashSet<u64>>,
    /// Whether anything became of any order: some were told again, or cancelled.
    has_lives: bool,
    /// Whether cancelled orders count.
    counts_cancelled: bool,
}

/// Why an order does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    OtherCurrency,
    BelowMinAmount,
    FullyReturned,
    ToldAgain,
    Cancelled,
}

impl OrderLens {
    pub fn new(lens: &Lens, options: &OrderOptions) -> Result<Self, KpiError> {
        let names = &*lens.snapshot.dictionary;
        if options.min_amount_minor > 0 && lens.scope.currency.is_none() && names.currencies().len() > 1 {
            return Err(KpiError::CurrencyRequired);
        }
        let mut all = Self {
            observed: lens.observed,
            rates: lens
                .scope
                .currency
                .map(|into| Converter::new(&lens.scope.rates, Some(into), names.currencies())),
            min_amount: options.min_amount_minor,
            returned: None,
            has_lives: lens.snapshot.has_lives(),
            counts_cancelled: options.cancelled == CancelledOrders::Count,
        };
        all.returned = options.drop_fully_returned.then(|| all.fully_returned(lens));
        Ok(all)
    }

    /// Of orders of any amount, converted so.
    pub fn of_all(lens: &Lens, rates: Converter) -> Self {
        Self {
            observed: lens.observed,
            rates: Some(rates),
            min_amount: 0,
            returned: None,
            has_lives: lens.snapshot.has_lives(),
            counts_cancelled: false,
        }
    }

    /// Whether an order was not told before and not cancelled.
    #[inline]
    pub fn lives(&self, orders: &Orders, row: usize) -> bool {
        !orders.lives.has(row) || self.end(orders, row).is_none()
    }

    /// Whether an order counts as one, wherever it was made, and is observed.
    #[inline]
    pub fn counts(&self, orders: &Orders, row: usize) -> bool {
        orders.stem.at[row] < self.observed && (self.admits_all() || self.refusal(orders, row).is_none())
    }

    /// What an order that counts is worth, in minor units of the scope's currency.
    #[inline]
    pub fn amount(&self, orders: &Orders, row: usize) -> i64 {
        self.worth(orders, row).unwrap_or(0)
    }

    /// `None` when it is in another currency and no rate is known for its date.
    #[inline]
    pub fn worth(&self, orders: &Orders, row: usize) -> Option<i64> {
        let amount = orders.amount.get(row) - self.off(&orders.lives, row);
        self.converted(amount, orders.currency[row], orders.stem.at[row])
    }

    /// What cancellations took off an order, or a cancelled order off a return.
    #[inline]
    fn off(&self, lives: &Lives, row: usize) -> i64 {
        match self.counts_cancelled || !lives.has(row) {
            true => 0,
            false => self.known_off(lives, row).map(|(_, minor)| minor).sum(),
        }
    }

    fn known_off<'l>(&self, lives: &'l Lives, row: usize) -> impl Iterator<Item = (i64, i64)> + use<'l> {
        let observed = self.observed;
        lives.of(row).iter().filter_map(|life| life.off).filter(move |(at, _)| *at < observed)
    }

    /// Whether a return takes anything off what orders are worth: not one that was told before, of an
    /// order that is not known, or of one of nobody.
    #[inline]
    pub fn takes_off(&self, returns: &Returns, row: usize) -> bool {
        !returns.lives.has(row) || returns.lives.of(row).iter().all(|life| life.is == Is::Itself)
    }

    /// What a return takes off what its customer's orders are worth: at the rates of the date of its
    /// order, so that what came back of one in parts adds up to what came back at once. `None` as for
    /// orders.
    pub fn came_back(&self, returns: &Returns, row: usize) -> Option<i64> {
        if !self.takes_off(returns, row) {
            return Some(0);
        }
        let (currency, ordered) = (returns.currency[row], returns.ordered[row]);
        let at = if ordered == NEVER_ORDERED { returns.stem.at[row] } else { ordered };
        let (before, off) = (returns.before.get(row), self.off(&returns.lives, row));
        let upto = self.converted(before.saturating_add(returns.amount.get(row)), currency, at)?;
        Some(upto - self.converted(before.saturating_add(off), currency, at)?)
    }

    /// What an amount said by a touchpoint of that time is worth, as for orders.
    pub fn converted(&self, amount: i64, currency: u8, at: i64) -> Option<i64> {
        match &self.rates {
            Some(rates) => rates.convert(amount, currency, at),
            None => Some(amount),
        }
    }

    /// Counts the orders in scope and in range of a part that do not count, by reason.
    pub fn excluded(&self, lens: &Lens, part: &Part) -> Excluded {
        let mut excluded = Excluded::default();
        if self.admits_all() {
            return excluded;
        }
        let orders = &part.segment.tables.orders;
        for row in orders.stem.rows(part.customers.clone()) {
            let in_scope = lens.in_range(orders.stem.at[row])
                && lens.has_place(orders.stem.place[row])
                && lens.has_customer(part, orders.stem.customer[row]);
            match self.refusal(orders, row) {
                _ if !in_scope => {}
                None => {}
                Some(Refusal::OtherCurrency) => excluded.other_currency += 1,
                Some(Refusal::BelowMinAmount) => excluded.below_min_amount += 1,
                Some(Refusal::FullyReturned) => excluded.fully_returned += 1,
                Some(Refusal::ToldAgain) => excluded.told_again += 1,
                Some(Refusal::Cancelled) => excluded.cancelled += 1,
            }
        }
        excluded
    }

    /// Whether every order counts as one.
    #[inline]
    pub fn admits_all(&self) -> bool {
        self.rates.is_none() && self.min_amount <= 0 && self.returned.is_none() && !self.has_lives
    }

    fn refusal(&self, orders: &Orders, row: usize) -> Option<Refusal> {
        if orders.lives.has(row)
            && let Some(end) = self.end(orders, row)
        {
            return Some(end);
        }
        let Some(worth) = self.worth(orders, row) else { return Some(Refusal::OtherCurrency) };
        if worth < self.min_amount {
            return Some(Refusal::BelowMinAmount);
        }
        let returned = self.returned.as_ref().is_some_and(|keys| keys.contains(&orders.key[row]));
        returned.then_some(Refusal::FullyReturned)
    }

    /// Why an order of which anything became is none.
    fn end(&self, orders: &Orders, row: usize) -> Option<Refusal> {
        if orders.lives.of(row).iter().any(|life| life.is != Is::Itself) {
            return Some(Refusal::ToldAgain);
        }
        (!self.counts_cancelled && self.is_cancelled(orders, row)).then_some(Refusal::Cancelled)
    }

    /// Whether all of an order was cancelled before the end of the observation.
    fn is_cancelled(&self, orders: &Orders, row: usize) -> bool {
        let off: Vec<i64> = self.known_off(&orders.lives, row).map(|(_, minor)| minor).collect();
        !off.is_empty() && off.iter().sum::<i64>() >= orders.amount.get(row)
    }

    /// Keys of orders of which at least what was not cancelled came back, in the order's currency, by
    /// anyone.
    fn fully_returned(&self, lens: &Lens) -> FxHashSet<u64> {
        let mut back: FxHashMap<(u64, u8), i128> = FxHashMap::default();
        each_living(lens.snapshot, |tables, row_lives| {
            let returns = &tables.returns;
            for row in 0..returns.stem.len() {
                let counts = returns.key[row] != 0
                    && returns.stem.at[row] < lens.observed
                    && returns.lives.of(row).iter().all(|life| matches!(life.is, Is::Itself | Is::OfNobody));
                if counts && row_lives(&returns.stem, row) {
                    let amount = returns.amount.get(row) - self.off(&returns.lives, row);
                    *back.entry((returns.key[row], returns.currency[row])).or_default() += i128::from(amount);
                }
            }
        });
        let mut keys = FxHashSet::default();
        each_living(lens.snapshot, |tables, _| {
            let orders = &tables.orders;
            for row in 0..orders.stem.len() {
                let left = i128::from(orders.amount.get(row) - self.off(&orders.lives, row));
                let amount = back.get(&(orders.key[row], orders.currency[row]));
                let is_order = orders.lives.of(row).iter().all(|life| life.is == Is::Itself);
                if is_order && amount.is_some_and(|&amount| amount >= left) {
                    keys.insert(orders.key[row]);
                }
            }
        });
        keys
    }
}

/// All tables of a snapshot, with a way to tell rows of living customers.
fn each_living(snapshot: &Snapshot, mut visit: impl FnMut(&Tables, &dyn Fn(&Stem, usize) -> bool)) {
    for live in &snapshot.segments {
        visit(&live.segment.tables, &|stem, row| !live.dead.contains(stem.customer[row]));
    }
    for tables in &snapshot.unidentified {
        visit(tables, &|_, _| true);
    }
}
