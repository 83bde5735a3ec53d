//! Conflicts, as logged when they were first found, and whether a replay still finds them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::Rules;
use crate::identity::conflicts::{Conflict, Found, find};
use crate::identity::explain::Reason;
use crate::identity::resolve::IdentifierNo;
use crate::model::{Identifier, ObservationNo, Position, Revision, TenantKey};
use crate::store::decisions::constraints;
use crate::store::decisions::merges::{MEMBERS, load_numbers};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::tenants::revision;
use crate::store::write::identities::{self, read_numbers, read_position};
use crate::store::write::revision::Taken;
use crate::store::{Store, StoreError};

/// A conflict and what is known of it now.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedConflict {
    pub observation: ObservationNo,
    /// The identifier that did not link.
    pub identifier: IdentifierNo,
    /// At which it was first found.
    pub revision: Revision,
    /// What it was called then; `None`: it was not asked for then.
    pub logged: Option<Why>,
    /// As a replay finds it; `None`: it is no conflict any more.
    pub found: Option<Found>,
    /// The touchpoint that brought it.
    pub evidence: Position,
    /// What was seen together.
    pub identifiers: Vec<IdentifierNo>,
    /// The customer of the observation now: it wanted the identifier.
    pub wanted_by: ObservationNo,
    /// Who holds the identifier now.
    pub held_by: Option<ObservationNo>,
}

/// Reasons, as far as they are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Limit,
    RegisteredNotNamed,
    OtherPerson,
    Constraint,
    ComponentLimit,
}

/// Names of reasons in the log.
const NAMES: [(&str, Why); 5] = [
    ("limit", Why::Limit),
    ("registered", Why::RegisteredNotNamed),
    ("person", Why::OtherPerson),
    ("decision", Why::Constraint),
    ("component", Why::ComponentLimit),
];

impl Why {
    /// By its name in the log; `None`: a reason that was not asked for then.
    pub(in crate::store) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(other, _)| *other == name).map(|(_, why)| *why)
    }
}

/// A page of conflicts and the identifiers in them, at one revision.
#[derive(Debug, Clone)]
pub struct ListedConflicts {
    pub revision: Revision,
    pub conflicts: Vec<ListedConflict>,
    pub identifiers: FxHashMap<IdentifierNo, Identifier>,
}

/// Where a page of conflicts ends.
pub type ConflictPlace = (ObservationNo, IdentifierNo);

const LOG: &str = "WITH v(observation, identifier, reason) AS ({rows}) \
    INSERT INTO conflict (tenant, observation, identifier, reason, revision) \
    SELECT $1, v.observation, v.identifier, v.reason, $2 FROM v WHERE true \
    ON CONFLICT (tenant, observation, identifier) DO NOTHING";
const LIST: &str = "SELECT observation, identifier, reason, revision FROM conflict WHERE tenant = $1 \
    AND observation <= $2 AND (observation, identifier) < ($2, $3) \
    ORDER BY observation DESC, identifier DESC LIMIT $4";
const OF_OBSERVATIONS: &str = "WITH v(observation) AS ({rows}) \
    SELECT c.observation, c.identifier, c.reason, c.revision FROM v CROSS JOIN conflict c \
    WHERE c.tenant = $1 AND c.observation = v.observation";
const OF_IDENTIFIERS: &str = "WITH v(identifier) AS ({rows}) \
    SELECT c.observation, c.identifier, c.reason, c.revision FROM v CROSS JOIN conflict c \
    WHERE c.tenant = $1 AND c.identifier = v.identifier";
const HELD: &str = "SELECT identifier FROM identifier WHERE tenant = $1 AND holder = $2";
const LOAD_OBSERVATIONS: &str = "WITH v(observation) AS ({rows}) \
    SELECT o.observation, o.component, o.customer, o.identifiers, o.first_at_us, o.first_source, o.first_source_id \
    FROM v CROSS JOIN observation o WHERE o.tenant = $1 AND o.observation = v.observation";
const HOLDERS: &str = "WITH v(identifier) AS ({rows}) SELECT d.identifier, d.holder FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.identifier = v.identifier";

impl Store {
    /// A page of all conflicts, those of the latest recorded observations first.
    pub async fn conflicts(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        before: Option<ConflictPlace>,
        size: i64,
    ) -> Result<ListedConflicts, StoreError> {
        let mut tx = self.db.read().await?;
        let (observation, identifier) = before.unwrap_or((ObservationNo(i64::MAX), IdentifierNo(i64::MAX)));
        let from = [tenant.0, observation.0, identifier.0, size].map(Scalar::Int);
        let rows = tx.fetch(LIST, &from).await?;
        look_into(tx, tenant, rules, rows).await
    }

    /// All conflicts of a customer, in the same order: of what it wanted, and of what it holds.
    pub async fn conflicts_of(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        customer: ObservationNo,
    ) -> Result<ListedConflicts, StoreError> {
        let mut tx = self.db.read().await?;
        let key = [tenant.0, customer.0].map(Scalar::Int);
        let members = load_numbers(&mut tx, MEMBERS, &key).await?;
        let held = load_numbers(&mut tx, HELD, &key).await?;
        let mut rows = tx.fetch_bulk(OF_OBSERVATIONS, &key[..1], &[Column::Int(members)]).await?;
        rows.extend(tx.fetch_bulk(OF_IDENTIFIERS, &key[..1], &[Column::Int(held)]).await?);
        look_into(tx, tenant, rules, rows).await
    }

    /// All conflicts about an identifier, in the same order.
    pub async fn conflicts_about(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        identifier: IdentifierNo,
    ) -> Result<ListedConflicts, StoreError> {
        let mut tx = self.db.read().await?;
        let columns = [Column::Int(vec![identifier.0])];
        let rows = tx.fetch_bulk(OF_IDENTIFIERS, &[Scalar::Int(tenant.0)], &columns).await?;
        look_into(tx, tenant, rules, rows).await
    }
}

/// Logs conflicts that are found for the first time.
pub(in crate::store) async fn log(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    conflicts: &[Conflict],
) -> Result<(), StoreError> {
    let columns = [
        Column::Int(conflicts.iter().map(|conflict| conflict.observation.0).collect()),
        Column::Int(conflicts.iter().map(|conflict| conflict.identifier.0).collect()),
        Column::Text(conflicts.iter().map(|conflict| name(conflict.reason)).collect()),
    ];
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    tx.run_bulk(LOG, &scalars, &columns).await
}

/// What a reason is called in the log. What is shared is no conflict.
fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::Limit(_) => "limit",
        Reason::RegisteredNotNamed => "registered",
        Reason::OtherPerson(_) => "person",
        Reason::Constraint(_) => "decision",
        Reason::ComponentLimit => "component",
        Reason::Shared => "",
    }
}

struct Seen {
    component: ObservationNo,
    customer: ObservationNo,
    identifiers: Vec<IdentifierNo>,
    position: Position,
}

async fn look_into(
    mut tx: Transaction,
    tenant: TenantKey,
    rules: &Rules,
    rows: Vec<Row>,
) -> Result<ListedConflicts, StoreError> {
    let revision = revision(&mut tx, tenant).await?;
    let mut logged = Vec::with_capacity(rows.len());
    for row in &rows {
        let why = Why::parse(&row.get::<String>(2)?);
        logged.push(((ObservationNo(row.get(0)?), IdentifierNo(row.get(1)?)), why, Revision(row.get(3)?)));
    }
    logged.sort_by_key(|(place, ..)| std::cmp::Reverse(*place));
    logged.dedup_by_key(|(place, ..)| *place);
    let asked: FxHashSet<ObservationNo> = logged.iter().map(|((observation, _), ..)| *observation).collect();
    let seen = load_observations(&mut tx, tenant, &asked).await?;
    let labels: FxHashSet<ObservationNo> = seen.values().map(|seen| seen.component).collect();
    let constraints = constraints::standing(&mut tx, tenant).await?;
    let (loaded, stored, touches) = identities::load_components(&mut tx, tenant, rules, &labels).await?;
    let mut observations: Vec<_> = loaded.into_iter().map(|stored| stored.observation).collect();
    // Components do not meet: one replay of all is a replay of each.
    observations.sort_by(|a, b| a.position.cmp(&b.position));
    let known = stored.iter().map(|(no, stored)| (*no, stored.known(rules))).collect();
    let found = find(rules, &constraints, known, &observations, &touches, |no| asked.contains(&no));
    let found: FxHashMap<ConflictPlace, Found> =
        found.into_iter().map(|f| ((f.conflict.observation, f.conflict.identifier), f)).collect();
    let mut held_by: FxHashMap<IdentifierNo, Option<ObservationNo>> = FxHashMap::default();
    let mut numbers: Vec<i64> = logged.iter().map(|((_, identifier), ..)| identifier.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for row in tx.fetch_bulk(HOLDERS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await? {
        held_by.insert(IdentifierNo(row.get(0)?), row.get::<Option<i64>>(1)?.map(ObservationNo));
    }
    let mut conflicts = Vec::with_capacity(logged.len());
    for (place, why, revision) in logged {
        let (observation, identifier) = place;
        let Some(seen) = seen.get(&observation) else { continue };
        conflicts.push(ListedConflict {
            observation,
            identifier,
            revision,
            logged: why,
            found: found.get(&place).copied(),
            evidence: seen.position.clone(),
            identifiers: seen.identifiers.clone(),
            wanted_by: seen.customer,
            held_by: held_by.get(&identifier).copied().flatten(),
        });
    }
    let numbers = conflicts.iter().flat_map(|conflict| conflict.identifiers.iter().copied()).collect();
    let identifiers = constraints::names(&mut tx, tenant, numbers).await?;
    Ok(ListedConflicts { revision, conflicts, identifiers })
}

async fn load_observations(
    tx: &mut Transaction,
    tenant: TenantKey,
    asked: &FxHashSet<ObservationNo>,
) -> Result<FxHashMap<ObservationNo, Seen>, StoreError> {
    let mut numbers: Vec<i64> = asked.iter().map(|no| no.0).collect();
    numbers.sort_unstable();
    let mut seen = FxHashMap::default();
    for row in tx.fetch_bulk(LOAD_OBSERVATIONS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await? {
        let together = Seen {
            component: ObservationNo(row.get(1)?),
            customer: ObservationNo(row.get(2)?),
            identifiers: read_numbers(&row.get::<String>(3)?)?,
            position: read_position(&row, 4)?,
        };
        seen.insert(ObservationNo(row.get(0)?), together);
    }
    Ok(seen)
}
