//! Which identifiers of what was recorded do not link there, although they do by themselves.

use rustc_hash::FxHashSet;

use crate::model::{Identifier, KindName, TenantKey};
use crate::store::driver::{Column, Row, Scalar};
use crate::store::read::conflicts::Why;
use crate::store::write::content::set_hash;
use crate::store::{Store, StoreError};

/// An identifier that does not link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptOut {
    /// In which of the asked-for sets.
    pub set: usize,
    pub identifier: Identifier,
    /// Why not there; `None`: it is shared, so it links nowhere.
    pub why: Option<Why>,
}

/// What was in conflict and is not held where it was seen.
const IN_CONFLICT: &str = "WITH v(set_hash, i) AS ({rows}) SELECT v.i, d.kind, d.value, c.reason \
    FROM v CROSS JOIN observation o \
    JOIN conflict c ON c.tenant = o.tenant AND c.observation = o.observation \
    JOIN identifier d ON d.tenant = c.tenant AND d.identifier = c.identifier \
    WHERE o.tenant = $1 AND o.set_hash = v.set_hash AND d.shared = 0 \
    AND (d.holder IS NULL OR d.holder <> o.customer)";
const SHARED: &str = "WITH v(kind, value) AS ({rows}) SELECT d.kind, d.value FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.kind = v.kind AND d.value = v.value AND d.shared = 1";

impl Store {
    /// What does not link of sets of identifiers that were recorded.
    pub async fn kept_out(
        &self,
        tenant: TenantKey,
        mut sets: Vec<Vec<Identifier>>,
    ) -> Result<Vec<KeptOut>, StoreError> {
        for set in &mut sets {
            set.sort_unstable();
            set.dedup();
        }
        let mut tx = self.db.read().await?;
        let key = self.tenants.data_key(&mut tx, tenant).await?;
        let hashes: Vec<_> = sets.iter().map(|set| set_hash(&key, set)).collect();
        let scalars = [Scalar::Int(tenant.0)];
        let columns = [
            Column::Bytes(hashes.iter().map(<[u8; 16]>::as_slice).collect()),
            Column::Int((0..sets.len() as i64).collect()),
        ];
        let mut kept_out = Vec::new();
        for row in tx.fetch_bulk(IN_CONFLICT, &scalars, &columns).await? {
            let set = row.get::<i64>(0)? as usize;
            let why = Why::parse(&row.get::<String>(3)?);
            if why.is_some() {
                kept_out.push(KeptOut { set, identifier: read_identifier(&row, 1)?, why });
            }
        }
        let mut all: Vec<&Identifier> = sets.iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        let columns = [
            Column::Text(all.iter().map(|identifier| identifier.kind.as_str()).collect()),
            Column::Text(all.iter().map(|identifier| identifier.value.as_str()).collect()),
        ];
        let rows = tx.fetch_bulk(SHARED, &scalars, &columns).await?;
        let shared = rows.iter().map(|row| read_identifier(row, 0));
        let shared: FxHashSet<Identifier> = shared.collect::<Result<_, _>>()?;
        for (set, identifiers) in sets.iter().enumerate() {
            let among = identifiers.iter().filter(|identifier| shared.contains(identifier));
            kept_out.extend(among.map(|one| KeptOut { set, identifier: one.clone(), why: None }));
        }
        Ok(kept_out)
    }
}

fn read_identifier(row: &Row, column: usize) -> Result<Identifier, StoreError> {
    let kind = KindName::parse(&row.get::<String>(column)?).ok_or(StoreError::Corrupt { what: "kind" })?;
    Ok(Identifier { kind, value: row.get(column + 1)? })
}
