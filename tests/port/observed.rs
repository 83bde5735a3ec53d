//! What was not observed is not answered, as stories on both databases: each asked as far as is observed by
//! default, and with the end of the observation named.

use customer360::rpc::proto;
use customer360::rpc::proto::touchpoint::Activity;

use crate::support::{Service, identifier, of_tenant, order, services, visit};

struct Told {
    store: &'static str,
    service: Service,
    tenant: &'static str,
    revision: i64,
}

/// The same tenant of the test's own on both databases, with touchpoints.
async fn told(story: &str, touchpoints: &[proto::Touchpoint]) -> Vec<Told> {
    let name = format!("{story}-{}-{}", std::process::id(), customer360::clock::system()().0);
    let tenant: &'static str = Box::leak(name.into_boxed_str());
    let mut all = Vec::new();
    for (store, service) in services().await {
        let touchpoints = touchpoints.to_vec();
        let request = proto::RecordTouchpointsRequest { touchpoints, ..Default::default() };
        let answer = service.touchpoints().record_touchpoints(of_tenant(tenant, request)).await;
        let answer = answer.unwrap().into_inner();
        assert!(answer.outcomes.iter().all(|outcome| outcome.violations.is_empty()), "{answer:?}");
        all.push(Told { store, service, tenant, revision: answer.revision });
    }
    all
}

fn at(text: &str) -> Option<pbjson_types::Timestamp> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let at: jiff::Timestamp = full.parse().unwrap();
    Some(pbjson_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() })
}

fn touch(id: &str, when: &str, who: &str, activity: Activity) -> proto::Touchpoint {
    proto::Touchpoint {
        source: "shop".into(),
        source_id: id.into(),
        at: at(when),
        channel: "web".into(),
        identifiers: vec![identifier(&format!("EMAIL:{who}@x.io"))],
        activity: Some(activity),
        ..Default::default()
    }
}

fn cart(id: &str, minor: i64) -> Activity {
    let euros = || Some(proto::Money { minor: Some(minor), currency: "EUR".into() });
    let line = proto::Line {
        product_id: "p".into(),
        quantity: Some(1.0),
        unit_price: euros(),
        ..Default::default()
    };
    let lines = if minor > 0 { vec![line] } else { Vec::new() };
    Activity::CartUpdated(proto::Cart { cart_id: id.into(), lines, value: euros() })
}

impl Told {
    fn scope(&self, range: [&str; 2], observed: Option<&str>) -> Option<proto::Scope> {
        Some(proto::Scope {
            range: Some(proto::TimeRange { start: at(range[0]), end: at(range[1]) }),
            observed_until: observed.and_then(at),
            currency: "EUR".into(),
            at_least_as_fresh: self.revision,
            ..Default::default()
        })
    }

    async fn kpi(&self, id: &str, request: proto::ComputeKpisRequest) -> proto::KpiFigures {
        let request = proto::ComputeKpisRequest { kpi_ids: vec![id.into()], ..request };
        let answer = self.service.figures().compute_kpis(of_tenant(self.tenant, request)).await;
        answer.unwrap().into_inner().kpis.remove(0)
    }

    /// A figure of March as (numerator, denominator), or why it is absent.
    async fn march(&self, id: &str, observed: Option<&str>, with: proto::KpiParameters) -> proto::Figure {
        let scope = self.scope(["2026-03-01", "2026-04-01"], observed);
        let request = proto::ComputeKpisRequest { scope, parameters: Some(with), ..Default::default() };
        self.kpi(id, request).await.total.unwrap()
    }
}

fn sides(figure: &proto::Figure) -> (f64, Option<f64>, i64) {
    (figure.numerator, figure.denominator, figure.open)
}

fn window(days: u32) -> proto::KpiParameters {
    let window = Some(proto::Window { days: Some(days), ..Default::default() });
    proto::KpiParameters { window, ..Default::default() }
}

/// A cart that was emptied, one that never held anything, one that was bought and one that was left.
#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_abandoned_once_its_window_is_over() {
    let touches = [
        touch("1", "2026-03-01T10:00:00Z", "a", cart("K1", 1_000)),
        touch("2", "2026-03-01T10:05:00Z", "a", cart("K1", 0)),
        touch("3", "2026-03-01T10:00:00Z", "b", cart("K2", 0)),
        touch("4", "2026-03-01T10:00:00Z", "d", cart("K3", 1_000)),
        touch("5", "2026-03-01T10:20:00Z", "d", order("O1", 1_000)),
        touch("6", "2026-03-01T10:00:00Z", "e", cart("K4", 1_000)),
    ];
    for told in told("carts", &touches).await {
        let default = proto::KpiParameters::default();
        let open = told.march("cart_abandonment", None, default.clone()).await;
        assert_eq!(open.absent_reason(), proto::AbsentReason::NotObservedLongEnough, "{}", told.store);
        assert_eq!(open.known_at, at("2026-04-02"));
        let so_far = open.so_far.unwrap();
        assert_eq!((so_far.numerator, so_far.denominator), (1.0, Some(2.0)));
        // One day more than the cart's own.
        let decided = told.march("cart_abandonment", Some("2026-03-03"), default.clone()).await;
        assert_eq!(sides(&decided), (1.0, Some(2.0), 0), "{}", told.store);
        let value = told.march("abandoned_cart_value", Some("2026-03-03"), default.clone()).await;
        assert_eq!(value.value, Some(1_000.0));
        let almost = told.march("cart_abandonment", Some("2026-03-02T23:59:59Z"), default).await;
        assert_eq!((almost.value, almost.open), (None, 2));
    }
}

/// Visit, view, cart and order of one second, told in either order of their ids.
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_one_second_happens_in_its_natural_order() {
    let now = "2026-03-01T10:00:00Z";
    for ids in [["1", "2", "3", "4"], ["4", "3", "2", "1"]] {
        let view = Activity::ProductView(proto::ProductView { product_id: "p".into(), ..Default::default() });
        let touches = [
            touch(ids[0], now, "a", visit()),
            touch(ids[1], now, "a", view),
            touch(ids[2], now, "a", cart("K", 1_000)),
            touch(ids[3], now, "a", order("O1", 1_000)),
        ];
        for told in told("second", &touches).await {
            for id in ["funnel", "conversion", "visitor_conversion"] {
                let open = told.march(id, None, proto::KpiParameters::default()).await;
                assert_eq!((open.value, open.open), (None, 1), "{id} on {}", told.store);
                let figure = told.march(id, Some("2026-05-01"), proto::KpiParameters::default()).await;
                assert_eq!(sides(&figure), (1.0, Some(1.0), 0), "{id} on {}", told.store);
            }
            let left =
                told.march("cart_abandonment", Some("2026-05-01"), proto::KpiParameters::default()).await;
            assert_eq!(sides(&left), (0.0, Some(1.0), 0));
        }
    }
}

/// Five visits on five days, an order in the last: 5 of 5 within a week, 1 of 5 within the day and in the session.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_of_no_days_is_the_same_day_and_a_session_is_asked_by_name() {
    let mut touches: Vec<proto::Touchpoint> = (1..=5)
        .map(|day| {
            let when = format!("2026-03-0{day}T10:00:00Z");
            proto::Touchpoint { visit_id: format!("S{day}"), ..touch(&day.to_string(), &when, "a", visit()) }
        })
        .collect();
    touches.push(proto::Touchpoint {
        visit_id: "S5".into(),
        ..touch("o", "2026-03-05T10:20:00Z", "a", order("O1", 1_000))
    });
    // A second visit of that day, after the order: neither.
    touches.push(touch("6", "2026-03-05T18:00:00Z", "a", visit()));
    for told in told("session", &touches).await {
        let later = Some("2026-04-10");
        let week = told.march("conversion", later, proto::KpiParameters::default()).await;
        assert_eq!(sides(&week), (5.0, Some(6.0), 0), "{}", told.store);
        let session = proto::KpiParameters { same_visit: true, ..Default::default() };
        for with in [window(0), session.clone(), proto::KpiParameters { same_visit: true, ..window(0) }] {
            let same = told.march("conversion", later, with.clone()).await;
            assert_eq!(sides(&same), (1.0, Some(6.0), 0), "{with:?} on {}", told.store);
            let visitors = told.march("visitor_conversion", later, with).await;
            assert_eq!(sides(&visitors), (1.0, Some(1.0), 0));
        }
        // By default the day of the order is not over: its two visits are open.
        let open = told.march("conversion", None, window(0)).await;
        assert_eq!(sides(&open), (0.0, Some(4.0), 2));
        let elapsed = proto::Window { days: Some(0), kind: proto::WindowKind::Elapsed as i32 };
        let parameters = Some(proto::KpiParameters { window: Some(elapsed), ..Default::default() });
        let scope = told.scope(["2026-03-01", "2026-04-01"], None);
        let kpi_ids = vec!["conversion".into()];
        let request = proto::ComputeKpisRequest { scope, parameters, kpi_ids, ..Default::default() };
        let refused = told.service.figures().compute_kpis(of_tenant(told.tenant, request)).await.unwrap_err();
        assert_eq!(crate::support::wrong_fields(&refused), ["parameters.window.days"]);
    }
}

/// One order in February: nobody came back in March, which is not said before March is over.
#[tokio::test(flavor = "multi_thread")]
async fn one_order_is_not_retained() {
    let touches = [touch("1", "2026-02-15", "a", order("O1", 1_000))];
    for told in told("retained", &touches).await {
        let open = told.march("retention", None, proto::KpiParameters::default()).await;
        assert_eq!((open.value, open.absent_reason()), (None, proto::AbsentReason::NotObserved));
        let figure = told.march("retention", Some("2026-04-01"), proto::KpiParameters::default()).await;
        assert_eq!(sides(&figure), (0.0, Some(1.0), 0), "{}", told.store);
        for (days, overlapping, right) in
            [(Some(30), false, Some(0.0)), (Some(32), false, None), (Some(90), true, Some(1.0))]
        {
            let period =
                proto::PeriodRetentionOptions { window_days: days, overlapping, ..Default::default() };
            let scope = told.scope(["2026-03-01", "2026-04-01"], Some("2026-04-01"));
            let request =
                proto::ComputeRetentionRequest { scope, period: Some(period), ..Default::default() };
            let answer = told.service.kpis().compute_retention(of_tenant(told.tenant, request)).await;
            let value = answer.ok().map(|answer| {
                let period = answer.into_inner().total.unwrap().period.unwrap();
                period.retention.unwrap().value.unwrap()
            });
            assert_eq!(value, right, "{days:?} on {}", told.store);
        }
    }
}

/// One checkout in two parcels: two orders of a second are one occasion, and no repeat.
#[tokio::test(flavor = "multi_thread")]
async fn two_parcels_are_no_repeat() {
    let now = "2026-03-05T10:00:00Z";
    let touches = [touch("1", now, "a", order("O1-A", 10_000)), touch("2", now, "a", order("O1-B", 10_000))];
    for told in told("parcels", &touches).await {
        for (unit, repeats) in [
            (proto::OrderUnit::Unspecified, 0.0),
            (proto::OrderUnit::CustomerDay, 0.0),
            (proto::OrderUnit::Order, 1.0),
        ] {
            let orders = Some(proto::OrderOptions { unit: unit as i32, ..Default::default() });
            let with = proto::KpiParameters { orders, ..Default::default() };
            let figure = told.march("repurchase", Some("2026-04-01"), with).await;
            assert_eq!(sides(&figure), (repeats, Some(1.0), 0), "{unit:?} on {}", told.store);
        }
        // Money counts orders, unless days are asked for.
        let value = told.march("average_order_value", None, proto::KpiParameters::default()).await;
        assert_eq!((value.value, value.denominator), (Some(10_000.0), Some(2.0)));
    }
}

/// Second orders with ties of events and censorings on a day, by hand: observed to the end of March, and by default
/// only to its last order, whose day is not over.
#[tokio::test(flavor = "multi_thread")]
async fn kaplan_meier_follows_whole_days() {
    let firsts = [
        ("2026-03-01", Some("2026-03-06")),
        ("2026-03-01", Some("2026-03-11")),
        ("2026-03-21", None),
        ("2026-03-21", Some("2026-03-31")),
        ("2026-03-01", Some("2026-03-21")),
        ("2026-03-11", None),
        ("2026-03-01", None),
        ("2026-03-05", Some("2026-03-10")),
    ];
    let mut touches = Vec::new();
    for (nth, (first, again)) in firsts.into_iter().enumerate() {
        let who = format!("u{nth}");
        touches.push(touch(&format!("A{nth}"), first, &who, order(&format!("A{nth}"), 100)));
        touches.extend(again.map(|at| touch(&format!("B{nth}"), at, &who, order(&format!("B{nth}"), 100))));
    }
    for told in told("second-orders", &touches).await {
        for (observed, hand, km) in [
            (Some("2026-04-01"), vec![(5.0, 8, 2), (10.0, 6, 2), (20.0, 3, 1)], 2.0 / 3.0),
            (None, vec![(5.0, 8, 2), (10.0, 4, 1), (20.0, 2, 1)], 0.718_75),
        ] {
            let request = proto::ComputeRepurchaseRequest {
                scope: told.scope(["2026-03-01", "2026-04-01"], observed),
                window: Some(proto::Window { days: Some(25), ..Default::default() }),
                ..Default::default()
            };
            let answer = told.service.kpis().compute_repurchase(of_tenant(told.tenant, request)).await;
            let total = answer.unwrap().into_inner().total.unwrap();
            let curve: Vec<_> = total.curve.iter().map(|p| (p.days, p.at_risk, p.events)).collect();
            assert_eq!(curve, hand, "{observed:?} on {}", told.store);
            let value = total.second_order_kaplan_meier.unwrap().value.unwrap();
            assert!((value - km).abs() < 1e-12, "{value}");
            let observed = total.second_order_observed.unwrap();
            assert_eq!((observed.numerator, observed.denominator), (4.0, 5.0));
        }
    }
}
