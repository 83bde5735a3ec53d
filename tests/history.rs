//! What happened to a customer, found through the log, tells what the feed tells; and conflicts are
//! those that the definition finds.

mod worlds;

use std::collections::{BTreeMap, BTreeSet};

use customer360::identity::feed::Event;
use customer360::identity::history::{Change, Told};
use customer360::identity::resolve::IdentifierNo;
use customer360::identity::{History, OnConflict, Rules};
use customer360::model::{Identifier, Micros, ObservationNo, Revision, Touchpoint};
use customer360::store::{COUNTED, Cause, HistoryEntry, KnownAt, Recalled, Store, Tenant, Why};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{
    Decisions, cases, databases, decide, history, identifier, incoming, resolve, shuffle, tenant,
    tenant_under, touch,
};

async fn record(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) {
    store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap();
}

/// Everything that happened to a customer, read by pages of a size.
async fn whole_history(store: &Store, tenant: &Tenant, customer: i64, size: usize) -> Vec<HistoryEntry> {
    let (mut entries, mut from) = (Vec::new(), (Revision(0), 0));
    loop {
        let page = store.identity_history(tenant.key, ObservationNo(customer), from, size).await.unwrap();
        let page = page.expect("the observation is there");
        if page.customer != ObservationNo(customer) {
            return Vec::new();
        }
        assert!(page.entries.len() <= size);
        entries.extend(page.entries);
        match page.next {
            Some(next) => from = next,
            None => return entries,
        }
    }
}

/// Whom each observation belongs to: first, and from instants on.
type Held = BTreeMap<ObservationNo, (ObservationNo, Vec<(Micros, ObservationNo)>)>;

/// When an observation is a customer's, second by second of the history.
fn times((home, later): &(ObservationNo, Vec<(Micros, ObservationNo)>), customer: ObservationNo) -> String {
    let at = |second: i64| Micros(1_700_000_000_000_000 + second * 1_000_000);
    let owner = |at| later.iter().rev().find(|(from, _)| *from <= at).map_or(*home, |(_, owner)| *owner);
    let mine = (-1..70).filter(|second| owner(at(*second)) == customer);
    mine.map(|second| format!("{second} ")).collect()
}

/// What a consumer of the feed knows that happened to each customer.
async fn by_the_feed(store: &Store, tenant: &Tenant) -> BTreeMap<i64, Vec<(Revision, Told)>> {
    let mut held = Held::new();
    let mut happened: BTreeMap<i64, Vec<(Revision, Told)>> = BTreeMap::new();
    let mut after = Revision(0);
    loop {
        let page = store.identity_events(tenant.key, after).await.unwrap();
        if page.revisions.is_empty() {
            return happened;
        }
        for told in page.revisions {
            after = told.revision;
            for event in told.events {
                let mut note = |customer: ObservationNo, change| {
                    let told = Told { event: event.clone(), change };
                    happened.entry(customer.0).or_default().push((after, told));
                };
                let Event::Assigned { observation, to, later, .. } = &event else {
                    event.customers().into_iter().for_each(|customer| note(customer, None));
                    continue;
                };
                let now = (*to, later.clone());
                let was = held.insert(*observation, now.clone());
                let owners = |(home, later): &(ObservationNo, Vec<(Micros, ObservationNo)>)| {
                    [*home].into_iter().chain(later.iter().map(|(_, owner)| *owner)).collect::<BTreeSet<_>>()
                };
                let mut concerned = owners(&now);
                concerned.extend(was.iter().flat_map(owners));
                for customer in concerned {
                    let (was, is) = (
                        was.as_ref().map_or_else(String::new, |was| times(was, customer)),
                        times(&now, customer),
                    );
                    match (was.is_empty(), is.is_empty()) {
                        _ if was == is => {}
                        (true, _) => note(customer, Some(Change::Came)),
                        (_, true) => note(customer, Some(Change::Went)),
                        _ => note(customer, Some(Change::Shifted)),
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_tells_what_the_feed_tells_of_a_customer() {
    let folder = tempfile::tempdir().unwrap();
    let (mut shifted, mut went, mut made, mut retracted, mut causes) = (0, 0, 0, 0, BTreeSet::new());
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(15) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut rules = worlds::rules();
            for rule in rules.kinds.iter_mut().filter(|rule| seed % 3 == 1 && !rule.registered) {
                rule.on_conflict = OnConflict::Move(History::Session);
            }
            let tenant = tenant_under(&store, &rules).await;
            let mut touches = history(seed + 700, 40);
            shuffle(&mut touches, seed);
            for (i, batch) in touches.chunks(4).enumerate() {
                record(&store, &tenant, batch).await;
                match random.random_range(0..4) {
                    0 => drop(store.void(tenant.key, &touches[i * 3].key, "test").await.unwrap()),
                    1 | 2 => decide(&store, &tenant, &mut random, &touches).await,
                    _ => {}
                }
            }
            let expected = by_the_feed(&store, &tenant).await;
            let observations = expected.keys().max().copied().unwrap_or_default();
            for customer in 1..=observations {
                let size = random.random_range(1..9);
                let entries = whole_history(&store, &tenant, customer, size).await;
                let mut told = Vec::new();
                for entry in entries {
                    causes.insert(format!("{:?}", entry.cause));
                    match entry.recalled {
                        Recalled::Told(one) => {
                            shifted += usize::from(one.change == Some(Change::Shifted));
                            went += usize::from(one.change == Some(Change::Went));
                            told.push((entry.revision, one));
                        }
                        Recalled::Made(_) => made += usize::from(entry.cause == Cause::Decision),
                        Recalled::Retracted(_) => retracted += 1,
                    }
                }
                let expected = expected.get(&customer).cloned().unwrap_or_default();
                let what = format!("{name}, seed {seed}, customer {customer}");
                for (told, expected) in told.iter().zip(&expected) {
                    assert_eq!(told, expected, "{what}");
                }
                assert_eq!(told.len(), expected.len(), "{what}");
            }
        }
    }
    assert!(shifted > 0 && went > 0 && made > 0 && retracted > 0, "{shifted} {went} {made} {retracted}");
    assert_eq!(causes.len(), 3, "{causes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_are_those_that_the_definition_finds() {
    let folder = tempfile::tempdir().unwrap();
    let (mut standing, mut gone) = (0, 0);
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(25) {
            let tenant = tenant(&store).await;
            let mut touches = history(seed + 900, 40);
            shuffle(&mut touches, seed);
            for (i, batch) in touches.chunks(5).enumerate() {
                record(&store, &tenant, batch).await;
                let recorded = &touches[..(i * 5 + 5).min(touches.len())];
                let listed = store.conflicts(tenant.key, &tenant.rules, None, 1_000).await.unwrap();
                let places: Vec<_> = listed.conflicts.iter().map(|c| (c.observation, c.identifier)).collect();
                assert!(places.is_sorted_by(|a, b| a > b));
                let named = |no| listed.identifiers[no].clone();
                let mut found: BTreeSet<(Vec<Identifier>, Identifier)> = BTreeSet::new();
                for conflict in &listed.conflicts {
                    assert!(conflict.logged.is_some());
                    gone += usize::from(conflict.found.is_none());
                    if conflict.found.is_some() {
                        let set = conflict.identifiers.iter().map(named).collect();
                        found.insert((set, named(&conflict.identifier)));
                    }
                }
                standing += found.len();
                let expected = resolve(&tenant.rules, &Decisions::new(), recorded).dropped;
                assert_eq!(found, expected, "{name}, seed {seed}, batch {i}");
            }
        }
    }
    assert!(standing > 0 && gone > 0, "{standing} stood, {gone} did not any more");
}

/// One bridge too many is cut, and said to be: what wanted it, and the limit.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_at_a_components_limit_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let rules = Rules { component_limit: 4, ..Rules::default() };
        let tenant = tenant_under(&store, &rules).await;
        let sets: [&[&str]; 5] = [
            &["EMAIL:a"],
            &["EMAIL:a", "COOKIE:a"],
            &["EMAIL:b"],
            &["EMAIL:b", "COOKIE:b"],
            &["COOKIE:a", "COOKIE:b"],
        ];
        for (i, set) in (0..).zip(sets) {
            record(&store, &tenant, &[touch(&i.to_string(), i, set)]).await;
        }
        let listed = store.conflicts(tenant.key, &rules, None, 9).await.unwrap();
        assert_eq!(listed.conflicts.len(), 1, "{name}: {:?}", listed.conflicts);
        let conflict = &listed.conflicts[0];
        assert_eq!(conflict.logged, Some(Why::ComponentLimit));
        assert!(conflict.found.is_some(), "{name}: it is cut for ever");
        assert_eq!(conflict.revision, Revision(5));
        assert_ne!(Some(conflict.wanted_by), conflict.held_by);
        let about = store.identifiers(tenant.key, &rules, &[identifier("COOKIE:b")]).await.unwrap().1;
        let about = about.into_iter().flatten().next().unwrap();
        let of_it = store.conflicts_about(tenant.key, &rules, about.no).await.unwrap();
        let of_holder = store.conflicts_of(tenant.key, &rules, about.stored.holder.unwrap()).await.unwrap();
        assert_eq!(of_holder.conflicts, listed.conflicts, "{name}: who holds it sees it too");
        assert_eq!(of_it.conflicts.is_empty(), conflict.identifier != about.no);
    }
}

/// A store's tablet merges nobody, however many use it, and is listed with what it would connect.
#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_that_many_use_joins_nobody() {
    const PEOPLE: i64 = 1_500;
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let account = |i: i64| format!("ACCOUNT:u{i}");
        let all: Vec<Touchpoint> =
            (0..PEOPLE).map(|i| touch(&i.to_string(), i, &["DEVICE:tablet", &account(i)])).collect();
        for batch in all.chunks(500) {
            record(&store, &tenant, batch).await;
        }
        let shared = store.shared_identifiers(tenant.key, IdentifierNo(0), 9).await.unwrap().1;
        assert_eq!(shared.len(), 1, "{name}");
        assert_eq!(shared[0].identifier, identifier("DEVICE:tablet"));
        let claims: Vec<_> = shared[0].claims.counts().collect();
        assert_eq!(claims, [("ACCOUNT", 65, 65)], "{name}: counting ends there");
        assert_eq!((shared[0].observations, shared[0].customers), (COUNTED, COUNTED), "{name}");
        assert!(store.merges(tenant.key, &tenant.rules, None, 9).await.unwrap().merges.is_empty());
        let who: Vec<Identifier> = [0, 7, PEOPLE - 1].map(|i| identifier(&account(i))).into();
        let held = store.identifiers(tenant.key, &tenant.rules, &who).await.unwrap().1;
        let holders: BTreeSet<_> =
            held.into_iter().map(|found| found.unwrap().stored.holder.unwrap()).collect();
        assert_eq!(holders.len(), 3, "{name}: each is somebody else");
    }
}

/// A set that linked, was void, and was cut when it came again: then it linked.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_now_was_not_cut_then() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let rules = Rules { component_limit: 4, ..Rules::default() };
        let tenant = tenant_under(&store, &rules).await;
        let bridge = |id: &str| touch(id, 5, &["COOKIE:a", "COOKIE:b"]);
        record(&store, &tenant, &[touch("1", 1, &["COOKIE:a"])]).await;
        record(&store, &tenant, &[touch("2", 2, &["COOKIE:b"])]).await;
        record(&store, &tenant, &[bridge("3")]).await;
        store.void(tenant.key, &bridge("3").key, "wrong").await.unwrap().unwrap();
        for (id, set) in
            [("4", ["EMAIL:a", "COOKIE:a"]), ("5", ["EMAIL:b", "COOKIE:b"]), ("6", ["DEVICE:a", "COOKIE:a"])]
        {
            record(&store, &tenant, &[touch(id, 6, &set)]).await;
        }
        record(&store, &tenant, &[bridge("7")]).await;
        let conflicts = store.conflicts(tenant.key, &rules, None, 9).await.unwrap().conflicts;
        assert_eq!(conflicts[0].logged, Some(Why::ComponentLimit), "{name}: it is cut now");
        let pair = [ObservationNo(1), ObservationNo(2)];
        for (revision, is_one) in [(2, false), (3, true), (4, false), (8, false)] {
            let known = store.as_of(tenant.key, KnownAt::Revision(Revision(revision))).await.unwrap();
            let found = store.customers_as_of(tenant.key, &known, &pair).await.unwrap();
            let customers: Vec<_> = found.into_iter().map(|found| found.unwrap().customer).collect();
            assert_eq!(customers[0] == customers[1], is_one, "{name}, revision {revision}");
        }
    }
}
