//! Customers as callers see them, by number or by a name, each read in one transaction.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::driver::{Column, Scalar, Transaction};
use super::identities::{self, HOLDER, HOLDER_BEGINS, read_identifier};
use super::read::{CustomerRecord, Found, Listed, Member, customers};
use super::rows::parse_member_from;
use super::tenants::revision;
use super::{Store, StoreError};
use crate::identity::Rules;
use crate::model::{CustomerKind, Identifier, ObservationNo, Revision, TenantKey};

/// With the revision, so that it needs no statement of its own.
const FIND_HOLDERS: &str = "WITH v(kind, value, i) AS ({rows}) \
    SELECT v.i, t.revision, d.holder FROM v CROSS JOIN tenant t \
    LEFT JOIN identifier d ON d.tenant = t.tenant AND d.kind = v.kind AND d.value = v.value WHERE t.tenant = $1";
const LIST_CUSTOMERS: &str = "SELECT customer FROM customer WHERE tenant = $1 AND customer > $2 \
    AND registered >= $3 AND registered <= $4 ORDER BY customer LIMIT $5";

impl Store {
    /// The customers that observations belong to now; `None` where there is no such observation.
    pub async fn customers(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        observations: &[ObservationNo],
    ) -> Result<(Revision, Vec<Option<CustomerRecord>>), StoreError> {
        let mut tx = self.db.read().await?;
        let revision = revision(&mut tx, tenant).await?;
        Ok((revision, records(&mut tx, tenant, rules, observations).await?))
    }

    /// The customers that hold identifiers now; `None` where nobody does.
    pub async fn holders(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        identifiers: &[Identifier],
    ) -> Result<(Revision, Vec<Option<CustomerRecord>>), StoreError> {
        if let [one] = identifiers
            && let Some((at, found)) = self.holder(tenant, rules, one).await?
        {
            return Ok((at, vec![found]));
        }
        let mut tx = self.db.read().await?;
        let columns = [
            Column::Text(identifiers.iter().map(|one| one.kind.as_str()).collect()),
            Column::Text(identifiers.iter().map(|one| one.value.as_str()).collect()),
            Column::Int((0..identifiers.len() as i64).collect()),
        ];
        let mut at = Revision(0);
        let mut holders = vec![None; identifiers.len()];
        for row in tx.fetch_bulk(FIND_HOLDERS, &[Scalar::Int(tenant.0)], &columns).await? {
            at = Revision(row.get(1)?);
            holders[row.get::<i64>(0)? as usize] = row.get::<Option<i64>>(2)?.map(ObservationNo);
        }
        let named: Vec<ObservationNo> = holders.iter().copied().flatten().collect();
        let mut found = records(&mut tx, tenant, rules, &named).await?.into_iter();
        let each = holders.into_iter().map(|holder| holder.and_then(|_| found.next().flatten()));
        Ok((at, each.collect()))
    }

    /// The customer that holds an identifier, and the revision; `None` where that needs more than one
    /// statement.
    async fn holder(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        identifier: &Identifier,
    ) -> Result<Option<(Revision, Option<CustomerRecord>)>, StoreError> {
        let row = [Column::Text(vec![identifier.kind.as_str()]), Column::Text(vec![&identifier.value])];
        let rows = self.db.fetch_alone(HOLDER, &[Scalar::Int(tenant.0)], &row).await?;
        let Some(first) = rows.first() else { return Ok(Some((Revision(0), None))) };
        let at = Revision(first.get(HOLDER_BEGINS)?);
        let customer = first.get::<Option<i64>>(HOLDER_BEGINS + 1)?;
        let registered = first.get::<Option<i64>>(HOLDER_BEGINS + 2)?;
        let (Some(customer), Some(registered)) = (customer, registered) else { return Ok(Some((at, None))) };
        if first.get::<Option<i64>>(HOLDER_BEGINS + 3)? != Some(0) {
            return Ok(None);
        }
        let kind = if registered == 0 { CustomerKind::Anonymous } else { CustomerKind::Registered };
        let mut members: FxHashMap<i64, Member> = FxHashMap::default();
        let mut identifiers = FxHashMap::default();
        for row in &rows {
            let Some(observation) = row.get::<Option<i64>>(HOLDER_BEGINS + 4)? else { continue };
            let is_summed = row.get::<Option<Vec<u8>>>(HOLDER_BEGINS + 8)?.is_some();
            if !is_summed && row.get::<i64>(HOLDER_BEGINS + 9)? == 0 {
                continue;
            }
            if let Entry::Vacant(new) = members.entry(observation) {
                new.insert(parse_member_from(row, HOLDER_BEGINS + 4)?);
            }
            if row.get::<Option<i64>>(0)?.is_some() {
                let (no, stored) = read_identifier(row, rules)?;
                identifiers.insert(no, stored);
            }
        }
        let mut members: Vec<Member> = members.into_values().collect();
        members.sort_unstable_by_key(|member| member.no);
        let found = Found { customer: ObservationNo(customer), kind, members };
        Ok(Some((at, Some(found.into_record(&identifiers)))))
    }

    /// A page of customers, by number, optionally of one kind.
    pub async fn list_customers(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        kind: Option<CustomerKind>,
        after: Option<ObservationNo>,
        size: i64,
    ) -> Result<Listed<CustomerRecord>, StoreError> {
        let mut tx = self.db.read().await?;
        let revision = revision(&mut tx, tenant).await?;
        let (least, most) = match kind {
            None => (0, 1),
            Some(CustomerKind::Anonymous) => (0, 0),
            Some(CustomerKind::Registered) => (1, 1),
        };
        let scalars = [tenant.0, after.map_or(0, |no| no.0), least, most, size].map(Scalar::Int);
        let rows = tx.fetch(LIST_CUSTOMERS, &scalars).await?;
        let listed: Vec<ObservationNo> =
            rows.iter().map(|row| row.get(0).map(ObservationNo)).collect::<Result<_, _>>()?;
        let records = records(&mut tx, tenant, rules, &listed).await?;
        Ok(Listed { revision, entries: records.into_iter().flatten().collect() })
    }
}

/// The customers that observations belong to now, in one transaction.
async fn records(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    observations: &[ObservationNo],
) -> Result<Vec<Option<CustomerRecord>>, StoreError> {
    let found = customers(tx, tenant, observations).await?;
    let mut numbers: Vec<i64> =
        found.iter().flatten().flat_map(|f| &f.members).flat_map(|m| &m.identifiers).map(|no| no.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut identifiers = FxHashMap::default();
    let scalars = [Scalar::Int(tenant.0)];
    for row in tx.fetch_bulk(identities::LOAD_IDENTIFIERS, &scalars, &[Column::Int(numbers)]).await? {
        let (no, stored) = read_identifier(&row, rules)?;
        identifiers.insert(no, stored);
    }
    Ok(found.into_iter().map(|f| f.map(|f| f.into_record(&identifiers))).collect())
}
