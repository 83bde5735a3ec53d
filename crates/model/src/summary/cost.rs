//! What serving a customer has cost, from counts and minutes: rates may come later.

use std::collections::BTreeMap;

use super::{Month, Summary, month_of};
use crate::{ActivityType, Channel, Currency, Micros};

/// Cost rates, found by channel, currency, activity and month. In each currency that has rates a
/// touch has a cost; nothing is converted.
#[derive(Debug, Clone, Default)]
pub struct Rates(BTreeMap<String, ByCurrency>);

type ByCurrency = BTreeMap<Currency, ByActivity>;
/// `None`: every activity that has no rate of its own.
type ByActivity = BTreeMap<Option<&'static str>, BTreeMap<Month, Rate>>;

/// Millionths of a currency unit.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_touch_micros: i64,
    per_minute_micros: i64,
}

impl Rates {
    /// Adds a rate that holds from a month on.
    pub fn add(
        &mut self,
        channel: &Channel,
        activity: Option<ActivityType>,
        currency: Currency,
        effective_from: Micros,
        (per_touch_micros, per_minute_micros): (i64, i64),
    ) {
        let by_currency = self.0.entry(channel.as_str().to_owned()).or_default();
        let by_activity = by_currency.entry(currency).or_default();
        let by_month = by_activity.entry(activity.map(ActivityType::name)).or_default();
        by_month.insert(month_of(effective_from), Rate { per_touch_micros, per_minute_micros });
    }

    /// The rates of a touch: one that names the activity before one that does not; among equals
    /// the latest that was effective.
    fn of(&self, channel: &str, activity: &str, month: Month) -> impl Iterator<Item = (Currency, Rate)> {
        let by_currency = self.0.get(channel).into_iter().flatten();
        by_currency.filter_map(move |(currency, by_activity)| {
            let own = by_activity.iter().find(|(named, _)| **named == Some(activity));
            let own = own.and_then(|(_, by_month)| effective(by_month, month));
            let rate = own.or_else(|| effective(by_activity.get(&None)?, month))?;
            Some((*currency, rate))
        })
    }

    /// Millionths of a currency unit by currency: touches x rate + minutes x rate + explicit costs.
    /// Fractions of a millionth are rounded once, at the end, halves away from zero.
    #[must_use]
    pub fn cost_micros(&self, summary: &Summary) -> BTreeMap<Currency, i64> {
        // In sixtieths of a millionth: seconds at a rate per minute are exact.
        let mut sixtieths: BTreeMap<Currency, i128> = BTreeMap::new();
        for ((activity, channel, month), tally) in &summary.tallies {
            for (currency, rate) in self.of(channel, activity, *month) {
                *sixtieths.entry(currency).or_default() +=
                    i128::from(tally.touches) * i128::from(rate.per_touch_micros) * 60
                        + i128::from(tally.handling_seconds) * i128::from(rate.per_minute_micros);
            }
        }
        for (currency, minor) in &summary.explicit_costs {
            *sixtieths.entry(*currency).or_default() +=
                i128::from(*minor) * i128::from(currency.micros_per_minor()) * 60;
        }
        let round = |sum: i128| {
            let half = if sum < 0 { -30 } else { 30 };
            i64::try_from((sum + half) / 60).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
        };
        sixtieths.into_iter().map(|(currency, sum)| (currency, round(sum))).collect()
    }
}

fn effective(by_month: &BTreeMap<Month, Rate>, month: Month) -> Option<Rate> {
    by_month.range(..=month).next_back().map(|(_, rate)| *rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Tally;

    fn at(text: &str) -> Micros {
        Micros::parse(text).unwrap()
    }

    fn summary(touches: &[(&str, &str, &str, u64, u64)]) -> Summary {
        let mut summary = Summary::default();
        for (activity, channel, day, touches, handling_seconds) in touches {
            let key = ((*activity).to_owned(), (*channel).to_owned(), month_of(at(day)));
            summary.tallies.insert(key, Tally { touches: *touches, handling_seconds: *handling_seconds });
        }
        summary
    }

    #[test]
    fn the_most_specific_and_latest_rate_counts() {
        let store = Channel::parse("store").unwrap();
        let mut rates = Rates::default();
        let (january, march) = (at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
        rates.add(&store, None, Currency::EUR, january, (100, 0));
        rates.add(&store, None, Currency::EUR, march, (200, 0));
        rates.add(&store, Some(ActivityType::Conversation), Currency::EUR, march, (1_000, 60));
        let costs = |day, activity| rates.cost_micros(&summary(&[(activity, "store", day, 3, 7)]));
        assert_eq!(costs("2025-12-31T23:00:00Z", "visit"), BTreeMap::new(), "no rate was effective");
        assert_eq!(costs("2026-02-15T00:00:00Z", "visit")[&Currency::EUR], 300);
        assert_eq!(costs("2026-02-15T00:00:00Z", "conversation")[&Currency::EUR], 300, "not yet its own");
        assert_eq!(costs("2026-03-15T00:00:00Z", "visit")[&Currency::EUR], 600);
        assert_eq!(costs("2026-03-15T00:00:00Z", "conversation")[&Currency::EUR], 3_007);
        assert_eq!(
            rates.cost_micros(&summary(&[("visit", "web", "2026-03-15T00:00:00Z", 3, 7)])),
            BTreeMap::new()
        );
    }

    #[test]
    fn explicit_costs_are_added_and_fractions_are_rounded_once() {
        let web = Channel::parse("web").unwrap();
        let mut rates = Rates::default();
        rates.add(&web, None, Currency::EUR, Micros(0), (0, 1));
        let mut summary = summary(&[
            ("visit", "web", "2026-03-15T00:00:00Z", 1, 20),
            ("search", "web", "2026-03-15T00:00:00Z", 1, 10),
        ]);
        assert_eq!(rates.cost_micros(&summary)[&Currency::EUR], 1, "20 s and 10 s are half a minute");
        let yen = Currency::parse("JPY").unwrap();
        summary.explicit_costs = BTreeMap::from([(Currency::EUR, 5), (yen, 5)]);
        let costs = rates.cost_micros(&summary);
        assert_eq!((costs[&Currency::EUR], costs[&yen]), (50_001, 5_000_000));
    }
}
