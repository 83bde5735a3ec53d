//! Small worlds of plain touchpoints, and the same worlds as snapshots.

use std::sync::Arc;

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashSet;

use crate::ground::calendar;
use crate::*;
use customer360_model::activity::{Activity, *};
use customer360_model::*;

/// A touchpoint as an oracle reads it: nothing interned, nothing sorted.
#[derive(Debug, Clone)]
pub struct Touch {
    pub number: u32,
    /// 0: unidentified.
    pub observation: u32,
    pub at: i64,
    pub channel: &'static str,
    pub location: Option<&'static str>,
    pub source: &'static str,
    pub details: Details,
    pub voided: bool,
}

impl Touch {
    pub fn activity_type(&self) -> ActivityType {
        self.details.activity.activity_type()
    }

    pub fn order(&self) -> Option<&Order> {
        if let Activity::Order(order) = &self.details.activity { Some(order) } else { None }
    }

    pub fn back(&self) -> Option<&Return> {
        if let Activity::Return(back) = &self.details.activity { Some(back) } else { None }
    }
}

/// All touchpoints of a tenant and who is who.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub touches: Vec<Touch>,
    /// Observation to customer: the least observation of a block.
    pub map: Vec<u32>,
    /// By observation; a customer is registered if one of theirs is.
    pub registered: Vec<bool>,
}

pub fn at(text: &str) -> Micros {
    Micros::parse(text).unwrap()
}

pub fn details(activity: Activity) -> Details {
    Details {
        activity,
        visit_id: None,
        location: None,
        campaign: None,
        product: None,
        cost: None,
        handling_seconds: None,
        traits: Vec::new(),
        attributes: std::collections::BTreeMap::default(),
        blocked: Vec::new(),
        unusable: Vec::new(),
    }
}

pub fn order(order_id: &str, minor: i64) -> Activity {
    Activity::Order(Order {
        order_id: order_id.into(),
        amount: Money { minor, currency: Currency::EUR },
        lines: Vec::new(),
        fulfilment: Fulfilment::default(),
        mobile_pos: false,
        offer_id: String::new(),
        margin: None,
    })
}

pub fn back(order_id: &str, minor: i64) -> Activity {
    Activity::Return(Return {
        return_id: String::new(),
        order_id: order_id.into(),
        amount: Money { minor, currency: Currency::EUR },
        lines: Vec::new(),
        reason: String::new(),
    })
}

pub fn survey(kind: SurveyKind, score: u8) -> Activity {
    Activity::SurveyAnswer(SurveyAnswer { kind, score, survey_id: String::new() })
}

impl World {
    /// A world of people who are known by one observation each.
    pub fn of_people(count: u32) -> Self {
        Self { touches: Vec::new(), map: (0..=count).collect(), registered: vec![true; count as usize + 1] }
    }

    /// Adds a touchpoint on the web from the shop.
    pub fn add(&mut self, observation: u32, at: Micros, activity: Activity) -> &mut Touch {
        self.touches.push(Touch {
            number: self.touches.len() as u32 + 1,
            observation,
            at: at.0,
            channel: "web",
            location: None,
            source: "shop",
            details: details(activity),
            voided: false,
        });
        self.touches.last_mut().unwrap()
    }

    /// Around the change of the clock in Rome on 2026-03-29: ties, midnights, two currencies,
    /// merged, anonymous and unidentified people, returns, voids.
    pub fn random(seed: u64) -> Self {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let people = rng.random_range(1..=10_u32);
        let mut map: Vec<u32> = (0..=people).collect();
        for observation in 2..=people as usize {
            if rng.random_bool(0.3) {
                map[observation] = map[rng.random_range(1..observation)];
            }
        }
        let registered = (0..=people).map(|_| rng.random_bool(0.4)).collect();
        let mut world = Self { touches: Vec::new(), map, registered };
        for number in 1..=rng.random_range(0..90_u32) {
            let touch = random_touch(rng, number, people);
            world.touches.push(touch);
        }
        world
    }

    pub fn customer(&self, touch: &Touch) -> u32 {
        self.map[touch.observation as usize]
    }

    pub fn is_registered(&self, customer: u32) -> bool {
        (1..self.map.len()).any(|o| self.map[o] == customer && self.registered[o])
    }

    pub fn customers(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.living().map(|touch| self.customer(touch)).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().filter(|&customer| customer > 0).collect()
    }

    pub fn living(&self) -> impl Iterator<Item = &Touch> {
        self.touches.iter().filter(|touch| !touch.voided)
    }

    /// What a customer did, in order of time. Customer 0 is nobody.
    pub fn of(&self, customer: u32) -> Vec<&Touch> {
        let mut touches: Vec<&Touch> = self.living().filter(|t| self.customer(t) == customer).collect();
        touches.sort_by_key(|touch| (touch.at, touch.number));
        touches
    }

    /// The customer's value of a trait, by the rule in words: the latest plain write, else the
    /// earliest that fills a gap; sources are trusted alike. What was taken back is as if it had not
    /// been said, and of each source only the first and the last write that fills a gap count.
    pub fn trait_of(&self, customer: u32, name: &str) -> Option<String> {
        let mut writes: Vec<(i64, &str, u32, &TraitWrite)> = Vec::new();
        for touch in self.of(customer) {
            for write in touch.details.traits.iter().filter(|write| write.name == name) {
                writes.push((touch.at, touch.source, touch.number, write));
            }
        }
        writes.sort_by_key(|&(at, source, number, _)| (at, source, number));
        if let Some(unset) = writes.iter().rposition(|(.., write)| write.value == Value::Unset) {
            return after_unset(&writes, unset);
        }
        let plain = writes.iter().rev().find(|(.., write)| !write.if_absent);
        plain.or_else(|| writes.first()).map(|(.., write)| write.value.to_string())
    }

    /// The world as one segment.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_in_pieces(1, 0)
    }

    /// The world in several segments, with dead customers left behind in each.
    pub fn snapshot_in_pieces(&self, pieces: usize, seed: u64) -> Snapshot {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut dictionary = Dictionary::default();
        let (mut nobody, mut voided) = (Tables::default(), Vec::new());
        let mut facts = vec![Tables::default(); pieces];
        let customer_piece: Vec<usize> = self.map.iter().map(|_| rng.random_range(0..pieces)).collect();
        for touch in &self.touches {
            let observation = (touch.observation > 0).then_some(ObservationNo(touch.observation.into()));
            let channel = Channel::parse(touch.channel).unwrap();
            let mut details = touch.details.clone();
            details.location = touch.location.map(str::to_owned);
            let number = TouchpointNo(touch.number.into());
            let at = Micros(touch.at);
            let fact =
                Fact::of(number, observation, at, &channel, touch.source, &details, &mut dictionary).unwrap();
            if touch.voided {
                let (place, touch_type) = (fact.place, fact.body.touch_type());
                voided.push(Voided { at: fact.at, place, touch_type });
            } else if touch.observation == 0 {
                nobody.push(&fact);
            } else {
                facts[customer_piece[self.customer(touch) as usize]].push(&fact);
            }
        }
        let (none, trust) = (FxHashSet::default(), Trust::of(&dictionary, &[]));
        let mut segments = Vec::new();
        for tables in &facts {
            // A customer that moved away has dead rows in the segment before.
            let segment = Segment::gather(&[Source::New(tables)], self, &none, &trust);
            let live = Live::new(segment);
            if pieces == 1 {
                segments.push(live);
                continue;
            }
            let moved: Vec<u32> =
                (0..live.segment.customers.len() as u32).filter(|_| rng.random_bool(0.4)).collect();
            let source = Source::Customers(&live.segment, &moved);
            segments.push(Live::new(Segment::gather(&[source], self, &none, &trust)));
            segments.push(live.without(moved.iter().copied()));
        }
        Snapshot {
            revision: Revision(7),
            segments,
            unidentified: vec![Arc::new(Tables::joined(&[&nobody], &none))],
            dictionary: Arc::new(dictionary),
            voided: Arc::new(voided),
            ..Snapshot::default()
        }
    }
}

impl Identity for World {
    fn customer_of(&self, observation: u32, _at: i64) -> u32 {
        self.map[observation as usize]
    }

    fn is_registered(&self, customer: u32) -> bool {
        World::is_registered(self, customer)
    }
}

/// See [`World::trait_of`].
fn after_unset(writes: &[(i64, &str, u32, &TraitWrite)], unset: usize) -> Option<String> {
    let later = &writes[unset + 1..];
    if let Some((.., write)) = later.iter().rev().find(|(.., write)| !write.if_absent) {
        return Some(write.value.to_string());
    }
    let first_or_last = |&(place, (_, source, ..)): &(usize, &(i64, &str, u32, &TraitWrite))| {
        let mut fills = writes.iter().enumerate().filter(|(_, w)| w.1 == *source && w.3.if_absent);
        let first = fills.next().map(|(place, _)| place);
        [first, fills.next_back().map(|(place, _)| place)].contains(&Some(place))
    };
    let mut fills = writes.iter().enumerate().skip(unset + 1).filter(first_or_last);
    fills.next().map(|(_, (.., write))| write.value.to_string())
}

fn random_touch(rng: &mut ChaCha8Rng, number: u32, people: u32) -> Touch {
    let observation = if rng.random_bool(0.12) { 0 } else { rng.random_range(1..=people) };
    let mut details = details(random_activity(rng, number));
    if rng.random_bool(0.2) {
        details.handling_seconds = Some(rng.random_range(0..900));
    }
    if rng.random_bool(0.1) {
        details.cost = Some(Money { minor: rng.random_range(0..500), currency: random_currency(rng) });
    }
    if rng.random_bool(0.15) {
        let value = Value::Text((*["Rome", "Milan", "Pisa"].choose(rng).unwrap()).into());
        let mut write = TraitWrite { name: "city".into(), value, if_absent: rng.random_bool(0.3) };
        if number.is_multiple_of(7) {
            write = TraitWrite { value: Value::Unset, if_absent: false, ..write };
        }
        details.traits.push(write);
    }
    Touch {
        number,
        observation,
        at: random_instant(rng),
        channel: ["store", "web", "app"].choose(rng).unwrap(),
        location: *[None, Some("Rome 1"), Some("Milan 2")].choose(rng).unwrap(),
        source: ["till", "shop", "crm"].choose(rng).unwrap(),
        details,
        voided: rng.random_bool(0.05),
    }
}

/// 2026-02-20 to 2026-05-20, often at a full local hour or midnight.
fn random_instant(rng: &mut ChaCha8Rng) -> i64 {
    let hour = at("2026-02-19T23:00:00Z").0 + rng.random_range(0..90 * 24) * 3_600_000_000;
    match rng.random_range(0..3) {
        0 => hour,
        1 => hour - hour.rem_euclid(24 * 3_600_000_000) + *[22, 23].choose(rng).unwrap() * 3_600_000_000,
        _ => hour + rng.random_range(0..3_600_000_000),
    }
}

fn random_currency(rng: &mut ChaCha8Rng) -> Currency {
    if rng.random_bool(0.85) { Currency::EUR } else { Currency::GBP }
}

fn random_activity(rng: &mut ChaCha8Rng, number: u32) -> Activity {
    match rng.random_range(0..10) {
        0..4 => {
            let mut activity = order(&format!("o{number}"), rng.random_range(0..6) * 500);
            if let Activity::Order(order) = &mut activity {
                order.amount.currency = random_currency(rng);
            }
            activity
        }
        4 => {
            let id = rng.random_bool(0.7).then(|| format!("o{}", rng.random_range(1..=number)));
            let mut activity = back(&id.unwrap_or_default(), rng.random_range(0..4) * 1000);
            if let Activity::Return(back) = &mut activity {
                back.amount.currency = random_currency(rng);
            }
            activity
        }
        5..7 => {
            let kind = *[SurveyKind::Nps, SurveyKind::Csat, SurveyKind::Ces].choose(rng).unwrap();
            let score = match kind {
                SurveyKind::Nps => rng.random_range(0..=10),
                SurveyKind::Csat => rng.random_range(1..=5),
                SurveyKind::Ces => rng.random_range(1..=7),
            };
            let survey_id = if rng.random_bool(0.5) { "spring".into() } else { String::new() };
            Activity::SurveyAnswer(SurveyAnswer { kind, score, survey_id })
        }
        7 => Activity::ServiceContact(ServiceContact::default()),
        8 => Activity::Custom(Custom {
            name: "x".into(),
            phase: rng.random_bool(0.5).then_some(Phase::Loyalty),
        }),
        _ => Activity::Visit(Visit::default()),
    }
}

/// A scope of a range that was observed to its end, and no longer.
pub fn closed(range: TimeRange) -> Scope {
    Scope { observed_until: Some(range.until), ..Scope::of(range) }
}

/// The questions' common part, at random; around the change of the clock.
pub fn random_scope(rng: &mut ChaCha8Rng) -> Scope {
    let mut bounds = [random_instant(rng), random_instant(rng), random_instant(rng)];
    bounds.sort_unstable();
    let range = TimeRange { from: Micros(bounds[0]), until: Micros(bounds[1]) };
    let mut scope = Scope::of(range);
    scope.observed_until = match rng.random_range(0..4) {
        0 => None,
        1 => Some(Micros(bounds[0].midpoint(bounds[1]))),
        _ => Some(Micros(bounds[2])),
    };
    scope.zone =
        calendar::Zone::named(["UTC", "Europe/Rome", "America/New_York"].choose(rng).unwrap()).unwrap();
    scope.week_start = *[Weekday::Monday, Weekday::Sunday].choose(rng).unwrap();
    if rng.random_bool(0.3) {
        scope.channels = vec!["web".into(), "app".into()];
    }
    if rng.random_bool(0.15) {
        scope.locations = vec!["Rome 1".into()];
    }
    if rng.random_bool(0.15) {
        scope.sources = vec!["till".into(), "crm".into()];
    }
    if rng.random_bool(0.25) {
        scope.customer_kind = Some(*[CustomerKind::Anonymous, CustomerKind::Registered].choose(rng).unwrap());
    }
    if rng.random_bool(0.15) {
        scope.segment = Some(("city".into(), Value::Text("Rome".into())));
    }
    if rng.random_bool(0.4) {
        scope.currency = Some(random_currency(rng));
    }
    scope
}

pub fn random_group_by(rng: &mut ChaCha8Rng) -> Option<GroupBy> {
    match rng.random_range(0..9) {
        0 => Some(GroupBy::Channel),
        1 => Some(GroupBy::Location),
        2 => Some(GroupBy::AcquisitionMonth),
        3 => Some(GroupBy::AcquisitionChannel),
        4 => Some(GroupBy::CustomerKind),
        5 => Some(GroupBy::Trait("city".into())),
        _ => None,
    }
}

pub fn random_orders(rng: &mut ChaCha8Rng) -> OrderOptions {
    OrderOptions {
        cancelled: CancelledOrders::default(),
        unit: *[OrderUnit::Usual, OrderUnit::Order, OrderUnit::CustomerDay].choose(rng).unwrap(),
        min_amount_minor: if rng.random_bool(0.2) { 1000 } else { 0 },
        drop_fully_returned: rng.random_bool(0.3),
    }
}
