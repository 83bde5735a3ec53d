//! Records that stand beside facts: money spent, entries, reach, followers. A record knows a channel or
//! a location and no customer.

use rustc_hash::FxHashMap;

use crate::engine::dimension::Dimension;
use crate::engine::scope::GroupBy;
use crate::engine::span::Span;
use crate::facts::dictionary::Dictionary;
use customer360_model::{Money, TimeRange};

/// What was spent to win customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    pub channel: String,
    /// Empty: all together.
    pub campaign: String,
    /// Not empty.
    pub interval: TimeRange,
    pub amount: Money,
}

/// People who were counted and are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub what: Crowd,
    /// The location of entries; the channel of reach and followers.
    pub name: String,
    /// Empty: all together.
    pub campaign: String,
    /// Not empty but for followers, who are counted at an instant.
    pub interval: TimeRange,
    pub people: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    Entries,
    Reach,
    Followers,
}

/// What a record adds to a figure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordHit {
    /// Where the part of its interval that was asked about begins.
    pub at: i64,
    /// Empty: it says none; likewise campaign and location.
    pub channel: String,
    pub campaign: String,
    pub location: String,
    pub part: i64,
    pub whole: i64,
}

impl RecordHit {
    /// Its names in these dimensions; `None` in those that it says nothing of.
    pub fn keys(&self, dimensions: &[Dimension]) -> Vec<Option<String>> {
        let key = |dimension: &Dimension| {
            let name = match dimension {
                Dimension::Of(GroupBy::Channel | GroupBy::AcquisitionChannel) => &self.channel,
                Dimension::Of(GroupBy::Campaign) => &self.campaign,
                Dimension::Of(GroupBy::Location) => &self.location,
                _ => return None,
            };
            Some(name.clone()).filter(|name| !name.is_empty())
        };
        dimensions.iter().map(key).collect()
    }
}

/// Records that a figure needs beside facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Spend,
    Entries,
    Reach,
    Followers,
}

/// By location, when entries were being counted.
pub(crate) fn counting(counted: &[Counted], names: &Dictionary) -> FxHashMap<u32, Vec<TimeRange>> {
    let mut counting: FxHashMap<u32, Vec<TimeRange>> = FxHashMap::default();
    for counted in counted.iter().filter(|counted| counted.what == Crowd::Entries) {
        if let Some(location) = names.locations.find(&counted.name) {
            counting.entry(location).or_default().push(counted.interval);
        }
    }
    counting
}

/// The part of a record's amount that falls in a span, and where that begins. Rounded where the part
/// begins and where it ends, so that parts of the interval sum to it.
pub(crate) fn part_in(interval: TimeRange, amount: i64, span: Span) -> Option<(i64, i64)> {
    let (begin, end) = (interval.from.0, interval.until.0);
    let (from, until) = (begin.max(span.from), end.min(span.until).min(span.observed));
    let until_then = |at: i64| {
        let (gone, all) = (i128::from(at - begin), i128::from(end - begin));
        (i128::from(amount) * gone / all) as i64
    };
    (from < until).then(|| (from, until_then(until) - until_then(from)))
}
