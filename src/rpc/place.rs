//! What a call holds while anything works for it: its place among the requests, its memory, and
//! whether anybody still waits. Work that runs apart from the call holds it too, so that callers who
//! give up cannot begin more than there is room for.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::Gauge;
use tokio::sync::{Notify, OwnedSemaphorePermit};

tokio::task_local! {
    static HELD: Arc<Place>;
}

/// See the module. Given back when the last who holds it is done.
pub struct Place {
    /// Stands for the tenant, for fairness only.
    tenant: u64,
    permits: Mutex<Vec<OwnedSemaphorePermit>>,
    /// Memory of messages of a stream that have begun to arrive, in their order.
    arriving: Mutex<VecDeque<OwnedSemaphorePermit>>,
    gone: Arc<AtomicBool>,
    told: Notify,
    in_progress: Gauge,
}

impl Place {
    #[must_use]
    pub fn new(tenant: u64, in_progress: Gauge) -> Arc<Self> {
        in_progress.increment(1);
        Arc::new(Self {
            tenant,
            permits: Mutex::default(),
            arriving: Mutex::default(),
            gone: Arc::default(),
            told: Notify::new(),
            in_progress,
        })
    }

    /// Holds that, too.
    pub fn hold(&self, permit: OwnedSemaphorePermit) {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner).push(permit);
    }

    /// The memory of the next message of a stream.
    pub fn arrives(&self, permit: OwnedSemaphorePermit) {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner).push_back(permit);
    }

    /// The memory of the oldest message of a stream that was not taken yet.
    pub fn take_arrived(&self) -> Option<OwnedSemaphorePermit> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Nobody waits for an answer any more.
    pub fn leave(&self) {
        self.gone.store(true, Ordering::Relaxed);
        self.told.notify_waiters();
    }

    pub(super) fn tenant(&self) -> u64 {
        self.tenant
    }

    /// Set once nobody waits any more.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        self.gone.clone()
    }

    /// Resolves once nobody waits any more.
    pub(super) async fn gone(&self) {
        let told = self.told.notified();
        if !self.gone.load(Ordering::Relaxed) {
            told.await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.in_progress.decrement(1);
    }
}

/// That of the call which this task works for.
pub fn held() -> Option<Arc<Place>> {
    HELD.try_with(Arc::clone).ok()
}

/// Work that holds a place.
pub async fn within<T>(held: Option<Arc<Place>>, work: impl Future<Output = T>) -> T {
    match held {
        Some(held) => HELD.scope(held, work).await,
        None => work.await,
    }
}
