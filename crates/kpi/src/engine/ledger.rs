//! What records add to figures. A record knows a channel or a location and no customer, so it counts in
//! totals and in the groups that it can name.

use crate::engine::measure::{Context, Measure, Span, Stat};
use crate::engine::records::{Counted, Crowd, Need, RecordHit, Spend, part_in};
use crate::ground::money::worth;

/// What records add to a measure over a span: those of the time of which anchors were followed for long enough, and
/// those of the time after it.
pub(crate) fn decided(measure: &Measure, cx: &Context, span: Span) -> ([Vec<RecordHit>; 2], u64) {
    let mature = cx.mature(measure, span).clamp(span.from, span.until.max(span.from));
    let (hits, excluded) = records(measure, cx, Span { until: mature, ..span });
    let (open, more) = records(measure, cx, Span { from: mature, ..span });
    ([hits, open], excluded + more)
}

/// What records add to a measure over a span, and how many were left out for their currency.
pub(crate) fn records(measure: &Measure, cx: &Context, span: Span) -> (Vec<RecordHit>, u64) {
    let hits = match measure.need {
        None => Vec::new(),
        Some(Need::Spend) => return spent(cx, span),
        Some(Need::Followers) => gained(cx, span),
        Some(Need::Entries) => crowds(cx, span, Crowd::Entries).collect(),
        Some(Need::Reach) => crowds(cx, span, Crowd::Reach).collect(),
    };
    // Of a sum people are the number itself, of a quotient what others are divided by.
    let is_sum = measure.stat == Stat::Sum && measure.need != Some(Need::Followers);
    let counted = |hit: RecordHit| if is_sum { RecordHit { part: hit.whole, whole: 0, ..hit } } else { hit };
    (hits.into_iter().map(counted).collect(), 0)
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
    gains.filter(|hit| span.counts(hit.at)).collect()
}

/// What was spent in a span, and how many records were left out for their currency.
fn spent(cx: &Context, span: Span) -> (Vec<RecordHit>, u64) {
    let (mut hits, mut excluded) = (Vec::new(), 0);
    let scope = cx.lens.scope;
    let in_scope = |spend: &&Spend| scope.channels.is_empty() || scope.channels.contains(&spend.channel);
    for spend in cx.params.spend.iter().filter(in_scope) {
        let amount = match scope.currency {
            Some(currency) => worth(&scope.rates, spend.amount, currency, spend.interval.from.0),
            None => Some(spend.amount.minor),
        };
        match part_in(spend.interval, amount.unwrap_or(0), span) {
            Some((at, part)) if amount.is_some() => {
                let (channel, campaign) = (spend.channel.clone(), spend.campaign.clone());
                hits.push(RecordHit { at, channel, campaign, part, ..RecordHit::default() });
            }
            found => excluded += u64::from(found.is_some()),
        }
    }
    (hits, excluded)
}
