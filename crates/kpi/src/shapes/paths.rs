//! The commonest journeys: sequences of channels before an order, or before nothing.

use rustc_hash::FxHashMap;

use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{Context, Params, Seen, Span, window_of};
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{KpiError, Scope};
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::ground::answer::{Basis, Ratio, Tally};
use crate::measures::journeys::{ATTRIBUTED_ORDERS, journey, lost};
use customer360_model::time::DAY_US;

/// Distinct journeys of one question.
pub const PATHS_LIMIT: usize = 200_000;
/// Longer journeys are known by their last channels.
pub const STEPS_KEPT: usize = 20;

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    /// The commonest first: by orders, then by journeys without one, then by name.
    pub paths: Vec<Path>,
    pub distinct: u64,
    /// Orders of all journeys, those without a touchpoint too.
    pub orders: u64,
    /// Journeys without an order.
    pub lost: u64,
}

/// Journeys by the same channels; the same channel twice in a row counts once.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    pub channels: Vec<String>,
    /// Journeys that ended in an order, of all by these channels.
    pub conversion: Ratio,
    /// Mean touchpoints of those with an order.
    pub touchpoints: Option<f64>,
    /// Mean days from first touchpoint to order.
    pub days: Option<f64>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    orders: u64,
    lost: u64,
    touchpoints: u64,
    elapsed: i128,
}

#[derive(Default)]
struct State {
    tally: Tally,
    paths: FxHashMap<Vec<u32>, Sums>,
    overflow: bool,
}

impl State {
    fn add(&mut self, path: Vec<u32>, sums: Sums) {
        if self.paths.len() >= PATHS_LIMIT && !self.paths.contains_key(&path) {
            self.overflow = true;
            return;
        }
        let mine = self.paths.entry(path).or_default();
        mine.orders += sums.orders;
        mine.lost += sums.lost;
        mine.touchpoints += sums.touchpoints;
        mine.elapsed += sums.elapsed;
    }

    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.overflow |= other.overflow;
        other.paths.into_iter().for_each(|(path, sums)| self.add(path, sums));
        self
    }
}

/// The `limit` commonest journeys.
///
/// # Errors
/// When the question is malformed or there are too many distinct journeys.
pub fn compute(
    snapshot: &Snapshot,
    scope: &Scope,
    params: &Params,
    limit: usize,
) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, scope)?;
    let orders = OrderLens::new(&lens, &params.orders)?;
    let span = Span { from: lens.from, until: scope.range.until.0, observed: lens.observed };
    let cx = Context::new(&lens, &orders, params, &[&ATTRIBUTED_ORDERS], &[span])?;
    let types = ATTRIBUTED_ORDERS.types(params);
    let reader = Reader::of(types, &lens, &orders, span.observed);
    let window = window_of(&ATTRIBUTED_ORDERS, params);
    let observe = |state: &mut State, part: &Part| {
        reader.each(part, |customer, marks| {
            let (tables, who) = (&part.segment.tables, Some((part, customer)));
            count(state, &Seen { cx: &cx, span, window, who, tables, marks, only: None });
        });
        let excluded = orders.excluded(&lens, part);
        state.tally.merge(&Tally { excluded, ..Tally::default() });
    };
    let mut state = snapshot.fold(TASK_CUSTOMERS, State::default, observe, State::merged);
    if state.overflow {
        return Err(KpiError::TooMany { what: "distinct journeys", limit: PATHS_LIMIT });
    }
    let nobody =
        |tables: &crate::facts::tables::Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
    state.tally.excluded.no_identity = lens.unidentified().map(nobody).sum();
    state.tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
    Ok(ranked(state, &cx, limit))
}

fn count(state: &mut State, seen: &Seen) {
    let mut orders = 0;
    for nth in seen.orders() {
        orders += 1;
        let touches: Vec<&Mark> = journey(seen, nth).collect();
        let since = touches.first().map_or(0, |first| seen.marks[nth].at - first.at);
        let (touchpoints, elapsed) = (touches.len() as u64, i128::from(since));
        state.add(path(seen, &touches), Sums { orders: 1, lost: 0, touchpoints, elapsed });
    }
    let open = lost(seen);
    if !open.is_empty() {
        state.add(path(seen, &open), Sums { lost: 1, ..Sums::default() });
    }
    if orders > 0 {
        state.tally.count(orders, seen.is_registered());
    }
}

fn path(seen: &Seen, touches: &[&Mark]) -> Vec<u32> {
    let mut channels: Vec<u32> = touches.iter().map(|mark| seen.cx.channel(mark.place)).collect();
    channels.dedup();
    channels.split_off(channels.len().saturating_sub(STEPS_KEPT))
}

fn ranked(state: State, cx: &Context, limit: usize) -> Answer {
    let orders = state.paths.values().map(|sums| sums.orders).sum();
    let lost = state.paths.values().map(|sums| sums.lost).sum();
    let distinct = state.paths.len() as u64;
    let mut paths: Vec<(Vec<u32>, Sums)> = state.paths.into_iter().collect();
    let names = |path: &[u32]| -> Vec<String> {
        path.iter().map(|&channel| cx.names.channels.name(channel).to_owned()).collect()
    };
    paths.sort_by(|(a, x), (b, y)| {
        (y.orders, y.lost).cmp(&(x.orders, x.lost)).then_with(|| names(a).cmp(&names(b)))
    });
    paths.truncate(limit);
    let finished = paths.into_iter().map(|(path, sums)| {
        let mean = |sum: f64| (sums.orders > 0).then(|| sum / sums.orders as f64);
        Path {
            channels: names(&path),
            conversion: Ratio::share(sums.orders, sums.orders + sums.lost),
            touchpoints: mean(sums.touchpoints as f64),
            days: mean(sums.elapsed as f64 / DAY_US as f64),
        }
    });
    let paths = finished.collect();
    Answer {
        basis: state.tally.basis(cx.lens.snapshot.revision, cx.lens.observation(), cx.lens.snapshot.folded),
        paths,
        distinct,
        orders,
        lost,
    }
}
