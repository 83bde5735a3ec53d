//! What was known then: the same questions, asked of the present or of a past revision.

use std::sync::Arc;

use super::convert::{Checks, Path};
use super::error::PortError;
use super::proto::{self, known_at::At};
use super::{Port, rates_of};
use crate::identity::Rules;
use crate::model::summary::cost::Rates;
use crate::model::{Identifier, ObservationNo, Position, Reason, Revision, TenantKey};
use crate::store::{AsOf, Component, CustomerRecord, Foreseen, KnownAt, ResolvedIdentifier, Tenant};

/// The rules of then, or of now.
pub(super) fn rules(tenant: &Tenant, known: Option<&AsOf>) -> Arc<Rules> {
    known.map_or_else(|| tenant.rules.clone(), |known| known.rules.clone())
}

impl Port {
    /// The past state that a request asks for, if it asks for one.
    pub(super) async fn known(
        &self,
        tenant: TenantKey,
        field: &str,
        asked: Option<&proto::KnownAt>,
    ) -> Result<Option<AsOf>, PortError> {
        let Some(asked) = asked else { return Ok(None) };
        let at = self.parse_known(field, asked)?;
        if let KnownAt::Instant(at) = at
            && at > (self.clock)()
            && at > self.store.committed_at(tenant).await?
        {
            let field = format!("{field}.instant");
            return Err(PortError::field(field, Reason::OutOfRange, "is in the future"));
        }
        Ok(Some(self.store.as_of(tenant, at).await?))
    }

    fn parse_known(&self, field: &str, asked: &proto::KnownAt) -> Result<KnownAt, PortError> {
        let at = match asked.at {
            Some(At::Revision(revision)) if revision < 0 => {
                let field = format!("{field}.revision");
                return Err(PortError::field(field, Reason::OutOfRange, "revisions begin with 0"));
            }
            Some(At::Revision(revision)) => KnownAt::Revision(Revision(revision)),
            Some(At::Instant(instant)) => {
                let path = format!("{field}.instant");
                let (root, mut checks) = (Path::root(), Checks::new(&self.settings.limits));
                let at = checks.instant(&root.field(&path), Some(instant)).unwrap_or_default();
                KnownAt::Instant(checks.finish(at).map_err(PortError::Invalid)?)
            }
            None => {
                return Err(PortError::field(field, Reason::Required, "one member of the oneof must be set"));
            }
        };
        Ok(at)
    }

    /// The customers that observations belong to, or belonged to then.
    pub(super) async fn records(
        &self,
        tenant: &Tenant,
        known: Option<&AsOf>,
        observations: &[ObservationNo],
    ) -> Result<(Revision, Vec<Option<CustomerRecord>>), PortError> {
        Ok(match known {
            Some(known) => {
                let records = self.store.customers_as_of(tenant.key, known, observations).await?;
                (known.revision, records)
            }
            None => self.store.customers(tenant.key, &tenant.rules, observations).await?,
        })
    }

    /// What is known of identifiers, or was known then.
    pub(super) async fn identifiers(
        &self,
        tenant: &Tenant,
        known: Option<&AsOf>,
        identifiers: &[Identifier],
    ) -> Result<Vec<Option<ResolvedIdentifier>>, PortError> {
        Ok(match known {
            Some(known) => self.store.identifiers_as_of(tenant.key, known, identifiers).await?,
            None => self.store.identifiers(tenant.key, &tenant.rules, identifiers).await?.1,
        })
    }

    /// What recording a touch of these identifiers would do, or would have done then.
    pub(super) async fn foresee(
        &self,
        tenant: &Tenant,
        known: Option<&AsOf>,
        identifiers: &[Identifier],
        position: Position,
    ) -> Result<Foreseen, PortError> {
        Ok(match known {
            Some(known) => self.store.foresee_as_of(tenant.key, known, identifiers, position).await?,
            None => self.store.foresee(tenant.key, &tenant.rules, identifiers, position).await?,
        })
    }

    /// All evidence that bears on an observation, or bore on it then.
    pub(super) async fn component(
        &self,
        tenant: &Tenant,
        known: Option<&AsOf>,
        observation: ObservationNo,
    ) -> Result<Option<Component>, PortError> {
        Ok(match known {
            Some(known) => self.store.component_as_of(tenant.key, known, observation).await?,
            None => self.store.component(tenant.key, &tenant.rules, observation).await?,
        })
    }

    /// The cost rates that a view of a revision is made with.
    pub(super) async fn rates_at(
        &self,
        tenant: TenantKey,
        known: Option<&AsOf>,
        revision: Revision,
    ) -> Result<Arc<Rates>, PortError> {
        match known {
            Some(known) => Ok(Arc::new(rates_of(self.store.cost_rates(tenant, known.revision).await?))),
            None => self.rates(tenant, revision).await,
        }
    }
}
