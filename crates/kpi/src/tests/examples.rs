//! Worked examples, by hand, and the degenerate cases of each KPI.

use super::world::closed;
use super::world::{World, at, back, order, survey};
use crate::engine::params::AnswersCounted;
use crate::ground::calendar;
use crate::ground::calendar::{Unit, Zone};
use crate::shapes::cost;
use crate::shapes::cost::{Capacity, CostRate};
use crate::shapes::nps;
use crate::shapes::repurchase;
use crate::shapes::repurchase::Repurchase;
use crate::shapes::retention;
use crate::shapes::retention::PeriodOptions;
use crate::shapes::triangle;
use crate::shapes::triangle::TriangleOptions;
use crate::*;
use customer360_model::activity::{Activity, ServiceContact, SurveyKind};
use customer360_model::{ActivityType, Currency, Money, Phase, TimeRange};

fn scope(from: &str, until: &str) -> Scope {
    closed(TimeRange { from: at(from), until: at(until) })
}

fn first_quarter() -> Scope {
    scope("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z")
}

fn repurchase_of(world: &World, question: &repurchase::Question) -> Repurchase {
    repurchase::compute(&world.snapshot(), question).unwrap().result.total
}

/// Ada buys on 5, 15 and 25 January, Ben on 10 January only, Cem on 20 March only, Dot on
/// 1 February 2025 and again on 1 March.
fn shop() -> World {
    let mut world = World::of_people(4);
    for (person, day) in [
        (1, "2026-01-05"),
        (1, "2026-01-15"),
        (1, "2026-01-25"),
        (2, "2026-01-10"),
        (3, "2026-03-20"),
        (4, "2025-02-01"),
        (4, "2026-03-01"),
    ] {
        let id = format!("{person} {day}");
        world.add(person, at(&format!("{day}T12:00:00Z")), order(&id, 1000));
    }
    world
}

#[test]
fn repurchase_by_hand() {
    let mut question = repurchase::Question::of(first_quarter());
    question.window.days = 30;
    let answer = repurchase_of(&shop(), &question);
    // (a) Ada of Ada, Ben, Cem, Dot.
    assert_eq!(answer.repeat_customers, Ratio::share(1, 4));
    // (b) Dot is no first-time buyer. Cem was seen for 11 whole days only.
    assert_eq!(answer.second_order_all, Ratio::share(1, 3));
    assert_eq!(answer.second_order_observed, Ratio::share(1, 2));
    // Ada comes back on day 10 with three at risk: Cem leaves the sample after her.
    assert_eq!(answer.second_order_kaplan_meier.value, Some(1.0 - (1.0 - 1.0 / 3.0)));
    assert_eq!((answer.curve[0].days, answer.curve[0].at_risk, answer.curve[0].events), (10, 3, 1));
    assert_eq!(answer.gap_days_median.value, Some(10.0));
    assert_eq!(answer.gap_days_median.count, 2);
    question.first = First::InScope;
    assert_eq!(repurchase_of(&shop(), &question).second_order_all, Ratio::share(1, 4));
}

#[test]
fn the_edge_of_the_window_is_inside_in_days_and_in_hours() {
    let mut world = World::of_people(1);
    world.add(1, at("2026-01-01T10:00:00Z"), order("a", 1));
    world.add(1, at("2026-01-31T23:59:59Z"), order("b", 1));
    let mut question = repurchase::Question::of(first_quarter());
    let mut share = |days, kind| {
        question.window = Window { days, kind };
        repurchase_of(&world, &question).second_order_all.numerator
    };
    assert_eq!(share(30, WindowKind::Calendar), 1.0);
    assert_eq!(share(29, WindowKind::Calendar), 0.0);
    assert_eq!(share(30, WindowKind::Elapsed), 0.0, "13:59:59 too late");
    world.touches[1].at = at("2026-01-31T10:00:00Z").0;
    question.window = Window { days: 30, kind: WindowKind::Elapsed };
    assert_eq!(repurchase_of(&world, &question).second_order_all.numerator, 1.0);
    world.touches[1].at += 1;
    assert_eq!(repurchase_of(&world, &question).second_order_all.numerator, 0.0);
}

#[test]
fn on_the_day_of_23_hours_days_are_counted_by_the_calendar() {
    let mut world = World::of_people(1);
    // Saturday 23:30 in Rome, and Monday 00:30: two local days later, but only 24 hours.
    world.add(1, at("2026-03-28T22:30:00Z"), order("a", 1));
    world.add(1, at("2026-03-29T22:30:00Z"), order("b", 1));
    let mut scope = scope("2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z");
    scope.zone = Zone::named("Europe/Rome").unwrap();
    let mut question = repurchase::Question::of(scope);
    question.window = Window { days: 1, kind: WindowKind::Calendar };
    let answer = repurchase_of(&world, &question);
    assert_eq!(answer.gap_days_median.value, Some(2.0));
    assert_eq!(answer.second_order_all.numerator, 0.0);
    question.window.kind = WindowKind::Elapsed;
    assert_eq!(repurchase_of(&world, &question).second_order_all.numerator, 1.0);
}

#[test]
fn orders_of_one_local_day_are_one_if_asked_and_fully_returned_ones_none() {
    let mut world = World::of_people(1);
    world.add(1, at("2026-01-05T09:00:00Z"), order("a", 500));
    world.add(1, at("2026-01-05T09:00:00Z"), order("b", 700));
    world.add(1, at("2026-02-05T09:00:00Z"), order("c", 900));
    world.add(1, at("2026-02-07T09:00:00Z"), back("c", 400));
    world.add(1, at("2026-02-08T09:00:00Z"), back("c", 500));
    let mut question = repurchase::Question::of(first_quarter());
    let gaps = |question: &repurchase::Question| repurchase_of(&world, question).gap_days_median;
    question.orders.unit = OrderUnit::Order;
    assert_eq!(gaps(&question).count, 2, "a tie is two orders");
    question.orders.unit = OrderUnit::Usual;
    assert_eq!((gaps(&question).count, gaps(&question).value), (1, Some(31.0)));
    question.orders.drop_fully_returned = true;
    assert_eq!(gaps(&question).count, 0);
    let answer = repurchase::compute(&world.snapshot(), &question).unwrap();
    assert_eq!(answer.basis.excluded.fully_returned, 1);
    assert_eq!(answer.result.total.repeat_customers, Ratio::share(0, 1));
    // When everything was returned, nobody bought.
    world.add(1, at("2026-02-09T09:00:00Z"), back("a", 500));
    world.add(1, at("2026-02-09T09:00:00Z"), back("b", 701));
    assert_eq!(repurchase_of(&world, &question).repeat_customers, Ratio::share(0, 0));
}

#[test]
fn retention_by_hand() {
    // Active in December: Ada, Ben, and Dot in its first instant. Active in March: Ada, Cem, and
    // Dot in its first instant; Ben's order in the first instant of January and April is in neither.
    let mut world = World::of_people(4);
    for (person, day) in [(1, "2025-12-10"), (2, "2025-12-20"), (1, "2026-03-05"), (3, "2026-03-20")] {
        world.add(person, at(&format!("{day}T12:00:00Z")), order(day, 100));
    }
    for (person, day) in [(4, "2025-12-01"), (4, "2026-03-01"), (2, "2026-01-01"), (2, "2026-04-01")] {
        world.add(person, at(&format!("{day}T00:00:00Z")), order(day, 100));
    }
    let question = retention::Question {
        scope: first_quarter(),
        group_by: None,
        orders: OrderOptions::default(),
        period: Some(PeriodOptions { window_days: Some(31), ..PeriodOptions::default() }),
        triangle: None,
    };
    let answer = retention::compute(&world.snapshot(), &question).unwrap();
    let period = answer.result.total.period.unwrap();
    assert_eq!(period.retention, Ratio::share(2, 3));
    assert_eq!(period.churn.numerator, 1.0);
    assert_eq!((answer.basis.customers, answer.basis.touchpoints), (3, 5));
    let unobserved = retention::Question {
        scope: Scope { observed_until: Some(at("2026-03-31T00:00:00Z")), ..first_quarter() },
        ..question
    };
    let answer = retention::compute(&world.snapshot(), &unobserved).unwrap();
    let period = answer.result.total.period.unwrap();
    assert_eq!(period.retention.absent, Some(Absent::NotObserved));
    assert_eq!(answer.basis.censored, 3);
}

#[test]
fn a_triangle_by_hand() {
    let question = retention::Question {
        scope: Scope { observed_until: Some(at("2026-04-15T00:00:00Z")), ..first_quarter() },
        group_by: None,
        orders: OrderOptions::default(),
        period: None,
        triangle: Some(TriangleOptions { periods: 3, unit: Unit::Month, ..TriangleOptions::default() }),
    };
    let mut world = shop();
    world.add(2, at("2026-03-02T00:00:00Z"), order("x", 1));
    world.add(3, at("2026-04-02T00:00:00Z"), order("y", 1));
    let answer = retention::compute(&world.snapshot(), &question).unwrap();
    let triangle = answer.result.total.triangle.unwrap();
    let rows: Vec<(&str, u64)> = triangle.rows.iter().map(|row| (row.label.as_str(), row.size)).collect();
    assert_eq!(rows, [("2026-01", 2), ("2026-03", 1)]);
    let cells = |row: usize| -> Vec<(Option<f64>, bool)> {
        triangle.rows[row].cells.iter().map(|cell| (cell.ratio.value, cell.complete)).collect()
    };
    // Ada comes back in January, Ben in March; April is not over; Cem comes back in April.
    assert_eq!(cells(0), [(Some(0.5), true), (Some(0.0), true), (Some(0.5), true), (Some(0.0), false)]);
    assert_eq!(cells(1), [(Some(0.0), true), (Some(1.0), false), (None, false), (None, false)]);
    let means: Vec<(f64, f64)> =
        triangle.means.iter().map(|mean| (mean.ratio.numerator, mean.ratio.denominator)).collect();
    assert_eq!(means, [(1.0, 3.0), (0.0, 2.0), (1.0, 2.0), (0.0, 0.0)]);
}

#[test]
fn scores_by_hand() {
    let mut world = World::of_people(120);
    for person in 1..=100 {
        let score = match person {
            1..=50 => 9,
            51..=83 => 7,
            _ => 6,
        };
        world.add(person, at("2026-02-01T00:00:00Z"), survey(SurveyKind::Nps, score));
    }
    // An earlier answer of the first promoter counts only among all answers.
    world.add(1, at("2026-01-01T00:00:00Z"), survey(SurveyKind::Nps, 0));
    let mut question = nps::Question {
        scope: first_quarter(),
        group_by: None,
        answers_counted: AnswersCounted::LastPerCustomer,
        survey_id: None,
    };
    let answer = nps::compute(&world.snapshot(), &question).unwrap();
    let nps = &answer.result.total.nps;
    assert_eq!((nps.promoters, nps.passives, nps.detractors, nps.value), (50, 33, 17, Some(33.0)));
    let interval = nps.interval.unwrap();
    assert!((interval.low - 17.56).abs() < 0.005 && (interval.high - 46.52).abs() < 0.005);
    question.answers_counted = AnswersCounted::EveryAnswer;
    // Two answers of nobody count one each.
    world.add(0, at("2026-02-01T00:00:00Z"), survey(SurveyKind::Nps, 10));
    world.add(0, at("2026-02-01T00:00:00Z"), survey(SurveyKind::Nps, 10));
    let answer = nps::compute(&world.snapshot(), &question).unwrap();
    let nps = &answer.result.total.nps;
    assert_eq!((nps.promoters, nps.detractors), (52, 18));
    assert_eq!(answer.basis.identity_coverage.numerator, 101.0);
    assert_eq!(answer.basis.identity_coverage.denominator, 103.0);
}

/// Kaplan and Anderson, HBR 2004: $560,000 in a quarter, 70 % for 49,000 orders, 10 % for 1,400
/// inquiries, 20 % for 2,500 credit checks: $8, $40 and $44.80 a piece.
#[test]
fn cost_matches_the_published_example() {
    let mut world = World::of_people(100);
    let contact = || Activity::ServiceContact(ServiceContact::default());
    for n in 0..52_900_u32 {
        let activity = match n {
            0..49_000 => order(&n.to_string(), 100),
            49_000..50_400 => contact(),
            _ => Activity::Visit(customer360_model::activity::Visit::default()),
        };
        world.add(1 + n % 100, at("2026-02-01T00:00:00Z"), activity);
    }
    let rate = |activity_type, per_touch_micros| CostRate {
        channel: "web".into(),
        activity_type: Some(activity_type),
        currency: Currency::USD,
        per_touch_micros,
        per_minute_micros: 0,
        from: at("2026-01-01T00:00:00Z"),
    };
    // The unit rates are the shares of the cost over the quantities.
    let unit = |percent: i64, quantity: i64| 560_000 * 10_000 * percent / quantity;
    let rates = vec![
        rate(ActivityType::Order, unit(70, 49_000)),
        rate(ActivityType::ServiceContact, unit(10, 1_400)),
        rate(ActivityType::Visit, unit(20, 2_500)),
    ];
    let prices: Vec<i64> = rates.iter().map(|rate| rate.per_touch_micros).collect();
    assert_eq!(prices, [8_000_000, 40_000_000, 44_800_000]);
    let question = cost::Question { scope: first_quarter(), group_by: None, rates, capacities: Vec::new() };
    let answer = cost::compute(&world.snapshot(), &question).unwrap();
    let total = answer.result.total;
    assert_eq!(total.total.micros(), 560_000_000_000);
    assert_eq!(total.total.minor(Currency::USD), 56_000_000.0);
    assert_eq!(total.per_customer.mean.value, Some(560_000.0));
    let phases: Vec<_> = total.by_phase.iter().map(|p| (p.phase, p.cost.micros() / 1_000_000)).collect();
    let expected = [(Phase::Consideration, 112_000), (Phase::Decision, 392_000), (Phase::Service, 56_000)];
    assert_eq!(phases, expected.map(|(phase, cost)| (Some(phase), cost)));
    assert_eq!(answer.basis.excluded.other_currency, 49_000, "revenue is in euros");
    assert_eq!(total.cost_to_net_revenue.absent, Some(Absent::EmptyDenominator));
}

#[test]
fn a_contact_costs_its_minutes_and_unused_capacity_is_not_spread() {
    let mut world = World::of_people(2);
    let contact = || Activity::ServiceContact(ServiceContact::default());
    let touch = world.add(1, at("2026-01-10T00:00:00Z"), contact());
    touch.details.handling_seconds = Some(100);
    touch.details.cost = Some(Money { minor: 25, currency: Currency::EUR });
    world.add(2, at("2026-01-11T00:00:00Z"), order("a", 1_000));
    world.add(2, at("2026-01-12T00:00:00Z"), back("", 400));
    let nobody = world.add(0, at("2026-01-12T00:00:00Z"), contact());
    nobody.details.handling_seconds = Some(200);
    let rate = CostRate {
        channel: "web".into(),
        activity_type: None,
        currency: Currency::EUR,
        per_touch_micros: 100_000,
        per_minute_micros: 1_000_000,
        from: at("2026-01-01T00:00:00Z"),
    };
    let capacity = Capacity {
        channel: "web".into(),
        interval: TimeRange { from: at("2026-01-01T00:00:00Z"), until: at("2026-01-31T00:00:00Z") },
        cost: Money { minor: 3_000, currency: Currency::EUR },
        practical_minutes: 30,
    };
    let scope = scope("2026-01-01T00:00:00Z", "2026-01-16T00:00:00Z");
    let question = cost::Question { scope, group_by: None, rates: vec![rate], capacities: vec![capacity] };
    let answer = cost::compute(&world.snapshot(), &question).unwrap();
    let total = &answer.result.total;
    // 0.10 + 100 s at 1.00 a minute + 0.25, and twice 0.10.
    assert_eq!(total.total.sixtieths, 60 * 350_000 + 100 * 1_000_000 + 60 * 200_000);
    assert_eq!(total.total.micros(), 2_216_667);
    assert_eq!(total.unidentified.micros(), 3_433_333);
    let revenue = total.cost_to_net_revenue;
    assert_eq!(revenue.denominator, 600.0);
    assert!((revenue.value.unwrap() - 221.666_666_7 / 600.0).abs() < 1e-9);
    // Half of the interval is in range: 15 minutes for 15.00, of which 5 were used.
    let used = &answer.capacity[0];
    assert_eq!((used.practical_minutes, used.used_minutes), (15.0, 5.0));
    assert_eq!(used.cost.unwrap().micros(), 15_000_000);
    assert_eq!(used.used_cost.unwrap().micros(), 5_000_000);
    assert_eq!(used.unused_cost.unwrap().micros(), 10_000_000);
}

#[test]
fn of_nothing_every_figure_is_absent_and_none_is_zero() {
    let world = World::of_people(0);
    let snapshot = world.snapshot();
    for snapshot in [snapshot, Snapshot::default()] {
        let figures = repurchase::compute(&snapshot, &repurchase::Question::of(first_quarter())).unwrap();
        let total = figures.result.total;
        for ratio in [total.repeat_customers, total.second_order_all, total.second_order_observed] {
            assert_eq!((ratio.value, ratio.absent), (None, Some(Absent::EmptyDenominator)));
        }
        for estimate in [total.second_order_kaplan_meier, total.gap_days_median, total.gap_days_p90] {
            assert_eq!((estimate.value, estimate.absent), (None, Some(Absent::EmptyDenominator)));
        }
        let question = cost::Question {
            scope: first_quarter(),
            group_by: Some(GroupBy::AcquisitionMonth),
            rates: Vec::new(),
            capacities: Vec::new(),
        };
        let costs = cost::compute(&snapshot, &question).unwrap();
        assert_eq!((costs.currency, costs.result.groups.len()), (None, 0));
        assert_eq!(costs.result.total.per_customer.mean, Estimate::none());
        assert_eq!(costs.basis.identity_coverage.value, None);
        let question = nps::Question {
            scope: first_quarter(),
            group_by: None,
            answers_counted: AnswersCounted::default(),
            survey_id: None,
        };
        let scores = nps::compute(&snapshot, &question).unwrap().result.total;
        assert_eq!((scores.nps.value, scores.csat_top_two.value, scores.ces_mean.value), (None, None, None));
        let question = retention::Question {
            scope: first_quarter(),
            group_by: None,
            orders: OrderOptions::default(),
            period: Some(PeriodOptions::default()),
            triangle: Some(TriangleOptions::default()),
        };
        let retention = retention::compute(&snapshot, &question).unwrap().result.total;
        assert_eq!(retention.period.unwrap().retention, Ratio::share(0, 0));
        let triangle = retention.triangle.unwrap();
        assert!(triangle.rows.is_empty() && triangle.means.iter().all(|m| m.ratio.value.is_none()));
    }
}

#[test]
fn all_the_same_has_quantiles_without_width() {
    let mut world = World::of_people(100);
    for person in 1..=100 {
        let touch = world.add(person, at("2026-02-01T00:00:00Z"), order(&person.to_string(), 100));
        touch.details.cost = Some(Money { minor: 70, currency: Currency::EUR });
    }
    let question =
        cost::Question { scope: first_quarter(), group_by: None, rates: Vec::new(), capacities: Vec::new() };
    let distribution = cost::compute(&world.snapshot(), &question).unwrap().result.total.per_customer;
    for estimate in [distribution.mean, distribution.p50, distribution.p90] {
        assert_eq!(estimate.value, Some(70.0));
        let interval = estimate.interval.unwrap();
        assert_eq!((interval.low, interval.high), (70.0, 70.0));
    }
}

#[test]
fn all_of_time_is_a_range_where_no_calendar_is_asked() {
    let mut world = shop();
    world.add(2, at("2026-02-01T00:00:00Z"), survey(SurveyKind::Nps, 10));
    let scope = closed(TimeRange::ALL);
    let question =
        cost::Question { scope: scope.clone(), group_by: None, rates: Vec::new(), capacities: Vec::new() };
    let answer = cost::compute(&world.snapshot(), &question).unwrap();
    assert_eq!((answer.basis.customers, answer.basis.touchpoints), (4, 8));
    let (group_by, survey_id) = (None, None);
    let answers_counted = AnswersCounted::EveryAnswer;
    let question = nps::Question { scope: scope.clone(), group_by, answers_counted, survey_id };
    let answer = nps::compute(&world.snapshot(), &question).unwrap();
    assert_eq!(answer.result.total.nps.value, Some(100.0));
    let refused = repurchase::compute(&world.snapshot(), &repurchase::Question::of(scope));
    assert_eq!(refused.err(), Some(KpiError::Calendar(calendar::CalendarError::OutOfCalendar)));
}

#[test]
fn malformed_questions_are_refused() {
    let snapshot = shop().snapshot();
    let reversed = scope("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z");
    let refused = repurchase::compute(&snapshot, &repurchase::Question::of(reversed));
    assert_eq!(refused.err(), Some(KpiError::RangeReversed));
    let mut question = repurchase::Question::of(first_quarter());
    question.window.days = 0;
    assert_eq!(repurchase::compute(&snapshot, &question).err(), Some(KpiError::WindowOutOfRange));
    let triangle = |options| retention::Question {
        scope: first_quarter(),
        group_by: None,
        orders: OrderOptions::default(),
        period: None,
        triangle: Some(options),
    };
    let brackets =
        TriangleOptions { mode: triangle::CohortMode::Brackets(vec![3, 2]), ..TriangleOptions::default() };
    let refused = retention::compute(&snapshot, &triangle(brackets));
    assert_eq!(refused.err(), Some(KpiError::BracketsOutOfOrder));
    let mut wide = triangle(TriangleOptions { unit: Unit::Hour, periods: 400, ..TriangleOptions::default() });
    wide.scope.range.from = at("2025-01-01T00:00:00Z");
    assert_eq!(retention::compute(&snapshot, &wide).err(), Some(KpiError::TooManyCells));
}
