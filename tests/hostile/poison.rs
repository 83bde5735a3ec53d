//! What is accepted must never be refused by the readers.

use customer360::cli::client::Clients;
use customer360::rpc::proto::{self, RecordStatus, TraitWrite, value};

use crate::bystander::Bystander;
use crate::support::{Service, databases, order, record, tenant, visit};

fn poisoned(n: usize) -> proto::Touchpoint {
    let mut touchpoint = visit(&format!("poison-{n}"), &format!("c{n}"));
    let flag = || Some(proto::Value { kind: Some(value::Kind::Flag(true)) });
    let name = |i| TraitWrite { name: format!("n{n}-{i}"), value: flag(), ..Default::default() };
    touchpoint.traits = (0..64).map(name).collect();
    touchpoint
}

async fn basis(clients: &Clients, at_least: i64) -> proto::Basis {
    let instant = |seconds| Some(pbjson_types::Timestamp { seconds, nanos: 0 });
    let range = Some(proto::TimeRange { start: instant(1_704_067_200), end: instant(1_790_812_800) });
    let scope = Some(proto::Scope { range, at_least_as_fresh: at_least, ..Default::default() });
    let request = proto::ComputeRepurchaseRequest { scope, ..Default::default() };
    clients.kpis.clone().compute_repurchase(request).await.unwrap().into_inner().basis.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn trait_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let (service, tenant) = (Service::start(&url, &[]), tenant());
        let clients = service.clients(&tenant).await;
        let bystander = Bystander::beside(&service).await;
        let orders =
            |from: usize| (from..from + 50).map(|n| order(&n.to_string(), &format!("a{n}@x.io"), 100));
        let before = record(&clients, orders(0).collect()).await.unwrap().revision;
        let untouched = basis(&clients, before).await;
        assert!(untouched.touchpoints > 0 && untouched.folded.is_none(), "{name}");
        let answer = record(&clients, (0..16).map(poisoned).collect()).await.unwrap();
        assert!(answer.outcomes.iter().all(|o| o.status == RecordStatus::Recorded as i32), "{name}");
        // A mirror that was there before it follows.
        let told = basis(&clients, answer.revision).await;
        assert_eq!(told.revision, answer.revision, "{name}");
        let folded = told.folded.unwrap();
        assert_eq!((folded.traits, folded.locations), (24, 0), "{name}: beyond the first 1,000 of 1,024");
        let later = record(&clients, orders(50).collect()).await.unwrap().revision;
        let told = basis(&clients, later).await;
        assert!(told.touchpoints >= untouched.touchpoints + 50, "{name}");
        bystander.ends_well().await;
        // One that is loaded anew says the same.
        service.kill();
        let service = Service::start(&url, &[]);
        let again = basis(&service.clients(&tenant).await, later).await;
        assert_eq!(again, told, "{name}");
    }
}
