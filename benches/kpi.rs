//! The KPI kernels over generated columns: time per question, bytes per touchpoint, time to gather.
//!
//! `cargo bench --bench kpi [-- TOUCHPOINTS] [NAME]`; 10 million by default, ten for each customer and
//! 1.6 observations for each. Each figure is the best of several runs.
//!
//! `cargo bench --bench kpi -- TOUCHPOINTS --dump FOLDER` also writes the touchpoints as CSV and the
//! answers, for `benches/kpi_duckdb.py FOLDER`, which asks DuckDB the same.

use std::io::Write;
use std::time::Duration;

use customer360::clock;
use customer360::kpi::cost::CostRate;
use customer360::kpi::fact::{Amount, AnswerKind, Body, Charge, TouchType};
use customer360::kpi::retention::PeriodOptions;
use customer360::kpi::survey::AnswersCounted;
use customer360::kpi::tables::Stem;
use customer360::kpi::triangle::TriangleOptions;
use customer360::kpi::{
    Dictionary, Estimate, Fact, GroupBy, Identity, Live, OrderOptions, OrderUnit, Scope, Segment, Snapshot,
    Source, Tables, Trust, Window, WindowKind, calendar, cost, repurchase, retention, survey,
};
use customer360::model::{ActivityType, Channel, Currency, Micros, TimeRange};
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashSet;

/// Observations are dealt out to customers in pairs and single ones: 1.6 for each.
struct Map;

impl Identity for Map {
    fn customer_of(&self, observation: u32, _at: i64) -> u32 {
        match (observation - 1) % 8 {
            5..=7 => observation - 4,
            _ => observation,
        }
    }

    fn is_registered(&self, customer: u32) -> bool {
        customer.is_multiple_of(2)
    }
}

const DAY: i64 = 86_400_000_000;

fn main() {
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(10_000_000_u32);
    let dump = std::env::args().skip_while(|arg| arg != "--dump").nth(1);
    let (tables, dictionary) = generate(count);
    if let Some(folder) = &dump {
        write_touchpoints(folder, &tables, &dictionary).unwrap();
    }
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
    if let Some(folder) = &dump {
        std::fs::write(format!("{folder}/answers.tsv"), headline_answers(&snapshot)).unwrap();
        return;
    }
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

fn utc() -> Scope {
    Scope::of(TimeRange { from: Micros(19_723 * DAY), until: Micros((19_723 + 731) * DAY) })
}

/// Lines of name, milliseconds and an answer that another engine can be compared with.
fn headline_answers(snapshot: &Snapshot) -> String {
    let mut lines = Vec::new();
    let mut time = |name: &str, question: &dyn Fn() -> String| {
        let mut best = Duration::MAX;
        let mut answer = String::new();
        for _ in 0..15 {
            let begun = clock::stopwatch();
            answer = question();
            best = best.min(begun.elapsed());
        }
        lines.push(format!("{name}\t{:.3}\t{answer}\n", ms(best)));
    };
    let question = retention::Question {
        scope: utc(),
        group_by: None,
        orders: OrderOptions::default(),
        period: None,
        triangle: Some(TriangleOptions::default()),
    };
    time("retention triangle", &|| {
        let triangle = retention::compute(snapshot, &question).unwrap().result.total.triangle.unwrap();
        let cells = triangle.rows.iter().flat_map(|row| &row.cells);
        format!("{}", cells.map(|cell| f64::from(cell.k + 1) * cell.ratio.numerator).sum::<f64>())
    });
    let question = repurchase::Question::of(utc());
    time("repurchase", &|| {
        let total = repurchase::compute(snapshot, &question).unwrap().result.total;
        let (median, p90) = (total.gap_days_median.value.unwrap(), total.gap_days_p90.value.unwrap());
        let (a, b) = (total.repeat_customers, total.second_order_all);
        format!("{} {} {} {} {median} {p90}", a.numerator, a.denominator, b.numerator, b.denominator)
    });
    let (group_by, survey_id) = (Some(GroupBy::Channel), None);
    let answers_counted = AnswersCounted::default();
    let question = survey::Question { scope: utc(), group_by, answers_counted, survey_id };
    time("NPS by channel", &|| {
        let groups = survey::compute(snapshot, &question).unwrap().result.groups;
        let counts = groups.iter().map(|group| {
            let nps = &group.result.nps;
            format!("{} {} {}", nps.promoters, nps.passives, nps.detractors)
        });
        counts.collect::<Vec<_>>().join(" ")
    });
    let question = cost::Question { scope: utc(), group_by: None, rates: rates(), capacities: Vec::new() };
    time("cost to serve", &|| {
        let total = cost::compute(snapshot, &question).unwrap().result.total;
        let of = |estimate: &Estimate| (estimate.value.unwrap() * 600_000.0).round();
        let each = &total.per_customer;
        format!("{} {} {}", total.total.sixtieths, of(&each.p50), of(&each.p90))
    });
    lines.concat()
}

/// `touchpoints.csv`, `mapping.csv` and `rates.csv`, which knows one rate for each channel and type.
fn write_touchpoints(folder: &str, tables: &Tables, dictionary: &Dictionary) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = |name: &str| std::fs::File::create(format!("{folder}/{name}")).map(std::io::BufWriter::new);
    let mut seconds = vec![0; tables.touchpoints() + 1];
    for (&number, &its) in tables.charges.stem.number.iter().zip(&tables.charges.seconds) {
        seconds[number as usize] = its;
    }
    let mut out = file("touchpoints.csv")?;
    writeln!(out, "observation,at,channel,type,amount,score,seconds")?;
    let mut write = |stem: &Stem, row: usize, touch_type: &str, amount: i64, score: i64| {
        let channel = dictionary.channels.name(dictionary.place(stem.place[row]).channel);
        let (observation, at, seconds) =
            (stem.observation[row], stem.at[row], seconds[stem.number[row] as usize]);
        writeln!(out, "{observation},{at},{channel},{touch_type},{amount},{score},{seconds}")
    };
    for row in 0..tables.orders.stem.len() {
        write(&tables.orders.stem, row, "order", tables.orders.amount[row], 0)?;
    }
    for row in 0..tables.returns.stem.len() {
        write(&tables.returns.stem, row, "return", tables.returns.amount[row], 0)?;
    }
    for row in 0..tables.answers.stem.len() {
        let kind = ["nps", "csat", "ces"][usize::from(tables.answers.kind[row])];
        write(&tables.answers.stem, row, kind, 0, tables.answers.score[row].into())?;
    }
    for row in 0..tables.touches.stem.len() {
        let touch_type = TouchType(tables.touches.kind[row]).activity_type().name();
        write(&tables.touches.stem, row, touch_type, 0, 0)?;
    }
    let mut out = file("mapping.csv")?;
    writeln!(out, "observation,customer")?;
    for observation in 1..=(tables.touchpoints() as f64 / 10.0 * 1.6) as u32 {
        writeln!(out, "{observation},{}", Map.customer_of(observation, 0))?;
    }
    let mut out = file("rates.csv")?;
    writeln!(out, "channel,type,per_touch,per_minute")?;
    for rate in rates() {
        let touch_type = rate.activity_type.map_or("any", ActivityType::name);
        writeln!(out, "{},{touch_type},{},{}", rate.channel, rate.per_touch_micros, rate.per_minute_micros)?;
    }
    Ok(())
}

const CHANNELS: [&str; 8] =
    ["web", "app", "store", "email", "call_centre", "marketplace", "social", "messaging"];

fn rates() -> Vec<CostRate> {
    let rate = |(n, channel): (usize, &&str)| CostRate {
        channel: (*channel).into(),
        activity_type: (n % 2 == 1).then_some(ActivityType::ServiceContact),
        currency: Currency::EUR,
        per_touch_micros: 10_000 * (n as i64 + 1),
        per_minute_micros: 500_000 + n as i64,
        from: Micros(0),
    };
    CHANNELS.iter().enumerate().chain([(1, &"web"), (2, &"app")]).map(rate).collect()
}

fn generate(count: u32) -> (Tables, Dictionary) {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut dictionary = Dictionary::default();
    let mut places = Vec::new();
    for channel in CHANNELS {
        assert!(Channel::parse(channel).is_some());
        for location in 0..40 {
            let location = (channel == "store").then(|| format!("store {location}"));
            places.push(dictionary.intern_place(channel, location.as_deref(), channel).unwrap());
        }
    }
    let currency = dictionary.intern_currency(Currency::EUR).unwrap();
    let survey = dictionary.intern_survey("").unwrap();
    let mut tables = Tables::default();
    let observations = (f64::from(count) / 10.0 * 1.6) as u32;
    for number in 1..=count {
        // In order of arrival, two years long.
        let passed = (730.0 * f64::from(number) / f64::from(count) * DAY as f64) as i64;
        let at = 19_723 * DAY + passed + rng.random_range(0..DAY);
        let amount = Amount { minor: rng.random_range(100..20_000), currency };
        let body = match rng.random_range(0..1000) {
            0..120 => Body::Order { amount, order_key: u64::from(number) },
            120..135 => Body::Return { amount, order_key: u64::from(number - rng.random_range(0..number)) },
            135..160 => {
                let kind = *[AnswerKind::Nps, AnswerKind::Csat, AnswerKind::Ces].choose(rng).unwrap();
                Body::Answer {
                    kind,
                    score: rng.random_range(if kind == AnswerKind::Nps { 0..=10 } else { 1..=5 }),
                    survey,
                }
            }
            160..230 => Body::Touch(TouchType::new(ActivityType::ServiceContact, None)),
            230..600 => Body::Touch(TouchType::new(ActivityType::Visit, None)),
            n => Body::Touch(TouchType::new(ActivityType::ALL[n as usize % 14], None)),
        };
        let is_contact = body.touch_type().activity_type() == ActivityType::ServiceContact;
        let charge = (is_contact || rng.random_bool(0.03))
            .then(|| Charge { seconds: rng.random_range(10..1_200), cost: None });
        tables.push(&Fact {
            number,
            observation: rng.random_range(1..=observations),
            at,
            place: *places.choose(rng).unwrap(),
            body,
            charge,
            traits: Vec::new(),
            said: customer360::kpi::fact::Said::default(),
        });
    }
    (tables, dictionary)
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
