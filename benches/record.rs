//! How fast the store records, resolved and durable.
//!
//! `cargo bench --bench record -- sqlite:/tmp/x.db 1000000`

use std::time::Instant;

use customer360::clock;
use customer360::model::activity::Visit;
use customer360::model::{
    Activity, Channel, Details, Identifier, KindName, Micros, TenantName, TouchKey, Touchpoint,
};
use customer360::store::{Incoming, Settings, Store};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn touchpoints(count: usize) -> Vec<Incoming> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let people = count / 10;
    let kind = |name| KindName::parse(name).unwrap();
    let (cookie, account, card) = (kind("COOKIE"), kind("ACCOUNT"), kind("LOYALTY_CARD"));
    (0..count)
        .map(|i| {
            let person = random.random_range(0..people);
            let named = |kind: &KindName, value: String| Identifier { kind: kind.clone(), value };
            let identifiers = match random.random_range(0..20) {
                0 => vec![named(&account, format!("u{person}")), named(&cookie, format!("ck-{person}"))],
                1..8 => vec![named(&card, format!("29{person:010}"))],
                _ => vec![named(&cookie, format!("ck-{person}"))],
            };
            let details = Details {
                activity: Activity::Visit(Visit { pages: Some(3), ..Visit::default() }),
                visit_id: Some(format!("v{i}")),
                location: None,
                campaign: None,
                product: None,
                cost: None,
                handling_seconds: None,
                traits: vec![],
                attributes: Default::default(),
                blocked: vec![],
            };
            let touchpoint = Touchpoint {
                key: TouchKey { source: "shop".into(), source_id: format!("e-{i}") },
                at: Micros(1_700_000_000_000_000 + i as i64 * 40_000_000),
                channel: Channel::parse("web").unwrap(),
                identifiers,
                details,
            };
            Incoming::new(touchpoint, [(i % 251) as u8; 16])
        })
        .collect()
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let url = arguments.next().expect("a database URL");
    let count: usize = arguments.next().map_or(200_000, |n| n.parse().expect("a number"));
    let store = Store::open(&url, &Settings::default(), clock::system()).await.expect("the database opens");
    let name = TenantName::parse(&format!("bench-{}", std::process::id())).expect("a tenant's name");
    let tenant = store.open_tenant(&name).await.expect("a tenant");
    let all = touchpoints(count);
    #[expect(clippy::disallowed_methods, reason = "this measures")]
    let began = Instant::now();
    let mut flights = tokio::task::JoinSet::new();
    for batch in all.chunks(2_000) {
        if flights.len() == 8 {
            flights.join_next().await;
        }
        let (store, batch) = (store.clone(), batch.to_vec());
        flights.spawn(async move { store.record(tenant.key, batch).await.expect("recorded") });
    }
    while flights.join_next().await.is_some() {}
    let seconds = began.elapsed().as_secs_f64();
    println!("{count} touchpoints in {seconds:.1} s: {:.0} a second", count as f64 / seconds);
}
