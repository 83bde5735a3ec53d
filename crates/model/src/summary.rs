//! What do we know of them? A customer's view is the combination of the summaries of its
//! observations: a merge or a split restates it for free.

pub mod cost;
pub mod first;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::activity::SurveyKind;
use crate::objects::Delta;
use crate::survivorship::{Claim, rank};
use crate::{Activity, Currency, Micros, TouchKey, Touchpoint, TraitWrite, Value};

/// What the touchpoints of one observation (or, combined, of one customer) come to.
/// `combine` is associative and commutative, and the default is its identity.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    pub touchpoints: u64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// By activity, channel and month: rates of costs begin with a month, so costs stay exact.
    pub tallies: BTreeMap<(String, String, Month), Tally>,
    pub revenue: BTreeMap<Currency, Revenue>,
    /// Costs known for single touchpoints, in minor units.
    pub explicit_costs: BTreeMap<Currency, i64>,
    pub last_nps: Option<(Moment, u8)>,
    /// Every trait's writes that can still matter: see [`Traits`].
    pub traits: Traits,
}

/// A point in the canonical order, with where it happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    pub at: Micros,
    pub source: String,
    pub source_id: String,
    pub channel: String,
}

/// Months since year 0 in UTC: year * 12 + month - 1.
pub type Month = i32;

/// How often, and how long it took the retailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    pub touches: u64,
    pub handling_seconds: u64,
}

/// Orders and returns of one currency, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Revenue {
    pub orders: u64,
    pub gross_minor: i64,
    pub returns: u64,
    pub returned_minor: i64,
}

impl Revenue {
    #[must_use]
    pub fn net_minor(&self) -> i64 {
        self.gross_minor.saturating_sub(self.returned_minor)
    }
}

/// By trait name, then by source: the writes of it that survivorship can ask for, whatever the
/// priority of the sources.
pub type Traits = BTreeMap<String, BTreeMap<String, Writes>>;

/// Traits of one customer, the first by name; what further ones said is in the touchpoints only.
pub const TRAITS_LIMIT: usize = 200;
/// Sources of one trait of a customer, the first by name.
pub const TRAIT_SOURCES_LIMIT: usize = 32;

/// What one source said of one trait.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Writes {
    /// The last write proper, or that it was unset if that came later.
    pub written: Option<Said>,
    /// The earliest `if_absent` write: it filled the gap, later ones found none.
    pub if_absent: Option<Said>,
    /// The last `if_absent` write: it fills the gap after the earliest one was taken back.
    pub last_if_absent: Option<Said>,
}

/// A trait's value and when it was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub at: Micros,
    pub source_id: String,
    pub value: Value,
}

/// The value of a trait that survives, and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Survivor<'a> {
    pub source: &'a str,
    pub said: &'a Said,
    pub if_absent: bool,
}

impl Summary {
    /// The summary of one touchpoint.
    #[must_use]
    pub fn of(touchpoint: &Touchpoint) -> Self {
        let mut summary = Self::default();
        summary.add(touchpoint);
        summary
    }

    /// Adds one touchpoint.
    pub fn add(&mut self, touchpoint: &Touchpoint) {
        let details = &touchpoint.details;
        let moment = Moment {
            at: touchpoint.at,
            source: touchpoint.key.source.clone(),
            source_id: touchpoint.key.source_id.clone(),
            channel: touchpoint.channel.as_str().to_owned(),
        };
        let activity = details.activity.activity_type().name().to_owned();
        let tally = self.tallies.entry((activity, moment.channel.clone(), month_of(moment.at))).or_default();
        tally.touches += 1;
        tally.handling_seconds += u64::from(details.handling_seconds.unwrap_or(0));
        if let Some(cost) = details.cost {
            add_minor(self.explicit_costs.entry(cost.currency).or_default(), cost.minor);
        }
        match &details.activity {
            Activity::Order(order) => {
                let revenue = self.revenue.entry(order.amount.currency).or_default();
                revenue.orders += 1;
                add_minor(&mut revenue.gross_minor, order.amount.minor);
            }
            Activity::Return(returned) => {
                let revenue = self.revenue.entry(returned.amount.currency).or_default();
                revenue.returns += 1;
                add_minor(&mut revenue.returned_minor, returned.amount.minor);
            }
            Activity::SurveyAnswer(answer) if answer.kind == SurveyKind::Nps => {
                let answered = Some((moment.clone(), answer.score));
                self.last_nps = self.last_nps.take().max(answered);
            }
            _ => {}
        }
        for write in &details.traits {
            add_trait(&mut self.traits, &touchpoint.key, touchpoint.at, write);
        }
        bound(&mut self.traits);
        self.touchpoints += 1;
        self.first = earlier(self.first.take(), Some(moment.clone()));
        self.last = self.last.take().max(Some(moment));
    }

    /// Brings in what other touchpoints say about orders and returns of these.
    pub fn correct(&mut self, currency: Currency, delta: &Delta) {
        let revenue = self.revenue.entry(currency).or_default();
        revenue.orders = revenue.orders.saturating_add_signed(delta.orders);
        revenue.gross_minor = revenue.gross_minor.saturating_add(delta.gross_minor);
        revenue.returns = revenue.returns.saturating_add_signed(delta.returns);
        revenue.returned_minor = revenue.returned_minor.saturating_add(delta.returned_minor);
        if *revenue == Revenue::default() {
            self.revenue.remove(&currency);
        }
    }

    /// Both together.
    #[must_use]
    pub fn combine(mut self, other: Self) -> Self {
        for (key, tally) in other.tallies {
            let sum = self.tallies.entry(key).or_default();
            sum.touches += tally.touches;
            sum.handling_seconds += tally.handling_seconds;
        }
        for (currency, revenue) in other.revenue {
            let sum = self.revenue.entry(currency).or_default();
            sum.orders += revenue.orders;
            add_minor(&mut sum.gross_minor, revenue.gross_minor);
            sum.returns += revenue.returns;
            add_minor(&mut sum.returned_minor, revenue.returned_minor);
        }
        for (currency, minor) in other.explicit_costs {
            add_minor(self.explicit_costs.entry(currency).or_default(), minor);
        }
        for (name, by_source) in other.traits {
            let ours = self.traits.entry(name).or_default();
            for (source, writes) in by_source {
                let sum = ours.entry(source).or_default();
                sum.written = later_said(sum.written.take(), writes.written);
                sum.if_absent = earlier_said(sum.if_absent.take(), writes.if_absent);
                sum.last_if_absent = later_said(sum.last_if_absent.take(), writes.last_if_absent);
            }
        }
        bound(&mut self.traits);
        self.touchpoints += other.touchpoints;
        self.first = earlier(self.first.take(), other.first);
        self.last = self.last.take().max(other.last);
        self.last_nps = self.last_nps.take().max(other.last_nps);
        self
    }
}

/// The write that stands, by the rule that the KPIs use too (`survivorship`). `trusted` lists
/// sources from most to least trusted.
#[must_use]
pub fn survivor<'a>(
    writes: impl IntoIterator<Item = (&'a String, &'a Writes)>,
    trusted: &[String],
) -> Option<Survivor<'a>> {
    let said = |said: &'a Option<Said>, source: &'a str, if_absent| {
        said.as_ref().map(|said| Survivor { source, said, if_absent })
    };
    let survivors: Vec<Survivor<'a>> = writes
        .into_iter()
        .flat_map(|(source, writes)| {
            [
                said(&writes.written, source, false),
                said(&writes.if_absent, source, true),
                said(&writes.last_if_absent, source, true),
            ]
        })
        .flatten()
        .collect();
    let claim = |s: &Survivor<'a>| Claim {
        if_absent: s.if_absent,
        unset: s.said.value == Value::Unset,
        rank: rank(trusted, s.source),
        position: (s.said.at, s.source, s.said.source_id.as_str()),
    };
    let claims: Vec<_> = survivors.iter().map(claim).collect();
    crate::survivorship::survivor(claims).map(|standing| survivors[standing].clone())
}

/// Adds what one touchpoint said of a trait.
pub fn add_trait(traits: &mut Traits, key: &TouchKey, at: Micros, write: &TraitWrite) {
    let said = Some(Said { at, source_id: key.source_id.clone(), value: write.value.clone() });
    let writes = traits.entry(write.name.clone()).or_default().entry(key.source.clone()).or_default();
    if write.if_absent {
        writes.last_if_absent = later_said(writes.last_if_absent.take(), said.clone());
        writes.if_absent = earlier_said(writes.if_absent.take(), said);
    } else {
        writes.written = later_said(writes.written.take(), said);
    }
}

/// Keeps the first names, and the first sources of each. Which these are does not depend on the order
/// in which summaries are combined: what is left out of a part has enough before it in the whole.
fn bound(traits: &mut Traits) {
    fn keep<V>(map: &mut BTreeMap<String, V>, limit: usize) {
        while map.len() > limit {
            map.pop_last();
        }
    }
    keep(traits, TRAITS_LIMIT);
    traits.values_mut().for_each(|by_source| keep(by_source, TRAIT_SOURCES_LIMIT));
}

/// The month of an instant in UTC.
#[must_use]
pub fn month_of(at: Micros) -> Month {
    jiff::Timestamp::from_microsecond(at.0).map_or(0, |at| {
        let at = at.to_zoned(jiff::tz::TimeZone::UTC);
        i32::from(at.year()) * 12 + i32::from(at.month()) - 1
    })
}

/// Adds an amount. A sum beyond what 64 bits hold stays at their end: a million orders of the largest
/// amount get there, and must not come out negative.
fn add_minor(sum: &mut i64, minor: i64) {
    *sum = sum.saturating_add(minor);
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn later_said(a: Option<Said>, b: Option<Said>) -> Option<Said> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if (b.at, &b.source_id) > (a.at, &a.source_id) { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn earlier_said(a: Option<Said>, b: Option<Said>) -> Option<Said> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if (b.at, &b.source_id) < (a.at, &a.source_id) { b } else { a }),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(source: &str, at: i64, text: &str, if_absent: bool) -> (TouchKey, Micros, TraitWrite) {
        let key = TouchKey { source: source.into(), source_id: at.to_string() };
        (key, Micros(at), TraitWrite { name: "city".into(), value: Value::Text(text.into()), if_absent })
    }

    fn city(writes: &[(TouchKey, Micros, TraitWrite)], trusted: &[&str]) -> Option<String> {
        let trusted: Vec<String> = trusted.iter().map(|s| (*s).to_owned()).collect();
        let mut traits = Traits::new();
        for (key, at, write) in writes {
            add_trait(&mut traits, key, *at, write);
        }
        survivor(traits.get("city")?, &trusted).map(|s| s.said.value.to_string())
    }

    #[test]
    fn the_most_recent_stands_unless_a_source_is_trusted_more() {
        let writes = [write("crm", 1, "Rome", false), write("web", 2, "Oslo", false)];
        assert_eq!(city(&writes, &[]).as_deref(), Some("Oslo"));
        assert_eq!(city(&writes, &["crm"]).as_deref(), Some("Rome"));
    }

    #[test]
    fn a_write_that_fills_a_gap_never_overwrites() {
        let gap = write("web", 9, "Oslo", true);
        assert_eq!(city(&[write("crm", 1, "Rome", false), gap.clone()], &["web"]).as_deref(), Some("Rome"));
        assert_eq!(city(&[gap.clone(), write("web", 12, "Bern", true)], &[]).as_deref(), Some("Oslo"));
    }

    fn unset(source: &str, at: i64) -> (TouchKey, Micros, TraitWrite) {
        let (key, at, write) = write(source, at, "", false);
        (key, at, TraitWrite { value: Value::Unset, ..write })
    }

    #[test]
    fn what_was_taken_back_can_be_said_again_and_gaps_be_filled() {
        let said = [write("crm", 1, "Rome", false), write("web", 2, "Oslo", true), unset("crm", 3)];
        assert_eq!(city(&said, &[]), None);
        let filled = write("web", 4, "Bern", true);
        assert_eq!(city(&[&said[..], &[filled]].concat(), &[]).as_deref(), Some("Bern"));
        let again = write("shop", 4, "Pisa", false);
        assert_eq!(city(&[&said[..], &[again]].concat(), &[]).as_deref(), Some("Pisa"));
        let trusted = write("erp", 2, "Wien", false);
        assert_eq!(city(&[&said[..], &[trusted]].concat(), &["erp"]).as_deref(), Some("Wien"));
    }

    #[test]
    fn what_stands_does_not_depend_on_how_writes_are_summed() {
        let touch = |(key, at, write): &(TouchKey, Micros, TraitWrite)| {
            let mut traits = Traits::new();
            add_trait(&mut traits, key, *at, write);
            Summary { traits, ..Summary::default() }
        };
        let all = [
            write("web", 2, "Oslo", true),
            unset("crm", 5),
            write("web", 7, "Bern", true),
            write("crm", 3, "Rome", false),
            unset("web", 6),
        ];
        let sum = |order: &[usize]| {
            order.iter().map(|&i| touch(&all[i])).fold(Summary::default(), Summary::combine)
        };
        let expected = sum(&[0, 1, 2, 3, 4]);
        for order in [[4, 3, 2, 1, 0], [1, 0, 2, 4, 3], [2, 1, 0, 3, 4]] {
            assert_eq!(sum(&order), expected);
        }
        let found = survivor(&expected.traits["city"], &[]).unwrap();
        assert_eq!(found.said.value, Value::Text("Bern".into()));
    }

    #[test]
    fn month_numbers_follow_the_calendar() {
        assert_eq!(month_of(Micros::parse("2024-01-31T23:59:59Z").unwrap()), 2024 * 12);
        assert_eq!(month_of(Micros::parse("2024-02-01T00:00:00Z").unwrap()), 2024 * 12 + 1);
    }

    #[test]
    fn a_customer_has_a_bounded_number_of_traits_whatever_the_order() {
        let said = |n: usize| {
            let (key, at, mut write) = write(&format!("s{}", n % 40), n as i64, "x", false);
            write.name = format!("n{:03}", n * 7 % 300);
            let mut summary = Summary::default();
            add_trait(&mut summary.traits, &key, at, &write);
            summary
        };
        let forth = (0..3_000).map(said).fold(Summary::default(), Summary::combine);
        let back = (0..3_000).rev().map(said).fold(Summary::default(), Summary::combine);
        let halves = (0..1_500).map(said).fold(Summary::default(), Summary::combine);
        let halves = halves.combine((1_500..3_000).map(said).fold(Summary::default(), Summary::combine));
        assert_eq!((forth.traits.len(), &forth.traits), (TRAITS_LIMIT, &back.traits));
        assert_eq!(forth.traits, halves.traits);
        let of_source = |n: usize| {
            let (key, at, write) = write(&format!("s{n:02}"), 1, "x", false);
            let mut summary = Summary::default();
            add_trait(&mut summary.traits, &key, at, &write);
            summary
        };
        let many = (0..90).rev().map(of_source).fold(Summary::default(), Summary::combine);
        assert_eq!(many.traits["city"].len(), TRAIT_SOURCES_LIMIT);
        assert!(many.traits["city"].contains_key("s00") && !many.traits["city"].contains_key("s32"));
        assert_eq!(forth.traits.keys().next_back().map(String::as_str), Some("n199"));
    }

    #[test]
    fn sums_beyond_64_bits_stay_at_their_end() {
        let large =
            Revenue { orders: 1, gross_minor: 9_000_000_000_000_000_000, returns: 0, returned_minor: 0 };
        let one = || Summary { revenue: BTreeMap::from([(Currency::EUR, large)]), ..Summary::default() };
        let both = one().combine(one()).revenue[&Currency::EUR];
        assert_eq!((both.gross_minor, both.net_minor()), (i64::MAX, i64::MAX));
    }
}
