//! Who is told of what this process commits: feeds of their tenant only, the mirrors of all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, watch};

use crate::model::{Revision, TenantKey};

/// Commits that a listener may be behind before it hears only that it is.
const BEHIND: usize = 1_024;
/// Tenants beyond which those that nobody watches any more are forgotten.
const TENANTS: usize = 1_000;

/// Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Committed {
    all: broadcast::Sender<(TenantKey, Revision)>,
    watched: Arc<Mutex<HashMap<TenantKey, watch::Sender<Revision>>>>,
}

impl Default for Committed {
    fn default() -> Self {
        Self { all: broadcast::Sender::new(BEHIND), watched: Arc::default() }
    }
}

impl Committed {
    /// Says that a revision was committed.
    pub(in crate::store) fn tell(&self, tenant: TenantKey, revision: Revision) {
        // Nobody may listen.
        let _ = self.all.send((tenant, revision));
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = watched.get(&tenant) {
            sender.send_replace(revision);
            if sender.is_closed() {
                watched.remove(&tenant);
            }
        }
    }

    pub(in crate::store) fn all(&self) -> broadcast::Receiver<(TenantKey, Revision)> {
        self.all.subscribe()
    }

    pub(in crate::store) fn of(&self, tenant: TenantKey) -> watch::Receiver<Revision> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= TENANTS {
            watched.retain(|_, sender| !sender.is_closed());
        }
        watched.entry(tenant).or_insert_with(|| watch::Sender::new(Revision(0))).subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_wakes_its_own_watchers_only() {
        let committed = Committed::default();
        let (mut mine, other) = (committed.of(TenantKey(1)), committed.of(TenantKey(2)));
        let mut all = committed.all();
        committed.tell(TenantKey(1), Revision(5));
        assert!(mine.has_changed().unwrap() && !other.has_changed().unwrap());
        assert_eq!(*mine.borrow_and_update(), Revision(5));
        assert_eq!(all.recv().await.unwrap(), (TenantKey(1), Revision(5)));
        drop(mine);
        committed.tell(TenantKey(1), Revision(6));
        assert_eq!(committed.watched.lock().unwrap().len(), 1, "nobody watches it any more");
    }
}
