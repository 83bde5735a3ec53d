//! What follows anchors later: carts, funnels, retention.

use super::*;

impl<'a> Naive<'a> {
    pub(in crate::tests) fn abandonment(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut counts: Vec<Count> = Vec::new();
        for cart in self.carts(all) {
            let order = self.after(all, cart, self.window.days).into_iter().find(|t| self.is_order(t));
            if id == "cart_abandonment" {
                counts.push((i64::from(order.is_none()), 1, cart, order));
                continue;
            }
            if order.is_some() {
                continue;
            }
            if id == "abandoned_cart_value" {
                let its = self.after(all, cart, self.window.days).into_iter();
                let its = std::iter::once(cart).chain(its).filter_map(Self::cart);
                let its = its.filter(|c| c.cart_id == Self::cart(cart).unwrap().cart_id);
                let last = its.filter_map(|c| c.value).reduce(|_, later| later);
                let wanted = |money: &Money| self.plain.scope.currency.is_none_or(|c| c == money.currency);
                counts.extend(last.filter(wanted).map(|money| (money.minor, 1, cart, None)));
                continue;
            }
            let again =
                self.after(all, cart, self.params.recovery_days).into_iter().find(|t| self.is_order(t));
            let elsewhere = |t: &&Touch| t.channel != cart.channel || t.observation != cart.observation;
            let again = again.filter(|t| id == "cart_recovery" || elsewhere(t));
            counts.push((i64::from(again.is_some()), 1, cart, again));
        }
        counts
    }

    /// Orders by any place, and what they are worth.
    pub(in crate::tests) fn values_anywhere(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut scope = self.plain.scope.clone();
        (scope.channels, scope.locations, scope.sources) = Default::default();
        let plain = Plain { world: self.plain.world, scope: &scope };
        Naive { plain, params: self.params, window: self.window }.values(all)
    }

    pub(in crate::tests) fn values<'t>(&self, all: &[&'t Touch]) -> Vec<Count<'t>> {
        let orders: Vec<&Touch> =
            all.iter().copied().filter(|t| self.is_order(t) && self.plain.has_place(t)).collect();
        let by_day = self.params.orders.unit == OrderUnit::CustomerDay;
        let counts = self.units(all).into_iter().map(|unit| {
            let one = |t: &&&Touch| {
                t.number == unit.number || (by_day && self.plain.day(t.at) == self.plain.day(unit.at))
            };
            (orders.iter().filter(one).map(|t| t.order().unwrap().amount.minor).sum(), 1, unit, None)
        });
        counts.collect()
    }

    pub(in crate::tests) fn funnel(&self, all: &[&'a Touch]) -> Option<Count<'a>> {
        let steps = &self.params.steps;
        let takes = |t: &Touch, step: &Step| {
            let order = t.order().is_none() || self.is_order(t);
            order
                && t.activity_type() == step.activity
                && step.channel.as_deref().is_none_or(|c| c == t.channel)
        };
        let walk = |begin: &'a Touch| {
            let (mut taken, mut last) = (1, begin);
            for t in self.after(all, begin, self.window.days) {
                if taken < steps.len() && takes(t, &steps[taken]) {
                    (taken, last) = (taken + 1, t);
                } else if taken < steps.len() && self.params.strict && steps.iter().any(|s| takes(t, s)) {
                    break;
                }
            }
            (taken, last)
        };
        let begins: Vec<&Touch> =
            all.iter().copied().filter(|t| takes(t, &steps[0]) && self.counts(t)).collect();
        let most = begins.iter().map(|&t| walk(t).0).max()?;
        let begin = *begins.iter().find(|&&t| walk(t).0 == most)?;
        let done = most == steps.len();
        Some((i64::from(done), 1, begin, done.then(|| walk(begin).1)))
    }

    pub(in crate::tests) fn retention(&self, all: &[&'a Touch]) -> Option<Count<'a>> {
        let scope = self.plain.scope;
        let (from, until) = (scope.range.from, scope.range.until);
        if until.0 > self.plain.observed() {
            return None;
        }
        let back = |at| scope.zone.plus_days(at, -(self.window.days as i32)).unwrap().0;
        let active = |from: i64, until: i64| {
            let is =
                |t: &&&Touch| self.is_order(t) && self.plain.has_place(t) && from <= t.at && t.at < until;
            all.iter().rfind(is).copied()
        };
        let before = active(back(from), from.0)?;
        let after = active(back(until), until.0);
        Some((i64::from(after.is_some()), 1, before, after))
    }
}
