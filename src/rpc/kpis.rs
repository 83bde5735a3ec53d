//! The KPI service: how are we doing?

use std::sync::Arc;

use prost::Message;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use super::answers::Question;
use super::convert::{self, Checks, Path};
use super::error::PortError;
use super::page::PAGE_BYTES;
use super::proto::kpi_service_server::KpiService;
use super::{Port, blocking, detached, proto, tenant_name};
use crate::kpi::{KpiError, Snapshot, catalogue, cost, repurchase, retention, survey};
use crate::model::{Revision, TenantName, Violation};
use crate::store::{self, Tenant};

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
            |s, question| survey::compute(s, question).map(convert::nps),
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
                let at = facts.snapshot.revision;
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
            port.answer(facts, known, compute).await
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
            let tenant = port.store.open_tenant(&tenant).await?;
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
            let tenant = port.store.open_tenant(&tenant).await?;
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

    /// The facts of a tenant at the asked revision or a later one, or as known at a past one; none
    /// of one that never recorded anything.
    pub(super) async fn facts(&self, name: &TenantName, fresh: Freshness) -> Result<Facts, PortError> {
        let tenant = self.known_tenant(name, fresh.at_least).await?;
        let snapshot = match &tenant {
            Some(tenant) => {
                match self.known(tenant.key, "scope.as_known_at", fresh.as_known_at.as_ref()).await? {
                    Some(known) => self.mirrors.snapshot_then(tenant, &known).await?,
                    None => self.mirrors.snapshot(tenant, Revision(fresh.at_least)).await?,
                }
            }
            None => Arc::default(),
        };
        Ok(Facts { tenant, snapshot })
    }

    /// As [`Port::facts`], not older than the last change of rates: those hold at once. Facts may be
    /// older than a question allows; rates are those of the facts.
    pub(super) async fn facts_with_costs(
        &self,
        name: &TenantName,
        fresh: Freshness,
    ) -> Result<Facts, PortError> {
        let changed = match self.known_tenant(name, fresh.at_least).await? {
            Some(tenant) => self.store.costs_changed_at(tenant.key).await?.0,
            None => 0,
        };
        self.facts(name, fresh.or_at_least(changed)).await
    }

    /// The answer that was given before, or what the kernel computes where it holds up nobody.
    pub(super) async fn answer<T: Message + Default + 'static>(
        &self,
        facts: Facts,
        question: Option<Question>,
        compute: impl FnOnce(&Snapshot) -> Result<T, KpiError> + Send + 'static,
    ) -> Result<T, PortError> {
        if let Some(known) = question.and_then(|question| self.answers.get(question)) {
            return Ok(known);
        }
        let answer = blocking(move || compute(&facts.snapshot)).await??;
        if answer.encoded_len() > PAGE_BYTES {
            return Err(PortError::AnswerTooLarge { limit: PAGE_BYTES, unit: "bytes" });
        }
        if let Some(question) = question {
            self.answers.keep(question, &answer);
        }
        Ok(answer)
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

/// What questions are asked of.
pub(super) struct Facts {
    pub tenant: Option<Tenant>,
    pub snapshot: Arc<Snapshot>,
}

impl Facts {
    /// `None` for a tenant without facts, of whom nothing is worth keeping.
    pub(super) fn question(&self, method: &str, request: &impl Message, beside: &[u8]) -> Option<Question> {
        let tenant = self.tenant.as_ref()?;
        Some(Question::of(method, request, tenant.key, self.snapshot.revision, beside))
    }
}

/// Which revision a question is asked of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Freshness {
    pub at_least: i64,
    pub as_known_at: Option<proto::KnownAt>,
}

impl Freshness {
    /// At least at that revision, unless the past is asked for.
    pub(super) fn or_at_least(self, revision: i64) -> Self {
        Self { at_least: self.at_least.max(revision), ..self }
    }
}

/// Takes the freshness out of a question: the revision of the answer stands for it.
pub(super) fn take_freshness(scope: &mut Option<proto::Scope>) -> Freshness {
    scope.as_mut().map_or_else(Freshness::default, |scope| Freshness {
        at_least: std::mem::take(&mut scope.at_least_as_fresh),
        as_known_at: scope.as_known_at.take(),
    })
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
