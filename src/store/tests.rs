//! What cannot be seen from outside: the plans of the statements, and the tables of both dialects.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Row as _};

use super::*;
use crate::identity::{History, OnConflict};
use crate::model::activity::Visit;
use crate::model::{
    Activity, ActivityType, Channel, CustomerKind, Details, Identifier, KindName, ObservationNo, Position,
    TenantName, TimeRange, TouchKey, Touchpoint,
};
use crate::store::driver::{Database, SEEN};

fn touch(id: usize, at: i64, identifiers: &[(&str, &str)]) -> Incoming {
    let identifier = |(kind, value): &(&str, &str)| Identifier {
        kind: KindName::parse(kind).unwrap(),
        value: (*value).into(),
    };
    let details = Details {
        activity: Activity::Visit(Visit::default()),
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
    };
    let key = TouchKey { source: "s".into(), source_id: id.to_string() };
    let channel = Channel::parse("web").unwrap();
    let identifiers = identifiers.iter().map(identifier).collect();
    Incoming::new(Touchpoint { key, at: Micros(at), channel, identifiers, details })
}

/// Runs every kind of operation, so that every statement is seen.
async fn exercise(store: &Store) {
    let tenant = store
        .open_tenant(&TenantName::parse(&format!("plans-{}", std::process::id())).unwrap())
        .await
        .unwrap();
    let (a, c, d) = (("ACCOUNT", "a"), ("COOKIE", "c"), ("DEVICE", "d"));
    let sets: [&[(&str, &str)]; 6] = [&[c], &[a], &[a, c], &[d], &[a, d], &[]];
    for (i, set) in sets.iter().enumerate() {
        store.record(tenant.key, vec![touch(i, i as i64 * 10 + 100, set)]).await.unwrap();
    }
    store.record(tenant.key, vec![touch(90, 5, &[d]), touch(91, 6, &[c, d])]).await.unwrap();
    let key = |id: usize| TouchKey { source: "s".into(), source_id: id.to_string() };
    for id in [2, 4, 90, 0] {
        store.void(tenant.key, &key(id), "wrong").await.unwrap().unwrap();
    }
    store.touchpoint(tenant.key, &key(1)).await.unwrap();
    // Versions: in place, of another time, late, with another content.
    for (touch, version) in [
        (touch(1, 110, &[a]), 2),
        (touch(3, 999, &[d]), 1),
        (touch(1, 110, &[a]), 1),
        (touch(1, 111, &[a]), 2),
        (touch(5, 150, &[a]), 1),
    ] {
        store.record(tenant.key, vec![touch.with_version(version)]).await.unwrap();
    }
    let voiding = Voiding { version: Some(1), reason: "wrong".into(), ..Voiding::default() };
    store.void_version(tenant.key, &key(1), &voiding).await.unwrap().unwrap();
    let filter = Filter { range: TimeRange::ALL, activities: vec![ActivityType::Visit], channels: vec![] };
    let page = Page { after: None, size: 10 };
    for by in [By::Tenant, By::Customer(ObservationNo(1))] {
        store.touchpoints(tenant.key, None, by, &filter, page).await.unwrap();
        let known = store.as_of(tenant.key, KnownAt::Revision(Revision(7))).await.unwrap();
        store.touchpoints(tenant.key, Some(&known), by, &filter, page).await.unwrap();
    }
    let known = store.as_of(tenant.key, KnownAt::Revision(Revision(3))).await.unwrap();
    store.identity_events(tenant.key, Revision(0)).await.unwrap();
    store.changed_since(tenant.key, &known, Revision(7)).await.unwrap();
    store.as_of(tenant.key, KnownAt::Instant(Micros(5))).await.unwrap();
    store.customers(tenant.key, &tenant.rules, &[ObservationNo(1), ObservationNo(2)]).await.unwrap();
    store.list_customers(tenant.key, &tenant.rules, Some(CustomerKind::Registered), None, 10).await.unwrap();
    store.component(tenant.key, &tenant.rules, ObservationNo(1)).await.unwrap();
    let who = [Identifier { kind: KindName::parse("COOKIE").unwrap(), value: "c".into() }];
    store.identifiers(tenant.key, &tenant.rules, &who).await.unwrap();
    let whom = [Whom::Identifier(who[0].clone()), Whom::Observation(ObservationNo(1))];
    store.view(tenant.key, &tenant.rules, whom[0].clone()).await.unwrap();
    store.views(tenant.key, &tenant.rules, &whom).await.unwrap();
    let position = Position { at: Micros(1_000), key: key(1_000) };
    store.foresee(tenant.key, &tenant.rules, &who, position.clone()).await.unwrap();
    store.foresee_as_of(tenant.key, &known, &who, position).await.unwrap();
    store.kept_out(tenant.key, vec![who.to_vec()]).await.unwrap();
    store.changes(tenant.key, Cursor::default(), 100).await.unwrap();
    decide(store, &tenant).await;
    store.set_cost_rates(tenant.key, None, vec![]).await.unwrap();
    store.costs_changed_at(tenant.key).await.unwrap();
    store.cost_rates(tenant.key, Revision(1)).await.unwrap();
    store.capacity(tenant.key, Revision(1)).await.unwrap();
}

/// Decisions of every kind, taken back.
async fn decide(store: &Store, tenant: &Tenant) {
    let one = |kind: &str, value: &str| {
        Party::Identifiers(vec![Identifier { kind: KindName::parse(kind).unwrap(), value: value.into() }])
    };
    let Party::Identifiers(device) = one("DEVICE", "d") else { unreachable!() };
    let proposals = [
        Proposal::Link(vec![one("COOKIE", "c"), one("EMAIL", "never@seen.io")]),
        Proposal::Unlink(Party::Customer(ObservationNo(1)), one("COOKIE", "z")),
        Proposal::Share(device[0].clone(), crate::identity::constraints::Sharing::Shared),
        Proposal::Retract(crate::identity::constraints::ConstraintNo(1)),
        Proposal::Retract(crate::identity::constraints::ConstraintNo(3)),
    ];
    for (i, proposal) in proposals.iter().enumerate() {
        let request = Request { id: format!("decision {i}"), payload_hash: [0; 16] };
        let (author, reason) = ("ada".into(), "test".into());
        for dry_run in [true, false, false] {
            let mandate = Mandate {
                author: String::clone(&author),
                reason: String::clone(&reason),
                principal: None,
                request: request.clone(),
                dry_run,
            };
            store.decide(tenant.key, proposal, &mandate).await.unwrap().unwrap();
        }
    }
    store.constraints(tenant.key, true, crate::identity::constraints::ConstraintNo(0), 9).await.unwrap();
    store.constraints(tenant.key, false, crate::identity::constraints::ConstraintNo(0), 9).await.unwrap();
    store.whole_map(tenant.key, &tenant.rules, &tenant.rules).await.unwrap();
    let promotion = Promotion {
        rules: (*tenant.rules).clone(),
        from_version: 1,
        author: "ada".into(),
        reason: "test".into(),
        principal: None,
        request: Request { id: "promotion".into(), payload_hash: [0; 16] },
    };
    for _ in 0..2 {
        assert_eq!(store.promote(tenant.key, promotion.clone()).await.unwrap().reassigned, 0);
    }
    store.rule_set(tenant.key, 2).await.unwrap().unwrap();
    exercise_moves(store, tenant, promotion).await;
    store.merges(tenant.key, &tenant.rules, None, 9).await.unwrap();
    let first = crate::identity::resolve::IdentifierNo(0);
    store.shared_identifiers(tenant.key, first, 9).await.unwrap();
    store.merges_of(tenant.key, &tenant.rules, ObservationNo(1)).await.unwrap();
    store.conflicts(tenant.key, &tenant.rules, None, 9).await.unwrap();
    store.conflicts_of(tenant.key, &tenant.rules, ObservationNo(1)).await.unwrap();
    store
        .conflicts_about(tenant.key, &tenant.rules, crate::identity::resolve::IdentifierNo(1))
        .await
        .unwrap();
    store.identity_history(tenant.key, ObservationNo(1), (Revision(0), 0), 3).await.unwrap().unwrap();
}

/// The same while an identifier moves.
async fn exercise_moves(store: &Store, tenant: &Tenant, promotion: Promotion) {
    let mut rules = (*tenant.rules).clone();
    for rule in rules.kinds.iter_mut().filter(|rule| !rule.registered) {
        rule.on_conflict = OnConflict::Move(History::Session);
    }
    let request = Request { id: "moves".into(), payload_hash: [1; 16] };
    let promotion = Promotion { rules: rules.clone(), from_version: 2, request, ..promotion };
    store.promote(tenant.key, promotion).await.unwrap();
    let (a, b, c) = (("ACCOUNT", "a9"), ("ACCOUNT", "b9"), ("COOKIE", "c9"));
    let sets: [&[(&str, &str)]; 6] = [&[c], &[a, c], &[b, c], &[c], &[a, c], &[c]];
    let mut customers = BTreeSet::new();
    for (i, set) in (100..).zip(sets) {
        let recorded = store.record(tenant.key, vec![touch(i, 1_000 + i as i64, set)]).await.unwrap();
        let Outcome::Recorded(customer) = recorded.outcomes[0] else { panic!("recorded") };
        customers.extend(customer);
    }
    assert_eq!(customers.len(), 2, "the cookie belongs to both, by time");
    let customers: Vec<ObservationNo> = customers.into_iter().collect();
    let rules = Arc::new(rules);
    let (_, together) = store.customers(tenant.key, &rules, &customers).await.unwrap();
    for (customer, found) in customers.iter().zip(together) {
        let (_, alone) = store.view(tenant.key, &rules, Whom::Observation(*customer)).await.unwrap();
        assert_eq!(alone, found, "a divided customer takes more than one statement");
    }
    let key = TouchKey { source: "s".into(), source_id: "103".into() };
    store.touchpoint(tenant.key, &key).await.unwrap();
    store.void(tenant.key, &key, "wrong").await.unwrap().unwrap();
    store.changes(tenant.key, Cursor::default(), 100).await.unwrap();
    let known = store.revision(tenant.key).await.unwrap();
    let known = store.as_of(tenant.key, KnownAt::Revision(Revision(known.0 - 1))).await.unwrap();
    store.customers_as_of(tenant.key, &known, &customers).await.unwrap();
    store.identity_events(tenant.key, Revision(0)).await.unwrap();
    store.whole_map(tenant.key, &rules, &rules).await.unwrap();
}

/// Tables of a tenant that are short, and read whole.
const LISTS: [&str; 13] = [
    "FROM upgrade",
    "FROM tenant",
    "CROSS JOIN tenant",
    "UPDATE tenant",
    "FROM cost_rate",
    "FROM capacity",
    "FROM rule_set",
    "FROM identity_constraint",
    "UPDATE identity_constraint",
    "o.live = 1 ORDER BY o.observation",
    "d.blocked FROM identifier d WHERE d.tenant",
    "FROM summary s WHERE s.tenant",
    "AND t.activity = 'logout'",
];

/// A statement that reads a whole table is a statement that grows with the data.
#[tokio::test(flavor = "multi_thread")]
async fn no_statement_scans_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("plans.db").display());
    let store = Store::open(&url, &Settings::default(), crate::clock::system()).await.unwrap();
    exercise(&store).await;
    let Database::Sqlite { readers, .. } = &store.db else { panic!("not SQLite") };
    let texts: BTreeSet<String> = SEEN[0].lock().unwrap().clone();
    assert!(texts.len() > 30, "the exercise runs the store's statements");
    let mut slow = Vec::new();
    for text in texts {
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")));
        for row in plan.fetch_all(readers).await.unwrap() {
            let step: String = row.get("detail");
            // v is the statement's own list of rows, n one of numbers, b one branch of a union.
            let scanned = step.strip_prefix("SCAN ").map(|rest| rest.split(' ').next().unwrap_or(""));
            let own = ["v", "b", "n", "CONSTANT", "2", "3"];
            let rows =
                |name: &str| own.contains(&name) || name.ends_with("-ROW") || name.parse::<u32>().is_ok();
            let whole_tenant = step.contains("(tenant=?)") && !LISTS.iter().any(|list| text.contains(list));
            let scans = scanned.is_some_and(|name| !rows(name)) || step.contains("AUTOMATIC");
            if scans || whole_tenant {
                slow.push(format!("{step}: {}", text.replace("(?,?),", "").replace("(?),", "")));
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// Plans are those that the service's connections keep: made for any arguments, whatever is in the
/// tables. A sequential scan that is left has no index that could serve it; a condition of nothing
/// but the tenant looks through all that a tenant has.
#[tokio::test(flavor = "multi_thread")]
async fn no_statement_scans_a_table_on_postgresql() {
    let url = std::env::var("CUSTOMER360_TEST_POSTGRES").unwrap();
    let store = Store::open(&url, &Settings::default(), crate::clock::system()).await.unwrap();
    exercise(&store).await;
    let Database::Postgres { pool, .. } = &store.db else { panic!("not PostgreSQL") };
    let texts: BTreeSet<String> = SEEN[1].lock().unwrap().clone();
    assert!(texts.len() > 30, "the exercise runs the store's statements");
    let mut connection = pool.acquire().await.unwrap();
    let mut slow = Vec::new();
    for text in texts {
        let parameters = (1..100).take_while(|n| text.contains(&format!("${n}"))).count();
        let prepare = format!("PREPARE one AS {text}");
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
        let nulls = vec!["NULL"; parameters].join(", ");
        let explain = match parameters {
            0 => "EXPLAIN EXECUTE one".to_owned(),
            _ => format!("EXPLAIN EXECUTE one({nulls})"),
        };
        for row in sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap() {
            let step: String = row.get(0);
            let by_tenant = step.trim().strip_prefix("Index Cond: ");
            let whole_tenant = by_tenant.is_some_and(|condition| {
                let is_alone = !condition.contains(" AND ") && condition.contains("tenant = ");
                is_alone && !LISTS.iter().any(|list| text.contains(list))
            });
            if step.contains("Seq Scan on") || whole_tenant {
                slow.push(format!("{}: {text}", step.trim()));
            }
        }
        sqlx::raw_sql("DEALLOCATE one").execute(&mut *connection).await.unwrap();
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// Tables and columns by name, with whether a column may be null.
async fn columns(db: &Database) -> BTreeMap<String, BTreeSet<(String, bool)>> {
    let mut tables: BTreeMap<String, BTreeSet<(String, bool)>> = BTreeMap::new();
    let mut add = |table: String, column: String, null: bool| {
        if !table.starts_with('_') {
            tables.entry(table).or_default().insert((column, null));
        }
    };
    match db {
        Database::Sqlite { readers, .. } => {
            let sql = "SELECT m.name, c.name, c.\"notnull\" FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                       WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
            for row in sqlx::query(sql).fetch_all(readers).await.unwrap() {
                add(row.get(0), row.get(1), row.get::<i64, _>(2) == 0);
            }
        }
        Database::Postgres { pool, .. } => {
            let sql = "SELECT table_name::text, column_name::text, is_nullable::text FROM information_schema.columns \
                       WHERE table_schema = 'public'";
            for row in sqlx::query(sql).fetch_all(pool).await.unwrap() {
                add(row.get(0), row.get(1), row.get::<String, _>(2) == "YES");
            }
        }
    }
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn both_dialects_have_the_same_tables_and_columns() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("tables.db").display());
    let postgres = std::env::var("CUSTOMER360_TEST_POSTGRES").expect("tests/run sets it");
    let sqlite = Database::open(&sqlite, 2).await.unwrap();
    let postgres = Database::open(&postgres, 2).await.unwrap();
    assert_eq!(columns(&sqlite).await, columns(&postgres).await);
}

/// Conflicts of data from before they were kept: the migration finds those that stand.
#[tokio::test(flavor = "multi_thread")]
async fn conflicts_of_older_data_are_found_by_the_migration() {
    const SQLITE: &str = include_str!("../../migrations/sqlite/0009_history.sql");
    const POSTGRES: &str = include_str!("../../migrations/postgres/0009_history.sql");
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("old.db").display());
    let postgres = std::env::var("CUSTOMER360_TEST_POSTGRES").expect("tests/run sets it");
    for (url, migration) in [(sqlite, SQLITE), (postgres, POSTGRES)] {
        let store = Store::open(&url, &Settings::default(), crate::clock::system()).await.unwrap();
        let name = format!("old{}", crate::clock::system()().0);
        let tenant = store.open_tenant(&TenantName::parse(&name).unwrap()).await.unwrap();
        let (a, b, c, d) = (("ACCOUNT", "a"), ("ACCOUNT", "b"), ("EMAIL", "c"), ("PHONE", "d"));
        let sets: [&[(&str, &str)]; 4] = [&[a, c], &[b, c], &[b, d], &[a, d]];
        for (i, set) in sets.iter().enumerate() {
            store.record(tenant.key, vec![touch(i, i as i64 * 10 + 100, set)]).await.unwrap();
        }
        let list = async || {
            let listed = store.conflicts(tenant.key, &tenant.rules, None, 9).await.unwrap().conflicts;
            let standing = listed.into_iter().filter(|conflict| conflict.found.is_some());
            standing.map(|c| (c.observation, c.identifier, c.revision)).collect::<Vec<_>>()
        };
        let kept = list().await;
        assert_eq!(kept.len(), 2, "{kept:?}");
        let (_, from) = migration.split_once("INSERT INTO conflict").unwrap();
        let (found, _) = from.split_once(';').unwrap();
        let found = format!("INSERT INTO conflict{found} AND s.tenant = {}", tenant.key.0);
        let forget = format!("DELETE FROM conflict WHERE tenant = {}", tenant.key.0);
        for text in [forget, found] {
            let text = sqlx::raw_sql(AssertSqlSafe(text));
            let rows = match &store.db {
                Database::Sqlite { writer, .. } => text.execute(writer).await.unwrap().rows_affected(),
                Database::Postgres { pool, .. } => text.execute(pool).await.unwrap().rows_affected(),
            };
            assert_eq!(rows, 2);
        }
        assert_eq!(list().await, kept);
    }
}

/// SQLite's pages are limited as a full disk limits them; when there is room again it goes on.
#[tokio::test]
async fn a_full_disk_is_told_as_such_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("full.db").display());
    let store = Store::open(&url, &Settings::default(), crate::clock::fixed(Micros(1))).await.unwrap();
    let Database::Sqlite { writer, .. } = &store.db else { panic!("SQLite") };
    let pages: i64 = sqlx::query("PRAGMA page_count").fetch_one(writer).await.unwrap().get(0);
    let limit =
        |pages: i64| sqlx::query(AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))).execute(writer);
    let tenant = store.open_tenant(&TenantName::parse("full").unwrap()).await.unwrap().key;
    limit(pages + 40).await.unwrap();
    let batch = |nth: usize| (0..50).map(|i| touch(nth * 50 + i, 100, &[("COOKIE", "c")])).collect();
    let mut stored = 0;
    let refused = loop {
        match store.record(tenant, batch(stored)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1_000, "the disk is never full");
    };
    assert!(stored > 0, "{refused:?}");
    let is_full = |error: &StoreError| error.diagnosis().failure == Failure::Full;
    assert!(is_full(&refused), "{refused:?}");
    // Many wait in one group, and all are told.
    let many = (0..8).map(|n| {
        let (store, batch) = (store.clone(), batch(stored + n));
        tokio::spawn(async move { store.record(tenant, batch).await })
    });
    for refused in many.collect::<Vec<_>>() {
        assert!(is_full(&refused.await.unwrap().unwrap_err()));
    }
    let revision = store.revision(tenant).await.unwrap();
    assert_eq!(revision, Revision(stored as i64), "what was acknowledged, and no more");
    limit(1_000_000).await.unwrap();
    let again = store.record(tenant, batch(stored)).await.unwrap();
    assert_eq!(again.revision, Revision(stored as i64 + 1));
    let filter = Filter { range: TimeRange::ALL, activities: vec![], channels: vec![] };
    let page = Page { after: None, size: 100_000 };
    let found = store.touchpoints(tenant, None, By::Tenant, &filter, page).await.unwrap();
    assert_eq!(found.entries.len(), (stored + 1) * 50);
    store.close().await;
}

/// A full disk makes SQLite roll back by itself; the driver's own rollback fails then.
#[tokio::test]
async fn a_transaction_that_sqlite_ended_does_not_stop_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("ended.db").display());
    let store = Store::open(&url, &Settings::default(), crate::clock::fixed(Micros(1))).await.unwrap();
    let tenant = store.open_tenant(&TenantName::parse("ended").unwrap()).await.unwrap().key;
    let mut tx = store.db.write().await.unwrap();
    tx.run("ROLLBACK", &[]).await.unwrap();
    drop(tx);
    let recorded = store.record(tenant, vec![touch(1, 100, &[])]).await.unwrap();
    assert_eq!(recorded.revision, Revision(1));
    store.close().await;
}

/// Beyond what is mapped, every page is copied into the cache of each connection.
#[tokio::test]
async fn a_sqlite_file_of_any_size_is_read_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("mapped.db").display());
    let store = Store::open(&url, &Settings::default(), crate::clock::fixed(Micros(1))).await.unwrap();
    let Database::Sqlite { writer, readers } = &store.db else { panic!("SQLite") };
    for pool in [writer, readers] {
        let mapped: i64 = sqlx::query("PRAGMA mmap_size").fetch_one(pool).await.unwrap().get(0);
        assert_eq!(mapped, 1 << 40, "the build of SQLite allows it: see .cargo/config.toml");
    }
    store.close().await;
}
