//! The decision service: what people decide about identity.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use rustc_hash::FxHashMap;
use tonic::{Request, Response, Status};

use super::access::{Demands, signature};
use super::convert::{Path, identifier_to_proto};
use super::error::PortError;
use super::page::{self, Query};
use super::probes::QUESTIONS;
use super::proto::decision_service_server::DecisionService;
use super::proto::{self, party::Party as Named};
use super::{Port, customer_id, detached, parse_customer_id, tenant_name};
use crate::identity::constraints::{ConstraintNo, Decision, Sharing};
use crate::identity::resolve::IdentifierNo;
use crate::model::{Identifier, ObservationNo, Reason, Revision, TenantKey, TenantName};
use crate::store::{
    COUNTED, Decided, ListedMerge, Mandate, Party, Proposal, Reassigned, Request as Mutation,
    SharedIdentifier, StoredConstraint, Tenant,
};

const AUTHOR_BYTES: usize = 128;
/// Parties of one decision, or of one of its sides.
const PARTIES: usize = 16;
/// Reassignments told of one decision.
const REASSIGNMENTS: usize = 1_000;

/// What a decision spoke of and was not found.
#[derive(Clone, Copy)]
enum Gone {
    Customer,
    Decision,
}

#[tonic::async_trait]
impl DecisionService for Port {
    async fn link_identities(
        &self,
        request: Request<proto::LinkIdentitiesRequest>,
    ) -> Result<Response<proto::LinkIdentitiesResponse>, Status> {
        let mandate = |asked: &proto::LinkIdentitiesRequest| asked.mandate.clone();
        let effect = self.propose(request, mandate, Port::link, Gone::Customer);
        Ok(Response::new(proto::LinkIdentitiesResponse { effect: Some(effect.await?) }))
    }

    async fn unlink_identities(
        &self,
        request: Request<proto::UnlinkIdentitiesRequest>,
    ) -> Result<Response<proto::UnlinkIdentitiesResponse>, Status> {
        let mandate = |asked: &proto::UnlinkIdentitiesRequest| asked.mandate.clone();
        let effect = self.propose(request, mandate, Port::unlink, Gone::Customer);
        Ok(Response::new(proto::UnlinkIdentitiesResponse { effect: Some(effect.await?) }))
    }

    async fn decide_sharing(
        &self,
        request: Request<proto::DecideSharingRequest>,
    ) -> Result<Response<proto::DecideSharingResponse>, Status> {
        let mandate = |asked: &proto::DecideSharingRequest| asked.mandate.clone();
        let effect = self.propose(request, mandate, Port::share, Gone::Customer);
        Ok(Response::new(proto::DecideSharingResponse { effect: Some(effect.await?) }))
    }

    async fn retract_decision(
        &self,
        request: Request<proto::RetractDecisionRequest>,
    ) -> Result<Response<proto::RetractDecisionResponse>, Status> {
        let mandate = |asked: &proto::RetractDecisionRequest| asked.mandate.clone();
        let effect = self.propose(
            request,
            mandate,
            |_, _, asked| Ok(Proposal::Retract(ConstraintNo(asked.decision))),
            Gone::Decision,
        );
        Ok(Response::new(proto::RetractDecisionResponse { effect: Some(effect.await?) }))
    }

    async fn undo_merge(
        &self,
        request: Request<proto::UndoMergeRequest>,
    ) -> Result<Response<proto::UndoMergeResponse>, Status> {
        let mandate = |asked: &proto::UndoMergeRequest| asked.mandate.clone();
        let effect =
            self.propose(request, mandate, |_, tenant, asked| undo(tenant, &asked.merge_id), Gone::Decision);
        Ok(Response::new(proto::UndoMergeResponse { effect: Some(effect.await?) }))
    }

    async fn list_decisions(
        &self,
        request: Request<proto::ListDecisionsRequest>,
    ) -> Result<Response<proto::ListDecisionsResponse>, Status> {
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { port.decisions(&name, asked).await }).await?))
    }

    async fn list_merges(
        &self,
        request: Request<proto::ListMergesRequest>,
    ) -> Result<Response<proto::ListMergesResponse>, Status> {
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { port.merges(&name, asked).await }).await?))
    }

    async fn list_shared_identifiers(
        &self,
        request: Request<proto::ListSharedIdentifiersRequest>,
    ) -> Result<Response<proto::ListSharedIdentifiersResponse>, Status> {
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { port.shared(&name, asked).await }).await?))
    }
}

impl Port {
    /// Carries out what a request proposes, or says what it would do.
    async fn propose<Asked: Demands + Message + 'static>(
        &self,
        request: Request<Asked>,
        mandate: fn(&Asked) -> Option<proto::Mandate>,
        proposal: fn(&Self, &Tenant, Asked) -> Result<Proposal, PortError>,
        gone: Gone,
    ) -> Result<proto::DecisionEffect, PortError> {
        let principal = signature(&request)?;
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        detached(async move {
            let (mandate, kpis) = port.mandate(mandate(&asked).unwrap_or_default(), principal, &asked)?;
            let tenant = port.deciding_tenant(&name, mandate.dry_run).await?;
            let proposal = proposal(&port, &tenant, asked)?;
            port.decide(&tenant, &proposal, &mandate, &kpis, gone).await
        })
        .await
    }

    /// Who decides, and what they want to know of numbers.
    fn mandate(
        &self,
        asked: proto::Mandate,
        principal: Option<String>,
        request: &impl Message,
    ) -> Result<(Mandate, Vec<proto::KpiQuestion>), PortError> {
        let (author, reason) = self.check(|mut c| {
            let root = Path::root();
            let at = root.field("mandate");
            let author = c.required_text(&at.field("author"), asked.author.clone(), AUTHOR_BYTES);
            let reason = c.required_text(&at.field("reason"), asked.reason.clone(), c.limits.text_bytes);
            if !asked.dry_run && asked.request_id.is_empty() {
                c.refuse(&at.field("request_id"), Reason::Required, "must be set, but for a dry run");
            }
            if !asked.dry_run && !asked.kpis.is_empty() {
                c.refuse(&at.field("kpis"), Reason::Malformed, "only with a dry run");
            }
            if asked.kpis.len() > QUESTIONS {
                c.refuse(&at.field("kpis"), Reason::TooMany, format!("at most {QUESTIONS}"));
            }
            c.finish((author, reason))
        })?;
        let request = match asked.dry_run {
            true => Mutation { id: String::new(), payload_hash: [0; 16] },
            false => self.mutation(&asked.request_id, request)?,
        };
        Ok((Mandate { author, reason, principal, request, dry_run: asked.dry_run }, asked.kpis))
    }

    fn link(&self, tenant: &Tenant, asked: proto::LinkIdentitiesRequest) -> Result<Proposal, PortError> {
        let parties = self.parties(tenant, "parties", asked.parties)?;
        let linked = parties.iter().map(|party| match party {
            Party::Identifiers(identifiers) => identifiers.len(),
            Party::Customer(_) => 1,
        });
        match linked.sum() {
            0_usize | 1 => Err(PortError::field("parties", Reason::Required, "at least two must be set")),
            _ => Ok(Proposal::Link(parties)),
        }
    }

    fn unlink(&self, tenant: &Tenant, asked: proto::UnlinkIdentitiesRequest) -> Result<Proposal, PortError> {
        let mut sides = Vec::with_capacity(2);
        for (field, parties) in [("left", asked.left), ("right", asked.right)] {
            let mut parties = self.parties(tenant, field, parties)?;
            match (parties.pop(), parties.is_empty()) {
                (Some(side), true) => sides.push(side),
                _ => {
                    let what = "either identifiers or one customer must be set";
                    return Err(PortError::field(field, Reason::Required, what));
                }
            }
        }
        let (right, left) = (sides.pop(), sides.pop());
        let none = || Party::Identifiers(Vec::new());
        Ok(Proposal::Unlink(left.unwrap_or_else(none), right.unwrap_or_else(none)))
    }

    fn share(&self, tenant: &Tenant, asked: proto::DecideSharingRequest) -> Result<Proposal, PortError> {
        let sharing = match asked.sharing() {
            proto::Sharing::Personal => Sharing::Personal,
            proto::Sharing::Shared => Sharing::Shared,
            proto::Sharing::Unspecified => {
                return Err(PortError::field("sharing", Reason::Required, "must be set"));
            }
        };
        let identifier = asked.identifier.unwrap_or_default();
        let identifier = self.normalize_one("identifier", &identifier, &tenant.rules)?;
        let what = "is blocked: it names nobody, whatever is decided";
        let identifier = identifier.ok_or_else(|| PortError::field("identifier", Reason::Malformed, what))?;
        Ok(Proposal::Share(identifier, sharing))
    }

    /// Customers each, and all identifiers together.
    fn parties(
        &self,
        tenant: &Tenant,
        field: &str,
        asked: Vec<proto::Party>,
    ) -> Result<Vec<Party>, PortError> {
        if asked.len() > PARTIES {
            return Err(PortError::field(field, Reason::TooMany, format!("at most {PARTIES}")));
        }
        let (mut parties, mut identifiers) = (Vec::new(), Vec::new());
        for (i, party) in asked.into_iter().enumerate() {
            match party.party {
                Some(Named::CustomerId(id)) => {
                    let at = format!("{field}[{i}].customer_id");
                    parties.push(Party::Customer(parse_customer_id(tenant.key, &at, &id)?));
                }
                Some(Named::Identifier(identifier)) => {
                    let at = format!("{field}[{i}].identifier");
                    let identifier = self.normalize_one(&at, &identifier, &tenant.rules)?;
                    let what = "is blocked: it names nobody";
                    identifiers
                        .push(identifier.ok_or_else(|| PortError::field(at, Reason::Malformed, what))?);
                }
                None => {
                    let at = format!("{field}[{i}]");
                    return Err(PortError::field(
                        at,
                        Reason::Required,
                        "one member of the oneof must be set",
                    ));
                }
            }
        }
        identifiers.sort_unstable();
        identifiers.dedup();
        if !identifiers.is_empty() {
            parties.push(Party::Identifiers(identifiers));
        }
        Ok(parties)
    }

    async fn decide(
        &self,
        tenant: &Tenant,
        proposal: &Proposal,
        mandate: &Mandate,
        kpis: &[proto::KpiQuestion],
        gone: Gone,
    ) -> Result<proto::DecisionEffect, PortError> {
        let decided = self.store.decide(tenant.key, proposal, mandate).await?;
        let decided = decided.ok_or(match gone {
            Gone::Customer => PortError::CustomerNotFound,
            Gone::Decision => PortError::DecisionNotFound,
        })?;
        let mut effect = effect(tenant.key, &decided);
        if !kpis.is_empty() {
            let (at, moved) = (decided.revision, decided.assignments);
            let (before, after) = self.mirrors.preview(tenant, at, moved, decided.cut).await?;
            effect.kpis = self.changes(tenant.key, kpis, &before, &Arc::new(after)).await?;
        }
        Ok(effect)
    }

    async fn decisions(
        &self,
        name: &TenantName,
        mut asked: proto::ListDecisionsRequest,
    ) -> Result<proto::ListDecisionsResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("ListDecisions", name, &asked);
        let after = query.place(&token)?.map_or(0, |(after, _)| after);
        let Some(tenant) = self.tenant(name, at_least).await? else { return Ok(Default::default()) };
        let many = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let listed = self.store.constraints(tenant.key, asked.standing, ConstraintNo(after), many).await?;
        let mut decisions: Vec<proto::Decision> = (listed.constraints.iter().take(size))
            .map(|made| decision(tenant.key, made, &listed.identifiers))
            .collect();
        let more = page::fit(&mut decisions) || listed.constraints.len() > size;
        let last = decisions.last().map_or(0, |last| last.decision);
        let next_page_token = if more { query.token((last, 0)) } else { String::new() };
        Ok(proto::ListDecisionsResponse { decisions, next_page_token, revision: listed.revision.0 })
    }

    async fn merges(
        &self,
        name: &TenantName,
        mut asked: proto::ListMergesRequest,
    ) -> Result<proto::ListMergesResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("ListMerges", name, &asked);
        let place = query.place(&token)?;
        let Some(tenant) = self.tenant(name, at_least).await? else { return Ok(Default::default()) };
        // A place is one merge: its observation and the customer that it absorbed.
        let (listed, from) = if asked.customer_id.is_empty() {
            let many = i64::try_from(size + 1).unwrap_or(i64::MAX);
            let place = place.map(|(o, absorbed)| (ObservationNo(o), ObservationNo(absorbed)));
            (self.store.merges(tenant.key, &tenant.rules, place, many).await?, 0)
        } else {
            let customer = parse_customer_id(tenant.key, "customer_id", &asked.customer_id)?;
            let listed = self.store.merges_of(tenant.key, &tenant.rules, customer).await?;
            let is_last = |m: &ListedMerge| Some((m.merge.observation.0, m.merge.absorbed.0)) == place;
            let from = listed.merges.iter().position(is_last).map_or(0, |last| last + 1);
            (listed, from)
        };
        let shown = listed.merges.iter().skip(from).take(size);
        let mut merges: Vec<proto::Merge> =
            shown.map(|one| merge(tenant.key, one, &listed.identifiers)).collect();
        let cut = page::fit(&mut merges);
        let more = cut || listed.merges.len() > from + merges.len();
        let last = (from + merges.len()).checked_sub(1).and_then(|last| listed.merges.get(last));
        let place = last.map_or((0, 0), |last| (last.merge.observation.0, last.merge.absorbed.0));
        let next_page_token = if more { query.token(place) } else { String::new() };
        Ok(proto::ListMergesResponse { merges, next_page_token, revision: listed.revision.0 })
    }

    async fn shared(
        &self,
        name: &TenantName,
        mut asked: proto::ListSharedIdentifiersRequest,
    ) -> Result<proto::ListSharedIdentifiersResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("ListSharedIdentifiers", name, &asked);
        let after = query.place(&token)?.map_or(0, |(after, _)| after);
        let Some(tenant) = self.tenant(name, at_least).await? else { return Ok(Default::default()) };
        let many = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let (revision, listed) = self.store.shared_identifiers(tenant.key, IdentifierNo(after), many).await?;
        let one = |shared: &SharedIdentifier| {
            let rule = tenant.rules.kind(&shared.identifier.kind);
            proto::SharedIdentifier {
                identifier: Some(identifier_to_proto(shared.identifier.clone())),
                claims: (shared.claims.counts())
                    .map(|(kind, values, groups)| proto::Claim {
                        kind: kind.to_owned(),
                        values: small(values),
                        groups: small(groups),
                    })
                    .collect(),
                share_after: rule.and_then(|rule| rule.share_after).map_or(0, |n| small(n as usize)),
                observations: small(shared.observations.min(COUNTED)),
                customers: small(shared.customers),
                decided: shared.decided,
            }
        };
        let mut identifiers: Vec<_> = listed.iter().take(size).map(one).collect();
        let more = page::fit(&mut identifiers) || listed.len() > size;
        let last = identifiers.len().checked_sub(1).map_or(0, |last| listed[last].no.0);
        let next_page_token = if more { query.token((last, 0)) } else { String::new() };
        Ok(proto::ListSharedIdentifiersResponse { identifiers, next_page_token, revision: revision.0 })
    }
}

fn small(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn undo(tenant: &Tenant, merge_id: &str) -> Result<Proposal, PortError> {
    let malformed = || PortError::field("merge_id", Reason::Malformed, "is no merge's id");
    let (observation, absorbed) = merge_id.split_once('.').ok_or_else(malformed)?;
    let part = |id| parse_customer_id(tenant.key, "merge_id", id).map_err(|_| malformed());
    Ok(Proposal::Unmerge(part(observation)?, part(absorbed)?))
}

/// A merge is known by the observation that made it and by the customer that it absorbed.
fn merge_id(tenant: TenantKey, observation: ObservationNo, absorbed: ObservationNo) -> String {
    format!("{}.{}", customer_id(tenant, observation), customer_id(tenant, absorbed))
}

fn effect(tenant: TenantKey, decided: &Decided) -> proto::DecisionEffect {
    let (reassignments, touchpoints, customers) = reassignments(tenant, &decided.reassigned);
    proto::DecisionEffect {
        revision: decided.revision.0,
        decision: decided.constraint.0,
        already: decided.already,
        reassignments,
        touchpoints,
        customers,
        kpis: Vec::new(),
    }
}

/// Who gave observations to whom, the largest first; how many touchpoints, and how many customers.
pub(super) fn reassignments(
    tenant: TenantKey,
    reassigned: &[Reassigned],
) -> (Vec<proto::Reassignment>, i64, i64) {
    let mut moves: BTreeMap<(ObservationNo, ObservationNo), (i64, i64)> = BTreeMap::new();
    for one in reassigned {
        let counts = moves.entry((one.from, one.to)).or_default();
        counts.0 += 1;
        counts.1 += i64::try_from(one.touchpoints).unwrap_or(i64::MAX);
    }
    let mut customers: Vec<ObservationNo> = moves.keys().flat_map(|(from, to)| [*from, *to]).collect();
    customers.sort_unstable();
    customers.dedup();
    let touchpoints = moves.values().map(|(_, touchpoints)| touchpoints).sum();
    let mut reassignments: Vec<proto::Reassignment> = moves
        .into_iter()
        .map(|((from, to), (observations, touchpoints))| proto::Reassignment {
            from_customer_id: customer_id(tenant, from),
            to_customer_id: customer_id(tenant, to),
            observations,
            touchpoints,
        })
        .collect();
    reassignments.sort_by_key(|one| std::cmp::Reverse((one.touchpoints, one.observations)));
    reassignments.truncate(REASSIGNMENTS);
    (reassignments, touchpoints, i64::try_from(customers.len()).unwrap_or(i64::MAX))
}

pub(super) type Names = FxHashMap<IdentifierNo, Identifier>;

pub(super) fn named(numbers: &[IdentifierNo], names: &Names) -> Vec<proto::Identifier> {
    let mut named: Vec<Identifier> = numbers.iter().filter_map(|no| names.get(no).cloned()).collect();
    named.sort_unstable();
    named.into_iter().map(identifier_to_proto).collect()
}

pub(super) fn decision(tenant: TenantKey, made: &StoredConstraint, names: &Names) -> proto::Decision {
    use proto::decision::Content;
    let content = match &made.decision {
        Decision::MustLink(members) => {
            Content::MustLink(proto::MustLink { identifiers: named(members, names) })
        }
        Decision::CannotLink(left, right) => {
            Content::CannotLink(proto::CannotLink { left: named(left, names), right: named(right, names) })
        }
        Decision::Sharing(identifier, sharing) => Content::Sharing(proto::SharingDecision {
            identifier: named(&[*identifier], names).pop(),
            sharing: match sharing {
                Sharing::Personal => proto::Sharing::Personal.into(),
                Sharing::Shared => proto::Sharing::Shared.into(),
            },
        }),
    };
    let retracted = made.retracted.clone();
    let retract_principal =
        retracted.as_ref().and_then(|retracted| retracted.principal.clone()).unwrap_or_default();
    proto::Decision {
        decision: made.no.0,
        content: Some(content),
        author: made.author.clone(),
        reason: made.reason.clone(),
        since_revision: made.since.0,
        retracted_revision: retracted.as_ref().map_or(Revision(0), |retracted| retracted.at).0,
        retracted_by: retracted.as_ref().map_or_else(String::new, |retracted| retracted.author.clone()),
        retract_reason: retracted.map_or_else(String::new, |retracted| retracted.reason),
        undoes_merge_id: made.undoes.map_or_else(String::new, |(o, absorbed)| merge_id(tenant, o, absorbed)),
        principal: made.principal.clone().unwrap_or_default(),
        retract_principal,
    }
}

fn merge(tenant: TenantKey, listed: &ListedMerge, names: &Names) -> proto::Merge {
    let merge = listed.merge;
    let key = listed.evidence.as_ref().map(|position| &position.key);
    let found = listed.found.as_ref();
    proto::Merge {
        merge_id: merge_id(tenant, merge.observation, merge.absorbed),
        survivor_customer_id: customer_id(tenant, merge.survivor),
        absorbed_customer_id: customer_id(tenant, merge.absorbed),
        revision: listed.revision.0,
        identifiers: named(&listed.identifiers, names),
        touchpoint: key.map(|key| proto::TouchpointKey {
            source: key.source.clone(),
            source_id: key.source_id.clone(),
            version: None,
        }),
        link_decision: listed.link.as_ref().map_or(0, |link| link.no.0),
        stands: listed.stands,
        undone_by_decision: listed.undone_by.map_or(0, |no| no.0),
        absorbed_held: found.map(|found| named(&found.absorbed_held, names)).unwrap_or_default(),
        others_held: found.map(|found| named(&found.others_held, names)).unwrap_or_default(),
        rule: match &listed.link {
            Some(link) => format!("{} said so: {}", link.author, link.reason),
            None if !listed.is_unbridged => {
                "seen together, each named by identifiers that it held".to_owned()
            }
            None if key.is_some() => {
                "an identifier of both is shared no more: a touchpoint made its users one person".to_owned()
            }
            None => "rules or a decision changed: what both were seen with links them now".to_owned(),
        },
    }
}
