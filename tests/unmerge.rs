//! Law 6: a merge that is undone at once leaves everything as it was, ids, views and KPIs included,
//! to the bit; with later evidence, what a full replay under the constraint makes. And law 7 on the
//! way: what adds up over customers is conserved.

mod worlds;

use std::collections::BTreeMap;
use std::sync::Arc;

use customer360::identity::Rules;
use customer360::identity::constraints::{ConstraintNo, Decision};
use customer360::identity::resolve::IdentifierNo;
use customer360::kpi::Snapshot;
use customer360::kpi::engine::scope::{GroupBy, OrderOptions, Scope};
use customer360::kpi::shapes::cost::{self, CostRate};
use customer360::kpi::shapes::nps;
use customer360::kpi::shapes::repurchase;
use customer360::kpi::shapes::retention;
use customer360::mirror::{Mirrors, Settings};
use customer360::model::summary::Summary;
use customer360::model::{Currency, Identifier, Micros, ObservationNo, TimeRange, Touchpoint};
use customer360::store::{
    CustomerRecord, ListedMerge, Mandate, Party, Proposal, Request, Store, StoreError, Tenant,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{busy_history, cases, databases, incoming, shuffle, tenant_under, touch};

const DAY: i64 = 86_400_000_000;

/// Every KPI, ungrouped and by what depends on who is who, of what happened before an instant.
fn answers(snapshot: &Snapshot, until: Micros) -> Vec<String> {
    // As far as was observed then: what came later moves the horizon.
    let range = TimeRange { from: Micros(1_700_000_000_000_000), until };
    let scope = || Scope { observed_until: Some(until), ..Scope::of(range) };
    let rates: Arc<[CostRate]> = ["web", "store", "app"]
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
        let question = cost::Question { scope: scope(), group_by, rates: rates.to_vec(), capacities: vec![] };
        answers.push(format!("{:?}", cost::compute(snapshot, &question)));
    }
    answers
}

/// Everything that is known of everybody.
struct State {
    /// By observation, from 1.
    records: Vec<Option<CustomerRecord>>,
    answers: Vec<String>,
}

async fn state(store: &Store, tenant: &Tenant, observations: i64, until: Micros) -> State {
    let everyone: Vec<ObservationNo> = (1..=observations).map(ObservationNo).collect();
    let (revision, records) = store.customers(tenant.key, &tenant.rules, &everyone).await.unwrap();
    let mirrors = Mirrors::new(store.clone(), Settings::default());
    let snapshot = mirrors.snapshot(tenant, revision).await.unwrap();
    // Answers name the revision that they stand on, which is another one.
    let stands_on = format!("revision: {revision:?}, ");
    let answers =
        answers(&snapshot, until).into_iter().map(|answer| answer.replace(&stands_on, "")).collect();
    State { records, answers }
}

impl State {
    /// What all customers come to together.
    fn sum(&self) -> Summary {
        let distinct: BTreeMap<i64, &CustomerRecord> =
            self.records.iter().flatten().map(|record| (record.customer.0, record)).collect();
        distinct.values().fold(Summary::default(), |sum, record| sum.combine(record.summary.clone()))
    }

    /// Customers, kinds, members, views, and who holds and has shown what: of all observations but one.
    fn told(&self, but: Option<ObservationNo>, bridge: &Summary) -> Vec<String> {
        let told = |record: &CustomerRecord| {
            let has = but.is_some_and(|no| record.observations.contains(&no));
            let mut members = record.observations.clone();
            members.retain(|no| Some(*no) != but);
            let mut held: Vec<_> = record.identifiers.iter().filter(|d| d.held).map(|d| d.no).collect();
            held.sort();
            // What it had, and, if it has the bridge now, no more than that besides.
            let plus = |has: bool| match has {
                true => Summary::default(),
                false => bridge.clone(),
            };
            (
                format!("{:?} {:?} {members:?} {held:?}", record.customer, record.kind),
                record.summary.clone().combine(plus(has)),
            )
        };
        let told = self.records.iter().map(|record| record.as_ref().map(told));
        told.map(|told| format!("{told:?}")).collect()
    }
}

async fn record(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) {
    store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap();
}

async fn decide(store: &Store, tenant: &Tenant, proposal: &Proposal, id: &str) -> Option<ConstraintNo> {
    let request = Request { id: id.into(), payload_hash: [0; 16] };
    let mandate =
        Mandate { author: "ada".into(), reason: "test".into(), principal: None, request, dry_run: false };
    match store.decide(tenant.key, proposal, &mandate).await {
        Ok(decided) => decided.map(|decided| decided.constraint),
        Err(StoreError::Refused(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

/// Two identifiers of different customers, if there are any.
async fn strangers(
    store: &Store,
    tenant: &Tenant,
    touches: &[Touchpoint],
    random: &mut ChaCha8Rng,
) -> Option<[Identifier; 2]> {
    let mut all: Vec<Identifier> = touches.iter().flat_map(|t| t.identifiers.clone()).collect();
    all.sort();
    all.dedup();
    let (_, resolved) = store.identifiers(tenant.key, &tenant.rules, &all).await.unwrap();
    let holder = |found: Option<customer360::store::ResolvedIdentifier>| found?.stored.holder;
    let mut held: Vec<_> =
        all.into_iter().zip(resolved).filter_map(|(d, found)| Some((holder(found)?, d))).collect();
    held.sort();
    shuffle(&mut held, random.random_range(0..1_000));
    let (first, one) = held.first()?.clone();
    let (_, other) = held.into_iter().find(|(holder, d)| *holder != first && d.kind != one.kind)?;
    let mut pair = [one, other];
    pair.sort();
    Some(pair)
}

async fn merges_of(store: &Store, tenant: &Tenant, bridge: ObservationNo) -> Vec<ListedMerge> {
    let listed = store.merges(tenant.key, &tenant.rules, None, 1_000).await.unwrap();
    listed.merges.into_iter().filter(|m| m.merge.observation == bridge && m.stands).collect()
}

fn rules(seed: u64) -> Rules {
    // Of every other seed devices and cookies move, as by default.
    let mut rules = if seed.is_multiple_of(2) { worlds::rules() } else { Rules::default() };
    for rule in rules.kinds.iter_mut() {
        match seed % 4 {
            0 => rule.share_after = None,
            1 => rule.limit = rule.limit.min(2),
            2 => rule.joins_registered = rule.priority < 3,
            _ => {}
        }
    }
    rules
}

/// A tenant with a history, decisions in it, and a bridge that has just made one customer of two.
struct Merged {
    tenant: Tenant,
    touches: Vec<Touchpoint>,
    bridge: Touchpoint,
    bridge_no: ObservationNo,
    merge: ListedMerge,
    before: State,
    observations: i64,
    until: Micros,
}

async fn merged(store: &Store, seed: u64, random: &mut ChaCha8Rng) -> Option<Merged> {
    let tenant = tenant_under(store, &rules(seed)).await;
    let mut touches = busy_history(seed ^ 0x6666, 40);
    // Several circles of people, who seldom meet.
    for t in &mut touches {
        let circle = random.random_range(0..4);
        t.identifiers.iter_mut().for_each(|d| d.value = format!("{}{circle}", d.value));
    }
    shuffle(&mut touches, seed);
    for batch in touches.chunks(7) {
        record(store, &tenant, batch).await;
        if random.random_range(0..4) == 0 {
            worlds::decide(store, &tenant, random, &touches).await;
        }
    }
    // Some bridges join nobody, for a limit or a decision forbids it: they are history then.
    for attempt in 0..6 {
        let pair = strangers(store, &tenant, &touches, random).await?;
        let until = touches.iter().map(|t| t.at).max()?.plus(DAY);
        let mut bridge = touch(&format!("bridge {attempt}"), 0, &[]);
        (bridge.at, bridge.identifiers) = (until.plus(DAY), pair.to_vec());
        let observations = touches.len() as i64 + 20;
        let before = state(store, &tenant, observations, until).await;
        let shared_before = shared(store, &tenant).await;
        record(store, &tenant, std::slice::from_ref(&bridge)).await;
        let bridge_no = store.touchpoint(tenant.key, &bridge.key).await.unwrap().1?.observation?;
        // What became shared by it stays so: claims are a property of the data.
        let same = shared_before == shared(store, &tenant).await;
        if let Some(merge) = merges_of(store, &tenant, bridge_no).await.pop().filter(|_| same) {
            return Some(Merged { tenant, touches, bridge, bridge_no, merge, before, observations, until });
        }
        touches.push(bridge);
    }
    None
}

async fn shared(store: &Store, tenant: &Tenant) -> usize {
    let listed = store.shared_identifiers(tenant.key, IdentifierNo(0), 1_000).await.unwrap();
    listed.1.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_undone_at_once_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let mut undone = 0;
        for seed in 0..cases(14) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let Some(merged) = merged(&store, seed, &mut random).await else { continue };
            let Merged { tenant, bridge, bridge_no, merge, before, observations, until, .. } = merged;
            let mut own = Summary::default();
            own.add(&bridge);
            let what = format!("{name}, seed {seed}");
            let joined = state(&store, &tenant, observations, until).await;
            let all = before.sum().combine(own.clone());
            assert_eq!(joined.sum(), all, "{what}: a merge conserves what adds up");
            let proposal = Proposal::Unmerge(merge.merge.observation, merge.merge.absorbed);
            decide(&store, &tenant, &proposal, "undo").await.expect("the merge stands");
            assert!(merges_of(&store, &tenant, bridge_no).await.is_empty(), "{what}");
            let after = state(&store, &tenant, observations, until).await;
            assert_eq!(after.sum(), all, "{what}: and so does undoing it");
            let (was, is) = (before.told(None, &own), after.told(Some(bridge_no), &own));
            for (no, (was, is)) in (1..).zip(was.iter().zip(&is)).filter(|(no, _)| *no != bridge_no.0) {
                assert_eq!(was, is, "{what}: observation {no}");
            }
            for (was, is) in before.answers.iter().zip(&after.answers) {
                assert!(was.starts_with("Ok"), "{was}");
                assert_eq!(was, is, "{what}: a KPI");
            }
            undone += 1;
        }
        assert!(undone >= cases(14) / 2, "{name}: {undone} merges were undone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_later_evidence_it_is_what_a_full_replay_under_the_constraint_makes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let mut undone = 0;
        for seed in 100..100 + cases(8) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let Some(merged) = merged(&store, seed, &mut random).await else { continue };
            let Merged { tenant, mut touches, bridge, bridge_no, until, .. } = merged;
            // Later evidence, some of it about the past.
            let mut later = busy_history(seed ^ 0x7777, 20);
            for t in &mut later {
                t.key.source_id = format!("later-{}", t.key.source_id);
                if let customer360::model::Activity::Order(order) = &mut t.details.activity {
                    order.order_id = format!("later-{}", order.order_id);
                }
                t.at = if random.random_range(0..2) == 0 { t.at } else { until.plus(2 * DAY) };
            }
            record(&store, &tenant, &later).await;
            let Some(merge) = merges_of(&store, &tenant, bridge_no).await.pop() else { continue };
            let proposal = Proposal::Unmerge(merge.merge.observation, merge.merge.absorbed);
            decide(&store, &tenant, &proposal, "undo").await.expect("the merge stands");
            touches.push(bridge);
            touches.extend(later);
            // The same decisions made first, then everything in one batch.
            let fresh = tenant_under(&store, &rules(seed)).await;
            let listed = store.constraints(tenant.key, true, ConstraintNo(0), 1_000).await.unwrap();
            let party = |numbers: &[_]| {
                Party::Identifiers(numbers.iter().map(|no| listed.identifiers[no].clone()).collect())
            };
            for made in &listed.constraints {
                let proposal = match &made.decision {
                    Decision::MustLink(members) => Proposal::Link(vec![party(members)]),
                    Decision::CannotLink(left, right) => Proposal::Unlink(party(left), party(right)),
                    Decision::Sharing(no, said) => Proposal::Share(listed.identifiers[no].clone(), *said),
                };
                let id = format!("again {}", made.no.0);
                decide(&store, &fresh, &proposal, &id).await.expect("it stood there");
            }
            record(&store, &fresh, &touches).await;
            let what = format!("{name}, seed {seed}");
            let maps = (
                worlds::stored_map(&store, &tenant, &touches).await,
                worlds::stored_map(&store, &fresh, &touches).await,
            );
            assert_eq!(maps.0, maps.1, "{what}");
            let until = until.plus(9 * DAY);
            let (one, other) =
                (state(&store, &tenant, 0, until).await, state(&store, &fresh, 0, until).await);
            assert_eq!(one.answers, other.answers, "{what}: the KPIs");
            undone += 1;
        }
        assert!(undone >= cases(8) / 3, "{name}: {undone} merges were undone");
    }
}

/// A touch before the merge named both sides and was refused; what it brought besides stays with
/// who got it, also when the undone merge keeps the sides apart.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_touch_brought_stays_with_its_side() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant_under(&store, &Rules::default()).await;
        let touches = [
            touch("1", 1, &["EMAIL:a", "COOKIE:c"]),
            touch("2", 2, &["EMAIL:b"]),
            // A cookie alone joins no two registered customers: it is left out, the new one is not.
            touch("3", 3, &["EMAIL:b", "COOKIE:c", "COOKIE:z"]),
        ];
        record(&store, &tenant, &touches).await;
        let before = worlds::stored_map(&store, &tenant, &touches).await;
        assert!(before.holders.contains_key(&worlds::identifier("COOKIE:z")));
        record(&store, &tenant, &[touch("4", 4, &["EMAIL:a", "EMAIL:b"])]).await;
        let merge = merges_of(&store, &tenant, ObservationNo(4)).await.pop().expect("they join").merge;
        let proposal = Proposal::Unmerge(merge.observation, merge.absorbed);
        decide(&store, &tenant, &proposal, "undo").await.expect("the merge stands");
        let after = worlds::stored_map(&store, &tenant, &touches).await;
        assert_eq!(after, before, "{name}");
    }
}
