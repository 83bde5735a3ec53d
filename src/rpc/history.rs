//! The history service: what happened to a customer, and what evidence was refused.

use tonic::{Request, Response, Status};

use super::convert::{identifier_to_proto, timestamp};
use super::decisions::{decision, named};
use super::error::PortError;
use super::feed::event_told;
use super::identities::{drop_reason, explanation, happened, proven_by};
use super::page::{self, Query};
use super::proto::history_service_server::HistoryService;
use super::proto::identity_event::Event;
use super::proto::identity_history_entry::Entry;
use super::proto::list_conflicts_request::About;
use super::proto::{self, IdentityChangeCause, ObservationChangeKind};
use super::{Port, customer_id, detached, kind_name, parse_customer_id, tenant_name};
use crate::identity::constraints::link_no;
use crate::identity::explain::Reason;
use crate::identity::feed;
use crate::identity::history::{Change, Told};
use crate::identity::resolve::IdentifierNo;
use crate::model::{ObservationNo, Revision, TenantKey, TenantName};
use crate::store::{
    Cause, HistoryEntry, HistoryPage, ListedConflict, ListedConflicts, Recalled, Tenant, Why,
};

#[tonic::async_trait]
impl HistoryService for Port {
    async fn get_identity_history(
        &self,
        request: Request<proto::GetIdentityHistoryRequest>,
    ) -> Result<Response<proto::GetIdentityHistoryResponse>, Status> {
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { port.history(&name, asked).await }).await?))
    }

    async fn list_conflicts(
        &self,
        request: Request<proto::ListConflictsRequest>,
    ) -> Result<Response<proto::ListConflictsResponse>, Status> {
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        Ok(Response::new(detached(async move { port.conflicts(&name, asked).await }).await?))
    }
}

impl Port {
    async fn history(
        &self,
        name: &TenantName,
        mut asked: proto::GetIdentityHistoryRequest,
    ) -> Result<proto::GetIdentityHistoryResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("GetIdentityHistory", name, &asked);
        let (first, skipped) = query.place(&token)?.unwrap_or((0, 0));
        let tenant = self.tenant(name, at_least).await?.ok_or(PortError::CustomerNotFound)?;
        let customer = parse_customer_id(tenant.key, "customer_id", &asked.customer_id)?;
        let from = (Revision(first), usize::try_from(skipped).unwrap_or(0));
        let page = self.store.identity_history(tenant.key, customer, from, size).await?;
        let page = page.ok_or(PortError::CustomerNotFound)?;
        let mut entries: Vec<_> = page.entries.iter().map(|one| entry(tenant.key, one, &page)).collect();
        let cut = page::fit(&mut entries);
        let next = match page.entries.get(entries.len()).filter(|_| cut) {
            Some(next) => {
                let before = page.entries[..entries.len()].iter().rev();
                let told = before.take_while(|entry| entry.revision == next.revision).count();
                let already = if next.revision == from.0 { from.1 } else { 0 };
                Some((next.revision, told + already))
            }
            None => page.next,
        };
        let token = |(revision, told): (Revision, usize)| {
            query.token((revision.0, i64::try_from(told).unwrap_or(i64::MAX)))
        };
        Ok(proto::GetIdentityHistoryResponse {
            customer_id: customer_id(tenant.key, page.customer),
            present_customer_id: customer_id(tenant.key, page.present),
            entries,
            next_page_token: next.map_or_else(String::new, token),
            revision: page.revision.0,
        })
    }

    async fn conflicts(
        &self,
        name: &TenantName,
        mut asked: proto::ListConflictsRequest,
    ) -> Result<proto::ListConflictsResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("ListConflicts", name, &asked);
        let place = query.place(&token)?.map(|(o, identifier)| (ObservationNo(o), IdentifierNo(identifier)));
        let Some(tenant) = self.tenant(name, at_least).await? else { return Ok(Default::default()) };
        let (key, rules) = (tenant.key, &tenant.rules);
        let listed = match &asked.about {
            None => {
                let many = i64::try_from(size + 1).unwrap_or(i64::MAX);
                self.store.conflicts(key, rules, place, many).await?
            }
            Some(About::CustomerId(id)) => {
                let customer = parse_customer_id(key, "customer_id", id)?;
                self.store.conflicts_of(key, rules, customer).await?
            }
            Some(About::Identifier(identifier)) => {
                match self.find(&tenant, None, "identifier", identifier).await? {
                    Some((no, _)) => self.store.conflicts_about(key, rules, no).await?,
                    None => {
                        return Ok(proto::ListConflictsResponse {
                            revision: tenant.revision.0,
                            ..Default::default()
                        });
                    }
                }
            }
        };
        let at = |one: &ListedConflict| (one.observation, one.identifier);
        let rest: Vec<&ListedConflict> =
            listed.conflicts.iter().filter(|one| place.is_none_or(|place| at(one) < place)).collect();
        // What was there before conflicts were kept may never have been one.
        let is_told =
            |one: &&&ListedConflict| one.found.is_some() || (one.logged.is_some() && !asked.standing);
        let told: Vec<&ListedConflict> = rest.iter().take(size).filter(is_told).copied().collect();
        let mut conflicts: Vec<_> = told.iter().map(|one| conflict(&tenant, one, &listed)).collect();
        let last = match page::fit(&mut conflicts) {
            true => conflicts.len().checked_sub(1).and_then(|last| told.get(last)).copied(),
            false => rest.get(size - 1).filter(|_| rest.len() > size).copied(),
        };
        let next_page_token =
            last.map_or_else(String::new, |last| query.token((last.observation.0, last.identifier.0)));
        Ok(proto::ListConflictsResponse { conflicts, next_page_token, revision: listed.revision.0 })
    }
}

fn entry(tenant: TenantKey, entry: &HistoryEntry, page: &HistoryPage) -> proto::IdentityHistoryEntry {
    let told = match &entry.recalled {
        Recalled::Made(made) => Some(Entry::DecisionMade(decision(tenant, made, &page.identifiers))),
        Recalled::Retracted(made) => {
            Some(Entry::DecisionRetracted(decision(tenant, made, &page.identifiers)))
        }
        Recalled::Told(told) => match event_told(tenant, &told.event) {
            Event::Created(created) => Some(Entry::Created(created)),
            Event::Merged(merged) => Some(Entry::Merged(merged)),
            Event::Split(split) => Some(Entry::Split(split)),
            Event::KindChanged(changed) => Some(Entry::KindChanged(changed)),
            Event::Ended(ended) => Some(Entry::Ended(ended)),
            Event::Assigned(assigned) => Some(Entry::Observation(observation(told, assigned, page))),
            // Of identifiers and of the whole map; no customer's.
            Event::SharingChanged(_) | Event::Upgraded(_) => None,
        },
    };
    let cause = match entry.cause {
        Cause::Evidence => IdentityChangeCause::Evidence,
        Cause::Void => IdentityChangeCause::Void,
        Cause::Decision => IdentityChangeCause::Decision,
        Cause::Rules => IdentityChangeCause::Rules,
        Cause::Upgrade => IdentityChangeCause::Upgrade,
    };
    proto::IdentityHistoryEntry {
        revision: entry.revision.0,
        committed_at: Some(timestamp(entry.committed_at)),
        cause: cause.into(),
        entry: told,
    }
}

fn observation(
    told: &Told,
    assigned: proto::ObservationAssigned,
    page: &HistoryPage,
) -> proto::ObservationChange {
    let kind = match told.change {
        Some(Change::Came) => ObservationChangeKind::Came,
        Some(Change::Went) => ObservationChangeKind::Went,
        Some(Change::Shifted) => ObservationChangeKind::Shifted,
        None => ObservationChangeKind::Unspecified,
    };
    let seen = match &told.event {
        feed::Event::Assigned { observation, .. } => page.observations.get(observation),
        _ => None,
    };
    let position = seen.map(|seen| &seen.position);
    proto::ObservationChange {
        kind: kind.into(),
        assigned: Some(assigned),
        identifiers: seen.map(|seen| named(&seen.identifiers, &page.identifiers)).unwrap_or_default(),
        first_touchpoint: position.and_then(proven_by),
        first_seen: position.and_then(|position| happened(position.at)),
        decision: position.and_then(link_no).map_or(0, |no| no.0),
        releases: seen.is_some_and(|seen| seen.releases),
    }
}

fn conflict(tenant: &Tenant, listed: &ListedConflict, page: &ListedConflicts) -> proto::IdentityConflict {
    let id = |no: ObservationNo| customer_id(tenant.key, no);
    let rules = &tenant.rules;
    let identifier = page.identifiers.get(&listed.identifier).cloned();
    let kind = identifier.as_ref().and_then(|d| rules.kinds.iter().position(|rule| rule.kind == d.kind));
    let found = listed.found.map(|found| found.conflict.reason);
    let reason = found.map(drop_reason).or(listed.logged.map(|why| match why {
        Why::Limit => proto::DropReason::Limit,
        Why::RegisteredNotNamed => proto::DropReason::RegisteredNotNamed,
        Why::OtherPerson => proto::DropReason::OtherPerson,
        Why::Constraint => proto::DropReason::Constraint,
        Why::ComponentLimit => proto::DropReason::ComponentLimit,
    }));
    let (limited, limit) = match found {
        Some(Reason::Limit(kind)) => {
            (kind_name(rules, kind), rules.kinds.get(kind).map_or(0, |rule| rule.limit))
        }
        Some(Reason::ComponentLimit) => (String::new(), rules.component_limit),
        _ => (String::new(), 0),
    };
    proto::IdentityConflict {
        identifier: identifier.map(identifier_to_proto),
        seen_together: named(&listed.identifiers, &page.identifiers),
        touchpoint: proven_by(&listed.evidence),
        at: happened(listed.evidence.at),
        wanted_by_customer_id: id(listed.wanted_by),
        held_by_customer_id: listed.held_by.map_or_else(String::new, id),
        held_by_then_customer_id: listed.found.and_then(|found| found.held_by).map_or_else(String::new, id),
        reason: reason.unwrap_or_default().into(),
        explanation: found.map_or_else(String::new, |reason| explanation(rules, kind, reason)),
        limited_kind: limited,
        limit: i32::try_from(limit).unwrap_or(i32::MAX),
        decision: match found {
            Some(Reason::Constraint(no)) => no.0,
            _ => 0,
        },
        revision: listed.revision.0,
        stands: found.is_some(),
    }
}
