//! Scoring runs: what they left, as documents that the port writes and reads.

use crate::model::{Revision, TenantKey};
use crate::store::driver::{Column, Scalar};
use crate::store::write::idempotency::Request;
use crate::store::{Store, StoreError};

const INSERT_SCORING: &str = "WITH v(document) AS ({rows}) \
    INSERT INTO scoring (tenant, revision, document) SELECT $1, $2, v.document FROM v WHERE true";
const LATEST_SCORING: &str = "SELECT s.revision, s.document FROM scoring s \
    WHERE s.tenant = $1 ORDER BY s.tenant DESC, s.revision DESC LIMIT 1";

impl Store {
    /// Keeps what a scoring run left; it holds from this revision on.
    ///
    /// # Errors
    /// [`StoreError::RequestIdReused`] when the request id came with another content.
    pub async fn keep_scoring(
        &self,
        tenant: TenantKey,
        request: Option<Request>,
        document: &str,
    ) -> Result<Revision, StoreError> {
        self.mutate(tenant, request, &[INSERT_SCORING], &[Column::Text(vec![document])]).await
    }

    /// The scoring run that holds, and since which revision.
    pub async fn scoring(&self, tenant: TenantKey) -> Result<Option<(Revision, String)>, StoreError> {
        let mut tx = self.db.read().await?;
        let row = tx.fetch_one(LATEST_SCORING, &[Scalar::Int(tenant.0)]).await?;
        row.map(|row| Ok((Revision(row.get(0)?), row.get(1)?))).transpose()
    }
}
