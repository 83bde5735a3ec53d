//! The reconciliation service: why did a number move?

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::convert;
use super::error::PortError;
use super::kpis::cost_rate;
use super::proto::reconciliation_service_server::ReconciliationService;
use super::proto::{self, ReconciliationCause};
use super::{Port, computing, detached, tenant_name};
use crate::kpi::KpiError;
use crate::kpi::engine::scalar::{self, Answer, Figure, Question};
use crate::kpi::facts::reconcile::Cause;
use crate::mirror::Comparison;
use crate::model::{Reason, Revision, TenantKey, TenantName};
use crate::store::{KnownAt, RecordKind};

#[tonic::async_trait]
impl ReconciliationService for Port {
    async fn reconcile_kpis(
        &self,
        request: Request<proto::ReconcileKpisRequest>,
    ) -> Result<Response<proto::ReconcileKpisResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { port.reconcile(tenant, asked).await }).await?))
    }
}

impl Port {
    async fn reconcile(
        &self,
        name: TenantName,
        asked: proto::ReconcileKpisRequest,
    ) -> Result<proto::ReconcileKpisResponse, PortError> {
        let figures = proto::ComputeKpisRequest {
            scope: asked.scope,
            kpi_ids: asked.kpi_ids,
            parameters: asked.parameters,
            ..Default::default()
        };
        let question = self.check(|c| convert::figures(c, figures))?.question;
        let tenant = self.existing_tenant(&name).await?;
        let from = self.known(tenant.key, "from", asked.from.as_ref()).await?;
        let from = from.ok_or_else(|| PortError::field("from", Reason::Required, "must be set"))?;
        let until = match self.known(tenant.key, "until", asked.until.as_ref()).await? {
            Some(until) => until,
            None => {
                let present = self.store.revision(tenant.key).await?;
                self.store.as_of(tenant.key, KnownAt::Revision(present)).await?
            }
        };
        if from.revision > until.revision {
            return Err(PortError::field("from", Reason::OutOfRange, "lies after until"));
        }
        let before = self.with_rates(tenant.key, from.revision, &question).await?;
        let after = self.with_rates(tenant.key, until.revision, &question).await?;
        let between = self.mirrors.compare(&tenant, &from, &until).await?;
        let states = computing(move || states(&between, &before, &after)).await??;
        Ok(proto::ReconcileKpisResponse {
            kpis: reconciliations(&states),
            from_revision: from.revision.0,
            until_revision: until.revision.0,
        })
    }
}

impl Port {
    /// A question with the cost rates, exchange rates and spend known at a revision.
    async fn with_rates(
        &self,
        tenant: TenantKey,
        known_at: Revision,
        question: &Question,
    ) -> Result<Question, PortError> {
        let mut question = question.clone();
        let costs = self.store.cost_rates(tenant, known_at).await?;
        question.params.cost_rates = costs.into_iter().map(cost_rate).collect();
        let spent = self.store.records(tenant, RecordKind::Spend, known_at).await?;
        question.params.spend = spent.into_iter().filter_map(convert::kpi_spend).collect();
        if let Some(currency) = question.scope.currency {
            let rates = self.store.exchange_rates(tenant, currency, known_at).await?;
            question.scope.rates = Arc::new(rates.into_iter().map(convert::kpi_rate).collect());
        }
        Ok(question)
    }
}

/// The answers at the first revision, and after each cause. The questions differ in their rates.
fn states(
    between: &Comparison,
    before: &Question,
    after: &Question,
) -> Result<Vec<(ReconciliationCause, Vec<Answer>)>, KpiError> {
    let first = scalar::compute(&between.before(), before)?;
    let mut states = vec![(ReconciliationCause::Unspecified, first)];
    for cause in Cause::ALL {
        states.push((cause_to_proto(cause), scalar::compute(&between.after(cause), before)?));
    }
    let last = scalar::compute(&between.after(Cause::Kinds), after)?;
    states.push((ReconciliationCause::Rates, last));
    Ok(states)
}

fn cause_to_proto(cause: Cause) -> ReconciliationCause {
    match cause {
        Cause::LateTouchpoints => ReconciliationCause::LateTouchpoints,
        Cause::NewTouchpoints => ReconciliationCause::NewTouchpoints,
        Cause::Voids => ReconciliationCause::Voids,
        Cause::Splits => ReconciliationCause::Splits,
        Cause::Merges => ReconciliationCause::Merges,
        Cause::Decisions => ReconciliationCause::Decisions,
        Cause::Rules => ReconciliationCause::Rules,
        Cause::Upgrades => ReconciliationCause::Upgrades,
        Cause::Kinds => ReconciliationCause::Kinds,
    }
}

fn reconciliations(states: &[(ReconciliationCause, Vec<Answer>)]) -> Vec<proto::KpiReconciliation> {
    let [(_, first), .., (_, last)] = states else { return Vec::new() };
    let one = |(nth, answer): (usize, &Answer)| {
        let step = |pair: &[(ReconciliationCause, Vec<Answer>)]| {
            let [(_, before), (cause, after)] = pair else { return None };
            Some(part(*cause, &before.get(nth)?.total, &after.get(nth)?.total))
        };
        proto::KpiReconciliation {
            kpi: Some(convert::reference(&answer.kpi)),
            unit: answer.kpi.unit.to_owned(),
            before: Some(figure(&answer.total)),
            after: last.get(nth).map(|answer| figure(&answer.total)),
            parts: states.windows(2).filter_map(step).collect(),
        }
    };
    first.iter().enumerate().map(one).collect()
}

fn part(cause: ReconciliationCause, before: &Figure, after: &Figure) -> proto::ReconciliationPart {
    let change = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
    let customers = |figure: &Figure| i64::try_from(figure.customers).unwrap_or(i64::MAX);
    proto::ReconciliationPart {
        cause: cause.into(),
        after: Some(figure(after)),
        value_change: change(before.value, after.value),
        numerator_change: after.numerator - before.numerator,
        denominator_change: change(before.denominator, after.denominator),
        customers_change: customers(after) - customers(before),
    }
}

fn figure(figure: &Figure) -> proto::ReconciledFigure {
    proto::ReconciledFigure {
        value: figure.value,
        numerator: figure.numerator,
        denominator: figure.denominator,
        customers: i64::try_from(figure.customers).unwrap_or(i64::MAX),
    }
}
