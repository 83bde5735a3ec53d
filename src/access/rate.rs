//! How often something may happen: a generic cell rate algorithm, whose whole state is one instant.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::Micros;
use crate::model::time::SECOND_US;

/// Lets through so many a second, and as many at once.
#[derive(Debug)]
pub struct Bucket {
    /// When all that was let through is paid for.
    paid_at_us: AtomicI64,
    interval_us: i64,
}

impl Bucket {
    /// `None` for a rate of 0, which is no limit.
    #[must_use]
    pub fn per_second(rate: u64) -> Option<Self> {
        let rate = i64::try_from(rate).ok().filter(|&rate| rate > 0)?;
        Some(Self { paid_at_us: AtomicI64::new(0), interval_us: (SECOND_US / rate).max(1) })
    }

    /// Takes so many at once.
    ///
    /// # Errors
    /// How long to wait, in microseconds. More than a second's worth is let through when nothing was
    /// taken before, and paid for afterwards.
    pub fn take(&self, now: Micros, count: u64) -> Result<(), i64> {
        let cost = self.interval_us.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX));
        let mut paid = self.paid_at_us.load(Ordering::Relaxed);
        loop {
            let begins = paid.max(now.0);
            let ahead = begins - now.0;
            // A second's worth may be ahead.
            if ahead > 0 && ahead.saturating_add(cost) > SECOND_US {
                return Err((ahead.saturating_add(cost) - SECOND_US).min(ahead));
            }
            let next = begins.saturating_add(cost);
            match self.paid_at_us.compare_exchange_weak(paid, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(seen) => paid = seen,
            }
        }
    }

    /// Whether nothing is left just now.
    #[must_use]
    pub fn is_empty(&self, now: Micros) -> bool {
        let ahead = self.paid_at_us.load(Ordering::Relaxed) - now.0;
        ahead.saturating_add(self.interval_us) > SECOND_US
    }

    /// Whether it is as if nothing had ever been taken.
    #[must_use]
    pub fn is_full(&self, now: Micros) -> bool {
        self.paid_at_us.load(Ordering::Relaxed) <= now.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_at_once_as_a_second_allows_and_then_one_by_one() {
        let bucket = Bucket::per_second(4).unwrap();
        let at = |us: i64| Micros(1_000_000_000 + us);
        for _ in 0..4 {
            assert_eq!(bucket.take(at(0), 1), Ok(()));
        }
        assert_eq!(bucket.take(at(0), 1), Err(250_000));
        assert!(bucket.is_empty(at(0)) && !bucket.is_full(at(0)));
        assert_eq!(bucket.take(at(249_999), 1), Err(1));
        assert_eq!(bucket.take(at(250_000), 1), Ok(()));
        assert!(bucket.is_full(at(1_250_000)));
    }

    #[test]
    fn a_batch_larger_than_a_second_is_paid_for_afterwards() {
        let bucket = Bucket::per_second(10).unwrap();
        assert_eq!(bucket.take(Micros(0), 25), Ok(()));
        assert_eq!(bucket.take(Micros(0), 1), Err(1_600_000));
        assert_eq!(bucket.take(Micros(1_600_000), 1), Ok(()));
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert!(Bucket::per_second(0).is_none());
    }
}
