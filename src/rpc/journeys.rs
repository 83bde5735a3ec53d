//! The journey service: credits, sequences, steps and pairs.

use tonic::{Request, Response, Status};

use super::facts::take_freshness;
use super::figures::beside;
use super::proto::journey_service_server::JourneyService;
use super::{Port, convert, detached, proto, tenant_name};
use crate::kpi::Snapshot;
use crate::kpi::engine::scalar::Question;
use crate::kpi::measures::funnel;
use crate::kpi::shapes::affinity;
use crate::kpi::shapes::attribution;
use crate::kpi::shapes::paths;
use crate::kpi::shapes::store_conversion;

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
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let said = asked.clone();
        let (scope, params) = self.check(|c| convert::scoped_question(c, said.scope, said.parameters))?;
        let measures = store_conversion::STORE_MEASURES.to_vec();
        let mut question = Question { scope, measures, params, group_by: Vec::new(), spans: Vec::new() };
        let port = self.clone();
        let answer = detached(async move {
            // Traffic counts too, which other shapes do not ask for.
            let facts = port.facts_of(&tenant, fresh, &mut question).await?;
            let known = facts.question("ComputeStoreConversion", &asked, beside(&question).as_bytes());
            let compute =
                move |s: &Snapshot| store_conversion::compute(s, &question).map(convert::store_conversion);
            port.answer(&facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }
}
