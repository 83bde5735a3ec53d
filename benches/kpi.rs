//! The KPI kernels over generated columns: time per question, bytes per touchpoint, time to gather.
//!
//! `cargo bench --bench kpi [-- TOUCHPOINTS] [NAME]`; 10 million by default, ten for each customer and
//! 1.6 observations for each. Each figure is the best of several runs. For profiles; the ratios to
//! other engines are those of `benches/run`.

use std::time::Duration;

use customer360::clock;
use customer360::kpi::Identity as _;
use customer360::kpi::catalogue::measures;
use customer360::kpi::engine::measure::Params;
use customer360::kpi::engine::params::AnswersCounted;
use customer360::kpi::engine::scalar;
use customer360::kpi::facts::as_of::{Home, Homes, Since};
use customer360::kpi::ground::calendar;
use customer360::kpi::shapes::cost;
use customer360::kpi::shapes::lifetime;
use customer360::kpi::shapes::nps;
use customer360::kpi::shapes::repurchase;
use customer360::kpi::shapes::retention;
use customer360::kpi::shapes::retention::PeriodOptions;
use customer360::kpi::shapes::triangle::TriangleOptions;
use customer360::kpi::{
    GroupBy, Live, OrderOptions, OrderUnit, Scope, Segment, Snapshot, Source, Trust, Window, WindowKind,
};
use customer360::model::ActivityType;
use rustc_hash::FxHashSet;

#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/columns.rs"]
mod columns;

use columns::{Map, generate, rates, utc};

impl Homes for Map {
    fn home(&self, observation: u32) -> Home {
        Home { customer: self.customer_of(observation, 0), later: Vec::new() }
    }
}

fn main() {
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(10_000_000_u32);
    let (tables, dictionary) = generate(count);
    let trust = Trust::of(&dictionary, &[]);
    let none = FxHashSet::default();
    let begun = clock::stopwatch();
    let segment = Segment::gather(&[Source::New(&tables)], &Map, &none, &trust);
    let gathered = begun.elapsed();
    drop(tables);
    println!(
        "{} touchpoints of {} customers gathered in {:.0} ms; {:.1} bytes a touchpoint",
        segment.tables.touchpoints(),
        segment.customers.len(),
        ms(gathered),
        segment.bytes() as f64 / segment.tables.touchpoints() as f64
    );
    let chosen: Vec<u32> = (0..segment.customers.len() as u32).step_by(500).collect();
    report("gather 1 customer in 500", || {
        let part = Segment::gather(&[Source::Customers(&segment, &chosen)], &Map, &none, &trust);
        part.tables.touchpoints() as f64
    });
    let snapshot = Snapshot {
        segments: vec![Live::new(segment)],
        dictionary: std::sync::Arc::new(dictionary),
        ..Snapshot::default()
    };
    ask(&snapshot);
    let moved = chosen.iter().copied();
    let source = Source::Customers(&snapshot.segments[0].segment, &chosen);
    let after = Snapshot {
        segments: vec![
            Live::new(Segment::gather(&[source], &Map, &none, &trust)),
            snapshot.segments[0].without(moved),
        ],
        ..snapshot.clone()
    };
    println!("with 1 customer in 500 gathered anew:");
    ask(&after);
    ask_of_then(&snapshot, count, &trust);
    lifetimes(count / 10, &trust);
}

/// Customers who each have a rate of buying and of leaving, as the model has it: the fit, and what
/// is expected of each.
fn lifetimes(customers: u32, trust: &Trust) {
    let (tables, dictionary) = buyers::buyers(customers);
    let none = FxHashSet::default();
    let segment = Segment::gather(&[Source::New(&tables)], &buyers::OneEach, &none, trust);
    let dictionary = std::sync::Arc::new(dictionary);
    let snapshot = Snapshot { segments: vec![Live::new(segment)], dictionary, ..Snapshot::default() };
    let question = lifetime::Question { size: 1_000, ..lifetime::Question::of(scope()) };
    report("lifetime value", || {
        let answer = lifetime::compute(&snapshot, &question).unwrap();
        answer.fit.purchases.map_or(0.0, |model| model.fitted.parameters[0])
    });
}

/// The same of the past: when a share of the touchpoints was recorded, and 1 observation in 500
/// was a customer of its own. Each is asked for the first time: what it reads is made for it.
fn ask_of_then(snapshot: &Snapshot, count: u32, trust: &Trust) {
    for percent in [99, 50] {
        let mut since = Since { last: count / 100 * percent, ..Since::default() };
        for observation in (1..count / 10).step_by(500) {
            since.touched.extend([observation, Map.customer_of(observation, 0)]);
            since.homes.insert(observation, Home { customer: observation, later: Vec::new() });
        }
        println!("as known when {percent} % were recorded, asked first:");
        report("a snapshot of everything then", || snapshot.as_known(&since, &Map, trust).customers() as f64);
        for (name, question) in questions() {
            if !is_wanted(&name) {
                continue;
            }
            let first = best(|| snapshot.asked_then(&since, &Map, trust, &question));
            let [first, now] =
                [first, best(|| question(snapshot))].map(|one| one.map_or(0.0, |one| ms(one.0)));
            println!("{name:<40} {first:>9.2} ms, now {now:>9.2} ms: {:>6.1} times", first / now);
        }
    }
}

fn ask(snapshot: &Snapshot) {
    for (name, question) in questions() {
        report(&name, || question(snapshot));
    }
}

/// What is asked of a snapshot.
type Asked = Box<dyn Fn(&Snapshot) -> f64>;

fn questions() -> Vec<(String, Asked)> {
    let mut all: Vec<(String, Asked)> = Vec::new();
    let mut add = |name: &str, question: Asked| all.push((name.to_owned(), question));
    add(
        "plain sum of all columns of touches",
        Box::new(|snapshot| {
            let touches = &snapshot.segments[0].segment.tables.touches;
            let stem = &touches.stem;
            let times = stem.at.iter().zip(&stem.place).map(|(&at, &place)| at + i64::from(place));
            let others = stem.customer.iter().zip(&touches.kind);
            let others = others.map(|(&customer, &kind)| i64::from(customer) + i64::from(kind));
            times.zip(others).fold(0, |sum, (a, b)| sum ^ (a + b)) as f64
        }),
    );
    let retention =
        |period: Option<PeriodOptions>, triangle: Option<TriangleOptions>, by: Option<GroupBy>| {
            let orders = OrderOptions::default();
            let question = retention::Question { scope: scope(), group_by: by, orders, period, triangle };
            Box::new(move |snapshot: &Snapshot| {
                retention::compute(snapshot, &question).unwrap().basis.customers as f64
            })
        };
    let triangle = || Some(TriangleOptions::default());
    add("retention triangle", retention(None, triangle(), None));
    add("triangle by acquisition channel", retention(None, triangle(), Some(GroupBy::AcquisitionChannel)));
    add("triangle by a trait", retention(None, triangle(), Some(GroupBy::Trait("tier".into()))));
    add("retention over a period", retention(Some(PeriodOptions::default()), None, None));
    let visits = TriangleOptions {
        start_event: ActivityType::Visit,
        return_events: vec![ActivityType::Order, ActivityType::Visit],
        ..TriangleOptions::default()
    };
    add("triangle of visits and orders", retention(None, Some(visits), None));
    let repurchase = |question: repurchase::Question| {
        Box::new(move |snapshot: &Snapshot| {
            repurchase::compute(snapshot, &question).unwrap().basis.customers as f64
        })
    };
    let mut question = repurchase::Question::of(scope());
    add("repurchase", repurchase(question.clone()));
    question.window = Window { days: 90, kind: WindowKind::Elapsed };
    add("repurchase, elapsed", repurchase(question.clone()));
    question.orders.unit = OrderUnit::CustomerDay;
    question.orders.drop_fully_returned = true;
    question.scope.channels = vec!["web".into(), "store".into()];
    add("repurchase, filtered", repurchase(question));
    for id in ["conversion", "ropo", "attributed_orders", "average_order_value"] {
        let question = scalar::Question {
            scope: scope(),
            measures: vec![measures::find(id).unwrap()],
            params: Params::default(),
            group_by: Vec::new(),
            spans: Vec::new(),
        };
        let compute =
            move |snapshot: &Snapshot| scalar::compute(snapshot, &question).unwrap()[0].total.numerator;
        add(id, Box::new(compute));
    }
    let question = nps::Question {
        scope: scope(),
        group_by: Some(GroupBy::Channel),
        answers_counted: AnswersCounted::default(),
        survey_id: None,
    };
    let nps = move |snapshot: &Snapshot| nps::compute(snapshot, &question).unwrap().basis.customers as f64;
    add("NPS by channel", Box::new(nps));
    for by in [None, Some(GroupBy::Channel), Some(GroupBy::Location), Some(GroupBy::AcquisitionMonth)] {
        let name = by.as_ref().map_or_else(|| "cost to serve".into(), |by| format!("cost by {by:?}"));
        let question =
            cost::Question { scope: scope(), group_by: by, rates: rates(), capacities: Vec::new() };
        let compute =
            move |snapshot: &Snapshot| cost::compute(snapshot, &question).unwrap().basis.customers as f64;
        add(&name, Box::new(compute));
    }
    all
}

fn scope() -> Scope {
    let mut scope = utc();
    scope.zone = calendar::Zone::named("Europe/Berlin").unwrap();
    scope
}

/// Whether a question was named, or none was.
fn is_wanted(name: &str) -> bool {
    let wanted = std::env::args().skip(1).find(|arg| arg.parse::<u32>().is_err() && !arg.starts_with('-'));
    wanted.is_none_or(|wanted| name.contains(&wanted))
}

/// The best time of several runs, and what was answered.
fn best(mut question: impl FnMut() -> f64) -> Option<(Duration, f64)> {
    let runs = (0..RUNS).map(|_| {
        let begun = clock::stopwatch();
        let value = question();
        (begun.elapsed(), value)
    });
    runs.min_by_key(|(elapsed, _)| *elapsed)
}

const RUNS: u32 = 9;

/// Prints the best time of several runs, and the processor time of all threads in a mean run, which
/// other work on the machine disturbs less.
fn report(name: &str, question: impl FnMut() -> f64) {
    if !is_wanted(name) {
        return;
    }
    let before = processor_ms();
    let Some((best, value)) = best(question) else { return };
    let processor = (processor_ms() - before) / f64::from(RUNS);
    println!("{name:<40} {:>9.2} ms {processor:>9.2} ms of processors   ({value})", ms(best));
}

/// User time of this process so far; 0 where the system does not say.
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().nth(11).and_then(|ticks| ticks.parse().ok());
    ticks.unwrap_or(0.0) * 10.0
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
