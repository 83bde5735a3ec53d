//! Rates as a table: what a touchpoint of a type at a place costs at a time.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::fold::{LANE_SLOTS, Slots};
use super::{Capacity, CapacityUse, Cost, Question};
use crate::engine::cost_rates::{CostRate, Rate, changes, rate_at};
use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::scope::{CELLS_LIMIT, KpiError, RATE_LIMIT_MICROS};
use crate::facts::fact::TouchType;
use crate::facts::side_tables::TouchRow;
use crate::facts::stem::Stem;
use crate::facts::tables::{Costs, Tables};
use crate::ground::answer::Ratio;
use crate::ground::money::Converter;
use customer360_model::{Currency, Micros, Phase, TimeRange};

/// Touchpoints with the same rate, channel, type and group share a slot:
/// `group * slots_per_group + (epoch * classes + class) * TouchType::COUNT + type`, where a class is
/// a channel, or a channel and a group when places are grouped; `group` counts groups of customers.
/// Each group ends with slots for touchpoints out of scope.
pub(super) struct RateTable {
    /// Sixtieths of a millionth per touchpoint, by slot of the first group; 0 without a rate. Exactly
    /// [`LANE_SLOTS`] of them when those of all groups fit.
    pub per_touch: Vec<i64>,
    /// Millionths per minute, by slot of the first group; 0 without a rate.
    pub per_minute: Vec<i64>,
    rates: Vec<Rate>,
    /// Where the second and later epochs begin: within an epoch no rate changes.
    pub epochs: Vec<i64>,
    /// Where the slots of a place begin in the first epoch; [`Self::outside`] for one out of scope.
    pub begin_of_place: Vec<u32>,
    /// Where the slots of a group end that count; those of touchpoints out of scope follow.
    pub outside: usize,
    /// By class: the channel's name and the group.
    classes: Vec<(String, u32)>,
    /// Whether groups are of places.
    by_place: bool,
    customer_groups: usize,
    pub micros_per_minor: i64,
    /// Into the answer's currency.
    pub converter: Converter,
}

impl RateTable {
    pub fn new(
        lens: &Lens,
        grouping: &Grouping,
        rates: &[CostRate],
        currency: Option<Currency>,
    ) -> Result<Self, KpiError> {
        let in_range = |micros: i64| (0..=RATE_LIMIT_MICROS).contains(&micros);
        if !rates.iter().all(|rate| in_range(rate.per_touch_micros) && in_range(rate.per_minute_micros)) {
            return Err(KpiError::RateOutOfRange);
        }
        let names = &*lens.snapshot.dictionary;
        let by_place = grouping.of_places();
        let mut classes: Vec<(String, u32)> = Vec::new();
        let mut numbers = FxHashMap::default();
        let class_of_place = names.places().iter().enumerate().map(|(place, at)| {
            let group = by_place.map_or(0, |groups| groups[place]);
            *numbers.entry((at.channel, group)).or_insert_with(|| {
                classes.push((names.channels.name(at.channel).to_owned(), group));
                classes.len() as u32 - 1
            })
        });
        let class_of_place: Vec<u32> = class_of_place.collect();
        let exchange = (currency, lens.scope.rates.as_slice());
        let mut epochs = changes(rates, exchange);
        epochs.retain(|&at| lens.from < at && at < lens.until);
        let customer_groups = if by_place.is_some() { 1 } else { grouping.len() };
        let per_group = (epochs.len() + 1) * classes.len() * TouchType::COUNT;
        if per_group.saturating_mul(customer_groups) > CELLS_LIMIT {
            return Err(KpiError::TooManyCells);
        }
        let outside = std::iter::repeat_n(Rate::None, TouchType::COUNT);
        let table: Vec<Rate> = (0..per_group)
            .map(|slot| {
                let touch_type = TouchType((slot % TouchType::COUNT) as u8);
                let class = slot / TouchType::COUNT % classes.len();
                let epoch = slot / TouchType::COUNT / classes.len();
                let since = if epoch == 0 { lens.from } else { epochs[epoch - 1] };
                rate_at(rates, &classes[class].0, touch_type, since, exchange)
            })
            .chain(outside)
            .collect();
        let begin = |(place, &class): (usize, &u32)| match lens.has_place(place as u16) {
            true => class * TouchType::COUNT as u32,
            false => per_group as u32,
        };
        let per_touch = |rate: &Rate| if let Rate::Of(per_touch, _) = rate { per_touch * 60 } else { 0 };
        let mut prices: Vec<i64> = table.iter().map(per_touch).collect();
        if prices.len() * (customer_groups + 1) <= LANE_SLOTS {
            prices.resize(LANE_SLOTS, 0);
        }
        let per_minute = |rate: &Rate| if let Rate::Of(_, per_minute) = rate { *per_minute } else { 0 };
        Ok(Self {
            per_touch: prices,
            per_minute: table.iter().map(per_minute).collect(),
            rates: table,
            epochs,
            begin_of_place: class_of_place.iter().enumerate().map(begin).collect(),
            outside: per_group,
            classes,
            by_place: by_place.is_some(),
            customer_groups,
            micros_per_minor: currency.map_or(1, |currency| currency.micros_per_minor()),
            converter: Converter::new(&lens.scope.rates, currency, names.currencies()),
        })
    }

    /// Slots of one group of customers.
    pub fn slots_per_group(&self) -> usize {
        self.rates.len()
    }

    pub fn slots(&self) -> usize {
        self.rates.len() * self.customer_groups
    }

    /// The slots of one group, or all.
    pub fn slots_of(&self, group: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let per_group = self.slots_per_group();
        let counts = move |slot: &usize| slot % per_group < self.outside;
        (0..self.slots()).filter(counts).filter(move |&slot| match group {
            None => true,
            Some(group) if self.by_place => self.classes[self.class(slot)].1 as usize == group,
            Some(group) => slot / per_group == group,
        })
    }

    pub fn slots_per_epoch(&self) -> usize {
        self.classes.len() * TouchType::COUNT
    }

    pub fn phase(&self, slot: usize) -> Option<Phase> {
        TouchType((slot % TouchType::COUNT) as u8).phase()
    }

    pub fn channel(&self, slot: usize) -> &str {
        &self.classes[self.class(slot)].0
    }

    pub fn has_no_rate(&self, slot: usize) -> bool {
        self.rates[slot % self.slots_per_group()] == Rate::None
    }

    pub fn is_other_currency(&self, slot: usize) -> bool {
        self.rates[slot % self.slots_per_group()] == Rate::OtherCurrency
    }

    /// The cost of everything in a slot, in sixtieths of a millionth.
    pub fn cost(&self, slots: &Slots, slot: usize) -> i128 {
        let touches = i128::from(slots.touches[slot]);
        let own = slot % self.slots_per_group();
        let minutes = i128::from(slots.seconds[slot]) * i128::from(self.per_minute[own]);
        touches * i128::from(self.per_touch[own]) + minutes + slots.explicit[slot]
    }

    /// An explicit cost in sixtieths of a millionth, unless it is of another currency without a
    /// rate of that time.
    #[inline]
    pub fn explicit(&self, costs: &Costs, row: usize, at: i64) -> Option<i128> {
        let cost = self.converter.convert(costs.cost.get(row), costs.currency[row], at)?;
        Some(i128::from(cost) * 60 * i128::from(self.micros_per_minor))
    }

    fn class(&self, slot: usize) -> usize {
        slot % self.slots_per_group() / TouchType::COUNT % self.classes.len()
    }
}

/// What was used of each capacity in range, by time of its interval and name of its channel.
pub(super) fn capacity_use(lens: &Lens, question: &Question, currency: Option<Currency>) -> Vec<CapacityUse> {
    let wanted = |capacity: &&Capacity| {
        let channels = &lens.scope.channels;
        let asked = channels.is_empty() || channels.contains(&capacity.channel);
        let TimeRange { from, until } = capacity.interval;
        asked && from < until && from.0 < lens.until && lens.from < until.0
    };
    let mut uses: Vec<CapacityUse> =
        question.capacities.iter().filter(wanted).map(|capacity| use_of(lens, capacity, currency)).collect();
    uses.sort_by(|a, b| (&a.channel, a.interval.from).cmp(&(&b.channel, b.interval.from)));
    uses
}

fn use_of(lens: &Lens, capacity: &Capacity, currency: Option<Currency>) -> CapacityUse {
    let whole = capacity.interval;
    let interval =
        TimeRange { from: Micros(whole.from.0.max(lens.from)), until: Micros(whole.until.0.min(lens.until)) };
    let (part, whole) = (interval.until.0 - interval.from.0, whole.until.0 - whole.from.0);
    let practical_minutes = capacity.practical_minutes as f64 * (part as f64 / whole as f64);
    let used_minutes = seconds_in(lens, &capacity.channel, interval) as f64 / 60.0;
    let utilization = Ratio::quotient(used_minutes, practical_minutes);
    let cost = (Some(capacity.cost.currency) == currency).then(|| {
        let micros = i128::from(capacity.cost.minor) * i128::from(capacity.cost.currency.micros_per_minor());
        Cost { sixtieths: micros * 60 * i128::from(part) / i128::from(whole) }
    });
    let used = |cost: Cost| Cost {
        sixtieths: (cost.sixtieths as f64 * utilization.value.unwrap_or(0.0)).round() as i128,
    };
    let used_cost = cost.map(used);
    let rest = |(cost, used): (Cost, Cost)| Cost { sixtieths: cost.sixtieths - used.sixtieths };
    CapacityUse {
        channel: capacity.channel.clone(),
        interval,
        cost,
        practical_minutes,
        used_minutes,
        utilization,
        used_cost,
        unused_cost: cost.zip(used_cost).map(rest),
    }
}

/// Handling time of a channel's touchpoints, everybody's and nobody's.
fn seconds_in(lens: &Lens, channel: &str, interval: TimeRange) -> u64 {
    let names = &*lens.snapshot.dictionary;
    let Some(channel) = names.channels.find(channel) else { return 0 };
    let is_its: Vec<bool> = names.places().iter().map(|place| place.channel == channel).collect();
    let seconds = |tables: &Tables, lives: &dyn Fn(&Stem, usize) -> bool| {
        let stems = tables.stems();
        let counts = |touch: TouchRow| {
            let (stem, row) = (stems[touch.table()], touch.row());
            interval.contains(Micros(stem.at[row]))
                && is_its[usize::from(stem.place[row])]
                && lives(stem, row)
        };
        let all = tables.handling.owner.iter().zip(&tables.handling.seconds);
        all.filter(|(touch, _)| counts(**touch)).map(|(_, &seconds)| u64::from(seconds)).sum::<u64>()
    };
    let identified = lens
        .snapshot
        .segments
        .par_iter()
        .map(|live| seconds(&live.segment.tables, &|stem, row| !live.dead.contains(stem.customer[row])));
    let nobody = lens.snapshot.unidentified.iter().map(|tables| seconds(tables, &|_, _| true));
    identified.sum::<u64>() + nobody.sum::<u64>()
}
