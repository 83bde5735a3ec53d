//! Stretches of time that are asked about.

/// A stretch of time that is asked about. Microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    /// Anchors are before this.
    pub until: i64,
    /// Nothing from here on is looked at.
    pub observed: i64,
}

impl Span {
    /// Whether an anchor of that time is counted.
    #[inline]
    pub(crate) fn counts(&self, at: i64) -> bool {
        (self.from <= at) & (at < self.until) & (at < self.observed)
    }
}
