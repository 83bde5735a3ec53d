//! Funnels: customers who take a sequence of steps in time, and where they drop off.

use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{
    Ahead, ByPlace, Context, Hit, Measure, Params, Seen, Span, Stat, Step, nothing, window_of,
};
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{KpiError, Scope};
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::touch_types::Types;
use crate::ground::answer::{Basis, Ratio, Tally};
use crate::ground::definition::{Definition, NO_ANCHOR, PEERS, WILSON, parameter};
use customer360_model::Micros;

fn types(params: &Params) -> Types {
    Types::of(
        params.steps.iter().flat_map(|step| {
            TouchType::all().filter(|touch_type| touch_type.activity_type() == step.activity)
        }),
    )
}

fn takes(seen: &Seen, step: &Step, mark: &Mark) -> bool {
    let channel = || seen.cx.names.channels.name(seen.cx.channel(mark.place));
    mark.kind.activity_type() == step.activity
        && step.channel.as_deref().is_none_or(|wanted| wanted == channel())
}

/// How many steps a customer took from one beginning, and the last of them.
fn walk(seen: &Seen, begin: usize) -> (usize, usize) {
    let (steps, strict) = (&seen.cx.params.steps, seen.cx.params.strict);
    let until = seen.window_end(seen.marks[begin].at);
    let (mut taken, mut last) = (1, begin);
    for (nth, mark) in seen.marks.iter().enumerate().skip(begin + 1) {
        if taken == steps.len() || mark.at >= until {
            break;
        }
        let is_step = |step: &Step| takes(seen, step, mark);
        if is_step(&steps[taken]) {
            (taken, last) = (taken + 1, nth);
        } else if strict && steps.iter().any(is_step) {
            // Another step than the next one, in between: the sequence is broken.
            break;
        }
    }
    (taken, last)
}

/// The farthest that a customer came, from the first of the beginnings in range that led so far:
/// the beginning, steps taken and the last of them.
pub(crate) fn farthest(seen: &Seen) -> Option<(usize, usize, usize)> {
    let first = seen.cx.params.steps.first()?;
    let mut best: Option<(usize, usize, usize)> = None;
    for (nth, mark) in seen.marks.iter().enumerate() {
        if seen.counts(mark) && takes(seen, first, mark) {
            let (taken, last) = walk(seen, nth);
            if best.is_none_or(|(_, farthest, _)| taken > farthest) {
                best = Some((nth, taken, last));
            }
            if taken == seen.cx.params.steps.len() {
                break;
            }
        }
    }
    best
}

/// Whether the customer may still come farther from one of the beginnings in range.
fn is_open(seen: &Seen) -> bool {
    let Some(first) = seen.cx.params.steps.first() else { return false };
    let mut begins = seen.marks.iter().rev().filter(|mark| seen.counts(mark) && takes(seen, first, mark));
    begins.next().is_some_and(|mark| !seen.is_observed(mark.at))
}

pub static FUNNEL: Measure = Measure {
    definition: Definition::scalar(
        "funnel",
        "Funnel",
        "share of customers",
        "Of the customers who took the first step in range, the share that took all steps in order, within W of \
         the first. Other touchpoints may lie between; strictly, no step out of turn may (a repeated one \
         neither). A customer counts once, with the farthest that any beginning in range led.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(PEERS)
    .asking(&[
        parameter("window.days", "30", "W"),
        parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
        parameter("steps", "VISIT, PRODUCT_VIEW, CART_UPDATED, ORDER", "1 to 20 types, each by any channel or one"),
        parameter("strict", "false", "whether a step out of turn ends the sequence"),
    ]),
    stat: Stat::Share,
    scale: 1.0,
    window_days: 30,
    ahead: Ahead::Window,
    money: false,
    nobody: false,
    anchors: types,
    beside: nothing,
    observe: |seen, hits| {
        let Some((begin, taken, last)) = farthest(seen) else { return };
        let done = taken == seen.cx.params.steps.len();
        let hit = Hit::of(&seen.marks[begin]).answered(done.then(|| &seen.marks[last]));
        hits.push(Hit { censored: is_open(seen), ..hit });
    },
    by_place: ByPlace::Itself,
    ..Measure::BASE
};

/// A funnel step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    /// For each step: of those who took the one before, who took it; the first of all. Of those customers of whom all
    /// windows were observed.
    pub steps: Vec<Ratio>,
    /// The same of all customers.
    pub so_far: Vec<Ratio>,
    /// When all of them will have been observed, if some were not.
    pub known_at: Option<Micros>,
}

/// # Errors
/// As [`crate::engine::scalar::compute`].
pub fn compute(snapshot: &Snapshot, scope: &Scope, params: &Params) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, scope)?;
    let orders = OrderLens::new(&lens, &params.orders)?;
    let span = Span { from: lens.from, until: scope.range.until.0, observed: lens.observed };
    let cx = Context::new(&lens, &orders, params, &[&FUNNEL], &[span])?;
    let types = types(params);
    let reader = Reader::of(types, &lens, &orders, span.observed);
    let window = window_of(&FUNNEL, params);
    // How many took so many steps: those that are decided, then all.
    let start = || (Tally::default(), vec![[0_u64; 2]; params.steps.len() + 1]);
    let observe = |(tally, taken): &mut (Tally, Vec<[u64; 2]>), part: &Part| {
        reader.each(part, |customer, marks| {
            let (tables, who) = (&part.segment.tables, Some((part, customer)));
            let seen = Seen { cx: &cx, span, window, who, tables, marks, only: None };
            if let Some((_, steps, _)) = farthest(&seen) {
                let open = is_open(&seen);
                taken[steps][0] += u64::from(!open);
                taken[steps][1] += 1;
                tally.count(1, part.segment.customers.registered[customer as usize]);
                tally.censored += u64::from(open);
            }
        });
    };
    let merge = |mut a: (Tally, Vec<[u64; 2]>), b: (Tally, Vec<[u64; 2]>)| {
        a.0.merge(&b.0);
        a.1.iter_mut().flatten().zip(b.1.into_iter().flatten()).for_each(|(mine, theirs)| *mine += theirs);
        a
    };
    let (tally, taken) = snapshot.fold(TASK_CUSTOMERS, start, observe, merge);
    let open = tally.censored > 0;
    let steps = |side: usize| {
        let reached = |step: usize| taken[step..].iter().map(|taken| taken[side]).sum::<u64>();
        let share =
            |step: usize| Ratio::share(reached(step), reached(step.max(2) - 1)).waiting(open && side == 0);
        (1..=params.steps.len()).map(share).collect()
    };
    let known_at = if open { cx.due(&FUNNEL, span.until - 1).map(Micros) } else { None };
    Ok(Answer {
        basis: tally.basis(snapshot.revision, lens.observation(), snapshot.folded),
        steps: steps(0),
        so_far: steps(1),
        known_at,
    })
}
