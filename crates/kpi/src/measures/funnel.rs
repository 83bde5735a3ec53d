//! Funnels: customers who take a sequence of steps in time, and where they drop off.

use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{
    ByPlace, Context, Hit, Measure, Params, Seen, Span, Stat, Step, nothing, window_of,
};
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{KpiError, Scope};
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::touch_types::Types;
use crate::ground::answer::{Basis, Ratio, Tally};
use crate::ground::definition::{Definition, NO_ANCHOR, PEERS, WILSON, parameter};

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
    money: false,
    nobody: false,
    anchors: types,
    beside: nothing,
    observe: |seen, hits| {
        let Some((begin, taken, last)) = farthest(seen) else { return };
        let done = taken == seen.cx.params.steps.len();
        let hit = Hit::of(&seen.marks[begin]).answered(done.then(|| &seen.marks[last]));
        hits.push(Hit { censored: !done && !seen.is_observed(hit.at), ..hit });
    },
    by_place: ByPlace::Itself,
    ..Measure::BASE
};

/// A funnel step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    /// For each step: of those who took the one before, who took it; the first of all.
    pub steps: Vec<Ratio>,
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
    let start = || (Tally::default(), vec![0_u64; params.steps.len() + 1]);
    let observe = |(tally, taken): &mut (Tally, Vec<u64>), part: &Part| {
        reader.each(part, |customer, marks| {
            let (tables, who) = (&part.segment.tables, Some((part, customer)));
            let seen = Seen { cx: &cx, span, window, who, tables, marks, only: None };
            if let Some((begin, steps, _)) = farthest(&seen) {
                taken[steps] += 1;
                tally.count(1, part.segment.customers.registered[customer as usize]);
                let open = steps < params.steps.len() && !seen.is_observed(marks[begin].at);
                tally.censored += u64::from(open);
            }
        });
    };
    let merge = |mut a: (Tally, Vec<u64>), b: (Tally, Vec<u64>)| {
        a.0.merge(&b.0);
        a.1.iter_mut().zip(b.1).for_each(|(mine, theirs)| *mine += theirs);
        a
    };
    let (tally, taken) = snapshot.fold(TASK_CUSTOMERS, start, observe, merge);
    let reached = |step: usize| taken[step..].iter().sum::<u64>();
    let steps = (1..=params.steps.len()).map(|step| Ratio::share(reached(step), reached(step.max(2) - 1)));
    Ok(Answer { basis: tally.basis(snapshot.revision, snapshot.folded), steps: steps.collect() })
}
