//! The measures' definitions in words, read naively.

use super::plain::Plain;
use super::world::Touch;
use crate::engine::measure::{Params, Research, Same};
use crate::engine::records::Crowd;
use crate::*;
use customer360_model::activity::{Activity, *};
use customer360_model::channel::Medium;
use customer360_model::*;

mod carts;
mod funnel;
mod open;

const DAY: i64 = 86_400_000_000;

/// What a measure counts, by its definition in words: (part, whole) of each anchor.
pub struct Naive<'a> {
    pub plain: Plain<'a>,
    pub params: &'a Params,
    pub window: Window,
}

/// Part and whole of an anchor, and the other touchpoint of it.
pub type Count<'t> = (i64, i64, &'t Touch, Option<&'t Touch>);

impl<'a> Naive<'a> {
    pub(super) fn within(&self, days: u32, earlier: &Touch, later: &Touch) -> bool {
        match self.window.kind {
            WindowKind::Calendar => self.plain.days_between(earlier.at, later.at) <= i64::from(days),
            WindowKind::Elapsed => later.at - earlier.at <= i64::from(days) * DAY,
        }
    }

    pub(super) fn counts(&self, touch: &Touch) -> bool {
        self.plain.in_range(touch) && self.plain.has_place(touch)
    }

    /// What a customer did that was observed; orders that do not count are left out.
    fn seen(&self, customer: u32) -> Vec<&'a Touch> {
        let mut all = self.plain.world.of(customer);
        all.retain(|t| t.at < self.plain.observed());
        all
    }

    pub(super) fn is_order(&self, touch: &Touch) -> bool {
        touch.order().is_some() && self.plain.refusal(&self.params.orders, touch).is_none()
    }

    pub(super) fn channel_medium(touch: &Touch) -> Medium {
        Channel::parse(touch.channel).unwrap().medium()
    }

    pub(super) fn after<'t>(&self, all: &[&'t Touch], from: &Touch, days: u32) -> Vec<&'t Touch> {
        let later = |t: &&&Touch| (t.at, t.number) > (from.at, from.number) && self.within(days, from, t);
        all.iter().filter(later).copied().collect()
    }

    fn before<'t>(&self, all: &[&'t Touch], until: &Touch) -> Vec<&'t Touch> {
        let earlier = |t: &&&Touch| {
            (t.at, t.number) < (until.at, until.number) && self.within(self.window.days, t, until)
        };
        all.iter().filter(earlier).copied().collect()
    }

    pub(super) fn units<'t>(&self, all: &[&'t Touch]) -> Vec<&'t Touch> {
        self.units_of(all, false)
    }

    fn units_of<'t>(&self, all: &[&'t Touch], usually: bool) -> Vec<&'t Touch> {
        let in_range = |t: &&Touch| self.is_order(t) && self.plain.in_range(t);
        let orders: Vec<&Touch> = all.iter().copied().filter(in_range).collect();
        self.plain.units(&self.params.orders, &orders, usually)
    }

    fn is_research(touch: &Touch) -> bool {
        touch.details.activity.phase() == Some(Phase::Consideration)
            || matches!(touch.details.activity, Activity::ArticleRead(_) | Activity::AdClick(_))
            || matches!(&touch.details.activity, Activity::Message(m) if m.status == MessageStatus::Clicked)
    }

    /// What was only sent or shown leads nowhere, and a message only by the first that was opened or
    /// clicked of it.
    fn leads(all: &[&Touch], touch: &Touch) -> bool {
        if let Activity::Message(message) = &touch.details.activity {
            let same = |other: &Touch| match &other.details.activity {
                Activity::Message(m) => m.message_id == message.message_id && Plain::is_own(other),
                _ => false,
            };
            let mut earlier = all.iter().take_while(|other| other.number != touch.number);
            return Plain::is_own(touch)
                && (message.message_id.is_empty() || !earlier.any(|other| same(other)));
        }
        Plain::is_own(touch) && Self::leads_by_type(touch)
    }

    fn leads_by_type(touch: &Touch) -> bool {
        matches!(touch.details.activity.phase(), Some(Phase::Awareness | Phase::Consideration))
            || matches!(
                touch.details.activity,
                Activity::CartUpdated(_) | Activity::CheckoutStarted(_) | Activity::OfferAccepted(_)
            )
    }

    pub(super) fn journey<'t>(&self, all: &[&'t Touch], order: &Touch) -> Vec<&'t Touch> {
        let before = self.before(all, order);
        let last = before.iter().rposition(|t| self.is_order(t)).map_or(0, |n| n + 1);
        before[last..].iter().copied().filter(|t| Self::leads(all, t)).collect()
    }

    fn research<'t>(&self, all: &[&'t Touch], order: &Touch) -> Vec<&'t Touch> {
        let lines = &order.order().unwrap().lines;
        let about = |t: &Touch| match &t.details.activity {
            Activity::ProductView(view) => (view.product_id.clone(), view.category.clone()),
            Activity::ProductTrial(trial) => (trial.product_id.clone(), String::new()),
            Activity::Conversation(_) => (t.details.product.clone().unwrap_or_default(), String::new()),
            _ => (String::new(), String::new()),
        };
        let same = |t: &&Touch| {
            let (product, category) = about(t);
            match self.params.same {
                Same::Anything => true,
                Same::Product => !product.is_empty() && lines.iter().any(|l| l.product_id == product),
                Same::Category => !category.is_empty() && lines.iter().any(|l| l.category == category),
            }
        };
        self.before(all, order).into_iter().filter(|t| Self::is_research(t)).filter(same).collect()
    }

    fn reached(touch: &Touch) -> bool {
        match &touch.details.activity {
            Activity::Impression(_) => true,
            Activity::Message(message) => message.status != MessageStatus::Sent,
            _ => false,
        }
    }

    /// Everything that a customer adds to a measure.
    pub fn of(&self, id: &str, customer: u32) -> Vec<Count<'a>> {
        let all = self.seen(customer);
        let is = |t: &Touch, wanted: ActivityType| t.activity_type() == wanted;
        let visits = || all.iter().copied().filter(|t| is(t, ActivityType::Visit) && self.counts(t));
        let days = self.window.days;
        let its = |t: &Touch, o: &Touch| !self.params.same_visit || Self::names_visit(t, o);
        let order_after =
            |t: &Touch| self.after(&all, t, days).into_iter().find(|o| self.is_order(o) && its(t, o));
        let hit = |t: &'a Touch, other: Option<&'a Touch>| (i64::from(other.is_some()), 1, t, other);
        match id {
            "visits" | "visitors" => visits().map(|t| (1, 1, t, None)).collect(),
            "visit_rate" => {
                let first = all.iter().copied().find(|t| Self::reached(t) && self.counts(t));
                let visit = |t| self.after(&all, t, days).into_iter().find(|v| is(v, ActivityType::Visit));
                first.map(|t| hit(t, visit(t))).into_iter().collect()
            }
            "new_contacts" => {
                let first = all.iter().find(|t| Plain::is_own(t));
                first.filter(|t| self.counts(t)).map(|t| (1, 1, *t, None)).into_iter().collect()
            }
            "known_visitor_share" => {
                let first = all.iter().find(|t| Plain::is_own(t)).map(|t| t.number);
                let known = |t: &Touch| i64::from(first.is_some_and(|first| first != t.number));
                visits().next().map(|t| (known(t), 1, t, None)).into_iter().collect()
            }
            "identification_rate" => {
                let known = i64::from(self.plain.world.is_registered(customer));
                visits().next().map(|t| (known, 1, t, None)).into_iter().collect()
            }
            "newly_identified" => {
                let login = all.iter().position(|t| is(t, ActivityType::Login)).filter(|&nth| nth > 0);
                let login = login.filter(|&nth| all[..nth].iter().any(|t| Plain::is_own(t)));
                let login = login.map(|nth| all[nth]).filter(|t| self.counts(t));
                login.map(|t| (1, 1, t, None)).into_iter().collect()
            }
            "click_through_rate" => self.clicks(&all),
            "visit_duration" | "visit_duration_mean" | "visit_duration_p90" => visits()
                .filter_map(|t| match &t.details.activity {
                    Activity::Visit(v) => Some((i64::from(v.duration_seconds?), 1, t, None)),
                    _ => None,
                })
                .collect(),
            "bounce_rate" => visits()
                .filter_map(|t| match &t.details.activity {
                    Activity::Visit(v) => Some((i64::from(v.pages? <= 1), 1, t, None)),
                    _ => None,
                })
                .collect(),
            "offer_conversion" => self.offers(&all),
            "footfall" | "reached_people" | "followers_gained" => Vec::new(),
            "engagement_over_reach" => {
                let counts = self.social("social_interactions", &all).into_iter();
                counts.map(|(part, _, touch, other)| (part, 0, touch, other)).collect()
            }
            "store_conversion_counted" | "store_conversion_counted_adjusted" => {
                let is_counted = |t: &Touch| {
                    self.params.counted.iter().any(|counted| {
                        counted.what == Crowd::Entries
                            && t.location.as_ref().is_some_and(|at| *at == counted.name)
                            && counted.interval.contains(Micros(t.at))
                    })
                };
                let orders_only = id == "store_conversion_counted";
                let is_its = |t: &Touch| is_counted(t) && (self.is_order(t) || !orders_only);
                let counts = self.store(id, &all, &is_its).into_iter();
                counts.map(|(part, _, touch, other)| (part, 0, touch, other)).collect()
            }
            "social_interactions" | "engaged_customers" | "net_follows" => self.social(id, &all),
            "review_rating" | "review_sentiment" | "negative_reviews" => self.reviews(id, &all),
            "conversion" => visits().map(|t| hit(t, order_after(t))).collect(),
            "conversion_same_channel" => visits()
                .map(|t| {
                    let orders = self.after(&all, t, days).into_iter();
                    hit(
                        t,
                        orders.into_iter().find(|o| self.is_order(o) && its(t, o) && o.channel == t.channel),
                    )
                })
                .collect(),
            "visitor_conversion" => {
                let best = visits().find(|t| order_after(t).is_some()).or_else(|| visits().next());
                best.map(|t| hit(t, order_after(t))).into_iter().collect()
            }
            "no_purchase" => {
                let none = all.iter().filter(|t| is(t, ActivityType::NoPurchase) && self.counts(t));
                none.map(|t| (1, 1, *t, None)).collect()
            }
            "channel_conversion" => {
                let orders = self.units(&all).into_iter();
                orders.flat_map(|o| self.crossings(&all, o)).collect()
            }
            "ropo" | "reverse_ropo" => {
                let store = if id == "ropo" { Medium::Physical } else { Medium::Online };
                let orders = self.units(&all).into_iter().filter(|o| Self::channel_medium(o) == store);
                let other = |o| self.research(&all, o).into_iter().find(|t| Self::channel_medium(t) != store);
                orders.map(|o| hit(o, other(o))).collect()
            }
            "store_conversion" | "showroomers" | "store_conversion_adjusted" => {
                self.store(id, &all, &|_| true)
            }
            "journey_length" => {
                let length = |o| self.journey(&all, o).len() as i64;
                self.units(&all).into_iter().map(|o| (length(o), 1, o, None)).collect()
            }
            "journey_days" => {
                let first = |o| self.journey(&all, o).first().copied();
                let orders = self.units(&all).into_iter();
                orders.filter_map(|o| first(o).map(|f| (o.at - f.at, 1, o, Some(f)))).collect()
            }
            "assisted_orders" => {
                let helps = |t: &&Touch| {
                    matches!(t.details.activity, Activity::Conversation(_) | Activity::Advice(_))
                };
                let help = |o| self.journey(&all, o).into_iter().find(helps);
                self.units(&all).into_iter().map(|o| hit(o, help(o))).collect()
            }
            "attributed_orders" => {
                let first = |o| self.journey(&all, o).first().copied();
                self.units(&all).into_iter().map(|o| hit(o, first(o))).collect()
            }
            "cart_abandonment" | "cart_recovery" | "cart_recovery_elsewhere" | "abandoned_cart_value" => {
                self.abandonment(id, &all)
            }
            "average_order_value" | "median_order_value" | "revenue" => self.values(&all),
            "items_per_order" => {
                let orders = all.iter().copied().filter(|t| self.is_order(t) && self.counts(t));
                let with = orders.filter(|t| !t.order().unwrap().lines.is_empty());
                let items = |t: &Touch| t.order().unwrap().lines.iter().map(|l| l.quantity_milli).sum();
                with.map(|t| (items(t), 1, t, None)).collect()
            }
            "funnel" => self.funnel(&all).into_iter().collect(),
            "retention" => self.retention(&all).into_iter().collect(),
            "repurchase" => {
                let units = self.units_of(&all, true);
                units.first().map(|t| hit(t, units.get(1).copied())).into_iter().collect()
            }
            "new_buyers" | "returning_buyers" | "resurrected_buyers" | "dormant_buyers" => {
                self.standing(id, &all).into_iter().collect()
            }
            "active_days" => {
                let mut days: Vec<_> = all.iter().filter(|t| self.counts(t) && Plain::is_own(t)).collect();
                let first = days.first().map(|t| **t);
                days.dedup_by_key(|t| self.plain.day(t.at));
                first.map(|t| (days.len() as i64, 1, t, None)).into_iter().collect()
            }
            "buyers" => {
                let orders = all.iter().copied().filter(|t| self.is_order(t) && self.counts(t));
                orders.map(|t| (1, 1, t, None)).collect()
            }
            "active_customers" | "omnichannel_share" | "channels_used" | "omnichannel_revenue_share" => {
                self.channels(id, customer, &all)
            }
            "programme_joined"
            | "programme_members"
            | "programme_active_share"
            | "programme_revenue_share" => self.programme(id, &all),
            other => {
                self.after_purchase(other, &all).unwrap_or_else(|| panic!("{other} has no definition here"))
            }
        }
    }

    fn clicks(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let id = |t: &Touch| match &t.details.activity {
            Activity::Impression(ad) => Some((true, ad.ad_id.clone())),
            Activity::Message(m) if m.status != MessageStatus::Sent => Some((false, m.message_id.clone())),
            _ => None,
        };
        let click = |t: &Touch| match &t.details.activity {
            Activity::AdClick(ad) => Some((true, ad.ad_id.clone())),
            Activity::Message(m) if m.status == MessageStatus::Clicked => Some((false, m.message_id.clone())),
            _ => None,
        };
        let mut counts = Vec::new();
        for (nth, &touch) in all.iter().enumerate() {
            let Some(piece) = id(touch) else { continue };
            let again = !piece.1.is_empty() && all[..nth].iter().any(|t| id(t) == Some(piece.clone()));
            if !again && self.counts(touch) {
                let within = |t: &&Touch| self.within(self.window.days, touch, t);
                let later = all[nth..].iter().copied().take_while(within);
                let clicked = later.into_iter().find(|t| click(t) == Some(piece.clone()));
                counts.push((i64::from(clicked.is_some()), 1, touch, clicked));
            }
        }
        counts
    }

    fn offers(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut counts: Vec<Count> = Vec::new();
        let mut known = Vec::new();
        for &touch in all.iter().filter(|t| self.counts(t)) {
            let Activity::OfferShown(shown) = &touch.details.activity else { continue };
            if shown.offer_id.is_empty() || known.contains(&shown.offer_id) {
                continue;
            }
            known.push(shown.offer_id.clone());
            let takes = |t: &&Touch| match &t.details.activity {
                Activity::OfferAccepted(offer) => offer.offer_id == shown.offer_id,
                Activity::Order(order) => order.offer_id == shown.offer_id && self.is_order(t),
                _ => false,
            };
            let taken = self.after(all, touch, self.window.days).into_iter().find(takes);
            counts.push((i64::from(taken.is_some()), 1, touch, taken));
        }
        counts
    }

    fn social(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let part = |t: &Touch| match &t.details.activity {
            Activity::SocialEngagement(s) if id == "net_follows" => match s.kind {
                SocialKind::Follow => Some(1),
                SocialKind::Unfollow => Some(-1),
                _ => None,
            },
            Activity::SocialEngagement(s) => (s.kind != SocialKind::Unfollow).then_some(1),
            _ => None,
        };
        let counted = all.iter().filter(|t| self.counts(t));
        counted.filter_map(|t| part(t).map(|part| (part, 1, *t, None))).collect()
    }

    fn reviews(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let part = |t: &Touch| {
            let Activity::ReviewWritten(review) = &t.details.activity else { return None };
            let sentiment = review.sentiment.map(|s| (s * 100.0).round() as i64);
            match id {
                "review_rating" => review.rating.map(i64::from),
                "review_sentiment" => sentiment,
                _ => sentiment.map(|s| i64::from(s < 0)).or(review.rating.map(|r| i64::from(r <= 2))),
            }
        };
        let counted = all.iter().filter(|t| self.counts(t));
        counted.filter_map(|t| part(t).map(|part| (part, 1, *t, None))).collect()
    }

    fn crossings(&self, all: &[&'a Touch], order: &'a Touch) -> Vec<Count<'a>> {
        let found = self.research(all, order);
        let chosen: Vec<&Touch> = match self.params.research {
            Research::First => found.first().copied().into_iter().collect(),
            Research::Last => found.last().copied().into_iter().collect(),
            Research::Each => {
                let mut by_channel: Vec<&Touch> = Vec::new();
                for touch in found {
                    if by_channel.iter().all(|t| t.channel != touch.channel) {
                        by_channel.push(touch);
                    }
                }
                by_channel
            }
        };
        chosen.into_iter().map(|t| (i64::from(t.channel != order.channel), 1, order, Some(t))).collect()
    }

    fn store(&self, id: &str, all: &[&'a Touch], is_its: &dyn Fn(&Touch) -> bool) -> Vec<Count<'a>> {
        let physical =
            |t: &&&Touch| Self::channel_medium(t) == Medium::Physical && self.counts(t) && is_its(t);
        let mut counts: Vec<Count> = Vec::new();
        let mut done = matches!(id, "store_conversion" | "store_conversion_counted");
        for &touch in all.iter().filter(physical) {
            if touch.activity_type() == ActivityType::Visit {
                let later = self.after(all, touch, self.window.days);
                let by =
                    |medium| later.iter().find(|t| self.is_order(t) && Self::channel_medium(t) == medium);
                let online = by(Medium::Online).filter(|_| !done && by(Medium::Physical).is_none());
                done |= online.is_some();
                counts.push((i64::from(online.is_some()), 1, touch, online.copied()));
            } else if self.is_order(touch) && id != "showroomers" {
                counts.push((1, 0, touch, None));
            }
        }
        counts
    }

    fn abandonment(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
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
            if !self.sees(self.window.days, cart) {
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
    pub(super) fn values_anywhere(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut scope = self.plain.scope.clone();
        (scope.channels, scope.locations, scope.sources) = Default::default();
        let plain = Plain { world: self.plain.world, scope: &scope };
        Naive { plain, params: self.params, window: self.window }.values(all)
    }

    pub(super) fn values<'t>(&self, all: &[&'t Touch]) -> Vec<Count<'t>> {
        let orders: Vec<&Touch> =
            all.iter().copied().filter(|t| self.is_order(t) && self.counts(t)).collect();
        let by_day = self.params.orders.unit.is_by_day(false);
        let counts = self.units(all).into_iter().map(|unit| {
            let one = |t: &&&Touch| {
                t.number == unit.number || (by_day && self.plain.day(t.at) == self.plain.day(unit.at))
            };
            (orders.iter().filter(one).map(|t| t.order().unwrap().amount.minor).sum(), 1, unit, None)
        });
        counts.collect()
    }

    fn retention(&self, all: &[&'a Touch]) -> Option<Count<'a>> {
        let scope = self.plain.scope;
        let (from, until) = (scope.range.from, scope.range.until);
        if until.0 > self.plain.observed() {
            return None;
        }
        let own = self.plain.days_between(from.0, until.0).max(1);
        let days = if self.params.window.is_some() { own.min(i64::from(self.window.days)) } else { own };
        let back = |at| scope.zone.plus_days(at, -(days as i32)).unwrap().0;
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
