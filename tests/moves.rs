//! Identifiers that move, on seeded random histories, on both databases, against a naive oracle.

mod worlds;

use std::collections::{BTreeMap, BTreeSet};

use customer360::identity::{History, OnConflict, Rules};
use customer360::model::activity::Logout;
use customer360::model::{Activity, Identifier, Micros, ObservationNo, Position, Touchpoint};
use customer360::store::{By, Filter, Page, Promotion, Request, Store, Tenant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{cases, databases, incoming, shuffle, tenant_under, touch};

/// Rules under which cookies follow the session, devices the latest login, and e-mails the latest
/// account; of some seeds any kind but accounts moves, and any kind joins or does not.
fn rules(seed: u64) -> Rules {
    let mut rules = worlds::rules();
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x4A11);
    for rule in &mut rules.kinds {
        rule.on_conflict = match (rule.kind.as_str(), seed % 3) {
            ("COOKIE", 0 | 1) => OnConflict::Move(History::Session),
            ("COOKIE", _) | ("DEVICE", 1 | 2) => OnConflict::Move(History::Whole),
            ("EMAIL", 2) => OnConflict::Move(History::Session),
            _ => OnConflict::Demote,
        };
        if seed.is_multiple_of(2) && rule.kind.as_str() == "COOKIE" {
            rule.limit = 3;
        }
        if seed.is_multiple_of(5) {
            rule.share_after = None;
        }
        if seed % 4 == 3 {
            rule.joins_registered = random.random_range(0..2) == 0;
            if rule.priority > 1 {
                let histories = [History::Session, History::Whole].map(OnConflict::Move);
                rule.on_conflict =
                    [histories[0], histories[1], OnConflict::Demote][random.random_range(0..3)];
            }
        }
    }
    rules
}

/// Logins, visits and logouts on a few browsers of a few people.
fn history(seed: u64, touches: usize) -> Vec<Touchpoint> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let span = random.random_range(3..60);
    let mut history = Vec::new();
    for i in 0..touches {
        let one = |random: &mut ChaCha8Rng, kind: &str, n| format!("{kind}:{}", random.random_range(0..n));
        let mut names = vec![one(&mut random, "COOKIE", 3)];
        let shape = random.random_range(0..10);
        if shape >= 5 {
            names.push(one(&mut random, "ACCOUNT", 3));
        }
        if shape == 8 || shape == 3 {
            names.push(one(&mut random, "DEVICE", 2));
        }
        if shape == 9 || shape == 4 {
            names.push(one(&mut random, "EMAIL", 3));
        }
        if shape == 2 {
            names.push(one(&mut random, "LOYALTY_CARD", 2));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut t = touch(&format!("{i}"), random.random_range(0..span), &names);
        if random.random_range(0..7) == 0 {
            t.details.activity = Activity::Logout(Logout {});
        }
        history.push(t);
    }
    history
}

/// Who is who, by touches: the touches of each customer, and per identifier those of its holder.
#[derive(Debug, Default, PartialEq, Eq)]
struct Map {
    customers: BTreeSet<BTreeSet<String>>,
    holders: BTreeMap<Identifier, BTreeSet<String>>,
}

#[derive(Default)]
struct Customer {
    holds: BTreeSet<Identifier>,
    became: Option<usize>,
    /// A logout made it, or one of those that it absorbed: it is somebody even without a touch.
    released: bool,
}

/// The definition, touch by touch.
struct Oracle<'a> {
    rules: &'a Rules,
    customers: Vec<Customer>,
    first_seen: BTreeMap<Identifier, Position>,
    shared: BTreeSet<Identifier>,
    /// Who held what moves: from when, who, whether by a logout.
    owners: BTreeMap<Identifier, Vec<(Micros, usize, bool)>>,
}

impl Oracle<'_> {
    fn find(&self, mut customer: usize) -> usize {
        while let Some(next) = self.customers[customer].became {
            customer = next;
        }
        customer
    }

    fn holder(&self, d: &Identifier) -> Option<usize> {
        (0..self.customers.len())
            .find(|&c| self.customers[c].became.is_none() && self.customers[c].holds.contains(d))
    }

    fn history(&self, d: &Identifier) -> Option<History> {
        match self.rules.kind(&d.kind).unwrap().on_conflict {
            OnConflict::Move(history) => Some(history),
            OnConflict::Demote => None,
        }
    }

    /// What may be dropped if those became one; none: they may.
    fn droppable(&self, kept: &[Identifier]) -> Option<Vec<Identifier>> {
        let named: BTreeSet<usize> = kept.iter().filter_map(|d| self.holder(d)).collect();
        let holds: Vec<&BTreeSet<Identifier>> = named.iter().map(|&c| &self.customers[c].holds).collect();
        worlds::droppable(self.rules, &worlds::Decisions::new(), &holds, kept)
    }

    fn take(&mut self, d: &Identifier, customer: usize, at: Micros) {
        let Some(from) = self.holder(d).filter(|&from| from != customer) else { return };
        let kind_limit = self.rules.kind(&d.kind).unwrap().limit as usize;
        let has = self.customers[customer].holds.iter().filter(|h| h.kind == d.kind).count();
        if self.history(d).is_some() && has < kind_limit {
            self.customers[from].holds.remove(d);
            self.customers[customer].holds.insert(d.clone());
            self.owners.get_mut(d).unwrap().push((at, customer, false));
        }
    }

    fn join(&mut self, customers: &BTreeSet<usize>) -> usize {
        let one = *customers.first().unwrap();
        for &other in customers.iter().skip(1) {
            let holds = std::mem::take(&mut self.customers[other].holds);
            self.customers[one].holds.extend(holds);
            self.customers[other].became = Some(one);
            self.customers[one].released |= self.customers[other].released;
        }
        one
    }

    fn first_touch(&mut self, linking: &[Identifier], at: Micros) -> usize {
        let (mut kept, mut dropped) = (linking.to_vec(), Vec::new());
        while let Some(droppable) = self.droppable(&kept) {
            let rank = |d: &&Identifier| {
                (self.rules.kind(&d.kind).unwrap().priority, self.first_seen[*d].clone(), d.value.clone())
            };
            let weakest = droppable.iter().max_by_key(rank).expect("somebody is part of a conflict").clone();
            kept.retain(|d| *d != weakest);
            dropped.push(weakest);
        }
        let named: BTreeSet<usize> = kept.iter().filter_map(|d| self.holder(d)).collect();
        let customer = if named.is_empty() {
            self.customers.push(Customer::default());
            self.customers.len() - 1
        } else {
            self.join(&named)
        };
        for d in kept {
            if self.customers[customer].holds.insert(d.clone()) && self.history(&d).is_some() {
                self.owners.entry(d).or_default().push((at, customer, false));
            }
        }
        dropped.iter().for_each(|d| self.take(d, customer, at));
        customer
    }

    fn later_touch(&mut self, linking: &[Identifier], customer: usize, at: Micros) {
        let moving: Vec<&Identifier> = linking.iter().filter(|d| self.history(d).is_some()).collect();
        for d in moving {
            let customer = self.find(customer);
            let Some(holder) = self.holder(d).filter(|&holder| holder != customer) else { continue };
            let mut named: Vec<Identifier> =
                linking.iter().filter(|d| self.holder(d) == Some(customer)).cloned().collect();
            let named_at_all = !named.is_empty();
            named.push(d.clone());
            if named_at_all && self.droppable(&named).is_none() {
                self.join(&[customer, holder].into());
            } else {
                self.take(d, customer, at);
            }
        }
    }

    fn release(&mut self, linking: &[Identifier], at: Micros) {
        for d in linking {
            let anonymous = !self.rules.kind(&d.kind).unwrap().registered;
            if let Some(from) = self.holder(d).filter(|_| anonymous && self.history(d).is_some()) {
                self.customers[from].holds.remove(d);
                self.customers.push(Customer { holds: [d.clone()].into(), became: None, released: true });
                self.owners.get_mut(d).unwrap().push((at, self.customers.len() - 1, true));
            }
        }
    }

    /// Whom a touch without company belongs to.
    fn owner(&self, linking: &[Identifier], at: Micros) -> Option<usize> {
        let rank = |d: &&Identifier| {
            (self.rules.kind(&d.kind).unwrap().priority, self.first_seen[*d].clone(), d.value.clone())
        };
        let strongest = linking.iter().min_by_key(rank)?;
        let owners = self.owners.get(strongest)?;
        let now = owners.iter().rposition(|(from, ..)| *from <= at)?;
        let now = match self.history(strongest)? {
            History::Session => now,
            History::Whole => {
                let release = (now + 1..owners.len()).find(|&i| owners[i].2);
                release.unwrap_or(owners.len()) - 1
            }
        };
        Some(owners[now].1)
    }
}

fn oracle(rules: &Rules, touches: &[Touchpoint]) -> Map {
    let mut in_order: Vec<&Touchpoint> = touches.iter().filter(|t| !t.identifiers.is_empty()).collect();
    in_order.sort_by_key(|t| t.position());
    let mut oracle = Oracle {
        rules,
        customers: vec![],
        first_seen: BTreeMap::new(),
        shared: BTreeSet::new(),
        owners: BTreeMap::new(),
    };
    for t in &in_order {
        for d in &t.identifiers {
            oracle.first_seen.entry(d.clone()).or_insert_with(|| t.position());
        }
    }
    let sets: Vec<&Vec<Identifier>> = in_order.iter().map(|t| &t.identifiers).collect();
    oracle.shared = worlds::shared_by_claims(rules, &sets);
    let mut seen: BTreeMap<&[Identifier], usize> = BTreeMap::new();
    let mut own = Vec::new();
    let mut later = Vec::new();
    for t in in_order {
        let linking: Vec<Identifier> =
            t.identifiers.iter().filter(|d| !oracle.shared.contains(*d)).cloned().collect();
        let moving = linking.iter().filter(|d| oracle.history(d).is_some()).count();
        let known = seen.get(t.identifiers.as_slice()).copied();
        let customer = known.unwrap_or_else(|| oracle.first_touch(&linking, t.at));
        seen.insert(&t.identifiers, customer);
        if known.is_some() && moving > 0 && moving < linking.len() {
            oracle.later_touch(&linking, customer, t.at);
        }
        if moving > 0 && moving == linking.len() {
            later.push((t, linking.clone(), customer));
        } else {
            own.push((t, customer));
        }
        if matches!(t.details.activity, Activity::Logout(_)) {
            oracle.release(&linking, t.at);
        }
    }
    own.extend(later.iter().map(|(t, linking, first)| (*t, oracle.owner(linking, t.at).unwrap_or(*first))));
    let mut by_customer: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (t, customer) in own {
        by_customer.entry(oracle.find(customer)).or_default().insert(t.key.source_id.clone());
    }
    let held = oracle.customers.iter().enumerate().flat_map(|(c, one)| one.holds.iter().map(move |d| (d, c)));
    Map {
        // What a customer holds of which everything moved is nobody's.
        holders: held
            .filter(|(_, c)| by_customer.contains_key(c) || oracle.customers[*c].released)
            .map(|(d, c)| (d.clone(), by_customer.get(&c).cloned().unwrap_or_default()))
            .collect(),
        customers: by_customer.into_values().collect(),
    }
}

/// What the store says, touch by touch; that views and lists say the same is asserted on the way.
async fn stored(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) -> Map {
    let mut by_customer: BTreeMap<ObservationNo, BTreeSet<String>> = BTreeMap::new();
    for t in touches.iter().filter(|t| !t.identifiers.is_empty()) {
        let (_, found) = store.touchpoint(tenant.key, &t.key).await.unwrap();
        let customer = found.expect("a recorded touchpoint is found").customer.unwrap();
        by_customer.entry(customer).or_default().insert(t.key.source_id.clone());
    }
    let keys: Vec<ObservationNo> = by_customer.keys().copied().collect();
    let (_, records) = store.customers(tenant.key, &tenant.rules, &keys).await.unwrap();
    for (key, record) in keys.iter().zip(records) {
        let record = record.expect("a customer with touches has a view");
        assert_eq!(record.customer, *key, "a customer's name leads to itself");
        assert_eq!(record.summary.touchpoints as usize, by_customer[key].len());
        let filter =
            Filter { range: customer360::model::TimeRange::ALL, activities: vec![], channels: vec![] };
        let page = Page { after: None, size: 1_000 };
        let listed = store.touchpoints(tenant.key, None, By::Customer(*key), &filter, page).await.unwrap();
        let listed: BTreeSet<String> =
            listed.entries.iter().map(|e| e.touchpoint.key.source_id.clone()).collect();
        assert_eq!(listed, by_customer[key], "a list shows what the view counts");
    }
    let mut all: Vec<Identifier> = touches.iter().flat_map(|t| t.identifiers.clone()).collect();
    all.sort();
    all.dedup();
    let (_, resolved) = store.identifiers(tenant.key, &tenant.rules, &all).await.unwrap();
    let mut map = Map::default();
    for (identifier, resolved) in all.into_iter().zip(resolved) {
        if let Some(holder) = resolved.and_then(|r| r.stored.holder) {
            map.holders.insert(identifier, by_customer.get(&holder).cloned().unwrap_or_default());
        }
    }
    map.customers = by_customer.into_values().collect();
    map
}

async fn record_in_batches(store: &Store, tenant: &Tenant, touches: &[Touchpoint], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut rest = touches;
    while !rest.is_empty() {
        let size = random.random_range(1..=rest.len().min(9));
        store.record(tenant.key, rest[..size].iter().map(incoming).collect()).await.unwrap();
        rest = &rest[size..];
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_order_and_any_batching_gives_what_the_definition_says() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(90) {
            let rules = rules(seed);
            let mut touches = history(seed, 3 + (seed as usize * 7) % 35);
            let tenant = tenant_under(&store, &rules).await;
            let expected = oracle(&rules, &touches);
            match seed % 4 {
                0 => touches.sort_by_key(|t| t.position()),
                1 => touches.sort_by_key(|t| std::cmp::Reverse(t.position())),
                _ => shuffle(&mut touches, seed),
            }
            record_in_batches(&store, &tenant, &touches, seed).await;
            assert_eq!(stored(&store, &tenant, &touches).await, expected, "{name}, seed {seed}");
        }
    }
}

/// Rules that are promoted over a history, there and back, leave what they would have made of it.
#[tokio::test(flavor = "multi_thread")]
async fn promoted_rules_move_what_they_would_have_moved() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(25) {
            let moving = rules(seed);
            let mut touches = history(seed, 3 + (seed as usize * 7) % 35);
            let mut tenant = tenant_under(&store, &worlds::rules()).await;
            shuffle(&mut touches, seed);
            let (early, late) = touches.split_at(touches.len() * 2 / 3);
            record_in_batches(&store, &tenant, early, seed).await;
            let mut promote = async |rules: &Rules, from_version, id: &str| {
                let promotion = Promotion {
                    rules: rules.clone(),
                    from_version,
                    author: "ada".into(),
                    reason: "test".into(),
                    principal: None,
                    request: Request { id: id.into(), payload_hash: [0; 16] },
                };
                store.promote(tenant.key, promotion).await.unwrap();
                tenant.rules = rules.clone().into();
                tenant.clone()
            };
            let there = promote(&moving, 1, "there").await;
            assert_eq!(stored(&store, &there, early).await, oracle(&moving, early), "{name}, seed {seed}");
            record_in_batches(&store, &there, late, seed).await;
            assert_eq!(
                stored(&store, &there, &touches).await,
                oracle(&moving, &touches),
                "{name}, seed {seed}"
            );
            let back = promote(&worlds::rules(), 2, "back").await;
            let expected = oracle(&worlds::rules(), &touches);
            assert_eq!(stored(&store, &back, &touches).await, expected, "{name}, seed {seed}: back");
            // What was recorded while things moved can be taken back when they do not.
            let (wrong, kept) = touches.split_at(touches.len() / 2);
            for touch in wrong {
                assert!(store.void(back.key, &touch.key, "test").await.unwrap().is_some());
            }
            let expected = oracle(&worlds::rules(), kept);
            assert_eq!(stored(&store, &back, kept).await, expected, "{name}, seed {seed}: taken back");
        }
    }
}

/// Under every mixture of kinds, with voids in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_voided_login_or_logout_never_was() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(60) {
            let rules = rules(seed);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let size = 4 + (seed as usize * 5) % 30;
            let mut touches = if seed % 4 < 3 { history(seed, size) } else { worlds::history(seed, size) };
            let tenant = tenant_under(&store, &rules).await;
            shuffle(&mut touches, seed);
            let (mut rest, mut kept) = (&touches[..], Vec::new());
            while !rest.is_empty() {
                let (batch, later) = rest.split_at(random.random_range(1..=rest.len().min(9)));
                store.record(tenant.key, batch.iter().map(incoming).collect()).await.unwrap();
                kept.extend(batch.iter().cloned());
                rest = later;
                while kept.len() > 1 && random.random_range(0..3) == 0 {
                    let wrong: Touchpoint = kept.swap_remove(random.random_range(0..kept.len()));
                    assert!(store.void(tenant.key, &wrong.key, "test").await.unwrap().is_some());
                }
                let expected = oracle(&rules, &kept);
                assert_eq!(stored(&store, &tenant, &kept).await, expected, "{name}, seed {seed}");
            }
        }
    }
}

/// A login that made one customer of two is a merge as any other; voided, it never was.
#[tokio::test(flavor = "multi_thread")]
async fn a_voided_login_that_joined_leaves_two() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let mut rules = Rules::default();
        for rule in &mut rules.kinds {
            rule.joins_registered = rule.kind.as_str() != "LOYALTY_CARD";
        }
        let tenant = tenant_under(&store, &rules).await;
        let touches = [
            touch("1", 1, &["LOYALTY_CARD:7"]),
            touch("2", 2, &["ACCOUNT:ada", "COOKIE:z"]),
            touch("3", 3, &["COOKIE:z", "LOYALTY_CARD:7"]),
            touch("4", 4, &["ACCOUNT:ada", "COOKIE:z"]),
        ];
        for t in &touches {
            store.record(tenant.key, vec![incoming(t)]).await.unwrap();
        }
        assert_eq!(stored(&store, &tenant, &touches).await.customers.len(), 1, "{name}");
        let listed = store.merges(tenant.key, &rules, None, 10).await.unwrap();
        assert!(listed.merges.iter().any(|merge| merge.stands), "{name}: the merge has an id");
        store.void(tenant.key, &touches[3].key, "test").await.unwrap();
        let left = stored(&store, &tenant, &touches[..3]).await;
        assert_eq!(left, oracle(&rules, &touches[..3]), "{name}");
        let apart = [["1", "3"].map(String::from).into(), ["2".to_owned()].into()];
        assert_eq!(left.customers, apart.into(), "{name}");
    }
}
