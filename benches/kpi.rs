//! The KPI kernels over generated columns: time per question, bytes per touchpoint, time to gather.
//!
//! `cargo bench --bench kpi [-- TOUCHPOINTS] [NAME]`; 10 million by default, ten for each customer and
//! 1.6 observations for each. Each figure is the best of several runs. For profiles; the ratios to
//! other engines are those of `benches/run`.

use std::time::Duration;

use customer360::clock;
use customer360::kpi::Identity as _;
use customer360::kpi::known::{Home, Homes, Since};
use customer360::kpi::measure::Params;
use customer360::kpi::retention::PeriodOptions;
use customer360::kpi::survey::AnswersCounted;
use customer360::kpi::triangle::TriangleOptions;
use customer360::kpi::{
    GroupBy, Live, OrderOptions, OrderUnit, Scope, Segment, Snapshot, Source, Trust, Window, WindowKind,
    calendar, cost, lifetime, measures, repurchase, retention, scalar, survey,
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
/// was a customer of its own.
fn ask_of_then(snapshot: &Snapshot, count: u32, trust: &Trust) {
    for percent in [99, 50] {
        let mut since = Since { last: count / 100 * percent, ..Since::default() };
        for observation in (1..count / 10).step_by(500) {
            since.touched.extend([observation, Map.customer_of(observation, 0)]);
            since.homes.insert(observation, Home { customer: observation, later: Vec::new() });
        }
        println!("as known when {percent} % were recorded:");
        report("a snapshot of then", || snapshot.as_known(&since, &Map, trust).customers() as f64);
        ask(&snapshot.as_known(&since, &Map, trust));
    }
}

fn ask(snapshot: &Snapshot) {
    report("plain sum of all columns of touches", || {
        let stem = &snapshot.segments[0].segment.tables.touches.stem;
        let times = stem.at.iter().zip(&stem.place).map(|(&at, &place)| at + i64::from(place));
        let others = stem.customer.iter().zip(&snapshot.segments[0].segment.tables.touches.kind);
        let others = others.map(|(&customer, &kind)| i64::from(customer) + i64::from(kind));
        times.zip(others).fold(0, |sum, (a, b)| sum ^ (a + b)) as f64
    });
    let scope = scope();
    let retention = |period: Option<PeriodOptions>, triangle: Option<TriangleOptions>| retention::Question {
        scope: scope.clone(),
        group_by: None,
        orders: OrderOptions::default(),
        period,
        triangle,
    };
    let question = retention(None, Some(TriangleOptions::default()));
    report("retention triangle", || retention::compute(snapshot, &question).unwrap().basis.customers as f64);
    let question = retention(Some(PeriodOptions::default()), None);
    report("retention over a period", || {
        retention::compute(snapshot, &question).unwrap().basis.customers as f64
    });
    let visits = TriangleOptions {
        start_event: ActivityType::Visit,
        return_events: vec![ActivityType::Order, ActivityType::Visit],
        ..TriangleOptions::default()
    };
    let question = retention(None, Some(visits));
    report("triangle of visits and orders", || {
        retention::compute(snapshot, &question).unwrap().basis.customers as f64
    });
    let mut question = repurchase::Question::of(scope.clone());
    report("repurchase", || repurchase::compute(snapshot, &question).unwrap().basis.customers as f64);
    question.window = Window { days: 90, kind: WindowKind::Elapsed };
    report("repurchase, elapsed", || {
        repurchase::compute(snapshot, &question).unwrap().basis.customers as f64
    });
    question.orders.unit = OrderUnit::CustomerDay;
    question.orders.drop_fully_returned = true;
    question.scope.channels = vec!["web".into(), "store".into()];
    report("repurchase, filtered", || {
        repurchase::compute(snapshot, &question).unwrap().basis.customers as f64
    });
    for id in ["conversion", "ropo", "attributed_orders", "average_order_value"] {
        let question = scalar::Question {
            scope: scope.clone(),
            measures: vec![measures::find(id).unwrap()],
            params: Params::default(),
            group_by: Vec::new(),
            spans: Vec::new(),
        };
        report(id, || scalar::compute(snapshot, &question).unwrap()[0].total.numerator);
    }
    let question = survey::Question {
        scope: scope.clone(),
        group_by: Some(GroupBy::Channel),
        answers_counted: AnswersCounted::default(),
        survey_id: None,
    };
    report("NPS by channel", || survey::compute(snapshot, &question).unwrap().basis.customers as f64);
    let mut question = cost::Question { scope, group_by: None, rates: rates(), capacities: Vec::new() };
    report("cost to serve", || cost::compute(snapshot, &question).unwrap().basis.customers as f64);
    for by in [GroupBy::Channel, GroupBy::Location, GroupBy::AcquisitionMonth] {
        let name = format!("cost by {by:?}");
        question.group_by = Some(by);
        report(&name, || cost::compute(snapshot, &question).unwrap().basis.customers as f64);
    }
}

fn scope() -> Scope {
    let mut scope = utc();
    scope.zone = calendar::Zone::named("Europe/Berlin").unwrap();
    scope
}

/// Prints the best time of several runs, and the processor time of all threads in a mean run, which
/// other work on the machine disturbs less.
fn report(name: &str, mut question: impl FnMut() -> f64) {
    const RUNS: u32 = 15;
    let wanted = std::env::args().skip(1).find(|arg| arg.parse::<u32>().is_err() && !arg.starts_with('-'));
    if wanted.is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let mut best = Duration::MAX;
    let mut value = 0.0;
    let before = processor_ms();
    for _ in 0..RUNS {
        let begun = clock::stopwatch();
        value = question();
        best = best.min(begun.elapsed());
    }
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
