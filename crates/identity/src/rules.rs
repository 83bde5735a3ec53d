//! Identity rules: three knobs per kind, beside normalizer, limit and priority.
//! Versioned rows per tenant, so that a change of rules is a fact like any other.

use std::sync::OnceLock;

use regex::{RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};

use super::nobody;
use customer360_model::{KindName, Reason, Violation};

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
    /// As `Email`, and what providers ignore is ignored too.
    EmailProviderTricks,
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
    /// How many values of this kind one person ordinarily has: so many count as one claim.
    #[serde(default = "one")]
    pub ordinary: u32,
    pub normalizer: Normalizer,
}

fn one() -> u32 {
    1
}

/// Regular expressions, compiled when they are first asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patterns {
    texts: Vec<String>,
    #[serde(skip)]
    compiled: OnceLock<RegexSet>,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}
impl Eq for Patterns {}

impl Patterns {
    #[must_use]
    pub fn new(texts: Vec<String>) -> Self {
        Self { texts, compiled: OnceLock::new() }
    }

    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether any of them matches; in time linear in the text. Patterns that do not compile are
    /// refused when rules are checked, and match nothing.
    #[must_use]
    pub fn match_any(&self, text: &str) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        self.compiled
            .get_or_init(|| compile(&self.texts).unwrap_or_else(|_| RegexSet::empty()))
            .is_match(text)
    }
}

/// Bytes that compiled patterns may take.
const PATTERN_BYTES: usize = 1 << 20;

fn compile(texts: &[String]) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(texts).size_limit(PATTERN_BYTES).build()
}

/// Elements of each list of rules.
pub const KINDS_LIMIT: usize = 64;
pub const BLOCKED_LIMIT: usize = 1_000;
pub const PATTERNS_LIMIT: usize = 100;
pub const SOURCES_LIMIT: usize = 1_000;
pub const CLOCK_RESETS_LIMIT: usize = 100;
/// Bytes of a text in a list of rules.
pub const TEXT_BYTES: usize = 512;

/// Lists of more elements, or of longer texts, than rules may have, by the path of the field. Cheap,
/// and asked first: everything else is looked at only in rules of bounded size.
#[must_use]
pub fn excess(kinds: usize, clock_resets: usize, texts: [(&str, &[String], usize); 4]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut count = |field: &str, length: usize, limit: usize| {
        if length > limit {
            let what = format!("at most {limit}");
            wrong.push(Violation::new(format!("rules.{field}"), Reason::TooMany, what));
        }
    };
    count("kinds", kinds, KINDS_LIMIT);
    count("clock_resets", clock_resets, CLOCK_RESETS_LIMIT);
    for (field, list, limit) in texts {
        count(field, list.len(), limit);
    }
    for (field, list, limit) in texts {
        let long = list.iter().take(limit).position(|text| text.len() > TEXT_BYTES);
        if let Some(i) = long {
            let what = format!("at most {TEXT_BYTES} bytes");
            wrong.push(Violation::new(format!("rules.{field}[{i}]"), Reason::TooLong, what));
        }
    }
    wrong
}

/// Everything that is wrong with rules, by the path of the field.
#[must_use]
pub fn check(rules: &Rules) -> Vec<Violation> {
    let texts = [
        ("blocked", &rules.blocked[..], BLOCKED_LIMIT),
        ("blocked_ignoring_case", &rules.blocked_ignoring_case[..], BLOCKED_LIMIT),
        ("blocked_patterns", rules.blocked_patterns.texts(), PATTERNS_LIMIT),
        ("trait_sources", &rules.trait_sources[..], SOURCES_LIMIT),
    ];
    let mut wrong = excess(rules.kinds.len(), rules.clock_resets_us.len(), texts);
    if !wrong.is_empty() {
        return wrong;
    }
    let mut refuse = |field: String, reason, what: &str| wrong.push(Violation::new(field, reason, what));
    if rules.kinds.is_empty() {
        refuse("rules.kinds".into(), Reason::Required, "at least one");
    }
    for (i, rule) in rules.kinds.iter().enumerate() {
        let at = |field: &str| format!("rules.kinds[{i}].{field}");
        let earlier = &rules.kinds[..i];
        if earlier.iter().any(|other| other.kind == rule.kind) {
            refuse(at("kind"), Reason::Conflict, "no two kinds have one name");
        }
        if !(1..=1_000).contains(&rule.priority) {
            refuse(at("priority"), Reason::OutOfRange, "from 1 to 1,000");
        } else if earlier.iter().any(|other| other.priority == rule.priority) {
            refuse(at("priority"), Reason::Conflict, "no two kinds are equally strong");
        }
        if !(1..=100_000).contains(&rule.limit) {
            refuse(at("limit"), Reason::OutOfRange, "from 1 to 100,000");
        }
        if !(1..=1_000).contains(&rule.ordinary) {
            refuse(at("ordinary"), Reason::OutOfRange, "from 1 to 1,000");
        }
        if rule.share_after.is_some_and(|n| n > 1_000) {
            refuse(at("share_after"), Reason::OutOfRange, "at most 1,000");
        }
    }
    for (i, pattern) in rules.blocked_patterns.texts.iter().enumerate() {
        if compile(std::slice::from_ref(pattern)).is_err() {
            let what = "is no regular expression, or too large a one";
            refuse(format!("rules.blocked_patterns[{i}]"), Reason::Malformed, what);
        }
    }
    if compile(&rules.blocked_patterns.texts).is_err() {
        refuse("rules.blocked_patterns".into(), Reason::TooMany, "together they are too large");
    }
    if !rules.default_region.is_empty() && !super::normalize::is_region(&rules.default_region) {
        refuse("rules.default_region".into(), Reason::Unknown, "is no ISO 3166-1 alpha-2 region");
    }
    // 0 is none: whoever does not say keeps the present one.
    if rules.normalizers > NORMALIZERS {
        refuse("rules.normalizer_generation".into(), Reason::OutOfRange, &format!("from 0 to {NORMALIZERS}"));
    }
    if rules.earliest_us < EARLIEST_US {
        refuse("rules.earliest".into(), Reason::OutOfRange, "not before 2000-01-01T00:00:00Z");
    }
    if !(2..=1_000_000).contains(&rules.component_limit) {
        refuse("rules.component_limit".into(), Reason::OutOfRange, "from 2 to 1,000,000");
    }
    wrong
}

/// One tenant's rules at one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub kinds: Vec<KindRule>,
    /// Values that are nobody's, compared as sent.
    pub blocked: Vec<String>,
    /// Values that are nobody's, compared without regard to case, also inside quotes.
    pub blocked_ignoring_case: Vec<String>,
    /// Values that are nobody's, by patterns that match anywhere unless anchored.
    #[serde(default)]
    pub blocked_patterns: Patterns,
    /// The region of phone numbers without a country code, ISO 3166-1 alpha-2. Empty: there is none,
    /// and such a number is nobody's.
    pub default_region: String,
    /// Sources from most to least trusted, for traits; unlisted ones are trusted least and
    /// equally, and among equals the most recent wins.
    pub trait_sources: Vec<String>,
    /// A component of more observations than this is not grown by evidence.
    pub component_limit: u32,
    /// By which generation of normalizers values are brought to one form. Rules of before there
    /// were two say nothing.
    #[serde(default = "first_normalizers")]
    pub normalizers: u16,
    /// No event is earlier, in microseconds: before it the retailer did not exist.
    #[serde(default = "earliest")]
    pub earliest_us: i64,
    /// Where clocks begin that have lost their time, in microseconds: no event is within a day from
    /// one of them.
    #[serde(default)]
    pub clock_resets_us: Vec<i64>,
}

/// The present generation of normalizers.
pub const NORMALIZERS: u16 = 2;
/// 2000-01-01T00:00:00Z: no tenant has earlier events.
pub const EARLIEST_US: i64 = 946_684_800_000_000;
/// 2000-01-01 is where most clocks begin that lost their battery, 2001-01-01 where those of one
/// maker of telephones and tablets do. 1970 and 1980 are refused as too early.
const CLOCK_RESETS_US: [i64; 2] = [EARLIEST_US, 978_307_200_000_000];
/// How long after it has begun anew a clock is not believed.
const RESET_US: i64 = 86_400_000_000;

fn first_normalizers() -> u16 {
    1
}

fn earliest() -> i64 {
    EARLIEST_US
}

impl Rules {
    /// Whether an event at that instant, in microseconds, tells of a clock that lost its time.
    #[must_use]
    pub fn is_clock_reset(&self, at_us: i64) -> bool {
        self.clock_resets_us.iter().any(|from| (*from..from.saturating_add(RESET_US)).contains(&at_us))
    }

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
        use Normalizer::{Email, Exact, Folded, Phone};
        // Name, how many one customer may hold, how many one person ordinarily has.
        let registered = |priority, name: &str, limit, ordinary, share_after, normalizer| KindRule {
            kind: KindName::parse(name).expect("a literal of the right form"),
            registered: true,
            priority,
            limit,
            joins_registered: true,
            on_conflict: OnConflict::Demote,
            share_after,
            ordinary,
            normalizer,
        };
        let anonymous = |priority, name: &str, limit| KindRule {
            registered: false,
            joins_registered: false,
            on_conflict: OnConflict::Move(History::Session),
            ..registered(priority, name, limit, 1, Some(20), Exact)
        };
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            kinds: vec![
                registered(1, "ACCOUNT", 1, 1, None, Exact),
                registered(2, "CRM_ID", 1, 1, None, Exact),
                registered(3, "LOYALTY_CARD", 10, 5, Some(3), Exact),
                registered(4, "EMAIL", 10, 1, Some(3), Email),
                registered(5, "PHONE", 10, 1, Some(3), Phone),
                registered(6, "PAYMENT_TOKEN", 50, 15, Some(3), Exact),
                registered(7, "SOCIAL_HANDLE", 10, 1, Some(3), Folded),
                anonymous(8, "DEVICE", 200),
                anonymous(9, "COOKIE", 1_000),
            ],
            blocked: texts(nobody::EXACT),
            blocked_ignoring_case: texts(nobody::IGNORING_CASE),
            blocked_patterns: Patterns::new(texts(nobody::PATTERNS)),
            default_region: String::new(),
            trait_sources: Vec::new(),
            component_limit: 50_000,
            normalizers: NORMALIZERS,
            earliest_us: EARLIEST_US,
            clock_resets_us: CLOCK_RESETS_US.to_vec(),
        }
    }
}
