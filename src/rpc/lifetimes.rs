//! The lifetime service: customers over time.

use tonic::{Request, Response, Status};

use super::convert::RfmAsked;
use super::error::PortError;
use super::facts::take_freshness;
use super::page::{Query, fit};
use super::proto::lifetime_service_server::LifetimeService;
use super::{Port, convert, customer_id, detached, proto, tenant_name};
use crate::kpi::shapes::lifetime;
use crate::kpi::shapes::rfm;
use crate::kpi::{KpiError, Snapshot};
use crate::model::{ObservationNo, Reason, TenantKey};

#[tonic::async_trait]
impl LifetimeService for Port {
    async fn compute_lifetime(
        &self,
        request: Request<proto::ComputeLifetimeRequest>,
    ) -> Result<Response<proto::ComputeLifetimeResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let size = self.listed(&mut asked.page_size)?;
        let token = std::mem::take(&mut asked.page_token);
        let query = Query::of("ComputeLifetime", &tenant, &asked);
        let (mut question, against) = self.check(|c| convert::lifetime_question(c, asked.clone()))?;
        question.size = size;
        question.after = query.place(&token)?.map(|(key, _)| key as u32);
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, &mut question.scope).await?;
            let key = facts.tenant.as_ref().map_or(TenantKey(0), |tenant| tenant.key);
            let fits = port.fits_of(&facts, asked, &question.scope);
            let compute = move |s: &Snapshot| -> Result<_, KpiError> {
                let found = lifetime::compute_with(s, &question, &fits)?;
                Ok((found, convert::lifetime_compared(s, &question, &fits, against)?))
            };
            let (found, compared) = port.compute(&facts, compute).await?;
            let (keys, more) = (found.customers.iter().map(|one| one.key).collect::<Vec<_>>(), found.more);
            let name = |no: u32| customer_id(key, ObservationNo(no.into()));
            let mut answer = convert::lifetime(found, name);
            (answer.figures, answer.comparison_note) = compared;
            let cut = fit(&mut answer.customers);
            if let Some(last) = answer.customers.len().checked_sub(1).filter(|_| more || cut) {
                answer.next_page_token = query.token((keys[last].into(), 0));
            }
            Ok(answer)
        });
        Ok(Response::new(answer.await?))
    }

    async fn compute_lifecycle(
        &self,
        request: Request<proto::ComputeLifecycleRequest>,
    ) -> Result<Response<proto::ComputeLifecycleResponse>, Status> {
        self.ask(
            "ComputeLifecycle",
            request,
            convert::lifecycle_question,
            |(question, _)| &mut question.scope,
            convert::lifecycle,
        )
        .await
    }

    async fn compute_rfm(
        &self,
        request: Request<proto::ComputeRfmRequest>,
    ) -> Result<Response<proto::ComputeRfmResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let size = self.listed(&mut asked.page_size)?;
        let token = std::mem::take(&mut asked.page_token);
        let query = Query::of("ComputeRfm", &tenant, &asked);
        let RfmAsked { mut question, listed, against } = self.check(|c| convert::rfm_question(c, asked))?;
        (question.size, question.after) = (size, query.place(&token)?.map(|(key, _)| key as u32));
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, &mut question.scope).await?;
            let key = facts.tenant.as_ref().map_or(TenantKey(0), |tenant| tenant.key);
            let compute = move |s: &Snapshot| -> Result<_, KpiError> {
                let found = rfm::compute_listing(s, &question, &listed)?;
                let compared = against.map(|against| rfm::compared(s, &question, &found, against));
                Ok((found, compared.transpose()?))
            };
            let (found, compared) = port.compute(&facts, compute).await?;
            let (keys, more) = (found.customers.iter().map(|one| one.key).collect::<Vec<_>>(), found.more);
            let name = |no: u32| customer_id(key, ObservationNo(no.into()));
            let mut answer = convert::rfm(found, compared.as_ref(), name);
            let cut = fit(&mut answer.customers);
            if let Some(last) = answer.customers.len().checked_sub(1).filter(|_| more || cut) {
                answer.next_page_token = query.token((keys[last].into(), 0));
            }
            Ok(answer)
        });
        Ok(Response::new(answer.await?))
    }

    async fn score_customers(
        &self,
        request: Request<proto::ScoreCustomersRequest>,
    ) -> Result<Response<proto::ScoreCustomersResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { Port::score_customers(&port, &tenant, asked).await }).await?))
    }

    async fn compute_omnichannel(
        &self,
        request: Request<proto::ComputeOmnichannelRequest>,
    ) -> Result<Response<proto::ComputeOmnichannelResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let (mut question, against) = self.check(|c| convert::omnichannel_question(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_of(&tenant, fresh, &mut question).await?;
            let beside = format!("{:?}{:?}", question.params.cost_rates, question.scope.rates);
            let known = facts.question("ComputeOmnichannel", &asked, beside.as_bytes());
            port.answer(&facts, known, move |s: &Snapshot| convert::omnichannel(s, &question, against)).await
        });
        Ok(Response::new(answer.await?))
    }
}

impl Port {
    /// How many customers are listed beside an answer: none unless asked for.
    fn listed(&self, page_size: &mut i32) -> Result<usize, PortError> {
        let size = usize::try_from(std::mem::take(page_size))
            .map_err(|_| PortError::field("page_size", Reason::OutOfRange, "must not be negative"))?;
        Ok(size.min(self.settings.max_page_size))
    }
}
