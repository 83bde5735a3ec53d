//! Merges, as logged when they were first found, and whether a replay still finds them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::Rules;
use crate::identity::constraints::{ConstraintNo, Constraints};
use crate::identity::merges::{self, Found, Merge};
use crate::identity::resolve::IdentifierNo;
use crate::model::{Identifier, ObservationNo, Position, Revision, TenantKey};
use crate::store::decisions::constraints::{self, StoredConstraint};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::write::identities::{self, read_numbers, read_position};
use crate::store::{Store, StoreError};

/// A merge and what is known of it now.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedMerge {
    pub merge: Merge,
    /// At which it was first found.
    pub revision: Revision,
    /// The identifiers that the observation, or the must-link, holds together.
    pub identifiers: Vec<IdentifierNo>,
    /// The touchpoint that first proved it; for a must-link, none.
    /// Of one that sharing made: the touchpoint that made the users of an identifier one person.
    pub evidence: Option<Position>,
    /// The must-link that made it.
    pub link: Option<StoredConstraint>,
    /// What each side held just before; `None` if it is not a merge any more, or was a must-link's.
    pub found: Option<Found>,
    /// Rules or sharing made it: no observation did.
    pub is_unbridged: bool,
    pub stands: bool,
    /// The decision that undid it.
    pub undone_by: Option<ConstraintNo>,
}

/// A page of merges and the identifiers in them, at one revision.
#[derive(Debug, Clone)]
pub struct ListedMerges {
    pub revision: Revision,
    pub merges: Vec<ListedMerge>,
    pub identifiers: FxHashMap<IdentifierNo, Identifier>,
}

/// Where a page of merges ends: the observation and the absorbed customer of its last one.
pub type MergePlace = (ObservationNo, ObservationNo);

const LIST: &str = "SELECT observation, absorbed, survivor, revision, absorbed_held, others_held, cause \
    FROM merge_event WHERE tenant = $1 AND observation <= $2 AND (observation, absorbed) < ($2, $3) ORDER BY observation DESC, absorbed DESC LIMIT $4";
const OF_OBSERVATIONS: &str = "WITH v(observation) AS ({rows}) \
    SELECT m.observation, m.absorbed, m.survivor, m.revision, m.absorbed_held, m.others_held, m.cause \
    FROM v CROSS JOIN merge_event m \
    WHERE m.tenant = $1 AND m.observation = v.observation";
pub(in crate::store) const MEMBERS: &str = "SELECT o.observation FROM observation c \
    JOIN observation r ON r.tenant = c.tenant AND r.observation = c.customer \
    JOIN observation o ON o.tenant = c.tenant AND o.component = r.component AND o.customer = c.customer \
    WHERE c.tenant = $1 AND c.observation = $2";
const LOAD_OBSERVATIONS: &str = "WITH v(observation) AS ({rows}) \
    SELECT o.observation, o.component, o.identifiers, o.first_at_us, o.first_source, o.first_source_id, o.customer \
    FROM v CROSS JOIN observation o WHERE o.tenant = $1 AND o.observation = v.observation";

impl Store {
    /// A page of all merges, those of the latest recorded observations first.
    pub async fn merges(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        before: Option<MergePlace>,
        size: i64,
    ) -> Result<ListedMerges, StoreError> {
        let mut tx = self.db.read().await?;
        let end = (ObservationNo(i64::MAX), ObservationNo(i64::MAX));
        let (observation, absorbed) = before.unwrap_or(end);
        let from = [tenant.0, observation.0, absorbed.0, size].map(Scalar::Int);
        let rows = tx.fetch(LIST, &from).await?;
        self.look_into(tx, tenant, rules, &rows).await
    }

    /// All merges of the observations that a customer has now, in the same order.
    pub async fn merges_of(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        customer: ObservationNo,
    ) -> Result<ListedMerges, StoreError> {
        let mut tx = self.db.read().await?;
        let members = load_numbers(&mut tx, MEMBERS, &[tenant.0, customer.0].map(Scalar::Int)).await?;
        let rows = tx.fetch_bulk(OF_OBSERVATIONS, &[Scalar::Int(tenant.0)], &[Column::Int(members)]).await?;
        self.look_into(tx, tenant, rules, &rows).await
    }

    async fn look_into(
        &self,
        mut tx: Transaction,
        tenant: TenantKey,
        rules: &Rules,
        rows: &[Row],
    ) -> Result<ListedMerges, StoreError> {
        let (revision, constraints) = self.tenants.present_constraints(&mut tx, tenant).await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in rows {
            listed.push(parse(row)?);
        }
        listed.sort_by_key(|one| std::cmp::Reverse((one.merge.observation, one.merge.absorbed)));
        let mut merges = Vec::with_capacity(listed.len());
        let seen = load_observations(&mut tx, tenant, &listed).await?;
        let found = replay(&mut tx, tenant, rules, &constraints, &listed, &seen).await?;
        for logged in listed {
            let (merge, revision) = (logged.merge, logged.revision);
            let Some(together) = seen.get(&merge.observation) else { continue };
            let key = (merge.observation, merge.absorbed);
            let link = constraints::find_link(&mut tx, tenant, merge.observation).await?;
            let undoing = constraints::find_undoing(&mut tx, tenant, key).await?;
            let undoing = undoing.filter(|undoing| undoing.retracted.is_none());
            let bridged = found.get(&key).cloned();
            let is_unbridged = bridged.is_none() && logged.sides.is_some();
            let cause = logged.cause.and_then(|no| seen.get(&no));
            let found = bridged.or_else(|| logged.found(&seen));
            merges.push(ListedMerge {
                merge,
                revision,
                identifiers: together.identifiers.clone(),
                evidence: match is_unbridged {
                    true => cause.map(|seen| seen.position.clone()),
                    false => link.is_none().then(|| together.position.clone()),
                },
                stands: match &link {
                    Some(link) => link.retracted.is_none(),
                    None => found.is_some(),
                },
                undone_by: undoing.map(|undoing| undoing.no),
                link,
                found,
                is_unbridged,
            });
        }
        let sides = |merge: &ListedMerge| {
            let found = merge.found.iter();
            let sides = found.flat_map(|f| f.absorbed_held.iter().chain(&f.others_held)).copied();
            sides.chain(merge.identifiers.iter().copied()).collect::<Vec<_>>()
        };
        let numbers = merges.iter().flat_map(sides).collect();
        let identifiers = constraints::names(&mut tx, tenant, numbers).await?;
        Ok(ListedMerges { revision, merges, identifiers })
    }
}

/// The first column of a statement's rows.
pub(in crate::store) async fn load_numbers(
    tx: &mut Transaction,
    sql: &'static str,
    scalars: &[Scalar<'_>],
) -> Result<Vec<i64>, StoreError> {
    tx.fetch(sql, scalars).await?.iter().map(|row| row.get(0)).collect()
}

/// A merge as it was logged.
struct Logged {
    merge: Merge,
    revision: Revision,
    /// What the absorbed customer and the others held just before, where no observation tells.
    sides: Option<(Vec<IdentifierNo>, Vec<IdentifierNo>)>,
    cause: Option<ObservationNo>,
}

impl Logged {
    /// A merge that no observation made stands while both are one.
    fn found(&self, seen: &FxHashMap<ObservationNo, SeenTogether>) -> Option<Found> {
        let (absorbed_held, others_held) = self.sides.clone()?;
        let customer = |no| seen.get(no).map(|seen| seen.customer);
        let (absorbed, survivor) = (customer(&self.merge.absorbed)?, customer(&self.merge.survivor)?);
        let unmoved = Vec::new();
        (absorbed == survivor).then_some(Found { merge: self.merge, absorbed_held, others_held, unmoved })
    }
}

fn parse(row: &Row) -> Result<Logged, StoreError> {
    let [observation, absorbed, survivor] = [row.get(0)?, row.get(1)?, row.get(2)?].map(ObservationNo);
    let sides = match (row.get::<Option<String>>(4)?, row.get::<Option<String>>(5)?) {
        (Some(absorbed), Some(others)) => Some((read_numbers(&absorbed)?, read_numbers(&others)?)),
        _ => None,
    };
    Ok(Logged {
        merge: Merge { observation, absorbed, survivor },
        revision: Revision(row.get(3)?),
        sides,
        cause: row.get::<Option<i64>>(6)?.filter(|no| *no > 0).map(ObservationNo),
    })
}

/// What the two sides of a merge held just before it; `None` if it is not one any more. Of a
/// customer that held nothing: what it was seen with.
pub(in crate::store) async fn sides(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    constraints: &Constraints,
    (observation, absorbed): MergePlace,
) -> Result<Option<Found>, StoreError> {
    let columns = [Column::Int(vec![observation.0])];
    let mut listed = Vec::new();
    for row in tx.fetch_bulk(OF_OBSERVATIONS, &[Scalar::Int(tenant.0)], &columns).await? {
        listed.push(parse(&row)?);
    }
    listed.retain(|one| one.merge.absorbed == absorbed);
    let seen = load_observations(tx, tenant, &listed).await?;
    let mut found = replay(tx, tenant, rules, constraints, &listed, &seen).await?;
    let bridged = found.remove(&(observation, absorbed));
    let Some(mut found) = bridged.or_else(|| listed.first()?.found(&seen)) else { return Ok(None) };
    if found.absorbed_held.is_empty() {
        found.absorbed_held.extend(seen.get(&absorbed).iter().flat_map(|seen| &seen.identifiers));
        found.absorbed_held.retain(|no| !found.others_held.contains(no));
    }
    Ok(Some(found).filter(|found| !found.absorbed_held.is_empty() && !found.others_held.is_empty()))
}

struct SeenTogether {
    customer: ObservationNo,
    component: ObservationNo,
    identifiers: Vec<IdentifierNo>,
    position: Position,
}

async fn load_observations(
    tx: &mut Transaction,
    tenant: TenantKey,
    listed: &[Logged],
) -> Result<FxHashMap<ObservationNo, SeenTogether>, StoreError> {
    let named = |one: &Logged| {
        let customers = one.sides.as_ref().map(|_| [one.merge.absorbed, one.merge.survivor]);
        let customers = customers.into_iter().flatten();
        customers.chain([one.merge.observation]).chain(one.cause).map(|no| no.0).collect::<Vec<_>>()
    };
    let mut numbers: Vec<i64> = listed.iter().flat_map(named).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut seen = FxHashMap::default();
    for row in tx.fetch_bulk(LOAD_OBSERVATIONS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await? {
        let together = SeenTogether {
            component: ObservationNo(row.get(1)?),
            customer: ObservationNo(row.get(6)?),
            identifiers: read_numbers(&row.get::<String>(2)?)?,
            position: read_position(&row, 3)?,
        };
        seen.insert(ObservationNo(row.get(0)?), together);
    }
    Ok(seen)
}

/// The merges that a replay of their components finds.
async fn replay(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    constraints: &Constraints,
    listed: &[Logged],
    seen: &FxHashMap<ObservationNo, SeenTogether>,
) -> Result<FxHashMap<(ObservationNo, ObservationNo), Found>, StoreError> {
    let labels: FxHashSet<ObservationNo> = seen.values().map(|seen| seen.component).collect();
    let (loaded, identifiers, touches) = identities::load_components(tx, tenant, rules, &labels).await?;
    let mut observations: Vec<_> = loaded.into_iter().map(|stored| stored.observation).collect();
    // Components do not meet: one replay of all is a replay of each.
    observations.sort_by(|a, b| a.position.cmp(&b.position));
    let known = identifiers.iter().map(|(no, stored)| (*no, stored.known(rules))).collect();
    let asked: Vec<_> = listed.iter().map(|one| (one.merge.observation, one.merge.absorbed)).collect();
    let found = merges::find(rules, constraints, known, &observations, &touches, &asked);
    let key = |found: Found| ((found.merge.observation, found.merge.absorbed), found);
    Ok(found.into_iter().map(key).collect())
}
