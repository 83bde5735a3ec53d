//! Identity rules: three knobs per kind, beside normalizer, limit and priority.
//! Versioned rows per tenant, so that a change of rules is a fact like any other.

use serde::{Deserialize, Serialize};

use crate::model::KindName;

/// How a kind's values are brought to one form before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalizer {
    /// Trim, NFC, lower-case, IDNA domain.
    Email,
    /// E.164, with the touchpoint's or the tenant's default region.
    Phone,
    /// Trim, NFC.
    Exact,
    /// Trim, NFC, lower-case.
    Folded,
    /// SHA-256 in hexadecimal, as hashed by the sender; lower-cased.
    Sha256,
}

/// Who keeps an identifier that is held by another customer when joining is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// It stays with its holder.
    Demote,
    /// It goes to the customer seen with it latest; the history says which of its other touches
    /// follow.
    Move(History),
}

/// Which touches follow an identifier that moves, of those where no kind that stays is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// Those before the first login join that customer, later ones whoever logged in last before.
    Session,
    /// All of them follow the latest login.
    Whole,
}

/// The rules of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindRule {
    pub kind: KindName,
    /// A registered kind names a person who declared themselves.
    pub registered: bool,
    /// 1 is the strongest; of two in conflict the weaker is dropped.
    pub priority: u16,
    /// How many of this kind one customer may hold.
    pub limit: u32,
    /// Whether naming a registered customer by this kind lets it join another.
    pub joins_registered: bool,
    pub on_conflict: OnConflict,
    /// With more claims than this it stops linking, for the whole history.
    pub share_after: Option<u32>,
    pub normalizer: Normalizer,
}

/// One tenant's rules at one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub kinds: Vec<KindRule>,
    /// Values that are nobody's, compared as sent.
    pub blocked: Vec<String>,
    /// Values that are nobody's, compared without regard to case, also inside quotes.
    pub blocked_ignoring_case: Vec<String>,
    /// The region of phone numbers without a country code, ISO 3166-1 alpha-2.
    pub default_region: String,
    /// Sources from most to least trusted, for traits; unlisted ones are trusted least and
    /// equally, and among equals the most recent wins.
    pub trait_sources: Vec<String>,
    /// A component of more observations than this is not grown by evidence.
    pub component_limit: u32,
}

impl Rules {
    #[must_use]
    pub fn kind(&self, name: &KindName) -> Option<&KindRule> {
        self.kinds.iter().find(|rule| rule.kind == *name)
    }

    /// Whether any kind moves: then some observations belong to several customers by event time.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.kinds.iter().any(|rule| matches!(rule.on_conflict, OnConflict::Move(_)))
    }

    #[must_use]
    pub fn kind_named(&self, name: &str) -> Option<&KindRule> {
        self.kinds.iter().find(|rule| rule.kind.as_str() == name)
    }
}

impl Default for Rules {
    fn default() -> Self {
        let kind =
            |name: &str, registered, priority, limit, joins_registered, share_after, normalizer| KindRule {
                kind: KindName::parse(name).expect("a literal of the right form"),
                registered,
                priority,
                limit,
                joins_registered,
                on_conflict: OnConflict::Demote,
                share_after,
                normalizer,
            };
        use Normalizer::{Email, Exact, Folded, Phone};
        Self {
            kinds: vec![
                kind("ACCOUNT", true, 1, 1, true, None, Exact),
                kind("CRM_ID", true, 2, 1, true, None, Exact),
                kind("LOYALTY_CARD", true, 3, 3, true, Some(3), Exact),
                kind("EMAIL", true, 4, 5, true, Some(3), Email),
                kind("PHONE", true, 5, 5, true, Some(3), Phone),
                kind("PAYMENT_TOKEN", true, 6, 10, true, Some(3), Exact),
                kind("SOCIAL_HANDLE", true, 7, 5, true, Some(3), Folded),
                kind("DEVICE", false, 8, 50, false, Some(4), Exact),
                kind("COOKIE", false, 9, 200, false, Some(4), Exact),
            ],
            blocked: ["0", "-1", "[object Object]", "NaN", "None"].map(String::from).to_vec(),
            blocked_ignoring_case: [
                "",
                "null",
                "nil",
                "none",
                "undefined",
                "anonymous",
                "guest",
                "unknown",
                "n/a",
                "na",
                "nan",
                "test",
                "true",
                "false",
                "id",
                "user",
                "customer",
                "not_set",
                "(not set)",
                "not set",
            ]
            .map(String::from)
            .to_vec(),
            default_region: "GB".to_owned(),
            trait_sources: Vec::new(),
            component_limit: 50_000,
        }
    }
}
