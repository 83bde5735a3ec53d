//! Small worlds for tests of the store: both databases, seeded histories, and a naive oracle.

#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::{BTreeMap, BTreeSet};

use customer360::clock;
use customer360::identity::constraints::{ConstraintNo, Sharing};
use customer360::identity::{OnConflict, Rules};
use customer360::model::activity::{
    Cancellation, Login, Order, Return, ServiceContact, SurveyAnswer, SurveyKind, Visit,
};
use customer360::model::{
    Activity, Channel, Currency, Details, Identifier, KindName, Micros, Money, Position, TenantName,
    TouchKey, Touchpoint, TraitWrite, Value,
};
use customer360::store::{Incoming, Mandate, Party, Proposal, Request, Settings, Store, StoreError, Tenant};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The databases to test, by name. PostgreSQL is named by an environment variable, which
/// `tests/run` sets: without it the tests fail rather than test half of it.
pub async fn databases(folder: &tempfile::TempDir) -> Vec<(&'static str, Store)> {
    let sqlite = format!("sqlite:{}", folder.path().join("world.db").display());
    let postgres = std::env::var("CUSTOMER360_TEST_POSTGRES")
        .expect("CUSTOMER360_TEST_POSTGRES names a PostgreSQL database; tests/run sets it");
    vec![("sqlite", open(&sqlite).await), ("postgres", open(&postgres).await)]
}

pub async fn open(url: &str) -> Store {
    Store::open(url, &Settings { connections: 4, ..Settings::default() }, clock::system()).await.unwrap()
}

/// The default rules, but nothing is blocked: the values of these worlds are numbers, 0 among them.
pub fn unblocked() -> Rules {
    Rules {
        blocked: Vec::new(),
        blocked_ignoring_case: Vec::new(),
        blocked_patterns: Default::default(),
        ..Rules::default()
    }
}

/// Rules under which nothing moves, with limits that few identifiers reach.
pub fn rules() -> Rules {
    let mut rules = unblocked();
    for rule in &mut rules.kinds {
        rule.on_conflict = OnConflict::Demote;
        rule.limit = rule.limit.min(if rule.priority == 3 { 3 } else { 5 });
        rule.ordinary = rule.ordinary.min(2);
        if !rule.registered {
            (rule.limit, rule.share_after) = (50, Some(4));
        }
    }
    rules
}

/// A tenant that no other test has, under [`rules`].
pub async fn tenant(store: &Store) -> Tenant {
    tenant_under(store, &rules()).await
}

/// The same under other rules.
pub async fn tenant_under(store: &Store, rules: &Rules) -> Tenant {
    named_tenant(store, rules).await.1
}

/// The same with its name.
pub async fn named_tenant(store: &Store, rules: &Rules) -> (TenantName, Tenant) {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let no = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("t{}-{}-{no}", std::process::id(), clock::system()().0);
    let name = TenantName::parse(&name).unwrap();
    let tenant = store.open_tenant_under(&name, rules).await.unwrap();
    (name, tenant)
}

/// How many random histories a law is tried on; `CUSTOMER360_TEST_CASES` asks for more.
pub fn cases(standard: u64) -> u64 {
    std::env::var("CUSTOMER360_TEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(standard)
}

pub fn identifier(text: &str) -> Identifier {
    let (kind, value) = text.split_once(':').unwrap();
    Identifier { kind: KindName::parse(kind).unwrap(), value: value.to_owned() }
}

/// A visit, seen at a second, with identifiers given as `KIND:value`.
pub fn touch(id: &str, second: i64, identifiers: &[&str]) -> Touchpoint {
    let mut identifiers: Vec<Identifier> = identifiers.iter().map(|text| identifier(text)).collect();
    identifiers.sort();
    identifiers.dedup();
    let activity = if identifiers.len() > 1 {
        Activity::Login(Login::default())
    } else {
        Activity::Visit(Visit::default())
    };
    Touchpoint {
        key: TouchKey { source: "test".into(), source_id: id.into() },
        at: Micros(1_700_000_000_000_000 + second * 1_000_000),
        channel: Channel::parse("web").unwrap(),
        identifiers,
        details: details(activity),
    }
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
        traits: vec![],
        attributes: BTreeMap::new(),
        blocked: vec![],
        unusable: Vec::new(),
    }
}

pub fn incoming(touchpoint: &Touchpoint) -> Incoming {
    Incoming::new(touchpoint.clone())
}

/// A touchpoint in one of its versions.
pub type Versioned = (Touchpoint, i64);

pub fn incoming_version((touchpoint, version): &Versioned) -> Incoming {
    incoming(touchpoint).with_version(*version)
}

/// A history in which touchpoints come in several versions, which may say another person and time.
pub fn versioned_history(seed: u64, touches: usize) -> Vec<Versioned> {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x7E57);
    let others = history(seed + 77, touches);
    let mut versioned = Vec::new();
    for (touch, other) in history(seed, touches).into_iter().zip(others) {
        for version in 0..[1, 1, 2, 3][random.random_range(0..4)] {
            let said = match random.random_range(0..3) {
                // The same people at the same time: something else was edited.
                0 => Touchpoint { details: details(Activity::Visit(Visit::default())), ..touch.clone() },
                _ if version == 0 => touch.clone(),
                1 => Touchpoint { key: touch.key.clone(), ..other.clone() },
                _ => Touchpoint { at: other.at, ..touch.clone() },
            };
            versioned.push((said, version * 3));
        }
    }
    versioned
}

/// What stands: of each key the highest version, unless that or a higher one was taken back.
pub fn standing(versioned: &[Versioned], taken_back: &BTreeMap<TouchKey, i64>) -> Vec<Touchpoint> {
    let mut highest: BTreeMap<&TouchKey, &Versioned> = BTreeMap::new();
    for one in versioned {
        let known = highest.entry(&one.0.key).or_insert(one);
        if known.1 < one.1 {
            *known = one;
        }
    }
    let stands = |one: &&&Versioned| taken_back.get(&one.0.key).is_none_or(|back| one.1 > *back);
    highest.values().filter(stands).map(|one| one.0.clone()).collect()
}

/// A history of a few people with few identifiers, so that they collide in every way.
pub fn history(seed: u64, touches: usize) -> Vec<Touchpoint> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let span = random.random_range(3..60);
    (0..touches)
        .map(|i| {
            let count = [1, 1, 2, 2, 2, 3, 4][random.random_range(0..7)];
            let names: Vec<String> = (0..count).map(|_| name(&mut random)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            touch(&format!("{i}"), random.random_range(0..span), &names)
        })
        .collect()
}

/// A history in which people also buy, return, answer, call and move house: food for the KPIs.
pub fn busy_history(seed: u64, touches: usize) -> Vec<Touchpoint> {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0xB0B);
    let money = |minor| Money { minor, currency: Currency::EUR };
    let mut busy = history(seed, touches);
    busy.push(touch("nobody", 7, &[]));
    for (i, t) in busy.iter_mut().enumerate() {
        // Over three years, with ties.
        t.at = Micros(1_700_000_000_000_000 + random.random_range(0..220_i64) * 5 * 86_400_000_000);
        t.channel = Channel::parse(["web", "store", "app"][random.random_range(0..3)]).unwrap();
        t.details.location = [None, Some("Rome".to_owned())][random.random_range(0..2)].clone();
        if random.random_range(0..4) == 0 {
            let city = Value::Text(["Rome", "Oslo"][random.random_range(0..2)].into());
            t.details.traits = vec![TraitWrite { name: "city".into(), value: city, if_absent: i % 2 == 0 }];
        }
        t.details.activity = match random.random_range(0..8) {
            0..3 => Activity::Order(Order {
                // Sometimes told again.
                order_id: match random.random_range(0..6) {
                    0 => format!("o{}", random.random_range(0..i + 1)),
                    _ => format!("o{i}"),
                },
                amount: money(random.random_range(0..9_000)),
                lines: vec![],
                fulfilment: Default::default(),
                mobile_pos: false,
                offer_id: String::new(),
                margin: None,
            }),
            3 => Activity::Return(Return {
                return_id: format!("r{i}"),
                order_id: [String::new(), format!("o{}", random.random_range(0..i + 1))][i % 2].clone(),
                amount: money(random.random_range(0..4_000)),
                lines: vec![],
                reason: String::new(),
            }),
            4 => Activity::SurveyAnswer(SurveyAnswer {
                kind: SurveyKind::Nps,
                score: random.random_range(0..=10),
                ..Default::default()
            }),
            5 => {
                t.details.handling_seconds = Some(random.random_range(0..900));
                t.details.cost = (i % 3 == 0).then(|| money(random.random_range(0..500)));
                Activity::ServiceContact(ServiceContact { case_id: format!("c{i}"), ..Default::default() })
            }
            6 if i % 2 == 0 => Activity::Cancellation(Cancellation {
                order_id: format!("o{}", random.random_range(0..i + 1)),
                amount: (i % 3 == 0).then(|| money(random.random_range(0..9_000))),
            }),
            _ => t.details.activity.clone(),
        };
        // Shops write refunds, and tills receipts, of nobody.
        if matches!(t.details.activity, Activity::Order(_) | Activity::Return(_) | Activity::Cancellation(_))
            && random.random_range(0..5) == 0
        {
            t.identifiers.clear();
        }
    }
    busy
}

fn name(random: &mut ChaCha8Rng) -> String {
    let (kind, values) = [
        ("ACCOUNT", 3),
        ("CRM_ID", 2),
        ("LOYALTY_CARD", 4),
        ("EMAIL", 5),
        ("DEVICE", 3),
        ("COOKIE", 6),
        ("COOKIE", 6),
    ][random.random_range(0..7)];
    format!("{kind}:{}", random.random_range(0..values))
}

pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for i in (1..items.len()).rev() {
        items.swap(i, random.random_range(0..=i));
    }
    let _ = random.next_u32();
}

/// Who is who: per identifier set that lives, the block it is in, as the set of sets in it; and
/// per identifier, the block that holds it.
#[derive(Debug, PartialEq, Eq)]
pub struct Map {
    pub blocks: BTreeSet<BTreeSet<Vec<Identifier>>>,
    pub holders: BTreeMap<Identifier, BTreeSet<Vec<Identifier>>>,
}

/// What a person decided and did not take back, by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    One(BTreeSet<Identifier>),
    Apart(BTreeSet<Identifier>, BTreeSet<Identifier>),
    Shared(Identifier),
    Personal(Identifier),
}
pub type Decisions = BTreeMap<i64, Said>;

/// A customer: what it holds, and its observations.
pub type Customer = (BTreeSet<Identifier>, BTreeSet<Vec<Identifier>>);

/// The definition's answer: the customers, for each set that made one of several what each of
/// those held just before, and what did not link.
pub struct Resolved {
    pub customers: Vec<Customer>,
    pub merges: Vec<(Vec<Identifier>, Vec<BTreeSet<Identifier>>)>,
    /// What did not link, and the set that it was seen in.
    pub dropped: BTreeSet<(Vec<Identifier>, Identifier)>,
}

impl Resolved {
    pub fn map(&self, touches: &[Touchpoint]) -> Map {
        let seen = |d: &Identifier| touches.iter().any(|t| t.identifiers.contains(d));
        let holders = self.customers.iter().flat_map(|(holds, members)| {
            holds.iter().filter(|d| seen(d)).map(|d| (d.clone(), members.clone()))
        });
        let seen_customers = self.customers.iter().filter(|(_, members)| !members.is_empty());
        Map {
            holders: holders.collect(),
            blocks: seen_customers.map(|(_, members)| members.clone()).collect(),
        }
    }
}

/// The map by the definition, where nobody decided anything.
pub fn oracle(rules: &Rules, touches: &[Touchpoint]) -> Map {
    resolve(rules, &Decisions::new(), touches).map(touches)
}

/// What must-links make one.
pub fn linked(decisions: &Decisions) -> Vec<BTreeSet<Identifier>> {
    let mut blocks: Vec<BTreeSet<Identifier>> = Vec::new();
    for said in decisions.values() {
        let Said::One(members) = said else { continue };
        let mut one = members.clone();
        blocks.retain(|block| {
            let apart = block.is_disjoint(&one);
            if !apart {
                one.extend(block.iter().cloned());
            }
            apart
        });
        blocks.push(one);
    }
    blocks
}

/// The cannot-links that one customer of these would break.
pub fn broken(decisions: &Decisions, union: &BTreeSet<Identifier>) -> Vec<Said> {
    let breaks = |said: &&Said| match said {
        Said::Apart(left, right) => !union.is_disjoint(left) && !union.is_disjoint(right),
        _ => false,
    };
    decisions.values().filter(breaks).cloned().collect()
}

/// How many people seem to use an identifier, and whether so many values that it does not matter: the
/// most groups of values of a registered kind other than its own, as one person ordinarily has.
fn people(rules: &Rules, sets: &[&Vec<Identifier>], d: &Identifier) -> (usize, bool) {
    let (mut most, mut crowded) = (0, false);
    for rule in rules.kinds.iter().filter(|rule| rule.registered && rule.kind != d.kind) {
        let mut groups: Vec<BTreeSet<&Identifier>> = Vec::new();
        for set in sets.iter().filter(|set| set.contains(d)) {
            let named: BTreeSet<&Identifier> = set.iter().filter(|other| other.kind == rule.kind).collect();
            if named.is_empty() {
                continue;
            }
            let (apart, together): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|group| group.is_disjoint(&named));
            groups = apart;
            groups.push(together.into_iter().flatten().chain(named).collect());
        }
        most = most.max(groups.len().div_ceil(rule.ordinary as usize));
        crowded |= groups.iter().map(BTreeSet::len).sum::<usize>() > 64;
    }
    (most, crowded)
}

/// What is shared, of all that is in the sets.
pub fn shared_by_claims(rules: &Rules, sets: &[&Vec<Identifier>]) -> BTreeSet<Identifier> {
    let all: BTreeSet<&Identifier> = sets.iter().copied().flatten().collect();
    let shared = |d: &&&Identifier| {
        let Some(limit) = rules.kind(&d.kind).unwrap().share_after else { return false };
        let (people, crowded) = people(rules, sets, d);
        people > limit as usize || crowded
    };
    all.iter().filter(shared).map(|d| (**d).clone()).collect()
}

/// What may be dropped for the first conflict that one customer of these would be, if there is one:
/// by what those hold who are named, and by what is kept. In this order: a limit that joining breaks,
/// registered ones not spoken for, another person on the same browser, a decision.
pub fn droppable(
    rules: &Rules,
    decisions: &Decisions,
    named: &[&BTreeSet<Identifier>],
    kept: &[Identifier],
) -> Option<Vec<Identifier>> {
    let rule = |d: &Identifier| rules.kind(&d.kind).unwrap();
    let is_free = |d: &Identifier| !named.iter().any(|holds| holds.contains(d));
    let count =
        |holds: &BTreeSet<Identifier>, kind: &KindName| holds.iter().filter(|d| d.kind == *kind).count();
    let held: BTreeSet<Identifier> = named.iter().copied().flatten().cloned().collect();
    let union: BTreeSet<Identifier> = held.iter().chain(kept).cloned().collect();
    let of = |customers: &[&BTreeSet<Identifier>], free: &dyn Fn(&Identifier) -> bool| {
        let part = |d: &&Identifier| match is_free(d) {
            true => free(d),
            false => customers.iter().any(|holds| holds.contains(d)),
        };
        Some(kept.iter().filter(part).cloned().collect::<Vec<Identifier>>())
    };
    let mut kinds: Vec<_> = rules.kinds.iter().collect();
    kinds.sort_by_key(|rule| rule.priority);
    for r in kinds {
        let most = named.iter().map(|holds| count(holds, &r.kind)).max().unwrap_or(0);
        if count(&union, &r.kind) > most.max(r.limit as usize) {
            let holding: Vec<_> = named.iter().copied().filter(|holds| count(holds, &r.kind) > 0).collect();
            return of(&holding, &|d| d.kind == r.kind);
        }
    }
    let registered: Vec<&BTreeSet<Identifier>> =
        named.iter().copied().filter(|holds| holds.iter().any(|d| rule(d).registered)).collect();
    let is_named =
        |holds: &BTreeSet<Identifier>| kept.iter().any(|d| holds.contains(d) && rule(d).joins_registered);
    if registered.len() > 1 && !registered.iter().all(|holds| is_named(holds)) {
        return of(&registered, &|_| false);
    }
    for holds in named {
        let another = |d: &Identifier| is_free(d) && rule(d).registered && count(holds, &d.kind) > 0;
        if kept.iter().any(another) && !is_named(holds) {
            return of(&[*holds], &|_| false);
        }
    }
    let Some(Said::Apart(left, right)) = broken(decisions, &union).into_iter().next() else { return None };
    let on_side = |d: &Identifier| left.contains(d) || right.contains(d);
    let by_held = !held.is_disjoint(&left) && !held.is_disjoint(&right);
    let sided: Vec<_> = named.iter().copied().filter(|holds| holds.iter().any(on_side)).collect();
    of(&sided, &|d| !by_held && on_side(d))
}

/// The definition, word by word, with nothing in it for speed.
pub fn resolve(rules: &Rules, decisions: &Decisions, touches: &[Touchpoint]) -> Resolved {
    let mut first: BTreeMap<Vec<Identifier>, Position> = BTreeMap::new();
    for t in touches.iter().filter(|t| !t.identifiers.is_empty()) {
        let position = first.entry(t.identifiers.clone()).or_insert_with(|| t.position());
        *position = position.clone().min(t.position());
    }
    let mut sets: Vec<(Position, Vec<Identifier>)> = first.into_iter().map(|(set, at)| (at, set)).collect();
    sets.sort();
    let rule = |d: &Identifier| rules.kind(&d.kind).unwrap();
    let by_claims = shared_by_claims(rules, &sets.iter().map(|(_, set)| set).collect::<Vec<_>>());
    let shared = |d: &Identifier| {
        for said in decisions.values() {
            match said {
                Said::One(members) if members.contains(d) => return false,
                Said::Shared(decided) if decided == d => return true,
                Said::Personal(decided) if decided == d => return false,
                _ => {}
            }
        }
        by_claims.contains(d)
    };
    // What was linked was, so to speak, seen before everything.
    let first_seen = |d: &Identifier| {
        let link = |said: &Said| matches!(said, Said::One(members) if members.contains(d));
        let link = decisions.iter().find(|(_, said)| link(said)).map(|(no, _)| *no);
        let seen = sets.iter().find(|(_, set)| set.contains(d)).filter(|_| link.is_none());
        (link.is_none(), link, seen.map(|(at, _)| at.clone()))
    };
    let mut customers: Vec<Customer> =
        linked(decisions).into_iter().map(|block| (block, BTreeSet::new())).collect();
    let (mut merges, mut dropped) = (Vec::new(), BTreeSet::new());
    for (_, set) in &sets {
        let mut kept: Vec<Identifier> = set.iter().filter(|d| !shared(d)).cloned().collect();
        let named = loop {
            let named: Vec<usize> =
                (0..customers.len()).filter(|&c| kept.iter().any(|d| customers[c].0.contains(d))).collect();
            let holds: Vec<&BTreeSet<Identifier>> = named.iter().map(|&c| &customers[c].0).collect();
            let Some(droppable) = droppable(rules, decisions, &holds, &kept) else { break named };
            let rank = |d: &&Identifier| (rule(d).priority, first_seen(d), d.value.clone());
            let weakest = droppable.iter().max_by_key(rank).expect("somebody is part of a conflict").clone();
            kept.retain(|d| *d != weakest);
            dropped.insert((set.clone(), weakest));
        };
        if named.len() > 1 {
            merges.push((set.clone(), named.iter().map(|&c| customers[c].0.clone()).collect()));
        }
        let mut one: Customer = (kept.into_iter().collect(), [set.clone()].into());
        for c in named.into_iter().rev() {
            let (holds, members) = customers.remove(c);
            one.0.extend(holds);
            one.1.extend(members);
        }
        customers.push(one);
    }
    Resolved { customers, merges, dropped }
}

/// What the store says, asked identifier by identifier and customer by customer.
pub async fn stored_map(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) -> Map {
    let mut block_of: BTreeMap<i64, BTreeSet<Vec<Identifier>>> = BTreeMap::new();
    for t in touches.iter().filter(|t| !t.identifiers.is_empty()) {
        let (_, found) = store.touchpoint(tenant.key, &t.key).await.unwrap();
        let found = found.expect("a recorded touchpoint is found");
        assert_eq!(found.touchpoint.identifiers, t.identifiers);
        block_of.entry(found.customer.unwrap().0).or_default().insert(t.identifiers.clone());
    }
    let mut all: Vec<Identifier> = touches.iter().flat_map(|t| t.identifiers.clone()).collect();
    all.sort();
    all.dedup();
    let (_, resolved) = store.identifiers(tenant.key, &tenant.rules, &all).await.unwrap();
    let mut holders = BTreeMap::new();
    for (identifier, resolved) in all.into_iter().zip(resolved) {
        if let Some(holder) = resolved.and_then(|r| r.stored.holder) {
            holders.insert(identifier, block_of.get(&holder.0).cloned().unwrap_or_default());
        }
    }
    Map { blocks: block_of.into_values().collect(), holders }
}

/// A decision at random; one that is refused changes nothing.
pub async fn decide(store: &Store, tenant: &Tenant, random: &mut ChaCha8Rng, touches: &[Touchpoint]) {
    let mut one = || {
        let named: Vec<_> = touches.iter().flat_map(|t| &t.identifiers).collect();
        named[random.random_range(0..named.len())].clone()
    };
    let (left, right) = (one(), one());
    let party = |identifier: &Identifier| Party::Identifiers(vec![identifier.clone()]);
    let proposal = match random.random_range(0..6) {
        0 | 1 => Proposal::Link(vec![party(&left), party(&right)]),
        2 => Proposal::Unlink(party(&left), party(&right)),
        3 => Proposal::Share(left, Sharing::Shared),
        4 => Proposal::Share(left, Sharing::Personal),
        _ => Proposal::Retract(ConstraintNo(random.random_range(1..4))),
    };
    let request = Request { id: random.random_range(0..1_u64 << 60).to_string(), payload_hash: [0; 16] };
    let mandate =
        Mandate { author: "ada".into(), reason: "test".into(), principal: None, request, dry_run: false };
    match store.decide(tenant.key, &proposal, &mandate).await {
        Ok(_) | Err(StoreError::Refused(_)) => {}
        Err(other) => panic!("{other}"),
    }
}
