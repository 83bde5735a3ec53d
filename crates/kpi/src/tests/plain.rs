//! Scopes as oracles read them.

use super::world::{Touch, World};
use crate::*;
use customer360_model::*;

/// The scope as an oracle reads it: one touchpoint at a time, local time by jiff.
pub struct Plain<'a> {
    pub world: &'a World,
    pub scope: &'a Scope,
}

impl Plain<'_> {
    pub fn observed(&self) -> i64 {
        let latest = self.world.living().map(|touch| touch.at + 1).max();
        let horizon = Micros(latest.unwrap_or(self.scope.range.until.0));
        self.scope.observed_until.unwrap_or(horizon).0
    }

    pub fn in_range(&self, touch: &Touch) -> bool {
        self.scope.range.from.0 <= touch.at
            && touch.at < self.scope.range.until.0
            && touch.at < self.observed()
    }

    pub fn has_place(&self, touch: &Touch) -> bool {
        let scope = self.scope;
        let has = |wanted: &[String], name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
        has(&scope.channels, touch.channel)
            && has(&scope.sources, touch.source)
            && (scope.locations.is_empty() || touch.location.is_some_and(|at| has(&scope.locations, at)))
    }

    pub fn customers(&self) -> Vec<u32> {
        let mut all = self.world.customers();
        all.retain(|&customer| {
            let registered = self.world.is_registered(customer);
            let kind = match self.scope.customer_kind {
                None => true,
                Some(kind) => (kind == CustomerKind::Registered) == registered,
            };
            let segment = self.scope.segment.as_ref().is_none_or(|(name, value)| {
                self.world.trait_of(customer, name).as_deref() == Some(&value.to_string())
            });
            kind && segment
        });
        all
    }

    /// Touchpoints of nobody in range, when the scope does not ask about customers.
    pub fn nobody(&self, wanted: impl Fn(&Touch) -> bool) -> Vec<&Touch> {
        let asked = self.scope.customer_kind.is_none() && self.scope.segment.is_none();
        let touches = self.world.living().filter(|touch| touch.observation == 0 && asked);
        touches.filter(|t| wanted(t) && self.in_range(t) && self.has_place(t)).collect()
    }

    pub fn voided(&self, wanted: impl Fn(&Touch) -> bool) -> u64 {
        let touches = self.world.touches.iter().filter(|touch| touch.voided && wanted(touch));
        touches.filter(|t| self.in_range(t) && self.has_place(t)).count() as u64
    }

    pub fn day(&self, at: i64) -> jiff::civil::Date {
        self.scope.zone.date(Micros(at)).unwrap()
    }

    pub fn days_between(&self, earlier: i64, later: i64) -> i64 {
        i64::from((self.day(later) - self.day(earlier)).get_days())
    }

    /// Whether the whole local day of an instant, and `days` days more, were observed.
    pub fn sees_whole_days(&self, at: i64, days: i64) -> bool {
        self.days_between(at, self.observed()) > days
    }

    pub fn group(&self, by: &GroupBy, customer: u32, touch: &Touch) -> Option<String> {
        let made = || self.world.of(customer).into_iter().find(|touch| Self::is_own(touch));
        let first = || if customer > 0 { made() } else { None };
        match by {
            GroupBy::Channel => Some(touch.channel.into()),
            GroupBy::Location => touch.location.map(Into::into),
            GroupBy::Campaign => touch.details.campaign.clone(),
            GroupBy::AcquisitionMonth => first().map(|t| self.day(t.at).strftime("%Y-%m").to_string()),
            GroupBy::AcquisitionChannel => first().map(|t| t.channel.into()),
            GroupBy::CustomerKind => (customer > 0)
                .then(|| if self.world.is_registered(customer) { "registered" } else { "anonymous" }.into()),
            GroupBy::ChannelsUsed => {
                Some(self.channels(customer)).filter(|c| !c.is_empty()).map(|c| c.len().to_string())
            }
            GroupBy::ChannelSet => {
                Some(self.channels(customer)).filter(|c| !c.is_empty()).map(|c| c.join("+"))
            }
            GroupBy::Rfm(by, orders) => self.rfm_group(*by, orders, customer),
            GroupBy::Trait(name) => (customer > 0).then(|| self.world.trait_of(customer, name)).flatten(),
        }
    }

    /// Why an order does not count.
    pub fn refusal(&self, options: &OrderOptions, touch: &Touch) -> Option<&'static str> {
        let order = touch.order().unwrap();
        if self.scope.currency.is_some_and(|currency| currency != order.amount.currency) {
            return Some("other_currency");
        }
        if order.amount.minor < options.min_amount_minor {
            return Some("below_min_amount");
        }
        let returns = self.world.living().filter(|t| t.at < self.observed()).filter_map(Touch::back);
        let linked =
            returns.filter(|b| b.order_id == order.order_id && b.amount.currency == order.amount.currency);
        let amounts: Vec<i64> = linked.map(|b| b.amount.minor).collect();
        let all = !amounts.is_empty() && amounts.iter().sum::<i64>() >= order.amount.minor;
        (options.drop_fully_returned && all).then_some("fully_returned")
    }

    /// All orders of a customer that count, wherever they were made.
    pub fn orders(&self, options: &OrderOptions, customer: u32) -> Vec<&Touch> {
        let mut orders = self.world.of(customer);
        orders
            .retain(|t| t.order().is_some() && t.at < self.observed() && self.refusal(options, t).is_none());
        orders
    }

    /// Those of them that are in scope, one for each local day if asked.
    pub fn units<'t>(&self, options: &OrderOptions, orders: &[&'t Touch], usually: bool) -> Vec<&'t Touch> {
        let mut units: Vec<&Touch> = orders.iter().copied().filter(|touch| self.has_place(touch)).collect();
        if options.unit.is_by_day(usually) {
            // What the range cuts off a day is none of it.
            units.dedup_by_key(|touch| (self.day(touch.at), touch.at < self.scope.range.from.0));
        }
        units
    }

    pub fn excluded_orders(&self, options: &OrderOptions, reason: &str) -> u64 {
        let mut count = 0;
        for customer in self.customers() {
            let orders = self.world.of(customer).into_iter().filter(|t| t.order().is_some());
            let in_scope = orders.filter(|t| self.in_range(t) && self.has_place(t));
            count += in_scope.filter(|t| self.refusal(options, t) == Some(reason)).count() as u64;
        }
        count
    }
}
