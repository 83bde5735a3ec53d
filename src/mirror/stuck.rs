//! Mirrors that cannot follow the log: they say so, and never answer as of before instead.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::{Mirror, MirrorError, Mirrors};
use crate::kpi::FactError;

/// For how long a failure that reading again would only repeat is answered without reading again.
const REPEATED_MS: u64 = 10_000;

/// Why a mirror did not follow when it last tried; nothing if it did.
#[derive(Default)]
pub(super) struct Stuck(Mutex<Option<Failed>>);

#[derive(Debug, Clone, Copy)]
struct Failed {
    at_ms: u64,
    refusal: Option<Refusal>,
}

/// What does not change by itself.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    TooLarge { limit_bytes: usize },
    Outgrown(FactError),
}

impl Refusal {
    fn of(error: &MirrorError) -> Option<Self> {
        match error {
            MirrorError::TooLarge { limit_bytes } => Some(Self::TooLarge { limit_bytes: *limit_bytes }),
            MirrorError::Outgrown(error) => Some(Self::Outgrown(*error)),
            _ => None,
        }
    }
}

impl From<Refusal> for MirrorError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge { limit_bytes } => Self::TooLarge { limit_bytes },
            Refusal::Outgrown(error) => Self::Outgrown(error),
        }
    }
}

impl Mirror {
    /// Whether it did not follow when it last tried.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The failure of a moment ago, if trying again would only repeat it.
    pub(super) fn refusal(&self, now_ms: u64) -> Option<MirrorError> {
        let failed = (*self.stuck.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        failed.refusal.filter(|_| now_ms < failed.at_ms + REPEATED_MS).map(Into::into)
    }
}

impl Mirrors {
    /// How many tenants' mirrors cannot follow the log: until they can, their KPIs are refused.
    #[must_use]
    pub fn stuck(&self) -> watch::Receiver<usize> {
        self.stuck.subscribe()
    }

    /// Remembers how an attempt to follow went; said once when it changes.
    pub(super) fn tried(&self, mirror: &Mirror, done: &Result<(), MirrorError>) {
        let failed =
            done.as_ref().err().map(|error| Failed { at_ms: self.now_ms(), refusal: Refusal::of(error) });
        let before =
            std::mem::replace(&mut *mirror.stuck.0.lock().unwrap_or_else(PoisonError::into_inner), failed);
        match (before, done) {
            (None, Err(error)) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(tenant = mirror.key.0, error, "a mirror cannot follow: its KPIs are refused");
                self.tell_stuck(|stuck| stuck + 1);
            }
            (Some(_), Ok(())) => {
                tracing::info!(tenant = mirror.key.0, "a mirror follows again");
                self.tell_stuck(|stuck| stuck.saturating_sub(1));
            }
            _ => {}
        }
    }

    /// A mirror that is dropped is none that cannot follow.
    pub(super) fn forget_stuck(&self, mirror: &Mirror) {
        if mirror.stuck.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            self.tell_stuck(|stuck| stuck.saturating_sub(1));
        }
    }

    fn tell_stuck(&self, next: impl FnOnce(usize) -> usize) {
        self.stuck.send_modify(|stuck| {
            *stuck = next(*stuck);
            metrics::gauge!("customer360_mirrors_stuck").set(*stuck as f64);
        });
    }
}
