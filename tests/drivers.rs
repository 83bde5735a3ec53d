//! The same history on SQLite and on PostgreSQL, followed and loaded at the end: one answer,
//! view by view and KPI by KPI.

mod worlds;

use customer360::kpi::Snapshot;
use customer360::kpi::engine::scope::{GroupBy, OrderOptions, Scope};
use customer360::kpi::facts::projection::Pieces;
use customer360::kpi::facts::reconcile::Cause;
use customer360::kpi::shapes::cost::{self, CostRate};
use customer360::kpi::shapes::nps;
use customer360::kpi::shapes::repurchase;
use customer360::kpi::shapes::retention;
use customer360::mirror::{Mirrors, Settings};
use customer360::model::{Currency, Micros, ObservationNo, Revision, TimeRange, Touchpoint};
use customer360::store::{CustomerRecord, KnownAt, Store, Tenant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{busy_history, cases, databases, incoming, shuffle, tenant};

fn scope() -> Scope {
    Scope::of(TimeRange { from: Micros(1_710_000_000_000_000), until: Micros(1_780_000_000_000_000) })
}

/// Every KPI, ungrouped and by each dimension, as text that shows every digit.
fn answers(snapshot: &Snapshot) -> Vec<String> {
    let rates: Vec<CostRate> = ["web", "store", "app"]
        .map(|channel| CostRate {
            channel: channel.into(),
            activity_type: None,
            currency: Currency::EUR,
            per_touch_micros: 120_000,
            per_minute_micros: 700_001,
            from: Micros(0),
        })
        .into();
    let groups = [
        None,
        Some(GroupBy::Channel),
        Some(GroupBy::Location),
        Some(GroupBy::AcquisitionMonth),
        Some(GroupBy::AcquisitionChannel),
        Some(GroupBy::CustomerKind),
        Some(GroupBy::Trait("city".into())),
    ];
    let mut answers = Vec::new();
    for group_by in groups {
        let question = retention::Question {
            scope: scope(),
            group_by: group_by.clone(),
            orders: OrderOptions { drop_fully_returned: true, ..OrderOptions::default() },
            period: Some(retention::PeriodOptions::default()),
            triangle: Some(customer360::kpi::shapes::triangle::TriangleOptions::default()),
        };
        answers.push(format!("{:?}", retention::compute(snapshot, &question)));
        let question =
            repurchase::Question { group_by: group_by.clone(), ..repurchase::Question::of(scope()) };
        answers.push(format!("{:?}", repurchase::compute(snapshot, &question)));
        let question = nps::Question {
            scope: scope(),
            group_by: group_by.clone(),
            answers_counted: customer360::kpi::engine::params::AnswersCounted::LastPerCustomer,
            survey_id: None,
        };
        answers.push(format!("{:?}", nps::compute(snapshot, &question)));
        let question = cost::Question { scope: scope(), group_by, rates: rates.clone(), capacities: vec![] };
        answers.push(format!("{:?}", cost::compute(snapshot, &question)));
    }
    answers
}

/// What a database says at the end: KPIs of a mirror that followed and of one loaded then, and views.
struct Told {
    followed: Vec<String>,
    loaded: Vec<String>,
    views: Vec<Option<CustomerRecord>>,
}

async fn tell(store: &Store, tenant: &Tenant, touches: &[Touchpoint], seed: u64) -> Told {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mirrors = Mirrors::new(store.clone(), Settings { page_touchpoints: 17, ..Settings::default() });
    let mut rest = touches;
    while !rest.is_empty() {
        let size = random.random_range(1..=rest.len().min(11));
        let recorded = store.record(tenant.key, rest[..size].iter().map(incoming).collect()).await.unwrap();
        if random.random_range(0..4) == 0 {
            store.void(tenant.key, &rest[0].key, "test").await.unwrap();
        }
        if random.random_range(0..2) == 0 {
            mirrors.snapshot(tenant, recorded.revision).await.unwrap();
        }
        rest = &rest[size..];
    }
    let at = store.revision(tenant.key).await.unwrap();
    let followed = mirrors.snapshot(tenant, at).await.unwrap();
    let loaded = Mirrors::new(store.clone(), Settings::default()).snapshot(tenant, at).await.unwrap();
    let everyone: Vec<ObservationNo> = (1..=touches.len() as i64).map(ObservationNo).collect();
    let (_, views) = store.customers(tenant.key, &tenant.rules, &everyone).await.unwrap();
    Told { followed: answers(&followed), loaded: answers(&loaded), views }
}

#[tokio::test(flavor = "multi_thread")]
async fn drivers_and_mirrors_agree() {
    let folder = tempfile::tempdir().unwrap();
    let databases = databases(&folder).await;
    for seed in 0..cases(25) {
        let mut touches = busy_history(seed, 90);
        shuffle(&mut touches, seed);
        let mut told = Vec::new();
        for (_, store) in &databases {
            let tenant = tenant(store).await;
            told.push(tell(store, &tenant, &touches, seed).await);
        }
        let [sqlite, postgres] = &told[..] else { panic!("two databases") };
        for (one, other) in sqlite.views.iter().zip(&postgres.views) {
            assert_eq!(one, other, "seed {seed}: the views");
        }
        for (i, answer) in sqlite.loaded.iter().enumerate() {
            assert!(answer.starts_with("Ok"), "seed {seed}: {answer}");
            assert_eq!(answer, &postgres.loaded[i], "seed {seed}, answer {i}: the drivers");
            assert_eq!(answer, &sqlite.followed[i], "seed {seed}, answer {i}: SQLite's mirrors");
            assert_eq!(answer, &postgres.followed[i], "seed {seed}, answer {i}: PostgreSQL's mirrors");
        }
    }
}

/// Every KPI at every revision, asked then and asked at the end of a mirror that followed and of
/// one that was loaded at the end: one answer, to the digit.
#[tokio::test(flavor = "multi_thread")]
async fn kpis_of_then_are_those_that_were_answered_then() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(4) {
            let mut random = ChaCha8Rng::seed_from_u64(seed + 77);
            let tenant = tenant(&store).await;
            let mut touches = busy_history(seed + 500, 80);
            shuffle(&mut touches, seed);
            let followed =
                Mirrors::new(store.clone(), Settings { page_touchpoints: 13, ..Settings::default() });
            let mut remembered = Vec::new();
            let mut rest = &touches[..];
            while !rest.is_empty() {
                let size = random.random_range(1..=rest.len().min(15));
                store.record(tenant.key, rest[..size].iter().map(incoming).collect()).await.unwrap();
                rest = &rest[size..];
                if random.random_range(0..2) == 0 {
                    let recorded = &touches[..touches.len() - rest.len()];
                    let wrong = &recorded[random.random_range(0..recorded.len())];
                    store.void(tenant.key, &wrong.key, "test").await.unwrap();
                }
                let at = store.revision(tenant.key).await.unwrap();
                let snapshot = followed.snapshot(&tenant, at).await.unwrap();
                remembered.push((at, answers(&snapshot)));
            }
            let loaded = Mirrors::new(store.clone(), Settings::default());
            shuffle(&mut remembered, seed);
            for (at, told) in &remembered {
                let known = store.as_of(tenant.key, KnownAt::Revision(*at)).await.unwrap();
                for (which, mirrors) in [("followed", &followed), ("loaded", &loaded)] {
                    // What is read is made, until nothing is missed.
                    let mut pieces = Pieces::NONE;
                    let answered = loop {
                        let snapshot = mirrors.snapshot_as_of(&tenant, &known, pieces).await.unwrap();
                        assert_eq!(snapshot.revision, *at);
                        let answered = answers(&snapshot);
                        match snapshot.given.lacking() {
                            Some(lacking) => pieces = lacking,
                            None => break answered,
                        }
                    };
                    for (i, (then, now)) in told.iter().zip(answered).enumerate() {
                        assert_eq!(&now, then, "{name}, seed {seed}, {at:?}, {which}, answer {i}");
                    }
                }
            }
        }
    }
}

/// What lies between two revisions, cause by cause: it begins with the answers of the first and
/// ends with those of the second, changes of the map lose and win no touchpoint, splits only part
/// customers and merges only join them.
#[tokio::test(flavor = "multi_thread")]
async fn causes_lead_from_one_revision_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut moved = std::collections::BTreeSet::new();
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(4) {
            let mut random = ChaCha8Rng::seed_from_u64(seed + 99);
            let tenant = tenant(&store).await;
            let mut touches = busy_history(seed + 900, 70);
            shuffle(&mut touches, seed);
            let mirrors = Mirrors::new(store.clone(), Settings::default());
            let mut remembered = vec![(Revision(0), answers(&Snapshot::default()))];
            let mut rest = &touches[..];
            while !rest.is_empty() {
                let size = random.random_range(1..=rest.len().min(15));
                store.record(tenant.key, rest[..size].iter().map(incoming).collect()).await.unwrap();
                rest = &rest[size..];
                let recorded = &touches[..touches.len() - rest.len()];
                if random.random_range(0..2) == 0 {
                    let wrong = &recorded[random.random_range(0..recorded.len())];
                    store.void(tenant.key, &wrong.key, "test").await.unwrap();
                }
                if random.random_range(0..2) == 0 {
                    worlds::decide(&store, &tenant, &mut random, recorded).await;
                }
                let at = store.revision(tenant.key).await.unwrap();
                remembered.push((at, answers(&mirrors.snapshot(&tenant, at).await.unwrap())));
            }
            for _ in 0..4 {
                let until = random.random_range(1..remembered.len());
                let from = random.random_range(0..until);
                let known = async |at| store.as_of(tenant.key, KnownAt::Revision(at)).await.unwrap();
                let (from, until) = (&remembered[from], &remembered[until]);
                let (first, last) = (known(from.0).await, known(until.0).await);
                let between = mirrors.compare(&tenant, &first, &last).await.unwrap();
                let at = format!("{name}, seed {seed}, {:?} to {:?}", from.0, until.0);
                let without_revision = |told: &[String]| -> Vec<String> {
                    let text = |one: &String| {
                        one.replace(&format!("{:?}", from.0), "").replace(&format!("{:?}", until.0), "")
                    };
                    told.iter().map(text).collect()
                };
                let mut state = between.before();
                assert_eq!(answers(&state), from.1, "{at}");
                for cause in Cause::ALL {
                    let next = between.after(cause);
                    if without_revision(&answers(&state)) != without_revision(&answers(&next)) {
                        moved.insert(cause);
                    }
                    let (customers, facts) =
                        (next.customers() as i64 - state.customers() as i64, living(&next));
                    match cause {
                        Cause::LateTouchpoints | Cause::NewTouchpoints => assert!(facts >= living(&state)),
                        Cause::Voids => assert!(facts <= living(&state) && customers <= 0, "{at}"),
                        Cause::Splits => assert!(facts == living(&state) && customers >= 0, "{at}"),
                        Cause::Merges => assert!(facts == living(&state) && customers <= 0, "{at}"),
                        Cause::Kinds => assert!(facts == living(&state) && customers == 0, "{at}"),
                        Cause::Decisions | Cause::Rules | Cause::Upgrades => {
                            assert_eq!(facts, living(&state), "{at}");
                        }
                    }
                    state = next;
                }
                assert_eq!(without_revision(&answers(&state)), without_revision(&until.1), "{at}");
            }
        }
    }
    // Rules do not change here, and every touchpoint happened before it was recorded.
    let all =
        [Cause::LateTouchpoints, Cause::Voids, Cause::Splits, Cause::Merges, Cause::Decisions, Cause::Kinds];
    assert!(all.iter().all(|cause| moved.contains(cause)), "{moved:?}");
}

/// Touchpoints of living customers and of nobody.
fn living(snapshot: &Snapshot) -> usize {
    let of = |tables: &customer360::kpi::Tables, lives: &dyn Fn(u32) -> bool| {
        let stems = [&tables.orders.stem, &tables.returns.stem, &tables.answers.stem, &tables.touches.stem];
        let count = |stem: &customer360::kpi::facts::stem::Stem| {
            stem.customer.iter().filter(|customer| lives(**customer)).count()
        };
        stems.into_iter().map(count).sum::<usize>()
    };
    let identified =
        snapshot.segments.iter().map(|live| of(&live.segment.tables, &|c| !live.dead.contains(c)));
    identified.sum::<usize>() + snapshot.unidentified.iter().map(|tables| tables.touchpoints()).sum::<usize>()
}
