//! Trials, care, returns, mix, model and card: worked examples by hand, and conservation laws.

use super::world::closed;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::rich::{random_params, rich, scope};
use super::world::{World, at, back, order};
use crate::catalogue::measures;
use crate::engine::compare;
use crate::engine::compare::Against;
use crate::engine::dimension::Dimension;
use crate::engine::measure::{Elsewhere, Params};
use crate::engine::records::Spend;
use crate::engine::scalar::{Figure, Question, compute};
use crate::ground::calendar;
use crate::measures::returns;
use crate::shapes::board::{self, Asked, Target};
use crate::shapes::mix;
use crate::*;
use customer360_model::activity::{Activity, *};
use customer360_model::*;

const DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;

fn march() -> Scope {
    closed(TimeRange { from: at("2026-03-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") })
}

/// Noon of a day of March 2026.
fn noon(day: i64) -> Micros {
    Micros(at("2026-03-01T12:00:00Z").0 + (day - 1) * DAY)
}

fn question(scope: Scope, ids: &[&str]) -> Question {
    let measures = ids.iter().map(|id| measures::find(id).unwrap()).collect();
    Question { scope, measures, params: Params::default(), group_by: Vec::new(), spans: Vec::new() }
}

fn figures(world: &World, ids: &[&str]) -> Vec<Figure> {
    let answers = compute(&world.snapshot(), &question(march(), ids)).unwrap();
    answers.into_iter().map(|answer| answer.total).collect()
}

fn values(world: &World, ids: &[&str]) -> Vec<Option<f64>> {
    figures(world, ids).into_iter().map(|figure| figure.value).collect()
}

fn contact(case_id: &str, stage: ContactStage) -> Activity {
    let (case_id, reason) = (case_id.to_owned(), "late".to_owned());
    Activity::ServiceContact(ServiceContact { case_id, stage, reason })
}

fn line(product: &str, category: &str, units: i64, price: i64) -> Line {
    Line {
        product_id: product.into(),
        category: category.into(),
        quantity_milli: units * 1_000,
        unit_price: Some(Money { minor: price, currency: Currency::EUR }),
        ..Line::default()
    }
}

fn order_of(id: &str, minor: i64, lines: Vec<Line>) -> Activity {
    let mut activity = order(id, minor);
    if let Activity::Order(order) = &mut activity {
        order.lines = lines;
    }
    activity
}

#[test]
fn trials_by_hand() {
    let mut world = World::of_people(2);
    let trial = |product: &str| {
        Activity::ProductTrial(ProductTrial { product_id: product.into(), kind: TrialKind::FittingRoom })
    };
    // Ann tries two shoes and a hat in one visit and buys the shoe 14 days later; Ben buys a day late.
    for product in ["shoe", "shoe", "hat"] {
        world.add(1, noon(2), trial(product)).details.visit_id = Some("v1".into());
    }
    world.add(1, noon(16), order_of("a", 50, vec![line("shoe", "feet", 1, 50)]));
    world.add(2, noon(2), trial("shoe"));
    world.add(2, noon(17), order_of("b", 50, vec![line("shoe", "feet", 1, 50)]));
    let ids = ["trial_conversion", "products_tried_per_visit"];
    assert_eq!(values(&world, &ids), [Some(1.0 / 3.0), Some(1.5)]);
}

#[test]
fn care_by_hand() {
    use ContactStage::*;
    let mut world = World::of_people(4);
    let mut say = |who, case: &str, minute: i64, stage| {
        world.add(who, noon(3).plus(minute * MINUTE), contact(case, stage));
    };
    // Answered after 10, 30 and 90 minutes; one never, within the 28.5 days observed.
    for (who, reply, done) in [(1, 10, 60), (2, 30, 120), (3, 90, 180)] {
        say(who, "c", 0, Opened);
        say(who, "c", reply, FirstHumanReply);
        say(who, "c", done, Resolved);
    }
    say(3, "c", 5 * 24 * 60, Reopened);
    say(4, "c", 0, Opened);
    let found = figures(&world, &["first_reply", "first_reply_p90", "resolution", "care_within_target"]);
    assert_eq!((found[0].value, found[0].denominator), (Some(30.0), Some(4.0)));
    // Three quarters were answered: nine tenths never.
    assert_eq!((found[1].value, found[1].absent), (None, Some(Absent::NotReached)));
    assert_eq!(found[2].value, Some(2.0));
    assert_eq!(found[3].value, Some(0.5));
    assert_eq!(values(&world, &["first_contact_resolution"]), [Some(2.0 / 3.0)]);
    // Ann writes again by another channel within a week, Ben after it.
    world.add(1, noon(4), contact("d", Opened)).channel = "call_centre";
    world.add(2, noon(11), contact("d", Opened)).channel = "call_centre";
    let answers = compute(&world.snapshot(), &question(march(), &["cases_repeated_elsewhere"])).unwrap();
    assert_eq!((answers[0].total.numerator, answers[0].total.denominator), (1.0, Some(6.0)));
}

#[test]
fn switches_by_hand() {
    let mut world = World::of_people(1);
    let view = |product: &str| {
        Activity::ProductView(ProductView { product_id: product.into(), ..ProductView::default() })
    };
    // The same shoe is looked at again in the app; the hat on the web and the talk in the store are new.
    world.add(1, noon(2), view("shoe"));
    world.add(1, noon(3), view("shoe")).channel = "app";
    world.add(1, noon(4), view("hat"));
    world.add(1, noon(5), Activity::Conversation(Conversation::default())).channel = "store";
    world.add(1, noon(6), order("a", 10)).channel = "store";
    assert_eq!(values(&world, &["seamless_switches"]), [Some(2.0 / 3.0)]);
}

#[test]
fn returns_by_hand() {
    let mut world = World::of_people(2);
    world.add(1, noon(2), order_of("a", 300, vec![line("shoe", "feet", 3, 100)]));
    world.add(2, noon(2), order("b", 100));
    let part = world.add(1, noon(6), back("a", 100));
    part.channel = "store";
    if let Activity::Return(back) = &mut part.details.activity {
        back.lines = vec![line("shoe", "feet", 1, 100)];
    }
    // On the way back Ann buys socks; the return that names no order is of her last one before it.
    world.add(1, noon(6).plus(MINUTE), order("c", 40)).channel = "store";
    world.add(1, noon(8), back("", 40)).channel = "store";
    let ids = ["returned_orders", "returned_units", "returned_value", "return_days", "returns_elsewhere"];
    let day = 1.0 / 1_440.0;
    let expected = [2.0 / 3.0, 1.0 / 3.0, 140.0 / 440.0, (4.0 + 2.0 - day) / 2.0, 0.5];
    // A month later it is known what came back within 30 days.
    let later = Scope { observed_until: Some(at("2026-05-02T00:00:00Z")), ..march() };
    let answers = compute(&world.snapshot(), &question(later, &ids)).unwrap();
    for (answer, expected) in answers.iter().zip(expected) {
        let value = answer.total.value.unwrap();
        assert!((value - expected).abs() < 1e-9, "{value:?} is not {expected}");
    }
    assert_eq!(values(&world, &["online_returned_in_store", "orders_at_returns"]), [Some(1.0), Some(0.5)]);
    let matrix = returns::compute(&world.snapshot(), &march(), &Params::default()).unwrap();
    let cells: Vec<_> =
        matrix.cells.iter().map(|c| (c.bought.as_str(), c.returned.as_str(), c.returns)).collect();
    assert_eq!(cells, [("store", "store", 1), ("web", "store", 1)]);
    assert_eq!(matrix.cells[1].days.value, Some(4.0));
}

#[test]
fn prices_by_hand() {
    let mut world = World::of_people(1);
    let discounted = Line {
        list_price: Some(Money { minor: 125, currency: Currency::EUR }),
        ..line("shoe", "feet", 2, 100)
    };
    world.add(1, noon(2), order_of("a", 200, vec![discounted]));
    let lines = vec![line("shoe", "feet", 2, 120), line("hat", "head", 1, 60)];
    world.add(1, noon(3), order_of("b", 300, lines)).channel = "store";
    let mix = mix::compute(&world.snapshot(), &march(), &Params::default()).unwrap();
    let cells: Vec<_> = mix
        .cells
        .iter()
        .map(|c| (c.category.as_deref().unwrap(), c.channel.as_str(), c.sales.revenue, c.price_index))
        .collect();
    // A shoe costs 110 on average: 200 / 220 on the web. Nobody else sells the hat.
    assert_eq!(
        cells,
        [
            ("feet", "store", 240, Some(240.0 / 220.0)),
            ("feet", "web", 200, Some(200.0 / 220.0)),
            ("head", "store", 60, None)
        ]
    );
    let ids = ["units_sold", "line_revenue", "average_unit_price", "discount_share"];
    assert_eq!(values(&world, &ids), [Some(5.0), Some(500.0), Some(100.0), Some(50.0 / 550.0)]);
}

#[test]
fn acquisition_by_hand() {
    let mut world = World::of_people(3);
    for who in 1..=2 {
        world.add(who, noon(-30), Activity::AdClick(AdClick::default())).channel = "advertising";
        world.add(who, noon(5), order(&format!("{who}"), 10));
    }
    world.add(3, noon(-20), order("old", 10));
    world.add(3, noon(5), order("again", 10));
    let spend = |channel: &str, from, until, minor| Spend {
        channel: channel.into(),
        campaign: String::new(),
        interval: TimeRange { from, until },
        amount: Money { minor, currency: Currency::EUR },
    };
    let (begin, end) = (march().range.from, march().range.until);
    let mut asked = question(march(), &["acquisition_cost", "new_customers"]);
    asked.group_by = vec![Dimension::Of(GroupBy::Channel)];
    // Half of a spend of 62 days is in March; nobody new came of the partner.
    asked.params.spend = vec![
        spend("advertising", begin, end.plus(31 * DAY), 600),
        spend("partner", begin, end, 70),
        spend("advertising", end, end.plus(DAY), 999),
    ];
    let answers = compute(&world.snapshot(), &asked).unwrap();
    assert_eq!((answers[0].total.value, answers[0].total.numerator), (Some(185.0), 370.0));
    let cells: Vec<_> =
        answers[0].groups.iter().map(|c| (c.keys[0].as_deref().unwrap(), c.figure.value)).collect();
    assert_eq!(cells, [("advertising", Some(150.0)), ("partner", None)]);
    assert_eq!(answers[1].total.value, Some(2.0));
    // Amounts in another currency are left out and counted, or converted at the rate of the beginning.
    let mut foreign = asked.clone();
    foreign.scope.currency = Some(Currency::EUR);
    foreign.params.spend[1].amount.currency = Currency::GBP;
    let answer = compute(&world.snapshot(), &foreign).unwrap().remove(0);
    assert_eq!((answer.total.numerator, answer.basis.excluded.other_currency), (300.0, 1));
    let rate = |since, rate_billionths| crate::ground::money::ExchangeRate {
        from: Currency::GBP,
        to: Currency::EUR,
        since,
        rate_billionths,
    };
    foreign.scope.rates =
        std::sync::Arc::new(vec![rate(begin, 2_000_000_000), rate(begin.plus(DAY), 9_000_000_000)]);
    assert_eq!(compute(&world.snapshot(), &foreign).unwrap()[0].total.numerator, 440.0);
    foreign.scope.currency = None;
    assert_eq!(compute(&world.snapshot(), &foreign), Err(KpiError::CurrencyRequired));
    // Each day of a spend has its part, whatever its length: together they are the whole.
    asked.measures.truncate(1);
    asked.spans = compare::series(&asked.scope, asked.scope.range.until, calendar::Unit::Day.into()).unwrap();
    let days = compute(&world.snapshot(), &asked).unwrap().remove(0).spans;
    assert_eq!(days.iter().map(|day| day.numerator).sum::<f64>(), 370.0);
}

#[test]
fn offers_and_credits_by_hand() {
    let mut world = World::of_people(2);
    let shown = |offer: &str, kind| Activity::OfferShown(OfferShown { offer_id: offer.into(), kind });
    world.add(1, noon(2), shown("socks", OfferKind::CrossSell));
    world.add(1, noon(2).plus(MINUTE), shown("club", OfferKind::Promotion));
    world.add(1, noon(2).plus(2 * MINUTE), shown("better", OfferKind::Upsell)).channel = "store";
    let mut bought = order("a", 100);
    if let Activity::Order(order) = &mut bought {
        order.offer_id = "socks".into();
    }
    world.add(1, noon(3), bought).channel = "store";
    world.add(2, noon(3), order("b", 50));
    let ids = ["upsell_acceptance", "upsell_customers", "upsell_revenue_share", "upsell_order_value"];
    assert_eq!(values(&world, &ids), [Some(0.5), Some(1.0), Some(100.0 / 150.0), Some(100.0)]);
    // Three touchpoints led to the order of 100: 34 and 33 on the web, 33 in the store. Nothing led to
    // that of 50.
    let mut asked = question(march(), &["credited_sales", "assisted_sales", "integration_index"]);
    asked.group_by = vec![Dimension::Of(GroupBy::Channel)];
    let answers = compute(&world.snapshot(), &asked).unwrap();
    let of = |nth: usize| -> Vec<(&str, Option<f64>)> {
        answers[nth].groups.iter().map(|c| (c.keys[0].as_deref().unwrap(), c.figure.value)).collect()
    };
    assert_eq!(of(0), [("store", Some(33.0)), ("web", Some(117.0))]);
    assert_eq!(of(1), [("web", Some(67.0))]);
    assert_eq!(of(2), [("store", Some(0.0)), ("web", Some(67.0 / 117.0))]);
}

fn asked(scope: Scope, params: Params, by: Elsewhere) -> Asked {
    Asked {
        scope,
        params,
        measures: board::card(),
        by,
        against: Against::PreviousPeriod,
        targets: Vec::new(),
    }
}

#[test]
fn a_target_holds_with_its_part_of_the_time() {
    let mut world = World::of_people(1);
    world.add(1, noon(2), order("a", 100));
    world.add(1, noon(-20), order("b", 40));
    let mut asked = asked(march(), Params::default(), Elsewhere::Channel);
    let whole = march().range;
    let later = TimeRange { from: whole.until.plus(-DAY), until: whole.until.plus(30 * DAY) };
    let target = |kpi: &str, place: Option<&str>, interval, value| Target {
        kpi_id: kpi.into(),
        place: place.map(|name| (Elsewhere::Channel, name.into())),
        interval,
        value,
        currency: (kpi == "sales").then_some(Currency::EUR),
    };
    asked.targets = vec![
        target("sales", None, whole, 190.0),
        target("sales", None, later, 310.0),
        target("sales", Some("web"), whole, 80.0),
        target("visitor_conversion", Some("web"), whole, 0.1),
        target("visitor_conversion", Some("web"), later, 0.1 + 32.0 * 0.1),
    ];
    let board = board::compute(&world.snapshot(), &asked).unwrap();
    assert_eq!(board.places, [Some("web".to_owned())]);
    let sales = &board.lines[0];
    assert_eq!((sales.total.now.value, sales.total.before.value), (Some(100.0), Some(40.0)));
    assert_eq!((sales.total.change.difference, sales.total.target), (Some(60.0), Some(200.0)));
    assert_eq!((sales.total.attainment, sales.cells[0].attainment), (Some(0.5), Some(1.25)));
    let conversion = &board.lines[6];
    assert_eq!((conversion.kpi.id, conversion.total.target), ("visitor_conversion", None));
    assert!((conversion.cells[0].target.unwrap() - 0.2).abs() < 1e-9);
    assert_eq!(conversion.cells[0].attainment, None, "nobody visited");
}

/// On random worlds: credits sum to sales, rows to totals, and shapes say what figures say.
#[test]
fn shapes_say_what_figures_say_and_credits_sum_to_sales() {
    let mut assisted = 0;
    for seed in 0..150 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 60_000);
        let (mut scope, params) = (scope(rng), random_params(rng));
        scope.currency = Some(if rng.random_bool(0.8) { Currency::EUR } else { Currency::GBP });
        // Credit is given of what is somebody's.
        scope.identified_only = true;
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let by = params.elsewhere;
        let asked = asked(scope.clone(), params.clone(), by);
        let card = board::compute(&snapshot, &asked).unwrap();
        let column = |id: &str| card.lines.iter().find(|line| line.kpi.id == id).unwrap();
        let sum = |id: &str| column(id).cells.iter().filter_map(|cell| cell.now.value).sum::<f64>();
        for id in ["sales", "credited_sales", "assisted_sales", "receipts", "likes", "subscriptions"] {
            // Of the orders of a day by several channels each counts one.
            let adds_up = id != "receipts" || params.orders.unit == OrderUnit::Order;
            assert!(!adds_up || Some(sum(id)) == column(id).total.now.value, "{id}");
        }
        // Filters ask for the touchpoint that is credited, and of sales for the order.
        if scope.channels.is_empty() && scope.locations.is_empty() && scope.sources.is_empty() {
            assert_eq!(sum("credited_sales"), sum("sales"), "credits sum to sales to the cent");
        }
        assisted += i32::from(sum("assisted_sales") > 0.0);
        for cells in (0..card.places.len()).map(|nth| card.lines.iter().map(move |line| line.cells[nth])) {
            let row: Vec<Option<f64>> = cells.map(|cell| cell.now.value).collect();
            let (own, helped) = (row[0].unwrap(), row[2].unwrap());
            assert_eq!(row[3], (own + helped > 0.0).then(|| helped / (own + helped)));
        }
        let question = Question {
            scope: scope.clone(),
            measures: [board::card(), board::phases()].concat(),
            params: params.clone(),
            group_by: Vec::new(),
            spans: vec![card.before],
        };
        let model = board::compute(&snapshot, &Asked { measures: board::phases(), ..asked }).unwrap();
        for (line, answer) in
            card.lines.iter().chain(&model.lines).zip(compute(&snapshot, &question).unwrap())
        {
            let drops = question.params.orders.drop_fully_returned;
            assert_eq!(line.total.now, answer.total, "{}", answer.kpi.id);
            // What came back is asked by the end of the whole question.
            assert!(drops || line.total.before == answer.spans[0], "{}", answer.kpi.id);
        }
        mix_agrees(&snapshot, &scope, &params);
        let matrix = returns::compute(&snapshot, &scope, &params).unwrap();
        let returns: u64 = matrix.cells.iter().map(|cell| cell.returns).sum();
        assert_eq!(returns, matrix.figures[0].total.anchors);
        let elsewhere = matrix.cells.iter().filter(|cell| cell.bought != cell.returned);
        let elsewhere: u64 = elsewhere.map(|cell| cell.returns).sum();
        assert_eq!(elsewhere as f64, matrix.figures[0].total.numerator);
    }
    assert!(assisted > 20, "{assisted}");
}

fn mix_agrees(snapshot: &Snapshot, scope: &Scope, params: &Params) {
    let mix = mix::compute(snapshot, scope, params).unwrap();
    let mut asked =
        question(scope.clone(), &["units_sold", "line_revenue", "average_unit_price", "discount_share"]);
    asked.params = params.clone();
    asked.group_by = vec![Dimension::Category, Dimension::Of(GroupBy::Channel)];
    let answers = compute(snapshot, &asked).unwrap();
    let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
        (a, b) => a == b,
    };
    let agrees = |sales: &mix::Sales, figures: [Option<Figure>; 4]| {
        let value = |nth: usize| figures[nth].and_then(|figure: Figure| figure.value);
        let units = value(0).unwrap_or(0.0);
        assert!(near(Some(sales.units as f64 / 1_000.0), Some(units)));
        assert_eq!(sales.revenue as f64, value(1).unwrap_or(0.0));
        assert!(near(sales.average_price(), value(2)) && near(sales.discount_share(), value(3)));
    };
    agrees(&mix.total, [0, 1, 2, 3].map(|nth| Some(answers[nth].total)));
    for cell in &mix.cells {
        let keys = [cell.category.clone(), Some(cell.channel.clone())];
        let of = |nth: usize| answers[nth].groups.iter().find(|c| c.keys == keys).map(|c| c.figure);
        agrees(&cell.sales, [0, 1, 2, 3].map(of));
    }
    assert_eq!(mix.basis.touchpoints, answers[0].total.anchors, "each line counts as one");
}
