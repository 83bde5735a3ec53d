//! Tenants as administrators see them, and the end of one: everything that it has goes, in one
//! transaction that counts what went and what is left.

use sqlx::AssertSqlSafe;

use crate::access::StoredTenant;
use crate::access::directory::{Quota, TenantState};
use crate::model::{Micros, Revision, TenantName};
use crate::store::driver::{Row, Scalar, Transaction};
use crate::store::tenants::access::{NEXT_EPOCH, keep};
use crate::store::{AccessChange, Store, StoreError};

/// A tenant that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTenant {
    pub name: TenantName,
    pub revision: Revision,
    /// Ever recorded.
    pub touchpoints: i64,
}

/// What was deleted of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedTenant {
    /// Rows by table, empty ones left out.
    pub rows: Vec<(String, u64)>,
    pub left: u64,
}

const LIST: &str =
    "SELECT name, revision, next_touchpoint - 1 FROM tenant WHERE name > $1 ORDER BY name LIMIT $2";
const ONE: &str = "SELECT name, revision, next_touchpoint - 1 FROM tenant WHERE name = $1";
const KEY: &str = "SELECT tenant FROM tenant WHERE name = $1";
const TABLES_SQLITE: &str = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND c.name = 'tenant' ORDER BY m.name";
const TABLES_POSTGRES: &str = "SELECT c.table_name::text FROM information_schema.columns c \
    JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
    WHERE c.table_schema = current_schema() AND c.column_name = 'tenant' AND t.table_type = 'BASE TABLE' \
    ORDER BY c.table_name";

impl Store {
    /// Tenants after a name, in the order of names.
    pub async fn tenants(&self, after: &str, limit: usize) -> Result<Vec<ListedTenant>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut tx = self.db.read().await?;
        let rows = tx.fetch(LIST, &[Scalar::Text(after), Scalar::Int(limit)]).await?;
        rows.iter().map(listed).collect()
    }

    /// One tenant, as lists show it.
    pub async fn listed_tenant(&self, name: &TenantName) -> Result<Option<ListedTenant>, StoreError> {
        let mut tx = self.db.read().await?;
        tx.fetch_one(ONE, &[Scalar::Text(name.as_str())]).await?.as_ref().map(listed).transpose()
    }

    /// Deletes all that a tenant has; `None` if there is no such tenant. Its name is kept as deleted.
    pub async fn delete_tenant(
        &self,
        name: &TenantName,
        now: Micros,
    ) -> Result<Option<DeletedTenant>, StoreError> {
        let mut tx = self.db.write().await?;
        tx.run(NEXT_EPOCH, &[]).await?;
        let Some(row) = tx.fetch_one(KEY, &[Scalar::Text(name.as_str())]).await? else { return Ok(None) };
        let tenant: i64 = row.get(0)?;
        let tables = tables(&mut tx).await?;
        let mut rows = Vec::new();
        for table in &tables {
            match count(&mut tx, &format!("DELETE FROM {table} WHERE tenant = $1"), tenant).await? {
                0 => {}
                deleted => rows.push((table.clone(), deleted)),
            }
        }
        let mut left = 0;
        for table in &tables {
            // A statement that changes nothing, and says how many rows there are to change.
            let counting = format!("UPDATE {table} SET tenant = tenant WHERE tenant = $1");
            left += count(&mut tx, &counting, tenant).await?;
        }
        let state = TenantState::Deleted;
        let gone = StoredTenant { name: name.clone(), state, since_us: now.0, quota: Quota::default() };
        keep(&mut tx, &AccessChange::Tenant(gone)).await?;
        tx.commit().await?;
        Ok(Some(DeletedTenant { rows, left }))
    }
}

fn listed(row: &Row) -> Result<ListedTenant, StoreError> {
    let name = row.text(0)?.and_then(TenantName::parse);
    let name = name.ok_or(StoreError::Corrupt { what: "a tenant's name" })?;
    Ok(ListedTenant { name, revision: Revision(row.get(1)?), touchpoints: row.get(2)? })
}

/// Every table that has rows of tenants, those of later versions included.
async fn tables(tx: &mut Transaction) -> Result<Vec<String>, StoreError> {
    let text = match tx {
        Transaction::Sqlite(_) => TABLES_SQLITE,
        Transaction::Postgres(_) => TABLES_POSTGRES,
    };
    tx.fetch(text, &[]).await?.iter().map(|row| row.get(0)).collect()
}

/// Runs a statement about one tenant; answers how many rows it changed.
async fn count(tx: &mut Transaction, text: &str, tenant: i64) -> Result<u64, StoreError> {
    let text = AssertSqlSafe(text.to_owned());
    Ok(match tx {
        Transaction::Sqlite(tx) => sqlx::query(text).bind(tenant).execute(&mut **tx).await?.rows_affected(),
        Transaction::Postgres(tx) => sqlx::query(text).bind(tenant).execute(&mut **tx).await?.rows_affected(),
    })
}
