//! The one place that reads the time. Answers never depend on it: the clock only stamps
//! arrival, refuses events from the future and measures how long things take.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Micros;

/// What time it is: a parameter, so that a test can choose it.
pub type Clock = Arc<dyn Fn() -> Micros + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system() -> Clock {
    Arc::new(now)
}

/// A clock that stands still, for tests.
#[must_use]
pub fn fixed(at: Micros) -> Clock {
    Arc::new(move || at)
}

/// The start of a measurement.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
#[must_use]
pub fn stopwatch() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
