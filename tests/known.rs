//! As known at: what is asked of a past revision is answered as it was answered then.

mod worlds;

use std::collections::BTreeSet;

use customer360::identity::explain::explain;
use customer360::identity::{History, OnConflict, Rules};
use customer360::model::{Identifier, ObservationNo, Position, Revision, TimeRange, TouchKey, Touchpoint};
use customer360::store::{
    By, Component, CustomerRecord, Filter, KnownAt, Page, Store, StoredTouchpoint, Tenant,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{
    busy_history, cases, databases, decide, identifier, incoming, incoming_version, shuffle, tenant_under,
};

fn told_record(record: Option<CustomerRecord>) -> String {
    let Some(record) = record else { return "nobody".to_owned() };
    let mut last: Vec<_> = record.last_seen.iter().collect();
    last.sort();
    let identifiers: Vec<_> = (record.identifiers.iter())
        .map(|d| (d.no, d.held, d.shared, d.first_seen, d.last_seen, &d.first_shown_by))
        .collect();
    let (customer, kind, observations) = (record.customer, record.kind, &record.observations);
    format!("{customer:?} {kind:?} {observations:?} {last:?} {identifiers:?} {:?}", record.summary)
}

fn told_component(rules: &Rules, component: Option<Component>, customer: ObservationNo) -> String {
    let component = component.unwrap();
    let Component { constraints, observations, identifiers, touches, .. } = component;
    format!("{:?}", explain(rules, &constraints, &observations, &identifiers, &touches, customer))
}

fn told_touchpoints(listed: &[StoredTouchpoint]) -> String {
    let told: Vec<_> = listed.iter().map(|t| (t.no, t.customer, t.touchpoint.at)).collect();
    format!("{told:?}")
}

/// The sets that are resolved as if they were seen together.
fn outlooks(touches: &[Touchpoint]) -> Vec<Vec<Identifier>> {
    let mut sets: BTreeSet<Vec<Identifier>> = touches.iter().map(|t| t.identifiers.clone()).collect();
    sets.remove(&Vec::new());
    sets.insert(vec![identifier("ACCOUNT:1"), identifier("COOKIE:1")]);
    sets.insert(vec![identifier("COOKIE:2"), identifier("EMAIL:never")]);
    sets.into_iter().step_by(3).collect()
}

/// Everything that is asked, of now or of then.
async fn tell(
    store: &Store,
    tenant: &Tenant,
    then: Option<Revision>,
    observations: i64,
    sets: &[Vec<Identifier>],
) -> Vec<String> {
    let known = match then {
        Some(at) => Some(store.as_of(tenant.key, KnownAt::Revision(at)).await.unwrap()),
        None => None,
    };
    let everyone: Vec<ObservationNo> = (1..=observations).map(ObservationNo).collect();
    let rules = &tenant.rules;
    let records = match &known {
        Some(known) => store.customers_as_of(tenant.key, known, &everyone).await.unwrap(),
        None => store.customers(tenant.key, rules, &everyone).await.unwrap().1,
    };
    let customers: BTreeSet<ObservationNo> = records.iter().flatten().map(|record| record.customer).collect();
    let mut told: Vec<String> = records.into_iter().map(told_record).collect();
    let filter = Filter { range: TimeRange::ALL, activities: vec![], channels: vec![] };
    let page = Page { after: None, size: 1_000 };
    for customer in customers {
        let component = match &known {
            Some(known) => store.component_as_of(tenant.key, known, customer).await.unwrap(),
            None => store.component(tenant.key, rules, customer).await.unwrap(),
        };
        told.push(told_component(rules, component, customer));
        let by = By::Customer(customer);
        let listed = store.touchpoints(tenant.key, known.as_ref(), by, &filter, page).await.unwrap();
        told.push(told_touchpoints(&listed.entries));
    }
    let listed = store.touchpoints(tenant.key, known.as_ref(), By::Tenant, &filter, page).await.unwrap();
    told.push(told_touchpoints(&listed.entries));
    let key = TouchKey { source: String::new(), source_id: String::new() };
    let position = Position { at: worlds::touch("", 1 << 30, &[]).at, key };
    for set in sets {
        let foreseen = match &known {
            Some(known) => store.foresee_as_of(tenant.key, known, set, position.clone()).await.unwrap(),
            None => store.foresee(tenant.key, rules, set, position.clone()).await.unwrap(),
        };
        let value = |no| {
            let found = foreseen.identifiers.iter().find(|one| one.no == no);
            found.map(|one| (one.stored.kind, one.stored.value.clone()))
        };
        let dropped = &foreseen.foresight.dropped;
        let dropped: Vec<_> = dropped.iter().map(|(no, reason)| (value(*no), *reason)).collect();
        let holders = foreseen.identifiers.iter().map(|one| (one.stored.holder, one.stored.is_shared(rules)));
        let holders: Vec<_> = holders.collect();
        told.push(format!(
            "{:?} {} {:?} {dropped:?} {holders:?}",
            foreseen.foresight.customer, foreseen.foresight.registered, foreseen.foresight.joined
        ));
    }
    told
}

/// Views, lists, outlooks and explanations of every revision, asked then and asked at the end.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_then_is_answered_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(10) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            // Under half of the histories, identifiers move: observations belong to several customers.
            let mut rules = worlds::rules();
            for rule in rules.kinds.iter_mut().filter(|rule| seed % 2 == 1 && !rule.registered) {
                rule.on_conflict = OnConflict::Move(History::Session);
            }
            let tenant = tenant_under(&store, &rules).await;
            let mut touches = busy_history(seed, 4 + (seed as usize * 7) % 36);
            shuffle(&mut touches, seed);
            let sets = outlooks(&touches);
            let mut rest = &touches[..];
            let mut remembered = Vec::new();
            // Must-links are observations too.
            let observations = touches.len() as i64 * 2;
            while !rest.is_empty() {
                let size = random.random_range(1..=rest.len().min(6));
                store.record(tenant.key, rest[..size].iter().map(incoming).collect()).await.unwrap();
                rest = &rest[size..];
                if random.random_range(0..3) == 0 {
                    let recorded = &touches[..touches.len() - rest.len()];
                    let wrong = &recorded[random.random_range(0..recorded.len())];
                    store.void(tenant.key, &wrong.key, "test").await.unwrap();
                }
                if random.random_range(0..3) == 0 {
                    // Edited: at another time, or by another person.
                    let recorded = &touches[..touches.len() - rest.len()];
                    let edited = &recorded[random.random_range(0..recorded.len())];
                    let other = &touches[random.random_range(0..touches.len())];
                    let said = match random.random_range(0..2) {
                        0 => Touchpoint { at: other.at, ..edited.clone() },
                        _ => Touchpoint { identifiers: other.identifiers.clone(), ..edited.clone() },
                    };
                    let version = random.random_range(1..4);
                    let batch = vec![incoming_version(&(said, version))];
                    store.record(tenant.key, batch).await.unwrap();
                }
                if random.random_range(0..3) == 0 {
                    decide(&store, &tenant, &mut random, &touches).await;
                }
                let at = store.revision(tenant.key).await.unwrap();
                remembered.push((at, tell(&store, &tenant, None, observations, &sets).await));
            }
            for (at, told) in &remembered {
                let again = tell(&store, &tenant, Some(*at), observations, &sets).await;
                for (i, (then, now)) in told.iter().zip(&again).enumerate() {
                    assert_eq!(now, then, "{name}, seed {seed}, {at:?}, answer {i}");
                }
                assert_eq!(again.len(), told.len(), "{name}, seed {seed}, {at:?}");
            }
            let nothing = tell(&store, &tenant, Some(Revision(0)), observations, &sets).await;
            assert!(nothing.iter().take(touches.len()).all(|told| told == "nobody"));
        }
    }
}
