//! Retention and churn: over a period, and as a cohort triangle.

use crate::engine::events::{Event, Wanted};
use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{GroupBy, KpiError, OrderOptions, Scope, Window, WindowKind, retention_window};
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::touch_types::Types;
use crate::ground::answer::{Basis, Grouped, Ratio, Tally, mirrored};
use crate::ground::calendar::{Intervals, Unit};
use crate::shapes::triangle::{self, Cohorts, Triangle, TriangleOptions};
use customer360_model::{ActivityType, Micros};

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    pub group_by: Option<GroupBy>,
    pub orders: OrderOptions,
    pub period: Option<PeriodOptions>,
    pub triangle: Option<TriangleOptions>,
}

/// Of the customers active in the W local days before the range's start, the share active in
/// the W local days before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodOptions {
    /// W. The range's own length in whole local days when absent; a longer one is cut to that, unless the windows may
    /// overlap.
    pub window_days: Option<u32>,
    /// Whether what lies in both windows may count for both sides.
    pub overlapping: bool,
    /// What counts as active.
    pub activity_types: Vec<ActivityType>,
}

impl Default for PeriodOptions {
    fn default() -> Self {
        Self { window_days: None, overlapping: false, activity_types: vec![ActivityType::Order] }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub result: Grouped<Retention>,
}

/// The figures of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Retention {
    /// By places, each asked by itself; otherwise by the customer.
    pub period: Option<Period>,
    /// The same.
    pub triangle: Option<Triangle>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    pub retention: Ratio,
    /// 1 - retention.
    pub churn: Ratio,
}

/// # Errors
/// When the question is malformed, leaves the calendar, or has too many groups or cells.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let grouping = Grouping::new(&lens, question.group_by.as_ref())?;
    let Some(places) = grouping.of_places() else { return answer(&lens, &grouping, question) };
    if let Some(options) = &question.triangle {
        // As many cells are answered as if all were asked together.
        Cohorts::new(&lens, options, grouping.len())?;
    }
    let whole = answer(&lens, &Grouping::new(&lens, None)?, question)?;
    let ask = |lens: &Lens, one: &Grouping| Ok(answer(lens, one, question)?.result.groups);
    let groups = grouping.each_place(&lens, places, ask)?;
    Ok(Answer { result: Grouped { groups, ..whole.result }, ..whole })
}

fn answer(lens: &Lens, grouping: &Grouping, question: &Question) -> Result<Answer, KpiError> {
    let snapshot = lens.snapshot;
    let orders = OrderLens::new(lens, &question.orders)?;
    let period = question.period.as_ref().map(|options| Windows::new(lens, options)).transpose()?;
    let cohorts = question.triangle.as_ref().map(|options| Cohorts::new(lens, options, grouping.len()));
    let cohorts = cohorts.transpose()?;
    let by_day = question.orders.unit.is_by_day(true);
    let days = by_day.then(|| local_days(lens, period.as_ref())).transpose()?;
    let types = period.as_ref().map_or(Types::default(), |windows| windows.types);
    let types = types.or(cohorts.as_ref().map_or(Types::default(), Cohorts::types));
    let windows = period.as_ref().map_or([i64::MIN; 2], |windows| [windows.before.0, windows.after.0]);
    let cuts = [lens.from, windows[0], windows[1]];
    let wanted = Wanted { types, lens, orders: &orders, days: days.as_ref(), cuts };
    let fold = Fold { lens, grouping, wanted, period, cohorts };

    let start = || State::new(grouping.len(), fold.cohorts.as_ref());
    let mut state = snapshot.fold(TASK_CUSTOMERS, start, |s, part| fold.observe(s, part), State::merged);
    state.tally.excluded.no_identity = fold.wanted.unidentified();
    state.tally.excluded.voided = fold.wanted.voided();
    let result = grouping.answer(state.groups, Figures::is_empty, Figures::add, |f| fold.retention(f));
    Ok(Answer { basis: state.tally.basis(snapshot.revision, lens.observation(), snapshot.folded), result })
}

/// Days that cover everything the question counts.
fn local_days(lens: &Lens, period: Option<&Windows>) -> Result<Intervals, KpiError> {
    let scope = lens.scope;
    let earliest = period.map_or(scope.range.from, |windows| Micros(windows.before.0));
    let from = scope.zone.plus_days(earliest, -2)?;
    let until = Micros(lens.observed).max(from).plus(1);
    Ok(Intervals::new(&scope.zone, Unit::Day, scope.week_start, from, until)?)
}

/// The two windows of retention over a period, half-open, in microseconds.
struct Windows {
    types: Types,
    before: (i64, i64),
    after: (i64, i64),
    /// Whether the second window was observed to its end.
    observed: bool,
}

impl Windows {
    fn new(lens: &Lens, options: &PeriodOptions) -> Result<Self, KpiError> {
        let (zone, range) = (&lens.scope.zone, lens.scope.range);
        let days =
            retention_window(zone, (range.from, range.until), options.window_days, options.overlapping)?;
        Window { days, kind: WindowKind::Calendar }.check()?;
        let back = -i64::from(days) as i32;
        Ok(Self {
            types: triangle::types(&options.activity_types),
            before: (zone.plus_days(range.from, back)?.0, range.from.0),
            after: (zone.plus_days(range.until, back)?.0, range.until.0),
            observed: range.until.0 <= lens.observed,
        })
    }
}

struct Fold<'a> {
    lens: &'a Lens<'a>,
    grouping: &'a Grouping,
    wanted: Wanted<'a>,
    period: Option<Windows>,
    cohorts: Option<Cohorts>,
}

struct State {
    tally: Tally,
    groups: Vec<Figures>,
}

#[derive(Clone, Default)]
struct Figures {
    active_before: u64,
    active_after: u64,
    triangle: triangle::Counts,
}

impl Figures {
    fn is_empty(&self) -> bool {
        self.active_before == 0 && self.triangle.is_empty()
    }

    fn add(&mut self, other: &Self) {
        self.active_before += other.active_before;
        self.active_after += other.active_after;
        self.triangle.add(&other.triangle);
    }
}

impl State {
    fn new(groups: usize, cohorts: Option<&Cohorts>) -> Self {
        let triangle = cohorts.map_or_else(triangle::Counts::default, Cohorts::counts);
        let figures = Figures { triangle, ..Figures::default() };
        Self { tally: Tally::default(), groups: vec![figures; groups] }
    }

    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.groups.iter_mut().zip(&other.groups).for_each(|(mine, theirs)| mine.add(theirs));
        self
    }
}

impl Fold<'_> {
    fn observe(&self, state: &mut State, part: &Part) {
        match (&self.period, &self.cohorts) {
            (None, Some(cohorts)) if self.is_plain(cohorts) => {
                let State { tally, groups } = state;
                cohorts.observe_plainly(self.lens, part, self.wanted.days, &mut groups[0].triangle, tally);
            }
            _ => self.observe_at_large(state, part),
        }
    }

    /// Whether the commonest triangle is asked for.
    fn is_plain(&self, cohorts: &Cohorts) -> bool {
        cohorts.is_plain(self.wanted.days.is_some())
            && self.wanted.is_every_order()
            && !self.grouping.is_asked()
    }

    fn observe_at_large(&self, state: &mut State, part: &Part) {
        let mut scratch = triangle::Scratch::default();
        self.wanted.each(part, |customer, events| {
            let mut counted = Counted::default();
            if let Some(windows) = &self.period {
                self.count_period(state, windows, part, customer, events, &mut counted);
            }
            if let Some(cohorts) = &self.cohorts {
                let group = |place| self.grouping.of(part, customer, place);
                let triangles = &mut state.groups;
                let count = |group: usize, cohort, columns: &[u32]| {
                    triangles[group].triangle.count(cohort, columns);
                };
                let seen = cohorts.observe(self.lens, events, &mut scratch, group, count);
                counted.extend(seen);
            }
            if counted.customers {
                let touchpoints = counted.touchpoints(self.lens, events);
                state.tally.count(touchpoints, part.segment.customers.registered[customer as usize]);
                state.tally.censored += u64::from(counted.censored);
            }
        });
        state.tally.merge(&Tally { excluded: self.wanted.excluded(part), ..Tally::default() });
    }

    fn count_period(
        &self,
        state: &mut State,
        windows: &Windows,
        part: &Part,
        customer: u32,
        events: &[Event],
        counted: &mut Counted,
    ) {
        let lies_in = |(from, until): (i64, i64), at: i64| from <= at && at < until;
        let is_active =
            |event: &&Event| windows.types.has(event.touch_type) && self.lens.has_place(event.place);
        let mut last_before = None;
        let mut is_after = false;
        for event in events.iter().filter(is_active) {
            if lies_in(windows.before, event.at) {
                last_before = Some(event);
            }
            is_after |= lies_in(windows.after, event.at);
        }
        let Some(last) = last_before else { return };
        let figures = &mut state.groups[self.grouping.of(part, customer, last.place)];
        figures.active_before += 1;
        figures.active_after += u64::from(is_after);
        counted.customers = true;
        counted.censored |= !windows.observed;
        counted.windows = Some([windows.before, windows.after]);
        counted.window_types = windows.types;
    }

    fn retention(&self, figures: Figures) -> Retention {
        let period = self.period.as_ref().map(|windows| match windows.observed {
            true => {
                let retention = Ratio::share(figures.active_after, figures.active_before);
                let left = figures.active_before - figures.active_after;
                let interval = mirrored(retention.interval);
                Period { retention, churn: Ratio { interval, ..Ratio::share(left, figures.active_before) } }
            }
            false => {
                let unknown = Ratio::unobserved(figures.active_before);
                Period { retention: unknown, churn: unknown }
            }
        });
        let triangle = self.cohorts.as_ref().map(|cohorts| cohorts.triangle(&figures.triangle));
        Retention { period, triangle }
    }
}

/// What of one customer's events was counted, for the basis.
#[derive(Default)]
struct Counted {
    customers: bool,
    censored: bool,
    windows: Option<[(i64, i64); 2]>,
    window_types: Types,
    cohort: Option<triangle::Seen>,
}

impl Counted {
    fn extend(&mut self, seen: Option<triangle::Seen>) {
        self.customers |= seen.is_some();
        self.censored |= seen.is_some_and(|seen| seen.censored);
        self.cohort = seen;
    }

    /// Events in one of the period's windows, and from the first start event on.
    fn touchpoints(&self, lens: &Lens, events: &[Event]) -> u64 {
        let counts = |event: &&Event| {
            let in_windows = self.windows.is_some_and(|windows| {
                let inside = |(from, until)| from <= event.at && event.at < until;
                self.window_types.has(event.touch_type) && windows.into_iter().any(inside)
            });
            let in_cohort = self.cohort.is_some_and(|seen| {
                seen.types.has(event.touch_type) && (event.at, event.number) >= seen.start
            });
            lens.has_place(event.place) && (in_windows || in_cohort)
        };
        events.iter().filter(counts).count() as u64
    }
}
