//! The definitions of what people are over time, and by which channels, read naively.

use super::naive::{Count, Naive};
use super::plain::Plain;
use super::world::Touch;
use crate::WindowKind;
use customer360_model::activity::*;

const DAY: i64 = 86_400_000_000;

impl Plain<'_> {
    /// Whether a touchpoint is an act of the customer.
    pub fn is_own(touch: &Touch) -> bool {
        match &touch.details.activity {
            Activity::Impression(_) => false,
            Activity::Message(m) => matches!(m.status, MessageStatus::Opened | MessageStatus::Clicked),
            _ => true,
        }
    }

    /// The channels that a customer used in range.
    pub fn channels(&self, customer: u32) -> Vec<&'static str> {
        let touches = if customer > 0 { self.world.of(customer) } else { Vec::new() };
        let own = touches.into_iter().filter(|t| Self::is_own(t) && self.in_range(t));
        own.map(|t| t.channel).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

impl<'a> Naive<'a> {
    pub fn standing(&self, id: &str, all: &[&'a Touch]) -> Option<Count<'a>> {
        let scope = self.plain.scope;
        let orders: Vec<&Touch> = all.iter().copied().filter(|t| self.is_order(t)).collect();
        let now = orders.iter().copied().find(|t| self.counts(t));
        let since = match self.window.kind {
            WindowKind::Calendar => {
                let day = self.plain.day(scope.range.from.0);
                let day = day.checked_sub(jiff::Span::new().days(i64::from(self.window.days))).unwrap();
                move |t: &Touch| self.plain.day(t.at) >= day
            }
            WindowKind::Elapsed => return self.standing_elapsed(id, &orders, now),
        };
        let before = |t: &&&Touch| t.at < scope.range.from.0 && since(t) && self.plain.has_place(t);
        self.stands(id, &orders, now, orders.iter().rfind(before).copied())
    }

    fn standing_elapsed(&self, id: &str, orders: &[&'a Touch], now: Option<&'a Touch>) -> Option<Count<'a>> {
        let from = self.plain.scope.range.from.0;
        let since = from - i64::from(self.window.days) * DAY;
        let before = |t: &&&Touch| t.at < from && t.at >= since && self.plain.has_place(t);
        self.stands(id, orders, now, orders.iter().rfind(before).copied())
    }

    fn stands(
        &self,
        id: &str,
        orders: &[&'a Touch],
        now: Option<&'a Touch>,
        before: Option<&'a Touch>,
    ) -> Option<Count<'a>> {
        let is_first = now.is_some_and(|now| orders[0].number == now.number);
        let ended = self.plain.scope.range.until.0 <= self.plain.observed();
        let (standing, touch) = match (now, before) {
            (Some(now), _) if is_first => ("new_buyers", now),
            (Some(now), Some(_)) => ("returning_buyers", now),
            (Some(now), None) => ("resurrected_buyers", now),
            (None, Some(before)) if ended => ("dormant_buyers", before),
            (None, _) => return None,
        };
        (standing == id).then_some((1, 1, touch, None))
    }

    pub fn channels(&self, id: &str, customer: u32, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let used = self.plain.channels(customer);
        let own: Vec<&Touch> = all.iter().copied().filter(|t| Plain::is_own(t)).collect();
        let in_range: Vec<&Touch> = own.iter().copied().filter(|t| self.plain.in_range(t)).collect();
        let other = in_range.iter().copied().find(|t| t.channel != in_range[0].channel);
        let mut counted = own.into_iter().filter(|t| self.counts(t));
        match id {
            "active_customers" => counted.map(|t| (1, 1, t, None)).collect(),
            "omnichannel_share" => {
                counted.next().map(|t| (i64::from(used.len() > 1), 1, t, other)).into_iter().collect()
            }
            "channels_used" => counted.next().map(|t| (used.len() as i64, 1, t, None)).into_iter().collect(),
            _ => {
                let share =
                    |(part, _, t, _): Count<'a>| (if used.len() > 1 { part } else { 0 }, part, t, other);
                self.values(all).into_iter().map(share).collect()
            }
        }
    }

    pub fn programme(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let event = |t: &Touch| match &t.details.activity {
            Activity::Subscription(s) if s.programme == SubscriptionProgramme::Loyalty => Some(s.change),
            _ => None,
        };
        let standing = |before: i64| {
            let last = all.iter().copied().rfind(|t| t.at < before && event(t).is_some());
            last.filter(|t| event(t) != Some(SubscriptionChange::Left))
        };
        let member = || standing(self.plain.scope.range.until.0).filter(|t| self.plain.has_place(t));
        let ordered = || all.iter().copied().find(|t| self.is_order(t) && self.plain.in_range(t));
        match id {
            "programme_joined" => {
                let joins = |t: &&&Touch| event(t) == Some(SubscriptionChange::Joined) && self.counts(t);
                all.iter().filter(joins).map(|t| (1, 1, *t, None)).collect()
            }
            "programme_members" => member().map(|t| (1, 1, t, None)).into_iter().collect(),
            "programme_active_share" => {
                member().map(|t| (i64::from(ordered().is_some()), 1, t, ordered())).into_iter().collect()
            }
            _ => {
                let share = |(part, _, t, _): Count<'a>| {
                    let member = standing(t.at);
                    (if member.is_some() { part } else { 0 }, part, t, member)
                };
                self.values(all).into_iter().map(share).collect()
            }
        }
    }
}
