//! Durations of which some are known only in part, and of which some were ended by something else: the cumulative
//! incidence of Aalen and Johansen, which is Kaplan and Meier's estimate where nothing else ends them.

use super::statistics::{Interval, Method, Z95};

/// What ended a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// What is waited for.
    Event,
    /// Something after which that cannot come any more.
    Other,
    /// The observation.
    Censored,
}

/// A duration as one number: at the same time those that ended come before those that were censored.
#[must_use]
pub fn encoded(duration: i64, end: End) -> i64 {
    duration.saturating_mul(4) + end as i64
}

/// The incidence on its way, with the sums of Aalen's variance by the delta method (Marubini and Valsecchi 1995).
struct Incidence {
    at_risk: f64,
    /// Nothing has ended for so many.
    left: f64,
    value: f64,
    sums: [f64; 6],
}

impl Incidence {
    fn of(count: usize) -> Self {
        Self { at_risk: count as f64, left: 1.0, value: 0.0, sums: [0.0; 6] }
    }

    /// Those of one time.
    fn step(&mut self, same: &[i64]) {
        let count = |end: End| same.iter().filter(|&&value| value & 3 == end as i64).count() as f64;
        let (events, others) = (count(End::Event), count(End::Other));
        let (n, ended, before) = (self.at_risk, events + others, self.left);
        self.value += before * events / n;
        self.left *= 1.0 - ended / n;
        // Where all end nothing follows whose variance it could add to.
        let hazard = if n > ended { ended / (n * (n - ended)) } else { 0.0 };
        let own = before * before * (n - events) * events / (n * n * n);
        let both = before * events / (n * n);
        let f = self.value;
        let terms = [hazard, hazard * f, hazard * f * f, own, both, both * f];
        self.sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        self.at_risk -= same.len() as f64;
    }

    fn variance(&self) -> f64 {
        let ([a, b, c, d, e, g], f) = (self.sums, self.value);
        (f * f * a - 2.0 * f * b + c + d - 2.0 * (f * e - g)).max(0.0)
    }

    /// 95 %, on the log-log scale of what has no event; `None` at 0 and 1, where that ends.
    fn interval(&self) -> Option<Interval> {
        let without = 1.0 - self.value;
        if !(without > 1e-12 && without < 1.0) {
            return None;
        }
        let half = Z95 * self.variance().sqrt() / (without * without.ln().abs());
        let bound = |by: f64| 1.0 - without.powf(by.exp());
        Some(Interval { low: bound(-half), high: bound(half), method: Method::LogLogGreenwood })
    }
}

fn each_time(values: &mut [i64], mut visit: impl FnMut(i64, &Incidence) -> bool) {
    values.sort_unstable();
    let mut incidence = Incidence::of(values.len());
    for same in values.chunk_by(|a, b| a >> 2 == b >> 2) {
        incidence.step(same);
        if !visit(same[0] >> 2, &incidence) {
            return;
        }
    }
}

/// The first duration by which the event has come to at least `p` of all, with the durations at which the bounds of
/// its 95 % interval say so (Brookmeyer and Crowley 1982). `values` are [`encoded`]; the answer is divided by `scale`.
/// `None` when it came to fewer while they were observed; no interval when a bound lies beyond.
pub fn quantile(values: &mut [i64], p: f64, scale: f64) -> Option<(f64, Option<Interval>)> {
    let (mut low, mut value, mut high) = (None, None, None);
    each_time(values, |at, incidence| {
        let at = at as f64 / scale;
        // Products of shares are inexact: a half may come out as a little less.
        let reached = |of: f64| of >= p - 1e-12;
        let bounds = incidence.interval().map_or((incidence.value, incidence.value), |i| (i.low, i.high));
        let is_whole = incidence.value >= 1.0 - 1e-12;
        low = low.or_else(|| (reached(bounds.1) && incidence.value > 0.0).then_some(at));
        value = value.or_else(|| reached(incidence.value).then_some(at));
        high = high.or_else(|| (!is_whole && reached(bounds.0)).then_some(at));
        true
    });
    let method = Method::LogLogGreenwood;
    let interval = low.zip(high).map(|(low, high)| Interval { low, high, method });
    value.map(|value| (value, interval))
}

/// The share to which the event has come within a duration, that included, with its 95 % interval. `values` are
/// [`encoded`]. `None` when nothing was observed for so long, unless all had ended before.
pub fn ended(values: &mut [i64], within: i64) -> Option<(f64, Option<Interval>)> {
    let (mut share, mut left) = ((0.0, None), 1.0);
    let longest = values.iter().map(|value| value >> 2).max()?;
    each_time(values, |at, incidence| {
        if at > within {
            return false;
        }
        (share, left) = ((incidence.value, incidence.interval()), incidence.left);
        true
    });
    (longest >= within || left <= 1e-12).then_some(share)
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
        let mut values: Vec<i64> = relapsed.iter().map(|&week| encoded(week, End::Event)).collect();
        values.extend(censored.iter().map(|&week| encoded(week, End::Censored)));
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
        assert_eq!(ended(&mut [encoded(3, End::Event)], 9), Some((1.0, None)), "all had ended");
        assert_eq!(ended(&mut [], 1), None);
    }

    #[test]
    fn without_censoring_it_is_the_least_with_so_many_at_or_below() {
        let mut values: Vec<i64> = (1..=10).map(|n| encoded(n * 60, End::Event)).collect();
        assert_eq!(quantile(&mut values, 0.5, 60.0).unwrap().0, 5.0);
        assert_eq!(quantile(&mut values, 0.9, 60.0).unwrap().0, 9.0);
        let interval = quantile(&mut values, 0.5, 60.0).unwrap().1.unwrap();
        assert!(interval.low < 5.0 && 5.0 < interval.high);
        assert_eq!(quantile(&mut [], 0.5, 1.0), None);
        assert_eq!(quantile(&mut [encoded(3, End::Censored)], 0.5, 1.0), None);
    }

    /// By hand: of four cases one is answered at 1, one closed at 2, one answered at 3, one still waits at 4.
    #[test]
    fn what_something_else_ended_never_comes() {
        let mut values = vec![
            encoded(1, End::Event),
            encoded(2, End::Other),
            encoded(3, End::Event),
            encoded(4, End::Censored),
        ];
        let share = |values: &mut [i64], within| ended(values, within).unwrap().0;
        // 1/4, then 1/2 of the rest is left to two at risk: 1/4 + 1/2 x 1/2.
        assert!((share(&mut values, 1) - 0.25).abs() < 1e-12);
        assert!((share(&mut values, 3) - 0.5).abs() < 1e-12);
        assert_eq!(quantile(&mut values, 0.5, 1.0).unwrap().0, 3.0);
        assert_eq!(quantile(&mut values, 0.75, 1.0), None);
        assert_eq!(ended(&mut values, 5), None, "nobody was followed for so long");
        // Where all but the closed ones were answered the rest is not reached, however long it is waited.
        let mut closed = vec![encoded(1, End::Event), encoded(2, End::Other)];
        assert_eq!(quantile(&mut closed, 0.9, 1.0), None);
        assert_eq!(ended(&mut closed, 9).unwrap().0, 0.5);
    }
}
