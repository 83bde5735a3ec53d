//! What questions are asked of: the facts of a tenant, now or as known then.

use std::sync::Arc;

use prost::Message;

use super::answers::Question;
use super::error::PortError;
use super::page::PAGE_BYTES;
use super::{Port, computing, place, proto};
use crate::kpi::engine::fits::Fits;
use crate::kpi::facts::projection::Pieces;
use crate::kpi::{Dictionary, KpiError, Scope, Snapshot};
use crate::model::{Revision, TenantName};
use crate::store::{AsOf, Tenant};

/// What questions are asked of, by [`Port::compute`].
pub(super) struct Facts {
    pub tenant: Option<Tenant>,
    /// Of the past that of nobody, in which questions say what they read.
    snapshot: Arc<Snapshot>,
    then: Option<AsOf>,
}

impl Facts {
    /// That of all answers.
    pub(super) fn revision(&self) -> Revision {
        self.snapshot.revision
    }

    pub(super) fn dictionary(&self) -> &Dictionary {
        &self.snapshot.dictionary
    }

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

impl Port {
    /// The facts of a tenant at the asked revision or a later one, or as known at a past one; none
    /// of one that never recorded anything.
    pub(super) async fn facts(&self, name: &TenantName, fresh: Freshness) -> Result<Facts, PortError> {
        let tenant = self.known_tenant(name, fresh.at_least).await?;
        let snapshot = match &tenant {
            Some(tenant) => {
                match self.known(tenant.key, "scope.as_known_at", fresh.as_known_at.as_ref()).await? {
                    Some(known) => {
                        let nobody = self.mirrors.snapshot_as_of(tenant, &known, Pieces::NONE).await?;
                        return Ok(Facts {
                            then: Some(known),
                            snapshot: nobody,
                            tenant: Some(tenant.clone()),
                        });
                    }
                    None => self.mirrors.snapshot(tenant, Revision(fresh.at_least)).await?,
                }
            }
            None => Arc::default(),
        };
        Ok(Facts { tenant, snapshot, then: None })
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

    /// Where fits of these facts are kept that depend on no more of a question than a lifetime does,
    /// but for its times: those are the kernel's. Of the past none is.
    pub(super) fn fits_of(&self, facts: &Facts, asked: proto::ComputeLifetimeRequest, scope: &Scope) -> Fits {
        let proto::ComputeLifetimeRequest { scope: said, orders, first, value_basis, .. } = asked;
        let said = said.map(|said| proto::Scope { range: None, observed_until: None, ..said });
        let inputs =
            proto::ComputeLifetimeRequest { scope: said, orders, first, value_basis, ..Default::default() };
        let beside = format!("{:?}", scope.rates);
        match facts.question("fits", &inputs, beside.as_bytes()).filter(|_| facts.then.is_none()) {
            Some(question) => self.fits.of(question.digest()),
            None => Fits::default(),
        }
    }

    /// The answer that was given before, or what the kernel computes.
    pub(super) async fn answer<T: Message + Default + 'static>(
        &self,
        facts: &Facts,
        question: Option<Question>,
        compute: impl Fn(&Snapshot) -> Result<T, KpiError> + Send + Sync + 'static,
    ) -> Result<T, PortError> {
        if let Some(known) = question.and_then(|question| self.answers.get(question)) {
            return Ok(known);
        }
        let answer = self.compute(facts, compute).await?;
        if answer.encoded_len() > PAGE_BYTES {
            return Err(PortError::AnswerTooLarge { limit: PAGE_BYTES, unit: "bytes" });
        }
        if let Some(question) = question {
            self.answers.keep(question, &answer);
        }
        Ok(answer)
    }

    /// What the kernel computes, where it holds up nobody. Of the past it is asked until it misses
    /// nothing.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        facts: &Facts,
        compute: impl Fn(&Snapshot) -> Result<T, KpiError> + Send + Sync + 'static,
    ) -> Result<T, PortError> {
        let compute = Arc::new(compute);
        let mut snapshot = facts.snapshot.clone();
        loop {
            let (mut asked, compute) = (snapshot.clone(), compute.clone());
            if let Some(held) = place::held() {
                // Kernels stop between blocks once nobody waits any more.
                asked = Arc::new(Snapshot { given_up: held.flag(), ..(*asked).clone() });
            }
            let answer = computing(move || compute(&asked)).await?;
            match (&facts.tenant, &facts.then, snapshot.given.lacking()) {
                (Some(tenant), Some(known), Some(pieces)) => {
                    snapshot = self.mirrors.snapshot_as_of(tenant, known, pieces).await?;
                }
                _ => return Ok(answer?),
            }
        }
    }
}
