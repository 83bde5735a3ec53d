//! API keys: `c360_<s|p|a>_<id>_<secret>_<check>`. Prefix and check sum let scanners of secrets find
//! them without a doubt; the id is looked up, the secret is known only as its SHA-256.

use aws_lc_rs::{constant_time, rand};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What every API key begins with; other bearers are tokens.
pub const KEY_PREFIX: &str = "c360_";
const ID_CHARACTERS: usize = 12;
/// 43 of 62 values are 256 bits.
const SECRET_CHARACTERS: usize = 43;
const CHECK_CHARACTERS: usize = 6;
const TEXT_BYTES: usize = KEY_PREFIX.len() + 2 + ID_CHARACTERS + 1 + SECRET_CHARACTERS + 1 + CHECK_CHARACTERS;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Kept by a server.
    Secret,
    /// In every browser: it may write anonymous touches, and is told nothing.
    Public,
    /// For people who administer.
    Admin,
}

impl KeyKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Public => "public",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Secret, Self::Public, Self::Admin].into_iter().find(|kind| kind.name() == name)
    }

    const fn letter(self) -> char {
        match self {
            Self::Secret => 's',
            Self::Public => 'p',
            Self::Admin => 'a',
        }
    }
}

/// SHA-256 of a secret: no salt, for the secret has 256 random bits.
pub type SecretHash = [u8; 32];

/// A key's parts as presented. It has no `Debug` that would show the secret.
pub struct KeyText<'a> {
    pub letter: char,
    pub id: &'a str,
    secret: &'a str,
}

/// Where random bytes could not be had.
#[derive(Debug, thiserror::Error)]
#[error("the machine gives no random bytes")]
pub struct NoRandomness;

impl<'a> KeyText<'a> {
    /// The parts of a well-formed key; `None` if it is none, or was mistyped.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() != TEXT_BYTES || !text.is_ascii() {
            return None;
        }
        let (body, check) = text.split_at(TEXT_BYTES - CHECK_CHARACTERS);
        let body = body.strip_suffix('_')?;
        if check_sum(body) != check {
            return None;
        }
        let mut parts = body.strip_prefix(KEY_PREFIX)?.split('_');
        let letter = parts.next()?.chars().next()?;
        let (id, secret) = (parts.next()?, parts.next()?);
        let well_formed = parts.next().is_none()
            && id.len() == ID_CHARACTERS
            && secret.len() == SECRET_CHARACTERS
            && [id, secret].iter().all(|part| part.bytes().all(|c| c.is_ascii_alphanumeric()));
        well_formed.then_some(Self { letter, id, secret })
    }

    /// What is compared and stored.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        Sha256::digest(self.secret.as_bytes()).into()
    }

    #[must_use]
    pub fn is_of(&self, kind: KeyKind) -> bool {
        self.letter == kind.letter()
    }
}

/// Whether two hashes are equal, in a time that says nothing of where they differ.
#[must_use]
pub fn equal(a: &SecretHash, b: &SecretHash) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// A key that was made: its text is shown once and kept nowhere.
pub struct MadeKey {
    pub id: String,
    pub text: String,
    pub hash: SecretHash,
}

/// A new key.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn make(kind: KeyKind) -> Result<MadeKey, NoRandomness> {
    make_for(kind, &random(ID_CHARACTERS)?)
}

/// A new secret for a key that exists.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn make_for(kind: KeyKind, id: &str) -> Result<MadeKey, NoRandomness> {
    let secret = random(SECRET_CHARACTERS)?;
    let body = format!("{KEY_PREFIX}{}_{id}_{secret}", kind.letter());
    let text = format!("{body}_{}", check_sum(&body));
    Ok(MadeKey { id: id.to_owned(), text, hash: Sha256::digest(secret.as_bytes()).into() })
}

/// The CRC-32 of a key without its end, in six characters.
fn check_sum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECK_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

/// Each character equally likely: bytes that would favour the first ones are thrown away.
fn random(characters: usize) -> Result<String, NoRandomness> {
    let mut text = String::with_capacity(characters);
    let mut bytes = [0; 64];
    while text.len() < characters {
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let fair = bytes.iter().filter(|&&byte| byte < 248);
        let wanted = characters - text.len();
        text.extend(fair.take(wanted).map(|byte| char::from(BASE62[usize::from(byte % 62)])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_any_changed_character_is_seen() {
        for kind in [KeyKind::Secret, KeyKind::Public, KeyKind::Admin] {
            let made = make(kind).unwrap();
            let read = KeyText::parse(&made.text).unwrap();
            assert!(read.is_of(kind));
            assert_eq!(read.id, made.id);
            assert!(equal(&read.hash(), &made.hash));
            for at in 0..made.text.len() {
                let mut other = made.text.clone().into_bytes();
                other[at] = if other[at] == b'x' { b'y' } else { b'x' };
                assert!(KeyText::parse(std::str::from_utf8(&other).unwrap()).is_none(), "{at}");
            }
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        let long = "c".repeat(1 << 20);
        for text in ["", "c360_", "c360_s_1_2_3", "Basic abc", "c360_s_\u{e9}", long.as_str()] {
            assert!(KeyText::parse(text).is_none());
        }
    }

    #[test]
    fn a_second_secret_has_the_same_id_and_another_hash() {
        let first = make(KeyKind::Secret).unwrap();
        let second = make_for(KeyKind::Secret, &first.id).unwrap();
        assert_eq!(first.id, second.id);
        assert!(!equal(&first.hash, &second.hash));
    }
}
