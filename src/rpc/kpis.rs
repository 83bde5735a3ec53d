//! The KPI service: how are we doing?

use prost::Message;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use super::convert::{self, Checks, Path};
use super::error::PortError;
use super::facts::take_freshness;
use super::proto::kpi_service_server::KpiService;
use super::{Port, detached, proto, tenant_name};
use crate::kpi::shapes::cost;
use crate::kpi::shapes::nps;
use crate::kpi::shapes::repurchase;
use crate::kpi::shapes::retention;
use crate::kpi::{Snapshot, catalogue};
use crate::model::Violation;
use crate::store::{self};

/// Bytes of a `request_id`.
const REQUEST_ID_BYTES: usize = 128;

#[tonic::async_trait]
impl KpiService for Port {
    async fn list_kpis(
        &self,
        _: Request<proto::ListKpisRequest>,
    ) -> Result<Response<proto::ListKpisResponse>, Status> {
        let kpis = catalogue::all().map(convert::definition).collect();
        Ok(Response::new(proto::ListKpisResponse { kpis }))
    }

    async fn compute_retention(
        &self,
        request: Request<proto::ComputeRetentionRequest>,
    ) -> Result<Response<proto::ComputeRetentionResponse>, Status> {
        self.ask(
            "ComputeRetention",
            request,
            convert::retention_question,
            |question| &mut question.scope,
            |s, question| retention::compute(s, question).map(convert::retention),
        )
        .await
    }

    async fn compute_repurchase(
        &self,
        request: Request<proto::ComputeRepurchaseRequest>,
    ) -> Result<Response<proto::ComputeRepurchaseResponse>, Status> {
        self.ask(
            "ComputeRepurchase",
            request,
            convert::repurchase_question,
            |question| &mut question.scope,
            |s, question| repurchase::compute(s, question).map(convert::repurchase),
        )
        .await
    }

    async fn compute_nps(
        &self,
        request: Request<proto::ComputeNpsRequest>,
    ) -> Result<Response<proto::ComputeNpsResponse>, Status> {
        self.ask(
            "ComputeNps",
            request,
            convert::nps_question,
            |question| &mut question.scope,
            |s, question| nps::compute(s, question).map(convert::nps),
        )
        .await
    }

    async fn compute_cost_to_serve(
        &self,
        request: Request<proto::ComputeCostToServeRequest>,
    ) -> Result<Response<proto::ComputeCostToServeResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let mut question = self.check(|c| convert::cost_question(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_with_costs(&tenant, fresh).await?;
            port.take_rates(&facts, &mut question.scope).await?;
            if let Some(tenant) = &facts.tenant {
                let at = facts.revision();
                let (rates, capacities) = (
                    port.store.cost_rates(tenant.key, at).await?,
                    port.store.capacity(tenant.key, at).await?,
                );
                question.rates = rates.into_iter().map(cost_rate).collect();
                question.capacities = capacities.into_iter().map(capacity).collect();
            }
            let beside = format!("{:?}{:?}{:?}", question.rates, question.capacities, question.scope.rates);
            let known = facts.question("ComputeCostToServe", &asked, beside.as_bytes());
            let compute = move |s: &Snapshot| cost::compute(s, &question).map(convert::cost_to_serve);
            port.answer(&facts, known, compute).await
        });
        Ok(Response::new(answer.await?))
    }

    async fn set_cost_rates(
        &self,
        request: Request<proto::SetCostRatesRequest>,
    ) -> Result<Response<proto::SetCostRatesResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let mutation = self.mutation(&asked.request_id, &asked)?;
        let rates = self.check(|c| convert::rates(c, asked.rates))?;
        let port = self.clone();
        let answer = detached(async move {
            let tenant = port.open_tenant(&tenant).await?;
            let revision = port.store.set_cost_rates(tenant.key, Some(mutation), rates).await?;
            Ok(proto::SetCostRatesResponse { revision: revision.0 })
        });
        Ok(Response::new(answer.await?))
    }

    async fn get_cost_rates(
        &self,
        request: Request<proto::GetCostRatesRequest>,
    ) -> Result<Response<proto::GetCostRatesResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        let answer = detached(async move {
            let Some(tenant) = port.tenant(&tenant, asked.at_least_as_fresh).await? else {
                return Ok(proto::GetCostRatesResponse::default());
            };
            let rates = port.store.cost_rates(tenant.key, tenant.revision).await?;
            let rates = rates.into_iter().map(convert::rate_to_proto).collect();
            Ok(proto::GetCostRatesResponse { rates, revision: tenant.revision.0 })
        });
        Ok(Response::new(answer.await?))
    }

    async fn set_capacity(
        &self,
        request: Request<proto::SetCapacityRequest>,
    ) -> Result<Response<proto::SetCapacityResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let mutation = self.mutation(&asked.request_id, &asked)?;
        let capacities = self.check(|c| convert::capacities(c, asked.capacities))?;
        let port = self.clone();
        let answer = detached(async move {
            let tenant = port.open_tenant(&tenant).await?;
            let revision = port.store.set_capacity(tenant.key, Some(mutation), capacities).await?;
            Ok(proto::SetCapacityResponse { revision: revision.0 })
        });
        Ok(Response::new(answer.await?))
    }

    async fn get_capacity(
        &self,
        request: Request<proto::GetCapacityRequest>,
    ) -> Result<Response<proto::GetCapacityResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        let answer = detached(async move {
            let Some(tenant) = port.tenant(&tenant, asked.at_least_as_fresh).await? else {
                return Ok(proto::GetCapacityResponse::default());
            };
            let capacities = port.store.capacity(tenant.key, tenant.revision).await?;
            let capacities = capacities.into_iter().map(convert::capacity_to_proto).collect();
            Ok(proto::GetCapacityResponse { capacities, revision: tenant.revision.0 })
        });
        Ok(Response::new(answer.await?))
    }
}

impl Port {
    pub(super) fn check<T>(
        &self,
        parse: impl FnOnce(Checks<'_>) -> Result<T, Vec<Violation>>,
    ) -> Result<T, PortError> {
        parse(Checks::new(&self.settings.limits)).map_err(PortError::Invalid)
    }

    /// Names a mutation, so that it can be sent again.
    pub(super) fn mutation(
        &self,
        request_id: &str,
        request: &impl Message,
    ) -> Result<store::Request, PortError> {
        let id = self.check(|mut c| {
            let root = Path::root();
            let id = c.required_text(&root.field("request_id"), request_id.to_owned(), REQUEST_ID_BYTES);
            c.finish(id)
        })?;
        let digest = Sha256::digest(request.encode_to_vec());
        Ok(store::Request { id, payload_hash: std::array::from_fn(|i| digest[i]) })
    }
}

pub(super) fn cost_rate(rate: store::CostRate) -> cost::CostRate {
    cost::CostRate {
        channel: rate.channel.as_str().to_owned(),
        activity_type: rate.activity,
        currency: rate.currency,
        per_touch_micros: rate.per_touch_micros,
        per_minute_micros: rate.per_minute_micros,
        from: rate.effective_from,
    }
}

pub(super) fn capacity(capacity: store::Capacity) -> cost::Capacity {
    cost::Capacity {
        channel: capacity.channel.as_str().to_owned(),
        interval: capacity.interval,
        cost: capacity.cost,
        practical_minutes: capacity.practical_minutes,
    }
}
