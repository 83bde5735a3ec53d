//! Statistics: point estimates with their 95 % intervals. Each interval names its method,
//! and each function the source of its formula.

use rayon::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};

/// The 97.5 % point of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;
const ALPHA: f64 = 0.05;

/// How an interval was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Wilson score, for a proportion whose numerator is a subset of its denominator.
    Wilson,
    /// Adjusted Wald, for a difference of two shares of the same answers.
    AdjustedWald,
    /// A pair of order statistics, for a quantile.
    OrderStatistic,
    /// Kaplan-Meier with Greenwood's variance on the log-log scale.
    LogLogGreenwood,
    /// Mean plus and minus 1.96 standard errors.
    Normal,
    /// Newcombe's hybrid score, for a difference of two shares.
    Newcombe,
    /// The variances that the intervals of two figures stand for, for their difference.
    RecoveredVariances,
    /// Normal with the variances of two Poisson counts, for their difference.
    Poisson,
    /// Normal on the scale of the logarithm, for what is above 0.
    LogNormal,
}

impl Method {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::AdjustedWald => "adjusted_wald",
            Self::OrderStatistic => "order_statistic",
            Self::LogLogGreenwood => "log_log_greenwood",
            Self::Normal => "normal",
            Self::Newcombe => "newcombe",
            Self::RecoveredVariances => "recovered_variances",
            Self::Poisson => "poisson",
            Self::LogNormal => "log_normal",
        }
    }
}

/// A 95 % interval in the unit of the figure that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    pub method: Method,
}

impl Interval {
    /// The part of it that lies on a scale with these ends.
    #[must_use]
    pub fn within(self, (least, most): (f64, f64)) -> Self {
        Self { low: self.low.clamp(least, most), high: self.high.clamp(least, most), ..self }
    }
}

/// Wilson's score interval of `successes / trials` (Wilson 1927), as shares. `None` without trials.
#[must_use]
pub fn wilson(successes: u64, trials: u64) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let z2 = Z95 * Z95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1 exactly; rounding must not move them.
    let low = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Some(Interval { low, high, method: Method::Wilson })
}

/// The interval of a positive quantity from its standard error, on the scale of the logarithm (delta
/// method), so that it never reaches 0.
#[must_use]
pub fn of_positive(value: f64, error: f64) -> Interval {
    let half = Z95 * error / value;
    Interval { low: value * (-half).exp(), high: value * half.exp(), method: Method::LogNormal }
}

/// The net promoter score, in points from -100 to 100, and its adjusted Wald interval
/// (Bonett and Price 2012 as used by Rocks 2016: three answers more, 3/4 of them promoters and
/// 3/4 detractors), widened to the score where that lies outside, and clipped to the scale. `None`
/// without answers.
#[must_use]
pub fn net_promoter_score(promoters: u64, passives: u64, detractors: u64) -> Option<(f64, Interval)> {
    let answers = promoters + passives + detractors;
    if answers == 0 {
        return None;
    }
    let score = 100.0 * (promoters as f64 - detractors as f64) / answers as f64;
    let n = answers as f64 + 3.0;
    let (p, d) = ((promoters as f64 + 0.75) / n, (detractors as f64 + 0.75) / n);
    let (centre, error) = (p - d, ((p + d - (p - d).powi(2)) / n).sqrt());
    let (low, high) = (100.0 * (centre - Z95 * error), 100.0 * (centre + Z95 * error));
    let interval = Interval { low: low.min(score), high: high.max(score), method: Method::AdjustedWald };
    Some((score, interval.within((-100.0, 100.0))))
}

/// Count, sum and sum of squares: enough for a mean with its interval, and they combine.
/// Sums are exact in `f64` up to 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    pub count: u64,
    pub sum: f64,
    pub squares: f64,
}

impl Moments {
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The mean with its normal interval from the sample variance; no interval below two values.
    #[must_use]
    pub fn mean(&self) -> Option<(f64, Option<Interval>)> {
        if self.count == 0 {
            return None;
        }
        let n = self.count as f64;
        let mean = self.sum / n;
        let interval = (self.count > 1).then(|| {
            let variance = ((self.squares - self.sum * mean) / (n - 1.0)).max(0.0);
            let half = Z95 * (variance / n).sqrt();
            Interval { low: mean - half, high: mean + half, method: Method::Normal }
        });
        Some((mean, interval))
    }
}

/// A quantile of `count` values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    pub count: u64,
    pub value: f64,
    /// Absent when there are too few values for a pair of order statistics to cover 95 %.
    pub interval: Option<Interval>,
}

/// Which of the sorted values (from 0) a quantile of type 7 and its interval read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    /// The value lies between this rank and the next.
    pub below: u64,
    /// By this share of the way.
    pub fraction: f64,
    /// The ranks of the interval's ends.
    pub interval: Option<(u64, u64)>,
}

impl Ranks {
    /// Type 7 (Hyndman and Fan 1996) and the binomial order-statistic interval (Conover 1999):
    /// the ranks L and U of least distance with `P(L <= B < U) >= 95 %`, `B ~ Bin(n, p)`.
    #[must_use]
    pub fn of(count: u64, p: f64) -> Option<Self> {
        let last = count.checked_sub(1)?;
        let position = last as f64 * p;
        let below = (position.floor() as u64).min(last);
        let interval = Binomial::new(p, count).ok().and_then(|binomial| {
            let low = binomial_quantile(&binomial, -Z95, ALPHA / 2.0);
            let high = binomial_quantile(&binomial, Z95, 1.0 - ALPHA / 2.0) + 1;
            // Ranks from 1, as in the books: 0 and n + 1 do not exist.
            (low >= 1 && high <= count).then(|| (low - 1, high - 1))
        });
        Some(Self { below, fraction: position - below as f64, interval })
    }

    /// All ranks that [`Ranks::read`] reads.
    pub fn all(self) -> impl Iterator<Item = u64> {
        let next = (self.fraction > 0.0).then_some(self.below + 1);
        let interval = self.interval.map(|(low, high)| [low, high]);
        std::iter::once(self.below).chain(next).chain(interval.into_iter().flatten())
    }

    /// The quantile, given a way to read the value at a rank.
    pub fn read(self, count: u64, mut at_rank: impl FnMut(u64) -> f64) -> Quantile {
        let low = at_rank(self.below);
        let value = match self.fraction > 0.0 {
            true => low + self.fraction * (at_rank(self.below + 1) - low),
            false => low,
        };
        let interval = self.interval.map(|(low, high)| Interval {
            low: at_rank(low),
            high: at_rank(high),
            method: Method::OrderStatistic,
        });
        Quantile { count, value, interval }
    }
}

/// The least number whose cumulative probability reaches `q`, whose standard normal quantile is
/// `z`: from the guess of Cornish and Fisher a few steps lead there.
fn binomial_quantile(binomial: &Binomial, z: f64, q: f64) -> u64 {
    let (n, p) = (binomial.n() as f64, binomial.p());
    let guess = n * p + z * (n * p * (1.0 - p)).sqrt() + (z * z - 1.0) * (1.0 - 2.0 * p) / 6.0;
    let mut at = guess.round().clamp(0.0, n) as u64;
    while at > 0 && binomial.cdf(at - 1) >= q {
        at -= 1;
    }
    while binomial.cdf(at) < q {
        at += 1;
    }
    at
}

/// A quantile of values by selection; their order is lost.
pub fn quantile<T: Copy + Ord>(values: &mut [T], p: f64, number: impl Fn(T) -> f64) -> Option<Quantile> {
    let count = values.len() as u64;
    let ranks = Ranks::of(count, p)?;
    Some(ranks.read(count, |rank| number(*values.select_nth_unstable(rank as usize).1)))
}

/// The values at some ranks (from 0) of the sorted values, which are given in pieces: two passes
/// and sorts of small buckets, instead of sorting all. Sorts the ranks and drops repeated ones;
/// the values come in their order.
#[must_use]
pub fn at_ranks(pieces: &[Vec<i64>], ranks: &mut Vec<u64>) -> Vec<i64> {
    ranks.sort_unstable();
    ranks.dedup();
    if ranks.is_empty() {
        return Vec::new();
    }
    let counts = bucket_counts(pieces);
    // The bucket of each rank, and how many values stand before it.
    let mut buckets: Vec<(usize, u64)> = Vec::new();
    let (mut at, mut before) = (0, 0);
    for &rank in &*ranks {
        while before + u64::from(counts[at]) <= rank {
            before += u64::from(counts[at]);
            at += 1;
        }
        buckets.push((at, before));
    }
    let mut wanted = vec![false; 2 * BUCKETS];
    buckets.iter().for_each(|&(bucket, _)| wanted[bucket] = true);
    let members = chunks(pieces).map(|chunk| {
        let members = chunk.iter().filter(|&&value| wanted[bucket(value)]);
        members.copied().collect::<Vec<i64>>()
    });
    let mut members: Vec<i64> = members.flatten().collect();
    members.sort_unstable();
    let value = |(&rank, &(its, before)): (&u64, &(usize, u64))| {
        let begin = members.partition_point(|&value| bucket(value) < its);
        members[begin + (rank - before) as usize]
    };
    ranks.iter().zip(&buckets).map(value).collect()
}

/// The values piece by piece, for several threads.
pub(crate) fn chunks(pieces: &[Vec<i64>]) -> impl ParallelIterator<Item = &[i64]> {
    pieces.par_iter().flat_map(|piece| piece.par_chunks(1 << 15))
}

fn bucket_counts(pieces: &[Vec<i64>]) -> Vec<u32> {
    let none = || vec![0_u32; 2 * BUCKETS];
    let count = |mut counts: Vec<u32>, chunk: &[i64]| {
        chunk.iter().for_each(|&value| counts[bucket(value)] += 1);
        counts
    };
    let add = |mut mine: Vec<u32>, theirs: Vec<u32>| {
        mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        mine
    };
    chunks(pieces).fold(none, count).reduce_with(add).unwrap_or_else(none)
}

/// Buckets on each side of zero: 128 for each power of two.
const BUCKETS: usize = 64 << 7;

/// Buckets are in the order of values.
#[inline]
fn bucket(value: i64) -> usize {
    let size = if value < 0 { !value } else { value }.cast_unsigned();
    let bits = 64 - size.leading_zeros();
    let bucket = match bits {
        0..=7 => size as usize,
        _ => (bits as usize - 7) << 7 | (size >> (bits - 8)) as usize & 0x7F,
    };
    if value < 0 { BUCKETS - 1 - bucket } else { BUCKETS + bucket }
}

/// A quantile of values given as a histogram: `counts[v]` values equal `v`.
#[must_use]
pub fn quantile_of_counts(counts: &[u64], p: f64) -> Option<Quantile> {
    let count = counts.iter().sum();
    let at_rank = |rank: u64| {
        let mut seen = 0;
        let value = counts.iter().position(|&c| {
            seen += c;
            seen > rank
        });
        value.unwrap_or(counts.len()) as f64
    };
    Some(Ranks::of(count, p)?.read(count, at_rank))
}

/// Kaplan and Meier's product-limit estimate, step by step in time, with the variance of
/// Greenwood and intervals on the log-log scale (Kalbfleisch and Prentice 1980).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Survival {
    pub at_risk: u64,
    pub survival: f64,
    variance: f64,
}

impl Survival {
    #[must_use]
    pub fn of(population: u64) -> Self {
        Self { at_risk: population, survival: 1.0, variance: 0.0 }
    }

    /// One point in time: `events` of those at risk, then `censored` leave unharmed.
    pub fn step(&mut self, events: u64, censored: u64) {
        if events > 0 {
            let (n, d) = (self.at_risk as f64, events as f64);
            self.survival *= 1.0 - d / n;
            self.variance += d / (n * (n - d));
        }
        self.at_risk -= events + censored;
    }

    /// Of the survival; absent at 1 and 0, where the log-log scale ends.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        if self.survival <= 0.0 || self.survival >= 1.0 {
            return None;
        }
        let half = Z95 * self.variance.sqrt() / self.survival.ln().abs();
        let bound = |x: f64| self.survival.powf(x.exp());
        Some(Interval { low: bound(half), high: bound(-half), method: Method::LogLogGreenwood })
    }
}

#[cfg(test)]
mod tests;
