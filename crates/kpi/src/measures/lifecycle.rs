//! Lifecycle: who is new, who comes back, who was lost and found, who is gone; and in how many
//! intervals customers are active.

use crate::engine::grouping::Grouping;
use crate::engine::hits::Hits;
use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{ByPlace, Hit, Measure, Params, Seen, Stat};
use crate::engine::order_lens::OrderLens;
use crate::engine::scalar::SPANS_LIMIT;
use crate::engine::scope::{CELLS_LIMIT, GroupBy, KpiError, OrderOptions, Scope};
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::touch_types::Types;
use crate::ground::answer::{Basis, Estimate, Grouped, Tally};
use crate::ground::calendar::{Granularity, Intervals};
use crate::ground::definition::{
    DROP_RETURNED, Definition, MEAN, MIN_AMOUNT, NO_ANCHOR, PEERS, Parameter, TOUCHPOINTS, parameter,
};
use crate::ground::statistics::Moments;
use customer360_model::{ActivityType, Micros};

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    /// By the customer, or by their first counted touchpoint in range, of the dormant in the interval
    /// before.
    pub group_by: Option<GroupBy>,
    /// The unit of orders does not matter: an interval is active or not.
    pub orders: OrderOptions,
    /// The length of an interval.
    pub by: Granularity,
    /// What counts as active.
    pub activities: Vec<ActivityType>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub intervals: Vec<Interval>,
    pub result: Grouped<Lifecycle>,
}

/// A local interval, clipped to the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub from: Micros,
    pub until: Micros,
    /// Whether all of it was observed: before that, who is dormant is not known.
    pub complete: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Lifecycle {
    /// One for each interval.
    pub states: Vec<States>,
    /// How many customers were active in one, two, .. intervals.
    pub active_intervals: Vec<u64>,
    /// The mean of that.
    pub mean_intervals: Estimate,
}

/// Customers of one interval. The first three are all that were active in it; returning and dormant
/// ones are all that were active in the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct States {
    /// Active for the first time ever.
    pub new: u64,
    /// Active in the interval before too.
    pub returning: u64,
    /// Active before, but not in the interval before.
    pub resurrected: u64,
    /// Active in the interval before, not in this one. Not known before all of the interval was observed.
    pub dormant: u64,
}

/// # Errors
/// When the question is malformed, leaves the calendar or has too many groups or intervals.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let grouping = Grouping::new(&lens, question.group_by.as_ref())?;
    let count = bounds(&question.scope, lens.observed, question.by)?.len().saturating_sub(2);
    if grouping.len().saturating_mul(count) > CELLS_LIMIT {
        return Err(KpiError::TooManyCells);
    }
    let Some(places) = grouping.of_places() else { return answer(&lens, &grouping, question) };
    let whole = answer(&lens, &Grouping::new(&lens, None)?, question)?;
    let ask = |lens: &Lens, one: &Grouping| Ok(answer(lens, one, question)?.result.groups);
    let groups = grouping.each_place(&lens, places, ask)?;
    Ok(Answer { result: Grouped { groups, ..whole.result }, ..whole })
}

fn answer(lens: &Lens, grouping: &Grouping, question: &Question) -> Result<Answer, KpiError> {
    let snapshot = lens.snapshot;
    let orders = OrderLens::new(lens, &question.orders)?;
    let bounds = bounds(&question.scope, lens.observed, question.by)?;
    let count = bounds.len().saturating_sub(2);
    let laid_out = Intervals::between(bounds.clone(), question.by.unit);
    let types = Types::of(question.activities.iter().flat_map(|&activity| types_of(activity)));
    let reader = Reader::of(types, lens, &orders, lens.observed);
    let state = || Cells { tally: Tally::default(), groups: vec![Group::new(count); grouping.len()] };
    let observe = |cells: &mut Cells, part: &Part| {
        let mut active = Vec::new();
        reader.each(part, |customer, marks| {
            let counted = walk(lens, &laid_out, marks, &mut active);
            let place = counted.first.or(counted.before).map_or(marks[0].place, |mark| mark.place);
            let group = &mut cells.groups[grouping.of(part, customer, place)];
            group.count(&active, counted.is_new);
            if counted.touchpoints > 0 {
                cells.tally.count(counted.touchpoints, part.segment.customers.registered[customer as usize]);
            }
        });
        if types.has(TouchType::ORDER) {
            let excluded = orders.excluded(lens, part);
            cells.tally.merge(&Tally { excluded, ..Tally::default() });
        }
    };
    let mut cells = snapshot.fold(TASK_CUSTOMERS, state, observe, Cells::merged);
    for tables in lens.unidentified() {
        let mut nobody = 0;
        reader.each_of_nobody(tables, |mark| {
            nobody += u64::from(lens.in_range(mark.at) && lens.has_place(mark.place));
        });
        cells.tally.excluded.no_identity += nobody;
    }
    cells.tally.excluded.voided = lens.voided(|touch_type| types.has(touch_type));
    let interval = |pair: &[i64]| Interval {
        from: Micros(pair[0]),
        until: Micros(pair[1]),
        complete: pair[1] <= lens.observed,
    };
    let intervals: Vec<Interval> = bounds.windows(2).skip(1).map(interval).collect();
    let result = grouping.answer(cells.groups, Group::is_empty, Group::add, Group::lifecycle);
    Ok(Answer {
        basis: cells.tally.basis(snapshot.revision, lens.observation(), snapshot.folded),
        intervals,
        result,
    })
}

fn types_of(activity: ActivityType) -> impl Iterator<Item = TouchType> {
    TouchType::all().filter(move |touch_type| touch_type.activity_type() == activity)
}

/// The beginning of the interval before the range, and the bounds of all of the range.
fn bounds(scope: &Scope, observed: i64, by: Granularity) -> Result<Vec<i64>, KpiError> {
    let (from, until) = (scope.range.from, scope.range.until);
    if until <= from || observed <= from.0 {
        return Ok(vec![from.0, from.0]);
    }
    let own = Intervals::every(&scope.zone, by, scope.week_start, from, until)?;
    if own.len() > SPANS_LIMIT {
        return Err(KpiError::TooMany { what: "intervals", limit: SPANS_LIMIT });
    }
    let begin = own.start(0);
    let mut bounds = vec![scope.zone.before(begin, by)?.0, from.0];
    // What was not observed at all is no interval.
    let begun = (0..own.len()).take_while(|&nth| own.start(nth).0 < observed);
    bounds.extend(begun.map(|nth| own.end(nth).min(until).0));
    // A local day that the clock skips has no instant.
    bounds.dedup();
    Ok(bounds)
}

/// What a walk over a customer's touchpoints found.
struct Walked<'m> {
    /// The first counted touchpoint in range.
    first: Option<&'m Mark>,
    /// The first one in the interval before.
    before: Option<&'m Mark>,
    touchpoints: u64,
    /// Whether the first interval with a counted touchpoint is the first of all time.
    is_new: bool,
}

/// Which intervals are active, the one before the range first.
fn walk<'m>(lens: &Lens, intervals: &Intervals, marks: &'m [Mark], active: &mut Vec<usize>) -> Walked<'m> {
    let (first, until) = (intervals.begin(0), intervals.begin(intervals.len()));
    active.clear();
    let mut walked = Walked { first: None, before: None, touchpoints: 0, is_new: false };
    for mark in marks.iter().filter(|mark| lens.has_place(mark.place)) {
        if mark.at < first || until <= mark.at {
            continue;
        }
        let nth = intervals.index(mark.at);
        if active.last() != Some(&nth) {
            active.push(nth);
        }
        if nth > 0 {
            walked.first = walked.first.or(Some(mark));
            walked.touchpoints += 1;
        } else {
            walked.before = walked.before.or(Some(mark));
        }
    }
    // The very first may be at a place out of scope: then the customer was active before, elsewhere.
    walked.is_new = walked.first.is_some_and(|first| first.row == marks[0].row);
    walked
}

struct Cells {
    tally: Tally,
    groups: Vec<Group>,
}

impl Cells {
    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.groups.iter_mut().zip(&other.groups).for_each(|(mine, theirs)| mine.add(theirs));
        self
    }
}

#[derive(Debug, Clone)]
struct Group {
    states: Vec<States>,
    active_intervals: Vec<u64>,
}

impl Group {
    fn new(intervals: usize) -> Self {
        Self { states: vec![States::default(); intervals], active_intervals: vec![0; intervals] }
    }

    /// Interval n of the range is active if `active` holds n + 1.
    fn count(&mut self, active: &[usize], is_new: bool) {
        let mut own = 0;
        for (place, &nth) in active.iter().enumerate() {
            let follows = place > 0 && active[place - 1] + 1 == nth;
            if let Some(state) = nth.checked_sub(1).map(|n| &mut self.states[n]) {
                own += 1;
                match (follows, is_new && own == 1) {
                    (true, _) => state.returning += 1,
                    (false, true) => state.new += 1,
                    (false, false) => state.resurrected += 1,
                }
            }
            if nth < self.states.len() && active.get(place + 1) != Some(&(nth + 1)) {
                self.states[nth].dormant += 1;
            }
        }
        if let Some(last) = usize::checked_sub(own, 1) {
            self.active_intervals[last] += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.states.iter_mut().zip(&other.states) {
            mine.new += theirs.new;
            mine.returning += theirs.returning;
            mine.resurrected += theirs.resurrected;
            mine.dormant += theirs.dormant;
        }
        let counts = self.active_intervals.iter_mut().zip(&other.active_intervals);
        counts.for_each(|(mine, theirs)| *mine += theirs);
    }

    fn is_empty(&self) -> bool {
        self.states.iter().all(|states| *states == States::default())
    }

    fn lifecycle(self) -> Lifecycle {
        let mut moments = Moments::default();
        for (intervals, &customers) in (1_u32..).zip(&self.active_intervals) {
            let (n, weight) = (f64::from(intervals), customers as f64);
            moments.merge(Moments { count: customers, sum: n * weight, squares: n * n * weight });
        }
        let mean_intervals = Estimate::of(moments.mean(), moments.count).within((1.0, f64::INFINITY));
        Lifecycle { states: self.states, active_intervals: self.active_intervals, mean_intervals }
    }
}

/// Where a customer stands in a range, as against the W days before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    New,
    Returning,
    Resurrected,
    Dormant,
}

const PARAMETERS: &[Parameter] =
    &[parameter("window.days", "90", "W, local days before the range"), MIN_AMOUNT, DROP_RETURNED];

const COMMON: Measure = Measure {
    stat: Stat::Customers,
    window_days: 90,
    anchors: |_| Types::of([TouchType::ORDER]),
    ..Measure::BASE
};

fn stands(seen: &Seen, hits: &mut Hits, wanted: Standing) {
    let orders = || seen.marks.iter().filter(|mark| mark.kind == TouchType::ORDER);
    let window = seen.window_begin(seen.span.from);
    let now = orders().find(|mark| seen.counts(mark));
    let is_before = |mark: &&Mark| mark.at < seen.span.from && seen.has_place(mark.place);
    let before = orders().filter(is_before).take_while(|mark| mark.at < seen.span.from).last();
    let before = before.filter(|mark| mark.at >= window);
    let first = orders().next().map(|mark| mark.row);
    let (standing, mark) = match (now, before) {
        (Some(now), _) if Some(now.row) == first => (Standing::New, now),
        (Some(now), Some(_)) => (Standing::Returning, now),
        (Some(now), None) => (Standing::Resurrected, now),
        (None, Some(before)) if seen.span.until <= seen.span.observed => (Standing::Dormant, before),
        _ => return,
    };
    if standing == wanted {
        hits.push(Hit::of(mark).part(1));
    }
}

pub static NEW_BUYERS: Measure = Measure {
    definition: Definition::scalar(
        "new_buyers",
        "New buyers",
        "customers",
        "Customers whose first order ever, by any channel, is in range and scope. New, returning and resurrected \
         buyers together are all buyers in range.",
    )
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    observe: |seen, hits| stands(seen, hits, Standing::New),
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static RETURNING_BUYERS: Measure = Measure {
    definition: Definition::scalar(
        "returning_buyers",
        "Returning buyers",
        "customers",
        "Customers with an order in range and scope and another, in scope too, in the W local days before the range.",
    )
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(PARAMETERS),
    observe: |seen, hits| stands(seen, hits, Standing::Returning),
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static RESURRECTED_BUYERS: Measure = Measure {
    definition: Definition::scalar(
        "resurrected_buyers",
        "Resurrected buyers",
        "customers",
        "Customers with an order in range and scope who had ordered before, but not, in scope, in the W local days \
         before the range.",
    )
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(PARAMETERS),
    observe: |seen, hits| stands(seen, hits, Standing::Resurrected),
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static DORMANT_BUYERS: Measure = Measure {
    definition: Definition::scalar(
        "dormant_buyers",
        "Dormant buyers",
        "customers",
        "Customers with an order in scope in the W local days before the range and none in it. Absent until all of the \
         range was observed.",
    )
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(PARAMETERS),
    of_whole: true,
    observe: |seen, hits| stands(seen, hits, Standing::Dormant),
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static ACTIVE_DAYS: Measure = Measure {
    definition: Definition::scalar(
        "active_days",
        "Active days of a customer, mean",
        "days",
        "The mean number of local days on which customers did anything in range (see active_customers), over those who \
         did: how sticky the retailer is.",
    )
    .revised(2)
    .with(MEAN, NO_ANCHOR)
    .from(PEERS),
    stat: Stat::Mean,
    bounds: (1.0, f64::INFINITY),
    window_days: 0,
    anchors: |_: &Params| Types::all(),
    observe: |seen, hits| {
        let (mut first, mut days, mut end) = (None, 0, i64::MIN);
        for mark in seen.marks.iter().filter(|mark| mark.is_made() && seen.counts(mark)) {
            first = first.or(Some(mark));
            if mark.at >= end {
                (days, end) = (days + 1, seen.cx.days.begin(seen.cx.days.index(mark.at) + 1));
            }
        }
        hits.extend(first.map(|mark| Hit::of(mark).part(days)));
    },
    by_place: ByPlace::Itself,
    ..COMMON
};
