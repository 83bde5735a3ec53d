//! Who would it be? What recording would do, found by the very steps that recording takes, and
//! nothing written.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::Rules;
use crate::identity::batch::{Before, Fresh, Stored, claim, plan, settle};
use crate::identity::constraints::Sharing;
use crate::identity::foresight::Foresight;
use crate::identity::moves::Touch;
use crate::identity::resolve::{IdentifierNo, Observation};
use crate::model::{Identifier, ObservationNo, Position, Revision, TenantKey};
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::read::ResolvedIdentifier;
use crate::store::read::as_of::{AsOf, find_identifiers};
use crate::store::read::search::load;
use crate::store::tenants::data_key::DataKey;
use crate::store::write::content::set_hash;
use crate::store::write::identities::{self, Evidence, Ground, kind_index, read_position};
use crate::store::write::recording::FIND_OBSERVATIONS;
use crate::store::write::revision::Taken;
use crate::store::write::stretches::{self, owner_at};
use crate::store::write::voiding as void;
use crate::store::{Store, StoreError};

const SIGHTED_THEN: &str = "SELECT * FROM (SELECT s.identifier, s.observation FROM sighting s \
    WHERE s.tenant = $1 AND s.identifier = {0} AND s.observation <= $2 LIMIT $3) b";

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

    /// As [`Store::foresee`], but from what was known then.
    pub async fn foresee_as_of(
        &self,
        tenant: TenantKey,
        known: &AsOf,
        identifiers: &[Identifier],
        position: Position,
    ) -> Result<Foreseen, StoreError> {
        let mut tx = self.db.read().await?;
        let key = self.tenants.data_key(&mut tx, tenant).await?;
        let there = find(&mut tx, tenant, &key, identifiers).await?;
        let there = there.map(|there| there.no).filter(|no| no.0 <= known.last_observation);
        let found = find_identifiers(&mut tx, tenant, identifiers).await?;
        let numbers: Vec<i64> = found.iter().flatten().copied().collect();
        let (sighted, partly) = sighted_as_of(&mut tx, tenant, known, &numbers).await?;
        let mut then = load(&mut tx, tenant, known, &sighted, &numbers).await?;
        let no = there.unwrap_or(ObservationNo(known.last_observation + 1));
        let mut observation =
            Observation { no, position, identifiers: vec![], severed: vec![], releases: false };
        for (i, (identifier, found)) in (0..).zip(identifiers.iter().zip(found)) {
            let number = IdentifierNo(found.unwrap_or(i64::MAX / 2 + i));
            let kind = kind_index(&known.rules, identifier.kind.as_str())?;
            (then.before.identifiers.entry(number))
                .or_insert_with(|| Stored::unheld(kind, identifier.value.clone(), observation.seen()));
            observation.identifiers.push(number);
        }
        let evidence = then.observations.iter().map(|stored| &stored.observation);
        let touches = stretches::load_touches_as_of(&mut tx, tenant, known, evidence).await?;
        let numbers = observation.identifiers.clone();
        let foresight = then.foresee(&known.rules, observation, touches, &partly);
        let resolved = |no: IdentifierNo| {
            Some(ResolvedIdentifier { no, stored: then.before.identifiers.get(&no)?.clone() })
        };
        let identifiers = numbers.into_iter().filter_map(resolved).collect();
        Ok(Foreseen { revision: known.revision, foresight, identifiers })
    }
}

/// The observations then of identifiers, and those identifiers that have more of them than a component
/// may have: they stay what they were.
async fn sighted_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    identifiers: &[i64],
) -> Result<(Vec<i64>, FxHashSet<IdentifierNo>), StoreError> {
    let limit = i64::from(known.rules.component_limit);
    let scalars = [tenant.0, known.last_observation, limit].map(Scalar::Int);
    let each: Vec<[i64; 1]> = identifiers.iter().map(|no| [*no]).collect();
    let mut sighted: FxHashMap<i64, Vec<i64>> = FxHashMap::default();
    for row in tx.fetch_union(SIGHTED_THEN, &scalars, &each).await? {
        sighted.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    let (partly, whole): (Vec<_>, Vec<_>) =
        sighted.into_iter().partition(|(_, observations)| observations.len() as i64 >= limit);
    let partly = partly.into_iter().map(|(no, _)| IdentifierNo(no)).collect();
    Ok((whole.into_iter().flat_map(|(_, observations)| observations).collect(), partly))
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
