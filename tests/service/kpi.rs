//! The kpi command, and customers by their scores, on both databases.

use std::process::{Command, Output};

use customer360::rpc::proto::{self, CustomerOrder};

use crate::support::{BINARY, Service, databases, order, record, tenant, visit};

const MARCH: [&str; 4] = ["--from", "2026-03-01", "--until", "2026-04-01"];

fn kpi(service: &Service, tenant: &str, asked: &[&str]) -> Output {
    let target = ["--target", &service.address, "--tenant", tenant];
    Command::new(BINARY).arg("kpi").args(asked).args(MARCH).args(target).output().unwrap()
}

fn told(service: &Service, tenant: &str, asked: &[&str]) -> String {
    let done = kpi(service, tenant, asked);
    assert!(done.status.success(), "{asked:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_kpi_is_a_table_a_csv_or_json() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let (tenant, service) = (tenant(), Service::start(&url, &[]));
        let clients = service.clients(&tenant).await;
        let orders = [("1", "ada@shop.example", 1_000), ("2", "ada@shop.example", 500)];
        let mut touches: Vec<_> = orders.map(|(id, email, cents)| order(id, email, cents)).to_vec();
        touches.push(visit("3", "handset"));
        record(&clients, touches).await.unwrap();

        let csv = told(&service, &tenant, &["revenue", "--group-by", "channel", "--format", "csv"]);
        let rows: Vec<&str> = csv.lines().collect();
        assert!(rows[0].starts_with("part,"), "{name}: {csv}");
        assert!(rows.iter().any(|row| row.starts_with("kpis.groups") && row.contains("web")), "{csv}");
        let json = told(&service, &tenant, &["revenue", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["kpis"][0]["total"]["value"], 1_500.0, "{name}");
        let compared = told(&service, &tenant, &["visits", "--compare", "previous-period", "--all"]);
        assert!(compared.contains("change.difference"), "{name}: {compared}");

        // Every KPI of the catalogue can be asked, and its tables fit.
        let list = told(&service, &tenant, &["--list"]);
        let ids: Vec<&str> = list.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(ids.contains(&"lifetime") && ids.len() > 60);
        let shapes = ["retention", "repurchase", "nps", "cost_to_serve", "attribution", "journeys", "funnel"];
        let more = ["basket_affinity", "lifecycle", "lifetime", "rfm", "omnichannel"];
        for id in shapes.iter().chain(&more) {
            assert!(ids.contains(id), "{id}");
            let table = told(&service, &tenant, &[id, "--width", "80", "--currency", "EUR"]);
            assert!(table.lines().all(|line| line.chars().count() <= 80), "{id}: {table}");
        }
        let wrong = kpi(&service, &tenant, &["luck"]);
        assert!(
            !wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("`luck` is no KPI")
        );
        let wrong = kpi(&service, &tenant, &["journeys", "--group-by", "channel"]);
        assert!(String::from_utf8_lossy(&wrong.stderr).contains("cannot be asked so"));
    }
}

fn scope() -> Option<proto::Scope> {
    let instant = |seconds| Some(pbjson_types::Timestamp { seconds, nanos: 0 });
    let range = proto::TimeRange { start: instant(1_772_323_200), end: instant(1_775_001_600) };
    Some(proto::Scope { range: Some(range), at_least_as_fresh: 1, ..Default::default() })
}

/// A customer spends 10 euros for each unit of their number, as often as their number says.
#[tokio::test(flavor = "multi_thread")]
async fn customers_are_listed_by_scores_that_a_merge_restates() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let (tenant, service) = (tenant(), Service::start(&url, &[]));
        let clients = service.clients(&tenant).await;
        let mut touches = Vec::new();
        for person in 1..=6_i64 {
            for nth in 0..person {
                let id = format!("{person}-{nth}");
                let mut one = order(&id, &format!("p{person}@shop.example"), person * 1_000 + nth);
                one.at.as_mut().unwrap().seconds += (person + nth * 3) * 86_400;
                touches.push(one);
            }
        }
        record(&clients, touches).await.unwrap();
        let mut customers = clients.customers.clone();
        let by_value = proto::ListCustomersRequest {
            order_by: CustomerOrder::HistoricValue.into(),
            page_size: 4,
            ..Default::default()
        };
        let status = customers.list_customers(by_value.clone()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{name}: nothing was scored yet");

        let run =
            proto::ScoreCustomersRequest { request_id: "run-1".into(), scope: scope(), ..Default::default() };
        let mut lifetimes = clients.lifetimes.clone();
        let scored = lifetimes.score_customers(run.clone()).await.unwrap().into_inner();
        assert_eq!(scored.fit.as_ref().unwrap().repeat_buyers, 5, "{name}");
        let again = lifetimes.score_customers(run).await.unwrap().into_inner();
        assert_eq!(again.revision, scored.revision, "{name}: sent again, kept once");

        let historic = |page: &proto::ListCustomersResponse| -> Vec<i64> {
            let lifetime = |one: &proto::Customer| one.scores.clone().unwrap().lifetime.unwrap();
            page.customers.iter().map(|one| lifetime(one).historic_minor).collect()
        };
        let first = customers.list_customers(by_value.clone()).await.unwrap().into_inner();
        assert_eq!(historic(&first), [36_015, 25_010, 16_006, 9_003], "{name}");
        // The least customer becomes the greatest between two pages: the list goes on as it began, and
        // shows what is known now.
        let recorded = record(&clients, vec![order("late", "p1@shop.example", 100_000)]).await.unwrap();
        let caught_up = proto::ListCustomersRequest {
            page_size: 1,
            at_least_as_fresh: recorded.revision,
            ..by_value.clone()
        };
        let greatest = customers.list_customers(caught_up).await.unwrap().into_inner();
        assert_eq!(historic(&greatest), [101_000], "{name}");
        let next =
            proto::ListCustomersRequest { page_token: first.next_page_token.clone(), ..by_value.clone() };
        let second = customers.list_customers(next).await.unwrap().into_inner();
        assert_eq!(
            (historic(&second), second.next_page_token.as_str()),
            (vec![4_001, 101_000], ""),
            "{name}"
        );
        assert!(second.revision >= recorded.revision, "{name}");
        let filter = proto::ScoreFilter {
            historic_minor: Some(proto::NumberRange { min: Some(4_001.0), max: Some(20_000.0) }),
            channels: vec!["web".into()],
            ..Default::default()
        };
        let filtered = proto::ListCustomersRequest { filter: Some(filter), ascending: true, ..by_value };
        let found = customers.list_customers(filtered).await.unwrap().into_inner();
        assert_eq!(historic(&found), [4_001, 9_003, 16_006], "{name}");

        // The best and the least turn out to be one: their scores are one at once, the run's date stays.
        let mut both = visit("login", "phone");
        both.identifiers = vec![
            crate::support::identifier("EMAIL", "p1@shop.example"),
            crate::support::identifier("PHONE", "+390612345678"),
        ];
        let mut bridge = both.clone();
        bridge.source_id = "bridge".into();
        bridge.identifiers[0] = crate::support::identifier("EMAIL", "p6@shop.example");
        let recorded = record(&clients, vec![both, bridge]).await.unwrap();
        let one = proto::CustomerRef {
            by: Some(proto::customer_ref::By::Identifier(crate::support::identifier(
                "EMAIL",
                "p1@shop.example",
            ))),
        };
        let request = proto::GetCustomerRequest {
            customer: Some(one),
            read_mask: Some(pbjson_types::FieldMask { paths: vec!["customer_id".into(), "scores".into()] }),
            at_least_as_fresh: recorded.revision,
            ..Default::default()
        };
        let view = customers.get_customer(request).await.unwrap().into_inner().customer.unwrap();
        let scores = view.scores.unwrap();
        assert!(scores.revision >= recorded.revision, "{name}");
        assert_eq!(scores.scored_at, scored.scored_at, "{name}");
        assert_eq!(scores.lifetime.unwrap().historic_minor, 137_015, "{name}");
        assert_eq!(scores.channels, ["web"], "{name}");
    }
}
