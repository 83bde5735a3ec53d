//! What lies below everything: commit times, keyed hashes, the file, schemas and upgrades.

mod worlds;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use customer360::clock::Clock;
use customer360::identity::feed::Event;
use customer360::model::{Micros, Revision, TouchKey, Touchpoint};
use customer360::store::{KnownAt, Outcome, Settings, Store, StoreError, Voiding};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use worlds::{cases, history, incoming, incoming_version, oracle, stored_map, tenant, touch};

/// A clock that a test sets.
fn stepped(at: &Arc<AtomicI64>) -> Clock {
    let at = at.clone();
    Arc::new(move || Micros(at.load(Ordering::Relaxed)))
}

async fn open_by(url: &str, clock: Clock) -> Store {
    Store::open(url, &Settings { connections: 4, ..Settings::default() }, clock).await.unwrap()
}

fn urls(folder: &tempfile::TempDir) -> Vec<(&'static str, String)> {
    let sqlite = format!("sqlite:{}", folder.path().join("ground.db").display());
    let postgres = std::env::var("CUSTOMER360_TEST_POSTGRES")
        .expect("CUSTOMER360_TEST_POSTGRES names a PostgreSQL database; tests/run sets it");
    vec![("sqlite", sqlite), ("postgres", postgres)]
}

/// Runs statements beside the store.
async fn beside(url: &str, sql: String) {
    let sql = AssertSqlSafe(sql);
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// Two processes whose clocks are set forwards and back, by microseconds and by days.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_at_an_instant_stays_whatever_the_clocks_do() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in urls(&folder) {
        let start = 1_780_000_000_000_000;
        let clocks = [0, 1].map(|_| Arc::new(AtomicI64::new(start)));
        let stores = [open_by(&url, stepped(&clocks[0])).await, open_by(&url, stepped(&clocks[1])).await];
        for seed in 0..cases(4) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let tenant = tenant(&stores[0]).await;
            let (mut commits, mut asked) = (Vec::<(Micros, Revision)>::new(), Vec::new());
            for i in 0..25 {
                let process = random.random_range(0..2);
                let step = [1, 1_000_000, 2_000_000, 86_400_000_000][random.random_range(0..4)];
                let step = if random.random_range(0..2) == 0 { step } else { -step };
                clocks[process].fetch_add(step, Ordering::Relaxed);
                let store = &stores[process];
                let batch = vec![incoming(&touch(&i.to_string(), i, &["COOKIE:a"]))];
                let recorded = store.record(tenant.key, batch).await.unwrap();
                let known = store.as_of(tenant.key, KnownAt::Revision(recorded.revision)).await.unwrap();
                assert!(
                    commits.last().is_none_or(|(before, _)| *before < known.committed_at),
                    "{name}, seed {seed}: commit times are those of revisions"
                );
                assert_eq!(store.committed_at(tenant.key).await.unwrap(), known.committed_at);
                commits.push((known.committed_at, recorded.revision));
                // An instant between two commits, asked as soon as it is over.
                if let [.., (one, revision), (next, _)] = commits.as_slice() {
                    let instant = Micros(random.random_range(one.0..next.0));
                    asked.push((instant, *revision));
                }
                for (instant, revision) in commits.iter().chain(&asked) {
                    let known = stores[1 - process].as_of(tenant.key, KnownAt::Instant(*instant)).await;
                    assert_eq!(known.unwrap().revision, *revision, "{name}, seed {seed}");
                }
            }
        }
    }
}

/// Databases from before sets and contents were hashed with the tenant's key: what the migration
/// leaves is random and empty hashes. Opening makes the keys of sets anew, contents are compared.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_keyed_hashes_finds_every_set_and_every_content_again() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in urls(&folder) {
        let store = worlds::open(&url).await;
        let tenant = tenant(&store).await;
        let touches = history(5, 40);
        store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap();
        let before = stored_map(&store, &tenant, &touches).await;
        let reached = store.as_of(tenant.key, KnownAt::Revision(Revision(1))).await.unwrap();
        store.close().await;
        let random = if name == "sqlite" { "randomblob(16)" } else { "uuid_send(gen_random_uuid())" };
        let key = tenant.key.0;
        let sql = format!(
            "UPDATE tenant SET sets_hashed = 0 WHERE tenant = {key}; \
             UPDATE observation SET set_hash = {random} WHERE tenant = {key}; \
             UPDATE touchpoint SET payload_hash = '' WHERE tenant = {key}"
        );
        let empty = if name == "sqlite" { "x''" } else { "''" };
        beside(&url, sql.replace("payload_hash = ''", &format!("payload_hash = {empty}"))).await;
        let store = worlds::open(&url).await;
        let again = store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap();
        assert!(again.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Duplicate(_))), "{name}");
        assert_eq!(again.revision, Revision(1));
        let renamed = |touch: &Touchpoint| {
            let key = TouchKey { source: "later".into(), ..touch.key.clone() };
            Touchpoint { key, ..touch.clone() }
        };
        let more: Vec<Touchpoint> = touches.iter().map(renamed).collect();
        let recorded = store.record(tenant.key, more.iter().map(incoming).collect()).await.unwrap();
        let known = store.as_of(tenant.key, KnownAt::Revision(recorded.revision)).await.unwrap();
        assert_eq!(known.last_observation, reached.last_observation, "{name}: no set is new");
        assert_eq!(stored_map(&store, &tenant, &touches).await, before, "{name}");
        let mut other = touches[0].clone();
        other.at = other.at.plus(1);
        let taken = store.record(tenant.key, vec![incoming(&other)]).await.unwrap();
        assert_eq!(taken.outcomes, [Outcome::KeyTaken], "{name}");
    }
}

/// The resolver of a newer build: the map is what it resolves, in one revision that says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_resolves_anew_in_one_revision_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in urls(&folder) {
        for seed in 0..cases(6) {
            let store = worlds::open(&url).await;
            let tenant = tenant(&store).await;
            let touches = history(seed, 30);
            for batch in touches.chunks(7) {
                store.record(tenant.key, batch.iter().map(incoming).collect()).await.unwrap();
            }
            let before = store.revision(tenant.key).await.unwrap();
            store.close().await;
            // An older resolver: half of the tenants have a map that was made otherwise.
            let mut rules = worlds::rules();
            if seed % 2 == 1 {
                rules.kinds.iter_mut().for_each(|rule| rule.limit = 1);
            }
            let text = serde_json::to_string(&rules).unwrap();
            let key = tenant.key.0;
            let sql = format!(
                "UPDATE tenant SET resolver_generation = 0 WHERE tenant = {key}; \
                 UPDATE rule_set SET rules = '{text}' WHERE tenant = {key}"
            );
            beside(&url, sql).await;
            let store = worlds::open(&url).await;
            let upgraded = store.revision(tenant.key).await.unwrap();
            assert_eq!(upgraded.0, before.0 + 1, "{name}, seed {seed}: one revision");
            let now = customer360::store::Tenant { rules: Arc::new(rules.clone()), ..tenant.clone() };
            assert_eq!(
                stored_map(&store, &now, &touches).await,
                oracle(&rules, &touches),
                "{name}, seed {seed}"
            );
            let page = store.identity_events(tenant.key, before).await.unwrap();
            let [told] = page.revisions.as_slice() else { panic!("one revision") };
            let generation = customer360::identity::RESOLVER_GENERATION;
            let to = i32::try_from(generation).unwrap();
            assert_eq!(told.events[0], Event::Upgraded { from: 0, to });
            if seed % 2 == 0 {
                assert_eq!(told.events.len(), 1, "{name}, seed {seed}: nothing else changed");
            }
            let known = store.as_of(tenant.key, KnownAt::Revision(before)).await.unwrap();
            let changed = store.changed_since(tenant.key, &known, upgraded).await.unwrap();
            assert!(changed.upgraded.contains(&upgraded) && changed.promoted.is_empty());
            assert!(changed.last_moved.values().all(|at| *at == upgraded));
            assert_eq!(store.resolver_generation(tenant.key).await.unwrap(), generation);
            store.close().await;
            let again = worlds::open(&url).await;
            assert_eq!(again.revision(tenant.key).await.unwrap(), upgraded, "once");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_a_newer_build_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("newer.db").display());
    let (_, server) = urls(&folder).remove(1);
    // A database of its own: the others go on using theirs.
    let database = format!("newer_{}", std::process::id());
    beside(&server, format!("CREATE DATABASE {database}")).await;
    let postgres = server.replacen("/postgres?", &format!("/{database}?"), 1);
    assert_ne!(postgres, server);
    for (name, url) in [("sqlite", sqlite), ("postgres", postgres)] {
        worlds::open(&url).await.close().await;
        let (yes, bytes) = if name == "sqlite" { ("1", "x''") } else { ("true", "''") };
        let sql = format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'of tomorrow', {yes}, {bytes}, 0)"
        );
        beside(&url, sql).await;
        let refused = Store::open(&url, &Settings::default(), customer360::clock::system()).await;
        let error = refused.err().expect("refused");
        assert!(matches!(error, StoreError::NewerSchema { migration: 9999 }), "{name}: {error:?}");
        assert!(error.to_string().contains("newer build"), "{name}: {error}");
    }
    beside(&server, format!("DROP DATABASE {database} WITH (FORCE)")).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("private.db");
    let url = format!("sqlite:{}", path.display());
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    let store = worlds::open(&url).await;
    let tenant = tenant(&store).await;
    store.record(tenant.key, vec![incoming(&touch("1", 1, &["COOKIE:a"]))]).await.unwrap();
    for name in ["private.db", "private.db-wal", "private.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    store.close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    worlds::open(&url).await.close().await;
    assert_eq!(mode("private.db"), 0o600, "one from before is taken from others");
}

/// Bytes of what was deleted, by this build and by one from before.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_leaves_no_bytes_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clean.db");
    let url = format!("sqlite:{}", path.display());
    worlds::open(&url).await.close().await;
    let holds = |marker: &str| {
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
    };
    let deleted = |secure: &str, marker: &str| {
        format!(
            "PRAGMA secure_delete = {secure}; CREATE TABLE gone (x TEXT); \
             INSERT INTO gone VALUES ('{marker}' || hex(zeroblob(30000))); DROP TABLE gone; \
             PRAGMA wal_checkpoint(TRUNCATE)"
        )
    };
    beside(&url, format!("PRAGMA user_version = 0; {}", deleted("OFF", "ada-before"))).await;
    assert!(holds("ada-before"), "the test sees what is left");
    worlds::open(&url).await.close().await;
    assert!(!holds("ada-before"), "an old file is written anew, once");
    beside(&url, deleted("OFF", "ada-between")).await;
    assert!(holds("ada-between"));
    worlds::open(&url).await.close().await;
    assert!(holds("ada-between"), "only once");

    let new = folder.path().join("new.db");
    let url = format!("sqlite:{}", new.display());
    let store = worlds::open(&url).await;
    let tenant = tenant(&store).await;
    let secret = "COOKIE:a-cookie-that-is-superseded";
    store.record(tenant.key, vec![incoming(&touch("1", 1, &[secret]))]).await.unwrap();
    store.close().await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let clean: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.unwrap();
    assert_eq!(clean, 1, "a new file is clean from the first byte");
}

/// Of a touchpoint as many versions are kept as may be, and each can be asked for.
#[tokio::test(flavor = "multi_thread")]
async fn versions_have_a_limit_and_a_void_names_one() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in urls(&folder) {
        let store = worlds::open(&url).await;
        let tenant = tenant(&store).await;
        let one = touch("1", 1, &["COOKIE:a"]);
        let most = customer360::store::VERSIONS as i64;
        let batch = (0..=most).map(|version| incoming_version(&(one.clone(), version))).collect();
        let recorded = store.record(tenant.key, batch).await.unwrap();
        let kinds: BTreeSet<&str> = (recorded.outcomes.iter())
            .map(|outcome| match outcome {
                Outcome::Recorded(_) => "recorded",
                Outcome::Superseded(_) => "superseded",
                Outcome::TooManyVersions => "too many",
                other => panic!("{name}: {other:?}"),
            })
            .collect();
        assert_eq!(kinds, BTreeSet::from(["recorded", "superseded", "too many"]));
        assert_eq!(recorded.outcomes.last(), Some(&Outcome::TooManyVersions), "{name}");
        let voiding =
            |version| Voiding { version: Some(version), reason: "test".into(), ..Voiding::default() };
        let unknown = store.void_version(tenant.key, &one.key, &voiding(most + 7)).await.unwrap();
        assert!(unknown.is_none(), "{name}: a version that is not known cannot be voided");
        let below = store.void_version(tenant.key, &one.key, &voiding(3)).await.unwrap().unwrap();
        assert!(!below.already);
        let (_, stands) = store.touchpoint(tenant.key, &one.key).await.unwrap();
        assert!(stands.unwrap().voided.is_none(), "{name}: a higher one stands");
        let state = async |version| {
            let (_, found) = store.touchpoint_version(tenant.key, &one.key, Some(version)).await.unwrap();
            let found = found.unwrap();
            (found.superseded, found.voided.is_some())
        };
        assert_eq!(state(3).await, (true, true));
        assert_eq!(state(4).await, (true, false));
        let all = store.void(tenant.key, &one.key, "test").await.unwrap().unwrap();
        assert_eq!((all.version, all.already), (most - 1, false));
        assert!(store.void(tenant.key, &one.key, "test").await.unwrap().unwrap().already);
        assert_eq!(state(4).await, (true, true), "{name}: all below go with it");
    }
}
