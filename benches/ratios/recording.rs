//! Recording through the port, resolved and durable, beside a bare insert of the same rows.

use customer360::clock;
use customer360::model::Revision;
use customer360::rpc::proto;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::store::Database;

use crate::bare::{self, Reached};
use crate::databases::Databases;
use crate::service::{Service, calls, retailer};
use crate::table::{Row, Table, median, number};

/// Records three stretches of the simulated retailer into an empty database, the first and the
/// last of which count; inserts the same rows barely into another; loads a mirror in between.
pub async fn beside_bare_inserts(table: &mut Table, databases: &Databases, touchpoints: usize) {
    let floor = if databases.is_postgres() { 0.2 } else { 0.3 };
    let (ours, theirs) = (databases.create("ours").await, databases.create("bare").await);
    let service = Service::start(&ours).await;
    let tenant = service.tenant().await.key.0;
    let read = Database::open(&ours, 2).await.expect("the database opens");
    let bare = Database::open(&theirs, 2).await.expect("the database opens");
    let retailer = retailer(3 * touchpoints);
    let mut after = Reached::default();
    for stretch in 0..3 {
        let range = retailer.len() * stretch / 3..retailer.len() * (stretch + 1) / 3;
        let count = range.len() as f64;
        let seconds = service.record(calls(range.map(|i| retailer.touchpoint(i)))).await;
        let until = bare::reached(&read, tenant).await;
        let bare_seconds = bare::insert(&read, &bare, tenant, after, until).await;
        after = until;
        let before = number((retailer.len() * stretch / 3) as f64);
        let sides =
            format!("{} a second; bare insert {}", number(count / seconds), number(count / bare_seconds));
        let what = format!("{}: record {}, {before} before", databases.name(), number(count));
        table.print(&Row::new(what, bare_seconds / seconds, sides).at_least(floor, 0.5));
        if stretch != 1 {
            first_load(table, databases, &service, count * (stretch + 1) as f64).await;
        }
    }
    crate::reading::beside_an_echo(table, databases, &service, &retailer).await;
    service.store.close().await;
    databases.drop(&ours).await;
    databases.drop(&theirs).await;
}

/// How fast a mirror reads everything for the first time.
async fn first_load(table: &mut Table, databases: &Databases, service: &Service, touchpoints: f64) {
    let tenant = service.tenant().await;
    let mirrors = customer360::mirror::Mirrors::new(
        service.store.clone(),
        customer360::mirror::Settings {
            wait: std::time::Duration::from_secs(3_600),
            ..customer360::mirror::Settings::default()
        },
    );
    let begun = clock::stopwatch();
    let snapshot = mirrors.snapshot(&tenant, Revision(0)).await.expect("a snapshot");
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = snapshot.bytes() as f64 / touchpoints;
    let what = format!("{}: first load of {}, touchpoints a second", databases.name(), number(touchpoints));
    let sides =
        format!("{seconds:.1} s; {bytes:.1} bytes a touchpoint of the simulated retailer, traits included");
    table.print(&Row { aim: Some(1e6), ..Row::new(what, touchpoints / seconds, sides) });
}

/// Every tenth touchpoint joining two customers, against none.
pub async fn bridging(table: &mut Table, databases: &Databases, touchpoints: usize) {
    const ROUNDS: usize = 3;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (is_bridging, rates) in [(false, &mut without), (true, &mut with)] {
            let url = databases.create("bridges").await;
            let service = Service::start(&url).await;
            let count = touchpoints / ROUNDS;
            let seconds = service.record(calls((0..count).map(|i| bridge(i, is_bridging)))).await;
            rates.push(count as f64 / seconds);
            service.store.close().await;
            databases.drop(&url).await;
        }
    }
    let (with, without) = (median(with), median(without));
    let what = format!("{}: every tenth touchpoint joins two customers", databases.name());
    let sides = format!("{} a second; {} when none does", number(with), number(without));
    table.print(&Row::new(what, with / without, sides).at_least(0.5, 0.8));
}

/// Of ten touchpoints five come with an account, four with a cookie, and the tenth shows both.
fn bridge(i: usize, is_bridging: bool) -> proto::Touchpoint {
    let (person, nth) = (i / 10, i % 10);
    let account = ("ACCOUNT", format!("account {person}"));
    let cookie = ("COOKIE", format!("cookie {person}"));
    let identifiers = match nth {
        0..5 => vec![account],
        5..9 => vec![cookie],
        _ if is_bridging => vec![account, cookie],
        _ => vec![account],
    };
    touch(i, &identifiers)
}

/// A visit that shows identifiers.
pub fn touch(i: usize, identifiers: &[(&str, String)]) -> proto::Touchpoint {
    let identifiers = identifiers.iter().map(|(kind, value)| proto::Identifier {
        kind: (*kind).to_owned(),
        value: value.clone(),
        region: String::new(),
    });
    proto::Touchpoint {
        source: "bench".to_owned(),
        source_id: format!("touch {i}"),
        at: Some(pbjson_types::Timestamp { seconds: 1_700_000_000 + i as i64, nanos: 0 }),
        channel: "web".to_owned(),
        identifiers: identifiers.collect(),
        activity: Some(Activity::Visit(proto::Visit { pages: Some(3), ..proto::Visit::default() })),
        ..proto::Touchpoint::default()
    }
}

/// The time of one call that joins two customers, with many touchpoints each, against with ten.
pub async fn merging(table: &mut Table, databases: &Databases, touchpoints: usize) {
    const PAIRS: usize = 7;
    let url = databases.create("merges").await;
    let service = Service::start(&url).await;
    let mut next = 0;
    let mut number_of = |count: usize| {
        next += count;
        next - count..next
    };
    let (mut large, mut small) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        for (count, times) in [(10, &mut small), (touchpoints, &mut large)] {
            // Up to ninety cookies each, so that a customer is of many observations.
            let side = |kind: &'static str| {
                move |(nth, i): (usize, usize)| {
                    let cookie = ("COOKIE", format!("{kind} {pair} {count} {}", nth % 90));
                    touch(i, &[(kind, format!("{kind} {pair} {count}")), cookie])
                }
            };
            let (a, b, bridge) = (number_of(count), number_of(count), number_of(1));
            let histories = a.enumerate().map(side("ACCOUNT")).chain(b.enumerate().map(side("LOYALTY_CARD")));
            service.record(calls(histories)).await;
            let names = ["ACCOUNT", "LOYALTY_CARD"].map(|kind| (kind, format!("{kind} {pair} {count}")));
            times.push(service.record(calls(bridge.map(|i| touch(i, &names)))).await * 1e3);
        }
    }
    let (large, small) = (median(large), median(small));
    let what = format!(
        "{}: merge of two customers with {} touchpoints each",
        databases.name(),
        number(touchpoints as f64)
    );
    let sides = format!("{large:.1} ms; {small:.1} ms with ten each; 90 observations each against 10");
    table.print(&Row::new(what, large / small, sides).at_most(2.0, 1.0));
    service.store.close().await;
    databases.drop(&url).await;
}
