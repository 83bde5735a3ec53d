//! The way to the purchase: credits, sequences, steps, pairs.

use customer360::rpc::proto::{self, AttributionModel};
use tonic::Code;

use crate::figures::{busy_service, decided, scope};
use crate::support::{refused, service, wrong_fields};

#[tokio::test(flavor = "multi_thread")]
async fn credits_of_every_model_sum_to_orders_and_revenue() {
    let service = busy_service().await;
    let request = proto::ComputeAttributionRequest { scope: scope(), ..Default::default() };
    let answer = service.journeys().compute_attribution(request).await.unwrap().into_inner();
    assert_eq!((answer.orders, answer.revenue_minor, answer.models.len()), (3, 1_800, 8));
    for of in &answer.models {
        let all = of.credits.iter().chain(&of.unattributed);
        let (orders, revenue) = all.fold((0, 0), |(orders, revenue), credit| {
            (orders + credit.order_billionths, revenue + credit.revenue_minor)
        });
        assert_eq!((orders, revenue), (3_000_000_000, 1_800));
    }
    let last = answer.models.iter().find(|of| of.model() == AttributionModel::Last).unwrap();
    let credits: Vec<(&str, i64)> = last.credits.iter().map(|c| (c.name.as_str(), c.revenue_minor)).collect();
    // The store order after a conversation, the first web order after a visit, the other one after a
    // visit to the store.
    assert_eq!(credits, [("store", 1_300), ("web", 500)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn journeys_funnels_and_store_conversion_have_their_shapes() {
    let service = busy_service().await;
    let mut client = service.journeys();
    let request = proto::ComputeJourneysRequest { scope: scope(), ..Default::default() };
    let journeys = client.compute_journeys(request).await.unwrap().into_inner();
    assert_eq!((journeys.orders, journeys.paths.len() as i64), (3, journeys.distinct));
    let paths: Vec<&[String]> = journeys.paths.iter().map(|path| path.channels.as_slice()).collect();
    assert!(paths.contains(&["web".to_owned(), "store".to_owned()].as_slice()));
    let request = proto::ComputeFunnelRequest { scope: decided(), ..Default::default() };
    let funnel = client.compute_funnel(request).await.unwrap().into_inner();
    let steps: Vec<f64> = funnel.steps.iter().map(|step| step.numerator).collect();
    assert_eq!(steps, [2.0, 1.0, 1.0, 1.0]);
    let request = proto::ComputeStoreConversionRequest { scope: decided(), ..Default::default() };
    let store = client.compute_store_conversion(request).await.unwrap().into_inner();
    let values = [store.raw, store.showroomers, store.adjusted_low, store.adjusted_high];
    assert_eq!(values.map(|ratio| ratio.unwrap().numerator), [1.0, 1.0, 2.0, 3.0]);
    assert_eq!(store.unidentified_entries, 1);
    let request = proto::ComputeBasketRequest { scope: scope(), min_orders: Some(1), ..Default::default() };
    let basket = client.compute_basket(request).await.unwrap().into_inner();
    assert_eq!((basket.orders, basket.pairs.len()), (1, 0), "one product alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_are_told_by_field() {
    let service = service().await;
    let request = proto::ComputeAttributionRequest {
        scope: scope(),
        models: vec![1, 1, 0],
        to: 7,
        half_life_days: Some(1_000_000),
        ..Default::default()
    };
    let status = service.journeys().compute_attribution(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    assert_eq!(wrong_fields(&status), ["models[1]", "models[2]", "to", "half_life_days"]);
    let request = proto::ComputeJourneysRequest { scope: scope(), limit: 100_000, ..Default::default() };
    let status = service.journeys().compute_journeys(request).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["limit"]);
}
