//! The laws of identity, on seeded random histories, on both databases, against the naive oracle.

mod worlds;

use customer360::model::Touchpoint;
use customer360::store::{Outcome, Store, Tenant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{cases, databases, history, incoming, oracle, shuffle, stored_map, tenant};

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
