//! Between messages and the model, both ways. Parsing collects everything that is wrong, each
//! with its path; what comes out can be trusted.

mod activity;
mod answer;
mod choice;
mod commerce;
mod costs;
mod figure;
mod journey;
mod lifetime;
mod question;
mod record;
mod rfm;
mod score;
mod touchpoint;
mod value;

use crate::model::{Currency, Identifier, Micros, Money, Reason, Violation};
use crate::rpc::proto;

pub use answer::{cost_to_serve, definition, nps, reference, repurchase, retention};
pub use choice::{Choice, activity_type, activity_type_number, violation_reason};
pub use commerce::{
    board_question, compared_question, incentive_card, phase_model, phase_question, product_mix, returns,
};
pub use costs::{capacities, capacity_to_proto, rate_to_proto, rates};
pub use figure::{Figures, explained, explanation, figures};
pub use journey::{
    attribution, attribution_question, basket, basket_question, funnel_steps, journeys, journeys_question,
    scoped_question, store_conversion,
};
pub use lifetime::{
    lifecycle, lifecycle_question, lifetime, lifetime_compared, lifetime_question, omnichannel,
    omnichannel_question,
};
pub use question::{cost_question, nps_question, repurchase_question, retention_question};
pub use record::{
    kpi_counted, kpi_rate, kpi_spend, kpi_target, record_kind, record_to_proto, records, records_kept,
};
pub use rfm::{RfmAsked, rfm, rfm_question};
pub use score::{score_filter, scored_run, scores_of, scoring_question};
pub use touchpoint::{
    channel, identifier, identifier_to_proto, recordable, touchpoint, touchpoint_to_proto, unusable_to_proto,
};
pub use value::{micros, timestamp, value, value_to_proto};

/// Limits of what a request may hold. Each stands in the text of its error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Touchpoints in one request.
    pub batch_touchpoints: usize,
    /// Identifiers of one touchpoint.
    pub identifiers: usize,
    /// Bytes of a text that has no limit of its own.
    pub text_bytes: usize,
    pub source_bytes: usize,
    pub source_id_bytes: usize,
    /// Lines of a cart, an order or a return.
    pub lines: usize,
    pub traits: usize,
    pub attributes: usize,
    /// Bytes of the name of a trait or an attribute.
    pub name_bytes: usize,
    /// Bytes of a text value of a trait or an attribute.
    pub value_bytes: usize,
    /// Minor units of one amount: a million of the largest still add up in 64 bits.
    pub amount_minor: i64,
    /// Units of one line.
    pub quantity: i64,
    /// Points of one subscription event.
    pub points: i64,
    /// Violations told of one touchpoint or one request.
    pub violations: usize,
    /// No event is earlier.
    pub earliest: Micros,
    /// No event is later than now and this.
    pub ahead_us: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_touchpoints: 5_000,
            identifiers: 16,
            text_bytes: 512,
            source_bytes: 128,
            source_id_bytes: 256,
            lines: 1_000,
            traits: 64,
            attributes: 32,
            name_bytes: 64,
            value_bytes: 4_096,
            amount_minor: 9_000_000_000_000,
            quantity: 1_000_000_000,
            points: 1_000_000_000_000,
            violations: 50,
            // 2000-01-01T00:00:00Z
            earliest: Micros(946_684_800_000_000),
            ahead_us: crate::model::time::DAY_US,
        }
    }
}

/// What the caller of a recording asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asks {
    /// Notes also of what is blocked or did not link.
    pub explain: bool,
    /// An identifier that cannot be used refuses its touchpoint.
    pub strict: bool,
}

/// What is to be known of a part of a touchpoint that is stored all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// From the request's root.
    pub path: String,
    pub reason: proto::RecordNoteReason,
    /// Of what cannot be used: what is wrong with it.
    pub violation: Option<Violation>,
}

/// What is to be known of a touchpoint that can be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noted {
    pub notes: Vec<Note>,
    /// If it is to be explained: the identifiers that link by themselves, and where they stand.
    pub linking: Vec<(String, Identifier)>,
}

/// Where a field stands, from the request's root. Only written out when something is wrong.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Root,
    Field(&'a str),
    Item(&'a str, usize),
    Key(&'a str, &'a str),
}

impl<'a> Path<'a> {
    /// The request itself.
    #[must_use]
    pub const fn root() -> Self {
        Self { parent: None, segment: Segment::Root }
    }

    #[must_use]
    pub fn field(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), segment: Segment::Field(name) }
    }

    #[must_use]
    pub fn item(&'a self, name: &'a str, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Item(name, index) }
    }

    #[must_use]
    pub fn key(&'a self, name: &'a str, key: &'a str) -> Self {
        Self { parent: Some(self), segment: Segment::Key(name, key) }
    }
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.segment, Segment::Root) {
                f.write_str(".")?;
            }
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Field(name) => f.write_str(name),
            Segment::Item(name, index) => write!(f, "{name}[{index}]"),
            Segment::Key(name, key) => write!(f, "{name}[{key:?}]"),
        }
    }
}

/// Collects what is wrong. After a violation a checking function still returns a value, so that
/// the rest is checked too; [`Checks::finish`] lets none of it out.
#[derive(Debug)]
pub struct Checks<'a> {
    pub limits: &'a Limits,
    pub asks: Asks,
    found: Vec<Violation>,
    noted: Noted,
}

impl<'a> Checks<'a> {
    #[must_use]
    pub fn new(limits: &'a Limits) -> Self {
        Self { limits, asks: Asks::default(), found: Vec::new(), noted: Noted::default() }
    }

    /// Notes of a part that is stored all the same; as many as violations at most.
    pub fn note(&mut self, at: &Path<'_>, reason: proto::RecordNoteReason, violation: Option<Violation>) {
        if self.noted.notes.len() < self.limits.violations {
            self.noted.notes.push(Note { path: at.to_string(), reason, violation });
        }
    }

    /// Keeps in mind where an identifier stands that links by itself.
    pub fn note_linking(&mut self, at: &Path<'_>, identifier: &Identifier) {
        self.noted.linking.push((at.to_string(), identifier.clone()));
    }

    /// The value if nothing was wrong, else everything that was.
    ///
    /// # Errors
    /// All violations up to the limit, in the order of the fields.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<Violation>> {
        if self.found.is_empty() { Ok(value) } else { Err(self.found) }
    }

    /// The same, with what was noted.
    ///
    /// # Errors
    /// As of [`Checks::finish`].
    pub fn finish_noted<T>(self, value: T) -> Result<(T, Noted), Vec<Violation>> {
        if self.found.is_empty() { Ok((value, self.noted)) } else { Err(self.found) }
    }

    /// Notes what is wrong; beyond the limit nothing more is noted, for a small message can hold
    /// very many wrong fields.
    pub fn refuse(&mut self, at: &Path<'_>, reason: Reason, description: impl Into<String>) {
        if self.found.len() < self.limits.violations {
            self.found.push(Violation::new(at.to_string(), reason, description));
        }
    }

    /// A text of the usual length.
    pub fn text(&mut self, at: &Path<'_>, text: String) -> String {
        self.bounded_text(at, text, self.limits.text_bytes)
    }

    pub fn bounded_text(&mut self, at: &Path<'_>, text: String, limit: usize) -> String {
        if text.len() > limit {
            self.refuse(at, Reason::TooLong, format!("{} bytes; at most {limit}", text.len()));
        } else if text.as_bytes().contains(&0) {
            self.refuse(at, Reason::Malformed, "must not contain NUL");
        }
        text
    }

    pub fn required_text(&mut self, at: &Path<'_>, text: String, limit: usize) -> String {
        if text.is_empty() {
            self.refuse(at, Reason::Required, "must be set");
        }
        self.bounded_text(at, text, limit)
    }

    /// A text that is absent when empty.
    pub fn optional_text(&mut self, at: &Path<'_>, text: String) -> Option<String> {
        Some(self.text(at, text)).filter(|text| !text.is_empty())
    }

    /// A number that is not taken for 0 when it is not set.
    pub fn required<T: Default>(&mut self, at: &Path<'_>, said: Option<T>) -> T {
        said.unwrap_or_else(|| {
            self.refuse(at, Reason::Required, "must be set");
            T::default()
        })
    }

    /// A number from 1 on, or what holds where none is said.
    pub fn positive_or(&mut self, at: &Path<'_>, said: Option<u32>, otherwise: u32) -> u32 {
        if said == Some(0) {
            self.refuse(at, Reason::OutOfRange, "must be above 0");
        }
        said.unwrap_or(otherwise)
    }

    /// One of an enum's values, or the default where none is said.
    pub fn choice<C: Choice>(&mut self, at: &Path<'_>, number: i32) -> C {
        C::parse(number).unwrap_or_else(|| {
            self.refuse(at, Reason::Unknown, format!("{number} is no {}", C::NAME));
            C::FALLBACK
        })
    }

    pub fn currency(&mut self, at: &Path<'_>, code: &str) -> Currency {
        Currency::parse(code).unwrap_or_else(|| {
            let (reason, what) = if code.is_empty() {
                (Reason::Required, "must be set")
            } else {
                (Reason::Unknown, "is no ISO 4217 currency in upper case")
            };
            self.refuse(at, reason, what);
            Currency::EUR
        })
    }

    /// An amount that may be negative, such as a margin.
    pub fn signed_money(&mut self, at: &Path<'_>, money: Option<proto::Money>) -> Option<Money> {
        let money = money?;
        let limit = self.limits.amount_minor;
        let minor = self.required(&at.field("minor"), money.minor);
        if minor.unsigned_abs() > limit.unsigned_abs() {
            self.refuse(&at.field("minor"), Reason::OutOfRange, format!("at most {limit} either way"));
        }
        Some(Money { minor, currency: self.currency(&at.field("currency"), &money.currency) })
    }

    pub fn money(&mut self, at: &Path<'_>, money: Option<proto::Money>) -> Option<Money> {
        if money.as_ref().is_some_and(|money| money.minor.is_some_and(|minor| minor < 0)) {
            self.refuse(&at.field("minor"), Reason::OutOfRange, "must not be negative");
        }
        self.signed_money(at, money)
    }

    pub fn required_money(&mut self, at: &Path<'_>, money: Option<proto::Money>) -> Money {
        if money.is_none() {
            self.refuse(at, Reason::Required, "must be set");
        }
        self.money(at, money).unwrap_or(Money { minor: 0, currency: Currency::EUR })
    }

    /// Refuses a list that is too long; the rest of it is then not looked at.
    pub fn count<T>(&mut self, at: &Path<'_>, mut items: Vec<T>, limit: usize) -> Vec<T> {
        if items.len() > limit {
            self.refuse(at, Reason::TooMany, format!("{} elements; at most {limit}", items.len()));
            items.truncate(limit);
        }
        items
    }

    pub fn instant(&mut self, at: &Path<'_>, instant: Option<pbjson_types::Timestamp>) -> Option<Micros> {
        let instant = instant?;
        let parsed = micros(&instant);
        if parsed.is_none() {
            self.refuse(at, Reason::OutOfRange, "is no instant between the years 1 and 9999");
        }
        Some(parsed.unwrap_or_default())
    }
}

#[must_use]
pub fn money_to_proto(money: Money) -> proto::Money {
    proto::Money { minor: Some(money.minor), currency: money.currency.code().to_owned() }
}
