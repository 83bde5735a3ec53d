//! One suite for both databases: what a store must keep, whatever it is made of.

mod worlds;

use std::collections::BTreeMap;

use customer360::model::activity::{Order, SurveyAnswer, SurveyKind};
use customer360::model::summary::{Summary, survivor};
use customer360::model::{
    Activity, ActivityType, Currency, CustomerId, CustomerKind, Micros, Money, ObservationNo, TimeRange,
    Touchpoint, TraitWrite, Value,
};
use customer360::store::{
    By, Cursor, CustomerRecord, Filter, Incoming, Outcome, Page, QueueLimit, Settings, Store, StoreError,
    Tenant, Whom,
};
use worlds::{databases, details, history, incoming, oracle, stored_map, tenant, touch};

const EVERYTHING: Filter = Filter { range: TimeRange::ALL, activities: Vec::new(), channels: Vec::new() };

async fn record(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) -> Vec<Outcome> {
    store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap().outcomes
}

fn order(id: &str, second: i64, order_id: &str, minor: i64, identifiers: &[&str]) -> Touchpoint {
    let amount = Money { minor, currency: Currency::EUR };
    let order = Order {
        order_id: order_id.into(),
        amount,
        lines: vec![],
        fulfilment: Default::default(),
        mobile_pos: false,
        offer_id: String::new(),
        margin: None,
    };
    Touchpoint { details: details(Activity::Order(order)), ..touch(id, second, identifiers) }
}

fn customer(outcome: &Outcome) -> ObservationNo {
    match outcome {
        Outcome::Recorded(Some(customer))
        | Outcome::ToldAgain(Some(customer))
        | Outcome::Duplicate(Some(customer)) => *customer,
        other => panic!("not recorded with a customer: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_comes_out_to_the_microsecond_and_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let mut odd = touch("Ünï'\"--;", 1, &["EMAIL:zoë@x.io", "COOKIE:aBc"]);
        odd.at = Micros(1_700_000_000_123_457);
        odd.details.traits =
            vec![TraitWrite { name: "name".into(), value: Value::Text("O'Hara".into()), if_absent: false }];
        let other_case = touch("2", 2, &["COOKIE:AbC"]);
        let outcomes = record(&store, &tenant, &[odd.clone(), other_case]).await;
        assert_ne!(customer(&outcomes[0]), customer(&outcomes[1]), "{name}: values differ by case");
        let (_, found) = store.touchpoint(tenant.key, &odd.key).await.unwrap();
        assert_eq!(found.unwrap().touchpoint, odd, "{name}");
    }
}

/// The mirror's food comes as texts of many touchpoints: nothing in one may be taken for the next.
#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_what_was_recorded_page_by_page_whatever_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let sources = [
            "shop",
            "a\u{1f}b",
            "\u{1f}",
            "7\u{1f}8\u{1f}9\u{1f}web\u{1f}{}\u{1f}1\u{1f}x",
            "Größe 👟",
            "\n",
        ];
        let mut touches: Vec<Touchpoint> = Vec::new();
        for i in 0..700_usize {
            let shown = format!("COOKIE:{}", i % 50);
            let identifiers: &[&str] = if i % 7 == 0 { &[] } else { &[shown.as_str()] };
            let mut touch = touch(&i.to_string(), (i * 37 % 700) as i64, identifiers);
            touch.key.source = sources[i % sources.len()].into();
            let note = Value::Text(format!("{}\u{1f}\t\"{i}", sources[i % 5]));
            touch.details.traits = vec![TraitWrite { name: "note".into(), value: note, if_absent: false }];
            touches.push(touch);
        }
        record(&store, &tenant, &touches).await;
        for limit in [1_000, 300, 256, 99] {
            let (mut read, mut cursor, mut pages) = (Vec::new(), Cursor::default(), 0);
            loop {
                let changed = store.changes(tenant.key, cursor, limit).await.unwrap();
                read.extend(changed.facts.parse().unwrap().into_iter().flatten());
                (cursor, pages) = (changed.cursor, pages + 1);
                if changed.complete {
                    break;
                }
            }
            assert_eq!(pages, (700 + limit - 1) / limit, "{name}");
            assert_eq!(read.len(), touches.len(), "{name}");
            for ((fact, touch), no) in read.iter().zip(&touches).zip(1..) {
                assert_eq!((fact.no.0, &fact.source, fact.at), (no, &touch.key.source, touch.at), "{name}");
                assert_eq!((&fact.channel, &fact.details), (&touch.channel, &touch.details), "{name}");
                assert_eq!(fact.observation.is_some(), !touch.identifiers.is_empty(), "{name}");
            }
        }
        let nothing = store.changes(tenant.key, Cursor { touchpoint: 700, ..Cursor::default() }, 10).await;
        assert!(nothing.unwrap().facts.parse().unwrap().is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_statement_of_an_order_speaks_until_it_is_voided() {
    let folder = tempfile::tempdir().unwrap();
    for (_, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let first = order("1", 1, "o-1", 500, &["ACCOUNT:a"]);
        let second = order("2", 2, "o-1", 700, &["ACCOUNT:a"]);
        let third = order("3", 3, "o-1", 900, &["ACCOUNT:a"]);
        let outcomes = record(&store, &tenant, &[first.clone(), third.clone()]).await;
        assert!(matches!(outcomes[..], [Outcome::Recorded(_), Outcome::ToldAgain(_)]));
        let outcome = &record(&store, &tenant, std::slice::from_ref(&second)).await[0];
        let revenue = async |store: &Store| {
            let (_, found) = store.customers(tenant.key, &tenant.rules, &[customer(outcome)]).await.unwrap();
            let revenue = found[0].as_ref().unwrap().summary.revenue[&Currency::EUR];
            (revenue.orders, revenue.gross_minor)
        };
        assert_eq!(revenue(&store).await, (1, 500));
        assert!(!store.void(tenant.key, &first.key, "wrong").await.unwrap().unwrap().already);
        assert!(store.void(tenant.key, &first.key, "wrong").await.unwrap().unwrap().already);
        assert_eq!(revenue(&store).await, (1, 700));
        assert!(!store.void(tenant.key, &second.key, "wrong").await.unwrap().unwrap().already);
        assert_eq!(revenue(&store).await, (1, 900));
        assert_eq!(record(&store, &tenant, &[first]).await.len(), 1, "a void key stays a duplicate");
    }
}

/// The views of names asked for at the same time are read together by one statement, those asked for
/// by one call in a transaction of several.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_the_same_by_whichever_way_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..worlds::cases(10) {
            let tenant = tenant(&store).await;
            let touches = worlds::busy_history(seed, 60);
            for batch in touches.chunks(9) {
                record(&store, &tenant, batch).await;
            }
            for key in [&touches[3].key, &touches[20].key] {
                store.void(tenant.key, key, "wrong").await.unwrap();
            }
            let mut names: Vec<_> = touches.iter().flat_map(|t| t.identifiers.clone()).collect();
            names.sort();
            names.dedup();
            names.push(worlds::identifier("COOKIE:never seen"));
            let mut asked = tokio::task::JoinSet::new();
            for one in names {
                let (store, tenant) = (store.clone(), tenant.clone());
                asked.spawn(async move {
                    let named = Whom::Identifier(one);
                    let (at, alone) = store.view(tenant.key, &tenant.rules, named.clone()).await.unwrap();
                    let Some(number) = alone.as_ref().map(|record| record.customer) else {
                        return (named, at, alone);
                    };
                    let number = Whom::Observation(number);
                    let (_, by_number) = store.view(tenant.key, &tenant.rules, number).await.unwrap();
                    assert_eq!(alone, by_number, "of their number");
                    (named, at, alone)
                });
            }
            let mut held = 0;
            for (named, at, alone) in asked.join_all().await {
                let both = [vec![named.clone(), named], numbers_of(&alone)].concat();
                let (then, all) = store.views(tenant.key, &tenant.rules, &both).await.unwrap();
                assert_eq!(at, then, "{name}, seed {seed}");
                assert!(all.iter().all(|one| *one == alone), "{name}, seed {seed}");
                held += alone.iter().count();
            }
            assert!(held > 0, "{name}, seed {seed}: nobody holds anything");
        }
    }
}

fn numbers_of(record: &Option<CustomerRecord>) -> Vec<Whom> {
    record.iter().map(|record| Whom::Observation(record.customer)).collect()
}

/// Whoever asks after a write sees it, in whosever company, and of their own tenant alone.
#[tokio::test(flavor = "multi_thread")]
async fn views_that_are_read_together_see_what_was_written_before_each_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (_, store) in databases(&folder).await {
        let tenants = [tenant(&store).await, tenant(&store).await];
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..48 {
            let (store, tenant) = (store.clone(), tenants[caller % 2].clone());
            callers.spawn(async move {
                let named = Whom::Identifier(worlds::identifier("ACCOUNT:everybody"));
                // One who goes away before the answer is there.
                let gone = store.view(tenant.key, &tenant.rules, named.clone());
                let _ = tokio::time::timeout(std::time::Duration::ZERO, gone).await;
                let touch = touch(&caller.to_string(), caller as i64, &["ACCOUNT:everybody"]);
                let batch = vec![incoming(&touch)];
                let written = store.record(tenant.key, batch).await.unwrap().revision;
                let (at, found) = store.view(tenant.key, &tenant.rules, named).await.unwrap();
                assert!(at >= written, "{at:?} after {written:?}");
                found.unwrap().summary.touchpoints
            });
        }
        let seen = callers.join_all().await;
        assert_eq!(seen.iter().max(), Some(&24), "those of one tenant, all of them");
    }
}

/// Law 7: a customer's summary is that of all its touchpoints, however they were merged.
#[tokio::test(flavor = "multi_thread")]
async fn summaries_add_up_over_every_merge() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..worlds::cases(15) {
            let tenant = tenant(&store).await;
            let mut touches = history(seed, 40);
            for (i, t) in touches.iter_mut().enumerate() {
                let names: Vec<String> =
                    t.identifiers.iter().map(|d| format!("{}:{}", d.kind, d.value)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let second = (t.at.0 - 1_700_000_000_000_000) / 1_000_000;
                match i % 3 {
                    0 => *t = order(&t.key.source_id, second, &format!("o{i}"), i as i64 * 100, &names),
                    1 => {
                        let score = (i % 11) as u8;
                        let answer = SurveyAnswer { kind: SurveyKind::Nps, score, ..Default::default() };
                        t.details = details(Activity::SurveyAnswer(answer));
                    }
                    _ => t.details.handling_seconds = Some(i as u32),
                }
            }
            for batch in touches.chunks(7) {
                record(&store, &tenant, batch).await;
            }
            let mut expected: BTreeMap<ObservationNo, Summary> = BTreeMap::new();
            for t in &touches {
                let (_, found) = store.touchpoint(tenant.key, &t.key).await.unwrap();
                expected.entry(found.unwrap().customer.unwrap()).or_default().add(t);
            }
            let keys: Vec<ObservationNo> = expected.keys().copied().collect();
            let (_, found) = store.customers(tenant.key, &tenant.rules, &keys).await.unwrap();
            for (record, summary) in found.into_iter().zip(expected.into_values()) {
                assert_eq!(record.unwrap().summary, summary, "{name}, seed {seed}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_id_ever_given_out_leads_to_the_customer_of_now() {
    let folder = tempfile::tempdir().unwrap();
    for (_, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let apart =
            record(&store, &tenant, &[touch("1", 1, &["COOKIE:c"]), touch("2", 2, &["ACCOUNT:a"])]).await;
        let (cookie, account) = (customer(&apart[0]), customer(&apart[1]));
        assert_ne!(cookie, account);
        let login = touch("3", 3, &["COOKIE:c", "ACCOUNT:a"]);
        let together = customer(&record(&store, &tenant, std::slice::from_ref(&login)).await[0]);
        assert_eq!(together, cookie, "the oldest id survives");
        for id in [cookie, account, ObservationNo(3)] {
            let (_, found) = store.customers(tenant.key, &tenant.rules, &[id]).await.unwrap();
            let record = found[0].as_ref().unwrap();
            assert_eq!((record.customer, record.kind), (cookie, CustomerKind::Registered));
            assert_eq!(record.identifiers.iter().filter(|d| d.held).count(), 2);
        }
        store.void(tenant.key, &login.key, "not the same person").await.unwrap();
        let (_, found) = store.customers(tenant.key, &tenant.rules, &[cookie, account]).await.unwrap();
        let names: Vec<ObservationNo> = found.iter().map(|r| r.as_ref().unwrap().customer).collect();
        assert_eq!(names, [cookie, account], "a split gives the old ids back");
        let id = CustomerId::new(tenant.key, account);
        assert_eq!(id.observation(tenant.key), Some(account));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_read_by_pages_newest_first_across_observations() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let sets: [&[&str]; 3] = [&["ACCOUNT:a"], &["ACCOUNT:a", "COOKIE:c"], &["COOKIE:c"]];
        let touches: Vec<Touchpoint> =
            (0..50).map(|i| touch(&format!("{i:02}"), i64::from(i) / 2, sets[i as usize % 3])).collect();
        let outcomes = record(&store, &tenant, &touches).await;
        let by = By::Customer(customer(&outcomes[0]));
        let mut read: Vec<(i64, i64)> = Vec::new();
        let mut after = None;
        loop {
            let page = Page { after, size: 7 };
            let listed = store.touchpoints(tenant.key, None, by, &EVERYTHING, page).await.unwrap().entries;
            read.extend(listed.iter().map(|e| (e.touchpoint.at.0, e.no.0)));
            let Some(last) = listed.last().filter(|_| listed.len() == 7) else { break };
            after = Some((last.touchpoint.at, last.no.0));
        }
        assert_eq!(read.len(), 50, "{name}");
        assert!(read.is_sorted_by(|a, b| a > b), "{name}: newest first, nothing twice");
        let orders = Filter { activities: vec![ActivityType::Order], ..EVERYTHING };
        let none =
            store.touchpoints(tenant.key, None, by, &orders, Page { after: None, size: 10 }).await.unwrap();
        assert!(none.entries.is_empty());
        let logins = Filter { activities: vec![ActivityType::Login], ..EVERYTHING };
        let all = store
            .touchpoints(tenant.key, None, By::Tenant, &logins, Page { after: None, size: 100 })
            .await
            .unwrap();
        assert_eq!(all.entries.len(), 17);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traits_survive_by_recency_and_never_by_filling_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    for (_, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let says = |id: &str, second, city: &str, if_absent| {
            let mut t = touch(id, second, &["ACCOUNT:a"]);
            let value = Value::Text(city.into());
            t.details.traits = vec![TraitWrite { name: "city".into(), value, if_absent }];
            t
        };
        let said = [says("1", 5, "Oslo", false), says("2", 3, "Rome", false), says("3", 9, "Bern", true)];
        let outcomes = record(&store, &tenant, &said).await;
        let (_, found) = store.customers(tenant.key, &tenant.rules, &[customer(&outcomes[0])]).await.unwrap();
        let summary = &found[0].as_ref().unwrap().summary;
        let city = survivor(&summary.traits["city"], &tenant.rules.trait_sources).unwrap();
        assert_eq!(city.said.value, Value::Text("Oslo".into()));
    }
}

/// Nothing that was acknowledged is lost, and nothing is half there, when callers give up.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_request_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant(&store).await;
        let mut flights = Vec::new();
        for i in 0..200_u64 {
            let (store, key) = (store.clone(), tenant.key);
            let touches: Vec<Incoming> = (0..3)
                .map(|j| incoming(&touch(&format!("{i}-{j}"), i as i64, &[&format!("COOKIE:{}", i % 20)])))
                .collect();
            flights.push(tokio::spawn(async move {
                let patience = std::time::Duration::from_micros(i * 40 % 3_000);
                tokio::time::timeout(patience, store.record(key, touches)).await.is_ok_and(|r| r.is_ok())
            }));
        }
        let mut acknowledged = Vec::new();
        for (i, flight) in flights.into_iter().enumerate() {
            if flight.await.unwrap() {
                acknowledged.push(i);
            }
        }
        // The writer works in order: once this is stored, everything before it is settled.
        record(&store, &tenant, &[touch("last", 999, &["COOKIE:x"])]).await;
        for i in 0..200 {
            let mut there = 0;
            for j in 0..3 {
                let key = touch(&format!("{i}-{j}"), 0, &[]).key;
                there += usize::from(store.touchpoint(tenant.key, &key).await.unwrap().1.is_some());
            }
            assert!(there == 0 || there == 3, "{name}: request {i} is half there");
            assert!(
                there == 3 || !acknowledged.contains(&i),
                "{name}: request {i} was acknowledged and lost"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("full.db").display());
    let settings = Settings { queue_touchpoints: 10, ..Settings::default() };
    let store = Store::open(&url, &settings, customer360::clock::system()).await.unwrap();
    let tenant = tenant(&store).await;
    let many: Vec<Incoming> = (0..11).map(|i| incoming(&touch(&format!("{i}"), i, &["COOKIE:c"]))).collect();
    let refused = store.record(tenant.key, many).await;
    assert!(matches!(refused, Err(StoreError::QueueFull { limit: QueueLimit::Touchpoints(10) })));
    assert_eq!(store.revision(tenant.key).await.unwrap().0, 0);
    record(&store, &tenant, &[touch("1", 1, &["COOKIE:c"])]).await;
    assert_eq!(store.revision(tenant.key).await.unwrap().0, 1);
}

/// A batch of more than the whole queue goes alone, and only one at a time.
#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_bounded_in_bytes_too() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("bytes.db").display());
    let settings = Settings { queue_bytes: 4_096, ..Settings::default() };
    let store = Store::open(&url, &settings, customer360::clock::system()).await.unwrap();
    let tenant = tenant(&store).await;
    let batch = |call: i64| -> Vec<Incoming> {
        (0..50).map(|i| incoming(&touch(&format!("{call} {i}"), i, &["COOKIE:c"]))).collect()
    };
    let both = tokio::join!(store.record(tenant.key, batch(1)), store.record(tenant.key, batch(2)));
    assert!(both.0.is_ok());
    assert!(matches!(both.1, Err(StoreError::QueueFull { limit: QueueLimit::Bytes(4_096) })));
    store.record(tenant.key, batch(2)).await.unwrap();
}

/// Two processes on one PostgreSQL: two stores that know nothing of each other.
#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_database_keep_the_laws() {
    let url = std::env::var("CUSTOMER360_TEST_POSTGRES").unwrap();
    let (one, two) = (worlds::open(&url).await, worlds::open(&url).await);
    for seed in 0..worlds::cases(8) {
        let tenant = tenant(&one).await;
        let mut touches = history(seed + 500, 60);
        let writers =
            [one.clone(), two.clone(), one.clone(), two.clone()].into_iter().enumerate().map(|(w, store)| {
                let (mut touches, tenant) = (touches.clone(), tenant.clone());
                tokio::spawn(async move {
                    worlds::shuffle(&mut touches, seed * 10 + w as u64);
                    for batch in touches.chunks(5) {
                        record(&store, &tenant, batch).await;
                    }
                })
            });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        touches.sort_by_key(Touchpoint::position);
        assert_eq!(stored_map(&two, &tenant, &touches).await, oracle(&tenant.rules, &touches), "seed {seed}");
    }
}
