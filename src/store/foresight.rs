//! Who would it be? What recording would do, found by the very steps that recording takes, and
//! nothing written.

use super::content::set_hash;
use super::data_key::DataKey;
use super::driver::{Column, Scalar, Transaction};
use super::identities::{self, Evidence, Ground, read_position};
use super::read::ResolvedIdentifier;
use super::record::{FIND_OBSERVATIONS, Taken};
use super::stretches::{self, owner_at};
use super::{Store, StoreError, void};
use crate::identity::Rules;
use crate::identity::batch::{Before, Fresh, claim, plan, settle};
use crate::identity::constraints::Sharing;
use crate::identity::foresight::Foresight;
use crate::identity::moves::Touch;
use crate::identity::resolve::Observation;
use crate::model::{Identifier, ObservationNo, Position, Revision, TenantKey};

/// A set of identifiers that was seen before.
struct There {
    no: ObservationNo,
    customer: ObservationNo,
    first: Position,
    live: bool,
    unsettled: bool,
    severed: String,
}

/// What recording would do, at a revision, and what is known of each identifier.
#[derive(Debug, Clone)]
pub struct Foreseen {
    pub revision: Revision,
    pub foresight: Foresight,
    /// In the order of the identifiers.
    pub identifiers: Vec<ResolvedIdentifier>,
}

impl Store {
    /// What recording a touch of these identifiers, which are sorted and distinct, at a position would
    /// do.
    pub async fn foresee(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        identifiers: &[Identifier],
        position: Position,
    ) -> Result<Foreseen, StoreError> {
        let mut tx = self.db.read().await?;
        let (revision, constraints) = self.tenants.present_constraints(&mut tx, tenant).await?;
        let ground = Ground { rules, constraints };
        let key = self.tenants.data_key(&mut tx, tenant).await?;
        let there = find(&mut tx, tenant, &key, identifiers).await?;
        let mut taken = Taken::beyond(revision);
        let first = there.as_ref().filter(|there| there.live).map(|there| there.first.clone());
        let evidence = Evidence {
            no: there.as_ref().map_or(ObservationNo(taken.next_observation), |there| there.no),
            is_new: there.is_none(),
            was: there.as_ref().map(|there| there.customer),
            set: [0; 16],
            position: first.clone().map_or_else(|| position.clone(), |first| first.min(position.clone())),
            identifiers: identifiers.to_vec(),
            severed: there.as_ref().map_or_else(String::new, |there| there.severed.clone()),
            releases: false,
            version: 0,
        };
        let (mut before, fresh) =
            identities::load_before(&mut tx, tenant, &ground, &mut taken, &[evidence]).await?;
        let observation = fresh[0].observation.clone();
        let known = there.filter(|there| there.live && !there.unsettled && there.first <= position);
        let known = match known {
            Some(there) => {
                known_one(&mut tx, tenant, rules, &before, &observation, &there, &position).await?
            }
            None => None,
        };
        let foresight = match known {
            Some(foresight) => foresight,
            None => decided(&mut tx, tenant, &ground, &mut before, fresh, &position).await?,
        };
        let resolved = |no| {
            let stored = before.identifiers.get(no)?.clone();
            Some(ResolvedIdentifier { no: *no, stored })
        };
        let identifiers = observation.identifiers.iter().filter_map(resolved).collect();
        Ok(Foreseen { revision, foresight, identifiers })
    }
}

async fn find(
    tx: &mut Transaction,
    tenant: TenantKey,
    key: &DataKey,
    identifiers: &[Identifier],
) -> Result<Option<There>, StoreError> {
    let set = set_hash(key, identifiers);
    let columns = [Column::Bytes(vec![&set]), Column::Int(vec![0])];
    let rows = tx.fetch_bulk(FIND_OBSERVATIONS, &[Scalar::Int(tenant.0)], &columns).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(There {
        no: ObservationNo(row.get(1)?),
        customer: ObservationNo(row.get(2)?),
        live: row.get::<i64>(3)? != 0,
        severed: row.get(4)?,
        first: read_position(row, 5)?,
        unsettled: row.get::<i64>(9)? != 0,
    }))
}

/// The quick answer: everything of a known observation that links is its customer's.
async fn known_one(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    before: &Before,
    observation: &Observation,
    there: &There,
    position: &Position,
) -> Result<Option<Foresight>, StoreError> {
    if !is_held(rules, before, observation, there.customer) {
        return Ok(None);
    }
    let cut = stretches::load(tx, tenant, rules, std::iter::once(there.no)).await?;
    let owner = owner_at(&cut, there.no, there.customer, position.at);
    let Some(customer) = before.customers.get(&owner) else { return Ok(None) };
    let registered = rules.kinds.iter().zip(&customer.held).any(|(rule, held)| rule.registered && *held > 0);
    Ok(Some(Foresight::known(rules, before, observation, owner, registered)))
}

/// Whether something links, and all that does is that customer's.
fn is_held(rules: &Rules, before: &Before, observation: &Observation, customer: ObservationNo) -> bool {
    let known = observation.identifiers.iter().map(|no| &before.identifiers[no]);
    let mut linking = known.filter(|stored| !stored.is_shared(rules)).peekable();
    linking.peek().is_some() && linking.all(|stored| stored.holder == Some(customer))
}

async fn decided(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    before: &mut Before,
    mut fresh: Vec<Fresh>,
    position: &Position,
) -> Result<Foresight, StoreError> {
    let rules = ground.rules;
    let observation = fresh[0].observation.clone();
    let mut crossed = claim(rules, before, &fresh);
    let mut kept = Vec::new();
    for no in &crossed.fallen {
        let labels = void::sighted_components(tx, tenant, *no).await?;
        let all = before.again.union(&labels).copied().collect();
        if identities::count_components(tx, tenant, &all).await? < i64::from(rules.component_limit) {
            before.again = all;
        } else {
            kept.push(*no);
        }
    }
    for no in &kept {
        if let Some(stored) = before.identifiers.get_mut(no) {
            stored.sharing = Some(Sharing::Shared);
        }
    }
    crossed.fallen.retain(|no| !kept.contains(no));
    let plan = plan(rules, before, &mut fresh, &crossed);
    let (loaded, beside, mut touches) = identities::load_components(tx, tenant, rules, &plan.replay).await?;
    if rules.moves() {
        touches.push(Touch { observation: observation.no, position: position.clone() });
    }
    let changes = settle(rules, before.clone(), &plan, &fresh, &loaded, &touches, beside);
    Ok(Foresight::of(rules, before, &changes, &observation, position.at))
}
