//! What changed since a revision: the mirror's food.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::identity::Rules;
use crate::model::{Channel, Details, Micros, ObservationNo, Revision, TenantKey, TouchpointNo};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::{Store, StoreError};

/// How far a reader of changes has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Reassignments up to this revision were read; for a first load, the revision it began at,
    /// for observations read later carry their customers already.
    pub revision: Revision,
    /// Voids up to this revision were read.
    pub voids: Revision,
    pub touchpoint: i64,
    pub observation: i64,
}

/// A stored touchpoint as the KPIs need it: without its identifiers.
#[derive(Debug, Clone)]
pub struct Fact {
    pub no: TouchpointNo,
    pub observation: Option<ObservationNo>,
    pub source: String,
    /// The source's id of it.
    pub source_id: String,
    pub at: Micros,
    pub channel: Channel,
    pub details: Details,
}

/// Touchpoints as the store hands them over: rows with a text of one or many.
#[derive(Default)]
pub struct Facts(pub(in crate::store) Vec<Row>);

impl Facts {
    /// A block of touchpoints for each row, in the order of their numbers. Works on all processors: a first load
    /// is millions of documents.
    ///
    /// # Errors
    /// When a text does not read back.
    pub fn parse(&self) -> Result<Vec<Vec<Fact>>, StoreError> {
        let block = |row: &Row| row.text(0)?.map_or(Ok(Vec::new()), parse_block);
        self.0.par_iter().map(block).collect()
    }
}

/// An observation's customer, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    pub observation: ObservationNo,
    pub customer: ObservationNo,
    /// Whether the customer holds a registered identifier is a property of the customer.
    pub registered: bool,
}

/// Everything between two cursors, read in one snapshot of the database.
#[derive(Default)]
pub struct Changed {
    /// The revision of the snapshot: complete up to here if `complete`.
    pub revision: Revision,
    /// When that was committed; `None` before the first one.
    pub committed_at: Option<Micros>,
    /// Those of that revision; `None` for a tenant that is not there.
    pub rules: Option<Arc<Rules>>,
    pub facts: Facts,
    /// Touchpoints that were voided; those recorded since the cursor are in `facts` as well.
    pub voided: Facts,
    /// New and reassigned observations, and one observation of each customer that is registered
    /// no more.
    pub assignments: Vec<Moved>,
    /// The later stretches of those observations, in the order of time; those without are whole.
    pub stretches: Vec<(Micros, Moved)>,
    /// Whether the facts were cut off by the limit; then only facts and new observations are given.
    pub complete: bool,
    pub cursor: Cursor,
}

const SELECT_REVISION: &str = "SELECT t.revision, t.rules_version, t.next_touchpoint, COALESCE((SELECT r.committed_at_us \
    FROM revision r WHERE r.tenant = t.tenant AND r.revision = t.revision), 0) FROM tenant t WHERE t.tenant = $1";
/// A touchpoint `t` as a text, with the parameter between its fields. A source and its ids may be any
/// text, so their lengths stand before them.
macro_rules! fact_text {
    ($between:literal) => {
        concat!(
            "concat_ws(",
            $between,
            ", t.touchpoint, COALESCE(t.observation, 0), t.at_us, t.channel, t.details, ",
            "octet_length(t.source), octet_length(t.source_id), t.source || t.source_id)"
        )
    };
}
pub(in crate::store) use fact_text;

/// One text of the touchpoints between two numbers: handing over a row takes longer than reading it.
const SELECT_FACTS: &str = concat!(
    "WITH v(above, upto) AS ({rows}) SELECT (SELECT string_agg(",
    fact_text!("$2"),
    ", '') FROM touchpoint t WHERE t.tenant = $1 AND t.touchpoint > v.above AND t.touchpoint <= v.upto) FROM v"
);
/// Between the fields of a touchpoint; neither numbers nor names of channels nor JSON contain it.
pub(in crate::store) const BETWEEN_FIELDS: Scalar<'_> = Scalar::Text("\u{1f}");
/// Touchpoints in one text.
const BLOCK: usize = 256;
const SELECT_VOIDS: &str = concat!(
    "SELECT ",
    fact_text!("$3"),
    " FROM void x JOIN touchpoint t ON t.tenant = x.tenant AND t.touchpoint = x.touchpoint \
    WHERE x.tenant = $1 AND x.revision > $2"
);
const SELECT_OBSERVATIONS: &str = "SELECT o.observation, o.customer, COALESCE(c.registered, 0) FROM observation o \
    LEFT JOIN customer c ON c.tenant = o.tenant AND c.customer = o.customer \
    WHERE o.tenant = $1 AND o.observation > $2 ORDER BY o.observation LIMIT $3";
const SELECT_STRETCHES: &str = "SELECT s.observation, s.customer, COALESCE(c.registered, 0), s.from_at_us FROM stretch s \
    LEFT JOIN customer c ON c.tenant = s.tenant AND c.customer = s.customer \
    WHERE s.tenant = $1 AND s.observation > $2 AND s.observation <= $3 AND s.revision_until IS NULL \
    ORDER BY s.observation, s.from_at_us";
const SELECT_STRETCHED_ANEW: &str = "SELECT DISTINCT s.observation, s.customer, COALESCE(c.registered, 0), s.from_at_us \
    FROM reassignment r CROSS JOIN stretch s \
    LEFT JOIN customer c ON c.tenant = s.tenant AND c.customer = s.customer \
    WHERE r.tenant = $1 AND r.revision > $2 AND s.tenant = r.tenant AND s.observation = r.observation \
    AND s.revision_until IS NULL ORDER BY s.observation, s.from_at_us";
const SELECT_REASSIGNED: &str = "SELECT DISTINCT o.observation, o.customer, COALESCE(c.registered, 0) FROM reassignment r \
    JOIN observation o ON o.tenant = r.tenant AND o.observation = r.observation \
    LEFT JOIN customer c ON c.tenant = o.tenant AND c.customer = o.customer \
    WHERE r.tenant = $1 AND r.revision > $2";

impl Store {
    /// What changed since the cursor, at most `limit` touchpoints and as many new observations.
    /// The snapshot's revision is reached when `complete`.
    pub async fn changes(&self, tenant: TenantKey, since: Cursor, limit: i64) -> Result<Changed, StoreError> {
        let mut tx = self.db.read().await?;
        let key = Scalar::Int(tenant.0);
        let mut changed = Changed { cursor: since, ..Changed::default() };
        let Some(row) = tx.fetch_one(SELECT_REVISION, &[key]).await? else { return Ok(changed) };
        changed.revision = Revision(row.get(0)?);
        changed.committed_at = Some(Micros(row.get(3)?)).filter(|at| at.0 != 0);
        changed.rules = Some(self.tenants.rules(&mut tx, tenant, row.get(1)?).await?);
        // Touchpoints are numbered without a gap.
        let last = row.get::<i64>(2)? - 1;
        changed.cursor.touchpoint = last.min(since.touchpoint + limit);
        changed.facts = facts(&mut tx, tenant, since.touchpoint, changed.cursor.touchpoint).await?;
        let from = [key, Scalar::Int(since.observation), Scalar::Int(limit)];
        let new = assignments(&mut tx, SELECT_OBSERVATIONS, &from).await?;
        changed.complete = changed.cursor.touchpoint == last && (new.len() as i64) < limit;
        changed.cursor.observation = new.last().map_or(since.observation, |moved| moved.observation.0);
        changed.assignments = new;
        let seen = [
            key,
            Scalar::Int(since.observation),
            Scalar::Int(changed.cursor.observation.max(since.observation)),
        ];
        changed.stretches = stretches(&mut tx, SELECT_STRETCHES, &seen).await?;
        if changed.complete {
            let moved_since = [key, Scalar::Int(since.revision.0)];
            changed.assignments.extend(assignments(&mut tx, SELECT_REASSIGNED, &moved_since).await?);
            let again: FxHashSet<_> = changed.stretches.iter().map(|(_, moved)| moved.observation).collect();
            let anew = stretches(&mut tx, SELECT_STRETCHED_ANEW, &moved_since).await?;
            changed
                .stretches
                .extend(anew.into_iter().filter(|(_, moved)| !again.contains(&moved.observation)));
            let voided_since = [key, Scalar::Int(since.voids.0), BETWEEN_FIELDS];
            changed.voided = Facts(tx.fetch(SELECT_VOIDS, &voided_since).await?);
            changed.cursor.revision = changed.revision;
            changed.cursor.voids = changed.revision;
        }
        Ok(changed)
    }
}

/// The touchpoints above one number up to another.
async fn facts(tx: &mut Transaction, tenant: TenantKey, above: i64, upto: i64) -> Result<Facts, StoreError> {
    let starts: Vec<i64> = (above..upto).step_by(BLOCK).collect();
    let ends = starts.iter().map(|start| upto.min(start + BLOCK as i64)).collect();
    let scalars = [Scalar::Int(tenant.0), BETWEEN_FIELDS];
    tx.fetch_bulk(SELECT_FACTS, &scalars, &[Column::Int(starts), Column::Int(ends)]).await.map(Facts)
}

async fn stretches(
    tx: &mut Transaction,
    sql: &'static str,
    scalars: &[Scalar<'_>],
) -> Result<Vec<(Micros, Moved)>, StoreError> {
    let rows = tx.fetch(sql, scalars).await?;
    rows.iter().map(|row| Ok((Micros(row.get(3)?), moved(row)?))).collect()
}

fn moved(row: &Row) -> Result<Moved, StoreError> {
    Ok(Moved {
        observation: ObservationNo(row.get(0)?),
        customer: ObservationNo(row.get(1)?),
        registered: row.get::<i64>(2)? != 0,
    })
}

/// Observations that are newer than that one, or were reassigned after that revision.
pub(in crate::store) async fn assignments_since(
    tx: &mut Transaction,
    tenant: TenantKey,
    revision: Revision,
    observation: i64,
) -> Result<Vec<Moved>, StoreError> {
    let new = [tenant.0, observation, i64::MAX].map(Scalar::Int);
    let mut moved = assignments(tx, SELECT_OBSERVATIONS, &new).await?;
    let since = [tenant.0, revision.0].map(Scalar::Int);
    moved.extend(assignments(tx, SELECT_REASSIGNED, &since).await?);
    Ok(moved)
}

async fn assignments(
    tx: &mut Transaction,
    sql: &'static str,
    scalars: &[Scalar<'_>],
) -> Result<Vec<Moved>, StoreError> {
    let rows = tx.fetch(sql, scalars).await?;
    rows.iter().map(moved).collect()
}

/// The touchpoints of a text, in the order of their numbers.
fn parse_block(text: &str) -> Result<Vec<Fact>, StoreError> {
    let mut facts = Vec::with_capacity(BLOCK);
    let mut rest = text;
    while !rest.is_empty() {
        let fact;
        (fact, rest) = parse_text(rest)?;
        facts.push(fact);
    }
    facts.sort_unstable_by_key(|fact| fact.no.0);
    Ok(facts)
}

/// The first touchpoint of a text, and what follows it.
fn parse_text(text: &str) -> Result<(Fact, &str), StoreError> {
    let corrupt = || StoreError::Corrupt { what: "touchpoint" };
    let mut fields = text.splitn(8, '\u{1f}');
    let mut field = || fields.next().ok_or_else(corrupt);
    let number = |text: &str| text.parse::<i64>().map_err(|_| corrupt());
    let (no, observation, at) = (number(field()?)?, number(field()?)?, number(field()?)?);
    let (channel, details) = (field()?, field()?);
    let (source_bytes, id_bytes, rest) = (number(field()?)?, number(field()?)?, field()?);
    let (source, rest) = rest.split_at_checked(source_bytes as usize).ok_or_else(corrupt)?;
    let (source_id, rest) = rest.split_at_checked(id_bytes as usize).ok_or_else(corrupt)?;
    let fact = Fact {
        no: TouchpointNo(no),
        observation: (observation != 0).then_some(ObservationNo(observation)),
        source: source.to_owned(),
        source_id: source_id.to_owned(),
        at: Micros(at),
        channel: crate::store::records::costs::channel(channel)?,
        details: crate::store::write::recording::parse_details(details)?,
    };
    Ok((fact, rest))
}
