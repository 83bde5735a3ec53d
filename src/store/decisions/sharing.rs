//! Identifiers that link nothing, and what they would otherwise connect.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::batch::Claims;
use crate::identity::resolve::IdentifierNo;
use crate::model::{Identifier, KindName, Revision, TenantKey};
use crate::store::driver::Scalar;
use crate::store::tenants::revision;
use crate::store::write::identities::read_claims;
use crate::store::{Store, StoreError};

/// Observations that are counted of one shared identifier; they may be any number.
pub const COUNTED: usize = 1_000;

/// An identifier that links nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedIdentifier {
    pub no: IdentifierNo,
    pub identifier: Identifier,
    /// As counted until it became shared.
    pub claims: Claims,
    /// A person said so.
    pub decided: bool,
    /// Observations that contain it, at most [`COUNTED`].
    pub observations: usize,
    /// The customers of those.
    pub customers: usize,
}

const LIST: &str = "SELECT identifier, kind, value, claims, sharing FROM identifier \
    WHERE tenant = $1 AND identifier > $2 AND shared = 1 ORDER BY identifier LIMIT $3";
const EFFECT: &str = "SELECT * FROM (SELECT s.identifier, o.observation, o.customer FROM sighting s \
    JOIN observation o ON o.tenant = s.tenant AND o.observation = s.observation \
    WHERE s.tenant = $1 AND s.identifier = {0} AND o.live = 1 ORDER BY s.observation LIMIT $2) b";

impl Store {
    /// A page of shared identifiers, by number.
    pub async fn shared_identifiers(
        &self,
        tenant: TenantKey,
        after: IdentifierNo,
        size: i64,
    ) -> Result<(Revision, Vec<SharedIdentifier>), StoreError> {
        let mut tx = self.db.read().await?;
        let revision = revision(&mut tx, tenant).await?;
        let rows = tx.fetch(LIST, &[tenant.0, after.0, size].map(Scalar::Int)).await?;
        let numbers =
            rows.iter().map(|row| row.get(0).map(|no| [no])).collect::<Result<Vec<[i64; 1]>, _>>()?;
        let mut effects: FxHashMap<i64, (usize, FxHashSet<i64>)> = FxHashMap::default();
        let counted = i64::try_from(COUNTED).unwrap_or(i64::MAX);
        for row in tx.fetch_union(EFFECT, &[tenant.0, counted].map(Scalar::Int), &numbers).await? {
            let effect = effects.entry(row.get(0)?).or_default();
            effect.0 += 1;
            effect.1.insert(row.get(2)?);
        }
        let mut shared = Vec::with_capacity(rows.len());
        for row in &rows {
            let kind = KindName::parse(&row.get::<String>(1)?);
            let kind = kind.ok_or(StoreError::Corrupt { what: "identifier kind" })?;
            let no: i64 = row.get(0)?;
            let (observations, customers) = effects.remove(&no).unwrap_or_default();
            shared.push(SharedIdentifier {
                no: IdentifierNo(no),
                identifier: Identifier { kind, value: row.get(2)? },
                claims: read_claims(&row.get::<String>(3)?)?,
                decided: row.get::<Option<i64>>(4)? == Some(1),
                observations,
                customers: customers.len(),
            });
        }
        Ok((revision, shared))
    }
}
