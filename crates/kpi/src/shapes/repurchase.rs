//! Repurchase: who buys again, and when.

use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{First, GroupBy, KpiError, OrderOptions, Scope, Window, WindowKind};
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::ground::answer::{Basis, Estimate, Grouped, Ratio, Tally, mirrored};
use crate::ground::calendar::{Intervals, Unit};
use crate::ground::statistics::{Interval, Survival, quantile, quantile_of_counts};
use customer360_model::Micros;
use customer360_model::time::DAY_US;

mod plain;

use plain::Plain;

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    pub group_by: Option<GroupBy>,
    pub orders: OrderOptions,
    /// Within which time the second order is to follow.
    pub window: Window,
    pub first: First,
}

impl Question {
    /// The documented defaults: 90 calendar days, first ever.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        let window = Window { days: 90, kind: WindowKind::Calendar };
        Self { scope, group_by: None, orders: OrderOptions::default(), window, first: First::Ever }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub result: Grouped<Repurchase>,
}

/// The figures of one group. A customer stands in the group of their first order in range.
#[derive(Debug, Clone, PartialEq)]
pub struct Repurchase {
    /// (a) Of the customers with an order in range, those with two or more.
    pub repeat_customers: Ratio,
    /// (b) Of the first-time buyers in range, those with a second order within the window.
    pub second_order_all: Ratio,
    /// (b) over those observed for the whole window.
    pub second_order_observed: Ratio,
    /// (b) at the window's end, by Kaplan-Meier.
    pub second_order_kaplan_meier: Estimate,
    /// One point for each day with an event.
    pub curve: Vec<SurvivalPoint>,
    /// Days between consecutive orders of a customer, the earlier one in range.
    pub gap_days_median: Estimate,
    pub gap_days_p90: Estimate,
}

/// A point of the Kaplan-Meier curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalPoint {
    /// Since the first order.
    pub days: u32,
    /// Has bought again by then.
    pub share: f64,
    pub interval: Option<Interval>,
    /// Still observed without a second order at the day's beginning.
    pub at_risk: u64,
    pub events: u64,
}

/// # Errors
/// When the question is malformed, leaves the calendar or has too many groups.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    question.window.check()?;
    let lens = Lens::new(snapshot, &question.scope)?;
    let grouping = Grouping::new(&lens, question.group_by.as_ref())?;
    let Some(places) = grouping.of_places() else { return answer(&lens, &grouping, question) };
    let whole = answer(&lens, &Grouping::new(&lens, None)?, question)?;
    let ask = |lens: &Lens, one: &Grouping| Ok(answer(lens, one, question)?.result.groups);
    let groups = grouping.each_place(&lens, places, ask)?;
    Ok(Answer { result: Grouped { groups, ..whole.result }, ..whole })
}

fn answer(lens: &Lens, grouping: &Grouping, question: &Question) -> Result<Answer, KpiError> {
    let (snapshot, scope) = (lens.snapshot, &question.scope);
    // Orders up to a day before the range may share a local day with one in range; older ones are
    // only counted, so it does not matter that they fall into the first interval.
    let from = scope.zone.plus_days(scope.range.from, -2)?;
    let until = Micros(lens.observed).max(from).plus(1);
    let days = Intervals::new(&scope.zone, Unit::Day, scope.week_start, from, until)?;
    let orders = OrderLens::new(lens, &question.orders)?;
    let last_whole_day = days.index(lens.observed) as i64 - 1;
    let fold = Fold { lens, grouping, orders, days, last_whole_day, question };
    let start = || State { tally: Tally::default(), groups: vec![Figures::default(); grouping.len()] };
    let mut state = snapshot.fold(TASK_CUSTOMERS, start, |s, part| fold.observe(s, part), State::merged);
    let unidentified =
        lens.unidentified().map(|tables| lens.rows_in_range(&tables.orders.stem).count() as u64);
    state.tally.excluded.no_identity = unidentified.sum();
    state.tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
    let result =
        grouping.answer(state.groups, |f| f.customers == 0, Figures::add, |f| f.repurchase(question.window));
    Ok(Answer { basis: state.tally.basis(snapshot.revision, lens.observation(), snapshot.folded), result })
}

struct Fold<'a> {
    lens: &'a Lens<'a>,
    grouping: &'a Grouping,
    orders: OrderLens,
    days: Intervals,
    /// The last local day that was observed to its end.
    last_whole_day: i64,
    question: &'a Question,
}

struct State {
    tally: Tally,
    groups: Vec<Figures>,
}

impl State {
    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.groups.iter_mut().zip(&other.groups).for_each(|(mine, theirs)| mine.add(theirs));
        self
    }
}

/// An order as it is counted; for customer days, the first of the day.
#[derive(Clone, Copy)]
struct Event {
    at: i64,
    day: u32,
    place: u16,
}

/// What was seen of a first-time buyer.
#[derive(Clone, Copy)]
enum Outcome {
    /// A second order after this long, within the window.
    Again(i64),
    /// None for this long, then out of sight.
    Lost(i64),
    /// None within the window.
    Never,
}

impl Fold<'_> {
    fn observe(&self, state: &mut State, part: &Part) {
        match self.is_plain() {
            true => Plain::observe(self, part, state),
            false => self.observe_at_large(state, part),
        }
    }

    /// Whether it is one of the commonest questions: every order counts, in one group, and windows
    /// are of local days, which are few.
    fn is_plain(&self) -> bool {
        let question = self.question;
        let counts_all = self.lens.has_all_places() && self.orders.admits_all();
        let is_whole = !self.grouping.is_asked();
        let is_calendar = question.window.kind == WindowKind::Calendar;
        counts_all && is_whole && is_calendar && self.days.len() <= plain::DAYS_LIMIT
    }

    fn observe_at_large(&self, state: &mut State, part: &Part) {
        let orders = &part.segment.tables.orders;
        let by_day = self.question.orders.unit.is_by_day(true);
        let all_places = self.lens.has_all_places();
        let mut events: Vec<Event> = Vec::new();
        for (customer, rows) in orders.stem.runs(orders.stem.rows(part.customers.clone())) {
            if !self.lens.has_customer(part, customer) {
                continue;
            }
            events.clear();
            // The first order ever is looked for by any channel, at any location.
            let mut began_in_scope = None;
            let mut touchpoints = 0;
            for row in rows {
                if !self.orders.counts(orders, row) {
                    continue;
                }
                let (at, place) = (orders.stem.at[row], orders.stem.place[row]);
                let in_scope = all_places || self.lens.has_place(place);
                began_in_scope.get_or_insert(in_scope);
                if !in_scope {
                    continue;
                }
                let day = self.days.index(at) as u32;
                touchpoints += u64::from(at >= self.lens.from);
                // What the range cuts is no one occasion.
                let is_its =
                    |last: &Event| last.day == day && (last.at < self.lens.from) == (at < self.lens.from);
                if by_day && events.last().is_some_and(is_its) {
                    continue;
                }
                events.push(Event { at, day, place });
            }
            self.count(state, part, customer, &events, began_in_scope == Some(true), touchpoints);
        }
        let excluded = self.orders.excluded(self.lens, part);
        state.tally.merge(&Tally { excluded, ..Tally::default() });
    }

    /// Counts one customer's orders in scope, in order of time.
    fn count(
        &self,
        state: &mut State,
        part: &Part,
        customer: u32,
        events: &[Event],
        began_in_scope: bool,
        touchpoints: u64,
    ) {
        let begin = events.iter().position(|event| event.at >= self.lens.from).unwrap_or(events.len());
        let in_range = &events[begin..];
        let count = in_range.iter().take_while(|event| event.at < self.lens.until).count();
        let Some(first) = in_range.first().filter(|_| count > 0) else { return };
        let figures = &mut state.groups[self.grouping.of(part, customer, first.place)];
        state.tally.count(touchpoints, part.segment.customers.registered[customer as usize]);
        figures.customers += 1;
        figures.repeating += u64::from(count > 1);
        for pair in in_range.windows(2).take(count) {
            self.count_gap(figures, pair[0], pair[1]);
        }
        let is_first = match self.question.first {
            First::Ever => begin == 0 && began_in_scope,
            First::InScope => true,
        };
        if is_first {
            state.tally.censored += u64::from(self.count_first(figures, *first, &in_range[1..]));
        }
    }

    fn count_gap(&self, figures: &mut Figures, earlier: Event, later: Event) {
        match self.question.window.kind {
            WindowKind::Calendar => bump(&mut figures.gap_days, (later.day - earlier.day) as usize),
            WindowKind::Elapsed => figures.gaps.push(later.at - earlier.at),
        }
    }

    /// Says whether the customer went out of sight within the window.
    fn count_first(&self, figures: &mut Figures, first: Event, later: &[Event]) -> bool {
        let days = i64::from(self.question.window.days);
        // Lengths are whole local days or microseconds; `seen` is how long the customer was seen.
        let (window, again, seen) = match self.question.window.kind {
            WindowKind::Calendar => {
                let again = later.iter().map(|event| i64::from(event.day - first.day)).find(|&day| day > 0);
                (days, again, self.last_whole_day - i64::from(first.day))
            }
            WindowKind::Elapsed => {
                (days * DAY_US, later.first().map(|e| e.at - first.at), self.lens.observed - 1 - first.at)
            }
        };
        figures.count_first(self.question.window.kind, window, again, seen)
    }
}

/// Sums of one group. Lengths are days in the histograms, microseconds in the lists.
#[derive(Debug, Clone, Default)]
struct Figures {
    customers: u64,
    repeating: u64,
    first_time: u64,
    again: u64,
    observed: u64,
    observed_again: u64,
    again_days: Vec<u64>,
    lost_days: Vec<u64>,
    gap_days: Vec<u64>,
    again_after: Vec<i64>,
    lost_after: Vec<i64>,
    gaps: Vec<i64>,
}

fn bump(counts: &mut Vec<u64>, at: usize) {
    if counts.len() <= at {
        counts.resize(at + 1, 0);
    }
    counts[at] += 1;
}

fn add_counts(mine: &mut Vec<u64>, theirs: &[u64]) {
    mine.resize(mine.len().max(theirs.len()), 0);
    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.repeating += other.repeating;
        self.first_time += other.first_time;
        self.again += other.again;
        self.observed += other.observed;
        self.observed_again += other.observed_again;
        add_counts(&mut self.again_days, &other.again_days);
        add_counts(&mut self.lost_days, &other.lost_days);
        add_counts(&mut self.gap_days, &other.gap_days);
        self.again_after.extend(&other.again_after);
        self.lost_after.extend(&other.lost_after);
        self.gaps.extend(&other.gaps);
    }

    /// A first-time buyer who bought `again` after that long, if they did, and was `seen` for that
    /// long. Says whether they went out of sight within the window.
    fn count_first(&mut self, kind: WindowKind, window: i64, again: Option<i64>, seen: i64) -> bool {
        let hit = again.is_some_and(|after| after <= window);
        self.first_time += 1;
        self.again += u64::from(hit);
        if seen >= window {
            self.observed += 1;
            self.observed_again += u64::from(hit);
        }
        // The curve looks at whole days only: what happened on a day that was not observed to its
        // end would count those who came back and not those who did not.
        let outcome = match again {
            Some(after) if after <= window && after <= seen => Outcome::Again(after),
            _ if seen < window => Outcome::Lost(seen.max(0)),
            _ => Outcome::Never,
        };
        self.count_outcome(kind, outcome);
        seen < window && !hit
    }

    fn count_outcome(&mut self, kind: WindowKind, outcome: Outcome) {
        match (kind, outcome) {
            (WindowKind::Calendar, Outcome::Again(after)) => bump(&mut self.again_days, after as usize),
            (WindowKind::Calendar, Outcome::Lost(after)) => bump(&mut self.lost_days, after as usize),
            (WindowKind::Elapsed, Outcome::Again(after)) => self.again_after.push(after),
            (WindowKind::Elapsed, Outcome::Lost(after)) => self.lost_after.push(after),
            (_, Outcome::Never) => {}
        }
    }

    fn repurchase(mut self, window: Window) -> Repurchase {
        let (survival, curve) = match window.kind {
            WindowKind::Calendar => self.curve_by_days(window.days),
            WindowKind::Elapsed => self.curve_by_instants(),
        };
        let mut gap = |p| match window.kind {
            WindowKind::Calendar => quantile_of_counts(&self.gap_days, p),
            WindowKind::Elapsed => quantile(&mut self.gaps, p, |us| us as f64 / DAY_US as f64),
        };
        Repurchase {
            gap_days_median: Estimate::quantile(gap(0.5)),
            gap_days_p90: Estimate::quantile(gap(0.9)),
            repeat_customers: Ratio::share(self.repeating, self.customers),
            second_order_all: Ratio::share(self.again, self.first_time),
            second_order_observed: Ratio::share(self.observed_again, self.observed),
            second_order_kaplan_meier: match self.observed == 0 && survival.survival > 0.0 {
                // Nobody was followed for so long: the curve ends before.
                true => Estimate::waiting(self.first_time),
                false => Estimate::incidence(&survival, self.first_time),
            },
            curve,
        }
    }

    fn curve_by_days(&self, days: u32) -> (Survival, Vec<SurvivalPoint>) {
        let mut survival = Survival::of(self.first_time);
        let mut curve = Vec::new();
        let count = |counts: &[u64], day: u32| counts.get(day as usize).copied().unwrap_or(0);
        for day in 0..=days {
            let (at_risk, events) = (survival.at_risk, count(&self.again_days, day));
            survival.step(events, count(&self.lost_days, day));
            if events > 0 {
                curve.push(point(day, &survival, at_risk, events));
            }
        }
        (survival, curve)
    }

    /// Steps at every instant; the curve shows the state at the end of each elapsed day.
    fn curve_by_instants(&mut self) -> (Survival, Vec<SurvivalPoint>) {
        self.again_after.sort_unstable();
        self.lost_after.sort_unstable();
        let (again, lost) = (&self.again_after, &self.lost_after);
        let mut survival = Survival::of(self.first_time);
        let mut curve: Vec<SurvivalPoint> = Vec::new();
        let (mut next, mut gone) = (0, 0);
        while let Some(&after) = again.get(next) {
            // At one instant those who buy come before those who go out of sight.
            let left = lost[gone..].partition_point(|&lost| lost < after);
            survival.step(0, left as u64);
            gone += left;
            let at_risk = survival.at_risk;
            let events = again[next..].partition_point(|&other| other == after);
            survival.step(events as u64, 0);
            next += events;
            let day = (after as u64).div_ceil(DAY_US as u64) as u32;
            match curve.last_mut().filter(|last| last.days == day) {
                Some(last) => *last = point(day, &survival, last.at_risk, last.events + events as u64),
                None => curve.push(point(day, &survival, at_risk, events as u64)),
            }
        }
        (survival, curve)
    }
}

fn point(days: u32, survival: &Survival, at_risk: u64, events: u64) -> SurvivalPoint {
    let interval = mirrored(survival.interval());
    SurvivalPoint { days, share: 1.0 - survival.survival, interval, at_risk, events }
}
