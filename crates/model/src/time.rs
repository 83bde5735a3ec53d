//! Instants and half-open intervals in UTC microseconds.

use serde::{Deserialize, Serialize};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

pub const SECOND_US: i64 = 1_000_000;
pub const HOUR_US: i64 = 3_600 * SECOND_US;
pub const DAY_US: i64 = 24 * HOUR_US;

impl Micros {
    pub const MIN: Self = Self(i64::MIN);
    pub const MAX: Self = Self(i64::MAX);

    /// Parses RFC 3339, e.g. `2026-03-01T09:30:00Z`. Digits beyond microseconds are cut.
    ///
    /// # Errors
    /// With the parser's own message when the text is no instant.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|at| Self(at.as_microsecond()))
    }

    #[must_use]
    pub fn plus(self, us: i64) -> Self {
        Self(self.0.saturating_add(us))
    }
}

impl std::fmt::Display for Micros {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

/// Half-open: `from <= t < until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    pub from: Micros,
    pub until: Micros,
}

impl TimeRange {
    pub const ALL: Self = Self { from: Micros::MIN, until: Micros::MAX };

    #[must_use]
    pub fn contains(self, at: Micros) -> bool {
        self.from <= at && at < self.until
    }
}
