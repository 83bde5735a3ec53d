//! A figure against that of another time: the difference, its interval, and how surprising it
//! would be if nothing had changed. Series: the same figure over each interval of the range.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::engine::figure::{Figure, SPANS_LIMIT};
use crate::engine::scope::{KpiError, Scope};
use crate::engine::span::Span;
use crate::engine::stat::Stat;
use crate::ground::calendar::{CalendarError, Granularity, Intervals, Zone};
use crate::ground::statistics::{Interval, Method, Moments, Z95, wilson};
use customer360_model::Micros;

/// With what a figure is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The time just before, as long as the range.
    PreviousPeriod,
    /// The same a year earlier.
    YearEarlier,
}

/// The span to compare a scope's own with. A range of whole local months (so of quarters and years) goes back by
/// months; of any other its first and its last included local day go back, the 29 of February to the 28 where there is
/// none; the time just before one of whole days is as many days, before any other as long. What was `observed` goes
/// back alike: as long after the range's end, or as far within it.
///
/// # Errors
/// When the range is turned around or lies outside the calendar.
pub fn earlier(scope: &Scope, observed: Micros, against: Against) -> Result<Span, KpiError> {
    let (zone, from, until) = (&scope.zone, scope.range.from, scope.range.until);
    if until < from {
        return Err(KpiError::RangeReversed);
    }
    let (first, last) = (zone.date(from)?, zone.date(until)?);
    let whole_days = zone.begins_a_day(from)? && zone.begins_a_day(until)? && from < until;
    let whole_months = whole_days && first.day() == 1 && last.day() == 1;
    let months = i32::from(last.year() - first.year()) * 12 + i32::from(last.month() - first.month());
    let by = match against {
        Against::YearEarlier => Back::Months(12),
        Against::PreviousPeriod if whole_months => Back::Months(months),
        Against::PreviousPeriod if whole_days => Back::Days(zone.days_between(from, until)?),
        Against::PreviousPeriod => Back::Elapsed(until.0 - from.0),
    };
    let begin = by.begin(zone, from)?;
    let end = if whole_months { by.begin(zone, until)? } else { by.end(zone, until)? };
    // Nothing is known of what lies beyond the observation of the present span.
    let seen = match observed >= until {
        true if zone.begins_a_day(until)? => {
            let after = zone.day_after(end, zone.days_between(until, observed)?)?;
            after.plus(observed.0 - zone.day_of(observed)?.0)
        }
        true => end.plus(observed.0 - until.0),
        false => by.end(zone, observed)?.min(end),
    };
    Ok(Span { from: begin.0, until: end.0, observed: seen.min(observed).0 })
}

/// How far a span goes back.
#[derive(Debug, Clone, Copy)]
enum Back {
    Months(i32),
    Days(i32),
    Elapsed(i64),
}

impl Back {
    /// A day that is included.
    fn begin(self, zone: &Zone, at: Micros) -> Result<Micros, CalendarError> {
        match self {
            Self::Months(months) => zone.plus_months(at, -months),
            Self::Days(days) => zone.plus_days(at, -days),
            Self::Elapsed(length) => Ok(at.plus(-length)),
        }
    }

    /// The end of the last day that is included.
    fn end(self, zone: &Zone, at: Micros) -> Result<Micros, CalendarError> {
        match self {
            Self::Months(_) if zone.begins_a_day(at)? => {
                zone.day_after(self.begin(zone, zone.day_after(at.plus(-1), 0)?)?, 1)
            }
            _ => self.begin(zone, at),
        }
    }
}

/// How many local days a span has, those included of which it has a part; of one that is not over, those observed.
///
/// # Errors
/// When it lies outside the calendar.
pub fn days_of(zone: &Zone, span: Span) -> Result<u32, KpiError> {
    let end = span.until.min(span.observed);
    if end <= span.from {
        return Ok(0);
    }
    Ok(zone.days_between(Micros(span.from), Micros(end - 1))?.unsigned_abs() + 1)
}

/// The intervals of the range, clipped to it; each is `observed` as far as the range is.
///
/// # Errors
/// When there are too many, or they lie outside the calendar.
pub fn series(scope: &Scope, observed: Micros, by: Granularity) -> Result<Vec<Span>, KpiError> {
    let (from, until) = (scope.range.from, scope.range.until);
    if until <= from {
        return Ok(Vec::new());
    }
    let intervals = Intervals::every(&scope.zone, by, scope.week_start, from, until)?;
    if intervals.len() > SPANS_LIMIT {
        return Err(KpiError::TooMany { what: "intervals", limit: SPANS_LIMIT });
    }
    let span = |nth: usize| Span {
        from: intervals.start(nth).max(from).0,
        until: intervals.end(nth).min(until).0,
        observed: observed.0,
    };
    // A local day that the clock skips has no instant.
    Ok((0..intervals.len()).map(span).filter(|span| span.from < span.until).collect())
}

/// Which spans of a series are whole intervals, that the range does not cut.
///
/// # Errors
/// As [`series`].
pub fn whole(scope: &Scope, by: Granularity, spans: Option<&[Span]>) -> Result<Vec<bool>, KpiError> {
    let spans = spans.unwrap_or_default();
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(Vec::new()) };
    let (from, until) = (Micros(first.from), Micros(last.until));
    let intervals = Intervals::every(&scope.zone, by, scope.week_start, from, until)?;
    let (begin, end) = (intervals.start(0).0, intervals.end(intervals.len() - 1).0);
    let is_whole =
        |span: &Span| (span.from != from.0 || begin == from.0) && (span.until != until.0 || end == until.0);
    Ok(spans.iter().map(is_whole).collect())
}

/// What changed between two spans, taken as independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Now less before; `None` when either is absent.
    pub difference: Option<f64>,
    pub interval: Option<Interval>,
    /// Of no difference, two-sided.
    pub p_value: Option<f64>,
    /// After Holm, among all figures that were compared at once.
    pub adjusted: Option<f64>,
}

impl Change {
    /// Whether the difference would be seen by chance in fewer than one of twenty such questions.
    #[must_use]
    pub fn is_significant(&self) -> Option<bool> {
        self.adjusted.map(|p| p < 0.05)
    }
}

/// The change of each figure, in order: what it is, now and before. The p-values are adjusted for
/// their number.
#[must_use]
pub fn changes(figures: &[(Stat, Figure, Figure)]) -> Vec<Change> {
    let mut changes: Vec<Change> =
        figures.iter().map(|(stat, now, before)| change(*stat, now, before)).collect();
    holm(&mut changes);
    changes
}

fn change(stat: Stat, now: &Figure, before: &Figure) -> Change {
    let difference = now.value.zip(before.value).map(|(now, before)| now - before);
    let tested = difference.and_then(|difference| match stat {
        Stat::Share => shares(now, before),
        Stat::Mean | Stat::MeanOfCustomers => means(difference, 1.0, now.moments, before.moments),
        Stat::Nps => means(difference, 100.0, now.moments, before.moments),
        Stat::Sum | Stat::Customers => counts(stat, now, before),
        Stat::Quantile(_) | Stat::Survival(_) => quantiles(difference, now, before),
        Stat::Ended(_) => ended(now, before),
        Stat::Quotient | Stat::Expected => None,
    });
    let (interval, p_value) = tested.map_or((None, None), |(interval, p)| (Some(interval), Some(p)));
    Change { difference, interval, p_value, adjusted: None }
}

/// Newcombe's hybrid score interval of a difference of two independent shares (Newcombe 1998,
/// method 10), and the p-value of the pooled z test.
fn shares(now: &Figure, before: &Figure) -> Option<(Interval, f64)> {
    let parts = |figure: &Figure| (figure.numerator as u64, figure.denominator.unwrap_or(0.0) as u64);
    let ((x, n), (y, m)) = (parts(now), parts(before));
    let (a, b) = (wilson(x, n)?, wilson(y, m)?);
    let (p, q) = (x as f64 / n as f64, y as f64 / m as f64);
    let low = (p - q) - ((p - a.low).powi(2) + (b.high - q).powi(2)).sqrt();
    let high = (p - q) + ((a.high - p).powi(2) + (q - b.low).powi(2)).sqrt();
    let pooled = (x + y) as f64 / (n + m) as f64;
    let error = (pooled * (1.0 - pooled) * (1.0 / n as f64 + 1.0 / m as f64)).sqrt();
    Some((Interval { low, high, method: Method::Newcombe }, two_sided(p - q, error)))
}

/// The normal interval of a difference of two independent means with variances of their own.
fn means(difference: f64, unit: f64, now: Moments, before: Moments) -> Option<(Interval, f64)> {
    let variance = |moments: Moments| {
        let n = moments.count as f64;
        let mean = moments.sum / n;
        (moments.count > 1).then(|| ((moments.squares - moments.sum * mean) / (n - 1.0)).max(0.0) / n)
    };
    let error = unit * (variance(now)? + variance(before)?).sqrt();
    let half = Z95 * error;
    let interval = Interval { low: difference - half, high: difference + half, method: Method::Normal };
    Some((interval, two_sided(difference, error)))
}

/// The normal interval of a difference of two independent quantiles, each with the standard error
/// that the width of its own 95 % interval stands for. `None` where either has no interval.
fn quantiles(difference: f64, now: &Figure, before: &Figure) -> Option<(Interval, f64)> {
    let variance = |figure: &Figure| figure.interval.map(|i| ((i.high - i.low) / (2.0 * Z95)).powi(2));
    let error = (variance(now)? + variance(before)?).sqrt();
    let half = Z95 * error;
    let interval = Interval { low: difference - half, high: difference + half, method: Method::Normal };
    Some((interval, two_sided(difference, error)))
}

/// Two shares that ended by a time, by Kaplan and Meier's estimates: the test of Klein, Logan, Harhoff
/// and Andersen (2007) on the complementary log-log scale with Greenwood's variances, and the interval
/// of the difference recovered from those of both (Zou and Donner 2008). `None` where either has no
/// interval: at 0 and 1 that scale ends.
fn ended(now: &Figure, before: &Figure) -> Option<(Interval, f64)> {
    let (p, q) = (now.value?, before.value?);
    let (a, b) = (now.interval?, before.interval?);
    let scaled = |left: f64| (-left.ln()).ln();
    // On that scale the interval lies evenly around the estimate, 1.96 standard errors to each side.
    let error = |i: Interval| (scaled(1.0 - i.high) - scaled(1.0 - i.low)) / (2.0 * Z95);
    let p_value = two_sided(scaled(1.0 - p) - scaled(1.0 - q), error(a).hypot(error(b)));
    let low = (p - q) - (p - a.low).hypot(b.high - q);
    let high = (p - q) + (a.high - p).hypot(q - b.low);
    Some((Interval { low, high, method: Method::RecoveredVariances }, p_value))
}

/// The normal interval of a difference of two independent Poisson counts. Sums of other than ones
/// have none.
fn counts(stat: Stat, now: &Figure, before: &Figure) -> Option<(Interval, f64)> {
    let is_count = |figure: &Figure| {
        stat == Stat::Customers || (figure.moments.sum == figure.moments.squares && figure.moments.sum >= 0.0)
    };
    if !is_count(now) || !is_count(before) {
        return None;
    }
    let (difference, error) = (now.numerator - before.numerator, (now.numerator + before.numerator).sqrt());
    let half = Z95 * error;
    let interval = Interval { low: difference - half, high: difference + half, method: Method::Poisson };
    Some((interval, two_sided(difference, error)))
}

fn two_sided(difference: f64, error: f64) -> f64 {
    if difference == 0.0 {
        return 1.0;
    }
    // Without any spread a difference is no accident.
    (2.0 * Normal::standard().sf(difference.abs() / error)).clamp(0.0, 1.0)
}

/// Holm's step-down adjustment (Holm 1979): the smallest of n p-values times n, the next times
/// n - 1, never decreasing.
fn holm(changes: &mut [Change]) {
    let mut order: Vec<(usize, f64)> =
        changes.iter().enumerate().filter_map(|(nth, change)| Some((nth, change.p_value?))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (count, mut least) = (order.len(), 0.0_f64);
    for (rank, (nth, p)) in order.into_iter().enumerate() {
        least = least.max(p * (count - rank) as f64).min(1.0);
        changes[nth].adjusted = Some(least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::calendar::Unit;
    use crate::ground::survival::{End, encoded};
    use customer360_model::TimeRange;

    fn figure(numerator: f64, denominator: Option<f64>) -> Figure {
        Figure {
            value: denominator.map_or(Some(numerator), |n| (n > 0.0).then(|| numerator / n)),
            interval: None,
            numerator,
            denominator,
            anchors: denominator.unwrap_or(numerator) as u64,
            customers: 0,
            open: 0,
            so_far: None,
            known_at: None,
            absent: None,
            moments: Moments { count: 0, sum: numerator, squares: numerator },
        }
    }

    /// Newcombe 1998, table II: 56/70 less 48/80 and 9/10 less 3/10, method 10.
    #[test]
    fn the_difference_of_shares_is_newcombes() {
        for ((x, n), (y, m), low, high) in
            [((56.0, 70.0), (48.0, 80.0), 0.0524, 0.3339), ((9.0, 10.0), (3.0, 10.0), 0.1705, 0.8090)]
        {
            let change = changes(&[(Stat::Share, figure(x, Some(n)), figure(y, Some(m)))])[0];
            let interval = change.interval.unwrap();
            assert!((interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5, "{interval:?}");
            assert_eq!(change.is_significant(), Some(true));
        }
    }

    #[test]
    fn p_values_are_adjusted_for_their_number() {
        let p = [0.01, 0.04, 0.03, 0.005].map(|p| Change {
            difference: Some(1.0),
            interval: None,
            p_value: Some(p),
            adjusted: None,
        });
        let mut changes = p.to_vec();
        changes.push(Change { difference: None, interval: None, p_value: None, adjusted: None });
        holm(&mut changes);
        let adjusted: Vec<Option<f64>> = changes.iter().map(|change| change.adjusted).collect();
        for (got, want) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got.unwrap() - want).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(adjusted[4], None);
    }

    #[test]
    fn a_count_against_a_count_is_poisson() {
        let change = changes(&[(Stat::Sum, figure(130.0, None), figure(100.0, None))])[0];
        assert_eq!(change.difference, Some(30.0));
        let interval = change.interval.unwrap();
        assert!((interval.high - (30.0 + Z95 * 230.0_f64.sqrt())).abs() < 1e-9);
        assert_eq!(change.is_significant(), Some(true));
        let nothing = changes(&[(Stat::Share, figure(0.0, Some(0.0)), figure(1.0, Some(2.0)))])[0];
        assert_eq!((nothing.difference, nothing.p_value), (None, None));
    }

    #[test]
    fn quantiles_differ_by_the_widths_of_their_intervals() {
        let median = |value: f64, half: f64| {
            let interval = Interval { low: value - half, high: value + half, method: Method::OrderStatistic };
            Figure { value: Some(value), interval: Some(interval), ..figure(0.0, Some(9.0)) }
        };
        // Half-widths of 3 and 4 make one of 5.
        let change = changes(&[(Stat::Survival(0.5), median(30.0, 3.0), median(20.0, 4.0))])[0];
        let interval = change.interval.unwrap();
        assert!((interval.low - 5.0).abs() < 1e-9 && (interval.high - 15.0).abs() < 1e-9);
        assert_eq!(change.is_significant(), Some(true));
        let unknown = Figure { interval: None, ..median(20.0, 0.0) };
        let change = changes(&[(Stat::Quantile(0.5), median(30.0, 3.0), unknown)])[0];
        assert_eq!((change.difference, change.p_value), (Some(10.0), None));
    }

    /// Freireich's leukaemia trial: relapses within ten weeks, of the treated and of those with a placebo,
    /// by the formulas of Klein et al. and of Zou and Donner computed apart.
    #[test]
    fn shares_that_ended_by_a_time_are_tested_on_the_complementary_log_log_scale() {
        let relapsed = |weeks: &[i64], censored: &[i64]| {
            let mut values: Vec<i64> = weeks.iter().map(|&week| encoded(week, End::Event)).collect();
            values.extend(censored.iter().map(|&week| encoded(week, End::Censored)));
            let (value, interval) = crate::ground::survival::ended(&mut values, 10).unwrap();
            Figure { value: Some(value), interval, ..figure(0.0, Some(21.0)) }
        };
        let treated =
            relapsed(&[6, 6, 6, 7, 10, 13, 16, 22, 23], &[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]);
        let placebo = relapsed(&[1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], &[]);
        let change = changes(&[(Stat::Ended(10.0), treated, placebo)])[0];
        assert!((change.p_value.unwrap() - 0.022_189).abs() < 1e-6, "{change:?}");
        let interval = change.interval.unwrap();
        assert!(
            (interval.low + 0.612_341).abs() < 1e-6 && (interval.high + 0.054_002).abs() < 1e-6,
            "{interval:?}"
        );
        let same = changes(&[(Stat::Ended(10.0), placebo, placebo)])[0];
        assert_eq!((same.difference, same.p_value), (Some(0.0), Some(1.0)));
        // Where all ended there is no such scale.
        let all = Figure { interval: None, value: Some(1.0), ..placebo };
        let change = changes(&[(Stat::Ended(10.0), treated, all)])[0];
        assert!(change.difference.is_some() && change.p_value.is_none() && change.interval.is_none());
    }

    #[test]
    fn a_month_goes_back_a_month_and_a_week_a_week() {
        let at = |text: &str| Micros::parse(text).unwrap();
        let scope = |from: &str, until: &str| {
            let mut scope = Scope::of(TimeRange { from: at(from), until: at(until) });
            scope.zone = Zone::named("Europe/Rome").unwrap();
            scope
        };
        let march = scope("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z");
        let before = earlier(&march, march.range.until, Against::PreviousPeriod).unwrap();
        assert_eq!(Micros(before.from), at("2026-01-31T23:00:00Z"));
        assert_eq!(Micros(before.until), at("2026-02-28T23:00:00Z"));
        let year = earlier(&march, march.range.until, Against::YearEarlier).unwrap();
        assert_eq!(Micros(year.from), at("2025-02-28T23:00:00Z"));
        // A week with a change of the clock is 167 hours long; the week before is not.
        let week = scope("2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z");
        let before = earlier(&week, week.range.until, Against::PreviousPeriod).unwrap();
        assert_eq!(Micros(before.from), at("2026-03-15T23:00:00Z"));
        assert_eq!(series(&march, march.range.until, Unit::Day.into()).unwrap().len(), 31);
        assert_eq!(series(&march, march.range.until, Unit::Month.into()).unwrap().len(), 1);
    }

    /// Each compared with what it should be: the range, until when it was observed, then the same of the other.
    #[test]
    fn the_last_included_day_goes_back_and_not_the_end() {
        use Against::{PreviousPeriod, YearEarlier};
        let day = |text: &str| Micros::parse(&format!("{text}T00:00:00Z")).unwrap();
        for (against, [from, until, observed], [first, end, seen]) in [
            (
                YearEarlier,
                ["2024-02-28", "2024-02-29", "2024-02-29"],
                ["2023-02-28", "2023-03-01", "2023-03-01"],
            ),
            (
                YearEarlier,
                ["2024-02-29", "2024-03-01", "2024-03-01"],
                ["2023-02-28", "2023-03-01", "2023-03-01"],
            ),
            (
                YearEarlier,
                ["2024-02-01", "2024-03-01", "2024-03-01"],
                ["2023-02-01", "2023-03-01", "2023-03-01"],
            ),
            (
                YearEarlier,
                ["2025-02-01", "2025-03-01", "2025-03-04"],
                ["2024-02-01", "2024-03-01", "2024-03-04"],
            ),
            (
                YearEarlier,
                ["2024-01-01", "2024-03-02", "2024-03-02"],
                ["2023-01-01", "2023-03-02", "2023-03-02"],
            ),
            (
                YearEarlier,
                ["2024-02-22", "2024-02-29", "2024-02-29"],
                ["2023-02-22", "2023-03-01", "2023-03-01"],
            ),
            (
                YearEarlier,
                ["2026-03-01", "2026-04-01", "2026-03-10"],
                ["2025-03-01", "2025-04-01", "2025-03-10"],
            ),
            (
                PreviousPeriod,
                ["2026-03-01", "2026-04-01", "2026-03-10"],
                ["2026-02-01", "2026-03-01", "2026-02-10"],
            ),
            (
                PreviousPeriod,
                ["2026-03-01", "2026-04-01", "2026-03-31"],
                ["2026-02-01", "2026-03-01", "2026-03-01"],
            ),
            (
                PreviousPeriod,
                ["2026-03-01", "2026-04-01", "2026-04-08"],
                ["2026-02-01", "2026-03-01", "2026-03-08"],
            ),
            (
                PreviousPeriod,
                ["2026-01-01", "2026-04-01", "2026-04-01"],
                ["2025-10-01", "2026-01-01", "2026-01-01"],
            ),
            (
                PreviousPeriod,
                ["2026-03-02", "2026-04-01", "2026-04-01"],
                ["2026-01-31", "2026-03-02", "2026-03-02"],
            ),
            (
                PreviousPeriod,
                ["2026-07-21", "2026-08-20", "2026-08-23"],
                ["2026-06-21", "2026-07-21", "2026-07-24"],
            ),
            (
                PreviousPeriod,
                ["2026-01-31", "2026-03-31", "2026-03-31"],
                ["2025-12-03", "2026-01-31", "2026-01-31"],
            ),
        ] {
            let scope = Scope::of(TimeRange { from: day(from), until: day(until) });
            let span = earlier(&scope, day(observed), against).unwrap();
            let expected = Span { from: day(first).0, until: day(end).0, observed: day(seen).0 };
            assert_eq!(span, expected, "{against:?} of {from}..{until}: {:?}", Micros(span.until));
        }
    }

    #[test]
    fn a_day_whose_midnight_the_clock_skips_goes_back_to_midnight() {
        let at = |text: &str| Micros::parse(text).unwrap();
        // Chile: 2024-09-08 begins at 01:00, 04:00 UTC.
        let mut scope =
            Scope::of(TimeRange { from: at("2024-09-08T04:00:00Z"), until: at("2024-09-09T03:00:00Z") });
        scope.zone = Zone::named("America/Santiago").unwrap();
        let before = earlier(&scope, scope.range.until, Against::PreviousPeriod).unwrap();
        assert_eq!(Micros(before.from), at("2024-09-07T04:00:00Z"));
        assert_eq!(Micros(before.until), at("2024-09-08T04:00:00Z"));
    }

    #[test]
    fn quarters_years_and_several_of_a_unit_are_intervals_too() {
        let at = |text: &str| Micros::parse(text).unwrap();
        let scope =
            Scope::of(TimeRange { from: at("2025-02-10T00:00:00Z"), until: at("2026-02-10T00:00:00Z") });
        let spans = |unit, count| series(&scope, scope.range.until, Granularity { unit, count }).unwrap();
        let starts = |unit, count| spans(unit, count).len();
        assert_eq!((starts(Unit::Quarter, 1), starts(Unit::Year, 1), starts(Unit::Quarter, 2)), (5, 2, 3));
        assert_eq!((starts(Unit::Week, 2), starts(Unit::Month, 6), starts(Unit::Day, 100)), (27, 3, 4));
        assert_eq!(spans(Unit::Quarter, 1)[1].from, at("2025-04-01T00:00:00Z").0);
    }
}
