//! The cohort triangle: customers by the interval of their start event, and who came back.

use std::hint::select_unpredictable;
use std::ops::Range;

use crate::engine::events::Event;
use crate::engine::lens::Lens;
use crate::engine::scope::{CELLS_LIMIT, First, KpiError};
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Part;
use crate::facts::touch_types::Types;
use crate::ground::answer::{Ratio, Tally};
use crate::ground::calendar::{Intervals, Unit};
use customer360_model::time::HOUR_US;
use customer360_model::{ActivityType, Micros, Phase};

pub use self::options::{CohortMode, CohortStart, TriangleOptions};

mod options;

/// The greatest number of the last column.
pub const PERIODS_LIMIT: u32 = 400;

#[derive(Debug, Clone, PartialEq)]
pub struct Triangle {
    /// Cohorts with at least one customer, in order of time.
    pub rows: Vec<Row>,
    /// Of each column, all complete cohorts as one: the mean weighted by cohort size.
    pub means: Vec<Cell>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where the interval begins.
    pub start: Micros,
    /// Its local name: `2026-03`, `2026-03-09`, or with the hour, `2026-03-09T14`.
    pub label: String,
    pub size: u64,
    pub cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The interval after the start, or the first of the bracket.
    pub k: u32,
    pub ratio: Ratio,
    /// Whether nothing that may still come can change it: it was observed to its end; in [`CohortMode::Rolling`] to the
    /// end of the last period.
    pub complete: bool,
}

/// The types named, custom ones of any phase.
pub(crate) fn types(activity_types: &[ActivityType]) -> Types {
    let custom = activity_types.contains(&ActivityType::Custom);
    let phases = Phase::ALL.into_iter().filter(|_| custom);
    let custom = phases.map(|phase| TouchType::new(ActivityType::Custom, Some(phase)));
    Types::of(activity_types.iter().map(|&t| TouchType::new(t, None)).chain(custom))
}

/// The triangle's layout over one scope.
pub(crate) struct Cohorts {
    options: TriangleOptions,
    starts: Types,
    returns: Types,
    /// From the range's start to the last observed instant.
    intervals: Intervals,
    labels: Vec<String>,
    /// Cohorts begin in the first so many intervals.
    count: usize,
    /// Column by number of intervals after the start, for brackets; `u32::MAX` for none.
    columns: Vec<u32>,
    /// The interval in which the observation ends, and whether any of it was seen.
    last: usize,
    sees_last: bool,
}

/// What a customer's events were counted from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub start: (i64, u32),
    pub types: Types,
    pub censored: bool,
}

/// Buffers that live longer than a customer.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Intervals with return events, and how many.
    returns: Vec<(u32, u32)>,
    columns: Vec<u32>,
    per_column: Vec<u32>,
}

impl Cohorts {
    pub fn new(lens: &Lens, options: &TriangleOptions, groups: usize) -> Result<Self, KpiError> {
        let periods = options.periods.min(PERIODS_LIMIT);
        let columns = columns(options, periods)?;
        let scope = lens.scope;
        let until = Micros(lens.observed.max(lens.from)).plus(1);
        let intervals = Intervals::new(&scope.zone, options.unit, scope.week_start, scope.range.from, until)?;
        let count = if lens.until > lens.from { intervals.index(lens.until - 1) + 1 } else { 0 };
        let width = columns.iter().filter(|&&c| c != u32::MAX).max().map_or(0, |&c| c as usize + 1);
        if count.saturating_mul(width + 1).saturating_mul(groups) > CELLS_LIMIT {
            return Err(KpiError::TooManyCells);
        }
        let last = intervals.index(lens.observed);
        let labels = (0..count).map(|c| label(lens, options.unit, intervals.start(c)));
        Ok(Self {
            options: TriangleOptions { periods, min_count: options.min_count.max(1), ..options.clone() },
            starts: types(&[options.start_event]),
            returns: types(&options.return_events),
            labels: labels.collect::<Result<_, _>>()?,
            count,
            columns,
            last,
            sees_last: intervals.start(last).0 < lens.observed,
            intervals,
        })
    }

    pub fn types(&self) -> Types {
        self.starts.or(self.returns)
    }

    pub fn counts(&self) -> Counts {
        Counts::new(self.count, self.width())
    }

    /// Whether [`Self::observe_plainly`] can count: first-time cohorts, one event in exactly the
    /// k-th interval is enough, and the cells are few.
    pub fn is_plain(&self, by_day: bool) -> bool {
        let options = &self.options;
        let first = options.start == CohortStart::FirstTime && options.first == First::Ever;
        let exact = options.mode == CohortMode::Exact && options.min_count == 1;
        // Within hours orders of one day could be those of several intervals.
        let is_daily = !by_day || self.options.unit != Unit::Hour;
        first && self.starts == self.returns && exact && is_daily && Plain::cells(self) <= PLAIN_CELLS
    }

    /// Counts the orders of some customers, of which the first opens a cohort in range and each
    /// that follows is a return.
    /// With local days all orders of one are one.
    pub fn observe_plainly(
        &self,
        lens: &Lens,
        part: &Part,
        days: Option<&Intervals>,
        counts: &mut Counts,
        tally: &mut Tally,
    ) {
        let stem = &part.segment.tables.orders.stem;
        let plain = match lens.living_rows(part, stem) {
            Some(rows) => Plain::of(self, lens, (part, days), rows, |_| true),
            None => {
                let rows = std::iter::once(stem.rows(part.customers.clone()));
                Plain::of(self, lens, (part, days), rows, |customer| lens.has_customer(part, customer))
            }
        };
        plain.add_to(self, counts, tally);
    }

    /// Counts one customer's events, which are in order of time: for each cohort they are in,
    /// `count` gets its group, its number and the columns in which they came back.
    pub fn observe(
        &self,
        lens: &Lens,
        events: &[Event],
        scratch: &mut Scratch,
        group: impl Fn(u16) -> usize,
        mut count: impl FnMut(usize, usize, &[u32]),
    ) -> Option<Seen> {
        let is_start = |event: &Event| self.starts.has(event.touch_type);
        let in_scope = |event: &Event| lens.has_place(event.place);
        let first = match (self.options.start, self.options.first) {
            (CohortStart::FirstTime, First::Ever) => {
                let first = events.iter().position(is_start)?;
                (in_scope(&events[first]) && lens.in_range(events[first].at)).then_some(first)?
            }
            _ => events.iter().position(|e| is_start(e) && in_scope(e) && lens.in_range(e.at))?,
        };
        self.lay_out_returns(lens, &events[first..], scratch);
        let mut last_cohort = usize::MAX;
        for (index, start) in (first..).zip(&events[first..]) {
            if start.at >= lens.until {
                break;
            }
            let cohort = self.intervals.index(start.at);
            if cohort == last_cohort || !is_start(start) || !in_scope(start) {
                continue;
            }
            last_cohort = cohort;
            let own = events[index + 1..].iter().take_while(|e| e.at < self.intervals.end(cohort).0);
            let own = own.filter(|e| self.returns.has(e.touch_type) && in_scope(e)).count() as u32;
            self.find_columns(cohort as u32, own, scratch);
            count(group(start.place), cohort, &scratch.columns);
            if self.options.start == CohortStart::FirstTime {
                break;
            }
        }
        let start = (events[first].at, events[first].number);
        let first_cohort = self.intervals.index(events[first].at);
        let reach = if self.options.start == CohortStart::FirstTime { first_cohort } else { last_cohort };
        let censored = reach + self.options.periods as usize >= self.last;
        Some(Seen { start, types: self.types(), censored })
    }

    /// The triangle of one group.
    pub fn triangle(&self, counts: &Counts) -> Triangle {
        let ks: Vec<u32> = match &self.options.mode {
            CohortMode::Brackets(starts) => starts.clone(),
            _ => (0..=self.options.periods).collect(),
        };
        let mut means = vec![(0, 0); ks.len()];
        let mut rows = Vec::new();
        for (cohort, size) in counts.sizes().enumerate().filter(|(_, size)| *size > 0) {
            let cells = ks.iter().enumerate().map(|(column, &k)| {
                let back = counts.cells[cohort * counts.stride() + column];
                // What may still come can change none of it.
                let complete = cohort + (self.end_of_column(column) as usize) <= self.last;
                if complete {
                    means[column].0 += back;
                    means[column].1 += size;
                }
                let begins = cohort + k as usize;
                let seen = begins < self.last || (begins == self.last && self.sees_last);
                let ratio = if seen { Ratio::share(back, size) } else { Ratio::unobserved(size) };
                Cell { k, ratio, complete }
            });
            let cells = cells.collect();
            rows.push(Row {
                start: self.intervals.start(cohort),
                label: self.labels[cohort].clone(),
                size,
                cells,
            });
        }
        let means = ks.iter().zip(means).map(|(&k, (back, size))| Cell {
            k,
            ratio: Ratio::share(back, size),
            complete: true,
        });
        Triangle { rows, means: means.collect() }
    }

    fn width(&self) -> usize {
        match &self.options.mode {
            CohortMode::Brackets(starts) => starts.len(),
            _ => self.options.periods as usize + 1,
        }
    }

    /// The first interval after a column, counted from the start.
    fn end_of_column(&self, column: usize) -> u32 {
        match &self.options.mode {
            CohortMode::Brackets(starts) => {
                starts.get(column + 1).copied().unwrap_or(self.options.periods + 1)
            }
            CohortMode::Exact => column as u32 + 1,
            // "Or later" ends with the last period.
            CohortMode::Rolling => self.options.periods + 1,
        }
    }

    /// The intervals with return events after the first of the events, and how many.
    fn lay_out_returns(&self, lens: &Lens, events: &[Event], scratch: &mut Scratch) {
        scratch.returns.clear();
        for event in &events[1..] {
            if !self.returns.has(event.touch_type) || !lens.has_place(event.place) {
                continue;
            }
            let interval = self.intervals.index(event.at) as u32;
            match scratch.returns.last_mut() {
                Some((last, count)) if *last == interval => *count += 1,
                _ => scratch.returns.push((interval, 1)),
            }
        }
    }

    /// The columns in which a customer of a cohort came back, given the number of returns in the
    /// cohort's own interval after its start.
    fn find_columns(&self, cohort: u32, own: u32, scratch: &mut Scratch) {
        let Scratch { returns, columns, per_column } = scratch;
        columns.clear();
        let later = returns.iter().filter(|(interval, _)| *interval > cohort);
        let all = std::iter::once((0, own)).chain(later.map(|&(interval, count)| (interval - cohort, count)));
        let (periods, min_count) = (self.options.periods, self.options.min_count);
        match &self.options.mode {
            CohortMode::Exact => {
                columns.extend(all.filter(|&(k, count)| k <= periods && count >= min_count).map(|(k, _)| k));
            }
            CohortMode::Rolling => {
                // In k or later: true up to the interval of the min_count-th return from the end.
                let mut missing = min_count;
                let reached = all.filter(|&(k, _)| k <= periods).rev().find(|&(_, count)| {
                    missing = missing.saturating_sub(count);
                    missing == 0
                });
                columns.extend(reached.into_iter().flat_map(|(k, _)| 0..=k.min(periods)));
            }
            CohortMode::Brackets(_) => {
                per_column.clear();
                per_column.resize(self.width(), 0);
                for (k, count) in all {
                    if let Some(&column) = self.columns.get(k as usize).filter(|&&c| c != u32::MAX) {
                        per_column[column as usize] += count;
                    }
                }
                let reached = per_column.iter().zip(0..).filter(|(count, _)| **count >= min_count);
                columns.extend(reached.map(|(_, column)| column));
            }
        }
    }
}

/// The column of each number of intervals after the start.
fn columns(options: &TriangleOptions, periods: u32) -> Result<Vec<u32>, KpiError> {
    let CohortMode::Brackets(starts) = &options.mode else { return Ok((0..=periods).collect()) };
    let increasing = starts.windows(2).all(|pair| pair[0] < pair[1]);
    if starts.is_empty() || !increasing || starts.last().is_some_and(|&last| last > periods) {
        return Err(KpiError::BracketsOutOfOrder);
    }
    let column = |k| (starts.partition_point(|&start| start <= k) as u32).checked_sub(1).unwrap_or(u32::MAX);
    Ok((0..=periods).map(column).collect())
}

fn label(lens: &Lens, unit: Unit, start: Micros) -> Result<String, KpiError> {
    let time = lens.scope.zone.local(start)?;
    let (year, month, day) = (time.year(), time.month(), time.day());
    Ok(match unit {
        Unit::Year => format!("{year:04}"),
        Unit::Quarter => format!("{year:04}-Q{}", (month + 2) / 3),
        Unit::Month => format!("{year:04}-{month:02}"),
        Unit::Day | Unit::Week => format!("{year:04}-{month:02}-{day:02}"),
        Unit::Hour => format!("{year:04}-{month:02}-{day:02}T{:02}", time.hour()),
    })
}

/// More cells are not laid out for each task.
const PLAIN_CELLS: usize = 1 << 15;

/// No local day is longer: clocks are put back by two hours at most.
const LONGEST_DAY_US: i64 = 26 * HOUR_US;

/// Whether two orders of a customer are of one local day, and on the same side of the range's beginning.
fn is_one_day(lens: &Lens, days: &Intervals, earlier: i64, later: i64) -> bool {
    days.index(earlier) == days.index(later) && (earlier < lens.from) == (later < lens.from)
}

/// Orders of the customers of one task by cohort, by whether the customer is registered, and by
/// column: those of the triangle, and three more.
struct Plain {
    cells: Vec<u32>,
    stride: usize,
}

impl Plain {
    /// In the order of the columns after those of the triangle: orders that open the cohort,
    /// that count but not as a return, and that were not observed any more.
    const BESIDE: usize = 3;

    fn cells(cohorts: &Cohorts) -> usize {
        (cohorts.count + 1) * 2 * (cohorts.width() + Self::BESIDE)
    }

    /// Row by row and without branches, which would be mistaken at every other row: what does not
    /// count is added where nobody looks.
    fn of(
        cohorts: &Cohorts,
        lens: &Lens,
        (part, days): (&Part, Option<&Intervals>),
        rows: impl Iterator<Item = Range<usize>>,
        admits: impl Fn(u32) -> bool,
    ) -> Self {
        let stem = &part.segment.tables.orders.stem;
        let registered = &part.segment.customers.registered;
        let (periods, width) = (cohorts.options.periods as usize, cohorts.width());
        let stride = width + Self::BESIDE;
        let mut cells = vec![0_u32; Self::cells(cohorts)];
        let nowhere = cohorts.count * 2 * stride;
        let (mut current, mut cohort, mut begin, mut last) = (u32::MAX, 0, nowhere, usize::MAX);
        let mut before = i64::MIN;
        for rows in rows {
            for (&customer, &at) in stem.customer[rows.clone()].iter().zip(&stem.at[rows]) {
                let interval = cohorts.intervals.index(at);
                let is_new = customer != current;
                let opens = is_new & lens.in_range(at) & admits(customer);
                let own = (interval * 2 + usize::from(registered[customer as usize])) * stride;
                let begun = select_unpredictable(opens, own, nowhere);
                begin = select_unpredictable(is_new, begun, begin);
                cohort = select_unpredictable(is_new, interval, cohort);
                let k = interval.wrapping_sub(cohort);
                // Two orders are rarely so close that they might be of one day.
                let is_close = !is_new & (at.wrapping_sub(before) < LONGEST_DAY_US);
                let is_again = is_close && days.is_some_and(|days| is_one_day(lens, days, before, at));
                before = at;
                let is_seen = (at < lens.observed) & !is_again;
                let is_back = !is_new & !is_again & (k != last) & (k <= periods);
                last = select_unpredictable(is_new, usize::MAX, select_unpredictable(is_again, last, k));
                let beside = width + usize::from(!opens);
                let column = select_unpredictable(is_back, k, beside);
                let column = select_unpredictable(is_seen, column, width + 2);
                cells[begin + column] += 1;
                current = customer;
            }
        }
        Self { cells, stride }
    }

    fn add_to(&self, cohorts: &Cohorts, counts: &mut Counts, tally: &mut Tally) {
        let stride = counts.stride();
        let rows = self.cells.chunks_exact(self.stride).take(cohorts.count * 2).enumerate();
        for (row, cells) in rows.filter(|(_, cells)| cells.iter().any(|&count| count > 0)) {
            let cohort = row / 2;
            let mine = &mut counts.cells[cohort * stride..(cohort + 1) * stride];
            let (columns, beside) = cells.split_at(counts.width);
            mine.iter_mut().zip(columns).for_each(|(mine, &count)| *mine += u64::from(count));
            let opened = u64::from(beside[0]);
            mine[stride - 1] += opened;
            let counted = columns.iter().chain(&beside[..2]).map(|&count| u64::from(count)).sum::<u64>();
            tally.customers += opened;
            tally.touchpoints += counted;
            tally.registered_touchpoints += if row % 2 == 1 { counted } else { 0 };
            let is_censored = cohort + cohorts.options.periods as usize >= cohorts.last;
            tally.censored += if is_censored { opened } else { 0 };
        }
    }
}

/// Counts of one group: for each cohort, returned customers by column, and the cohort's size.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    width: usize,
    cells: Vec<u64>,
}

impl Counts {
    fn new(cohorts: usize, width: usize) -> Self {
        Self { width, cells: vec![0; cohorts * (width + 1)] }
    }

    #[inline]
    fn stride(&self) -> usize {
        self.width + 1
    }

    #[inline]
    pub fn count(&mut self, cohort: usize, columns: &[u32]) {
        let stride = self.stride();
        let cells = &mut self.cells[cohort * stride..(cohort + 1) * stride];
        cells[stride - 1] += 1;
        columns.iter().for_each(|&column| cells[column as usize] += 1);
    }

    pub fn add(&mut self, other: &Self) {
        self.cells.iter_mut().zip(&other.cells).for_each(|(mine, theirs)| *mine += theirs);
    }

    pub fn is_empty(&self) -> bool {
        self.sizes().all(|size| size == 0)
    }

    /// The sizes of the cohorts.
    fn sizes(&self) -> impl Iterator<Item = u64> + '_ {
        self.cells.chunks_exact(self.stride()).map(|cells| cells[cells.len() - 1])
    }
}
