//! Every measure against its definition in words, and what holds for all of them.

use super::world::closed;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::naive::{Count, Naive};
use super::plain::Plain;
use super::recorded::{Recorded, recorded};
use super::rich::{random_params, rich, scope};
use super::world::{Touch, World};
use crate::catalogue::measures;
use crate::engine::dimension::Dimension;
use crate::engine::measure::{self, Measure, Stat};
use crate::engine::scalar::{Answer, Figure, Question, compute};
use crate::ground::statistics;
use crate::shapes::{cost, nps, repurchase, retention};
use crate::*;
use customer360_model::*;

pub(super) fn question(rng: &mut ChaCha8Rng) -> Question {
    let mut scope = scope(rng);
    scope.currency = Some(if rng.random_bool(0.8) { Currency::EUR } else { Currency::GBP });
    let dimensions = [
        Dimension::Of(GroupBy::Channel),
        Dimension::Of(GroupBy::Campaign),
        Dimension::Of(GroupBy::Location),
        Dimension::Of(GroupBy::CustomerKind),
        Dimension::Of(GroupBy::ChannelsUsed),
        Dimension::Of(GroupBy::ChannelSet),
        Dimension::Of(GroupBy::Rfm(RfmBy::Segment, OrderOptions::default())),
        Dimension::Item,
        Dimension::Category,
        Dimension::OtherChannel,
    ];
    let count = rng.random_range(0..=2);
    let group_by = dimensions.sample(rng, count).cloned().collect();
    // The cost to serve has its own oracle in cost.rs, margins and lifetimes have theirs in margin.rs.
    let has_own = |id: &str| id == "cost_to_serve" || super::margin::MEASURES.contains(&id);
    let measures = measures::ALL.iter().copied().filter(|m| !has_own(m.definition.id)).collect();
    Question { scope, measures, params: random_params(rng), group_by, spans: Vec::new() }
}

fn naive<'a>(world: &'a World, question: &'a Question, measure: &Measure) -> Naive<'a> {
    let window = question.params.window;
    let default = Window { days: measure.window_days, kind: WindowKind::Calendar };
    let plain = Plain { world, scope: &question.scope };
    Naive { plain, params: &question.params, window: window.unwrap_or(default) }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// What figures of each kind are made of, straight from the counts.
fn check(measure: &Measure, figure: &Figure, all: &[Told], recorded: [Recorded; 2]) {
    let id = measure.definition.id;
    let (open, counts): (Vec<&Told>, Vec<&Told>) = all.iter().partition(|told| told.open);
    assert_eq!(figure.open, open.len() as u64, "{id}");
    assert_eq!(figure.so_far.is_some(), !open.is_empty(), "{id}");
    assert_eq!(figure.known_at.is_some(), !open.is_empty() && id != "first_contact_resolution", "{id}");
    if let Some(so_far) = figure.so_far {
        let parts: f64 = all.iter().map(|told| told.count.0 as f64).sum::<f64>() / measure.scale;
        let [part, whole] = [recorded[0].part + recorded[1].part, recorded[0].whole + recorded[1].whole];
        assert!(close(so_far.numerator, parts + part), "{id}");
        let wholes = all.iter().map(|told| told.count.1 as f64).sum::<f64>() + whole;
        if matches!(measure.stat, Stat::Share | Stat::Quotient) {
            assert_eq!(so_far.denominator, Some(wholes), "{id}");
        }
    }
    let recorded = recorded[0];
    let mut customers: Vec<u32> = all.iter().map(|told| told.customer).filter(|&c| c > 0).collect();
    customers.dedup();
    let counts: Vec<(u32, Count)> = counts.iter().map(|told| (told.customer, told.count)).collect();
    let counts = counts.as_slice();
    let parts: f64 = counts.iter().map(|(_, c)| c.0 as f64).sum::<f64>() / measure.scale + recorded.part;
    let wholes = counts.iter().map(|(_, c)| c.1 as f64).sum::<f64>() + recorded.whole;
    let needs_records = measure.need.is_some();
    assert_eq!(figure.customers, customers.len() as u64, "{id}");
    assert_eq!(figure.anchors, counts.len() as u64, "{id}");
    let wait = |told: &&Told| (told.count.0 as f64 / measure.scale, told.count.3.is_some(), told.ended);
    let waits: Vec<(f64, bool, bool)> =
        all.iter().filter(|told| !told.open).map(|told| wait(&told)).collect();
    let expected = match measure.stat {
        Stat::Sum | Stat::Expected => Some(parts),
        Stat::Customers => Some(customers.len() as f64),
        // Of nothing recorded there is no quotient.
        Stat::Quotient if needs_records && recorded.records == 0 => None,
        Stat::Share | Stat::Quotient => (wholes > 0.0).then(|| parts / wholes),
        Stat::Mean | Stat::MeanOfCustomers => (!counts.is_empty()).then(|| parts / counts.len() as f64),
        Stat::Nps => (!counts.is_empty()).then(|| 100.0 * parts / counts.len() as f64),
        Stat::Survival(p) => {
            let mut times: Vec<f64> = waits.iter().map(|wait| wait.0).collect();
            times.sort_by(f64::total_cmp);
            times.into_iter().find(|&time| super::shapes::incidence(&waits, time) >= p - 1e-9)
        }
        Stat::Ended(within) => super::shapes::ended(&waits, within),
        Stat::Quantile(p) => {
            let mut values: Vec<f64> = counts.iter().map(|(_, c)| c.0 as f64 / measure.scale).collect();
            values.sort_by(f64::total_cmp);
            values.len().checked_sub(1).map(|last| {
                let place = last as f64 * p;
                let (low, high) = (place.floor() as usize, place.ceil() as usize);
                values[low] + (place - low as f64) * (values[high] - values[low])
            })
        }
    };
    let nothing = counts.is_empty() && recorded.part == 0.0 && recorded.whole == 0.0;
    let expected = expected.filter(|_| !nothing || open.is_empty());
    match (figure.value, expected) {
        (Some(a), Some(b)) => assert!(close(a, b), "{id}: {a} is not {b}"),
        (a, b) => assert_eq!(a, b, "{id}"),
    }
    assert_eq!(figure.absent.is_some(), figure.value.is_none());
    if measure.stat != Stat::Customers {
        assert!(close(figure.numerator, parts), "{id}");
    }
    if let Some(interval) = figure.interval.filter(|_| measure.stat == Stat::Share) {
        let value = figure.value.unwrap();
        assert!(interval.low <= value && value <= interval.high, "{id}");
    }
}

/// A count of a customer, and whether it is not decided yet.
#[derive(Clone, Copy)]
struct Told<'t> {
    customer: u32,
    count: Count<'t>,
    open: bool,
    /// Of a wait: whether it was ended, by whatever.
    ended: bool,
}

/// Measures of which records may be all there is, and may say nothing.
const RECORDED: [&str; 7] = [
    "acquisition_cost",
    "footfall",
    "reached_people",
    "engagement_over_reach",
    "followers_gained",
    "store_conversion_counted",
    "store_conversion_counted_adjusted",
];

/// Measures whose hits are about lines.
const OWN_ITEMS: [&str; 6] = [
    "units_sold",
    "line_revenue",
    "average_unit_price",
    "discount_share",
    "new_customers",
    "acquisition_cost",
];

/// The name of a count's group in a dimension.
fn key(plain: &Plain, by: &Dimension, customer: u32, count: &Count) -> Option<String> {
    use customer360_model::activity::Activity::*;
    let (_, _, touch, other) = *count;
    let (name, category) = match &touch.details.activity {
        Visit(v) => (v.source_campaign.clone(), v.source_channel.clone()),
        OfferShown(o) => (o.offer_id.clone(), String::new()),
        OfferAccepted(o) => (o.offer_id.clone(), String::new()),
        Order(o) => (o.offer_id.clone(), String::new()),
        ProductTrial(t) => (t.product_id.clone(), String::new()),
        ServiceContact(c) => (c.reason.clone(), String::new()),
        Conversation(_) => (touch.details.product.clone().unwrap_or_default(), String::new()),
        NoPurchase(n) => (n.reason.clone(), String::new()),
        SocialEngagement(s) => (s.network.clone(), String::new()),
        ProductView(v) => (v.product_id.clone(), v.category.clone()),
        _ => (String::new(), String::new()),
    };
    match by {
        Dimension::Of(by) => plain.group(by, customer, touch),
        Dimension::Item => Some(name).filter(|name| !name.is_empty()),
        Dimension::Category => Some(category).filter(|name| !name.is_empty()),
        Dimension::OtherChannel => other.map(|other| other.channel.to_owned()),
    }
}

fn counts<'a>(naive: &'a Naive<'a>, measure: &Measure) -> Vec<Told<'a>> {
    let id = measure.definition.id;
    let mut all = Vec::new();
    for customer in naive.plain.customers() {
        let told = |count: Count<'a>| Told {
            customer,
            open: naive.is_open(id, customer, &count),
            ended: count.3.is_some() || count.2.at + count.0 < naive.plain.observed(),
            count,
        };
        all.extend(naive.of(id, customer).into_iter().map(told));
    }
    if measure.nobody {
        // Each touchpoint of nobody by itself: nothing precedes it and nothing follows.
        // Entries are what counted conversions are divided by, not visits of nobody.
        let counts = |touch: &Touch| {
            id != "store_conversion_counted_adjusted" || touch.activity_type() != ActivityType::Visit
        };
        let nobody = naive.plain.nobody(counts);
        for touch in nobody {
            let mut alone =
                World { touches: vec![touch.clone()], map: vec![0, 1], registered: vec![false; 2] };
            alone.touches[0].observation = 1;
            // What came back of it is known, whoever brought it.
            let backs = naive.plain.world.living().filter(|touch| touch.back().is_some());
            alone.touches.extend(backs.map(|back| Touch { observation: 0, ..back.clone() }));
            // How far was observed is told by everybody's touchpoints.
            let observed_until = Some(Micros(naive.plain.observed()));
            let scope = Scope { observed_until, ..naive.plain.scope.clone() };
            let plain = Plain { world: &alone, scope: &scope };
            let lone = Naive { plain, params: naive.params, window: naive.window };
            for count in lone.of(id, 1) {
                let open = lone.is_open(id, 1, &count);
                all.push(Told { customer: 0, count: (count.0, count.1, touch, None), open, ended: false });
            }
        }
    }
    all
}

/// Whether nothing can be said: nothing of the range was observed, or not all of it where all is needed.
fn absent(measure: &Measure, scope: &Scope, observed: i64) -> bool {
    let (from, until) = (scope.range.from.0, scope.range.until.0);
    let whole = ["retention", "dormant_buyers"].contains(&measure.definition.id);
    from < until && (observed <= from || (whole && observed < until))
}

#[test]
fn every_measure_is_what_the_words_say() {
    let mut nonempty = std::collections::BTreeMap::new();
    for seed in 0..700 {
        println!("seed {seed}");
        let world = rich(seed);
        let question = question(&mut ChaCha8Rng::seed_from_u64(seed + 5_000));
        let answers = compute(&world.snapshot_in_pieces(1 + seed as usize % 3, seed), &question).unwrap();
        let by_item = question.group_by.iter().any(|by| matches!(by, Dimension::Item | Dimension::Category));
        let is_place = |by: &Dimension| {
            matches!(by, Dimension::Of(GroupBy::Channel | GroupBy::Location | GroupBy::Campaign))
        };
        let by_place = question.group_by.iter().any(is_place);
        let is_whole =
            |measure: &Measure| by_place && measure::Asked::new(measure, &question.params).by_itself;
        for (measure, answer) in question.measures.iter().zip(&answers) {
            let naive = naive(&world, &question, measure);
            // Orders of nobody may be in another currency.
            let counts = counts(&naive, measure);
            if absent(measure, &question.scope, naive.plain.observed()) {
                assert_eq!(answer.total.value, None, "{}", answer.kpi.id);
                continue;
            }
            check(measure, &answer.total, &counts, recorded(&naive, &question, measure, None));
            assert_eq!(answer.basis.customers, answer.total.customers);
            for cell in &answer.groups {
                let is_its = |told: &&Told| {
                    let (customer, count) = (told.customer, &told.count);
                    let keys = question.group_by.iter().map(|by| key(&naive.plain, by, customer, count));
                    keys.eq(cell.keys.iter().cloned())
                };
                let its: Vec<Told> = counts.iter().filter(is_its).copied().collect();
                if by_item && OWN_ITEMS.contains(&measure.definition.id) {
                    continue;
                }
                // A group that is asked by itself is what its filter says: see one_tale.rs.
                if is_whole(measure) {
                    continue;
                }
                let recorded = recorded(&naive, &question, measure, Some(&cell.keys));
                let by_records = RECORDED.contains(&answer.kpi.id);
                assert!(!its.is_empty() || by_records, "{}: {:?}", measure.definition.id, cell.keys);
                check(measure, &cell.figure, &its, recorded);
            }
            if !question.group_by.is_empty() && !is_whole(measure) {
                let sum: u64 = answer.groups.iter().map(|cell| cell.figure.anchors).sum();
                assert_eq!(sum, answer.total.anchors, "groups add up");
            }
            *nonempty.entry(measure.definition.id).or_insert(0) += u32::from(answer.total.numerator > 0.0);
        }
    }
    for (id, times) in nonempty {
        assert!(times >= 5, "{id} was more than nothing only {times} times");
    }
}

#[test]
fn a_headline_is_what_the_kernel_of_its_own_says() {
    for seed in 0..300 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 9_000);
        let mut asked = question(rng);
        asked.measures = measures::ALL.to_vec();
        asked.params.window = None;
        asked.group_by = Vec::new();
        asked.params.cost_rates = vec![cost::CostRate {
            channel: "web".into(),
            activity_type: None,
            currency: Currency::EUR,
            per_touch_micros: 1_234_567,
            per_minute_micros: 600_001,
            from: Micros(super::world::at("2026-03-01T00:00:00Z").0),
        }];
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let answers = compute(&snapshot, &asked).unwrap();
        let find = |id: &str| answers.iter().find(|a| a.kpi.id == id).unwrap().clone();
        let (scope, orders) = (asked.scope.clone(), asked.params.orders);
        let same = |answer: Answer, value: Option<f64>, interval: Option<statistics::Interval>| {
            let near = |a: f64, b: f64| close(a, b);
            match (answer.total.value, value) {
                (Some(a), Some(b)) => assert!(near(a, b), "{}: {a} {b}", answer.kpi.id),
                (a, b) => assert_eq!(a, b, "{}", answer.kpi.id),
            }
            match (answer.total.interval, interval) {
                (Some(a), Some(b)) => {
                    assert!(near(a.low, b.low) && near(a.high, b.high), "{}", answer.kpi.id)
                }
                (a, b) => assert_eq!(a, b, "{}", answer.kpi.id),
            }
        };
        let period = Some(retention::PeriodOptions::default());
        let asked =
            retention::Question { scope: scope.clone(), group_by: None, orders, period, triangle: None };
        let kept = retention::compute(&snapshot, &asked).unwrap().result.total.period.unwrap().retention;
        same(find("retention"), kept.value, kept.interval);
        let asked = repurchase::Question { orders, ..repurchase::Question::of(scope.clone()) };
        let again = repurchase::compute(&snapshot, &asked).unwrap().result.total.repeat_customers;
        same(find("repurchase"), again.value, again.interval);
        let answers_counted = crate::engine::params::AnswersCounted::LastPerCustomer;
        let asked = nps::Question { scope: scope.clone(), group_by: None, answers_counted, survey_id: None };
        let nps = nps::compute(&snapshot, &asked).unwrap().result.total.nps;
        same(find("nps"), nps.value, nps.interval);
        let rates = asked_rates();
        let asked = cost::Question { scope, group_by: None, rates, capacities: Vec::new() };
        let cost = cost::compute(&snapshot, &asked).unwrap().result.total.per_customer.mean;
        same(find("cost_to_serve"), cost.value, None.or(find("cost_to_serve").total.interval));
    }
}

fn asked_rates() -> Vec<cost::CostRate> {
    vec![cost::CostRate {
        channel: "web".into(),
        activity_type: None,
        currency: Currency::EUR,
        per_touch_micros: 1_234_567,
        per_minute_micros: 600_001,
        from: Micros(super::world::at("2026-03-01T00:00:00Z").0),
    }]
}

/// A later span of a question is the same question over that range.
#[test]
fn a_span_is_the_question_over_its_range() {
    for seed in 0..150 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 7_000);
        let mut whole = question(rng);
        whole.params.orders.drop_fully_returned = false;
        let (from, until) = (whole.scope.range.from.0, whole.scope.range.until.0);
        let observed = whole.scope.observed_on(&world.snapshot()).0;
        let middle = from.midpoint(until);
        let span = measure::Span { from, until: middle, observed: middle.midpoint(until).min(observed) };
        whole.spans = vec![span];
        let snapshot = world.snapshot();
        let answers = compute(&snapshot, &whole).unwrap();
        let mut part = whole.clone();
        part.spans.clear();
        part.scope.range.until = Micros(middle);
        part.scope.observed_until = Some(Micros(span.observed));
        for (of_whole, of_part) in answers.iter().zip(compute(&snapshot, &part).unwrap()) {
            assert_eq!(of_whole.spans[0], of_part.total, "{}", of_part.kpi.id);
        }
    }
}

#[test]
fn nothing_has_no_share_and_no_mean() {
    let scope = closed(TimeRange { from: Micros(0), until: Micros(1) });
    let question = Question {
        scope,
        measures: measures::ALL.to_vec(),
        params: measure::Params::default(),
        group_by: vec![Dimension::Of(GroupBy::Channel), Dimension::Item],
        spans: Vec::new(),
    };
    for answer in compute(&Snapshot::default(), &question).unwrap() {
        let is_expected = answer.kpi.id.starts_with("expected_");
        let is_count = answer.total.denominator.is_none() && !is_expected;
        assert_eq!(answer.total.value, is_count.then_some(0.0), "{}", answer.kpi.id);
        assert_eq!(answer.total.interval, None);
        assert!(answer.groups.is_empty());
    }
}

#[test]
fn two_currencies_are_not_added_but_converted_when_a_rate_is_known() {
    let mut world = World::of_people(1);
    let day = |n: i64| Micros(super::world::at("2026-03-01T12:00:00Z").0 + n * 86_400_000_000);
    world.add(1, day(0), super::world::order("a", 1_000));
    let touch: &mut Touch = world.add(1, day(2), super::world::order("b", 1_000));
    if let Activity::Order(order) = &mut touch.details.activity {
        order.amount.currency = Currency::GBP;
    }
    let scope = closed(TimeRange { from: day(-1), until: day(9) });
    let mut question = Question {
        scope,
        measures: vec![measures::find("average_order_value").unwrap()],
        params: measure::Params::default(),
        group_by: Vec::new(),
        spans: Vec::new(),
    };
    let snapshot = world.snapshot();
    assert_eq!(compute(&snapshot, &question), Err(KpiError::CurrencyRequired));
    question.scope.currency = Some(Currency::EUR);
    let answer = compute(&snapshot, &question).unwrap().remove(0);
    assert_eq!((answer.total.value, answer.basis.excluded.other_currency), (Some(1_000.0), 1));
    let rate = |day: Micros, rate_billionths| crate::ground::money::ExchangeRate {
        from: Currency::GBP,
        to: Currency::EUR,
        since: day,
        rate_billionths,
    };
    question.scope.rates =
        std::sync::Arc::new(vec![rate(day(1), 1_200_000_000), rate(day(3), 9_000_000_000)]);
    let answer = compute(&snapshot, &question).unwrap().remove(0);
    assert_eq!((answer.total.value, answer.basis.excluded.other_currency), (Some(1_100.0), 0));
    // The kernels of their own convert by the same rates: revenue, and what touchpoints say they cost.
    world.add(1, day(4), super::world::order("c", 1_000)).details.cost =
        Some(Money { minor: 100, currency: Currency::GBP });
    let scope = question.scope.clone();
    let costs = cost::Question { scope, group_by: None, rates: Vec::new(), capacities: Vec::new() };
    let answer = cost::compute(&world.snapshot(), &costs).unwrap();
    let total = answer.result.total;
    let revenue = total.cost_to_net_revenue.denominator;
    assert_eq!(
        (answer.basis.excluded.other_currency, revenue),
        (0, 3_200.0),
        "1,000 EUR twice, 1,000 GBP at 1.2"
    );
    assert_eq!(total.total.sixtieths, 900 * 60 * 10_000, "at 9 EUR for a GBP");
}

/// All pages of a figure's members add up to it, for every measure, group and side.
#[test]
fn the_parts_sum_to_the_number() {
    use crate::engine::members::{Filter, Member, Side, page};
    for seed in 0..60 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 3_000);
        let mut asked = question(rng);
        asked.measures = measures::ALL.to_vec();
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let answers = compute(&snapshot, &asked).unwrap();
        for (answer, &measure) in answers.iter().zip(&asked.measures) {
            let one = Question { measures: vec![measure], ..asked.clone() };
            let all = |group: Vec<Option<String>>, side: Side| {
                let mut members: Vec<Member> = Vec::new();
                let mut figure = None;
                loop {
                    let after = members.last().map(|member| member.place);
                    let filter = Filter { group: group.clone(), side, after, size: 3 };
                    let mut page = page(&snapshot, &one, &filter).unwrap();
                    assert!(page.members.len() <= 3);
                    assert!(*figure.get_or_insert(page.figure) == page.figure);
                    members.append(&mut page.members);
                    if !page.more {
                        let parts = |m: &Member| {
                            let record = m.record.as_ref().map_or(0.0, |record| record.part as f64);
                            let decided = m.hits.iter().filter(|hit| !hit.is_open);
                            decided.map(|h| h.part as f64).sum::<f64>() + record
                        };
                        let sum = members.iter().map(parts).sum::<f64>() / page.scale;
                        return (members, sum, figure.unwrap());
                    }
                }
            };
            let mut groups = vec![Vec::new()];
            groups.extend(answer.groups.iter().take(3).map(|cell| cell.keys.clone()));
            for group in groups {
                let (members, sum, figure) = all(group.clone(), Side::Counted);
                let expected = answer.groups.iter().find(|cell| !group.is_empty() && cell.keys == group);
                assert_eq!(figure, expected.map_or(answer.total, |cell| cell.figure));
                assert!(close(sum, figure.numerator), "{}", answer.kpi.id);
                let decided = members.iter().flat_map(|m| &m.hits).filter(|hit| !hit.is_open);
                let wholes: i64 = decided.map(|hit| hit.whole).sum();
                let recorded: i64 = members.iter().flat_map(|m| &m.record).map(|record| record.whole).sum();
                if let Some(denominator) = figure.denominator {
                    assert_eq!((wholes + recorded) as f64, denominator, "{}", answer.kpi.id);
                }
                let customers = members.iter().filter(|member| member.customer.is_some()).count();
                assert_eq!(customers as u64, figure.customers);
                let (_, of_numerator, _) = all(group.clone(), Side::Numerator);
                assert!(close(of_numerator, sum));
                let (open, of_open, _) = all(group.clone(), Side::Open);
                let hits = open.iter().flat_map(|m| &m.hits);
                assert_eq!((hits.count() as u64, of_open), (figure.open, 0.0), "{}", answer.kpi.id);
                let (rest, of_rest, _) = all(group, Side::Rest);
                assert_eq!(of_rest, 0.0);
                assert!(rest.iter().flat_map(|m| &m.hits).all(|hit| hit.part == 0));
            }
        }
    }
}
