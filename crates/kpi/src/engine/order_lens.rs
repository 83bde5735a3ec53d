//! Which orders count, and what they are worth.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::lens::Lens;
use crate::engine::scope::{KpiError, OrderOptions};
use crate::facts::snapshot::{Part, Snapshot};
use crate::facts::stem::Stem;
use crate::facts::tables::{Orders, Tables};
use crate::ground::answer::Excluded;
use crate::ground::money::Converter;

/// Which orders count.
pub(crate) struct OrderLens {
    observed: i64,
    /// Into the scope's currency; `None`: any will do.
    rates: Option<Converter>,
    min_amount: i64,
    /// Keys of fully returned orders.
    returned: Option<FxHashSet<u64>>,
}

/// Why an order does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    OtherCurrency,
    BelowMinAmount,
    FullyReturned,
}

impl OrderLens {
    pub fn new(lens: &Lens, options: &OrderOptions) -> Result<Self, KpiError> {
        let names = &*lens.snapshot.dictionary;
        if options.min_amount_minor > 0 && lens.scope.currency.is_none() && names.currencies().len() > 1 {
            return Err(KpiError::CurrencyRequired);
        }
        Ok(Self {
            observed: lens.observed,
            rates: lens
                .scope
                .currency
                .map(|into| Converter::new(&lens.scope.rates, Some(into), names.currencies())),
            min_amount: options.min_amount_minor,
            returned: options.drop_fully_returned.then(|| fully_returned(lens)),
        })
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
    fn worth(&self, orders: &Orders, row: usize) -> Option<i64> {
        self.converted(orders.amount.get(row), orders.currency[row], orders.stem.at[row])
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
            }
        }
        excluded
    }

    /// Whether every order counts as one.
    #[inline]
    pub fn admits_all(&self) -> bool {
        self.rates.is_none() && self.min_amount <= 0 && self.returned.is_none()
    }

    fn refusal(&self, orders: &Orders, row: usize) -> Option<Refusal> {
        let Some(worth) = self.worth(orders, row) else { return Some(Refusal::OtherCurrency) };
        if worth < self.min_amount {
            return Some(Refusal::BelowMinAmount);
        }
        let returned = self.returned.as_ref().is_some_and(|keys| keys.contains(&orders.key[row]));
        returned.then_some(Refusal::FullyReturned)
    }
}

/// Keys of orders of which at least the amount came back, in the order's currency, by anyone.
fn fully_returned(lens: &Lens) -> FxHashSet<u64> {
    let mut back: FxHashMap<(u64, u8), i128> = FxHashMap::default();
    each_living(lens.snapshot, |tables, row_lives| {
        let returns = &tables.returns;
        for row in 0..returns.stem.len() {
            let linked = returns.key[row] != 0 && returns.stem.at[row] < lens.observed;
            if linked && row_lives(&returns.stem, row) {
                *back.entry((returns.key[row], returns.currency[row])).or_default() +=
                    i128::from(returns.amount.get(row));
            }
        }
    });
    let mut keys = FxHashSet::default();
    each_living(lens.snapshot, |tables, _| {
        let orders = &tables.orders;
        for row in 0..orders.stem.len() {
            let amount = back.get(&(orders.key[row], orders.currency[row]));
            if amount.is_some_and(|&amount| amount >= i128::from(orders.amount.get(row))) {
                keys.insert(orders.key[row]);
            }
        }
    });
    keys
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
