//! The names of touchpoints by their numbers.

use std::collections::HashMap;

use crate::model::{TenantKey, TouchKey};
use crate::store::driver::{Column, Scalar};
use crate::store::{Store, StoreError};

const SELECT_KEYS: &str = "WITH v(touchpoint) AS ({rows}) SELECT t.touchpoint, t.source, t.source_id \
    FROM v CROSS JOIN touchpoint t WHERE t.tenant = $1 AND t.touchpoint = v.touchpoint";

impl Store {
    /// Source and source id of touchpoints.
    pub async fn touchpoint_keys(
        &self,
        tenant: TenantKey,
        numbers: Vec<i64>,
    ) -> Result<HashMap<i64, TouchKey>, StoreError> {
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let mut tx = self.db.read().await?;
        let rows = tx.fetch_bulk(SELECT_KEYS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await?;
        let key = |row: &crate::store::driver::Row| {
            Ok((row.get(0)?, TouchKey { source: row.get(1)?, source_id: row.get(2)? }))
        };
        rows.iter().map(key).collect()
    }
}
