//! Everything at once: several writers record, send again, void, link, unlink, share, retract, undo
//! merges and promote rules, through stores with connections of their own; when they pause, the map
//! is what the naive oracle and a full rebuild say, and what a consumer of the feed holds.
//!
//! A few rounds are a test. `tests/soak MINUTES` goes on for as long as it is told to.

mod worlds;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use customer360::clock::stopwatch;
use customer360::identity::constraints::{ConstraintNo, Decision, Sharing};
use customer360::identity::feed::Event;
use customer360::identity::{History, OnConflict, Rules};
use customer360::model::activity::Logout;
use customer360::model::{Activity, Identifier, ObservationNo, Revision, TenantName, Touchpoint};
use customer360::store::{Mandate, Outcome, Party, Promotion, Proposal, Request, Store, StoreError, Tenant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{
    Decisions, Map, Said, cases, history, identifier, incoming, named_tenant, open, resolve, stored_map,
};

/// What was done, by name.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl Counts {
    fn add(&self, what: &'static str, n: u64) {
        *self.0.lock().unwrap().entry(what).or_default() += n;
    }

    fn of(&self, what: &str) -> u64 {
        self.0.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    fn told(&self) -> String {
        let counts = self.0.lock().unwrap();
        let mut told = format!("{} operations:", counts.values().sum::<u64>());
        counts.iter().for_each(|(what, n)| _ = write!(told, " {what} {n},"));
        told.trim_end_matches(',').to_owned()
    }
}

/// What all writers of a tenant share.
struct Scene {
    name: TenantName,
    tenant: Tenant,
    /// Recorded and not voided.
    living: Mutex<Vec<Touchpoint>>,
    counts: Arc<Counts>,
}

/// One of several who write.
struct Writer {
    scene: Arc<Scene>,
    store: Store,
    random: ChaCha8Rng,
    pool: Vec<Touchpoint>,
}

static REQUESTS: AtomicU64 = AtomicU64::new(0);

fn request() -> Request {
    let no = REQUESTS.fetch_add(1, Ordering::Relaxed);
    Request { id: format!("r{no}"), payload_hash: [7; 16] }
}

impl Writer {
    async fn act(&mut self) {
        let key = self.scene.tenant.key;
        match self.random.random_range(0..20) {
            0..9 => self.record().await,
            9 | 10 => self.void().await,
            11 => {
                let proposal = Proposal::Link(vec![self.party(), self.party()]);
                self.decide("linked", proposal).await;
            }
            12 | 13 => {
                let proposal = Proposal::Unlink(self.party(), self.party());
                self.decide("unlinked", proposal).await;
            }
            14 => {
                let sharing = [Sharing::Shared, Sharing::Personal][self.random.random_range(0..2)];
                let proposal = Proposal::Share(self.one(), sharing);
                self.decide("shared", proposal).await;
            }
            15 | 16 => {
                let no = ConstraintNo(self.random.random_range(1..12));
                self.decide("retracted", Proposal::Retract(no)).await;
            }
            17 | 18 => {
                let listed = self.store.merges(key, &self.scene.tenant.rules, None, 20).await.unwrap();
                let standing: Vec<_> = listed.merges.iter().filter(|merge| merge.stands).collect();
                let chosen = standing.get(self.random.random_range(0..standing.len().max(1)));
                if let Some(chosen) = chosen.map(|chosen| chosen.merge) {
                    let proposal = Proposal::Unmerge(chosen.observation, chosen.absorbed);
                    self.decide("unmerged", proposal).await;
                }
            }
            _ => self.promote().await,
        }
    }

    /// New touchpoints, and now and then some that another has sent already.
    async fn record(&mut self) {
        let count = self.random.random_range(1..=4).min(self.pool.len());
        let new: Vec<Touchpoint> = self.pool.drain(..count).collect();
        let mut batch = new.clone();
        if self.random.random_range(0..4) == 0 {
            let living = self.scene.living.lock().unwrap();
            batch.extend(living.last().cloned());
        }
        let batch = batch.iter().map(incoming).collect();
        let recorded = self.store.record(self.scene.tenant.key, batch).await.unwrap();
        for (touch, outcome) in new.iter().zip(&recorded.outcomes) {
            assert!(matches!(outcome, Outcome::Recorded(_)), "{touch:?}: {outcome:?}");
        }
        self.scene.counts.add("recorded", new.len() as u64);
        self.scene.living.lock().unwrap().extend(new);
    }

    async fn void(&mut self) {
        let chosen = {
            let mut living = self.scene.living.lock().unwrap();
            let at = self.random.random_range(0..living.len().max(1));
            if living.len() > 3 { Some(living.swap_remove(at)) } else { None }
        };
        if let Some(wrong) = chosen {
            self.store.void(self.scene.tenant.key, &wrong.key, "test").await.unwrap().unwrap();
            self.scene.counts.add("voided", 1);
        }
    }

    fn one(&mut self) -> Identifier {
        const NAMES: [&str; 10] = [
            "ACCOUNT:0",
            "ACCOUNT:1",
            "CRM_ID:0",
            "EMAIL:0",
            "EMAIL:1",
            "EMAIL:2",
            "DEVICE:0",
            "COOKIE:0",
            "COOKIE:1",
            "COOKIE:9",
        ];
        identifier(NAMES[self.random.random_range(0..NAMES.len())])
    }

    fn party(&mut self) -> Party {
        match self.random.random_range(0..8) {
            0 => Party::Customer(ObservationNo(self.random.random_range(1..9))),
            _ => Party::Identifiers(vec![self.one()]),
        }
    }

    async fn decide(&mut self, what: &'static str, proposal: Proposal) {
        let dry_run = self.random.random_range(0..5) == 0;
        let mandate = Mandate {
            author: "ada".into(),
            reason: "test".into(),
            principal: None,
            request: request(),
            dry_run,
        };
        match self.store.decide(self.scene.tenant.key, &proposal, &mandate).await {
            Ok(Some(_)) if dry_run => self.scene.counts.add("looked", 1),
            Ok(Some(_)) => self.scene.counts.add(what, 1),
            Ok(None) | Err(StoreError::Refused(_)) => self.scene.counts.add("refused", 1),
            Err(other) => panic!("{other}"),
        }
    }

    async fn promote(&mut self) {
        let tenant = self.store.tenant(&self.scene.name).await.unwrap().unwrap();
        let moves = self.scene.tenant.rules.moves();
        let mut rules = if moves { worlds::unblocked() } else { worlds::rules() };
        let kinds = rules.kinds.len();
        for _ in 0..3 {
            let rule = &mut rules.kinds[self.random.random_range(0..kinds)];
            match self.random.random_range(0..4) {
                0 => rule.limit = self.random.random_range(1..4),
                1 => rule.joins_registered = !rule.joins_registered,
                2 => rule.share_after = [None, Some(1), Some(2)][self.random.random_range(0..3)],
                _ if rule.registered => rule.on_conflict = OnConflict::Demote,
                _ => {
                    let history = [History::Session, History::Whole][self.random.random_range(0..2)];
                    rule.on_conflict = OnConflict::Move(history);
                }
            }
        }
        let promotion = promotion(rules, tenant.rules_version);
        match self.store.promote(self.scene.tenant.key, promotion).await {
            Ok(_) => self.scene.counts.add("promoted", 1),
            Err(StoreError::RulesUnfit(_) | StoreError::RulesOutdated { .. }) => {
                self.scene.counts.add("refused", 1);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

fn promotion(rules: Rules, from_version: i64) -> Promotion {
    Promotion {
        rules,
        from_version,
        author: "ada".into(),
        reason: "test".into(),
        principal: None,
        request: request(),
    }
}

/// What stands, as the definition understands it.
async fn standing(store: &Store, tenant: &Tenant) -> Decisions {
    let listed = store.constraints(tenant.key, true, ConstraintNo(0), 10_000).await.unwrap();
    let named = |numbers: &[_]| numbers.iter().map(|no| listed.identifiers[no].clone()).collect();
    let said = |decision: &Decision| match decision {
        Decision::MustLink(members) => Said::One(named(members)),
        Decision::CannotLink(left, right) => Said::Apart(named(left), named(right)),
        Decision::Sharing(no, Sharing::Shared) => Said::Shared(listed.identifiers[no].clone()),
        Decision::Sharing(no, Sharing::Personal) => Said::Personal(listed.identifiers[no].clone()),
    };
    listed.constraints.iter().map(|made| (made.no.0, said(&made.decision))).collect()
}

/// What a consumer of the feed holds.
#[derive(Default)]
struct Consumer {
    after: Revision,
    customer_of: BTreeMap<ObservationNo, ObservationNo>,
}

impl Consumer {
    async fn catch_up(&mut self, store: &Store, tenant: &Tenant) {
        loop {
            let page = store.identity_events(tenant.key, self.after).await.unwrap();
            if page.revisions.is_empty() {
                return;
            }
            for told in page.revisions {
                assert_eq!(told.revision.0, self.after.0 + 1, "no gap");
                self.after = told.revision;
                for event in told.events {
                    if let Event::Assigned { observation, from, to, .. } = event {
                        assert_eq!(self.customer_of.insert(observation, to), from, "nothing was missed");
                    }
                }
            }
        }
    }
}

/// The map is what the definition says, what a rebuild makes, and what the feed told.
async fn check(store: &Store, scene: &Scene, consumer: &mut Consumer, what: &str) {
    let tenant = store.tenant(&scene.name).await.unwrap().unwrap();
    let living = scene.living.lock().unwrap().clone();
    consumer.catch_up(store, &tenant).await;
    for touch in living.iter().filter(|touch| !touch.identifiers.is_empty()) {
        let found = store.touchpoint(tenant.key, &touch.key).await.unwrap().1.unwrap();
        let observation = found.observation.unwrap();
        let home = consumer.customer_of[&observation];
        let records = store.customers(tenant.key, &tenant.rules, &[observation]).await.unwrap().1;
        assert_eq!(records[0].as_ref().map(|record| record.customer), Some(home), "{what}: the feed");
    }
    let again = promotion((*tenant.rules).clone(), tenant.rules_version);
    let promoted = store.promote(tenant.key, again).await.unwrap();
    assert_eq!(promoted.reassigned, 0, "{what}: a full rebuild changes nothing");
    scene.counts.add("rebuilt", 1);
    if !tenant.rules.moves() {
        let decisions = standing(store, &tenant).await;
        let expected = resolve(&tenant.rules, &decisions, &living).map(&living);
        let found = stored_map(store, &tenant, &living).await;
        assert!(found == expected, "{what}: {}", difference(&found, &expected));
        scene.counts.add("compared", 1);
    }
}

/// What only one of two maps has, in words.
fn difference(found: &Map, expected: &Map) -> String {
    let set = |set: &Vec<Identifier>| {
        let names = set.iter().map(|d| format!("{}:{}", d.kind.as_str(), d.value));
        names.collect::<Vec<_>>().join("+")
    };
    let blocks = |one: &Map, other: &Map| {
        let only = one.blocks.iter().filter(|block| !other.blocks.contains(*block));
        only.map(|block| block.iter().map(set).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let holders = |one: &Map, other: &Map| {
        let only = one.holders.iter().filter(|(d, block)| other.holders.get(*d) != Some(*block));
        only.map(|(d, _)| format!("{}:{}", d.kind.as_str(), d.value)).collect::<Vec<_>>()
    };
    format!(
        "found {:#?} held {:?}, expected {:#?} held {:?}",
        blocks(found, expected),
        holders(found, expected),
        blocks(expected, found),
        holders(expected, found)
    )
}

/// One tenant's life: some rounds of writing at once, each followed by a look.
async fn storm(stores: &[Store], seed: u64, rounds: u64, counts: &Arc<Counts>) {
    // Of every other seed nothing moves: then the definition says everything.
    let rules = if seed.is_multiple_of(2) { worlds::rules() } else { worlds::unblocked() };
    let (name, tenant) = named_tenant(&stores[0], &rules).await;
    let living = Mutex::default();
    let scene = Arc::new(Scene { name, tenant, living, counts: counts.clone() });
    let mut consumer = Consumer::default();
    for round in 0..rounds {
        let writers = (0..4).map(|no| {
            let seed = seed * 1_009 + round * 101 + no;
            let mut pool = history(seed, 14);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            for touch in &mut pool {
                touch.key.source_id = format!("{round}-{no}-{}", touch.key.source_id);
                if random.random_range(0..12) == 0 {
                    touch.details.activity = Activity::Logout(Logout {});
                }
            }
            let store = stores[no as usize % stores.len()].clone();
            let mut writer = Writer { scene: scene.clone(), store, random, pool };
            tokio::spawn(async move {
                for _ in 0..10 {
                    writer.act().await;
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        // Who looks is not always who wrote.
        let looking = &stores[round as usize % stores.len()];
        check(looking, &scene, &mut consumer, &format!("seed {seed}, round {round}")).await;
    }
}

/// The stores to write through: on PostgreSQL two with connections of their own, as two processes have.
async fn all_stores(folder: &tempfile::TempDir) -> Vec<(&'static str, Vec<Store>)> {
    let sqlite = format!("sqlite:{}", folder.path().join("storm.db").display());
    let postgres = std::env::var("CUSTOMER360_TEST_POSTGRES").expect("tests/run sets it");
    let sqlite = vec![open(&sqlite).await];
    vec![("sqlite", sqlite), ("postgres", vec![open(&postgres).await, open(&postgres).await])]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_at_once_the_map_is_what_the_definition_says() {
    let folder = tempfile::tempdir().unwrap();
    let minutes: u64 = std::env::var("CUSTOMER360_SOAK_MINUTES").ok().map_or(0, |n| n.parse().unwrap());
    let first: u64 = std::env::var("CUSTOMER360_SOAK_SEED").ok().map_or(0, |n| n.parse().unwrap());
    let ends = Duration::from_secs(minutes * 60);
    let started = stopwatch();
    let mut told = Vec::new();
    let storms = all_stores(&folder).await.into_iter().map(|(name, stores)| {
        tokio::spawn(async move {
            let counts = Arc::new(Counts::default());
            let mut seed = first;
            while seed < first + cases(3) || started.elapsed() < ends {
                storm(&stores, seed, 4, &counts).await;
                seed += 1;
                if minutes > 0 && seed.is_multiple_of(20) {
                    println!(
                        "{name}, {} s, seeds {first} to {seed}: {}",
                        started.elapsed().as_secs(),
                        counts.told()
                    );
                }
            }
            (name, seed, counts)
        })
    });
    for storm in storms.collect::<Vec<_>>() {
        told.push(storm.await.unwrap());
    }
    for (name, seed, counts) in told {
        println!("{name}, seeds {first} to {}: {}", seed - 1, counts.told());
        for what in
            ["recorded", "voided", "unlinked", "retracted", "unmerged", "promoted", "refused", "compared"]
        {
            assert!(counts.of(what) > 0, "{name}: none was {what}");
        }
    }
}
