//! The identity service: who is it, and why?

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tonic::{Request, Response, Status};

use super::convert::{self, Checks, Choice, Path, identifier_to_proto, timestamp};
use super::error::{PortError, violation_to_proto};
use super::page::{self, Query};
use super::proto::identity_service_server::IdentityService;
use super::proto::{self, explain_identity_request::Subject};
use super::{Port, as_of, customer_id, detached, kind_name, parse_customer_id, tenant_name};
use crate::identity::batch::Stored;
use crate::identity::constraints::{Constraints, link_no};
use crate::identity::explain::{self, Allowed, Explained, Link};
use crate::identity::foresight::Foresight;
use crate::identity::resolve::{IdentifierNo, KindIndex};
use crate::identity::{Normalized, Rules};
use crate::model::{
    CustomerKind, Identifier, Micros, ObservationNo, Position, Reason, Revision, TenantKey, TenantName,
    TouchKey, Violation,
};
use crate::store::{self, Component, CustomerRecord, ResolvedIdentifier, Tenant};

#[tonic::async_trait]
impl IdentityService for Port {
    async fn resolve_identity(
        &self,
        request: Request<proto::ResolveIdentityRequest>,
    ) -> Result<Response<proto::ResolveIdentityResponse>, Status> {
        let tenant = tenant_name(&request)?;
        let asked = request.into_inner();
        let port = self.clone();
        Ok(Response::new(detached(async move { port.resolve(tenant, asked).await }).await?))
    }

    async fn explain_separation(
        &self,
        request: Request<proto::ExplainSeparationRequest>,
    ) -> Result<Response<proto::ExplainSeparationResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { port.separation(&tenant, asked).await }).await?))
    }

    async fn explain_identity(
        &self,
        request: Request<proto::ExplainIdentityRequest>,
    ) -> Result<Response<proto::ExplainIdentityResponse>, Status> {
        let tenant = tenant_name(&request)?;
        let asked = request.into_inner();
        let port = self.clone();
        Ok(Response::new(detached(async move { port.explain(tenant, asked).await }).await?))
    }
}

/// Identifiers as recording takes them, and of those that cannot be used what is wrong, by their places.
type Recordable = (Vec<Normalized>, Vec<(usize, Violation)>);

impl Port {
    async fn resolve(
        &self,
        name: TenantName,
        asked: proto::ResolveIdentityRequest,
    ) -> Result<proto::ResolveIdentityResponse, PortError> {
        let tenant = self.tenant(&name, asked.at_least_as_fresh).await?;
        let known = match &tenant {
            Some(tenant) => self.known(tenant.key, "as_known_at", asked.as_known_at.as_ref()).await?,
            None => None,
        };
        let known = known.as_ref();
        let rules = tenant.as_ref().map_or_else(Default::default, |tenant| as_of::rules(tenant, known));
        let (normalized, unusable) = self.normalize_all(&asked.identifiers, &rules)?;
        let mut linking: Vec<Identifier> = normalized
            .iter()
            .filter_map(|one| match one {
                Normalized::Linking(identifier) => Some(identifier.clone()),
                Normalized::Blocked(_) => None,
            })
            .collect();
        linking.sort_unstable();
        linking.dedup();
        let at = self.asked_instant(asked.at.as_ref())?;
        let mut answer = match tenant {
            Some(tenant) if !linking.is_empty() => {
                // After everything else of that instant.
                let last = char::MAX.to_string();
                let position = Position { at, key: TouchKey { source: last.clone(), source_id: last } };
                let foreseen = self.foresee(&tenant, known, &linking, position).await?;
                let known = Told::of(&rules, &foreseen.identifiers);
                resolved(tenant.key, &rules, foreseen.revision, normalized, &known, &foreseen.foresight)
            }
            tenant => {
                let present = tenant.map_or(Revision(0), |tenant| tenant.revision);
                let revision = known.map_or(present, |known| known.revision);
                unknown(&rules, revision, normalized)
            }
        };
        for (place, violation) in unusable {
            if let Some(told) = answer.identifiers.get_mut(place) {
                (told.blocked, told.unusable) = (false, Some(violation_to_proto(violation)));
            }
        }
        Ok(answer)
    }

    /// The instant that a request names; without one, now.
    fn asked_instant(&self, at: Option<&pbjson_types::Timestamp>) -> Result<Micros, PortError> {
        let Some(at) = at else { return Ok((self.clock)()) };
        let mut checks = Checks::new(&self.settings.limits);
        let at = checks.instant(&Path::root().field("at"), Some(*at)).unwrap_or_default();
        checks.finish(at).map_err(PortError::Invalid)
    }

    /// Identifiers as recording would take them; those that cannot be used link nothing, as blocked
    /// ones, and are named by their places.
    fn normalize_all(
        &self,
        identifiers: &[proto::Identifier],
        rules: &Rules,
    ) -> Result<Recordable, PortError> {
        let (root, limits) = (Path::root(), &self.settings.limits);
        let mut checks = Checks::new(limits);
        match identifiers.len() {
            0 => checks.refuse(&root.field("identifiers"), Reason::Required, "must be set"),
            n if n > limits.identifiers => {
                let what = format!("{n} elements; at most {}", limits.identifiers);
                checks.refuse(&root.field("identifiers"), Reason::TooMany, what);
            }
            _ => {}
        }
        let (mut normalized, mut unusable) = (Vec::new(), Vec::new());
        for (place, one) in identifiers.iter().take(limits.identifiers).enumerate() {
            match convert::recordable(&mut checks, &root.item("identifiers", place), one, rules) {
                Some(Ok(one)) => normalized.push(one),
                Some(Err(violation)) => {
                    let kind = rules.kind_named(&one.kind).map(|rule| rule.kind.clone());
                    let as_sent = |kind| Identifier { kind, value: one.value.clone() };
                    normalized.extend(kind.map(as_sent).map(Normalized::Blocked));
                    unusable.push((place, violation));
                }
                None => {}
            }
        }
        checks.finish((normalized, unusable)).map_err(PortError::Invalid)
    }

    /// The identifier as it is compared; `None` if it is blocked.
    pub(super) fn normalize_one(
        &self,
        field: &str,
        identifier: &proto::Identifier,
        rules: &Rules,
    ) -> Result<Option<Identifier>, PortError> {
        let root = Path::root();
        let mut checks = Checks::new(&self.settings.limits);
        let normalized = convert::identifier(&mut checks, &root.field(field), identifier, rules);
        Ok(match checks.finish(normalized).map_err(PortError::Invalid)? {
            Some(Normalized::Linking(identifier)) => Some(identifier),
            Some(Normalized::Blocked(_)) | None => None,
        })
    }

    /// The number of an identifier and who holds it.
    pub(super) async fn find(
        &self,
        tenant: &Tenant,
        known: Option<&store::AsOf>,
        field: &str,
        identifier: &proto::Identifier,
    ) -> Result<Option<(IdentifierNo, Option<ObservationNo>)>, PortError> {
        let rules = as_of::rules(tenant, known);
        let Some(normalized) = self.normalize_one(field, identifier, &rules)? else {
            return Ok(None);
        };
        let found = self.identifiers(tenant, known, &[normalized]).await?;
        Ok(found.into_iter().flatten().next().map(|found| (found.no, found.stored.holder)))
    }

    async fn explain(
        &self,
        name: TenantName,
        mut asked: proto::ExplainIdentityRequest,
    ) -> Result<proto::ExplainIdentityResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("ExplainIdentity", &name, &asked);
        let first = query.place(&token)?.map_or(0, |(first, _)| usize::try_from(first).unwrap_or(0));
        let tenant = self.tenant(&name, at_least).await?.ok_or(PortError::CustomerNotFound)?;
        let known = self.known(tenant.key, "as_known_at", asked.as_known_at.as_ref()).await?;
        let known = known.as_ref();
        let (from, observation) = match &asked.subject {
            Some(Subject::CustomerId(id)) if asked.to.is_none() => {
                (None, parse_customer_id(tenant.key, "customer_id", id)?)
            }
            Some(Subject::Identifier(identifier)) => {
                let found = self.find(&tenant, known, "identifier", identifier).await?;
                let (no, holder) = found.ok_or(PortError::CustomerNotFound)?;
                (Some(no), holder.ok_or(PortError::CustomerNotFound)?)
            }
            Some(Subject::CustomerId(_)) | None => {
                let what = "must be set: a chain leads from an identifier";
                let what = if asked.to.is_some() { what } else { "one member of the oneof must be set" };
                return Err(PortError::field("identifier", Reason::Required, what));
            }
        };
        let to = match &asked.to {
            Some(identifier) => self.find(&tenant, known, "to", identifier).await?,
            None => None,
        };
        let story = self.story(&tenant, known, observation).await?;
        let chain = match (from, to) {
            (Some(from), Some((to, _))) => explain::chain(&story.explained, from, to).unwrap_or_default(),
            _ => Vec::new(),
        };
        let shown = story.explained.iter().skip(first).take(size);
        let mut observations: Vec<_> = shown.map(|one| story.observation(one)).collect();
        let cut = page::fit(&mut observations);
        let next = first + observations.len();
        let more = cut || next < story.explained.len();
        let place = i64::try_from(next).unwrap_or(i64::MAX);
        let to_holder = to.and_then(|(_, holder)| holder);
        Ok(proto::ExplainIdentityResponse {
            customer_id: customer_id(tenant.key, story.record.customer),
            kind: story.record.kind.number(),
            observations,
            chain: chain.iter().map(|link| story.link(link)).collect(),
            to_customer_id: to_holder.map_or_else(String::new, |no| customer_id(tenant.key, no)),
            next_page_token: if more { query.token((place, 0)) } else { String::new() },
            revision: story.revision.0,
        })
    }

    /// The customer of an observation, and what its observations did.
    pub(super) async fn story(
        &self,
        tenant: &Tenant,
        known: Option<&store::AsOf>,
        observation: ObservationNo,
    ) -> Result<Story, PortError> {
        let (_, mut found) = self.records(tenant, known, &[observation]).await?;
        let record = found.pop().flatten().ok_or(PortError::CustomerNotFound)?;
        let component = self.component(tenant, known, record.customer).await?;
        let component = component.ok_or(PortError::CustomerNotFound)?;
        let rules = as_of::rules(tenant, known);
        let Component { revision, observations, identifiers, constraints, touches } = component;
        let explained =
            explain::explain(&rules, &constraints, &observations, &identifiers, &touches, record.customer);
        Ok(Story { tenant: tenant.key, rules, record, revision, identifiers, explained, constraints })
    }
}

/// What is known of identifiers, found by kind and value.
struct Told<'a>(FxHashMap<(&'a str, &'a str), (IdentifierNo, &'a Stored)>);

impl<'a> Told<'a> {
    fn of(rules: &'a Rules, identifiers: &'a [ResolvedIdentifier]) -> Self {
        let named = |found: &'a ResolvedIdentifier| {
            let kind = rules.kinds.get(found.stored.kind)?.kind.as_str();
            Some(((kind, found.stored.value.as_str()), (found.no, &found.stored)))
        };
        Self(identifiers.iter().filter_map(named).collect())
    }

    fn get(&self, identifier: &Identifier) -> Option<(IdentifierNo, &'a Stored)> {
        self.0.get(&(identifier.kind.as_str(), identifier.value.as_str())).copied()
    }
}

fn resolved(
    tenant: TenantKey,
    rules: &Rules,
    revision: Revision,
    normalized: Vec<Normalized>,
    known: &Told<'_>,
    foresight: &Foresight,
) -> proto::ResolveIdentityResponse {
    let id = |no: ObservationNo| customer_id(tenant, no);
    let one = |normalized| match normalized {
        Normalized::Blocked(identifier) => blocked(identifier),
        Normalized::Linking(identifier) => {
            let found = known.get(&identifier);
            let dropped = found.and_then(|(no, _)| foresight.dropped.iter().find(|(other, _)| *other == no));
            proto::ResolvedIdentifier {
                holder_customer_id: found.and_then(|(_, stored)| stored.holder).map_or_else(String::new, id),
                shared: found.is_some_and(|(_, stored)| stored.is_shared(rules)),
                drop_reason: dropped.map_or(0, |(_, reason)| drop_reason(*reason).into()),
                identifier: Some(identifier_to_proto(identifier)),
                blocked: false,
                unusable: None,
            }
        }
    };
    let kind = if foresight.registered { CustomerKind::Registered } else { CustomerKind::Anonymous };
    let beside = foresight.joined.iter().filter(|no| Some(**no) != foresight.customer);
    proto::ResolveIdentityResponse {
        customer_id: foresight.customer.map_or_else(String::new, id),
        kind: kind.number(),
        joined_customer_ids: beside.map(|no| id(*no)).collect(),
        identifiers: normalized.into_iter().map(one).collect(),
        revision: revision.0,
    }
}

/// The answer where nothing is known: a new customer, or nobody.
fn unknown(rules: &Rules, revision: Revision, normalized: Vec<Normalized>) -> proto::ResolveIdentityResponse {
    let mut kind = None;
    let one = |normalized| match normalized {
        Normalized::Blocked(identifier) => blocked(identifier),
        Normalized::Linking(identifier) => {
            let registered = rules.kind(&identifier.kind).is_some_and(|rule| rule.registered);
            let named = if registered { CustomerKind::Registered } else { CustomerKind::Anonymous };
            kind = kind.max(Some(named));
            proto::ResolvedIdentifier {
                identifier: Some(identifier_to_proto(identifier)),
                ..Default::default()
            }
        }
    };
    let identifiers = normalized.into_iter().map(one).collect();
    proto::ResolveIdentityResponse {
        identifiers,
        kind: kind.map_or(0, Choice::number),
        revision: revision.0,
        ..Default::default()
    }
}

fn blocked(identifier: Identifier) -> proto::ResolvedIdentifier {
    proto::ResolvedIdentifier {
        identifier: Some(identifier_to_proto(identifier)),
        blocked: true,
        ..Default::default()
    }
}

/// Why a customer is one.
pub(super) struct Story {
    tenant: TenantKey,
    pub(super) rules: Arc<Rules>,
    pub(super) record: CustomerRecord,
    pub(super) revision: Revision,
    pub(super) identifiers: FxHashMap<IdentifierNo, Stored>,
    pub(super) explained: Vec<Explained>,
    pub(super) constraints: Arc<Constraints>,
}

impl Story {
    fn observation(&self, explained: &Explained) -> proto::ExplainedObservation {
        let joined = if explained.joined.len() > 1 { explained.joined.as_slice() } else { &[] };
        let last_seen = self.record.last_seen.get(&explained.no).copied();
        proto::ExplainedObservation {
            identifiers: explained.identifiers.iter().filter_map(|no| self.identifier(*no)).collect(),
            first_seen: happened(explained.position.at),
            last_seen: happened(last_seen.unwrap_or(explained.position.at)),
            first_touchpoint: proven_by(&explained.position),
            decision: link_no(&explained.position).map_or(0, |no| no.0),
            given_customer_id: customer_id(self.tenant, explained.no),
            joined_customer_ids: joined.iter().map(|no| customer_id(self.tenant, *no)).collect(),
            rule: rule(explained.allowed).to_owned(),
            dropped: explained.dropped.iter().map(|(no, reason, _)| self.dropped(*no, *reason)).collect(),
        }
    }

    pub(super) fn identifier(&self, no: IdentifierNo) -> Option<proto::Identifier> {
        let stored = self.identifiers.get(&no)?;
        Some(proto::Identifier {
            kind: kind_name(&self.rules, stored.kind),
            value: stored.value.clone(),
            region: String::new(),
        })
    }

    fn dropped(&self, no: IdentifierNo, reason: explain::Reason) -> proto::DroppedIdentifier {
        let stored = self.identifiers.get(&no);
        let holder = stored.and_then(|stored| stored.holder);
        proto::DroppedIdentifier {
            identifier: self.identifier(no),
            reason: drop_reason(reason).into(),
            holder_customer_id: holder.map_or_else(String::new, |no| customer_id(self.tenant, no)),
            explanation: self.explanation(stored, reason),
            decision: match reason {
                explain::Reason::Constraint(no) => no.0,
                _ => 0,
            },
        }
    }

    pub(super) fn explanation(&self, stored: Option<&Stored>, reason: explain::Reason) -> String {
        explanation(&self.rules, stored.map(|stored| stored.kind), reason)
    }

    fn link(&self, link: &Link) -> proto::ChainLink {
        proto::ChainLink {
            from: self.identifier(link.from),
            to: self.identifier(link.to),
            touchpoint: proven_by(&link.position),
            at: happened(link.position.at),
            decision: link_no(&link.position).map_or(0, |no| no.0),
            rule: rule(link.allowed).to_owned(),
        }
    }
}

/// When it happened; a must-link did not happen at any time.
pub(super) fn happened(at: Micros) -> Option<pbjson_types::Timestamp> {
    (at != Micros::MIN).then(|| timestamp(at))
}

pub(super) fn proven_by(position: &Position) -> Option<proto::TouchpointKey> {
    link_no(position).is_none().then(|| key_to_proto(position))
}

pub(super) fn key_to_proto(position: &Position) -> proto::TouchpointKey {
    proto::TouchpointKey {
        source: position.key.source.clone(),
        source_id: position.key.source_id.clone(),
        version: None,
    }
}

fn rule(allowed: Allowed) -> &'static str {
    match allowed {
        Allowed::Began => "nobody held any of its identifiers: it began a customer",
        Allowed::Joined => "one customer held some of its identifiers: it joined that one",
        Allowed::MergedAnonymous => {
            "several customers held its identifiers, at most one of them registered: they became one"
        }
        Allowed::Linked => "a person said that these are one: a must-link",
        Allowed::MergedRegistered => {
            "several registered customers were each named by a kind that may join them: they became one"
        }
    }
}

/// Why an identifier of a kind did not link, in words.
pub(super) fn explanation(rules: &Rules, kind: Option<KindIndex>, reason: explain::Reason) -> String {
    let rule = kind.and_then(|kind| rules.kinds.get(kind));
    match reason {
        explain::Reason::Limit(over) => {
            let most = rules.kinds.get(over).map_or(0, |rule| rule.limit);
            let over = kind_name(rules, over);
            format!("with it one customer would hold more than {most} of {over}; it was the weakest")
        }
        explain::Reason::OtherPerson(named) => {
            let (kind, named) = (rule.map_or("", |rule| rule.kind.as_str()), kind_name(rules, named));
            format!(
                "its customer has another {named}, and {kind} alone does not say that both are one person's"
            )
        }
        explain::Reason::RegisteredNotNamed => {
            let kind = rule.map_or("", |rule| rule.kind.as_str());
            format!("{kind} alone does not join two registered customers")
        }
        explain::Reason::Shared => {
            let most = rule.and_then(|rule| rule.share_after).unwrap_or_default();
            format!("more than {most} people seem to use it, or somebody decided that it is shared")
        }
        explain::Reason::Constraint(no) => format!("decision {} keeps them apart", no.0),
        explain::Reason::ComponentLimit => {
            let limit = rules.component_limit;
            format!("it would have connected more than {limit} observations")
        }
    }
}

pub(super) fn drop_reason(reason: explain::Reason) -> proto::DropReason {
    match reason {
        explain::Reason::Limit(_) => proto::DropReason::Limit,
        explain::Reason::RegisteredNotNamed => proto::DropReason::RegisteredNotNamed,
        explain::Reason::OtherPerson(_) => proto::DropReason::OtherPerson,
        explain::Reason::Shared => proto::DropReason::Shared,
        explain::Reason::ComponentLimit => proto::DropReason::ComponentLimit,
        explain::Reason::Constraint(_) => proto::DropReason::Constraint,
    }
}
