//! What is wrong with an input: every violation is listed, each with its field path.

/// Machine-readable reasons of a refused field. The same names stand in `ErrorInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    Required,
    Malformed,
    OutOfRange,
    TooLong,
    TooMany,
    Unknown,
    Conflict,
    /// Who says it may not.
    Denied,
}

impl Reason {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::Malformed => "MALFORMED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::TooLong => "TOO_LONG",
            Self::TooMany => "TOO_MANY",
            Self::Unknown => "UNKNOWN",
            Self::Conflict => "CONFLICT",
            Self::Denied => "DENIED",
        }
    }
}

/// One thing wrong with one field. The description never repeats personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path from the request's root in proto names, e.g. `touchpoints[3].order.lines[0].quantity`.
    pub field: String,
    pub reason: Reason,
    pub description: String,
}

impl Violation {
    #[must_use]
    pub fn new(field: impl Into<String>, reason: Reason, description: impl Into<String>) -> Self {
        Self { field: field.into(), reason, description: description.into() }
    }
}
