//! Mutations that may be sent again: by their request's id.

use crate::model::{Revision, TenantKey};
use crate::store::StoreError;
use crate::store::driver::{Scalar, Transaction};

/// Identifies a mutation: sent again with the same id and content it changes nothing.
#[derive(Debug, Clone)]
pub struct Request {
    pub id: String,
    pub payload_hash: [u8; 16],
}

const FIND_REQUEST: &str = "SELECT payload_hash, revision FROM request WHERE tenant = $1 AND request_id = $2";
const INSERT_REQUEST: &str =
    "INSERT INTO request (tenant, request_id, payload_hash, revision) VALUES ($1, $2, $3, $4)";

/// The revision at which the same request was carried out before; otherwise notes that it is
/// carried out at this one.
pub(in crate::store) async fn begin_request(
    tx: &mut Transaction,
    tenant: TenantKey,
    request: &Request,
    revision: Revision,
) -> Result<Option<Revision>, StoreError> {
    let key = [Scalar::Int(tenant.0), Scalar::Text(&request.id)];
    if let Some(row) = tx.fetch_one(FIND_REQUEST, &key).await? {
        let same = row.get::<Vec<u8>>(0)? == request.payload_hash;
        return if same { Ok(Some(Revision(row.get(1)?))) } else { Err(StoreError::RequestIdReused) };
    }
    let noted = [key[0], key[1], Scalar::Bytes(&request.payload_hash), Scalar::Int(revision.0)];
    tx.run(INSERT_REQUEST, &noted).await?;
    Ok(None)
}
