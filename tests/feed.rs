//! From the feed alone, a consumer holds the map that the store holds: after every revision, from
//! the beginning or from any state read as known then.

mod worlds;

use std::collections::BTreeMap;

use customer360::identity::feed::Event;
use customer360::identity::{self, OnConflict};
use customer360::model::{CustomerKind, Micros, ObservationNo, Revision};
use customer360::store::{KnownAt, Store, Tenant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{cases, databases, history, incoming, shuffle, tenant, tenant_under, touch};

/// What a consumer holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Held {
    customer_of: BTreeMap<ObservationNo, ObservationNo>,
    registered: BTreeMap<ObservationNo, bool>,
    /// Of observations that belong to several: from an instant on, to whom.
    later: BTreeMap<ObservationNo, Vec<(Micros, ObservationNo)>>,
}

impl Held {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::Created { customer, registered } | Event::KindChanged { customer, registered } => {
                self.registered.insert(*customer, *registered);
            }
            Event::Assigned { observation, from, to, later } => {
                self.later.insert(*observation, later.clone());
                assert_eq!(self.customer_of.insert(*observation, *to), *from, "nothing was missed");
            }
            Event::Merged { customer, into } => {
                assert!(self.registered.contains_key(customer) && self.registered.contains_key(into));
                assert_ne!(self.customer_of[customer], *customer, "its first observation has left");
                self.registered.remove(customer);
            }
            Event::Split { customer, into } => {
                assert!(self.customer_of.values().any(|c| c == into) && customer != into);
            }
            Event::Ended { customer } => {
                assert!(self.registered.remove(customer).is_some(), "who ends was there");
            }
            Event::SharingChanged { .. } | Event::Upgraded { .. } => {}
        }
    }

    /// Whom a touch of an observation belongs to.
    fn owner(&self, observation: ObservationNo, at: Micros) -> ObservationNo {
        let later = self.later[&observation].iter().take_while(|(from, _)| *from <= at).last();
        later.map_or(self.customer_of[&observation], |(_, customer)| *customer)
    }

    /// Observations with their customers' kinds.
    fn told(&self) -> BTreeMap<ObservationNo, (ObservationNo, bool)> {
        let told = |(no, customer): (&ObservationNo, &ObservationNo)| {
            Some((*no, (*customer, *self.registered.get(customer)?)))
        };
        self.customer_of.iter().filter_map(told).collect()
    }
}

/// The store's own answer, now or then. Observations whose every touchpoint is void are left out.
async fn stored(
    store: &Store,
    tenant: &Tenant,
    then: Option<Revision>,
    observations: i64,
) -> BTreeMap<ObservationNo, (ObservationNo, bool)> {
    let everyone: Vec<ObservationNo> = (1..=observations).map(ObservationNo).collect();
    let records = match then {
        Some(at) => {
            let known = store.as_of(tenant.key, KnownAt::Revision(at)).await.unwrap();
            store.customers_as_of(tenant.key, &known, &everyone).await.unwrap()
        }
        None => store.customers(tenant.key, &tenant.rules, &everyone).await.unwrap().1,
    };
    let told = everyone.into_iter().zip(records).filter_map(|(no, record)| {
        let record = record?;
        Some((no, (record.customer, record.kind == CustomerKind::Registered)))
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_rebuilds_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let (mut merges, mut splits, mut shared, mut divided) = (0, 0, 0, 0);
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(25) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            // Under some histories identifiers move: observations belong to several customers.
            let mut rules = worlds::rules();
            for rule in rules.kinds.iter_mut().filter(|rule| seed % 3 == 1 && !rule.registered) {
                rule.on_conflict = OnConflict::Move(identity::History::Session);
            }
            if seed % 4 == 3 {
                rules.kinds.iter_mut().for_each(|rule| rule.share_after = Some(2));
            }
            let tenant = tenant_under(&store, &rules).await;
            let mut touches = history(seed + 300, 50);
            shuffle(&mut touches, seed);
            let mut rest = &touches[..];
            while !rest.is_empty() {
                let size = random.random_range(1..=rest.len().min(8));
                store.record(tenant.key, rest[..size].iter().map(incoming).collect()).await.unwrap();
                if random.random_range(0..3) == 0 {
                    let recorded = touches.len() - rest.len() + size;
                    let wrong = &touches[random.random_range(0..recorded)];
                    store.void(tenant.key, &wrong.key, "test").await.unwrap();
                }
                rest = &rest[size..];
            }
            let observations = touches.len() as i64;
            let (mut held, mut merged) = (Held::default(), Vec::new());
            let mut after = Revision(0);
            loop {
                let page = store.identity_events(tenant.key, after).await.unwrap();
                let Some(last) = page.revisions.last() else { break };
                let skip = random.random_range(0..page.revisions.len());
                // A consumer may forget what it read beyond some revision, and read it again.
                let until = if random.random_range(0..2) == 0 {
                    last.revision
                } else {
                    page.revisions[skip].revision
                };
                for told in page.revisions.iter().filter(|told| told.revision <= until) {
                    assert_eq!(told.revision.0, after.0 + 1, "{name}, seed {seed}: no gap");
                    after = told.revision;
                    for event in &told.events {
                        held.hear(event);
                        if let Event::Merged { customer, .. } = event {
                            merged.push(*customer);
                        }
                        merges += usize::from(matches!(event, Event::Merged { .. }));
                        splits += usize::from(matches!(event, Event::Split { .. }));
                        shared += usize::from(matches!(event, Event::SharingChanged { .. }));
                    }
                    let then = stored(&store, &tenant, Some(after), observations).await;
                    let mut told = held.told();
                    told.retain(|no, _| then.contains_key(no));
                    assert_eq!(told, then, "{name}, seed {seed}, {after:?}");
                }
            }
            assert_eq!(after, store.revision(tenant.key).await.unwrap());
            let now = stored(&store, &tenant, None, observations).await;
            let mut told = held.told();
            told.retain(|no, _| now.contains_key(no));
            assert_eq!(told, now, "{name}, seed {seed}: at the end");
            // Law 11: who is there by the feed is who is listed.
            let listed = store.list_customers(tenant.key, &tenant.rules, None, None, 1_000).await.unwrap();
            let listed: Vec<ObservationNo> = listed.entries.iter().map(|record| record.customer).collect();
            let told: Vec<ObservationNo> = held.registered.keys().copied().collect();
            assert_eq!(told, listed, "{name}, seed {seed}: nobody vanishes unsaid");
            // And what it told as merged has an id to undo.
            let merges = store.merges(tenant.key, &tenant.rules, None, 1_000).await.unwrap().merges;
            let ids: Vec<ObservationNo> = merges.iter().map(|merge| merge.merge.absorbed).collect();
            let missing = merged.iter().filter(|customer| !ids.contains(customer)).count();
            assert_eq!(missing, 0, "{name}, seed {seed}: {merged:?} of {ids:?}");
            for t in touches.iter().filter(|t| !t.identifiers.is_empty()) {
                let (_, found) = store.touchpoint(tenant.key, &t.key).await.unwrap();
                let Some(found) = found.filter(|found| found.voided.is_none()) else { continue };
                let owner = held.owner(found.observation.unwrap(), t.at);
                assert_eq!(Some(owner), found.customer, "{name}, seed {seed}: {:?}", t.key);
                divided += usize::from(owner != held.customer_of[&found.observation.unwrap()]);
            }
        }
    }
    assert!(merges > 0 && splits > 0 && shared > 0 && divided > 0, "{merges}, {splits}, {shared}, {divided}");
}

/// A merge is told as one, a late arrival that takes it back as a split, and a crossing as such.
#[tokio::test(flavor = "multi_thread")]
async fn merges_splits_and_shared_identifiers_are_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let record = async |touches: Vec<customer360::model::Touchpoint>| {
            let revision =
                store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap().revision;
            let page = store.identity_events(tenant.key, Revision(revision.0 - 1)).await.unwrap();
            assert_eq!(page.revisions.len(), 1);
            page.revisions.into_iter().next().unwrap().events
        };
        let [one, two, three] = [1, 2, 3].map(ObservationNo);
        let told = record(vec![touch("1", 10, &["COOKIE:c"]), touch("2", 20, &["ACCOUNT:u"])]).await;
        assert_eq!(told.len(), 4, "{name}: {told:?}");
        assert_eq!(told[0], Event::Created { customer: one, registered: false });
        let told = record(vec![touch("3", 30, &["COOKIE:c", "ACCOUNT:u"])]).await;
        let assigned = |observation, from, to| Event::Assigned { observation, from, to, later: vec![] };
        let expected = [
            assigned(three, None, one),
            assigned(two, Some(two), one),
            Event::Merged { customer: two, into: one },
            Event::KindChanged { customer: one, registered: true },
        ];
        assert_eq!(told, expected, "{name}");
        store.void(tenant.key, &touch("3", 30, &[]).key, "test").await.unwrap();
        let page = store.identity_events(tenant.key, Revision(2)).await.unwrap();
        let events = &page.revisions[0].events;
        assert!(events.contains(&Event::Split { customer: one, into: two }), "{name}: {events:?}");
        assert!(
            events.contains(&Event::KindChanged { customer: one, registered: false }),
            "{name}: {events:?}"
        );
        let crowd: Vec<String> = (0..6).map(|i| format!("ACCOUNT:crowd{i}")).collect();
        let touches = (40..).zip(&crowd).map(|(at, account)| touch(account, at, &["DEVICE:tablet", account]));
        let told = record(touches.collect()).await;
        let (kind, value) = ("DEVICE".to_owned(), "tablet".to_owned());
        assert_eq!(told[0], Event::SharingChanged { kind, value, shared: true }, "{name}");
    }
}
