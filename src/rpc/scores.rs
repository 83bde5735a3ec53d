//! Scores of customers, by the scoring run that holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::convert::{self, timestamp};
use super::error::PortError;
use super::facts::take_freshness;
use super::kpis::cost_rate;
use super::page::Query;
use super::rankings::{Ranking, Which};
use super::{Port, REMEMBERED_TENANTS, REMEMBERED_US, computing, customer_id, proto};
use crate::kpi::Snapshot;
use crate::kpi::engine::measure;
use crate::kpi::shapes::lifetime::{self, Fitted, PurchaseModel, ValueModel};
use crate::kpi::shapes::rfm::{self, Cuts};
use crate::kpi::shapes::score::{self, Scored, Scoring};
use crate::model::{Micros, ObservationNo, Reason, Revision, TenantKey, TenantName};
use crate::store::Tenant;

/// A scoring run as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    /// As it was asked.
    request: proto::ScoreCustomersRequest,
    purchases: Option<[f64; 4]>,
    value: Option<[f64; 3]>,
    cuts: Cuts,
    scored_at_us: i64,
}

/// A scoring run that holds, with the rates of now.
pub(super) struct Holding {
    scoring: Scoring,
    scored_at: Micros,
}

/// The runs of tenants, and when they were read. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Holdings(Arc<Mutex<HashMap<TenantKey, ReadAt>>>);

/// When a run was read, and the run, if there is one.
type ReadAt = (Micros, Option<Arc<Holding>>);

impl Port {
    pub(super) async fn score_customers(
        &self,
        name: &TenantName,
        asked: proto::ScoreCustomersRequest,
    ) -> Result<proto::ScoreCustomersResponse, PortError> {
        let mutation = self.mutation(&asked.request_id, &asked)?;
        let mut request = asked.clone();
        let fresh = take_freshness(&mut request.scope);
        if fresh.as_known_at.is_some() {
            let what = "a run scores by what is known now";
            return Err(PortError::field("scope.as_known_at", Reason::Conflict, what));
        }
        let mut question = self.check(|c| convert::scoring_question(c, request.clone()))?;
        let tenant = self.existing_tenant(name).await?;
        let facts = self.facts_converted(name, fresh, &mut question.scope).await?;
        let compute = move |snapshot: &Snapshot| {
            let question = lifetime::Question { scope: question.scope.on(snapshot), ..question.clone() };
            let lifetime = lifetime::compute(snapshot, &question)?;
            let asked = rfm::Question {
                scope: question.scope.clone(),
                group_by: None,
                orders: question.orders,
                after: None,
                size: 0,
            };
            rfm::compute(snapshot, &asked).map(|rfm| (lifetime, rfm.cuts, question.scope.observed_until))
        };
        let (lifetime, cuts, observed_until) = self.compute(&facts, compute).await?;
        // The run goes on to stand on what was observed when it was made.
        if let Some(scope) = &mut request.scope {
            scope.observed_until = observed_until.map(timestamp);
        }
        let scored_at = (self.clock)();
        let kept = Kept {
            request,
            purchases: lifetime.fit.purchases.map(|model| model.fitted.parameters),
            value: lifetime.fit.value.map(|model| model.fitted.parameters),
            cuts,
            scored_at_us: scored_at.0,
        };
        let document = serde_json::to_string(&kept).map_err(|_| PortError::Panicked)?;
        let revision = self.store.keep_scoring(tenant.key, Some(mutation), &document).await?;
        self.holdings.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant.key);
        Ok(convert::scored_run(&lifetime, &cuts, scored_at, revision))
    }

    /// The run that holds for a tenant; it and the rates may be those of a second ago.
    async fn holding(&self, tenant: &Tenant) -> Result<Option<Arc<Holding>>, PortError> {
        let now = (self.clock)();
        let known = self.holdings.0.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant.key).cloned();
        if let Some((_, holding)) = known.filter(|(at, _)| (0..REMEMBERED_US).contains(&(now.0 - at.0))) {
            return Ok(holding);
        }
        let holding = match self.store.scoring(tenant.key).await? {
            Some((_, document)) => Some(Arc::new(self.held(tenant, &document).await?)),
            None => None,
        };
        let mut known = self.holdings.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_TENANTS {
            known.clear();
        }
        known.insert(tenant.key, (now, holding.clone()));
        Ok(holding)
    }

    async fn held(&self, tenant: &Tenant, document: &str) -> Result<Holding, PortError> {
        let corrupt = |_| PortError::from(crate::store::StoreError::Corrupt { what: "scoring run" });
        let kept: Kept = serde_json::from_str(document).map_err(corrupt)?;
        let mut question = self.check(|c| convert::scoring_question(c, kept.request))?;
        // Runs of before 0.2 do not say until when they observed: until the end of their range.
        question.scope.observed_until.get_or_insert(question.scope.range.until);
        if let Some(currency) = question.scope.currency {
            let rates = self.store.exchange_rates(tenant.key, currency, Revision(i64::MAX)).await?;
            question.scope.rates = Arc::new(rates.into_iter().map(convert::kpi_rate).collect());
        }
        let costs = self.store.cost_rates(tenant.key, Revision(i64::MAX)).await?;
        let params = measure::Params {
            orders: question.orders,
            cost_rates: costs.into_iter().map(cost_rate).collect(),
            ..measure::Params::default()
        };
        let scoring = Scoring {
            question,
            purchases: kept.purchases.map(|known| PurchaseModel { fitted: Fitted::known(known) }),
            value: kept.value.map(|known| ValueModel { fitted: Fitted::known(known) }),
            cuts: kept.cuts,
            params,
        };
        Ok(Holding { scoring, scored_at: Micros(kept.scored_at_us) })
    }

    /// The scores of customers, in their order. `wait`: for facts that are still being read.
    pub(super) async fn scores(
        &self,
        tenant: &Tenant,
        customers: &[ObservationNo],
        (at_least, wait): (i64, bool),
    ) -> Result<Vec<Option<proto::CustomerScores>>, PortError> {
        let none = || vec![None; customers.len()];
        let Some(holding) = self.holding(tenant).await? else { return Ok(none()) };
        let snapshot = match wait {
            true => Some(self.mirrors.snapshot(tenant, Revision(at_least)).await?),
            false => self.mirrors.snapshot_if_ready(tenant, Revision(at_least)),
        };
        let Some(snapshot) = snapshot else { return Ok(none()) };
        let keys: Vec<u32> = customers.iter().map(|no| u32::try_from(no.0).unwrap_or_default()).collect();
        let (facts, held) = (snapshot.clone(), holding.clone());
        let scored = computing(move || score::some(&facts, &held.scoring, &keys)).await??;
        let shown = |one: Option<Scored>| one.map(|one| holding.shown(tenant.key, &snapshot, &one));
        Ok(scored.into_iter().map(shown).collect())
    }

    /// A page of customers by their scores.
    pub(super) async fn list_by_score(
        &self,
        tenant: &Tenant,
        asked: &proto::ListCustomersRequest,
        at_least: i64,
        place: (Query, &str, usize),
    ) -> Result<(Revision, Vec<(ObservationNo, proto::CustomerScores)>, String), PortError> {
        let (filter, order) = self.check(|c| convert::score_filter(c, asked.clone()))?;
        let Some(holding) = self.holding(tenant).await? else {
            let what = "needs a scoring run: LifetimeService.ScoreCustomers";
            return Err(PortError::field("order_by", Reason::Conflict, what));
        };
        let (query, token, size) = place;
        let after = query.place_in(token)?;
        let which = |revision| Which { query, revision, scored_at: holding.scored_at };
        // Further pages follow the ranking that the first was of, however many revisions came since.
        let begun = after.map(|(_, revision)| revision).filter(|revision| revision.0 >= at_least);
        let known = begun.and_then(|revision| Some((self.rankings.get(which(revision))?, revision)));
        let snapshot = self.mirrors.snapshot(tenant, Revision(at_least)).await?;
        let known = known.or_else(|| Some((self.rankings.get(which(snapshot.revision))?, snapshot.revision)));
        let (ranking, ranked_at) = match known {
            Some(known) => known,
            None => {
                let (facts, held) = (snapshot.clone(), holding.clone());
                let ranked =
                    computing(move || score::ranking(&facts, &held.scoring, &filter, order)).await??;
                let ranking = Ranking::from(ranked);
                self.rankings.keep(which(snapshot.revision), ranking.clone());
                (ranking, snapshot.revision)
            }
        };
        let (facts, held) = (snapshot.clone(), holding.clone());
        let place = (after.map(|(place, _)| place), size);
        let (scored, last) = computing(move || score::page(&facts, &held.scoring, &ranking, place)).await??;
        let token = last.map_or_else(String::new, |place| query.token_in(place, ranked_at));
        let shown = |one: &Scored| (ObservationNo(one.key.into()), holding.shown(tenant.key, &snapshot, one));
        Ok((snapshot.revision, scored.iter().map(shown).collect(), token))
    }
}

impl Holding {
    fn shown(&self, tenant: TenantKey, snapshot: &Snapshot, one: &Scored) -> proto::CustomerScores {
        let id = customer_id(tenant, ObservationNo(one.key.into()));
        let channels = one.deeds.channels.iter();
        proto::CustomerScores {
            scored_at: Some(timestamp(self.scored_at)),
            observed_until: self.scoring.question.scope.observed_until.map(timestamp),
            revision: snapshot.revision.0,
            horizon_days: self.scoring.question.horizon_days,
            last_nps: one.deeds.last_nps.map(u32::from),
            cost_to_serve_minor: one.deeds.cost,
            channels: channels.map(|&no| snapshot.dictionary.channels.name(no).to_owned()).collect(),
            ..convert::scores_of(one, id)
        }
    }
}
