//! Customers as callers see them, by number or by a name, each read in one transaction.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::identity::Rules;
use crate::identity::resolve::IdentifierNo;
use crate::model::{CustomerKind, ObservationNo, Revision, TenantKey};
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::read::rows::parse_shown;
use crate::store::read::views::Whom;
use crate::store::read::{CustomerRecord, Listed, customers};
use crate::store::tenants::revision;
use crate::store::{Store, StoreError};

const FIND_HOLDERS: &str = "WITH v(kind, value, i) AS ({rows}) SELECT v.i, d.holder FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.kind = v.kind AND d.value = v.value";
const SHOW_IDENTIFIERS: &str = "WITH v(identifier) AS ({rows}) \
    SELECT d.identifier, d.kind, d.value, d.holder, d.shared FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.identifier = v.identifier";
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

    /// A customer's view now; `None` where nobody is. Sees all that was committed before the call.
    pub async fn view(
        &self,
        tenant: TenantKey,
        rules: &Arc<Rules>,
        whom: Whom,
    ) -> Result<(Revision, Option<CustomerRecord>), StoreError> {
        match self.views.view(tenant, rules, whom.clone()).await? {
            Some(view) => Ok(view),
            None => {
                let (at, found) = self.views(tenant, rules, &[whom]).await?;
                Ok((at, found.into_iter().next().flatten()))
            }
        }
    }

    /// Customers' views now, in one transaction; `None` where nobody is.
    pub async fn views(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        whom: &[Whom],
    ) -> Result<(Revision, Vec<Option<CustomerRecord>>), StoreError> {
        let mut tx = self.db.read().await?;
        let at = revision(&mut tx, tenant).await?;
        let mut named = (Vec::new(), Vec::new(), Vec::new());
        let mut numbers: Vec<Option<ObservationNo>> = Vec::with_capacity(whom.len());
        for (i, one) in (0..).zip(whom) {
            numbers.push(match one {
                Whom::Observation(no) => Some(*no),
                Whom::Identifier(identifier) => {
                    named.0.push(identifier.kind.as_str());
                    named.1.push(identifier.value.as_str());
                    named.2.push(i);
                    None
                }
            });
        }
        let columns = [Column::Text(named.0), Column::Text(named.1), Column::Int(named.2)];
        for row in tx.fetch_bulk(FIND_HOLDERS, &[Scalar::Int(tenant.0)], &columns).await? {
            numbers[row.get::<i64>(0)? as usize] = row.get::<Option<i64>>(1)?.map(ObservationNo);
        }
        let asked: Vec<ObservationNo> = numbers.iter().copied().flatten().collect();
        let mut found = records(&mut tx, tenant, rules, &asked).await?.into_iter();
        let each = numbers.into_iter().map(|no| no.and_then(|_| found.next().flatten()));
        Ok((at, each.collect()))
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
    let seen = found.iter().flatten().flat_map(|f| &f.members).flat_map(|m| &m.identifiers);
    let linked = found.iter().flatten().flat_map(|f| &f.links).map(|linked| &linked.no);
    let mut numbers: Vec<i64> = seen.chain(linked).map(|no| no.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut identifiers = FxHashMap::default();
    let scalars = [Scalar::Int(tenant.0)];
    for row in tx.fetch_bulk(SHOW_IDENTIFIERS, &scalars, &[Column::Int(numbers)]).await? {
        identifiers.insert(IdentifierNo(row.get(0)?), parse_shown(&row, 1, rules)?);
    }
    Ok(found.into_iter().map(|f| f.map(|f| f.into_record(&identifiers))).collect())
}
