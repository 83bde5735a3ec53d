//! How a question about a scope is answered, whatever its shape: it is checked, the facts and the
//! exchange rates of its revision are taken, and the answer is the one given before or a new one.

use prost::Message;
use tonic::{Request, Response, Status};

use super::convert::Checks;
use super::facts::take_freshness;
use super::{Port, detached, proto, tenant_name};
use crate::kpi::{KpiError, Scope, Snapshot};
use crate::model::Violation;

/// A request about a scope.
pub(super) trait Scoped: Message + Clone + 'static {
    fn scope(&mut self) -> &mut Option<proto::Scope>;
}

macro_rules! scoped {
    ($($request:ident),* $(,)?) => {
        $( impl Scoped for proto::$request {
            fn scope(&mut self) -> &mut Option<proto::Scope> {
                &mut self.scope
            }
        } )*
    };
}

scoped!(
    ComputeRetentionRequest,
    ComputeRepurchaseRequest,
    ComputeNpsRequest,
    ComputeAttributionRequest,
    ComputeJourneysRequest,
    ComputeFunnelRequest,
    ComputeBasketRequest,
    ComputeLifecycleRequest,
    ComputeReturnsRequest,
    ComputeProductMixRequest,
);

impl Port {
    /// `parse` makes the question, `scope` is where its scope stands.
    pub(super) async fn ask<
        R: Scoped + super::access::Demands,
        Q: Send + Sync + 'static,
        A: Message + Default + 'static,
    >(
        &self,
        method: &'static str,
        request: Request<R>,
        parse: impl FnOnce(Checks<'_>, R) -> Result<Q, Vec<Violation>>,
        scope: fn(&mut Q) -> &mut Scope,
        compute: impl Fn(&Snapshot, &Q) -> Result<A, KpiError> + Send + Sync + 'static,
    ) -> Result<Response<A>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(asked.scope());
        let mut question = self.check(|checks| parse(checks, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_converted(&tenant, fresh, scope(&mut question)).await?;
            let beside = format!("{:?}", scope(&mut question).rates);
            let known = facts.question(method, &asked, beside.as_bytes());
            port.answer(&facts, known, move |snapshot: &Snapshot| compute(snapshot, &question)).await
        });
        Ok(Response::new(answer.await?))
    }
}
