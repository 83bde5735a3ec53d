//! The mirror that followed a history step by step holds what one loaded at the end holds.

mod worlds;

use std::collections::BTreeMap;

use customer360::identity::{History, OnConflict, Rules};
use customer360::kpi::Snapshot;
use customer360::mirror::{Mirrors, Settings};
use customer360::model::{ObservationNo, Revision, Touchpoint};
use customer360::store::{Store, Tenant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{cases, databases, history, incoming, shuffle, tenant_under};

/// Per living customer: whether it is registered, and its touches in order.
type Seen = BTreeMap<u32, (bool, Vec<(i64, u32)>)>;

fn seen(snapshot: &Snapshot) -> Seen {
    let mut seen = Seen::new();
    for live in &snapshot.segments {
        let segment = &live.segment;
        let touches = &segment.tables.touches.stem;
        for (customer, rows) in touches.runs(0..touches.len()) {
            if !live.dead.contains(customer) {
                let key = segment.customers.key[customer as usize];
                let facts = rows.map(|row| (touches.at[row], touches.number[row])).collect();
                let earlier = seen.insert(key, (segment.customers.registered[customer as usize], facts));
                assert!(earlier.is_none(), "a customer lives in one segment");
            }
        }
    }
    seen
}

/// The same from the store's own answers.
async fn stored(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) -> Seen {
    let mut seen = Seen::new();
    for t in touches.iter().filter(|t| !t.identifiers.is_empty()) {
        let (_, found) = store.touchpoint(tenant.key, &t.key).await.unwrap();
        let found = found.filter(|found| found.voided.is_none());
        let Some(found) = found else { continue };
        let customer = found.customer.unwrap();
        let entry = seen.entry(customer.0 as u32).or_default();
        entry.1.push((t.at.0, found.no.0 as u32));
    }
    let keys: Vec<ObservationNo> = seen.keys().map(|&key| ObservationNo(key.into())).collect();
    let (_, records) = store.customers(tenant.key, &tenant.rules, &keys).await.unwrap();
    for (key, record) in keys.iter().zip(records) {
        let record = record.unwrap();
        let entry = seen.get_mut(&(key.0 as u32)).unwrap();
        entry.0 = record.kind == customer360::model::CustomerKind::Registered;
        entry.1.sort_unstable();
        assert_eq!(record.summary.touchpoints as usize, entry.1.len(), "the summary counts what is there");
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_followed_holds_what_a_fresh_one_loads() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(40) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            // Under half of the histories, identifiers move: observations belong to several customers.
            let mut rules = Rules::default();
            for rule in rules.kinds.iter_mut().filter(|rule| seed % 2 == 1 && !rule.registered) {
                rule.on_conflict = OnConflict::Move(History::Session);
            }
            let tenant = tenant_under(&store, &rules).await;
            let pages = Settings { page_touchpoints: random.random_range(3..30), ..Settings::default() };
            let followed = Mirrors::new(store.clone(), pages);
            let mut touches = history(seed, 50);
            touches.push(worlds::touch("nobody", 5, &[]));
            shuffle(&mut touches, seed);
            let mut rest = &touches[..];
            while !rest.is_empty() {
                let size = random.random_range(1..=rest.len().min(9));
                let batch = rest[..size].iter().map(incoming).collect();
                let recorded = store.record(tenant.key, batch).await.unwrap();
                if random.random_range(0..3) == 0 {
                    store.void(tenant.key, &rest[0].key, "test").await.unwrap();
                }
                if random.random_range(0..2) == 0 {
                    let snapshot = followed.snapshot(&tenant, recorded.revision).await.unwrap();
                    assert!(snapshot.revision >= recorded.revision);
                }
                rest = &rest[size..];
            }
            let at: Revision = store.revision(tenant.key).await.unwrap();
            let followed = followed.snapshot(&tenant, at).await.unwrap();
            let fresh = Mirrors::new(store.clone(), Settings::default()).snapshot(&tenant, at).await.unwrap();
            assert_eq!((followed.revision, fresh.revision), (at, at));
            let expected = stored(&store, &tenant, &touches).await;
            assert_eq!(seen(&fresh), expected, "{name}, seed {seed}: loaded");
            assert_eq!(seen(&followed), expected, "{name}, seed {seed}: followed");
        }
    }
}
