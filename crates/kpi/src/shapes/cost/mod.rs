//! Cost to serve: time-driven activity-based costing (Kaplan and Anderson 2004).
//!
//! A touchpoint costs its rate per touch, its minutes at the rate per minute, and what it says
//! it cost itself. Unused capacity is shown and never spread over customers.

mod fold;
mod rates;

use rayon::prelude::*;

use customer360_model::{Currency, Money, Phase, TimeRange};

pub use crate::engine::cost_rates::CostRate;
use crate::engine::cost_rates::currency_in_scope;
use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::scope::{GroupBy, KpiError, Scope};
use crate::facts::snapshot::Snapshot;
use crate::ground::answer::{Basis, Estimate, Group, Grouped, Ratio};
use crate::ground::statistics::{Interval, Method, Ranks, Z95, at_ranks, chunks};
use fold::{Fold, Slots, Spread, State};
use rates::RateTable;

/// What a channel can do in a stretch of time, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    pub channel: String,
    pub interval: TimeRange,
    pub cost: Money,
    /// Minutes of work that it really offers.
    pub practical_minutes: i64,
}

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    pub group_by: Option<GroupBy>,
    pub rates: Vec<CostRate>,
    pub capacities: Vec<Capacity>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `excluded.other_currency` counts amounts (rates that would apply, explicit costs, order and
    /// return amounts): a touchpoint with two of them counts twice.
    pub basis: Basis,
    /// Of all amounts; `None` when nothing has a cost.
    pub currency: Option<Currency>,
    pub result: Grouped<CostToServe>,
    pub capacity: Vec<CapacityUse>,
}

/// An exact cost. Sums of costs are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cost {
    /// Sixtieths of a millionth of a currency unit: a rate per minute times seconds is whole.
    pub sixtieths: i128,
}

/// The figures of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct CostToServe {
    /// Of all customers.
    pub total: Cost,
    /// Of touchpoints that belong to nobody; not in the total.
    pub unidentified: Cost,
    /// Over customers with any touchpoint in range.
    pub per_customer: Distribution,
    /// Over those whose cost is not zero.
    pub per_costed_customer: Distribution,
    /// Adds up to the total.
    pub by_phase: Vec<PhaseCost>,
    /// Adds up to the total.
    pub by_channel: Vec<ChannelCost>,
    /// Total over orders less returns of the same customers in range, in minor units.
    pub cost_to_net_revenue: Ratio,
    /// Touchpoints without an effective rate that say no cost themselves: taken as free.
    pub touches_without_rate: u64,
}

/// Of cost per customer, in minor units.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    pub mean: Estimate,
    pub p50: Estimate,
    pub p90: Estimate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseCost {
    /// `None`: touchpoints of no phase.
    pub phase: Option<Phase>,
    pub cost: Cost,
    pub touchpoints: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCost {
    pub channel: String,
    pub cost: Cost,
    pub touchpoints: u64,
}

/// How much of a capacity was used, over the part of its interval that is in range. All of the
/// channel's touchpoints use it, whatever location, source or customer the scope selects.
#[derive(Debug, Clone, PartialEq)]
pub struct CapacityUse {
    pub channel: String,
    pub interval: TimeRange,
    /// `None` when the capacity's cost is in another currency; likewise below.
    pub cost: Option<Cost>,
    pub practical_minutes: f64,
    pub used_minutes: f64,
    /// Used / practical; may exceed 1.
    pub utilization: Ratio,
    /// Cost x utilization.
    pub used_cost: Option<Cost>,
    /// The rest; negative when more was done than the capacity says.
    pub unused_cost: Option<Cost>,
}

impl Cost {
    #[must_use]
    pub fn of_micros(micros: i64) -> Self {
        Self { sixtieths: i128::from(micros) * 60 }
    }

    /// Millionths of a currency unit, rounded half away from zero.
    #[must_use]
    pub fn micros(self) -> i64 {
        let rounded = (self.sixtieths + 30 * self.sixtieths.signum()) / 60;
        i64::try_from(rounded).unwrap_or(if rounded > 0 { i64::MAX } else { i64::MIN })
    }

    /// Minor units of the currency.
    #[must_use]
    pub fn minor(self, currency: Currency) -> f64 {
        self.sixtieths as f64 / (60.0 * currency.micros_per_minor() as f64)
    }
}

/// # Errors
/// When the question is malformed, several currencies are in scope, a rate is out of range, or
/// there are too many groups.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let grouping = Grouping::new(&lens, question.group_by.as_ref())?;
    let said = question.rates.iter().map(|rate| rate.currency);
    let said = said.chain(question.capacities.iter().map(|capacity| capacity.cost.currency));
    let currency = currency_in_scope(&lens, said)?;
    let table = RateTable::new(&lens, &grouping, &question.rates, currency)?;
    let fold = Fold::new(&lens, &grouping, &table);
    let state = fold.run();
    let answer = Figures { grouping: &grouping, table: &table, currency };
    let capacity = rates::capacity_use(&lens, question, currency);
    Ok(Answer {
        basis: state.tally.basis(snapshot.revision, lens.observation(), snapshot.folded),
        currency,
        result: answer.grouped(state),
        capacity,
    })
}

/// Turns sums into figures.
struct Figures<'a> {
    grouping: &'a Grouping,
    table: &'a RateTable,
    currency: Option<Currency>,
}

impl Figures<'_> {
    fn grouped(&self, state: State) -> Grouped<CostToServe> {
        let revenue = state.revenue.iter().sum();
        let total = self.figures(&state.total, &state.slots, &state.nobody, None, revenue);
        let mut groups = Vec::new();
        for (group, spread) in state.groups.iter().enumerate() {
            let result = self.figures(spread, &state.slots, &state.nobody, Some(group), state.revenue[group]);
            let touched: u64 = result.by_channel.iter().map(|channel| channel.touchpoints).sum();
            if touched > 0 || result.unidentified != Cost::default() {
                groups.push(Group { key: self.grouping.key(group).map(str::to_owned), result });
            }
        }
        groups.sort_by(|a, b| (a.key.is_none(), &a.key).cmp(&(b.key.is_none(), &b.key)));
        Grouped { total, groups }
    }

    fn figures(
        &self,
        spread: &Spread,
        slots: &Slots,
        nobody: &Slots,
        group: Option<usize>,
        revenue: i128,
    ) -> CostToServe {
        let mut by_phase: Vec<PhaseCost> = Vec::new();
        let mut by_channel: Vec<ChannelCost> = Vec::new();
        let (mut total, mut unidentified) = (Cost::default(), Cost::default());
        let mut touches_without_rate = 0;
        for slot in self.table.slots_of(group) {
            unidentified.sixtieths += self.table.cost(nobody, slot);
            let touchpoints = slots.touches[slot];
            if touchpoints == 0 {
                continue;
            }
            let cost = Cost { sixtieths: self.table.cost(slots, slot) };
            total.sixtieths += cost.sixtieths;
            if self.table.has_no_rate(slot) {
                touches_without_rate += touchpoints - slots.said[slot];
            }
            let phase = self.table.phase(slot);
            match by_phase.iter_mut().find(|known| known.phase == phase) {
                Some(known) => {
                    known.cost.sixtieths += cost.sixtieths;
                    known.touchpoints += touchpoints;
                }
                None => by_phase.push(PhaseCost { phase, cost, touchpoints }),
            }
            let channel = self.table.channel(slot);
            match by_channel.iter_mut().find(|known| known.channel == channel) {
                Some(known) => {
                    known.cost.sixtieths += cost.sixtieths;
                    known.touchpoints += touchpoints;
                }
                None => by_channel.push(ChannelCost { channel: channel.to_owned(), cost, touchpoints }),
            }
        }
        by_phase.sort_by_key(|known| (known.phase.is_none(), known.phase));
        by_channel.sort_by(|a, b| a.channel.cmp(&b.channel));
        let minor = self.currency.map_or(0.0, |currency| total.minor(currency));
        let (per_customer, per_costed_customer) = self.distributions(spread);
        CostToServe {
            total,
            unidentified,
            per_customer,
            per_costed_customer,
            by_phase,
            by_channel,
            cost_to_net_revenue: Ratio::quotient(minor, revenue as f64),
            touches_without_rate,
        }
    }

    /// Over all customers and over costed ones.
    fn distributions(&self, spread: &Spread) -> (Distribution, Distribution) {
        let (costed, free) = (spread.costed.as_slice(), spread.free);
        let sums = Sums::of(costed);
        let (count, below_zero) = (sums.count, sums.below_zero);
        let wanted = [(0.5, count + free), (0.9, count + free), (0.5, count), (0.9, count)];
        let ranks = wanted.map(|(p, count)| Ranks::of(count, p));
        let mut places: Vec<u64> = Vec::new();
        // Customers without cost stand between those below zero and those above.
        let place = |rank: u64, all: bool| match all && rank >= below_zero {
            true if rank < below_zero + free => None,
            true => Some(rank - free),
            false => Some(rank),
        };
        for (nth, ranks) in ranks.iter().enumerate() {
            let wanted = ranks.iter().flat_map(|ranks| ranks.all());
            places.extend(wanted.filter_map(|rank| place(rank, nth < 2)));
        }
        let values = at_ranks(costed, &mut places);
        let unit = self.currency.map_or(1.0, |currency| 60.0 * currency.micros_per_minor() as f64);
        let estimate = |nth: usize| {
            let quantile = ranks[nth].map(|ranks| {
                ranks.read(wanted[nth].1, |rank| {
                    let value = place(rank, nth < 2)
                        .and_then(|place| places.binary_search(&place).ok().map(|at| values[at]));
                    value.unwrap_or(0) as f64 / unit
                })
            });
            Estimate::quantile(quantile)
        };
        let distribution = |first: usize, count: u64| Distribution {
            mean: sums.mean(count, unit),
            p50: estimate(first),
            p90: estimate(first + 1),
        };
        (distribution(0, count + free), distribution(2, count))
    }
}

/// Exact sums, so that the answer does not depend on the order of the customers.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: u64,
    below_zero: u64,
    sum: i128,
    squares: i128,
}

impl Sums {
    fn of(costed: &[Vec<i64>]) -> Self {
        let add = |mut sums: Self, costs: &[i64]| {
            for &cost in costs {
                let wide = i128::from(cost);
                sums.below_zero += u64::from(cost < 0);
                sums.sum += wide;
                sums.squares = sums.squares.saturating_add(wide * wide);
            }
            Self { count: sums.count + costs.len() as u64, ..sums }
        };
        let merge = |a: Self, b: Self| Self {
            count: a.count + b.count,
            below_zero: a.below_zero + b.below_zero,
            sum: a.sum + b.sum,
            squares: a.squares.saturating_add(b.squares),
        };
        chunks(costed).fold(Self::default, add).reduce(Self::default, merge)
    }

    /// The mean of `count` costs, those not summed up being zero, with its normal interval.
    fn mean(&self, count: u64, unit: f64) -> Estimate {
        if count == 0 {
            return Estimate::none();
        }
        let n = count as f64;
        let mean = self.sum as f64 / n;
        let interval = (count > 1).then(|| {
            let variance = ((self.squares as f64 - self.sum as f64 * mean) / (n - 1.0)).max(0.0);
            let half = Z95 * (variance / n).sqrt();
            Interval { low: (mean - half) / unit, high: (mean + half) / unit, method: Method::Normal }
        });
        Estimate::of(Some((mean / unit, interval)), count)
    }
}
