//! What was known at a revision. Facts carry the revision that recorded or voided them; who was
//! who is settled again from the evidence of then (`identity::hindsight`).

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::Rules;
use crate::identity::batch::{Stored, StoredObservation};
use crate::identity::constraints::{ConstraintNo, Constraints, link_no};
use crate::identity::resolve::{IdentifierNo, Observation};
use crate::model::summary::Summary;
use crate::model::{
    CustomerKind, Identifier, Micros, ObservationNo, Revision, TenantKey, TouchKey, Touchpoint,
};
use crate::store::decisions::constraints;
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::read::search::load;
use crate::store::read::{
    Component, CustomerRecord, Found, Linked, Member, ResolvedIdentifier, Shown, customers,
};
use crate::store::tenants::revision;
use crate::store::write::orders;
use crate::store::write::recording::decode_summary;
use crate::store::write::stretches::{self, Span, Stretches, spans_of, summaries};
use crate::store::{Store, StoreError};

/// A past state that callers ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownAt {
    Revision(Revision),
    /// The latest revision that was committed by then.
    Instant(Micros),
}

/// A tenant as it was at a revision.
#[derive(Debug, Clone)]
pub struct AsOf {
    pub revision: Revision,
    /// When it was committed; the beginning of time for revision 0.
    pub committed_at: Micros,
    /// The rules of then.
    pub rules: Arc<Rules>,
    /// The greatest number of a touchpoint then.
    pub last_touchpoint: i64,
    pub last_observation: i64,
    /// The decisions that stood then.
    pub constraints: Arc<Constraints>,
    /// The must-links among them, as observations.
    pub(in crate::store) links: Vec<Observation>,
}

const BY_TIME: &str = "SELECT revision FROM revision WHERE tenant = $1 AND committed_at_us <= $2 \
    ORDER BY committed_at_us DESC, revision DESC LIMIT 1";
const REACHED: &str = "SELECT last_touchpoint, last_observation, committed_at_us FROM revision WHERE tenant = $1 AND revision = $2";
const RULES_THEN: &str = "SELECT version FROM rule_set WHERE tenant = $1 AND revision <= $2 \
    ORDER BY version DESC LIMIT 1";
const VOIDED_SINCE: &str = "SELECT DISTINCT t.observation FROM void x \
    JOIN touchpoint t ON t.tenant = x.tenant AND t.touchpoint = x.touchpoint \
    WHERE x.tenant = $1 AND x.revision > $2 AND t.observation IS NOT NULL";
const FIND_IDENTIFIERS: &str = "WITH v(kind, value) AS ({rows}) \
    SELECT d.kind, d.value, d.identifier FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.kind = v.kind AND d.value = v.value";
const MAP_THEN: &str = "WITH v(observation) AS ({rows}) \
    SELECT o.observation, COALESCE((SELECT r.from_customer FROM reassignment r WHERE r.tenant = o.tenant \
    AND r.observation = o.observation AND r.revision > $2 ORDER BY r.revision LIMIT 1), o.customer) \
    FROM v CROSS JOIN observation o WHERE o.tenant = $1 AND o.observation = v.observation";
const TOUCHED_SINCE: &str = "WITH v(observation) AS ({rows}) \
    SELECT DISTINCT v.observation FROM v CROSS JOIN touchpoint t \
    WHERE t.tenant = $1 AND t.observation = v.observation AND t.touchpoint > $2";
const LOAD_SUMMARIES: &str = "WITH v(observation) AS ({rows}) \
    SELECT s.observation, s.summary FROM v CROSS JOIN summary s \
    WHERE s.tenant = $1 AND s.observation = v.observation";
const TOUCHES_THEN: &str = "WITH v(observation) AS ({rows}) \
    SELECT t.observation, t.source, t.source_id, t.at_us, t.channel, t.details FROM v CROSS JOIN touchpoint t \
    WHERE t.tenant = $1 AND t.observation = v.observation AND t.touchpoint <= $2 AND NOT EXISTS \
    (SELECT 1 FROM void x WHERE x.tenant = t.tenant AND x.touchpoint = t.touchpoint AND x.revision <= $3)";

impl Store {
    /// The tenant at a past revision, or at the present one.
    ///
    /// # Errors
    /// [`StoreError::NotReached`] when that revision is yet to come.
    pub async fn as_of(&self, tenant: TenantKey, at: KnownAt) -> Result<AsOf, StoreError> {
        let mut tx = self.db.read().await?;
        let present = revision(&mut tx, tenant).await?;
        let revision = match at {
            KnownAt::Revision(revision) => revision,
            KnownAt::Instant(at) => {
                let row = tx.fetch_one(BY_TIME, &[tenant.0, at.0].map(Scalar::Int)).await?;
                row.map_or(Ok(Revision(0)), |row| row.get(0).map(Revision))?
            }
        };
        if revision > present {
            return Err(StoreError::NotReached { asked: revision, at: present });
        }
        let key = [tenant.0, revision.0].map(Scalar::Int);
        let (last_touchpoint, last_observation, committed_at) = match tx.fetch_one(REACHED, &key).await? {
            Some(row) => (row.get(0)?, row.get(1)?, Micros(row.get(2)?)),
            None => (0, 0, Micros::MIN),
        };
        let row = tx.fetch_one(RULES_THEN, &key).await?.ok_or(StoreError::Corrupt { what: "rules" })?;
        let rules = self.tenants.rules(&mut tx, tenant, row.get(0)?).await?;
        let (constraints, links) = constraints::standing_at(&mut tx, tenant, revision).await?;
        let constraints = Arc::new(constraints);
        Ok(AsOf { revision, committed_at, rules, last_touchpoint, last_observation, constraints, links })
    }

    /// The customers that observations belonged to then; `None` where nobody was known.
    pub async fn customers_as_of(
        &self,
        tenant: TenantKey,
        known: &AsOf,
        observations: &[ObservationNo],
    ) -> Result<Vec<Option<CustomerRecord>>, StoreError> {
        let mut tx = self.db.read().await?;
        let found = customers_as_of(&mut tx, tenant, known, observations).await?;
        let into_record = |(found, names): FoundThen| {
            let shown = names.iter().map(|(no, stored)| (*no, Shown::of(stored, &known.rules)));
            found.into_record(&shown.collect())
        };
        Ok(found.into_iter().map(|found| found.map(into_record)).collect())
    }

    /// What was known of identifiers then; `None` for one not seen yet.
    pub async fn identifiers_as_of(
        &self,
        tenant: TenantKey,
        known: &AsOf,
        identifiers: &[Identifier],
    ) -> Result<Vec<Option<ResolvedIdentifier>>, StoreError> {
        let mut tx = self.db.read().await?;
        let numbers = find_identifiers(&mut tx, tenant, identifiers).await?;
        let seeds: Vec<i64> = numbers.iter().flatten().copied().collect();
        let then = load(&mut tx, tenant, known, &[], &seeds).await?;
        let resolved = |no: Option<i64>| {
            let no = IdentifierNo(no?);
            Some(ResolvedIdentifier { no, stored: then.before.identifiers.get(&no)?.clone() })
        };
        Ok(numbers.into_iter().map(resolved).collect())
    }

    /// All evidence that bore on an observation then; `None` if it was not there.
    pub async fn component_as_of(
        &self,
        tenant: TenantKey,
        known: &AsOf,
        observation: ObservationNo,
    ) -> Result<Option<Component>, StoreError> {
        if observation.0 > known.last_observation {
            return Ok(None);
        }
        let mut tx = self.db.read().await?;
        let then = load(&mut tx, tenant, known, &[observation.0], &[]).await?;
        let (observations, identifiers) = (then.observations, then.before.identifiers);
        let evidence = observations.iter().map(|stored| &stored.observation);
        let touches = stretches::load_touches_as_of(&mut tx, tenant, known, evidence).await?;
        let (revision, constraints) = (known.revision, known.constraints.clone());
        Ok(Some(Component { revision, observations, identifiers, constraints, touches }))
    }
}

/// A customer, and what was known of its identifiers.
type FoundThen = (Found, FxHashMap<IdentifierNo, Stored>);

pub(in crate::store) async fn customers_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    asked: &[ObservationNo],
) -> Result<Vec<Option<FoundThen>>, StoreError> {
    let there = asked.iter().filter(|no| no.0 <= known.last_observation);
    let map = map_as_of(tx, tenant, known, there.map(|no| no.0).collect()).await?;
    let seeds: Vec<i64> = map.iter().flat_map(|(no, customer)| [*no, *customer]).collect();
    let then = load(tx, tenant, known, &seeds, &[]).await?;
    let settled: FxHashMap<i64, i64> =
        then.observations.iter().map(|o| (o.observation.no.0, o.customer.0)).collect();
    // An observation whose touchpoints were all void has the customer that the log says, if that
    // was one still.
    let customer_of = |no: &ObservationNo| {
        let mapped = map.get(&no.0)?;
        let logged = || settled.get(mapped).filter(|customer| *customer == mapped);
        settled.get(&no.0).or_else(logged).map(|customer| ObservationNo(*customer))
    };
    let customers: Vec<Option<ObservationNo>> = asked.iter().map(customer_of).collect();
    let wanted: FxHashSet<ObservationNo> = customers.iter().flatten().copied().collect();
    let whole = then.observations.iter().filter(|o| wanted.contains(&o.customer) && o.stretches.is_empty());
    let whole: Vec<i64> = whole.map(|o| o.observation.no.0).collect();
    let summaries = summaries_as_of(tx, tenant, known, &whole).await?;
    let cut = then.observations.iter().filter(|o| !o.stretches.is_empty());
    let cut: Stretches = cut.map(|o| (o.observation.no, o.stretches.clone())).collect();
    let spans = |o: &StoredObservation, c: ObservationNo| spans_of(&cut, o.observation.no, o.customer, c);
    let divided = then.observations.iter().filter(|o| !o.stretches.is_empty());
    let divided: Vec<(ObservationNo, Vec<Span>)> =
        divided.flat_map(|o| wanted.iter().map(move |c| (*c, spans(o, *c)))).collect();
    let in_spans = divided_summaries(tx, tenant, known, &divided).await?;
    let found = |customer: ObservationNo| {
        let link = |o: &&StoredObservation| o.observation.is_link() && o.customer == customer;
        let linked = |o: &StoredObservation| {
            let decision = link_no(&o.observation.position).unwrap_or(ConstraintNo(0));
            o.observation.identifiers.iter().map(|no| Linked { no: *no, decision }).collect::<Vec<_>>()
        };
        let links: Vec<Linked> = then.observations.iter().filter(link).flat_map(linked).collect();
        let own = then.observations.iter().filter(|o| !o.observation.is_link());
        let own = own.map(|o| (o, spans(o, customer)));
        let members: Vec<Member> = (own.filter(|(_, spans)| !spans.is_empty()))
            .map(|(o, spans)| Member {
                no: o.observation.no,
                identifiers: o.observation.identifiers.clone(),
                first_key: o.observation.position.key.clone(),
                summary: match o.stretches.is_empty() {
                    true => summaries.get(&o.observation.no.0).cloned().unwrap_or_default(),
                    false => in_spans.get(&(customer, o.observation.no)).cloned().unwrap_or_default(),
                },
                spans,
            })
            .collect();
        let registered = then.registered.get(&customer).copied().unwrap_or_default();
        let kind = if registered { CustomerKind::Registered } else { CustomerKind::Anonymous };
        let names = members.iter().flat_map(|member| &member.identifiers).chain(links.iter().map(|l| &l.no));
        let names = names.filter_map(|no| Some((*no, then.before.identifiers.get(no)?.clone())));
        let names = names.collect();
        (Found { customer, kind, members, links }, names)
    };
    Ok(customers.into_iter().map(|customer| customer.map(found)).collect())
}

/// What observations that were divided then come to, by customer and observation.
async fn divided_summaries(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    divided: &[(ObservationNo, Vec<Span>)],
) -> Result<FxHashMap<(ObservationNo, ObservationNo), Summary>, StoreError> {
    let spans: Vec<(ObservationNo, Span)> =
        divided.iter().flat_map(|(c, spans)| spans.iter().map(|span| (*c, *span))).collect();
    let asked: Vec<Span> = spans.iter().map(|(_, span)| *span).collect();
    let limits = (known.last_touchpoint, known.revision);
    let mut found: FxHashMap<(ObservationNo, ObservationNo), Summary> = FxHashMap::default();
    for ((customer, span), summary) in spans.iter().zip(summaries(tx, tenant, &asked, limits).await?) {
        let whole = found.entry((*customer, span.observation)).or_default();
        *whole = std::mem::take(whole).combine(summary);
    }
    Ok(found)
}

/// The spans of the customer that an observation belongs to, or belonged to then: observation,
/// from, until.
pub(in crate::store) async fn spans(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: Option<&AsOf>,
    customer: ObservationNo,
) -> Result<Vec<[i64; 3]>, StoreError> {
    let found: Option<Found> = match known {
        Some(known) => {
            let mut found = customers_as_of(tx, tenant, known, &[customer]).await?;
            found.pop().flatten().map(|(found, _)| found)
        }
        None => customers(tx, tenant, &[customer]).await?.pop().flatten(),
    };
    let members = found.iter().flat_map(|found| &found.members);
    let spans = members.flat_map(|member| member.spans.iter());
    Ok(spans.map(|span| [span.observation.0, span.from.0, span.until.0]).collect())
}

/// The customers of observations then, by the log; of those that exist.
pub(in crate::store) async fn map_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    observations: Vec<i64>,
) -> Result<FxHashMap<i64, i64>, StoreError> {
    let scalars = [tenant.0, known.revision.0].map(Scalar::Int);
    let rows = tx.fetch_bulk(MAP_THEN, &scalars, &[Column::Int(observations)]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(in crate::store) async fn find_identifiers(
    tx: &mut Transaction,
    tenant: TenantKey,
    identifiers: &[Identifier],
) -> Result<Vec<Option<i64>>, StoreError> {
    let columns = [
        Column::Text(identifiers.iter().map(|d| d.kind.as_str()).collect()),
        Column::Text(identifiers.iter().map(|d| d.value.as_str()).collect()),
    ];
    let mut found: FxHashMap<(String, String), i64> = FxHashMap::default();
    for row in tx.fetch_bulk(FIND_IDENTIFIERS, &[Scalar::Int(tenant.0)], &columns).await? {
        found.insert((row.get(0)?, row.get(1)?), row.get(2)?);
    }
    let number = |d: &Identifier| found.get(&(d.kind.as_str().to_owned(), d.value.clone())).copied();
    Ok(identifiers.iter().map(number).collect())
}

/// Summaries of observations from the touchpoints known then. One that nothing happened to since
/// is the present one.
async fn summaries_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    observations: &[i64],
) -> Result<FxHashMap<i64, Summary>, StoreError> {
    let scalars = [tenant.0, known.last_touchpoint, known.revision.0].map(Scalar::Int);
    let mut changed = voided_since(tx, tenant, known).await?;
    let columns = [Column::Int(observations.to_vec())];
    for row in tx.fetch_bulk(TOUCHED_SINCE, &scalars[..2], &columns).await? {
        changed.insert(row.get(0)?);
    }
    let numbers: Vec<ObservationNo> = observations.iter().copied().map(ObservationNo).collect();
    let then = (known.last_touchpoint, known.revision);
    let corrections = orders::corrections_as_of(tx, tenant, &numbers, then).await?;
    changed.extend(corrections.iter().map(|(no, _)| no.0));
    changed.extend(orders::corrections_of(tx, tenant, &numbers).await?.iter().map(|(no, _)| no.0));
    let (again, same): (Vec<i64>, Vec<i64>) = observations.iter().partition(|no| changed.contains(no));
    let mut summaries: FxHashMap<i64, Summary> = FxHashMap::default();
    for row in tx.fetch_bulk(LOAD_SUMMARIES, &scalars[..1], &[Column::Int(same)]).await? {
        summaries.insert(row.get(0)?, decode_summary(&row.get::<Vec<u8>>(1)?)?);
    }
    for (no, summary) in sum_touches(tx, tenant, then, again).await? {
        summaries.insert(no.0, summary);
    }
    for (no, one) in corrections {
        summaries.entry(no.0).or_default().correct(one.currency, &one.delta);
    }
    Ok(summaries)
}

/// Every touchpoint, every void.
pub(in crate::store) const NOW: (i64, Revision) = (i64::MAX, Revision(i64::MAX));

/// What the touchpoints of observations come to by themselves: those up to a number, but for those void by a revision.
/// One without any is not among them.
pub(in crate::store) async fn sum_touches(
    tx: &mut Transaction,
    tenant: TenantKey,
    (last_touchpoint, revision): (i64, Revision),
    observations: Vec<i64>,
) -> Result<FxHashMap<ObservationNo, Summary>, StoreError> {
    let scalars = [tenant.0, last_touchpoint, revision.0].map(Scalar::Int);
    let mut summaries: FxHashMap<ObservationNo, Summary> = FxHashMap::default();
    for row in tx.fetch_bulk(TOUCHES_THEN, &scalars, &[Column::Int(observations)]).await? {
        let touchpoint = Touchpoint {
            key: TouchKey { source: row.get(1)?, source_id: row.get(2)? },
            at: Micros(row.get(3)?),
            channel: crate::store::records::costs::channel(&row.get::<String>(4)?)?,
            identifiers: Vec::new(),
            details: crate::store::write::recording::parse_details(&row.get::<String>(5)?)?,
        };
        summaries.entry(ObservationNo(row.get(0)?)).or_default().add(&touchpoint);
    }
    Ok(summaries)
}

pub(in crate::store) async fn voided_since(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
) -> Result<FxHashSet<i64>, StoreError> {
    let rows = tx.fetch(VOIDED_SINCE, &[tenant.0, known.revision.0].map(Scalar::Int)).await?;
    rows.iter().map(|row| row.get(0)).collect()
}
