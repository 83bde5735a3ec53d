//! Sums of hits, and the figures that they come to.

use crate::engine::figure::{Figure, SoFar};
use crate::engine::hits::{Added, Hit, Open};
use crate::engine::measure::{Measure, Stat};
use crate::engine::records::RecordHit;
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
    open: Open,
    /// Records that were added.
    records: u64,
    /// For quantiles; for survival see [`survival::encoded`].
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
        self.squares = self.squares.saturating_add(added.squares);
        self.open.merge(&added.open);
    }

    /// Keeps the values of which a figure needs each.
    pub fn list(&mut self, hits: &[Hit], stat: Stat) {
        match stat {
            Stat::Quantile(_) => {
                self.values.extend(hits.iter().filter(|hit| !hit.censored).map(|hit| hit.part));
            }
            Stat::Survival(_) | Stat::Ended(_) => {
                let end = |hit: &Hit| match (hit.censored, hit.other) {
                    (true, _) => survival::End::Censored,
                    (false, Some(_)) => survival::End::Event,
                    (false, None) => survival::End::Other,
                };
                self.values.extend(hits.iter().map(|hit| survival::encoded(hit.part, end(hit))));
            }
            _ => {}
        }
    }

    /// A record is no touchpoint. One that is not decided yet is on neither side.
    pub fn add_record(&mut self, hit: &RecordHit, is_open: bool) {
        let (part, whole) = (i128::from(hit.part), i128::from(hit.whole));
        if is_open {
            return self.open.merge(&Open { anchors: 0, part, whole });
        }
        self.part += part;
        self.whole += whole;
        self.records += 1;
    }

    pub fn merge(&mut self, mut other: Self) {
        self.anchors += other.anchors;
        self.customers += other.customers;
        self.part += other.part;
        self.whole += other.whole;
        self.squares = self.squares.saturating_add(other.squares);
        self.open.merge(&other.open);
        self.records += other.records;
        if self.values.len() < other.values.len() {
            std::mem::swap(&mut self.values, &mut other.values);
        }
        self.values.append(&mut other.values);
    }

    /// What they come to; sums are divided by `scale`.
    pub fn figure(mut self, measure: &Measure, scale: f64) -> Figure {
        let stat = measure.stat;
        if matches!(stat, Stat::Survival(_) | Stat::Ended(_)) {
            // These know what to make of durations that were only seen to begin.
            let open = std::mem::take(&mut self.open);
            (self.anchors, self.part) = (self.anchors + open.anchors, self.part + open.part);
            self.whole += open.whole;
        }
        let so_far = self.so_far(stat, scale);
        let is_nothing = self.anchors == 0 && self.part == 0 && self.whole == 0;
        let waits = is_nothing && self.open.anchors > 0;
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
            Stat::Quotient => ((self.whole > 0).then(|| numerator / whole), None, Some(whole)),
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
        // A quotient of what was recorded says nothing where nothing was.
        let unrecorded = stat == Stat::Quotient && self.records == 0 && measure.need.is_some();
        let value = value.filter(|_| !unrecorded && !waits);
        let reason = match stat {
            _ if waits => Absent::NotObservedLongEnough,
            _ if unrecorded => Absent::NothingRecorded,
            Stat::Survival(_) | Stat::Ended(_) if self.anchors > 0 => Absent::NotReached,
            Stat::Quotient => Absent::of_denominator(whole).unwrap_or(Absent::EmptyDenominator),
            _ => Absent::EmptyDenominator,
        };
        let absent = value.is_none().then_some(reason);
        let interval = interval.filter(|_| value.is_some()).map(|interval| interval.within(measure.bounds));
        let (anchors, customers, open) = (self.anchors, self.customers, self.open.anchors);
        let known_at = None;
        Figure {
            value,
            interval,
            numerator,
            denominator,
            anchors,
            customers,
            open,
            so_far,
            known_at,
            absent,
            moments,
        }
    }

    /// What all anchors come to, those too of which not all of the window was observed; `None` where there are none.
    fn so_far(&self, stat: Stat, scale: f64) -> Option<SoFar> {
        if self.open.anchors == 0 {
            return None;
        }
        let numerator = (self.part + self.open.part) as f64 / scale;
        let whole = (self.whole + self.open.whole) as f64;
        let anchors = (self.anchors + self.open.anchors) as f64;
        let (value, denominator) = match stat {
            Stat::Sum | Stat::Expected => (Some(numerator), None),
            Stat::Share | Stat::Quotient => ((whole != 0.0).then(|| numerator / whole), Some(whole)),
            Stat::Mean | Stat::MeanOfCustomers => (Some(numerator / anchors), Some(anchors)),
            _ => return None,
        };
        Some(SoFar { value, numerator, denominator })
    }
}
