//! Identity at size, beside its baseline in the same run: a tablet that many people use, households with
//! shared devices and late touchpoints, the undoing of a merge of long and of short histories, and a
//! change of rules over everything (ten touchpoints a person).
//!
//! `cargo bench --bench identity -- [DATABASE_URL] [PEOPLE]`; without arguments SQLite in a temporary
//! folder, 100,000 people: a tablet of 100,000, and other rules over 1 M touchpoints.

use std::collections::BTreeMap;

use customer360::clock;
use customer360::identity::resolve::IdentifierNo;
use customer360::model::activity::Visit;
use customer360::model::{
    Activity, Channel, Details, Identifier, KindName, Micros, TenantName, TouchKey, Touchpoint,
};
use customer360::store::{Incoming, Mandate, Proposal, Request, Settings, Store, Tenant};

fn touch(id: String, at: i64, identifiers: &[(&str, String)]) -> Incoming {
    let mut identifiers: Vec<Identifier> = identifiers
        .iter()
        .map(|(kind, value)| Identifier { kind: KindName::parse(kind).unwrap(), value: value.clone() })
        .collect();
    identifiers.sort();
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
    let key = TouchKey { source: "bench".into(), source_id: id };
    let channel = Channel::parse("web").unwrap();
    Incoming::new(Touchpoint { key, at: Micros(at * 1_000_000), channel, identifiers, details })
}

async fn record(store: &Store, tenant: &Tenant, touches: Vec<Incoming>) -> f64 {
    let (count, began) = (touches.len(), clock::stopwatch());
    for batch in touches.chunks(2_000) {
        store.record(tenant.key, batch.to_vec()).await.unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
}

async fn tenant(store: &Store, name: &str) -> Tenant {
    let name = format!("{name}-{}", clock::system()().0);
    store.open_tenant(&TenantName::parse(&name).unwrap()).await.unwrap()
}

/// Everybody logs in on a device: their own, or the store's tablet.
async fn tablet(store: &Store, people: i64) {
    for (what, device) in [("own devices", None), ("one tablet", Some("tablet".to_owned()))] {
        let tenant = tenant(store, "tablet").await;
        let device = |i: i64| device.clone().unwrap_or_else(|| format!("d{i}"));
        let touches = (0..people)
            .map(|i| touch(i.to_string(), i, &[("ACCOUNT", format!("u{i}")), ("DEVICE", device(i))]));
        let rate = record(store, &tenant, touches.collect()).await;
        let shared = store.shared_identifiers(tenant.key, IdentifierNo(0), 10).await.unwrap().1;
        let told = shared.iter().map(|one| {
            let claims: Vec<String> =
                one.claims.counts().map(|(kind, values, _)| format!("{kind} {values}")).collect();
            format!("; shared: {} with {} observations or more", claims.join(", "), one.observations)
        });
        let merges = store.merges(tenant.key, &tenant.rules, None, 10).await.unwrap().merges.len();
        let told: String = told.collect();
        println!("{people} people on {what}: {rate:.0} touchpoints a second, {merges} merges{told}");
    }
}

/// Ten touches a person; in one of two streams three of ten devices are shared by two people, and one
/// touch in twenty arrives later than a thousand others that happened after it.
async fn households(store: &Store, people: i64) {
    let mut rates = Vec::new();
    for mixed in [false, true] {
        let tenant = tenant(store, "households").await;
        let touches = (0..people * 10).map(|i| {
            let person = i % people;
            let shared = mixed && person % 20 < 6;
            let device = if shared { format!("d{}", person - person % 2) } else { format!("d{person}") };
            let (account, device) = (("ACCOUNT", format!("u{person}")), ("DEVICE", device));
            let late = if mixed && i % 20 == 7 { i.min(1_000) } else { 0 };
            let both = [account, device];
            let set = if i / people % 3 == 0 { &both[..] } else { &both[1..] };
            (i + late, touch(i.to_string(), i, set))
        });
        let mut touches: Vec<(i64, Incoming)> = touches.collect();
        touches.sort_by_key(|(arrives, _)| *arrives);
        rates.push(record(store, &tenant, touches.into_iter().map(|(_, touch)| touch).collect()).await);
    }
    let ratio = rates[1] / rates[0];
    println!(
        "recording with 30 % of devices shared and 5 % late beside without: {ratio:.2} ({:.0} and {:.0} a second)",
        rates[1], rates[0]
    );
}

/// Two customers with so many touchpoints each are merged by one touch, and that is undone.
async fn unmerge(store: &Store) {
    for touchpoints in [10, 100_000] {
        let tenant = tenant(store, "unmerge").await;
        let name =
            |i: i64| if i % 2 == 0 { ("EMAIL", "a@x.io".to_owned()) } else { ("LOYALTY_CARD", "7".into()) };
        let touches = (0..touchpoints * 2).map(|i| touch(i.to_string(), i, &[name(i)]));
        record(store, &tenant, touches.collect()).await;
        let merge = [name(0), name(1)];
        record(store, &tenant, vec![touch("merge".into(), touchpoints * 3, &merge)]).await;
        let merges = store.merges(tenant.key, &tenant.rules, None, 1).await.unwrap();
        let merge = merges.merges[0].merge;
        let request = Request { id: "undo".into(), payload_hash: [0; 16] };
        let mandate = Mandate {
            author: "bench".into(),
            reason: "bench".into(),
            principal: None,
            request,
            dry_run: false,
        };
        let began = clock::stopwatch();
        let proposal = Proposal::Unmerge(merge.observation, merge.absorbed);
        let undone = store.decide(tenant.key, &proposal, &mandate).await.unwrap().unwrap();
        let moved: u64 = undone.reassigned.iter().map(|one| one.touchpoints).sum();
        println!("undoing a merge of {touchpoints} touchpoints each: {:.1?}, {moved} moved", began.elapsed());
    }
}

/// A change of rules over people with two devices and ten touchpoints each.
async fn rules(store: &Store, people: i64) {
    let tenant = tenant(store, "rules").await;
    let touches = (0..people * 10).map(|i| {
        let person = i % people;
        let device = ("DEVICE", format!("d{person}-{}", i / people % 2));
        let account = ("ACCOUNT", format!("u{person}"));
        let both = [account, device];
        touch(i.to_string(), i, if i / people % 3 == 0 { &both } else { &both[1..] })
    });
    record(store, &tenant, touches.collect()).await;
    let mut candidate = (*tenant.rules).clone();
    candidate.kinds.iter_mut().filter(|rule| !rule.registered).for_each(|rule| rule.share_after = Some(0));
    let began = clock::stopwatch();
    let map = store.whole_map(tenant.key, &tenant.rules, &candidate).await.unwrap();
    let read = began.elapsed();
    let under = || map.whole.clone().under(&tenant.rules, &candidate).unwrap().resolve(&candidate);
    let (before, after) = rayon::join(|| map.whole.resolve(&tenant.rules), under);
    let customers = |resolved: &customer360::identity::whole::Resolved| resolved.changes.customers.len();
    println!(
        "other rules over {} touchpoints, {} observations: {:.1?}, of it reading {read:.1?}; {} customers, \
         and then {}",
        people * 10,
        map.whole.observations.len(),
        began.elapsed(),
        customers(&before),
        customers(&after),
    );
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let folder = tempfile::tempdir().unwrap();
    let own = format!("sqlite:{}", folder.path().join("bench.db").display());
    let url = arguments.next().unwrap_or(own);
    let people = arguments.next().map_or(100_000, |people| people.parse().unwrap());
    let store = Store::open(&url, &Settings::default(), clock::system()).await.unwrap();
    tablet(&store, people).await;
    households(&store, people).await;
    unmerge(&store).await;
    rules(&store, people).await;
}
