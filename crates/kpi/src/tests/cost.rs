//! Cost to serve against adding up by hand.

use super::world::closed;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::plain::Plain;
use super::world::{Touch, World, at, random_group_by, random_scope};
use crate::catalogue::measures;
use crate::engine::measure::Params;
use crate::engine::scalar;
use crate::engine::scope::GroupBy;
use crate::engine::scope::KpiError;
use crate::ground::money::ExchangeRate;
use crate::shapes::cost::{Capacity, Cost, CostRate, CostToServe, Distribution, Question, compute};
use customer360_model::activity::{Activity, Visit};
use customer360_model::{ActivityType, Currency, Micros, Money, Phase, TimeRange};

/// What one touchpoint costs in sixtieths of a millionth; whether a rate was effective; how many
/// of its amounts are of another currency.
fn cost(touch: &Touch, rates: &[CostRate], currency: Currency) -> (i128, bool, u64) {
    let mut best: Option<&CostRate> = None;
    for rate in rates.iter().filter(|r| r.channel == touch.channel && r.from.0 <= touch.at) {
        let own = rate.activity_type == Some(touch.activity_type());
        if !own && rate.activity_type.is_some() {
            continue;
        }
        let better = best.is_none_or(|b| match (b.activity_type.is_some(), own) {
            (false, true) => true,
            (true, false) => false,
            _ => rate.from > b.from,
        });
        best = if better { Some(rate) } else { best };
    }
    let (mut sum, mut foreign) = (0, 0);
    match best {
        Some(rate) if rate.currency == currency => {
            sum += i128::from(rate.per_touch_micros) * 60;
            let seconds = i128::from(touch.details.handling_seconds.unwrap_or(0));
            sum += i128::from(rate.per_minute_micros) * seconds;
        }
        Some(_) => foreign += 1,
        None => {}
    }
    match touch.details.cost {
        // Euros and pounds have hundredths: 10,000 millionths each.
        Some(money) if money.currency == currency => sum += i128::from(money.minor) * 10_000 * 60,
        Some(_) => foreign += 1,
        None => {}
    }
    (sum, best.is_some(), foreign)
}

fn quantile(values: &[i128], p: f64) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_unstable();
    let position = values.len().checked_sub(1)? as f64 * p;
    let (low, high) = (position.floor() as usize, position.ceil() as usize);
    let value = |at: usize| values[at] as f64 / 600_000.0;
    Some(value(low) + (position - low as f64) * (value(high) - value(low)))
}

fn check_distribution(distribution: &Distribution, costs: &[i128]) {
    let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => assert!((a - b).abs() < 1e-6, "{a} is not {b}"),
        _ => assert_eq!(a, b),
    };
    let mean =
        (!costs.is_empty()).then(|| costs.iter().sum::<i128>() as f64 / costs.len() as f64 / 600_000.0);
    near(distribution.mean.value, mean);
    near(distribution.p50.value, quantile(costs, 0.5));
    near(distribution.p90.value, quantile(costs, 0.9));
    assert_eq!(distribution.p90.count, costs.len() as u64);
}

struct Oracle<'a> {
    plain: Plain<'a>,
    question: &'a Question,
    currency: Currency,
}

impl Oracle<'_> {
    fn cost(&self, touch: &Touch) -> i128 {
        cost(touch, &self.question.rates, self.currency).0
    }

    /// Touchpoints of a customer (0: of nobody) that count, of one group or all.
    fn touches(&self, customer: u32, group: Option<&Option<String>>) -> Vec<&Touch> {
        let mut touches = match customer {
            0 => self.plain.nobody(|_| true),
            _ => self.plain.world.of(customer),
        };
        touches.retain(|t| {
            let is_its = match (group, &self.question.group_by) {
                (Some(group), Some(by)) => self.plain.group(by, customer, t) == *group,
                _ => true,
            };
            self.plain.in_range(t) && self.plain.has_place(t) && is_its
        });
        touches
    }

    fn check(&self, figures: &CostToServe, group: Option<&Option<String>>) {
        let customers = self.plain.customers().into_iter().map(|c| self.touches(c, group));
        let customers: Vec<Vec<&Touch>> = customers.filter(|touches| !touches.is_empty()).collect();
        let costs: Vec<i128> =
            customers.iter().map(|touches| touches.iter().map(|t| self.cost(t)).sum()).collect();
        assert_eq!(figures.total.sixtieths, costs.iter().sum::<i128>());
        let nobody: i128 = self.touches(0, group).iter().map(|t| self.cost(t)).sum();
        assert_eq!(figures.unidentified.sixtieths, nobody);
        check_distribution(&figures.per_customer, &costs);
        let costed: Vec<i128> = costs.iter().copied().filter(|&cost| cost != 0).collect();
        check_distribution(&figures.per_costed_customer, &costed);
        let all: Vec<&Touch> = customers.into_iter().flatten().collect();
        for phase in Phase::ALL.map(Some).into_iter().chain([None]) {
            let its: Vec<&&Touch> = all.iter().filter(|t| t.details.activity.phase() == phase).collect();
            let known = figures.by_phase.iter().find(|known| known.phase == phase);
            assert_eq!(known.map_or(0, |known| known.touchpoints), its.len() as u64);
            let sum = its.iter().map(|t| self.cost(t)).sum::<i128>();
            assert_eq!(known.map_or(0, |known| known.cost.sixtieths), sum);
        }
        for channel in ["store", "web", "app"] {
            let its: Vec<&&Touch> = all.iter().filter(|t| t.channel == channel).collect();
            let known = figures.by_channel.iter().find(|known| known.channel == channel);
            assert_eq!(known.map_or(0, |known| known.touchpoints), its.len() as u64);
            let sum = its.iter().map(|t| self.cost(t)).sum::<i128>();
            assert_eq!(known.map_or(0, |known| known.cost.sixtieths), sum);
        }
        let free = |t: &&&Touch| !cost(t, &self.question.rates, self.currency).1 && t.details.cost.is_none();
        assert_eq!(figures.touches_without_rate, all.iter().filter(free).count() as u64);
        let signed = |t: &&Touch| match (t.order(), t.back()) {
            (Some(order), _) if order.amount.currency == self.currency => order.amount.minor,
            (_, Some(back)) if back.amount.currency == self.currency => -back.amount.minor,
            _ => 0,
        };
        let revenue = all.iter().map(signed).sum::<i64>();
        assert_eq!(figures.cost_to_net_revenue.denominator, revenue as f64);
    }
}

fn random_rates(rng: &mut ChaCha8Rng) -> Vec<CostRate> {
    let rate = |rng: &mut ChaCha8Rng| CostRate {
        channel: (*["store", "web", "app", "email"].choose(rng).unwrap()).to_owned(),
        activity_type: *[
            None,
            Some(ActivityType::Order),
            Some(ActivityType::Custom),
            Some(ActivityType::Visit),
        ]
        .choose(rng)
        .unwrap(),
        currency: if rng.random_bool(0.8) { Currency::EUR } else { Currency::GBP },
        per_touch_micros: rng.random_range(0..3) * 333_333,
        per_minute_micros: rng.random_range(0..3) * 100_001,
        from: *[at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z")]
            .choose(rng)
            .unwrap(),
    };
    let mut rates: Vec<CostRate> = (0..rng.random_range(0..8)).map(|_| rate(rng)).collect();
    // Rates are distinct by channel, type and beginning.
    rates.sort_by_key(|r| (r.channel.clone(), r.activity_type, r.from));
    rates.dedup_by_key(|r| (r.channel.clone(), r.activity_type, r.from));
    rates.shuffle(rng);
    rates
}

fn random_capacity(rng: &mut ChaCha8Rng) -> Vec<Capacity> {
    let capacity = |rng: &mut ChaCha8Rng, (from, until): (&str, &str)| Capacity {
        channel: "store".into(),
        interval: TimeRange { from: at(from), until: at(until) },
        cost: Money { minor: rng.random_range(0..100_000), currency: Currency::EUR },
        practical_minutes: rng.random_range(1..1_000),
    };
    let months =
        [("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"), ("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")];
    months
        .into_iter()
        .filter(|_| rng.random_bool(0.5))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|m| capacity(rng, m))
        .collect()
}

#[test]
fn cost_is_what_adding_up_says() {
    let mut answered = 0;
    for seed in 0..800 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 4000);
        let question = Question {
            scope: random_scope(rng),
            group_by: random_group_by(rng),
            rates: random_rates(rng),
            capacities: random_capacity(rng),
        };
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let answer = match compute(&snapshot, &question) {
            Err(KpiError::CurrencyRequired) => {
                assert_eq!(question.scope.currency, None);
                continue;
            }
            other => other.unwrap(),
        };
        answered += 1;
        let Some(currency) = answer.currency else {
            assert_eq!(answer.result.total.total, Cost::default());
            continue;
        };
        let plain = Plain { world: &world, scope: &question.scope };
        let oracle = Oracle { plain, question: &question, currency };
        oracle.check(&answer.result.total, None);
        for group in &answer.result.groups {
            oracle.check(&group.result, Some(&group.key));
        }
        if question.group_by.is_some() {
            let sum: i128 = answer.result.groups.iter().map(|g| g.result.total.sixtieths).sum();
            assert_eq!(sum, answer.result.total.total.sixtieths, "groups sum to the total");
        }
        check_rest(&oracle, &answer);
    }
    assert!(answered > 400, "{answered}");
}

fn check_rest(oracle: &Oracle, answer: &crate::shapes::cost::Answer) {
    let (plain, question) = (&oracle.plain, oracle.question);
    let mut touches = Vec::new();
    let mut customers = 0;
    for customer in plain.customers() {
        let own = oracle.touches(customer, None);
        customers += u64::from(!own.is_empty());
        touches.extend(own);
    }
    assert_eq!(answer.basis.customers, customers);
    assert_eq!(answer.basis.touchpoints, touches.len() as u64);
    assert_eq!(answer.basis.excluded.no_identity, plain.nobody(|_| true).len() as u64);
    assert_eq!(answer.basis.excluded.voided, plain.voided(|_| true));
    let amount = |t: &Touch| t.order().map(|o| o.amount.currency).or(t.back().map(|b| b.amount.currency));
    let foreign = |t: &&Touch| {
        cost(t, &question.rates, oracle.currency).2
            + u64::from(amount(t).is_some_and(|c| c != oracle.currency))
    };
    assert_eq!(answer.basis.excluded.other_currency, touches.iter().map(foreign).sum::<u64>());
    for used in &answer.capacity {
        let inside = |t: &&Touch| t.channel == used.channel && used.interval.contains(Micros(t.at));
        let seconds = plain.world.living().filter(inside).filter_map(|t| t.details.handling_seconds);
        assert_eq!(used.used_minutes, f64::from(seconds.sum::<u32>()) / 60.0);
        if let (Some(cost), Some(used), Some(unused)) = (used.cost, used.used_cost, used.unused_cost) {
            assert_eq!(cost.sixtieths, used.sixtieths + unused.sixtieths);
        }
    }
}

/// Pounds per visit and minute, at 1.20 euros from February on and at 1.25 from March; before that no
/// exchange rate is known. From the middle of March visits have a rate in euros.
#[test]
fn rates_of_another_currency_are_converted_at_the_date_of_the_touchpoint() {
    let mut world = World::of_people(1);
    let days = ["2026-01-15", "2026-02-15", "2026-03-01", "2026-03-14", "2026-03-20"];
    for day in days {
        let visit = world.add(1, at(&format!("{day}T00:00:00Z")), Activity::Visit(Visit::default()));
        visit.details.handling_seconds = Some(30);
    }
    let rate = |activity_type, currency, per_touch_micros, from: &str| CostRate {
        channel: "web".into(),
        activity_type,
        currency,
        per_touch_micros,
        per_minute_micros: 200_000,
        from: at(from),
    };
    let rates = vec![
        rate(None, Currency::GBP, 1_000_000, "2026-01-01T00:00:00Z"),
        rate(Some(ActivityType::Visit), Currency::EUR, 3_000_000, "2026-03-15T00:00:00Z"),
    ];
    let exchange = |since: &str, rate_billionths| ExchangeRate {
        from: Currency::GBP,
        to: Currency::EUR,
        since: at(since),
        rate_billionths,
    };
    let range = TimeRange { from: at("2026-01-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") };
    let mut scope = closed(range);
    scope.currency = Some(Currency::EUR);
    scope.rates = std::sync::Arc::new(vec![
        exchange("2026-03-01T00:00:00Z", 1_250_000_000),
        exchange("2026-02-01T00:00:00Z", 1_200_000_000),
    ]);
    let question =
        Question { scope: scope.clone(), group_by: None, rates: rates.clone(), capacities: Vec::new() };
    let answer = compute(&world.snapshot(), &question).unwrap();
    // 1.10 pounds for each visit of half a minute: nothing, 1.32, twice 1.375; then 3.10 euros.
    let micros = 1_320_000 + 2 * 1_375_000 + 3_100_000;
    assert_eq!(answer.result.total.total, Cost::of_micros(micros));
    assert_eq!(answer.basis.excluded.other_currency, 1, "without an exchange rate of January");
    let figure = scalar::Question {
        scope,
        measures: vec![measures::find("cost_to_serve").unwrap()],
        params: Params { cost_rates: rates, ..Params::default() },
        group_by: Vec::new(),
        spans: Vec::new(),
    };
    let figure = scalar::compute(&world.snapshot(), &figure).unwrap()[0].total;
    assert!((figure.value.unwrap() - micros as f64 / 10_000.0).abs() < 1e-9, "{figure:?}");
}

#[test]
fn two_groupings_of_one_world_sum_to_one_total() {
    for seed in 0..50 {
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut scope = random_scope(rng);
        scope.currency = Some(Currency::EUR);
        let rates = random_rates(rng);
        let ask = |group_by| Question {
            scope: scope.clone(),
            group_by,
            rates: rates.clone(),
            capacities: Vec::new(),
        };
        let snapshot = world.snapshot();
        let total = compute(&snapshot, &ask(None)).unwrap().result.total;
        for by in
            [GroupBy::Channel, GroupBy::Location, GroupBy::AcquisitionMonth, GroupBy::Trait("city".into())]
        {
            let answer = compute(&snapshot, &ask(Some(by))).unwrap();
            assert_eq!(answer.result.total, total);
        }
    }
}
