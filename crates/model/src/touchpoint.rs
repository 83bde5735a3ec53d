//! A touchpoint: an immutable fact about one meeting of a person and the retailer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Activity, Channel, Identifier, Micros, Money, Value};

/// Who says so, and by which name: unique per tenant, the key of idempotency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TouchKey {
    pub source: String,
    pub source_id: String,
}

/// The canonical order: a property of the data, never of arrival.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub at: Micros,
    pub key: TouchKey,
}

/// A touchpoint as the service knows it: parsed, with normalized identifiers.
#[derive(Debug, Clone, PartialEq)]
pub struct Touchpoint {
    pub key: TouchKey,
    pub at: Micros,
    pub channel: Channel,
    /// Normalized, sorted, without duplicates, without blocked values; none for an
    /// unidentified touchpoint.
    pub identifiers: Vec<Identifier>,
    pub details: Details,
}

impl Touchpoint {
    #[must_use]
    pub fn position(&self) -> Position {
        Position { at: self.at, key: self.key.clone() }
    }
}

/// Everything that no statement of the store asks for: kept as one JSON document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    #[serde(rename = "a")]
    pub activity: Activity,
    /// The visit or session that the touchpoint belongs to. Not an identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// A cost known for this very touchpoint, added to what the rates say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Time a person or machine of the retailer spent on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<TraitWrite>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
    /// Blocked identifiers (`null`, `guest`, ...): kept as said, linking nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<Identifier>,
    /// Identifiers that are none of their kind: kept as said, linking nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<Unusable>,
}

/// An identifier whose value is none of its kind, such as a telephone number "call after 5pm".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    #[serde(flatten)]
    pub identifier: Identifier,
    /// As said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// Something said about the person, e.g. their city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraitWrite {
    pub name: String,
    /// [`Value::Unset`] takes back what was said before.
    pub value: Value,
    /// Only fills a gap: never replaces a value, however old.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub if_absent: bool,
}
