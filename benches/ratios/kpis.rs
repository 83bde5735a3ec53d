//! The kernels: beside DuckDB, after merges, with more data, and beside the memory's bandwidth.

use std::sync::Arc;

use customer360::clock;
use customer360::kpi::engine::params::AnswersCounted;
use customer360::kpi::shapes::cost;
use customer360::kpi::shapes::nps;
use customer360::kpi::shapes::repurchase;
use customer360::kpi::shapes::retention;
use customer360::kpi::shapes::retention::Answer as RetentionAnswer;
use customer360::kpi::shapes::triangle::TriangleOptions;
use customer360::kpi::{
    Estimate, GroupBy, Identity, Live, OrderOptions, Scope, Segment, Snapshot, Source, Tables, Trust,
};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::asked;
use crate::columns::{DAY, Map, generate, rates, utc};
use crate::duckdb::DuckDb;
use crate::dump;
use crate::memory;
use crate::table::{Row, Table, median, ms, number};

const ROUNDS: usize = 5;
/// Kernels are short: each turn runs them so often and takes the median.
const RUNS: usize = 7;

/// One of the questions.
pub struct Question {
    /// Of its texts for DuckDB.
    pub name: &'static str,
    pub what: &'static str,
    /// The answer in words that DuckDB's can be compared with.
    pub ask: Box<dyn Fn(&Snapshot) -> String>,
    /// Bytes of the columns that the kernel reads, where they were counted.
    pub bytes: Option<fn(&Tables, usize) -> usize>,
    /// Floor and aim beside joined tables, and beside sorted ones.
    pub goals: [(f64, f64); 2],
}

/// Of the KPIs with kernels of their own, and of measures.
const KERNEL: [(f64, f64); 2] = [(15.0, 60.0), (5.0, 20.0)];
pub const MEASURE: [(f64, f64); 2] = [(10.0, 40.0), (4.0, 15.0)];

pub fn beside_duckdb(table: &mut Table, touchpoints: u32) {
    let (snapshot, folder) = world(touchpoints, true);
    let bandwidth = bandwidth();
    let sides = "two threads, a plain sum of 800 MB";
    table.print(&Row::new("memory bandwidth, GB a second", bandwidth, sides));
    let segment = &snapshot.segments[0].segment;
    let bytes = segment.bytes() as f64 / f64::from(touchpoints);
    let sides = "time, place, observation, number and customer are 22; orders, answers, charges and customers the rest";
    table.print(&Row::new("mirror, bytes a touchpoint", bytes, sides).at_most(48.0, 26.0));
    let mut duckdb = folder.as_ref().and_then(|folder| DuckDb::load(folder.path()));
    if duckdb.is_none() {
        eprintln!("BENCH_PYTHON names no Python with duckdb: DuckDB is left out");
    }
    for question in questions(&utc()) {
        let expected = (question.ask)(&snapshot);
        let (mut ours, mut joined, mut sorted) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(milliseconds(&question, &snapshot));
            if let Some(duckdb) = &mut duckdb {
                joined.push(duckdb.ask(question.name, "joined", &expected));
                sorted.push(duckdb.ask(question.name, "sorted", &expected));
            }
        }
        let ours = median(ours);
        let limit = question.bytes.map_or_else(String::new, |bytes| {
            let read = bytes(&segment.tables, segment.customers.len()) as f64;
            let share = read / 1e9 / (ours / 1e3) / bandwidth;
            format!("; reads {:.0} MB: {:.0} % of the bandwidth", read / 1e6, share * 100.0)
        });
        if duckdb.is_none() {
            table.print(&Row::new(format!("{}, ms", question.what), ours, limit.clone()));
        }
        let ways = [("mapping joined", joined), ("joined and sorted before", sorted)];
        let asked = ways.into_iter().zip(question.goals).filter(|((_, theirs), _)| !theirs.is_empty());
        for ((way, theirs), (floor, aim)) in asked {
            let (nth, theirs) = best(&theirs);
            let what = format!("{} beside DuckDB, {way}", question.what);
            let sides = format!("{ours:.2} ms; {theirs:.0} ms by text {nth}{limit}");
            table.print(&Row::new(what, theirs / ours, sides).at_least(floor, aim));
        }
        let extra = memory::peak(|| drop((question.ask)(&snapshot))) as f64;
        let what = format!("{}, memory beside the mirror's", question.what);
        let sides = format!("{:.1} MB; {:.0} MB", extra / 1e6, snapshot.bytes() as f64 / 1e6);
        table.print(&Row::new(what, extra / snapshot.bytes() as f64, sides).at_most(0.25, 0.05));
    }
    drop(duckdb);
    in_a_part_of_the_time(table, &snapshot);
    after_merges(table, &snapshot);
}

/// The text with the least median, from 1, and that.
fn best(rounds: &[Vec<f64>]) -> (usize, f64) {
    let text = |nth: usize| median(rounds.iter().map(|texts| texts[nth]).collect());
    let texts = (0..rounds[0].len()).map(|nth| (nth + 1, text(nth)));
    texts.min_by(|a, b| a.1.total_cmp(&b.1)).expect("every question has a text")
}

/// Touchpoints of generated columns as a snapshot, and as files if asked.
fn world(touchpoints: u32, with_files: bool) -> (Snapshot, Option<tempfile::TempDir>) {
    let (tables, dictionary) = generate(touchpoints);
    let folder = (with_files && std::env::var_os("BENCH_PYTHON").is_some()).then(|| {
        let folder = tempfile::tempdir().expect("a folder");
        dump::write(folder.path(), &tables, &dictionary).expect("written");
        folder
    });
    let trust = Trust::of(&dictionary, &[]);
    let segment = Segment::gather(&[Source::New(&tables)], &Map, &FxHashSet::default(), &trust);
    let segments = vec![Live::new(segment)];
    (Snapshot { segments, dictionary: Arc::new(dictionary), ..Snapshot::default() }, folder)
}

/// All of them.
fn questions(scope: &Scope) -> Vec<Question> {
    kernels(scope).into_iter().chain(asked::questions(scope)).collect()
}

/// Of the KPIs with kernels of their own.
fn kernels(scope: &Scope) -> Vec<Question> {
    let triangle = retention::Question {
        scope: scope.clone(),
        group_by: None,
        orders: OrderOptions::default(),
        period: None,
        triangle: Some(TriangleOptions::default()),
    };
    let again = repurchase::Question::of(scope.clone());
    let nps = nps::Question {
        scope: scope.clone(),
        group_by: Some(GroupBy::Channel),
        answers_counted: AnswersCounted::default(),
        survey_id: None,
    };
    let costs =
        cost::Question { scope: scope.clone(), group_by: None, rates: rates(), capacities: Vec::new() };
    vec![
        Question {
            name: "triangle",
            what: "retention triangle",
            ask: Box::new(move |s| cells(&retention::compute(s, &triangle).expect("an answer"))),
            bytes: Some(|tables, customers| tables.orders.stem.len() * 12 + customers),
            goals: KERNEL,
        },
        Question {
            name: "repurchase",
            what: "repurchase",
            ask: Box::new(move |s| repurchased(&repurchase::compute(s, &again).expect("an answer"))),
            bytes: Some(|tables, customers| tables.orders.stem.len() * 12 + customers),
            goals: KERNEL,
        },
        Question {
            name: "nps",
            what: "NPS by channel",
            ask: Box::new(move |s| promoted(&nps::compute(s, &nps).expect("an answer"))),
            bytes: Some(|tables, customers| tables.answers.stem.len() * 18 + customers),
            goals: KERNEL,
        },
        Question {
            name: "cost",
            what: "cost to serve",
            ask: Box::new(move |s| spent(&cost::compute(s, &costs).expect("an answer"))),
            bytes: Some(|tables, customers| {
                let own = tables.orders.stem.len() * 32 + tables.returns.stem.len() * 32;
                let others = tables.answers.stem.len() * 15 + tables.touches.stem.len() * 15;
                own + others + tables.handling.owner.len() * 27 + customers
            }),
            goals: KERNEL,
        },
    ]
}

fn cells(answer: &RetentionAnswer) -> String {
    let rows = &answer.result.total.triangle.as_ref().expect("asked for").rows;
    let cells = rows.iter().flat_map(|row| &row.cells);
    cells.map(|cell| f64::from(cell.k + 1) * cell.ratio.numerator).sum::<f64>().to_string()
}

fn repurchased(answer: &repurchase::Answer) -> String {
    let total = &answer.result.total;
    let days = |estimate: &Estimate| estimate.value.unwrap_or(f64::NAN);
    let (a, b) = (total.repeat_customers, total.second_order_all);
    let (median, p90) = (days(&total.gap_days_median), days(&total.gap_days_p90));
    format!("{} {} {} {} {median} {p90}", a.numerator, a.denominator, b.numerator, b.denominator)
}

fn promoted(answer: &nps::Answer) -> String {
    let counts = answer.result.groups.iter().map(|group| {
        let nps = &group.result.nps;
        format!("{} {} {}", nps.promoters, nps.passives, nps.detractors)
    });
    counts.collect::<Vec<_>>().join(" ")
}

fn spent(answer: &cost::Answer) -> String {
    let total = &answer.result.total;
    let sixtieths = |estimate: &Estimate| (estimate.value.unwrap_or(f64::NAN) * 600_000.0).round();
    let each = &total.per_customer;
    format!("{} {} {}", total.total.sixtieths, sixtieths(&each.p50), sixtieths(&each.p90))
}

fn milliseconds(question: &Question, snapshot: &Snapshot) -> f64 {
    let run = || {
        let begun = clock::stopwatch();
        std::hint::black_box((question.ask)(snapshot));
        ms(begun.elapsed())
    };
    median((0..RUNS).map(|_| run()).collect())
}

/// The same over one half of the time, which no row may be taken for granted in.
fn in_a_part_of_the_time(table: &mut Table, snapshot: &Snapshot) {
    let mut half = utc();
    half.range.until = half.range.from.plus(365 * DAY);
    for (whole, half) in questions(&utc()).iter().zip(questions(&half)) {
        let (whole, part) = (milliseconds(whole, snapshot), milliseconds(&half, snapshot));
        let sides = format!("{part:.2} ms; {whole:.2} ms over all");
        table.print(&Row::new(format!("{} over the first half of the time", half.what), part / whole, sides));
    }
}

/// Every thousandth customer or so joined with the next.
struct Merged {
    step: u32,
}

impl Identity for Merged {
    fn customer_of(&self, observation: u32, at: i64) -> u32 {
        let customer = Map.customer_of(observation, at);
        // Customers begin at 1, 2, 3, 4, 5 of every eight observations.
        if customer % self.step == 2 { customer - 1 } else { customer }
    }

    fn is_registered(&self, customer: u32) -> bool {
        Map.is_registered(customer)
    }
}

fn after_merges(table: &mut Table, before: &Snapshot) {
    const MERGES: usize = 1_000;
    let segment = &before.segments[0].segment;
    let step = (segment.customers.len() / MERGES * 8 / 5).max(8) as u32 / 8 * 8;
    let keys = segment.customers.key.iter().zip(0_u32..);
    let touched = keys.filter(|(key, _)| matches!(**key % step, 1 | 2)).map(|(_, nth)| nth);
    let touched: Vec<u32> = touched.collect();
    let trust = Trust::of(&before.dictionary, &[]);
    let begun = clock::stopwatch();
    let sources = [Source::Customers(segment, &touched)];
    let joined = Segment::gather(&sources, &Merged { step }, &FxHashSet::default(), &trust);
    let rest = before.segments[0].without(touched.iter().copied());
    let gathered = ms(begun.elapsed());
    let merges = touched.len() - joined.customers.len();
    let after = Snapshot { segments: vec![rest, Live::new(joined)], ..before.clone() };
    let questions = questions(&utc());
    for question in &questions {
        let (mut was, mut is) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            was.push(milliseconds(question, before));
            is.push(milliseconds(question, &after));
        }
        let (was, is) = (median(was), median(is));
        let what = format!("{} right after {} merges", question.what, number(merges as f64));
        let sides = format!("{is:.2} ms; {was:.2} ms before; applying the merges takes {gathered:.1} ms");
        table.print(&Row::new(what, is / was, sides).at_most(1.2, 1.05));
    }
}

/// Bytes a second of a plain sum on all threads, in thousand millions.
fn bandwidth() -> f64 {
    let numbers = vec![1_u64; 100_000_000];
    let run = || {
        let begun = clock::stopwatch();
        let sum: u64 = numbers.par_chunks(1 << 16).map(|chunk| chunk.iter().sum::<u64>()).sum();
        assert_eq!(sum, numbers.len() as u64);
        (numbers.len() * 8) as f64 / begun.elapsed().as_secs_f64() / 1e9
    };
    median((0..RUNS).map(|_| run()).collect())
}

/// Ten times the data, about ten times the time.
pub fn scaling(table: &mut Table, touchpoints: &[u32]) {
    let mut first = None;
    for &count in touchpoints {
        let begun = clock::stopwatch();
        let (snapshot, _) = world(count, false);
        let built = begun.elapsed().as_secs_f64();
        let question = &questions(&utc())[0];
        let time = median((0..ROUNDS).map(|_| milliseconds(question, &snapshot)).collect());
        let (least, least_time) = *first.get_or_insert((count, time));
        let times = f64::from(count) / f64::from(least);
        let what =
            format!("triangle over {}, time for each touchpoint beside the least", number(count.into()));
        let sides =
            format!("{time:.2} ms; {least_time:.2} ms for {}; built in {built:.1} s", number(least.into()));
        table.print(&Row::new(what, time / least_time / times, sides));
    }
}
