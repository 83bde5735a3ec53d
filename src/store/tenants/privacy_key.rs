//! The deployment's privacy key, kept in a file: it wraps the data keys of the tenants, so that a copy of
//! the database alone says nothing of what was hashed with them. To set or to replace it wraps the
//! keys anew and hashes nothing again.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::model::TenantKey;
use crate::store::StoreError;
use crate::store::driver::{Database, Scalar};
use crate::store::tenants::data_key::DataKey;

/// Tenants at a time.
const PAGE: i64 = 1_000;

const SELECT: &str = "SELECT tenant, data_key FROM tenant WHERE tenant > $1 ORDER BY tenant LIMIT $2";
/// Another process may have done it meanwhile.
const REWRAP: &str = "UPDATE tenant SET data_key = $3 WHERE tenant = $1 AND data_key = $2";

/// 32 bytes of a file.
#[derive(Clone)]
pub struct PrivacyKey(Arc<RandomizedNonceKey>);

/// Never the key.
impl std::fmt::Debug for PrivacyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivacyKey(..)")
    }
}

impl PrivacyKey {
    const BYTES: usize = 32;
    /// Of what it wraps: the nonce, the key, the tag.
    const WRAPPED_BYTES: usize = NONCE_LEN + DataKey::BYTES + 16;

    /// # Errors
    /// When the file cannot be read, or does not have 32 bytes.
    pub fn read(file: &Path) -> std::io::Result<Self> {
        let bytes = std::fs::read(file)?;
        let length = bytes.len();
        if !is_private(file)? {
            tracing::warn!(file = %file.display(), "others may read the privacy key: give it mode 0600");
        }
        Self::of(&bytes).ok_or_else(|| {
            let what = format!("a privacy key has {} bytes, this file {length}", Self::BYTES);
            std::io::Error::new(std::io::ErrorKind::InvalidData, what)
        })
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let bytes = Some(bytes).filter(|bytes| bytes.len() == Self::BYTES)?;
        RandomizedNonceKey::new(&AES_256_GCM, bytes).ok().map(|key| Self(Arc::new(key)))
    }

    /// A data key as it is stored: bound to its tenant, so that no row can lend another's.
    fn wrap(&self, tenant: TenantKey, data_key: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut sealed = data_key.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(tenant.0.to_be_bytes()), &mut sealed);
        let nonce = nonce.map_err(|_| StoreError::NoRandomness)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn unwrap(&self, tenant: TenantKey, wrapped: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = wrapped.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(tenant.0.to_be_bytes()), &mut sealed).ok()?;
        Some(opened.to_vec())
    }
}

#[cfg(unix)]
fn is_private(file: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(file)?.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> std::io::Result<bool> {
    Ok(true)
}

/// The keys that are known: what is wrapped, is wrapped with the present one.
#[derive(Debug, Clone, Default)]
pub struct PrivacyKeys {
    pub present: Option<PrivacyKey>,
    /// One that some data keys may be wrapped with still, or already.
    pub other: Option<PrivacyKey>,
}

impl PrivacyKeys {
    /// A data key as a new tenant's row has it.
    pub(in crate::store) fn wrap(&self, tenant: TenantKey, data_key: &[u8]) -> Result<Vec<u8>, StoreError> {
        match &self.present {
            Some(key) => key.wrap(tenant, data_key),
            None => Ok(data_key.to_vec()),
        }
    }

    /// The data key of a row.
    ///
    /// # Errors
    /// [`StoreError::PrivacyKey`] when it is wrapped with none of the keys that are known.
    pub(in crate::store) fn unwrap(&self, tenant: TenantKey, stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        if stored.len() != PrivacyKey::WRAPPED_BYTES {
            return Ok(stored.to_vec());
        }
        let keys = self.present.iter().chain(&self.other);
        keys.into_iter().find_map(|key| key.unwrap(tenant, stored)).ok_or(StoreError::PrivacyKey)
    }

    /// Whether a row's data key is stored as it is to be.
    fn is_as_told(&self, tenant: TenantKey, stored: &[u8]) -> bool {
        match &self.present {
            Some(key) => key.unwrap(tenant, stored).is_some(),
            None => stored.len() != PrivacyKey::WRAPPED_BYTES,
        }
    }

    /// Wraps the data keys of all tenants with the present key, if there is one.
    ///
    /// # Errors
    /// [`StoreError::PrivacyKey`] when one is wrapped with a key that is not known.
    pub(in crate::store) async fn rewrap(&self, db: &Database) -> Result<(), StoreError> {
        let (mut after, mut wrapped, mut bare) = (0, 0, 0);
        loop {
            let rows = db.read().await?.fetch(SELECT, &[after, PAGE].map(Scalar::Int)).await?;
            let Some(last) = rows.last() else { break };
            after = last.get(0)?;
            for row in rows {
                let (tenant, stored) = (TenantKey(row.get(0)?), row.get::<Vec<u8>>(1)?);
                match self.rewrap_one(db, tenant, &stored).await? {
                    true => wrapped += 1,
                    false => bare += usize::from(self.present.is_none()),
                }
            }
        }
        match (wrapped, bare) {
            (0, 0) => {}
            (0, tenants) => {
                tracing::info!(tenants, "data keys are stored as they are: privacy_key_file would wrap them")
            }
            (tenants, _) => tracing::info!(tenants, "data keys were wrapped with the privacy key"),
        }
        Ok(())
    }

    /// Says whether there was anything to do.
    async fn rewrap_one(&self, db: &Database, tenant: TenantKey, stored: &[u8]) -> Result<bool, StoreError> {
        if self.is_as_told(tenant, stored) {
            return Ok(false);
        }
        let data_key = self.unwrap(tenant, stored)?;
        let Some(key) = &self.present else { return Err(StoreError::PrivacyKey) };
        let anew = key.wrap(tenant, &data_key)?;
        let mut tx = db.write().await?;
        tx.run(REWRAP, &[Scalar::Int(tenant.0), Scalar::Bytes(stored), Scalar::Bytes(&anew)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PrivacyKey {
        PrivacyKey::of(&[byte; PrivacyKey::BYTES]).unwrap()
    }

    #[test]
    fn a_data_key_is_wrapped_for_its_tenant_and_by_its_key() {
        let data_key = [7; DataKey::BYTES];
        let (one, other) = (TenantKey(1), TenantKey(2));
        let wrapped = key(1).wrap(one, &data_key).unwrap();
        assert_eq!(wrapped.len(), PrivacyKey::WRAPPED_BYTES);
        assert_eq!(key(1).unwrap(one, &wrapped).unwrap(), data_key);
        assert_eq!(key(1).unwrap(other, &wrapped), None, "another tenant's row");
        assert_eq!(key(2).unwrap(one, &wrapped), None, "another key");
        assert_ne!(key(1).wrap(one, &data_key).unwrap(), wrapped, "never twice the same");
        assert_eq!(format!("{:?}", key(1)), "PrivacyKey(..)");
    }

    #[test]
    fn a_file_of_another_length_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("privacy.key");
        std::fs::write(&file, [1; 33]).unwrap();
        let error = PrivacyKey::read(&file).unwrap_err().to_string();
        assert!(error.contains("32 bytes, this file 33"), "{error}");
        std::fs::write(&file, [1; 32]).unwrap();
        assert!(PrivacyKey::read(&file).is_ok());
    }
}
