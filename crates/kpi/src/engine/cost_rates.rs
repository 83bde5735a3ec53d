//! What touchpoints cost: rates by channel, type and time.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::lens::Lens;
use crate::engine::scope::{KpiError, RATE_LIMIT_MICROS};
use crate::facts::fact::TouchType;
use crate::facts::tables::NO_CURRENCY;
use crate::ground::money::{Converter, ExchangeRate, worth_micros};
use customer360_model::{ActivityType, Currency, Micros};

/// What touching costs from a moment on. One that names the type goes before one that does not;
/// among equals the latest that was effective when the touchpoint happened holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostRate {
    pub channel: String,
    /// `None`: every type without a rate of its own.
    pub activity_type: Option<ActivityType>,
    pub currency: Currency,
    /// Millionths of a currency unit per touchpoint.
    pub per_touch_micros: i64,
    /// Millionths of a currency unit per minute of handling time.
    pub per_minute_micros: i64,
    pub from: Micros,
}

/// The currency of the answer: the scope's, or the only one that has a cost: of facts, or of `others`.
pub(crate) fn currency_in_scope(
    lens: &Lens,
    others: impl IntoIterator<Item = Currency>,
) -> Result<Option<Currency>, KpiError> {
    if lens.scope.currency.is_some() {
        return Ok(lens.scope.currency);
    }
    let names = &lens.snapshot.dictionary;
    let mut said = [false; NO_CURRENCY as usize + 1];
    let segments = lens.snapshot.segments.iter().map(|live| &live.segment.tables);
    let all = segments.chain(lens.snapshot.unidentified.iter().map(AsRef::as_ref));
    for currency in all.flat_map(|tables| &tables.costs.currency) {
        said[usize::from(*currency)] = true;
    }
    let explicit = names.currencies().iter().zip(said).filter(|(_, said)| *said).map(|(c, _)| *c);
    let mut currencies: Vec<Currency> = explicit.chain(others).collect();
    currencies.sort_unstable();
    currencies.dedup();
    match currencies.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        _ => Err(KpiError::CurrencyRequired),
    }
}

/// What holds for a touchpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    None,
    OtherCurrency,
    /// Millionths of a currency unit per touchpoint and per minute.
    Of(i64, i64),
}

/// What holds at a time, in the answer's currency by the exchange rate of that time.
pub(crate) fn rate_at(
    rates: &[CostRate],
    channel: &str,
    touch_type: TouchType,
    at: i64,
    (currency, exchange): (Option<Currency>, &[ExchangeRate]),
) -> Rate {
    let own = Some(touch_type.activity_type());
    let holds = |rate: &&CostRate| {
        rate.channel == channel
            && rate.from.0 <= at
            && (rate.activity_type.is_none() || rate.activity_type == own)
    };
    let best = rates.iter().filter(holds).max_by_key(|rate| (rate.activity_type.is_some(), rate.from));
    let Some(rate) = best else { return Rate::None };
    let worth = |micros: i64| {
        let worth = worth_micros(exchange, (micros, rate.currency), currency?, at)?;
        Some(worth).filter(|worth| *worth <= RATE_LIMIT_MICROS)
    };
    match (worth(rate.per_touch_micros), worth(rate.per_minute_micros)) {
        (Some(touch), Some(minute)) => Rate::Of(touch, minute),
        _ => Rate::OtherCurrency,
    }
}

/// When what holds may change: a rate begins, or the exchange rate of one of another currency does.
pub(crate) fn changes(
    rates: &[CostRate],
    (currency, exchange): (Option<Currency>, &[ExchangeRate]),
) -> Vec<i64> {
    let converts = |change: &&ExchangeRate| {
        Some(change.to) == currency
            && change.from != change.to
            && rates.iter().any(|rate| rate.currency == change.from && rate.from < change.since)
    };
    let exchanged = exchange.iter().filter(converts).map(|change| change.since.0);
    let mut all: Vec<i64> = rates.iter().map(|rate| rate.from.0).chain(exchanged).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What touchpoints cost, by place, type and time.
#[derive(Default)]
pub(crate) struct Costs {
    pub converter: Converter,
    pub micros_per_minor: i64,
    has_currency: bool,
    epochs: Vec<i64>,
    /// By channel, type and epoch: sixtieths of a millionth per touch, and per second.
    rates: FxHashMap<(u32, TouchType, usize), (i64, i64)>,
    /// Those of another currency that cannot be converted.
    unconverted: FxHashSet<(u32, TouchType, usize)>,
}

impl Costs {
    /// # Errors
    /// When costs are in several currencies and the scope names none.
    pub fn new(lens: &Lens, rates: &[CostRate]) -> Result<Self, KpiError> {
        let currency: Option<Currency> = currency_in_scope(lens, rates.iter().map(|rate| rate.currency))?;
        let exchange = (currency, lens.scope.rates.as_slice());
        let epochs = changes(rates, exchange);
        let names = &*lens.snapshot.dictionary;
        let (mut table, mut unconverted) = (FxHashMap::default(), FxHashSet::default());
        for (channel, kind) in (0..names.channels.len() as u32)
            .flat_map(|channel| (0..TouchType::COUNT as u8).map(move |kind| (channel, TouchType(kind))))
        {
            for (epoch, &since) in epochs.iter().enumerate() {
                match rate_at(rates, names.channels.name(channel), kind, since, exchange) {
                    Rate::None => {}
                    Rate::OtherCurrency => {
                        unconverted.insert((channel, kind, epoch + 1));
                    }
                    Rate::Of(touch, minute) => {
                        table.insert((channel, kind, epoch + 1), (touch * 60, minute));
                    }
                }
            }
        }
        Ok(Self {
            converter: Converter::new(&lens.scope.rates, currency, names.currencies()),
            micros_per_minor: currency.map_or(1, |currency| currency.micros_per_minor()),
            has_currency: currency.is_some(),
            epochs,
            rates: table,
            unconverted,
        })
    }

    /// Whether there is one currency that costs are in.
    pub fn is_known(&self) -> bool {
        self.has_currency
    }

    pub fn rate(&self, channel: u32, kind: TouchType, at: i64) -> (i64, i64) {
        self.rates.get(&self.epoch(channel, kind, at)).copied().unwrap_or((0, 0))
    }

    /// Whether what holds is a rate that cannot be converted.
    pub fn is_unconverted(&self, channel: u32, kind: TouchType, at: i64) -> bool {
        !self.unconverted.is_empty() && self.unconverted.contains(&self.epoch(channel, kind, at))
    }

    fn epoch(&self, channel: u32, kind: TouchType, at: i64) -> (u32, TouchType, usize) {
        let kind = if kind == TouchType::REFUSED_ORDER { TouchType::ORDER } else { kind };
        (channel, kind, self.epochs.partition_point(|&since| since <= at))
    }
}
