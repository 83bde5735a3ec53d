//! How often intervals hold the truth, by method and number of values: measured over truths that are
//! known, by drawing from them.

use std::fmt::Write as _;

use crate::ground::statistics::{Interval, Moments, Survival, net_promoter_score, quantile, wilson};

/// How many values intervals are made of.
pub const SIZES: [usize; 6] = [1, 3, 10, 30, 100, 1_000];
/// Draws of each truth and size.
const DRAWS: usize = 400;
/// So many parts of one.
const GRAIN: f64 = 1e9;

/// What was measured of one method at one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Over all truths, the mean share of intervals that hold it; of those that were answered.
    pub mean: f64,
    /// The least such share of one truth, and which.
    pub worst: f64,
    pub worst_at: String,
    /// The share of draws that have an interval.
    pub answered: f64,
}

/// One method.
pub struct Method {
    pub name: &'static str,
    truths: Vec<Truth>,
}

/// A truth by name, what it is, and an interval of so many values drawn from it.
struct Truth {
    name: String,
    value: f64,
    draw: Draw,
}

type Draw = Box<dyn Fn(&mut Draws, usize) -> Option<Interval>>;

/// Even numbers between 0 and 1, the same from the same seed (SplitMix64, Steele et al. 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A wait of mean 1.
    fn wait(&mut self) -> f64 {
        -(1.0 - self.next()).ln()
    }

    /// Nearly normal: twelve even numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

impl Method {
    /// Those of the catalogue.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![
            Self { name: "Wilson score", truths: (1..20).map(|p| share(f64::from(p) / 20.0)).collect() },
            Self { name: "adjusted Wald (NPS)", truths: scores() },
            Self { name: "normal (means)", truths: means() },
            Self { name: "order statistics (median)", truths: quantiles(0.5) },
            Self { name: "order statistics (90th percentile)", truths: quantiles(0.9) },
            Self { name: "log-log Greenwood (Kaplan-Meier)", truths: waits() },
        ]
    }

    /// `None` where no draw of that size has an interval.
    #[must_use]
    pub fn measured(&self, size: usize) -> Option<Measured> {
        let (mut sum, mut answered) = (0.0, 0);
        let mut worst: Option<(f64, &str)> = None;
        let mut measured = 0;
        for (nth, truth) in self.truths.iter().enumerate() {
            let mut draws = Draws((nth * SIZES.len() + size) as u64);
            let intervals = (0..DRAWS).filter_map(|_| (truth.draw)(&mut draws, size));
            let slack = 1e-9 * truth.value.abs();
            let holds = |i: Interval| i.low - slack <= truth.value && truth.value <= i.high + slack;
            let held: Vec<bool> = intervals.map(holds).collect();
            // A truth that is hardly ever answered tells nothing.
            if held.len() * 20 < DRAWS {
                continue;
            }
            let share = held.iter().filter(|&&held| held).count() as f64 / held.len() as f64;
            (sum, answered, measured) = (sum + share, answered + held.len(), measured + 1);
            if worst.is_none_or(|(least, _)| share < least) {
                worst = Some((share, &truth.name));
            }
        }
        let (worst, at) = worst?;
        let mean = sum / f64::from(measured);
        let answered = answered as f64 / (self.truths.len() * DRAWS) as f64;
        Some(Measured { mean, worst, worst_at: at.to_owned(), answered })
    }
}

fn share(p: f64) -> Truth {
    let draw = move |draws: &mut Draws, size: usize| {
        let hits = (0..size).filter(|_| draws.next() < p).count();
        wilson(hits as u64, size as u64)
    };
    Truth { name: format!("a share of {p:.2}"), value: p, draw: Box::new(draw) }
}

fn scores() -> Vec<Truth> {
    let tenths = (1..9).flat_map(|p| (1..=9 - p).map(move |d| (f64::from(p) / 10.0, f64::from(d) / 10.0)));
    let truth = |(p, d): (f64, f64)| {
        let draw = move |draws: &mut Draws, size: usize| {
            let (mut promoters, mut detractors) = (0, 0);
            for _ in 0..size {
                let drawn = draws.next();
                promoters += u64::from(drawn < p);
                detractors += u64::from(drawn >= 1.0 - d);
            }
            Some(net_promoter_score(promoters, size as u64 - promoters - detractors, detractors)?.1)
        };
        let name = format!("{:.0} % promoters, {:.0} % detractors", p * 100.0, d * 100.0);
        Truth { name, value: 100.0 * (p - d), draw: Box::new(draw) }
    };
    tenths.map(truth).collect()
}

/// A distribution: its name, its mean, and a way to draw from it.
type Distribution = (&'static str, f64, fn(&mut Draws) -> f64);

const DISTRIBUTIONS: [Distribution; 4] = [
    ("even values", 0.5, Draws::next),
    ("normal values", 0.0, Draws::normal),
    ("exponential values", 1.0, Draws::wait),
    ("log-normal values", 1.648_721_270_700_128, |draws| draws.normal().exp()),
];

fn means() -> Vec<Truth> {
    let truth = |(name, value, one): Distribution| {
        let draw = move |draws: &mut Draws, size: usize| {
            let mut moments = Moments::default();
            (0..size).for_each(|_| moments.add(one(draws)));
            moments.mean()?.1
        };
        Truth { name: name.to_owned(), value, draw: Box::new(draw) }
    };
    // The last is nearly log-normal: its mean is that of twelve even numbers' exponentials.
    let mut all = DISTRIBUTIONS;
    all[3].1 = (0.5_f64.sinh() / 0.5).powi(12);
    all.into_iter().map(truth).collect()
}

fn quantiles(p: f64) -> Vec<Truth> {
    let of = |name: &str, value: f64, one: fn(&mut Draws) -> f64| {
        let draw = move |draws: &mut Draws, size: usize| {
            let mut values: Vec<i64> = (0..size).map(|_| (one(draws) * GRAIN) as i64).collect();
            quantile(&mut values, p, |value| value as f64 / GRAIN)?.interval
        };
        Truth { name: name.to_owned(), value, draw: Box::new(draw) }
    };
    vec![of("even values", p, Draws::next), of("exponential values", -(1.0 - p).ln(), Draws::wait)]
}

/// Waits of mean 1, of which others of some mean keep us from seeing the end: the share that ended by
/// their median.
fn waits() -> Vec<Truth> {
    let truth = |censored: f64| {
        let draw = move |draws: &mut Draws, size: usize| {
            let mut seen: Vec<(f64, bool)> = (0..size)
                .map(|_| (draws.wait(), draws.wait() * censored))
                .map(|(end, until)| (end.min(until), end <= until))
                .collect();
            seen.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut survival = Survival::of(size as u64);
            for &(_, ended) in seen.iter().take_while(|(at, _)| *at <= 2.0_f64.ln()) {
                survival.step(u64::from(ended), u64::from(!ended));
            }
            survival.interval()
        };
        let name = format!("observed {censored:.0} times as long as they wait");
        Truth { name, value: 0.5, draw: Box::new(draw) }
    };
    [1.0, 2.0, 4.0].map(truth).into()
}

/// The table of all methods and sizes, in Markdown.
#[must_use]
pub fn table() -> String {
    let mut text = String::from("| method | n | mean over truths | worst | at |\n|---|---|---|---|---|\n");
    for method in Method::all() {
        for size in SIZES {
            // Writing to a text cannot fail.
            let _ = match method.measured(size) {
                None => writeln!(text, "| {} | {size} | no interval | | |", method.name),
                Some(Measured { mean, worst, worst_at, .. }) => {
                    let (name, mean, worst) = (method.name, mean * 100.0, worst * 100.0);
                    writeln!(text, "| {name} | {size} | {mean:.1} % | {worst:.1} % | {worst_at} |")
                }
            };
        }
    }
    text
}

/// The truth report, as docs/TRUTH.md.
#[must_use]
pub fn report() -> String {
    format!(
        "# The truth report\n\nGenerated by `ground::coverage`; a test keeps it fresh.\n\n\
         How often 95 % intervals hold the truth, by method and number of values: {DRAWS} draws of each truth that is \
         known. The mean is over all truths of the share of intervals that hold it; the worst truth is told. A normal \
         interval of the mean of few or of skewed values holds it less often than it says. Too few values have no \
         interval: a mean of one, a median of five.\n\n\
         What unresolved identities do to figures, beside what is true: `customer360 coverage`.\n\n{}",
        table()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of means the table tells what a normal interval of few or skewed values is worth; all others hold
    /// what they promise.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        for method in Method::all().into_iter().filter(|method| !method.name.contains("means")) {
            for size in [3, 30, 100, 1_000] {
                let Some(Measured { mean, .. }) = method.measured(size) else { continue };
                // Four standard errors of so many draws, and of few values two in a hundred more.
                let error = (0.95 * 0.05 / (method.truths.len() * DRAWS) as f64).sqrt();
                let least = 0.95 - 4.0 * error - if size < 30 { 0.02 } else { 0.0 };
                assert!(mean >= least, "{} of {size}: {mean}", method.name);
            }
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let wilson = &Method::all()[0];
        assert_eq!(wilson.measured(10), wilson.measured(10));
        assert_eq!(Method::all()[2].measured(1), None, "one value has no variance");
    }
}
