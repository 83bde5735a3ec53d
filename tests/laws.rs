//! The laws of identity, on seeded random histories, on both databases, against the naive oracle.

mod worlds;

use std::collections::BTreeMap;

use customer360::identity::{History, OnConflict};
use customer360::model::{CustomerKind, TouchKey, Touchpoint};
use customer360::store::{Outcome, Store, Tenant, Voiding};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{
    cases, databases, history, incoming, incoming_version, oracle, shuffle, standing, stored_map, tenant,
    versioned_history,
};

async fn record(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) -> Vec<Outcome> {
    store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap().outcomes
}

/// Records in batches of random sizes.
async fn record_in_batches(store: &Store, tenant: &Tenant, touches: &[Touchpoint], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut rest = touches;
    while !rest.is_empty() {
        let size = random.random_range(1..=rest.len().min(12));
        record(store, tenant, &rest[..size]).await;
        rest = &rest[size..];
    }
}

/// Laws 1, 3, 4 (limits) and 5: whatever the order and the batching, the store ends where a full
/// replay by the definition ends.
#[tokio::test(flavor = "multi_thread")]
async fn any_order_and_any_batching_gives_what_the_definition_says() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(120) {
            let mut touches = history(seed, 4 + (seed as usize * 7) % 40);
            let tenant = tenant(&store).await;
            let expected = oracle(&tenant.rules, &touches);
            match seed % 3 {
                0 => touches.sort_by_key(|t| t.position()),
                1 => touches.sort_by_key(|t| std::cmp::Reverse(t.position())),
                _ => shuffle(&mut touches, seed),
            }
            record_in_batches(&store, &tenant, &touches, seed).await;
            let found = stored_map(&store, &tenant, &touches).await;
            assert_eq!(found, expected, "{name}, seed {seed}");
        }
    }
}

/// Law 2: recording twice is recording once, in another order and in the same batch too.
#[tokio::test(flavor = "multi_thread")]
async fn recording_twice_is_recording_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(20) {
            let mut touches = history(seed, 25);
            let tenant = tenant(&store).await;
            record_in_batches(&store, &tenant, &touches, seed).await;
            let once = stored_map(&store, &tenant, &touches).await;
            let at = store.revision(tenant.key).await.unwrap();
            touches.extend(touches.clone());
            shuffle(&mut touches, seed);
            let outcomes = record(&store, &tenant, &touches).await;
            assert!(outcomes.iter().all(|o| matches!(o, Outcome::Duplicate(_))), "{name}, seed {seed}");
            assert_eq!(stored_map(&store, &tenant, &touches).await, once, "{name}, seed {seed}");
            assert_eq!(store.revision(tenant.key).await.unwrap(), at, "nothing new takes no revision");
            let mut other = touches[0].clone();
            other.at = other.at.plus(1);
            assert_eq!(record(&store, &tenant, &[other]).await, [Outcome::KeyTaken]);
        }
    }
}

/// Voiding some touchpoints leaves what a history without them would have given.
#[tokio::test(flavor = "multi_thread")]
async fn a_voided_touchpoint_never_was() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(60) {
            let mut touches = history(seed, 4 + (seed as usize * 5) % 30);
            let tenant = tenant(&store).await;
            let (voided, kept) = touches.split_at(touches.len() / 3);
            let (voided, kept) = (voided.to_vec(), kept.to_vec());
            shuffle(&mut touches, seed);
            let (early, late) = touches.split_at(touches.len() * 2 / 3);
            record_in_batches(&store, &tenant, early, seed).await;
            for t in voided.iter().filter(|t| early.contains(t)) {
                assert!(store.void(tenant.key, &t.key, "test").await.unwrap().is_some());
            }
            record_in_batches(&store, &tenant, late, seed).await;
            for t in &voided {
                assert!(store.void(tenant.key, &t.key, "test").await.unwrap().is_some());
            }
            let expected = oracle(&tenant.rules, &kept);
            assert_eq!(stored_map(&store, &tenant, &kept).await, expected, "{name}, seed {seed}");
        }
    }
}

/// Laws 2 and 12 with versions: whatever arrives first, the highest version that was not taken back
/// stands, the lower ones are as if they had never been, and each may be sent again.
#[tokio::test(flavor = "multi_thread")]
async fn of_versions_the_highest_live_one_stands_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(60) {
            let mut versioned = versioned_history(seed, 4 + (seed as usize * 5) % 24);
            shuffle(&mut versioned, seed);
            let tenant = tenant(&store).await;
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut taken_back = BTreeMap::new();
            let mut arrived = 0;
            while arrived < versioned.len() {
                let size = random.random_range(1..=(versioned.len() - arrived).min(9));
                let batch = &versioned[arrived..arrived + size];
                let outcomes = store.record(tenant.key, batch.iter().map(incoming_version).collect()).await;
                arrived += size;
                let known = &versioned[..arrived];
                let highest = |key: &TouchKey| known.iter().filter(|o| o.0.key == *key).map(|o| o.1).max();
                for (one, outcome) in batch.iter().zip(outcomes.unwrap().outcomes) {
                    let is_highest = highest(&one.0.key) == Some(one.1);
                    assert_eq!(
                        matches!(outcome, Outcome::Recorded(_)),
                        is_highest,
                        "{name}, seed {seed}: {outcome:?}"
                    );
                    assert_eq!(matches!(outcome, Outcome::Superseded(_)), !is_highest, "{name}, seed {seed}");
                }
                if random.random_range(0..3) == 0 {
                    let wrong = &known[random.random_range(0..known.len())];
                    let version = (random.random_range(0..2) == 0).then_some(wrong.1);
                    let voiding = Voiding { version, reason: "test".into(), ..Voiding::default() };
                    let voided =
                        store.void_version(tenant.key, &wrong.0.key, &voiding).await.unwrap().unwrap();
                    assert_eq!(voided.version, version.or(highest(&wrong.0.key)).unwrap());
                    let back = taken_back.entry(wrong.0.key.clone()).or_insert(voided.version);
                    *back = voided.version.max(*back);
                }
            }
            let kept = standing(&versioned, &taken_back);
            let expected = oracle(&tenant.rules, &kept);
            assert_eq!(stored_map(&store, &tenant, &kept).await, expected, "{name}, seed {seed}");
            // All of it again changes nothing.
            let at = store.revision(tenant.key).await.unwrap();
            let again =
                store.record(tenant.key, versioned.iter().map(incoming_version).collect()).await.unwrap();
            let known = |outcome: &Outcome| matches!(outcome, Outcome::Duplicate(_) | Outcome::Superseded(_));
            assert!(again.outcomes.iter().all(known), "{name}, seed {seed}");
            assert_eq!(again.revision, at);
            for (touch, version) in &versioned {
                let (_, found) =
                    store.touchpoint_version(tenant.key, &touch.key, Some(*version)).await.unwrap();
                let found = found.unwrap();
                assert_eq!(found.touchpoint, *touch, "{name}, seed {seed}: every version is kept as it was");
                let back = taken_back.get(&touch.key).is_some_and(|back| version <= back);
                assert_eq!(found.voided.is_some(), back, "{name}, seed {seed}");
            }
        }
    }
}

/// Laws 1 and 2 under races: several writers send overlapping parts at once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_agree_with_the_definition() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(10) {
            let touches = history(seed + 1_000, 60);
            let tenant = tenant(&store).await;
            let writers = (0..4).map(|writer| {
                let (store, tenant, mut touches) = (store.clone(), tenant.clone(), touches.clone());
                tokio::spawn(async move {
                    shuffle(&mut touches, seed * 7 + writer);
                    record_in_batches(&store, &tenant, &touches, seed + writer).await;
                })
            });
            for writer in writers.collect::<Vec<_>>() {
                writer.await.unwrap();
            }
            let found = stored_map(&store, &tenant, &touches).await;
            assert_eq!(found, oracle(&tenant.rules, &touches), "{name}, seed {seed}");
        }
    }
}

/// Law 9: what one tenant records, another never sees.
#[tokio::test(flavor = "multi_thread")]
async fn tenants_never_meet() {
    let folder = tempfile::tempdir().unwrap();
    for (_, store) in databases(&folder).await {
        let (ours, theirs) = (tenant(&store).await, tenant(&store).await);
        let touches = history(7, 20);
        record(&store, &ours, &touches).await;
        assert_eq!(store.revision(theirs.key).await.unwrap().0, 0);
        for t in &touches {
            assert!(store.touchpoint(theirs.key, &t.key).await.unwrap().1.is_none());
        }
        record(&store, &theirs, &touches[..3]).await;
        assert_eq!(stored_map(&store, &ours, &touches).await, oracle(&ours.rules, &touches));
        assert_eq!(stored_map(&store, &theirs, &touches[..3]).await, oracle(&ours.rules, &touches[..3]));
    }
}

/// Law 10: resolving says what recording then does: at any time, with crossings of `share_after`, with
/// shared identifiers only, and where identifiers move.
#[tokio::test(flavor = "multi_thread")]
async fn resolving_says_what_recording_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut known, mut new, mut joined) = (0, 0, 0);
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(30) {
            let mut rules = worlds::rules();
            for rule in rules.kinds.iter_mut().filter(|rule| seed % 2 == 1 && rule.priority > 3) {
                let history = if seed % 4 == 1 { History::Session } else { History::Whole };
                rule.on_conflict = OnConflict::Move(history);
                rule.share_after = rule.share_after.map(|n| n.min(2));
            }
            let mut touches = history(seed ^ 0x10, 25);
            shuffle(&mut touches, seed);
            let tenant = worlds::tenant_under(&store, &rules).await;
            let mut sets = std::collections::BTreeSet::new();
            for t in &touches {
                let what = format!("{name}, seed {seed}, {:?}", t.key);
                let foreseen =
                    store.foresee(tenant.key, &rules, &t.identifiers, t.position()).await.unwrap().foresight;
                let seen = sets.len() as i64;
                let outcome = record(&store, &tenant, std::slice::from_ref(t)).await.remove(0);
                let Outcome::Recorded(Some(customer)) = outcome else { panic!("{what}: {outcome:?}") };
                match foreseen.customer {
                    Some(expected) => assert_eq!(expected, customer, "{what}"),
                    None => assert!(customer.0 > seen, "{what}: {customer:?} is no new customer"),
                }
                let (_, record) = store.customers(tenant.key, &rules, &[customer]).await.unwrap();
                let kind = record[0].as_ref().unwrap().kind;
                assert_eq!(kind == CustomerKind::Registered, foreseen.registered, "{what}");
                let (_, all) = store.customers(tenant.key, &rules, &foreseen.joined).await.unwrap();
                for one in all.into_iter().flatten() {
                    assert_eq!(one.customer, customer, "{what}: {:?} become one", foreseen.joined);
                }
                known += usize::from(sets.contains(&t.identifiers));
                new += usize::from(foreseen.customer.is_none());
                joined += usize::from(foreseen.joined.len() > 1);
                sets.insert(t.identifiers.clone());
            }
        }
    }
    assert!(known > 0 && new > 0 && joined > 0, "{known}, {new}, {joined}");
}
