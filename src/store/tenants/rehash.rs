//! Makes the keys of identifier sets anew, of databases from before they were made with the tenant's
//! own key: once, when the database is opened, and each tenant in one transaction. A crash begins
//! that tenant again; a second replica waits and finds it done.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::resolve::IdentifierNo;
use crate::model::{Identifier, TenantKey, TouchKey};
use crate::store::StoreError;
use crate::store::driver::{Column, Database, Scalar, Transaction};
use crate::store::read::rows::name_identifiers;
use crate::store::tenants::data_key::{DataKey, KeyedHash};
use crate::store::write::content::set_hash;
use crate::store::write::identities::read_numbers;
use crate::store::write::stretches::release_set;

/// Observations at a time.
const PAGE: i64 = 10_000;

const UNHASHED: &str = "SELECT tenant FROM tenant WHERE sets_hashed = 0 ORDER BY tenant";
/// Takes the tenant's row, so that one process does it.
const TAKE: &str =
    "UPDATE tenant SET sets_hashed = 1 WHERE tenant = $1 AND sets_hashed = 0 RETURNING data_key";
/// A must-link is found by its decision and never by its set.
const LINKS: &str =
    "SELECT observation FROM identity_constraint WHERE tenant = $1 AND observation IS NOT NULL";
const OBSERVATIONS: &str = "SELECT observation, identifiers, releases, first_source, first_source_id \
    FROM observation WHERE tenant = $1 AND observation > $2 ORDER BY observation LIMIT $3";
const SET_HASHES: &str = "WITH v(observation, set_hash) AS ({rows}) \
    UPDATE observation SET set_hash = v.set_hash FROM v \
    WHERE observation.tenant = $1 AND observation.observation = v.observation";

pub(in crate::store) async fn rehash(db: &Database) -> Result<(), StoreError> {
    let mut tx = db.read().await?;
    let unhashed = tx.fetch(UNHASHED, &[]).await?;
    drop(tx);
    for row in unhashed {
        let tenant = TenantKey(row.get(0)?);
        let mut tx = db.write().await?;
        let Some(row) = tx.fetch_one(TAKE, &[Scalar::Int(tenant.0)]).await? else { continue };
        let key = DataKey::new(&row.get::<Vec<u8>>(0)?)?;
        let observations = rehash_tenant(&mut tx, tenant, &key).await?;
        tx.commit().await?;
        tracing::info!(observations, "the keys of a tenant's identifier sets were made anew");
    }
    Ok(())
}

async fn rehash_tenant(tx: &mut Transaction, tenant: TenantKey, key: &DataKey) -> Result<usize, StoreError> {
    let mut links = FxHashSet::default();
    for row in tx.fetch(LINKS, &[Scalar::Int(tenant.0)]).await? {
        links.insert(row.get::<i64>(0)?);
    }
    let (mut after, mut done) = (0, 0);
    loop {
        let rows = tx.fetch(OBSERVATIONS, &[tenant.0, after, PAGE].map(Scalar::Int)).await?;
        let Some(last) = rows.last() else { return Ok(done) };
        after = last.get(0)?;
        let mut sets = Vec::with_capacity(rows.len());
        for row in &rows {
            sets.push(read_numbers(&row.get::<String>(1)?)?);
        }
        let numbers = sets.iter().flatten().map(|no| no.0).collect();
        let names = name_identifiers(tx, tenant, numbers).await?;
        let mut hashed: Vec<(i64, KeyedHash)> = Vec::with_capacity(rows.len());
        for (row, numbers) in rows.iter().zip(&sets) {
            let no: i64 = row.get(0)?;
            if links.contains(&no) {
                continue;
            }
            let identifiers = named(&names, numbers)?;
            let hash = match identifiers.as_slice() {
                [released] if row.get::<i64>(2)? != 0 => {
                    let logout = TouchKey { source: row.get(3)?, source_id: row.get(4)? };
                    release_set(key, released, &logout, 0)
                }
                _ => set_hash(key, &identifiers),
            };
            hashed.push((no, hash));
        }
        let columns = [
            Column::Int(hashed.iter().map(|(no, _)| *no).collect()),
            Column::Bytes(hashed.iter().map(|(_, hash)| hash.as_slice()).collect()),
        ];
        tx.run_bulk(SET_HASHES, &[Scalar::Int(tenant.0)], &columns).await?;
        done += hashed.len();
    }
}

/// A set, sorted as sets are when they arrive.
fn named(
    names: &FxHashMap<IdentifierNo, Identifier>,
    numbers: &[IdentifierNo],
) -> Result<Vec<Identifier>, StoreError> {
    let name = |no| names.get(no).cloned().ok_or(StoreError::Corrupt { what: "identifier" });
    let mut identifiers = numbers.iter().map(name).collect::<Result<Vec<_>, _>>()?;
    identifiers.sort_unstable();
    Ok(identifiers)
}
