//! Decisions of people, as stored: each keeps its row for ever, a retracted one says since when.

use crate::identity::constraints::{ConstraintNo, Constraints, Decision, Sharing, link_position};
use crate::identity::resolve::{IdentifierNo, Observation};
use crate::model::{Identifier, KindName, ObservationNo, Revision, TenantKey};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::write::identities::{read_numbers, write_numbers};
use crate::store::{Store, StoreError};

/// A decision and its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConstraint {
    pub no: ConstraintNo,
    pub decision: Decision,
    pub author: String,
    pub reason: String,
    /// Who was authenticated; the author is what they claimed.
    pub principal: Option<String>,
    /// The revision that it holds from.
    pub since: Revision,
    pub retracted: Option<Retracted>,
    /// The observation that stands for a must-link.
    pub observation: Option<ObservationNo>,
    /// The merge that it undoes: the observation that made it, and the absorbed customer.
    pub undoes: Option<(ObservationNo, ObservationNo)>,
}

/// That a decision holds no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retracted {
    pub at: Revision,
    pub author: String,
    pub reason: String,
    /// Who was authenticated.
    pub principal: Option<String>,
}

/// A page of decisions, and the identifiers they name.
#[derive(Debug, Clone)]
pub struct ListedConstraints {
    pub revision: Revision,
    pub constraints: Vec<StoredConstraint>,
    pub identifiers: rustc_hash::FxHashMap<IdentifierNo, Identifier>,
}

macro_rules! constraint_columns {
    () => {
        "SELECT constraint_no, decision, members, author, reason, revision_from, revision_to, observation, \
         undoes_observation, undoes_absorbed, retracted_by, retract_reason, principal, retract_principal \
         FROM identity_constraint "
    };
}
const STANDING: &str = concat!(constraint_columns!(), "WHERE tenant = $1 AND revision_to IS NULL");
const STANDING_AT: &str = concat!(
    constraint_columns!(),
    "WHERE tenant = $1 AND revision_from <= $2 AND (revision_to IS NULL OR revision_to > $2)"
);
const LIST: &str = concat!(
    constraint_columns!(),
    "WHERE tenant = $1 AND constraint_no > $2 ORDER BY constraint_no LIMIT $3"
);
const LIST_STANDING: &str = concat!(
    constraint_columns!(),
    "WHERE tenant = $1 AND constraint_no > $2 AND revision_to IS NULL ORDER BY constraint_no LIMIT $3"
);
const ALL: &str = concat!(constraint_columns!(), "WHERE tenant = $1 ORDER BY constraint_no");
const FIND: &str = concat!(constraint_columns!(), "WHERE tenant = $1 AND constraint_no = $2");
const FIND_UNDOING: &str = concat!(
    constraint_columns!(),
    "WHERE tenant = $1 AND undoes_observation = $2 AND undoes_absorbed = $3 ORDER BY constraint_no DESC"
);
const FIND_LINK: &str = concat!(constraint_columns!(), "WHERE tenant = $1 AND observation = $2");
const MADE_AT: &str = concat!(constraint_columns!(), "WHERE tenant = $1 AND revision_from = $2");
const RETRACTED_AT: &str = concat!(constraint_columns!(), "WHERE tenant = $1 AND revision_to = $2");
const INSERT: &str = "INSERT INTO identity_constraint (tenant, constraint_no, decision, members, author, reason, \
    revision_from, principal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const NAME_OBSERVATION: &str =
    "UPDATE identity_constraint SET observation = $3 WHERE tenant = $1 AND constraint_no = $2";
const NAME_UNDONE: &str = "UPDATE identity_constraint SET undoes_observation = $3, undoes_absorbed = $4 \
    WHERE tenant = $1 AND constraint_no = $2";
const RETRACT: &str = "UPDATE identity_constraint SET revision_to = $3, retracted_by = $4, retract_reason = $5, \
    retract_principal = $6 \
    WHERE tenant = $1 AND constraint_no = $2";
pub(in crate::store) const NAME_IDENTIFIERS: &str = "WITH v(identifier) AS ({rows}) \
    SELECT d.identifier, d.kind, d.value FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.identifier = v.identifier";

impl Store {
    /// A page of decisions in the order in which they were made, beyond a number.
    pub async fn constraints(
        &self,
        tenant: TenantKey,
        standing: bool,
        after: ConstraintNo,
        size: i64,
    ) -> Result<ListedConstraints, StoreError> {
        let mut tx = self.db.read().await?;
        let revision = crate::store::tenants::revision(&mut tx, tenant).await?;
        let sql = if standing { LIST_STANDING } else { LIST };
        let rows = tx.fetch(sql, &[tenant.0, after.0, size].map(Scalar::Int)).await?;
        let constraints = rows.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let numbers = constraints.iter().flat_map(|constraint| members(&constraint.decision)).collect();
        let identifiers = names(&mut tx, tenant, numbers).await?;
        Ok(ListedConstraints { revision, constraints, identifiers })
    }
}

/// The decisions that stand.
pub(in crate::store) async fn standing(
    tx: &mut Transaction,
    tenant: TenantKey,
) -> Result<Constraints, StoreError> {
    let rows = tx.fetch(STANDING, &[Scalar::Int(tenant.0)]).await?;
    let parsed = rows.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    Ok(Constraints::new(parsed.into_iter().map(|constraint| (constraint.no, constraint.decision)).collect()))
}

/// The decisions that stood at a revision, and the must-links among them as observations.
pub(in crate::store) async fn standing_at(
    tx: &mut Transaction,
    tenant: TenantKey,
    revision: Revision,
) -> Result<(Constraints, Vec<Observation>), StoreError> {
    let rows = tx.fetch(STANDING_AT, &[tenant.0, revision.0].map(Scalar::Int)).await?;
    let (mut links, mut standing) = (Vec::new(), Vec::new());
    for row in &rows {
        let StoredConstraint { no, decision, observation, .. } = parse(row)?;
        if let (Some(observation), Decision::MustLink(members)) = (observation, &decision) {
            links.push(Observation {
                no: observation,
                position: link_position(no),
                identifiers: members.clone(),
                severed: Vec::new(),
                releases: false,
            });
        }
        standing.push((no, decision));
    }
    Ok((Constraints::new(standing), links))
}

/// All decisions, retracted ones too.
pub(in crate::store) async fn all(
    tx: &mut Transaction,
    tenant: TenantKey,
) -> Result<Vec<StoredConstraint>, StoreError> {
    tx.fetch(ALL, &[Scalar::Int(tenant.0)]).await?.iter().map(parse).collect()
}

pub(in crate::store) async fn find(
    tx: &mut Transaction,
    tenant: TenantKey,
    no: ConstraintNo,
) -> Result<Option<StoredConstraint>, StoreError> {
    first(tx, FIND, &[tenant.0, no.0]).await
}

/// The latest decision that undoes a merge.
pub(in crate::store) async fn find_undoing(
    tx: &mut Transaction,
    tenant: TenantKey,
    (observation, absorbed): (ObservationNo, ObservationNo),
) -> Result<Option<StoredConstraint>, StoreError> {
    first(tx, FIND_UNDOING, &[tenant.0, observation.0, absorbed.0]).await
}

/// The must-link that an observation stands for.
pub(in crate::store) async fn find_link(
    tx: &mut Transaction,
    tenant: TenantKey,
    observation: ObservationNo,
) -> Result<Option<StoredConstraint>, StoreError> {
    first(tx, FIND_LINK, &[tenant.0, observation.0]).await
}

/// The decision that was made or retracted at a revision.
pub(in crate::store) async fn decided_at(
    tx: &mut Transaction,
    tenant: TenantKey,
    revision: Revision,
) -> Result<Option<StoredConstraint>, StoreError> {
    let key = [tenant.0, revision.0];
    match first(tx, MADE_AT, &key).await? {
        Some(made) => Ok(Some(made)),
        None => first(tx, RETRACTED_AT, &key).await,
    }
}

async fn first(
    tx: &mut Transaction,
    sql: &'static str,
    key: &[i64],
) -> Result<Option<StoredConstraint>, StoreError> {
    let key: Vec<Scalar<'_>> = key.iter().copied().map(Scalar::Int).collect();
    tx.fetch_one(sql, &key).await?.map(|row| parse(&row)).transpose()
}

pub(in crate::store) async fn insert(
    tx: &mut Transaction,
    tenant: TenantKey,
    made: &StoredConstraint,
) -> Result<(), StoreError> {
    let (name, members) = write(&made.decision);
    let row = [
        Scalar::Int(tenant.0),
        Scalar::Int(made.no.0),
        Scalar::Text(name),
        Scalar::Text(&members),
        Scalar::Text(&made.author),
        Scalar::Text(&made.reason),
        Scalar::Int(made.since.0),
        Scalar::TextOrNull(made.principal.as_deref()),
    ];
    tx.run(INSERT, &row).await?;
    if let Some(observation) = made.observation {
        tx.run(NAME_OBSERVATION, &[tenant.0, made.no.0, observation.0].map(Scalar::Int)).await?;
    }
    if let Some((observation, absorbed)) = made.undoes {
        let row = [tenant.0, made.no.0, observation.0, absorbed.0].map(Scalar::Int);
        tx.run(NAME_UNDONE, &row).await?;
    }
    Ok(())
}

pub(in crate::store) async fn retract(
    tx: &mut Transaction,
    tenant: TenantKey,
    no: ConstraintNo,
    retracted: &Retracted,
) -> Result<(), StoreError> {
    let row = [
        Scalar::Int(tenant.0),
        Scalar::Int(no.0),
        Scalar::Int(retracted.at.0),
        Scalar::Text(&retracted.author),
        Scalar::Text(&retracted.reason),
        Scalar::TextOrNull(retracted.principal.as_deref()),
    ];
    tx.run(RETRACT, &row).await
}

/// The identifiers that a decision names.
pub(in crate::store) fn members(decision: &Decision) -> Vec<IdentifierNo> {
    match decision {
        Decision::MustLink(members) => members.clone(),
        Decision::CannotLink(left, right) => [left.as_slice(), right].concat(),
        Decision::Sharing(no, _) => vec![*no],
    }
}

/// Kinds and values of identifiers.
pub(in crate::store) async fn names(
    tx: &mut Transaction,
    tenant: TenantKey,
    numbers: Vec<IdentifierNo>,
) -> Result<rustc_hash::FxHashMap<IdentifierNo, Identifier>, StoreError> {
    let mut numbers: Vec<i64> = numbers.into_iter().map(|no| no.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut names = rustc_hash::FxHashMap::default();
    for row in tx.fetch_bulk(NAME_IDENTIFIERS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await? {
        let kind = KindName::parse(&row.get::<String>(1)?);
        let kind = kind.ok_or(StoreError::Corrupt { what: "identifier kind" })?;
        names.insert(IdentifierNo(row.get(0)?), Identifier { kind, value: row.get(2)? });
    }
    Ok(names)
}

/// A decision's name and its identifiers: `1,2` or, with two sides, `1,2|3`.
fn write(decision: &Decision) -> (&'static str, String) {
    match decision {
        Decision::MustLink(members) => ("must_link", write_numbers(members)),
        Decision::CannotLink(left, right) => {
            ("cannot_link", format!("{}|{}", write_numbers(left), write_numbers(right)))
        }
        Decision::Sharing(no, Sharing::Personal) => ("personal", write_numbers(&[*no])),
        Decision::Sharing(no, Sharing::Shared) => ("shared", write_numbers(&[*no])),
    }
}

fn parse(row: &Row) -> Result<StoredConstraint, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "constraint" };
    let members: String = row.get(2)?;
    let one = || read_numbers(&members)?.first().copied().ok_or_else(corrupt);
    let decision = match row.get::<String>(1)?.as_str() {
        "must_link" => Decision::MustLink(read_numbers(&members)?),
        "cannot_link" => {
            let (left, right) = members.split_once('|').ok_or_else(corrupt)?;
            Decision::CannotLink(read_numbers(left)?, read_numbers(right)?)
        }
        "personal" => Decision::Sharing(one()?, Sharing::Personal),
        "shared" => Decision::Sharing(one()?, Sharing::Shared),
        _ => return Err(corrupt()),
    };
    let retracted = match row.get::<Option<i64>>(6)? {
        None => None,
        Some(at) => Some(Retracted {
            at: Revision(at),
            author: row.get::<Option<String>>(10)?.unwrap_or_default(),
            reason: row.get::<Option<String>>(11)?.unwrap_or_default(),
            principal: row.get(13)?,
        }),
    };
    let undoes = match (row.get::<Option<i64>>(8)?, row.get::<Option<i64>>(9)?) {
        (Some(observation), Some(absorbed)) => Some((ObservationNo(observation), ObservationNo(absorbed))),
        _ => None,
    };
    Ok(StoredConstraint {
        no: ConstraintNo(row.get(0)?),
        decision,
        author: row.get(3)?,
        reason: row.get(4)?,
        principal: row.get(12)?,
        since: Revision(row.get(5)?),
        retracted,
        observation: row.get::<Option<i64>>(7)?.map(ObservationNo),
        undoes,
    })
}
