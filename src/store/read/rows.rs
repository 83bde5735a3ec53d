//! Rows of touchpoints turned into touchpoints.

use rustc_hash::FxHashMap;

use crate::identity::Rules;
use crate::identity::resolve::IdentifierNo;
use crate::model::{
    Identifier, Micros, ObservationNo, Revision, TenantKey, TouchKey, Touchpoint, TouchpointNo,
};
use crate::store::StoreError;
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::read::{Member, Shown, StoredTouchpoint};
use crate::store::write::identities::{kind_index, read_numbers};
use crate::store::write::recording::decode_summary;
use crate::store::write::stretches::{self, Span, Stretches};
use crate::store::write::versions::unlinked;

/// Touchpoints from rows of `touchpoint_columns!`, with the names of their identifiers.
pub(in crate::store) async fn parse_touchpoints(
    tx: &mut Transaction,
    tenant: TenantKey,
    rows: &[Row],
) -> Result<Vec<StoredTouchpoint>, StoreError> {
    let mut numbers = Vec::new();
    for row in rows {
        if let Some(list) = row.get::<Option<String>>(8)? {
            numbers.extend(read_numbers(&list)?.into_iter().map(|no| no.0));
        }
    }
    let identifiers = name_identifiers(tx, tenant, numbers).await?;
    let mut divided = Vec::new();
    for row in rows {
        if row.get::<Option<i64>>(11)?.unwrap_or(0) != 0 {
            divided.extend(row.get::<Option<i64>>(10)?.map(ObservationNo));
        }
    }
    let cut = match divided.is_empty() {
        true => Stretches::default(),
        false => stretches::load_all(tx, tenant, divided.into_iter()).await?,
    };
    rows.iter().map(|row| parse_touchpoint(row, &identifiers, &cut)).collect()
}

/// The identifiers of those numbers.
pub(in crate::store) async fn name_identifiers(
    tx: &mut Transaction,
    tenant: TenantKey,
    mut numbers: Vec<i64>,
) -> Result<FxHashMap<IdentifierNo, Identifier>, StoreError> {
    numbers.sort_unstable();
    numbers.dedup();
    let mut identifiers = FxHashMap::default();
    for row in tx.fetch_bulk(NAME_IDENTIFIERS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await? {
        let kind = crate::model::KindName::parse(&row.get::<String>(1)?);
        let kind = kind.ok_or(StoreError::Corrupt { what: "identifier kind" })?;
        identifiers.insert(IdentifierNo(row.get(0)?), Identifier { kind, value: row.get(2)? });
    }
    Ok(identifiers)
}

const NAME_IDENTIFIERS: &str = "WITH v(identifier) AS ({rows}) \
    SELECT d.identifier, d.kind, d.value FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.identifier = v.identifier";

fn parse_touchpoint(
    row: &Row,
    names: &FxHashMap<IdentifierNo, Identifier>,
    cut: &Stretches,
) -> Result<StoredTouchpoint, StoreError> {
    let home = row.get::<Option<i64>>(7)?.map(ObservationNo);
    let observation = row.get::<Option<i64>>(10)?.map(ObservationNo);
    let at = Micros(row.get(4)?);
    let details: String = row.get(6)?;
    let numbers = row.get::<Option<String>>(8)?.map(|list| read_numbers(&list)).transpose()?;
    let reason: Option<String> = row.get(9)?;
    let is_taken_back = row.get::<Option<i64>>(14)?.is_some();
    let superseded = row.get::<Option<i64>>(13)? == Some(1);
    let identifiers = match numbers {
        Some(numbers) => numbers.into_iter().filter_map(|no| names.get(&no).cloned()).collect(),
        None if superseded => unlinked(&details)?,
        None => Vec::new(),
    };
    Ok(StoredTouchpoint {
        no: TouchpointNo(row.get(0)?),
        revision: Revision(row.get(1)?),
        customer: home.zip(observation).map(|(home, no)| stretches::owner_at(cut, no, home, at)),
        version: row.get(12)?,
        superseded,
        voided: reason.filter(|_| !superseded || is_taken_back),
        observation,
        touchpoint: Touchpoint {
            key: TouchKey { source: row.get(2)?, source_id: row.get(3)? },
            at,
            channel: crate::store::records::costs::channel(&row.get::<String>(5)?)?,
            identifiers,
            details: crate::store::write::recording::parse_details(&details)?,
        },
    })
}

/// An observation, its identifiers, source, source id and summary, from that column on.
pub(in crate::store) fn parse_member(row: &Row, column: usize) -> Result<Member, StoreError> {
    let observation = ObservationNo(row.get(column)?);
    let summary = row.get::<Option<Vec<u8>>>(column + 4)?.map(|bytes| decode_summary(&bytes)).transpose()?;
    Ok(Member {
        no: observation,
        identifiers: read_numbers(&row.get::<String>(column + 1)?)?,
        first_key: TouchKey { source: row.get(column + 2)?, source_id: row.get(column + 3)? },
        summary: summary.unwrap_or_default(),
        spans: vec![Span { observation, from: Micros::MIN, until: Micros::MAX }],
    })
}

/// An identifier's kind, value, holder, and whether it is shared, from that column on.
pub(in crate::store) fn parse_shown(row: &Row, column: usize, rules: &Rules) -> Result<Shown, StoreError> {
    Ok(Shown {
        kind: kind_index(rules, &row.get::<String>(column)?)?,
        value: row.get(column + 1)?,
        holder: row.get::<Option<i64>>(column + 2)?.map(ObservationNo),
        shared: row.get::<i64>(column + 3)? != 0,
    })
}

/// A list that LIKE can search: `,a,b,`, or nothing.
pub(in crate::store) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { String::new() } else { format!(",{},", names.join(",")) }
}
