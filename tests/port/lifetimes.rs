//! Customers over time: value, lifecycle, segments.

use customer360::rpc::proto::{self, LifetimeWarning};
use pbjson_types::Timestamp;
use tonic::Code;

use crate::support::{NOW, Service, order, refused, service, touch, wrong_fields};

/// The 400 days before now.
fn scope() -> Option<proto::Scope> {
    let day = |days_ago: i64| Some(Timestamp { seconds: NOW - days_ago * 86_400, nanos: 0 });
    let range = Some(proto::TimeRange { start: day(400), end: day(0) });
    Some(proto::Scope { range, at_least_as_fresh: 1, ..Default::default() })
}

/// Person n of forty comes back n % 5 times, every 10 + n days, and spends about n euros each time.
async fn shop() -> Service {
    let service = service().await;
    let mut touches = Vec::new();
    for person in 0..40_i64 {
        for nth in 0..=person % 5 {
            let id = format!("{person}-{nth}");
            let days_ago = 390 - person - nth * (10 + person);
            let minor = person * 100 + nth * 50 + 100;
            touches.push(touch(&id, days_ago, &[&format!("ACCOUNT:u{person}")], order(&id, minor)));
        }
    }
    service.record(touches).await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn lifetimes_are_fitted_and_their_pages_sum_to_the_total() {
    let service = shop().await;
    let request = proto::ComputeLifetimeRequest { scope: scope(), page_size: 15, ..Default::default() };
    let mut client = service.lifetimes();
    let first = client.compute_lifetime(request.clone()).await.unwrap().into_inner();
    assert_eq!(first.kpi.as_ref().unwrap().id, "lifetime");
    let (fit, total) = (first.fit.clone().unwrap(), first.total.unwrap());
    assert_eq!((fit.customers, fit.repeat_buyers, fit.valued_buyers), (40, 32, 32));
    assert!(fit.warnings().any(|warning| warning == LifetimeWarning::FewRepeatBuyers));
    let purchases = fit.purchases.unwrap();
    assert!(
        [purchases.r, purchases.alpha, purchases.a, purchases.b]
            .iter()
            .all(|parameter| parameter.as_ref().is_some_and(|parameter| parameter.value > 0.0))
    );
    assert!(fit.value.unwrap().q.unwrap().value > 0.0);
    assert_eq!((total.customers, total.orders), (40, 120));
    let historic: i64 = (0..40).flat_map(|n| (0..=n % 5).map(move |nth| n * 100 + nth * 50 + 100)).sum();
    assert_eq!(total.historic_minor, historic);

    let (mut customers, mut token) = (first.customers, first.next_page_token);
    while !token.is_empty() {
        let next = proto::ComputeLifetimeRequest { page_token: token, ..request.clone() };
        let page = client.compute_lifetime(next).await.unwrap().into_inner();
        assert_eq!(page.fit, first.fit, "one fit for all pages");
        customers.extend(page.customers);
        token = page.next_page_token;
    }
    assert_eq!(customers.len(), 40);
    assert_eq!(customers.iter().map(|one| one.historic_minor).sum::<i64>(), historic);
    let alive: f64 = customers.iter().filter_map(|one| one.alive).sum();
    assert!((alive - total.expected_alive.unwrap()).abs() < 1e-9);
    let ids: std::collections::BTreeSet<&str> = customers.iter().map(|c| c.customer_id.as_str()).collect();
    assert_eq!(ids.len(), 40);
}

/// A headline number is the same as a shape and as a figure, by revenue and by margin; it is compared
/// with another time, and the customers behind it sum to it.
#[tokio::test(flavor = "multi_thread")]
async fn lifetimes_are_figures_too_compared_and_traced_to_customers() {
    let service = shop().await;
    let mut touches = Vec::new();
    for person in 0..10_i64 {
        let id = format!("margin-{person}");
        let mut activity = order(&id, 1_000);
        if let proto::touchpoint::Activity::Order(order) = &mut activity {
            order.margin = Some(proto::Money { minor: Some(400 + person), currency: "EUR".into() });
        }
        touches.push(touch(&id, 5, &[&format!("ACCOUNT:u{person}")], activity));
    }
    service.record(touches).await;
    let ids = ["historic_value", "expected_alive", "expected_purchases", "expected_value"];
    let mut scope = scope();
    scope.as_mut().unwrap().at_least_as_fresh = 2;
    for value_basis in [proto::ValueBasis::Revenue, proto::ValueBasis::Margin] {
        let shape = proto::ComputeLifetimeRequest {
            scope: scope.clone(),
            value_basis: value_basis.into(),
            horizon_days: Some(90),
            ..Default::default()
        };
        let shape = service.lifetimes().compute_lifetime(shape).await.unwrap().into_inner();
        let total = shape.total.unwrap();
        let parameters = Some(proto::KpiParameters {
            value_basis: value_basis.into(),
            horizon_days: Some(90),
            ..Default::default()
        });
        let asked = proto::ComputeKpisRequest {
            scope: scope.clone(),
            kpi_ids: ids.map(str::to_owned).to_vec(),
            parameters: parameters.clone(),
            comparison: proto::Comparison::PreviousPeriod.into(),
            ..Default::default()
        };
        let figures = service.figures().compute_kpis(asked).await.unwrap().into_inner().kpis;
        let said = [
            Some(total.historic_minor as f64),
            total.expected_alive,
            total.expected_purchases,
            total.expected_minor,
        ];
        for (kpi, said) in figures.iter().zip(said) {
            let id = &kpi.kpi.as_ref().unwrap().id;
            let value = kpi.total.as_ref().unwrap().value.unwrap();
            assert!((value - said.unwrap()).abs() < 1e-3, "{id}: {value} {said:?}");
            let before = kpi.change.as_ref().unwrap().before.as_ref().unwrap();
            assert_eq!(before.customers, 0, "nobody bought a year before");
            assert_eq!(kpi.basis.as_ref().unwrap().excluded, shape.basis.as_ref().unwrap().excluded);
            let explained = proto::ExplainKpiRequest {
                scope: scope.clone(),
                kpi_id: id.clone(),
                parameters: parameters.clone(),
                ..Default::default()
            };
            let explained = service.figures().explain_kpi(explained).await.unwrap().into_inner();
            let sum: f64 = explained.customers.iter().map(|one| one.numerator).sum();
            assert!((sum - value).abs() < 1e-3, "{id}: {sum} {value}");
            assert_eq!(explained.customers.len(), 40, "{id}");
            assert!(explained.customers.iter().all(|one| one.anchors.len() == 1), "at the first order");
        }
        let no_margin = shape.basis.unwrap().excluded.iter().map(|one| one.touchpoints).sum::<i64>();
        match value_basis {
            proto::ValueBasis::Margin => assert_eq!((total.historic_minor, no_margin), (4_045, 120)),
            _ => assert_eq!(no_margin, 0),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_of_lifetimes_are_told_by_field() {
    let service = service().await;
    let mut client = service.lifetimes();
    let request =
        proto::ComputeLifetimeRequest { horizon_days: Some(100_000), first: 9, ..Default::default() };
    let status = client.compute_lifetime(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    assert_eq!(wrong_fields(&status), ["scope", "first", "horizon_days"]);
    let request = proto::ComputeLifetimeRequest { scope: scope(), page_size: -1, ..Default::default() };
    let status = client.compute_lifetime(request).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["page_size"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lifecycle_rfm_and_channels_have_their_shapes() {
    let service = shop().await;
    let mut client = service.lifetimes();
    let request = proto::ComputeLifecycleRequest { scope: scope(), ..Default::default() };
    let answer = client.compute_lifecycle(request).await.unwrap().into_inner();
    let total = answer.total.unwrap();
    assert_eq!(total.intervals.iter().map(|interval| interval.new).sum::<i64>(), 40);
    assert!(total.intervals.iter().rev().skip(1).all(|interval| interval.complete));
    assert_eq!(total.customers_by_active_intervals.iter().sum::<i64>(), 40);

    let request = proto::ComputeRfmRequest { scope: scope(), page_size: 25, ..Default::default() };
    let first = client.compute_rfm(request.clone()).await.unwrap().into_inner();
    let customers = |page: &proto::ComputeRfmResponse| page.customers.len();
    let next = proto::ComputeRfmRequest { page_token: first.next_page_token.clone(), ..request };
    let second = client.compute_rfm(next).await.unwrap().into_inner();
    assert_eq!((customers(&first), customers(&second), second.next_page_token.as_str()), (25, 15, ""));
    let listed = |segment: i32| {
        let all = first.customers.iter().chain(&second.customers);
        all.filter(|customer| customer.segment == segment).count() as f64
    };
    for segment in &first.segments {
        let share = segment.customers.as_ref().unwrap();
        assert_eq!((share.numerator, share.denominator), (listed(segment.segment), 40.0));
    }
    let scale = first.scale.unwrap();
    assert_eq!(scale.frequency.iter().map(|cut| cut.value).collect::<Vec<_>>(), [2, 3, 4, 5]);

    let mut visits = vec![touch("v", 3, &["ACCOUNT:u1"], crate::support::visit())];
    "store".clone_into(&mut visits[0].channel);
    service.record(visits).await;
    let mut scope = scope();
    scope.as_mut().unwrap().at_least_as_fresh = 2;
    let request = proto::ComputeOmnichannelRequest { scope, ..Default::default() };
    let answer = client.compute_omnichannel(request).await.unwrap().into_inner();
    let names = |groups: &[proto::OmnichannelFigures]| -> Vec<(Option<String>, Option<f64>)> {
        let name = |of: &proto::OmnichannelFigures| of.channels.clone().unwrap().value;
        groups.iter().map(|of| (name(of), of.customers.as_ref().and_then(|figure| figure.value))).collect()
    };
    let named = |name: &str, customers: f64| (Some(name.to_owned()), Some(customers));
    assert_eq!(names(&answer.by_number), [named("1", 39.0), named("2", 1.0)]);
    assert_eq!(names(&answer.by_set), [named("store+web", 1.0), named("web", 39.0)]);
    let revenue = |of: &proto::OmnichannelFigures| of.revenue.as_ref().unwrap().numerator;
    let sum: f64 = answer.by_set.iter().map(revenue).sum();
    assert_eq!(sum, revenue(answer.total.as_ref().unwrap()));
}

/// A shape's comparison is that of its figures.
#[tokio::test(flavor = "multi_thread")]
async fn shapes_are_compared_as_their_figures_are() {
    let service = shop().await;
    let day = |days_ago: i64| Some(Timestamp { seconds: NOW - days_ago * 86_400, nanos: 0 });
    let range = Some(proto::TimeRange { start: day(300), end: day(150) });
    let scope = Some(proto::Scope { range, ..scope().unwrap() });
    let comparison = proto::Comparison::PreviousPeriod.into();
    let mut lifetimes = service.lifetimes();
    let request = proto::ComputeLifetimeRequest { scope: scope.clone(), comparison, ..Default::default() };
    let lifetime = lifetimes.compute_lifetime(request).await.unwrap().into_inner();
    let request = proto::ComputeLifecycleRequest { scope: scope.clone(), comparison, ..Default::default() };
    let lifecycle = lifetimes.compute_lifecycle(request.clone()).await.unwrap().into_inner();
    let visits = vec![proto::ActivityType::Visit.into()];
    let wrong = proto::ComputeLifecycleRequest { activity_types: visits, ..request };
    let status = lifetimes.compute_lifecycle(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["comparison"]);
    let request = proto::ComputeOmnichannelRequest { scope: scope.clone(), comparison, ..Default::default() };
    let channels = lifetimes.compute_omnichannel(request).await.unwrap().into_inner();
    let mut commerce = service.commerce();
    let request = proto::ComputeReturnsRequest { scope: scope.clone(), comparison, ..Default::default() };
    let returns = commerce.compute_returns(request).await.unwrap().into_inner();
    let request = proto::ComputeProductMixRequest { scope: scope.clone(), comparison, ..Default::default() };
    let mix = commerce.compute_product_mix(request).await.unwrap().into_inner();
    let shapes = [
        (lifetime.figures, lifetime.comparison_note, 6),
        (lifecycle.figures, lifecycle.comparison_note, 5),
        (channels.figures, channels.comparison_note, 5),
        (returns.figures, returns.comparison_note, 8),
        (mix.figures, mix.comparison_note, 4),
    ];
    for (figures, note, count) in shapes {
        assert_eq!(figures.len(), count);
        assert!(figures.iter().all(|figure| figure.change.as_ref().is_some_and(|c| c.before.is_some())));
        let kpi_ids = figures.iter().map(|figure| figure.kpi.clone().unwrap().id).collect();
        let asked =
            proto::ComputeKpisRequest { scope: scope.clone(), kpi_ids, comparison, ..Default::default() };
        let expected = service.figures().compute_kpis(asked).await.unwrap().into_inner();
        assert_eq!((figures, note), (expected.kpis, expected.comparison_note));
    }
}

/// Segments are compared, listed one by one, and explained down to the orders of their customers.
#[tokio::test(flavor = "multi_thread")]
async fn segments_are_compared_listed_and_explained() {
    let service = shop().await;
    let day = |days_ago: i64| Some(Timestamp { seconds: NOW - days_ago * 86_400, nanos: 0 });
    let range = Some(proto::TimeRange { start: day(365), end: day(300) });
    let scope = Some(proto::Scope { range, ..scope().unwrap() });
    let request = proto::ComputeRfmRequest {
        scope: scope.clone(),
        page_size: 100,
        comparison: proto::Comparison::PreviousPeriod.into(),
        ..Default::default()
    };
    let mut client = service.lifetimes();
    let whole = client.compute_rfm(request.clone()).await.unwrap().into_inner();
    assert!(whole.comparison_note.contains("comparisons were made at once"), "{}", whole.comparison_note);
    let all = whole.customers.len();
    let mut explained_all = 0;
    for segment in &whole.segments {
        let (share, change) = (segment.customers.as_ref().unwrap(), segment.change.as_ref().unwrap());
        let before = change.before.as_ref().unwrap();
        let difference = share.value.unwrap() - before.value.unwrap();
        assert!((change.difference.unwrap() - difference).abs() < 1e-12);
        assert!(before.denominator.unwrap() > 0.0 && change.p_value.is_some());

        let only = proto::ComputeRfmRequest {
            page_size: 2,
            list_segments: vec![segment.segment],
            ..request.clone()
        };
        let mut listed = Vec::new();
        let mut token = String::new();
        loop {
            let next = proto::ComputeRfmRequest { page_token: token, ..only.clone() };
            let page = client.compute_rfm(next).await.unwrap().into_inner();
            assert_eq!(page.segments, whole.segments, "all else is about everybody");
            listed.extend(page.customers);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert!(listed.iter().all(|customer| customer.segment == segment.segment));
        assert_eq!(listed.len() as f64, share.numerator);

        let name = proto::RfmSegment::try_from(segment.segment).unwrap().as_str_name();
        let name = name.trim_start_matches("RFM_SEGMENT_").to_lowercase();
        let by = proto::GroupBy { dimension: proto::GroupDimension::RfmSegment.into(), ..Default::default() };
        let explain = proto::ExplainKpiRequest {
            scope: scope.clone(),
            kpi_id: "buyers".into(),
            group_by: vec![by],
            group: vec![proto::GroupKey { value: Some(name) }],
            ..Default::default()
        };
        let explained = service.figures().explain_kpi(explain).await.unwrap().into_inner();
        let ids = |all: Vec<&String>| all.into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(
            ids(explained.customers.iter().map(|one| &one.customer_id).collect()),
            ids(listed.iter().map(|one| &one.customer_id).collect())
        );
        for (one, customer) in explained.customers.iter().zip(&listed) {
            assert_eq!(one.anchors.len(), customer.orders as usize, "their orders");
            assert!(one.anchors.iter().all(|anchor| anchor.touchpoint.is_some()));
        }
        explained_all += explained.customers.len();
    }
    assert_eq!(explained_all, all);

    let cell = whole.customers[0].scores.unwrap();
    let cells = vec![proto::RfmScores { monetary: 0, ..cell }];
    let only = proto::ComputeRfmRequest { list_scores: cells, ..request.clone() };
    let listed = client.compute_rfm(only).await.unwrap().into_inner().customers;
    let same = |customer: &&proto::CustomerRfm| {
        let scores = customer.scores.unwrap();
        (scores.recency, scores.frequency) == (cell.recency, cell.frequency)
    };
    assert_eq!(listed, whole.customers.iter().filter(same).cloned().collect::<Vec<_>>());
    let cells = vec![proto::RfmScores { monetary: 6, ..cell }];
    let wrong = proto::ComputeRfmRequest { list_scores: cells, list_segments: vec![77], ..request };
    let status = client.compute_rfm(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["list_segments[0]", "list_scores[0].monetary"]);
}
