//! Sums of hits, and the figures that they come to.

use crate::engine::figure::Figure;
use crate::engine::hits::{Added, Hit};
use crate::engine::records::RecordHit;
use crate::engine::stat::Stat;
use crate::ground::answer::Absent;
use crate::ground::statistics::{Moments, net_promoter_score, quantile, wilson};
use crate::ground::survival;

/// Sums of one figure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sums {
    pub anchors: u64,
    pub customers: u64,
    part: i128,
    whole: i128,
    squares: i128,
    /// For quantiles; twice the duration, and 1 more when it is censored, for survival.
    values: Vec<i64>,
}

impl Sums {
    /// Adds one touchpoint.
    pub fn add(&mut self, hit: &Hit, stat: Stat) {
        self.list(std::slice::from_ref(hit), stat);
        let mut added = Added::default();
        added.add(hit);
        self.add_all(&added);
    }

    /// Adds touchpoints without their values: see [`Sums::list`].
    pub fn add_all(&mut self, added: &Added) {
        self.anchors += added.anchors;
        self.part += added.part;
        self.whole += added.whole;
        self.squares += added.squares;
    }

    /// Keeps the values of which a figure needs each.
    pub fn list(&mut self, hits: &[Hit], stat: Stat) {
        match stat {
            Stat::Quantile(_) => self.values.extend(hits.iter().map(|hit| hit.part)),
            Stat::Survival(_) | Stat::Ended(_) => {
                self.values.extend(hits.iter().map(|hit| survival::encoded(hit.part, hit.censored)));
            }
            _ => {}
        }
    }

    /// A record is no touchpoint.
    pub fn add_record(&mut self, hit: &RecordHit) {
        self.part += i128::from(hit.part);
        self.whole += i128::from(hit.whole);
    }

    pub fn merge(&mut self, mut other: Self) {
        self.anchors += other.anchors;
        self.customers += other.customers;
        self.part += other.part;
        self.whole += other.whole;
        self.squares += other.squares;
        if self.values.len() < other.values.len() {
            std::mem::swap(&mut self.values, &mut other.values);
        }
        self.values.append(&mut other.values);
    }

    pub fn figure(mut self, stat: Stat, scale: f64) -> Figure {
        let (numerator, whole) = (self.part as f64 / scale, self.whole as f64);
        let moments =
            Moments { count: self.anchors, sum: numerator, squares: self.squares as f64 / (scale * scale) };
        let (value, interval, denominator) = match stat {
            Stat::Sum => (Some(numerator), None, None),
            Stat::Expected => ((self.anchors > 0).then_some(numerator), None, None),
            Stat::Customers => (Some(self.customers as f64), None, None),
            Stat::Share => {
                let share = wilson(self.part as u64, self.whole as u64);
                (share.map(|_| numerator / whole), share, Some(whole))
            }
            Stat::Quotient => ((self.whole != 0).then(|| numerator / whole), None, Some(whole)),
            Stat::Mean | Stat::MeanOfCustomers => {
                let mean = moments.mean();
                (
                    mean.map(|(mean, _)| mean),
                    mean.and_then(|(_, interval)| interval),
                    Some(self.anchors as f64),
                )
            }
            Stat::Quantile(p) => {
                let quantile = quantile(&mut self.values, p, |value| value as f64 / scale);
                let value = quantile.map(|q| q.value);
                (value, quantile.and_then(|q| q.interval), Some(self.anchors as f64))
            }
            Stat::Ended(within) => {
                let ended = survival::ended(&mut self.values, (within * scale) as i64);
                let (value, interval) = ended.map_or((None, None), |(value, i)| (Some(value), i));
                (value, interval, Some(self.anchors as f64))
            }
            Stat::Survival(p) => {
                let quantile = survival::quantile(&mut self.values, p, scale);
                let (value, interval) = quantile.map_or((None, None), |(value, i)| (Some(value), i));
                (value, interval, Some(self.anchors as f64))
            }
            Stat::Nps => {
                let (promoters, detractors) =
                    ((self.squares + self.part) / 2, (self.squares - self.part) / 2);
                let passives = self.anchors - self.squares as u64;
                let score = net_promoter_score(promoters as u64, passives, detractors as u64);
                (score.map(|s| s.0), score.map(|s| s.1), Some(self.anchors as f64))
            }
        };
        let numerator = if stat == Stat::Customers { self.customers as f64 } else { numerator };
        let reason = if self.anchors > 0 && matches!(stat, Stat::Survival(_) | Stat::Ended(_)) {
            Absent::NotReached
        } else {
            Absent::EmptyDenominator
        };
        let absent = value.is_none().then_some(reason);
        let (anchors, customers) = (self.anchors, self.customers);
        Figure { value, interval, numerator, denominator, anchors, customers, absent, moments }
    }
}
