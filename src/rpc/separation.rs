//! Why not one? What keeps two customers apart.

use rustc_hash::{FxHashMap, FxHashSet};

use super::convert::timestamp;
use super::error::PortError;
use super::identities::{Story, drop_reason, key_to_proto};
use super::proto::{self, separation::Reason as Told};
use super::{Port, customer_id, kind_name, parse_customer_id};
use crate::identity::explain::{self, crowd};
use crate::identity::resolve::{IdentifierNo, KindIndex};
use crate::model::{ObservationNo, Reason, TenantName};
use crate::store::Tenant;

/// Reasons told of one kind.
const TOLD: usize = 100;

impl Port {
    pub(super) async fn separation(
        &self,
        name: &TenantName,
        asked: proto::ExplainSeparationRequest,
    ) -> Result<proto::ExplainSeparationResponse, PortError> {
        let tenant = self.tenant(name, asked.at_least_as_fresh).await?.ok_or(PortError::CustomerNotFound)?;
        let known = self.known(tenant.key, "as_known_at", asked.as_known_at.as_ref()).await?;
        let mut sides = Vec::with_capacity(2);
        for (field, party) in [("left", asked.left), ("right", asked.right)] {
            let observation = self.side(&tenant, known.as_ref(), field, party).await?;
            sides.push(self.story(&tenant, known.as_ref(), observation).await?);
        }
        let (Some(right), Some(left)) = (sides.pop(), sides.pop()) else {
            return Err(PortError::CustomerNotFound);
        };
        let same = left.record.customer == right.record.customer;
        let reasons = if same { Vec::new() } else { reasons(&left, &right) };
        Ok(proto::ExplainSeparationResponse {
            left_customer_id: customer_id(tenant.key, left.record.customer),
            right_customer_id: customer_id(tenant.key, right.record.customer),
            same,
            reasons: reasons.into_iter().map(|told| proto::Separation { reason: Some(told) }).collect(),
            revision: left.revision.0,
        })
    }

    async fn side(
        &self,
        tenant: &Tenant,
        known: Option<&crate::store::AsOf>,
        field: &str,
        party: Option<proto::Party>,
    ) -> Result<ObservationNo, PortError> {
        match party.and_then(|party| party.party) {
            Some(proto::party::Party::CustomerId(id)) => {
                parse_customer_id(tenant.key, &format!("{field}.customer_id"), &id)
            }
            Some(proto::party::Party::Identifier(identifier)) => {
                let at = format!("{field}.identifier");
                let found = self.find(tenant, known, &at, &identifier).await?;
                found.and_then(|(_, holder)| holder).ok_or(PortError::CustomerNotFound)
            }
            None => Err(PortError::field(field, Reason::Required, "one member of the oneof must be set")),
        }
    }
}

fn reasons(left: &Story, right: &Story) -> Vec<Told> {
    let mut told = Vec::new();
    let (held_left, held_right) = (held(left), held(right));
    let (over, broken) = crowd(&left.rules, &left.constraints, &held_left, &held_right);
    for (kind, held, limit) in over {
        let small = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        let kind = kind_name(&left.rules, kind);
        told.push(Told::Limit(proto::LimitSeparation { kind, held: small(held), limit: small(limit) }));
    }
    told.extend(broken.into_iter().map(|no| Told::Decision(no.0)));
    let mut evidence = false;
    for (own, other) in [(left, right), (right, left)] {
        let theirs = seen(other);
        let mut shared = FxHashSet::default();
        for explained in &own.explained {
            let refused = explained.dropped.iter().filter(|(no, ..)| theirs.contains(no));
            for (no, reason, _) in refused.take(TOLD) {
                if *reason == explain::Reason::Shared {
                    shared.insert(*no);
                    continue;
                }
                evidence = true;
                told.push(Told::Refused(proto::RefusedEvidence {
                    touchpoint: Some(key_to_proto(&explained.position)),
                    at: Some(timestamp(explained.position.at)),
                    identifier: own.identifier(*no),
                    reason: drop_reason(*reason).into(),
                    explanation: own.explanation(own.identifiers.get(no), *reason),
                }));
            }
        }
        if std::ptr::eq(own, left) {
            let mut shared: Vec<IdentifierNo> = shared.into_iter().collect();
            shared.sort_unstable();
            told.extend(shared.into_iter().take(TOLD).filter_map(|no| own.identifier(no)).map(Told::Shared));
        }
    }
    if !evidence {
        told.push(Told::NoEvidence(proto::NoEvidence {}));
    }
    told
}

/// What a customer holds, with kinds.
fn held(story: &Story) -> FxHashMap<IdentifierNo, KindIndex> {
    let held = story.record.identifiers.iter().filter(|identifier| identifier.held);
    held.map(|identifier| (identifier.no, identifier.kind)).collect()
}

/// What was ever seen with a customer.
fn seen(story: &Story) -> FxHashSet<IdentifierNo> {
    story.record.identifiers.iter().map(|identifier| identifier.no).collect()
}
