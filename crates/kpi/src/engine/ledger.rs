//! What records add to figures: money spent, entries, reach, followers. A record knows a channel or
//! a location and no customer, so it counts in totals and in the groups that it can name.

use rustc_hash::FxHashMap;

use crate::engine::dimension::Dimension;
use crate::engine::measure::{Context, Measure, Span, Stat};
use crate::engine::scope::GroupBy;
use crate::facts::dictionary::Dictionary;
use crate::measures::acquisition::{self, ACQUISITION_COST};
use crate::measures::footfall::{
    COUNTED_ADJUSTED, COUNTED_CONVERSION, ENGAGEMENT_OVER_REACH, FOLLOWERS_GAINED, FOOTFALL, REACHED,
};
use customer360_model::TimeRange;

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

/// What a measure needs beside facts.
#[must_use]
pub fn need(measure: &Measure) -> Option<Need> {
    let is = |others: &[&Measure]| others.iter().any(|other| measure.definition.id == other.definition.id);
    if is(&[&ACQUISITION_COST]) {
        Some(Need::Spend)
    } else if is(&[&FOOTFALL, &COUNTED_CONVERSION, &COUNTED_ADJUSTED]) {
        Some(Need::Entries)
    } else if is(&[&REACHED, &ENGAGEMENT_OVER_REACH]) {
        Some(Need::Reach)
    } else {
        is(&[&FOLLOWERS_GAINED]).then_some(Need::Followers)
    }
}

/// What records add to a measure over a span, and how many were left out for their currency.
pub(crate) fn records(measure: &Measure, cx: &Context, span: Span) -> (Vec<RecordHit>, u64) {
    let hits = match need(measure) {
        None => Vec::new(),
        Some(Need::Spend) => return acquisition::spent(cx, span),
        Some(Need::Followers) => gained(cx, span),
        Some(Need::Entries) => crowds(cx, span, Crowd::Entries).collect(),
        Some(Need::Reach) => crowds(cx, span, Crowd::Reach).collect(),
    };
    // Of a sum people are the number itself, of a quotient what others are divided by.
    let is_sum = measure.stat == Stat::Sum && need(measure) != Some(Need::Followers);
    let counted = |hit: RecordHit| if is_sum { RecordHit { part: hit.whole, whole: 0, ..hit } } else { hit };
    (hits.into_iter().map(counted).collect(), 0)
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
    let (from, until) = (begin.max(span.from), end.min(span.until));
    let until_then = |at: i64| {
        let (gone, all) = (i128::from(at - begin), i128::from(end - begin));
        (i128::from(amount) * gone / all) as i64
    };
    (from < until).then(|| (from, until_then(until) - until_then(from)))
}

/// People counted in a span at places in scope, as what others are divided by.
fn crowds<'a>(cx: &'a Context, span: Span, what: Crowd) -> impl Iterator<Item = RecordHit> + 'a {
    let scope = cx.lens.scope;
    let names = if what == Crowd::Entries { &scope.locations } else { &scope.channels };
    let counted =
        cx.params.counted.iter().filter(move |counted| {
            counted.what == what && (names.is_empty() || names.contains(&counted.name))
        });
    counted.filter_map(move |counted| {
        let (at, whole) = part_in(counted.interval, counted.people, span)?;
        let (channel, location) = match what {
            Crowd::Entries => (String::new(), counted.name.clone()),
            _ => (counted.name.clone(), String::new()),
        };
        Some(RecordHit { at, channel, campaign: counted.campaign.clone(), location, part: 0, whole })
    })
}

/// Each channel's counts in a span, less the count before each. A first count is no gain.
fn gained(cx: &Context, span: Span) -> Vec<RecordHit> {
    let channels = &cx.lens.scope.channels;
    let in_scope = |counted: &&Counted| {
        counted.what == Crowd::Followers && (channels.is_empty() || channels.contains(&counted.name))
    };
    let mut all: Vec<&Counted> = cx.params.counted.iter().filter(in_scope).collect();
    all.sort_by_key(|counted| (&counted.name, counted.interval.from));
    let gains = all.windows(2).filter(|pair| pair[0].name == pair[1].name);
    let gains = gains.map(|pair| RecordHit {
        at: pair[1].interval.from.0,
        channel: pair[1].name.clone(),
        part: pair[1].people - pair[0].people,
        ..RecordHit::default()
    });
    gains.filter(|hit| span.from <= hit.at && hit.at < span.until).collect()
}
