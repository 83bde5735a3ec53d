//! The tenant's data key. What is stored of contents and of sets of identifiers, so that they can be
//! compared, are hashes under it: who has a copy of one table cannot try values against them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::store::StoreError;

/// Bytes of a keyed hash: 2^64 of them are needed before two meet.
pub(in crate::store) const HASH_BYTES: usize = 16;
pub(in crate::store) type KeyedHash = [u8; HASH_BYTES];

/// Random for each tenant, and never changed.
#[derive(Clone)]
pub struct DataKey(Hmac<Sha256>);

impl DataKey {
    pub(in crate::store) const BYTES: usize = 32;

    /// The key as it is stored.
    pub(in crate::store) fn new(bytes: &[u8]) -> Result<Self, StoreError> {
        let corrupt = StoreError::Corrupt { what: "data key" };
        if bytes.len() != Self::BYTES {
            return Err(corrupt);
        }
        Hmac::new_from_slice(bytes).map(Self).map_err(|_| corrupt)
    }

    /// Of a tenant that is not there: nothing is hashed with it.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self(Hmac::new_from_slice(&[0; Self::BYTES]).expect("a key of any length is one"))
    }

    /// HMAC-SHA-256 of the parts, each of which ends with a byte that it does not contain.
    pub(in crate::store) fn hash<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> KeyedHash {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
            mac.update(&[0]);
        }
        let digest = mac.finalize().into_bytes();
        std::array::from_fn(|i| digest[i])
    }
}

/// Never the key.
impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_the_key_and_of_the_parts() {
        let key = |byte: u8| DataKey::new(&[byte; DataKey::BYTES]).unwrap();
        let hash = |key: &DataKey, parts: &[&str]| key.hash(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(hash(&key(1), &["a", "b"]), hash(&key(1), &["a", "b"]));
        assert_ne!(hash(&key(1), &["a", "b"]), hash(&key(2), &["a", "b"]));
        assert_ne!(hash(&key(1), &["ab"]), hash(&key(1), &["a", "b"]));
        assert_eq!(format!("{:?}", key(1)), "DataKey(..)");
        assert!(DataKey::new(&[1; 31]).is_err());
    }

    /// RFC 4231, test case 1, cut to 16 bytes: keys shorter than a block are filled with zeros.
    #[test]
    fn it_is_hmac_sha_256() {
        let mut bytes = [0; DataKey::BYTES];
        bytes[..20].fill(0x0b);
        let mut mac = DataKey::new(&bytes).unwrap().0;
        mac.update(b"Hi There");
        let digest = mac.finalize().into_bytes();
        assert_eq!(digest[..4], [0xb0, 0x34, 0x4c, 0x61]);
    }
}
