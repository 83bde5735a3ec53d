//! Generated columns: ten touchpoints for each customer and 1.6 observations, over two years. What
//! touchpoints say beside their type (products, offers, stages, lines) is drawn apart, so that it
//! does not change the rest.

use customer360::kpi::facts::fact::{Amount, AnswerKind, Body, LineFact, Said, TouchType};
use customer360::kpi::shapes::cost::CostRate;
use customer360::kpi::{Dictionary, Fact, Identity, Scope, Tables};
use customer360::model::{ActivityType, Channel, Currency, Micros, TimeRange};
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

pub const DAY: i64 = 86_400_000_000;

/// Observations are dealt out to customers in pairs and single ones: 1.6 for each.
#[derive(Clone, Copy)]
pub struct Map;

impl Identity for Map {
    fn customer_of(&self, observation: u32, _at: i64) -> u32 {
        match (observation - 1) % 8 {
            5..=7 => observation - 4,
            _ => observation,
        }
    }

    fn is_registered(&self, customer: u32) -> bool {
        customer.is_multiple_of(2)
    }
}

/// All of it, in UTC.
pub fn utc() -> Scope {
    Scope::of(TimeRange { from: Micros(19_723 * DAY), until: Micros((19_723 + 731) * DAY) })
}

/// Observations of so many touchpoints.
pub fn observations(touchpoints: u32) -> u32 {
    (f64::from(touchpoints) / 10.0 * 1.6) as u32
}

pub const CHANNELS: [&str; 8] =
    ["web", "app", "store", "email", "call_centre", "marketplace", "social", "messaging"];

pub fn rates() -> Vec<CostRate> {
    let rate = |(n, channel): (usize, &&str)| CostRate {
        channel: (*channel).into(),
        activity_type: (n % 2 == 1).then_some(ActivityType::ServiceContact),
        currency: Currency::EUR,
        per_touch_micros: 10_000 * (n as i64 + 1),
        per_minute_micros: 500_000 + n as i64,
        from: Micros(0),
    };
    CHANNELS.iter().enumerate().chain([(1, &"web"), (2, &"app")]).map(rate).collect()
}

/// What touchpoints may be about, as items of the dictionary.
struct Subjects {
    products: Vec<u32>,
    offers: Vec<u32>,
    sources: Vec<u32>,
    reasons: Vec<u32>,
}

impl Subjects {
    fn new(dictionary: &mut Dictionary) -> Self {
        let mut items = |count: u32, name: &str, category: &dyn Fn(u32) -> String| -> Vec<u32> {
            (0..count).map(|n| dictionary.intern_item(&format!("{name} {n}"), &category(n))).collect()
        };
        Self {
            products: items(2_000, "product", &|n| format!("category {}", n % 20)),
            offers: items(50, "offer", &|_| String::new()),
            sources: items(30, "campaign", &|n| format!("source {}", n % 6)),
            reasons: items(3, "reason", &|_| String::new()),
        }
    }

    /// Every fourth order has a line or two, every twentieth answers an offer.
    fn said(&self, body: &Body, rng: &mut ChaCha8Rng) -> Said {
        let mut of = |items: &[u32]| *items.choose(rng).expect("there are items");
        let item = match body.touch_type() {
            TouchType::VISIT => of(&self.sources),
            TouchType::OFFER_SHOWN | TouchType::OFFER_ACCEPTED | TouchType::ORDER => of(&self.offers),
            TouchType::SERVICE_CONTACT => of(&self.reasons),
            TouchType::PRODUCT_VIEW | TouchType::PRODUCT_TRIAL => of(&self.products),
            TouchType::IMPRESSION | TouchType::AD_CLICK | TouchType::MESSAGE => 1 + of(&self.offers) % 30,
            _ => 0,
        };
        let choices = match body.touch_type() {
            TouchType::MESSAGE => 4,
            TouchType::OFFER_SHOWN | TouchType::OFFER_ACCEPTED => 3,
            TouchType::SERVICE_CONTACT => 5,
            _ => 1,
        };
        let said = Said { item, detail: rng.random_range(0..choices), ..Said::default() };
        match body {
            Body::Order { amount, .. } => {
                let item = if rng.random_bool(0.05) { item } else { 0 };
                let count = if rng.random_bool(0.25) { rng.random_range(1..=2) } else { 0 };
                let mut line = || LineFact {
                    item: *self.products.choose(rng).expect("there are products"),
                    quantity_milli: 1_000 * rng.random_range(1..=3),
                    price: Some(*amount),
                };
                Said { item, lines: (0..count).map(|_| line()).collect(), ..said }
            }
            _ => said,
        }
    }
}

/// The kinds of the touchpoints that are no others.
fn rest(n: u32) -> TouchType {
    let activity = match n {
        0..320 => ActivityType::ALL[n as usize % 14],
        320..350 => ActivityType::CartUpdated,
        350..360 => ActivityType::CheckoutStarted,
        360..380 => ActivityType::OfferAccepted,
        _ => ActivityType::Subscription,
    };
    TouchType::new(activity, None)
}

pub fn generate(count: u32) -> (Tables, Dictionary) {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let details = &mut ChaCha8Rng::seed_from_u64(3);
    let mut dictionary = Dictionary::default();
    let mut places = Vec::new();
    for channel in CHANNELS {
        assert!(Channel::parse(channel).is_some());
        for location in 0..40 {
            let location = (channel == "store").then(|| format!("store {location}"));
            places.push(dictionary.intern_place(channel, location.as_deref(), channel));
        }
    }
    let currency = dictionary.intern_currency(Currency::EUR).unwrap();
    let survey = dictionary.intern_survey("");
    let subjects = Subjects::new(&mut dictionary);
    let mut tables = Tables::default();
    let observations = observations(count);
    for number in 1..=count {
        // In order of arrival, two years long.
        let passed = (730.0 * f64::from(number) / f64::from(count) * DAY as f64) as i64;
        let at = 19_723 * DAY + passed + rng.random_range(0..DAY);
        let amount = Amount { minor: rng.random_range(100..20_000), currency };
        let body = match rng.random_range(0..1000) {
            0..120 => Body::Order { amount, order_key: u64::from(number) },
            // Which order came back is not said: the customer's last one.
            120..135 => Body::Return { amount, order_key: 0 },
            135..160 => {
                let kind = *[AnswerKind::Nps, AnswerKind::Csat, AnswerKind::Ces].choose(rng).unwrap();
                Body::Answer {
                    kind,
                    score: rng.random_range(if kind == AnswerKind::Nps { 0..=10 } else { 1..=5 }),
                    survey,
                }
            }
            160..230 => Body::Touch(TouchType::new(ActivityType::ServiceContact, None)),
            230..600 => Body::Touch(TouchType::new(ActivityType::Visit, None)),
            n => Body::Touch(rest(n - 600)),
        };
        let is_contact = body.touch_type().activity_type() == ActivityType::ServiceContact;
        let is_handled = is_contact || rng.random_bool(0.03);
        let seconds = if is_handled { rng.random_range(10..1_200) } else { 0 };
        tables.push(&Fact {
            number,
            observation: rng.random_range(1..=observations),
            at,
            place: *places.choose(rng).unwrap(),
            said: subjects.said(&body, details),
            body,
            seconds,
            cost: None,
            traits: Vec::new(),
            statement: None,
        });
    }
    (tables, dictionary)
}
