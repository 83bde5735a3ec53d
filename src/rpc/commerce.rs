//! The commerce service: returns, the mix of products and prices, the model and the card.

use tonic::{Request, Response, Status};

use super::error::PortError;
use super::facts::{Facts, Freshness, take_freshness};
use super::proto::commerce_service_server::CommerceService;
use super::{Port, convert, detached, proto, tenant_name};
use crate::kpi::Snapshot;
use crate::kpi::shapes::board::{self, Asked};
use crate::model::TenantName;
use crate::store::RecordKind;

#[tonic::async_trait]
impl CommerceService for Port {
    async fn compute_returns(
        &self,
        request: Request<proto::ComputeReturnsRequest>,
    ) -> Result<Response<proto::ComputeReturnsResponse>, Status> {
        self.ask(
            "ComputeReturns",
            request,
            |c, asked| convert::compared_question(c, (asked.scope, asked.parameters, asked.comparison)),
            |(scope, ..)| scope,
            convert::returns,
        )
        .await
    }

    async fn compute_product_mix(
        &self,
        request: Request<proto::ComputeProductMixRequest>,
    ) -> Result<Response<proto::ComputeProductMixResponse>, Status> {
        self.ask(
            "ComputeProductMix",
            request,
            |c, asked| convert::compared_question(c, (asked.scope, asked.parameters, asked.comparison)),
            |(scope, ..)| scope,
            convert::product_mix,
        )
        .await
    }

    async fn compute_phase_model(
        &self,
        request: Request<proto::ComputePhaseModelRequest>,
    ) -> Result<Response<proto::ComputePhaseModelResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let mut question = self.check(|c| convert::phase_question(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_and_targets(&tenant, fresh, &mut question).await?;
            let known = facts.question("ComputePhaseModel", &asked, beside(&question).as_bytes());
            let compute = move |s: &Snapshot| board::compute(s, &question).map(convert::phase_model);
            port.answer(&facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }

    async fn compute_incentive_card(
        &self,
        request: Request<proto::ComputeIncentiveCardRequest>,
    ) -> Result<Response<proto::ComputeIncentiveCardResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let mut question = self.check(|c| convert::board_question(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_and_targets(&tenant, fresh, &mut question).await?;
            let known = facts.question("ComputeIncentiveCard", &asked, beside(&question).as_bytes());
            let compute = move |s: &Snapshot| board::compute(s, &question).map(convert::incentive_card);
            port.answer(&facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }
}

/// What an answer depends on beside facts and request.
fn beside(asked: &Asked) -> String {
    format!("{:?}{:?}", asked.scope.rates, asked.targets)
}

impl Port {
    /// The facts of a tenant, and the exchange rates and targets of a board.
    async fn facts_and_targets(
        &self,
        name: &TenantName,
        fresh: Freshness,
        asked: &mut Asked,
    ) -> Result<Facts, PortError> {
        let facts = self.facts_converted(name, fresh, &mut asked.scope).await?;
        if let Some(tenant) = &facts.tenant {
            let meant = self.store.records(tenant.key, RecordKind::Target, facts.revision()).await?;
            asked.targets = meant.into_iter().filter_map(convert::kpi_target).collect();
        }
        Ok(facts)
    }
}
