//! Quantiles of durations of which some are known only in part.

use crate::ground::statistics::{Interval, Survival};

/// A duration as one number: those that ended before those that were censored at the same time.
#[must_use]
pub fn encoded(duration: i64, censored: bool) -> i64 {
    duration.saturating_mul(2) + i64::from(censored)
}

/// The first duration by which at least `p` of all have ended, by Kaplan and Meier's estimate, with
/// the durations at which the bounds of its 95 % interval (log-log) say so (Brookmeyer and Crowley
/// 1982). `values` are [`encoded`]; the answer is divided by `scale`. `None` when so many never
/// ended while they were observed; no interval when a bound lies beyond.
pub fn quantile(values: &mut [i64], p: f64, scale: f64) -> Option<(f64, Option<Interval>)> {
    values.sort_unstable();
    let mut survival = Survival::of(values.len() as u64);
    let (mut low, mut value, mut high) = (None, None, None);
    for same in values.chunk_by(|a, b| a >> 1 == b >> 1) {
        let censored = same.iter().filter(|&&value| value & 1 == 1).count() as u64;
        survival.step(same.len() as u64 - censored, censored);
        let at = (same[0] >> 1) as f64 / scale;
        let left = 1.0 - p;
        // Products of shares are inexact: a half may come out as a little more.
        let reached = |of: f64| of <= left + 1e-12;
        let bounds = survival.interval().map_or((survival.survival, survival.survival), |i| (i.low, i.high));
        let is_whole = survival.survival <= 0.0;
        low = low.or_else(|| (reached(bounds.0) && survival.survival < 1.0).then_some(at));
        value = value.or_else(|| reached(survival.survival).then_some(at));
        high = high.or_else(|| (!is_whole && reached(bounds.1)).then_some(at));
    }
    let method = crate::ground::statistics::Method::LogLogGreenwood;
    let interval = low.zip(high).map(|(low, high)| Interval { low, high, method });
    value.map(|value| (value, interval))
}

/// The share that ended within a duration, that included, by the same estimate, with its 95 % interval
/// (log-log, Greenwood). `values` are [`encoded`]. `None` when nothing was observed for so long, unless
/// all had ended before.
pub fn ended(values: &mut [i64], within: i64) -> Option<(f64, Option<Interval>)> {
    values.sort_unstable();
    let mut survival = Survival::of(values.len() as u64);
    for same in values.chunk_by(|a, b| a >> 1 == b >> 1).take_while(|same| same[0] >> 1 <= within) {
        let censored = same.iter().filter(|&&value| value & 1 == 1).count() as u64;
        survival.step(same.len() as u64 - censored, censored);
    }
    let was_observed = values.last().is_some_and(|last| last >> 1 >= within || survival.survival <= 0.0);
    let turned = |i: Interval| Interval { low: 1.0 - i.high, high: 1.0 - i.low, ..i };
    was_observed.then(|| (1.0 - survival.survival, survival.interval().map(turned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Freireich's leukaemia trial, the treated: weeks of remission, censored ones marked. By hand,
    /// S(22) = 0.538 and S(23) = 0.448.
    #[test]
    fn the_median_of_the_leukaemia_trial() {
        let relapsed = [6, 6, 6, 7, 10, 13, 16, 22, 23];
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
        let mut values: Vec<i64> = relapsed.iter().map(|&week| encoded(week, false)).collect();
        values.extend(censored.iter().map(|&week| encoded(week, true)));
        let (median, interval) = quantile(&mut values, 0.5, 1.0).unwrap();
        assert_eq!(median, 23.0);
        assert_eq!(interval, None, "the upper bound of S never comes down to a half");
        assert_eq!(quantile(&mut values, 0.9, 1.0), None, "so many never relapsed");
        // S(10) = 0.753, 95 % 0.503 to 0.889; nobody was followed for more than 35 weeks.
        let (share, interval) = ended(&mut values, 10).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 5e-4, "{a} is not {b}");
        near(share, 1.0 - 0.753);
        near(interval.unwrap().low, 1.0 - 0.889);
        near(interval.unwrap().high, 1.0 - 0.503);
        assert_eq!(ended(&mut values, 5), Some((0.0, None)));
        assert!(ended(&mut values, 35).is_some() && ended(&mut values, 36).is_none());
        assert_eq!(ended(&mut [encoded(3, false)], 9), Some((1.0, None)), "all had ended");
        assert_eq!(ended(&mut [], 1), None);
    }

    #[test]
    fn without_censoring_it_is_the_least_with_so_many_at_or_below() {
        let mut values: Vec<i64> = (1..=10).map(|n| encoded(n * 60, false)).collect();
        assert_eq!(quantile(&mut values, 0.5, 60.0).unwrap().0, 5.0);
        assert_eq!(quantile(&mut values, 0.9, 60.0).unwrap().0, 9.0);
        let interval = quantile(&mut values, 0.5, 60.0).unwrap().1.unwrap();
        assert!(interval.low < 5.0 && 5.0 < interval.high);
        assert_eq!(quantile(&mut [], 0.5, 1.0), None);
        assert_eq!(quantile(&mut [encoded(3, true)], 0.5, 1.0), None);
    }
}
