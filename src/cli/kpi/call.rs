//! The remote procedures that answer KPIs, by the names that the catalogue gives them.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::CliError;
use crate::cli::client::{ClientError, Clients, persist};
use crate::rpc::proto;

/// So long it is asked again of a service that is not ready: after a start, a tenant's first question
/// waits until its touchpoints are loaded.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Those whose request has a window of its own; others have it among their parameters.
pub const HAS_WINDOW: [&str; 1] = ["ComputeRepurchase"];

fn read<T: DeserializeOwned>(request: Value) -> Result<T, CliError> {
    serde_json::from_value(request)
        .map_err(|error| CliError::Failed(format!("this KPI cannot be asked so: {error}")))
}

fn written(answer: &impl Serialize) -> Result<Value, CliError> {
    serde_json::to_value(answer).map_err(|error| CliError::Failed(error.to_string()))
}

/// The newest revision that is recorded: columns follow a moment later, and who asks after an import
/// means what it stored. 0 if it may not be asked.
pub async fn newest(clients: &Clients) -> i64 {
    let request = proto::ListTouchpointsRequest { page_size: 1, ..Default::default() };
    let listed = clients.touchpoints.clone().list_touchpoints(request).await;
    listed.map_or(0, |listed| listed.into_inner().revision)
}

/// Asks by ProtoJSON, and answers so, once the service is ready.
///
/// # Errors
/// When the request is malformed or refused, or the procedure is none of these.
pub async fn call(clients: &Clients, rpc: &str, request: Value) -> Result<Value, CliError> {
    macro_rules! procedures {
        ($( $name:literal => $client:ident.$method:ident($request:ident), )*) => {
            match rpc {
                $( $name => {
                    let request: proto::$request = read(request)?;
                    let answer = persist(PATIENCE, || {
                        let (mut client, request) = (clients.$client.clone(), request.clone());
                        async move { client.$method(request).await }
                    });
                    written(&answer.await.map_err(ClientError::from)?.into_inner())
                } )*
                other => Err(CliError::Failed(format!("{other} is not asked from here"))),
            }
        };
    }
    procedures! {
        "ComputeKpis" => figures.compute_kpis(ComputeKpisRequest),
        "ComputeRetention" => kpis.compute_retention(ComputeRetentionRequest),
        "ComputeRepurchase" => kpis.compute_repurchase(ComputeRepurchaseRequest),
        "ComputeNps" => kpis.compute_nps(ComputeNpsRequest),
        "ComputeCostToServe" => kpis.compute_cost_to_serve(ComputeCostToServeRequest),
        "ComputeAttribution" => journeys.compute_attribution(ComputeAttributionRequest),
        "ComputeJourneys" => journeys.compute_journeys(ComputeJourneysRequest),
        "ComputeFunnel" => journeys.compute_funnel(ComputeFunnelRequest),
        "ComputeBasket" => journeys.compute_basket(ComputeBasketRequest),
        "ComputeStoreConversion" => journeys.compute_store_conversion(ComputeStoreConversionRequest),
        "ComputeLifetime" => lifetimes.compute_lifetime(ComputeLifetimeRequest),
        "ComputeLifecycle" => lifetimes.compute_lifecycle(ComputeLifecycleRequest),
        "ComputeRfm" => lifetimes.compute_rfm(ComputeRfmRequest),
        "ComputeOmnichannel" => lifetimes.compute_omnichannel(ComputeOmnichannelRequest),
        "ComputeReturns" => commerce.compute_returns(ComputeReturnsRequest),
        "ComputeProductMix" => commerce.compute_product_mix(ComputeProductMixRequest),
        "ComputePhaseModel" => commerce.compute_phase_model(ComputePhaseModelRequest),
        "ComputeIncentiveCard" => commerce.compute_incentive_card(ComputeIncentiveCardRequest),
    }
}
