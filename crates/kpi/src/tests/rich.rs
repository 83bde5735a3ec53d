//! Worlds in which people are reached, visit, look, fill carts and buy.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::world::{Touch, World, order, random_scope};
use crate::engine::measure::{Elsewhere, Params, Research, Same, Step};
use crate::engine::records::Spend;
use crate::engine::records::{Counted, Crowd};
use crate::*;
use customer360_model::activity::{Activity, *};
use customer360_model::*;

const DAY: i64 = 86_400_000_000;

/// A world of the same people, times and places as [`World::random`], who do more.
pub fn rich(seed: u64) -> World {
    let mut world = World::random(seed);
    let rng = &mut ChaCha8Rng::seed_from_u64(seed + 77);
    for number in world.touches.len() as u32 + 1..=rng.random_range(0..150) {
        if let Some(touch) = world.touches.choose(rng).cloned() {
            let activity = random_activity(rng, number);
            let details = super::world::details(activity);
            world.touches.push(Touch { number, details, voided: false, ..touch });
        }
    }
    for touch in &mut world.touches {
        if rng.random_bool(0.75) {
            touch.details.activity = random_activity(rng, touch.number);
        }
        touch.channel = ["store", "web", "web", "app", "email", "xp-fair"].choose(rng).unwrap();
        touch.details.campaign =
            rng.random_bool(0.3).then(|| ["spring", "sale"].choose(rng).unwrap().to_string());
        // Much happens within a few days.
        if rng.random_bool(0.6) {
            let begin = super::world::at("2026-03-27T23:00:00Z").0;
            touch.at = begin + rng.random_range(0..14 * 24) * (DAY / 24);
        }
    }
    super::after::enrich(&mut world, seed);
    world
}

fn pick(rng: &mut ChaCha8Rng, names: &[&str]) -> String {
    (*names.choose(rng).unwrap()).to_owned()
}

fn line(rng: &mut ChaCha8Rng) -> Line {
    let product_id = pick(rng, &["shoe", "sock", "hat", ""]);
    let category = if product_id == "hat" { "head" } else { "feet" }.to_owned();
    let unit_price = Some(Money { minor: rng.random_range(1..500), currency: Currency::EUR });
    Line { product_id, category, quantity_milli: rng.random_range(1..4_000), unit_price, ..Line::default() }
}

fn random_activity(rng: &mut ChaCha8Rng, number: u32) -> Activity {
    let offer = |rng: &mut ChaCha8Rng| pick(rng, &["", "o1", "o1", "o2"]);
    let cart = |rng: &mut ChaCha8Rng| {
        let value = rng.random_bool(0.7).then(|| Money {
            minor: rng.random_range(0..9) * 100,
            currency: if rng.random_bool(0.8) { Currency::EUR } else { Currency::GBP },
        });
        Cart { cart_id: pick(rng, &["", "c1", "c2", "c3"]), lines: Vec::new(), value }
    };
    match rng.random_range(0..26) {
        0..5 => Activity::Visit(Visit {
            duration_seconds: rng.random_bool(0.7).then(|| rng.random_range(0..2_000)),
            pages: rng.random_bool(0.7).then(|| rng.random_range(0..4)),
            source_channel: pick(rng, &["", "search", "social"]),
            source_campaign: pick(rng, &["", "spring", "sale"]),
            ..Visit::default()
        }),
        5 => Activity::Impression(Impression { ad_id: pick(rng, &["", "a", "b"]), ..Impression::default() }),
        6 => Activity::AdClick(AdClick { ad_id: pick(rng, &["", "a", "b"]), ..AdClick::default() }),
        7..9 => {
            use MessageStatus::*;
            let status = *[Sent, Delivered, Opened, Clicked].choose(rng).unwrap();
            Activity::Message(Message { message_id: pick(rng, &["", "m"]), status, ..Message::default() })
        }
        9..11 => {
            let Line { product_id, category, .. } = line(rng);
            Activity::ProductView(ProductView { product_id, category, view_seconds: None })
        }
        11 => Activity::OfferShown(OfferShown { offer_id: offer(rng), ..OfferShown::default() }),
        12 => Activity::OfferAccepted(OfferAccepted { offer_id: offer(rng), ..OfferAccepted::default() }),
        13..15 => Activity::CartUpdated(cart(rng)),
        15 => Activity::CheckoutStarted(cart(rng)),
        16..19 => {
            let mut activity = order(&format!("r{number}"), rng.random_range(0..9) * 250);
            if let Activity::Order(order) = &mut activity {
                order.lines = (0..rng.random_range(0..4)).map(|_| line(rng)).collect();
                order.offer_id = offer(rng);
                if rng.random_bool(0.2) {
                    order.amount.currency = Currency::GBP;
                }
            }
            activity
        }
        19 => {
            use SocialKind::*;
            let kind = *[Like, Share, Follow, Unfollow].choose(rng).unwrap();
            let network = pick(rng, &["n1", "n2"]);
            Activity::SocialEngagement(SocialEngagement { kind, network, post_id: String::new() })
        }
        20 => Activity::ReviewWritten(ReviewWritten {
            product_id: pick(rng, &["", "shoe"]),
            rating: rng.random_bool(0.7).then(|| rng.random_range(1..=5)),
            sentiment: rng.random_bool(0.5).then(|| f64::from(rng.random_range(-100..=100)) / 100.0),
        }),
        21 => Activity::NoPurchase(NoPurchase { reason: pick(rng, &["", "size", "price"]) }),
        22 => Activity::Conversation(Conversation::default()),
        23..25 => {
            use SubscriptionChange::*;
            let programme = if rng.random_bool(0.8) {
                SubscriptionProgramme::Loyalty
            } else {
                SubscriptionProgramme::Newsletter
            };
            let change = *[Joined, Joined, Left, PointsEarned].choose(rng).unwrap();
            Activity::Subscription(Subscription { programme, change, points: None })
        }
        _ => Activity::Login(Login::default()),
    }
}

pub fn random_params(rng: &mut ChaCha8Rng) -> Params {
    let days = *[0, 1, 2, 7, 30].choose(rng).unwrap();
    let kind = match days {
        0 => WindowKind::Calendar,
        _ => *[WindowKind::Calendar, WindowKind::Elapsed].choose(rng).unwrap(),
    };
    let step = |activity, channel: Option<&str>| Step { activity, channel: channel.map(str::to_owned) };
    Params {
        window: rng.random_bool(0.8).then_some(Window { days, kind }),
        same_visit: rng.random_bool(0.2),
        orders: OrderOptions {
            cancelled: CancelledOrders::default(),
            unit: *[OrderUnit::Usual, OrderUnit::Order, OrderUnit::CustomerDay].choose(rng).unwrap(),
            min_amount_minor: 0,
            drop_fully_returned: rng.random_bool(0.2),
        },
        same: *[Same::Anything, Same::Category, Same::Product].choose(rng).unwrap(),
        research: *[Research::First, Research::Last, Research::Each].choose(rng).unwrap(),
        steps: match rng.random_range(0..3) {
            0 => crate::engine::params::STEPS.to_vec(),
            1 => vec![step(ActivityType::Visit, Some("web")), step(ActivityType::Order, None)],
            _ => vec![
                step(ActivityType::Visit, None),
                step(ActivityType::Visit, None),
                step(ActivityType::Order, None),
            ],
        },
        strict: rng.random_bool(0.3),
        recovery_days: *[3, 30].choose(rng).unwrap(),
        care_target_minutes: *[3 * 24 * 60, 20 * 24 * 60].choose(rng).unwrap(),
        elsewhere: *[Elsewhere::Channel, Elsewhere::Location].choose(rng).unwrap(),
        spend: random_spend(rng),
        counted: random_counts(rng),
        ..Params::default()
    }
}

fn random_spend(rng: &mut ChaCha8Rng) -> Vec<Spend> {
    let one = |rng: &mut ChaCha8Rng| {
        let from = super::world::at("2026-02-01T00:00:00Z").plus(rng.random_range(0..90) * DAY);
        Spend {
            channel: pick(rng, &["web", "store", "advertising"]),
            campaign: pick(rng, &["", "spring"]),
            interval: TimeRange { from, until: from.plus(rng.random_range(1..40 * DAY)) },
            amount: Money {
                minor: rng.random_range(0..100_000),
                currency: if rng.random_bool(0.8) { Currency::EUR } else { Currency::GBP },
            },
        }
    };
    (0..rng.random_range(0..4)).map(|_| one(rng)).collect()
}

fn random_counts(rng: &mut ChaCha8Rng) -> Vec<Counted> {
    let one = |rng: &mut ChaCha8Rng| {
        let from = super::world::at("2026-02-01T00:00:00Z").plus(rng.random_range(0..90) * DAY);
        let what = *[Crowd::Entries, Crowd::Entries, Crowd::Reach, Crowd::Followers].choose(rng).unwrap();
        let names: &[&str] = if what == Crowd::Entries {
            &["Rome 1", "Milan 2", "Turin 3"]
        } else {
            &["web", "store", "social"]
        };
        let length = if what == Crowd::Followers { 0 } else { rng.random_range(1..60 * DAY) };
        Counted {
            what,
            name: pick(rng, names),
            campaign: if what == Crowd::Reach { pick(rng, &["", "spring"]) } else { String::new() },
            interval: TimeRange { from, until: from.plus(length) },
            people: rng.random_range(0..1_000),
        }
    };
    (0..rng.random_range(0..8)).map(|_| one(rng)).collect()
}

pub fn scope(rng: &mut ChaCha8Rng) -> Scope {
    let mut scope = random_scope(rng);
    if rng.random_bool(0.7) {
        (scope.channels, scope.locations, scope.sources) = (Vec::new(), Vec::new(), Vec::new());
    }
    scope
}
