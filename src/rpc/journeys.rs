//! The journey service: credits, sequences, steps and pairs.

use tonic::{Request, Response, Status};

use super::kpis::take_freshness;
use super::proto::journey_service_server::JourneyService;
use super::{Port, convert, detached, proto, tenant_name};
use crate::kpi::{Snapshot, affinity, attribution, conversion, funnel, paths};

#[tonic::async_trait]
impl JourneyService for Port {
    async fn compute_attribution(
        &self,
        request: Request<proto::ComputeAttributionRequest>,
    ) -> Result<Response<proto::ComputeAttributionResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let mut question = self.check(|c| convert::attribution_question(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, &mut question.scope).await?;
            let beside = format!("{:?}", question.scope.rates);
            let known = facts.question("ComputeAttribution", &asked, beside.as_bytes());
            let compute = move |s: &Snapshot| attribution::compute(s, &question).map(convert::attribution);
            port.answer(facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }

    async fn compute_journeys(
        &self,
        request: Request<proto::ComputeJourneysRequest>,
    ) -> Result<Response<proto::ComputeJourneysResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let (mut scope, params, limit) = self.check(|c| convert::journeys_question(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, &mut scope).await?;
            let known = facts.question("ComputeJourneys", &asked, format!("{:?}", scope.rates).as_bytes());
            let compute =
                move |s: &Snapshot| paths::compute(s, &scope, &params, limit).map(convert::journeys);
            port.answer(facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }

    async fn compute_funnel(
        &self,
        request: Request<proto::ComputeFunnelRequest>,
    ) -> Result<Response<proto::ComputeFunnelResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let said = asked.clone();
        let (mut scope, params) = self.check(|c| convert::scoped_question(c, said.scope, said.parameters))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, &mut scope).await?;
            let known = facts.question("ComputeFunnel", &asked, format!("{:?}", scope.rates).as_bytes());
            let compute = move |s: &Snapshot| funnel::compute(s, &scope, &params).map(convert::funnel_steps);
            port.answer(facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }

    async fn compute_basket(
        &self,
        request: Request<proto::ComputeBasketRequest>,
    ) -> Result<Response<proto::ComputeBasketResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let by_category = asked.by_category;
        let (mut scope, params, least_and_rows) =
            self.check(|c| convert::basket_question(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, &mut scope).await?;
            let known = facts.question("ComputeBasket", &asked, format!("{:?}", scope.rates).as_bytes());
            let compute = move |s: &Snapshot| {
                affinity::compute(s, &scope, &params, by_category, least_and_rows).map(convert::basket)
            };
            port.answer(facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }

    async fn compute_store_conversion(
        &self,
        request: Request<proto::ComputeStoreConversionRequest>,
    ) -> Result<Response<proto::ComputeStoreConversionResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let said = asked.clone();
        let (mut scope, params) = self.check(|c| convert::scoped_question(c, said.scope, said.parameters))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, &mut scope).await?;
            let known =
                facts.question("ComputeStoreConversion", &asked, format!("{:?}", scope.rates).as_bytes());
            let compute = move |s: &Snapshot| {
                conversion::store_conversions(s, &scope, &params).map(convert::store_conversion)
            };
            port.answer(facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }
}
