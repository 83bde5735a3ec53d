//! The journey service: credits, sequences, steps and pairs.

use tonic::{Request, Response, Status};

use super::proto::journey_service_server::JourneyService;
use super::{Port, convert, proto};
use crate::kpi::{affinity, attribution, conversion, funnel, paths};

#[tonic::async_trait]
impl JourneyService for Port {
    async fn compute_attribution(
        &self,
        request: Request<proto::ComputeAttributionRequest>,
    ) -> Result<Response<proto::ComputeAttributionResponse>, Status> {
        self.ask(
            "ComputeAttribution",
            request,
            convert::attribution_question,
            |question| &mut question.scope,
            |s, question| attribution::compute(s, question).map(convert::attribution),
        )
        .await
    }

    async fn compute_journeys(
        &self,
        request: Request<proto::ComputeJourneysRequest>,
    ) -> Result<Response<proto::ComputeJourneysResponse>, Status> {
        self.ask(
            "ComputeJourneys",
            request,
            convert::journeys_question,
            |(scope, ..)| scope,
            |s, (scope, params, limit)| paths::compute(s, scope, params, *limit).map(convert::journeys),
        )
        .await
    }

    async fn compute_funnel(
        &self,
        request: Request<proto::ComputeFunnelRequest>,
    ) -> Result<Response<proto::ComputeFunnelResponse>, Status> {
        self.ask(
            "ComputeFunnel",
            request,
            |c, asked| convert::scoped_question(c, asked.scope, asked.parameters),
            |(scope, _)| scope,
            |s, (scope, params)| funnel::compute(s, scope, params).map(convert::funnel_steps),
        )
        .await
    }

    async fn compute_basket(
        &self,
        request: Request<proto::ComputeBasketRequest>,
    ) -> Result<Response<proto::ComputeBasketResponse>, Status> {
        let by_category = request.get_ref().by_category;
        self.ask(
            "ComputeBasket",
            request,
            convert::basket_question,
            |(scope, ..)| scope,
            move |s, (scope, params, least_and_rows)| {
                affinity::compute(s, scope, params, by_category, *least_and_rows).map(convert::basket)
            },
        )
        .await
    }

    async fn compute_store_conversion(
        &self,
        request: Request<proto::ComputeStoreConversionRequest>,
    ) -> Result<Response<proto::ComputeStoreConversionResponse>, Status> {
        self.ask(
            "ComputeStoreConversion",
            request,
            |c, asked| convert::scoped_question(c, asked.scope, asked.parameters),
            |(scope, _)| scope,
            |s, (scope, params)| {
                conversion::store_conversions(s, scope, params).map(convert::store_conversion)
            },
        )
        .await
    }
}
