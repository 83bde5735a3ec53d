//! What happens beside and after the purchase: worlds of it, and its measures read naively.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::naive::{Count, Naive};
use super::plain::Plain;
use super::world::{Touch, World};
use crate::engine::measure::Elsewhere;
use customer360_model::activity::{Activity, *};
use customer360_model::channel::Medium;
use customer360_model::*;

fn pick<T: Copy>(rng: &mut ChaCha8Rng, of: &[T]) -> T {
    *of.choose(rng).unwrap()
}

/// People also try, ask, return and subscribe; orders say visits and discounts.
pub fn enrich(world: &mut World, seed: u64) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed + 40_000);
    for nth in 0..world.touches.len() {
        let orders: Vec<String> =
            world.touches.iter().filter_map(|t| t.order().map(|order| order.order_id.clone())).collect();
        let touch = &mut world.touches[nth];
        if rng.random_bool(0.25) {
            touch.details.activity = random_activity(rng, &orders);
        }
        touch.details.visit_id = rng.random_bool(0.3).then(|| pick(rng, &["v1", "v2"]).to_owned());
        if let Activity::Conversation(_) = touch.details.activity {
            touch.details.product = rng.random_bool(0.6).then(|| pick(rng, &["shoe", "hat"]).to_owned());
        }
        if let Activity::Order(order) = &mut touch.details.activity {
            order.lines.iter_mut().for_each(|line| discount(rng, line));
        }
    }
}

fn discount(rng: &mut ChaCha8Rng, line: &mut Line) {
    let currency = if rng.random_bool(0.9) { Currency::EUR } else { Currency::GBP };
    match rng.random_range(0..4) {
        0 => line.discount = Some(Money { minor: rng.random_range(0..90), currency }),
        1 => line.list_price = Some(Money { minor: rng.random_range(1..700), currency }),
        2 if rng.random_bool(0.3) => line.unit_price = None,
        _ => {}
    }
}

fn random_activity(rng: &mut ChaCha8Rng, orders: &[String]) -> Activity {
    match rng.random_range(0..12) {
        0..2 => Activity::ProductTrial(ProductTrial {
            product_id: pick(rng, &["", "shoe", "sock", "hat"]).to_owned(),
            kind: TrialKind::Tester,
        }),
        2..6 => {
            use ContactStage::*;
            Activity::ServiceContact(ServiceContact {
                case_id: pick(rng, &["", "", "c1", "c2"]).to_owned(),
                stage: pick(rng, &[Opened, Opened, FirstHumanReply, FollowUp, Resolved, Resolved, Reopened]),
                reason: pick(rng, &["", "late", "late", "broken"]).to_owned(),
            })
        }
        6..10 => {
            let order_id = orders.choose(rng).filter(|_| rng.random_bool(0.7)).cloned().unwrap_or_default();
            let currency = if rng.random_bool(0.85) { Currency::EUR } else { Currency::GBP };
            let line = |_| Line { quantity_milli: rng.random_range(1..3_000), ..Line::default() };
            let lines = (0..2).map(line).collect();
            let amount = Money { minor: rng.random_range(0..900), currency };
            let (return_id, reason) = (String::new(), String::new());
            Activity::Return(Return { return_id, order_id, amount, lines, reason })
        }
        10 => {
            let kind = pick(rng, &[OfferKind::Promotion, OfferKind::Upsell, OfferKind::CrossSell]);
            Activity::OfferShown(OfferShown { offer_id: pick(rng, &["", "o1", "o2"]).to_owned(), kind })
        }
        _ if rng.random_bool(0.5) => Activity::SocialEngagement(SocialEngagement {
            kind: pick(rng, &[SocialKind::Mention, SocialKind::Share]),
            ..SocialEngagement::default()
        }),
        _ => Activity::Subscription(Subscription {
            programme: pick(rng, &[SubscriptionProgramme::Newsletter, SubscriptionProgramme::Loyalty]),
            change: pick(rng, &[SubscriptionChange::Joined, SubscriptionChange::Left]),
            points: None,
        }),
    }
}

/// A case as the words say: its opening and what happened to it later.
struct Case<'t> {
    opening: &'t Touch,
    later: Vec<&'t Touch>,
}

fn contact(touch: &Touch) -> Option<&ServiceContact> {
    if let Activity::ServiceContact(contact) = &touch.details.activity { Some(contact) } else { None }
}

fn stage(touch: &Touch) -> Option<ContactStage> {
    contact(touch).map(|contact| contact.stage)
}

fn cases<'t>(all: &[&'t Touch]) -> Vec<Case<'t>> {
    let mut cases = Vec::new();
    for (nth, &opening) in all.iter().enumerate() {
        let Some(said) = contact(opening).filter(|said| said.stage == ContactStage::Opened) else { continue };
        let opens_it = |t: &&&Touch| {
            contact(t).is_some_and(|c| c.stage == ContactStage::Opened && c.case_id == said.case_id)
        };
        let later = all[nth + 1..].iter();
        if said.case_id.is_empty() {
            // Until the next one is opened for the same reason.
            let same =
                |t: &&&Touch| contact(t).is_some_and(|c| c.case_id.is_empty() && c.reason == said.reason);
            let until = later.filter(same).take_while(|t| stage(t) != Some(ContactStage::Opened));
            cases.push(Case { opening, later: until.copied().collect() });
        } else if !all[..nth].iter().any(|t| opens_it(&t)) {
            let same = |t: &&&Touch| contact(t).is_some_and(|c| c.case_id == said.case_id);
            cases.push(Case { opening, later: later.filter(same).copied().collect() });
        }
    }
    cases
}

impl<'a> Naive<'a> {
    /// Everything that a customer adds to a measure of this part of the catalogue.
    pub fn after_purchase(&self, id: &str, all: &[&'a Touch]) -> Option<Vec<Count<'a>>> {
        Some(match id {
            "trial_conversion" => self.trials(all),
            "products_tried_per_visit" => self.tried(all),
            "first_reply" | "first_reply_p90" | "replied_within_1h" | "replied_within_4h"
            | "replied_within_8h" | "replied_within_24h" | "replied_within_48h" => {
                self.waits(all, ContactStage::FirstHumanReply)
            }
            "resolution" | "resolution_p90" => self.waits(all, ContactStage::Resolved),
            "care_within_target" => {
                let target = i64::from(self.params.care_target_minutes) * 60_000_000;
                let waits = self.waits(all, ContactStage::FirstHumanReply).into_iter();
                let within = |(wait, _, t, reply): Count<'a>| {
                    let reply = reply.filter(|_| wait <= target);
                    (i64::from(reply.is_some()), 1, t, reply)
                };
                waits.map(within).collect()
            }
            "first_contact_resolution" => self.resolutions(all),
            "cases_repeated_elsewhere" => self.repeated(all),
            "seamless_switches" => self.switches(all),
            "new_customers" | "acquisition_cost" => {
                let order = all.iter().find(|t| self.is_order(t)).filter(|t| self.plain.in_range(t));
                let won = order
                    .and_then(|_| all.iter().find(|t| Plain::is_own(t)))
                    .filter(|t| self.plain.has_place(t));
                won.map(|t| (i64::from(id == "new_customers"), 1, *t, order.copied())).into_iter().collect()
            }
            "upsell_acceptance" | "upsell_customers" => self.upsells(id, all),
            "upsell_revenue_share" | "upsell_order_value" | "plain_order_value" => self.upsold(id, all),
            "net_sales" => self.net(all),
            "nps" | "csat" | "csat_satisfied" | "ces" | "ces_easy" => {
                self.answered(id, all).into_iter().collect()
            }
            "advocates" => self.advocates(all),
            "returned_orders" | "returned_units" | "returned_value" => self.returned(id, all),
            "return_days" | "return_days_p90" | "returns_elsewhere" | "online_returned_in_store" => {
                self.back(id, all)
            }
            "orders_at_returns" => self.bought_at_returns(all),
            "units_sold" | "line_revenue" | "average_unit_price" | "discount_share" => self.lines(id, all),
            "receipts" => self.units(all).into_iter().map(|t| (1, 1, t, None)).collect(),
            "sales" => self.values(all),
            "credited_sales" | "assisted_sales" | "integration_index" => self.credited(id, all),
            "likes" | "shares" | "mentions" => {
                let kind = match id {
                    "likes" => SocialKind::Like,
                    "shares" => SocialKind::Share,
                    _ => SocialKind::Mention,
                };
                let is = |t: &&&Touch| match &t.details.activity {
                    Activity::SocialEngagement(social) => social.kind == kind && self.counts(t),
                    _ => false,
                };
                all.iter().filter(is).map(|t| (1, 1, *t, None)).collect()
            }
            "subscriptions" => {
                let joins = |t: &&&Touch| match &t.details.activity {
                    Activity::Subscription(s) => s.change == SubscriptionChange::Joined && self.counts(t),
                    _ => false,
                };
                all.iter().filter(joins).map(|t| (1, 1, *t, None)).collect()
            }
            _ => return None,
        })
    }

    fn trials(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut known = Vec::new();
        let mut counts: Vec<Count> = Vec::new();
        for &touch in all.iter().filter(|t| self.counts(t)) {
            let Activity::ProductTrial(trial) = &touch.details.activity else { continue };
            if trial.product_id.is_empty() || known.contains(&&trial.product_id) {
                continue;
            }
            known.push(&trial.product_id);
            let buys = |t: &&Touch| {
                self.is_order(t) && t.order().unwrap().lines.iter().any(|l| l.product_id == trial.product_id)
            };
            let bought = self.after(all, touch, self.window.days).into_iter().find(buys);
            counts.push((i64::from(bought.is_some()), 1, touch, bought));
        }
        counts
    }

    /// Whether a touchpoint names the visit of another.
    pub(super) fn names_visit(a: &Touch, b: &Touch) -> bool {
        a.details.visit_id.is_some() && a.details.visit_id == b.details.visit_id
    }

    fn same_visit(&self, a: &Touch, b: &Touch) -> bool {
        match (&a.details.visit_id, &b.details.visit_id) {
            (Some(a), Some(b)) => a == b,
            (None, None) => {
                self.plain.day(a.at) == self.plain.day(b.at)
                    && (a.channel, a.location) == (b.channel, b.location)
            }
            _ => false,
        }
    }

    fn tried(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let product = |t: &'a Touch| match &t.details.activity {
            Activity::ProductTrial(trial) => Some(trial.product_id.as_str()),
            _ => None,
        };
        let trials: Vec<&Touch> =
            all.iter().copied().filter(|t| product(t).is_some() && self.counts(t)).collect();
        let mut counts: Vec<Count> = Vec::new();
        for (nth, &first) in trials.iter().enumerate() {
            if trials[..nth].iter().any(|t| self.same_visit(t, first)) {
                continue;
            }
            let its = trials.iter().filter(|t| self.same_visit(t, first));
            let mut products: Vec<&str> = its.filter_map(|t| product(t)).collect();
            let nameless = products.iter().filter(|p| p.is_empty()).count();
            products.retain(|p| !p.is_empty());
            products.sort_unstable();
            products.dedup();
            counts.push(((products.len() + nameless) as i64, 1, first, None));
        }
        counts
    }

    /// The other touchpoint is what ended the wait; none: it never ended.
    fn waits(&self, all: &[&'a Touch], wanted: ContactStage) -> Vec<Count<'a>> {
        let wait = |case: Case<'a>| {
            let place = |s| case.later.iter().position(|t| stage(t) == Some(s));
            let (end, closed) = (place(wanted), place(ContactStage::Resolved));
            let end = end.filter(|end| closed.is_none_or(|closed| *end <= closed));
            let until = end.or(closed).map_or(self.plain.observed(), |nth| case.later[nth].at);
            (until - case.opening.at, 1, case.opening, end.map(|nth| case.later[nth]))
        };
        cases(all).into_iter().filter(|case| self.counts(case.opening)).map(wait).collect()
    }

    /// The first resolution of the case with that opening.
    pub fn resolved(&self, all: &[&'a Touch], opening: &Touch) -> Option<&'a Touch> {
        let case = cases(all).into_iter().find(|case| case.opening.number == opening.number)?;
        case.later.into_iter().find(|t| stage(t) == Some(ContactStage::Resolved))
    }

    fn resolutions(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let count = |case: Case<'a>| {
            let resolved = case.later.iter().position(|t| stage(t) == Some(ContactStage::Resolved))?;
            let at = case.later[resolved];
            let again = case.later[resolved..].iter().find(|t| {
                matches!(stage(t), Some(ContactStage::Opened | ContactStage::Reopened))
                    && self.within(self.window.days, at, t)
            });
            Some((i64::from(again.is_none()), 1, case.opening, Some(again.copied().unwrap_or(at))))
        };
        cases(all).into_iter().filter(|case| self.counts(case.opening)).filter_map(count).collect()
    }

    fn repeated(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let count = |case: Case<'a>| {
            let said = contact(case.opening).unwrap();
            let again = self.after(all, case.opening, self.window.days).into_iter().find(|t| {
                let asks = matches!(
                    stage(t),
                    Some(ContactStage::Opened | ContactStage::FollowUp | ContactStage::Reopened)
                );
                asks && t.channel != case.opening.channel
                    && contact(t).is_some_and(|c| {
                        (!said.case_id.is_empty() && c.case_id == said.case_id)
                            || (!said.reason.is_empty() && c.reason == said.reason)
                    })
            });
            (i64::from(again.is_some()), 1, case.opening, again)
        };
        cases(all).into_iter().filter(|case| self.counts(case.opening)).map(count).collect()
    }

    fn switches(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let about = |t: &Touch| match &t.details.activity {
            Activity::ProductView(view) => (view.product_id.clone(), view.category.clone()),
            Activity::Conversation(_) | Activity::Advice(_) => {
                (t.details.product.clone().unwrap_or_default(), String::new())
            }
            Activity::OfferShown(offer) => (offer.offer_id.clone(), String::new()),
            Activity::ProductTrial(trial) => (trial.product_id.clone(), String::new()),
            _ => Default::default(),
        };
        let mut counts: Vec<Count> = Vec::new();
        for &order in all.iter().filter(|t| self.is_order(t) && self.plain.in_range(t)) {
            let journey = self.journey(all, order);
            for nth in 1..journey.len() {
                let (from, to) = (journey[nth - 1], journey[nth]);
                if from.channel == to.channel || !self.plain.has_place(to) {
                    continue;
                }
                let same = |e: &&Touch| {
                    e.channel != to.channel
                        && e.activity_type() == to.activity_type()
                        && about(e) == about(to)
                };
                let again = about(to) != Default::default() && journey[..nth].iter().any(same);
                counts.push((i64::from(!again), 1, to, Some(from)));
            }
        }
        counts
    }

    fn upsells(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut counts: Vec<Count> = Vec::new();
        let mut known = Vec::new();
        for &touch in all.iter().filter(|t| self.counts(t)) {
            let Activity::OfferShown(shown) = &touch.details.activity else { continue };
            let is_more = shown.kind != OfferKind::Promotion && !shown.offer_id.is_empty();
            if !is_more || known.contains(&&shown.offer_id) {
                continue;
            }
            known.push(&shown.offer_id);
            let takes = |t: &&Touch| match &t.details.activity {
                Activity::OfferAccepted(offer) => offer.offer_id == shown.offer_id,
                Activity::Order(order) => order.offer_id == shown.offer_id && self.is_order(t),
                _ => false,
            };
            let taken = self.after(all, touch, self.window.days).into_iter().find(takes);
            counts.push((i64::from(taken.is_some()), 1, touch, taken));
        }
        if id == "upsell_customers" {
            let best = counts.iter().find(|count| count.0 > 0).or(counts.first());
            return best.copied().into_iter().collect();
        }
        counts
    }

    fn upsold(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let orders = all.iter().copied().filter(|t| self.is_order(t) && self.counts(t));
        let count = |t: &'a Touch| {
            let order = t.order().unwrap();
            let (worth, with) = (order.amount.minor, !order.offer_id.is_empty());
            match id {
                "upsell_revenue_share" => Some((if with { worth } else { 0 }, worth, t, None)),
                "upsell_order_value" => with.then_some((worth, 1, t, None)),
                _ => (!with).then_some((worth, 1, t, None)),
            }
        };
        orders.filter_map(count).collect()
    }

    /// The order that a return is of.
    pub(super) fn order_of(&self, all: &[&'a Touch], back: &Touch) -> Option<&'a Touch> {
        let named = &back.back().unwrap().order_id;
        let mut orders = all.iter().copied().filter(|t| self.is_order(t));
        match named.is_empty() {
            true => orders.rfind(|t| (t.at, t.number) < (back.at, back.number)),
            false => orders.find(|t| t.order().unwrap().order_id == *named),
        }
    }

    fn returned(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut counts: Vec<Count> = Vec::new();
        for &order in all.iter().filter(|t| self.is_order(t) && self.counts(t)) {
            let said = order.order().unwrap();
            let is_its = |t: &&&Touch| {
                t.back().is_some()
                    && t.at >= order.at
                    && self.within(self.window.days, order, t)
                    && self.order_of(all, t).is_some_and(|its| its.number == order.number)
            };
            let backs: Vec<&Touch> = all.iter().filter(is_its).copied().collect();
            let units = |lines: &[Line]| lines.iter().map(|l| l.quantity_milli).sum::<i64>();
            let first = backs.first().copied();
            match id {
                "returned_orders" => counts.push((i64::from(first.is_some()), 1, order, first)),
                "returned_units" if said.lines.is_empty() => {}
                "returned_units" => {
                    let part = backs.iter().map(|t| units(&t.back().unwrap().lines)).sum();
                    counts.push((part, units(&said.lines), order, first));
                }
                _ => {
                    let wanted = |money: Money| {
                        self.plain.scope.currency.is_none_or(|currency| currency == money.currency)
                    };
                    let amounts = backs.iter().map(|t| t.back().unwrap().amount);
                    let part = amounts.filter(|m| wanted(*m)).map(|m| m.minor).sum();
                    counts.push((part, said.amount.minor, order, first));
                }
            }
        }
        counts
    }

    fn back(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut counts: Vec<Count> = Vec::new();
        for &back in all.iter().filter(|t| t.back().is_some() && self.counts(t)) {
            let Some(order) = self.order_of(all, back).filter(|order| order.at <= back.at) else { continue };
            let online = |t: &Touch| Self::channel_medium(t) == Medium::Online;
            let part = match id {
                "return_days" | "return_days_p90" => back.at - order.at,
                "returns_elsewhere" => i64::from(back.channel != order.channel),
                _ if !online(order) => continue,
                _ => i64::from(!online(back)),
            };
            counts.push((part, 1, back, Some(order)));
        }
        counts
    }

    fn bought_at_returns(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let backs = all.iter().copied().filter(|t| t.back().is_some() && self.counts(t));
        let count = |back: &'a Touch| {
            let its = self.order_of(all, back).map(|order| order.number);
            let mut orders = all.iter().copied().filter(|t| self.is_order(t));
            let bought = orders.find(|t| Some(t.number) != its && self.same_visit(back, t));
            (i64::from(bought.is_some()), 1, back, bought)
        };
        backs.map(count).collect()
    }

    fn lines(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let wanted = |money: &Money| self.plain.scope.currency.is_none_or(|c| c == money.currency);
        let rounded = |minor: i64, milli: i64| (minor * milli + 500).div_euclid(1_000);
        let mut counts: Vec<Count> = Vec::new();
        for &touch in all.iter().filter(|t| self.is_order(t) && self.counts(t)) {
            for line in &touch.order().unwrap().lines {
                let revenue =
                    line.unit_price.filter(wanted).map(|price| rounded(price.minor, line.quantity_milli));
                let off = line.discount.or_else(|| {
                    let (list, price) = (line.list_price?, line.unit_price?);
                    let minor = rounded(list.minor - price.minor, line.quantity_milli);
                    (list.currency == price.currency).then_some(Money { minor, currency: list.currency })
                });
                let off = off.filter(|off| off.minor > 0 && wanted(off)).map(|off| off.minor);
                match id {
                    "units_sold" => counts.push((line.quantity_milli, 1, touch, None)),
                    "line_revenue" => counts.extend(revenue.map(|r| (r, 1, touch, None))),
                    "average_unit_price" => {
                        counts.extend(revenue.map(|r| (r * 1_000, line.quantity_milli, touch, None)));
                    }
                    _ => {
                        counts.extend(revenue.map(|r| (0, r, touch, None)));
                        counts.extend(off.map(|off| (off, off, touch, None)));
                    }
                }
            }
        }
        counts
    }

    fn credited(&self, id: &str, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let mut counts: Vec<Count> = Vec::new();
        for (worth, _, order, _) in self.values(all).into_iter().filter(|_| id == "integration_index") {
            counts.push((0, worth, order, None));
        }
        for (worth, _, order, _) in self.values_anywhere(all) {
            let touches = self.journey(all, order);
            if touches.is_empty() && id == "credited_sales" && self.plain.has_place(order) {
                counts.push((worth, 1, order, None));
            }
            let count = touches.len() as i64;
            for (nth, touch) in (0_i64..).zip(touches) {
                // The first ones get what is left over.
                let part = worth / count + i64::from(nth < worth % count);
                let elsewhere = match self.params.elsewhere {
                    Elsewhere::Channel => touch.channel != order.channel,
                    Elsewhere::Location => touch.location != order.location,
                };
                match id {
                    _ if !self.plain.has_place(touch) => {}
                    "credited_sales" => counts.push((part, 1, touch, Some(order))),
                    _ if !elsewhere => {}
                    "assisted_sales" => counts.push((part, 1, touch, Some(order))),
                    _ => counts.push((part, part, touch, Some(order))),
                }
            }
        }
        counts
    }
}
