//! Databases of released builds: opened by this one, migrated, and asked what they were asked then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::customer_service_client::CustomerServiceClient;
use customer360::rpc::proto::decision_service_client::DecisionServiceClient;
use customer360::rpc::proto::figure_service_client::FigureServiceClient;
use customer360::rpc::proto::kpi_service_client::KpiServiceClient;
use customer360::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use customer360::rpc::proto::{self, CustomerRef};
use tonic::transport::Channel;

use crate::support::{Service, databases, tenant};

fn released(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released/2f577c9").join(file)
}

fn lines(file: &str) -> Vec<String> {
    std::fs::read_to_string(released(file)).unwrap().lines().map(str::to_owned).collect()
}

/// A copy of the released database, by its URL.
fn opened(name: &str, url: &str, folder: &Path) -> String {
    if name == "sqlite" {
        let copy = folder.join("released.db");
        std::fs::copy(released("small.sqlite"), &copy).unwrap();
        return format!("sqlite:{}", copy.display());
    }
    let psql = |url: &str, arguments: &[&str]| {
        let done =
            Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-d", url]).args(arguments).output();
        let done = done.expect("psql comes with PostgreSQL");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let database = tenant().replace('-', "_");
    psql(url, &["-c", &format!("CREATE DATABASE {database}")]);
    let (server, options) = url.split_once('?').unwrap();
    let copy = format!("{}/{database}?{options}", server.rsplit_once('/').unwrap().0);
    psql(&copy, &["-f", &released("postgres.sql").display().to_string()]);
    copy
}

fn range_of_2025() -> proto::TimeRange {
    let time = |seconds| Some(pbjson_types::Timestamp { seconds, nanos: 0 });
    proto::TimeRange { start: time(1_735_689_600), end: time(1_767_225_600) }
}

/// Whose each touchpoint is, and what is known of each customer.
async fn people(channel: &Channel) -> Vec<String> {
    let mut told = Vec::new();
    let mut owners = std::collections::BTreeSet::new();
    let mut touchpoints = TouchpointServiceClient::new(channel.clone());
    let mut page_token = String::new();
    loop {
        let asked = proto::ListTouchpointsRequest { page_size: 1_000, page_token, ..Default::default() };
        let page = touchpoints.list_touchpoints(asked).await.unwrap().into_inner();
        for touch in page.touchpoints {
            let its = touch.touchpoint.unwrap();
            let owner = if touch.customer_id.is_empty() { "nobody" } else { &touch.customer_id };
            told.push(format!("touchpoint {} {} {owner}", its.source, its.source_id));
            if !touch.customer_id.is_empty() {
                owners.insert(touch.customer_id);
            }
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let mut customers = CustomerServiceClient::new(channel.clone());
    for owner in owners {
        let customer = Some(CustomerRef { by: Some(By::CustomerId(owner.clone())) });
        let asked = proto::GetCustomerRequest { customer, ..Default::default() };
        let view = customers.get_customer(asked).await.unwrap().into_inner().customer.unwrap();
        let summary = view.summary.unwrap();
        let revenue = |its: &proto::Revenue| {
            format!(" {}:{}:{}:{}", its.currency, its.orders, its.gross_minor, its.returned_minor)
        };
        let revenue: String = summary.revenue.iter().map(revenue).collect();
        told.push(format!("customer {owner} {}{revenue}", summary.touchpoints));
    }
    told
}

async fn decisions(channel: &Channel) -> Vec<String> {
    let mut decisions = DecisionServiceClient::new(channel.clone());
    let merges = proto::ListMergesRequest { page_size: 1_000, ..Default::default() };
    let merges = decisions.list_merges(merges).await.unwrap().into_inner().merges.len();
    let all = proto::ListDecisionsRequest { page_size: 1_000, ..Default::default() };
    let all = decisions.list_decisions(all).await.unwrap().into_inner().decisions.len();
    vec![format!("merges {merges}"), format!("decisions {all}")]
}

/// Every figure of 2025, with the version of its definition.
async fn figures(channel: &Channel) -> Vec<(i32, String)> {
    let known = KpiServiceClient::new(channel.clone()).list_kpis(proto::ListKpisRequest::default()).await;
    let known = known.unwrap().into_inner().kpis;
    let range = range_of_2025();
    let scope = proto::Scope {
        observed_until: range.end,
        range: Some(range),
        time_zone: "UTC".to_owned(),
        currency: "EUR".to_owned(),
        ..Default::default()
    };
    let number =
        |value: Option<f64>| value.map_or_else(|| "absent".to_owned(), |value| format!("{value:.6}"));
    let mut asking = FigureServiceClient::new(channel.clone());
    let mut told = Vec::new();
    for kpi in known.into_iter().filter_map(|known| known.kpi) {
        let kpi_ids = vec![kpi.id.clone()];
        let asked = proto::ComputeKpisRequest { scope: Some(scope.clone()), kpi_ids, ..Default::default() };
        // Those that are no single number are asked by other calls.
        let Ok(answer) = asking.compute_kpis(asked).await else { continue };
        let figure = answer.into_inner().kpis.remove(0).total.unwrap();
        let (value, numerator, denominator) =
            (number(figure.value), number(Some(figure.numerator)), number(figure.denominator));
        told.push((kpi.version, format!("figure {} {value} {numerator} {denominator}", kpi.id)));
    }
    told
}

/// Lines by their first two words, which name what they tell.
fn named(lines: impl IntoIterator<Item = String>) -> BTreeMap<String, String> {
    let name = |line: &str| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    lines.into_iter().map(|line| (name(&line), line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_database_answers_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&opened(name, &url, folder.path()), &[]);
        let channel = Channel::from_shared(format!("http://{}", service.address)).unwrap();
        let channel = channel.connect().await.unwrap();
        let then = lines(&format!("{name}.answers"));
        let (then_figures, then_people): (Vec<_>, Vec<_>) =
            then.into_iter().partition(|line| line.starts_with("figure "));

        let mut now = people(&channel).await;
        now.extend(decisions(&channel).await);
        now.sort_unstable();
        assert_eq!(now, then_people, "{name}");

        let restated = named(lines("restated.txt"));
        let mut moved = Vec::new();
        let now: BTreeMap<String, (i32, String)> = figures(&channel)
            .await
            .into_iter()
            .map(|(version, line)| {
                (line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "), (version, line))
            })
            .collect();
        for (figure, then) in named(then_figures) {
            let (version, line) = &now[&figure];
            let expected = match version {
                1 => &then,
                _ => restated.get(&figure).unwrap_or(&then),
            };
            if line != expected {
                moved.push(format!("{line} (version {version}) was: {expected}"));
            }
        }
        assert!(moved.is_empty(), "{name}: {moved:#?}");
    }
}
