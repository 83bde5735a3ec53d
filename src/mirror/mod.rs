//! The change log turned into columns and a map: what the KPIs are computed on.
//!
//! Each tenant that is asked about has a mirror in memory. It reads what changed since its
//! revision, gathers the customers that this touches out of the older segments into a new small
//! one, and publishes a snapshot; questions keep the snapshot they began with. Every replica of
//! the service follows the log on its own, so a missed notification costs a moment, not a fact.

mod known;
mod tenant;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::identity::Rules;
use crate::kpi::{FactError, Snapshot};
use crate::model::{Revision, TenantKey};
use crate::store::{Store, StoreError, Tenant};

use tenant::Contents;

/// Limits of the mirrors.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Columns of all tenants together, in bytes; a tenant that does not fit is refused.
    pub memory_bytes: usize,
    /// How often a mirror looks for what other processes have committed.
    pub poll: Duration,
    /// How long a question waits for the revision that it asks for.
    pub wait: Duration,
    /// Touchpoints read in one go.
    pub page_touchpoints: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory_bytes: 8 << 30,
            poll: Duration::from_millis(500),
            wait: Duration::from_secs(10),
            page_touchpoints: 100_000,
        }
    }
}

/// What can go wrong with a mirror.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant's facts would take more memory than is allowed.
    #[error("the tenant's touchpoints need more than the {limit_bytes} bytes allowed for all mirrors")]
    TooLarge { limit_bytes: usize },
    /// The asked-for revision was not reached in time.
    #[error("the mirror is at revision {at:?}, not yet at {asked:?}")]
    Behind { at: Revision, asked: Revision },
    /// The tenant's facts are being read for the first time; ask again.
    #[error("the mirror is loading")]
    Loading,
    /// The tenant has outgrown what the columns can number.
    #[error(transparent)]
    Outgrown(#[from] FactError),
}

/// The mirrors of all tenants that were asked about. Cheap to clone.
#[derive(Clone)]
pub struct Mirrors {
    store: Store,
    settings: Arc<Settings>,
    tenants: Arc<RwLock<HashMap<TenantKey, Arc<Mirror>>>>,
}

struct Mirror {
    key: TenantKey,
    published: RwLock<Option<Arc<Snapshot>>>,
    /// Held while changes are read and applied: one at a time.
    contents: Arc<Mutex<Contents>>,
    /// Past revisions that were asked for, the latest asked last.
    past: known::Past,
}

impl Mirrors {
    /// Mirrors of that store's tenants; nothing is loaded before it is asked for.
    #[must_use]
    pub fn new(store: Store, settings: Settings) -> Self {
        Self { store, settings: Arc::new(settings), tenants: Arc::default() }
    }

    /// The facts and the map of a tenant, at the asked revision or a later one.
    ///
    /// # Errors
    /// When the revision is not reached in time, or the tenant does not fit.
    pub async fn snapshot(&self, tenant: &Tenant, at_least: Revision) -> Result<Arc<Snapshot>, MirrorError> {
        let mirror = self.mirror(tenant);
        if let Some(snapshot) = mirror.published()
            && snapshot.revision >= at_least
        {
            return Ok(snapshot);
        }
        let this = self.clone();
        let rules = tenant.rules.clone();
        let caught_up = mirror.clone();
        // Detached: a question that is cancelled does not stop a load that others wait for.
        let catch_up = tokio::spawn(async move { this.catch_up(&caught_up, &rules, at_least).await });
        match tokio::time::timeout(self.settings.wait, catch_up).await {
            Ok(Ok(done)) => done?,
            Ok(Err(_)) => return Err(MirrorError::Store(StoreError::Closed)),
            Err(_) if mirror.published().is_none() => return Err(MirrorError::Loading),
            Err(_) => {}
        }
        let snapshot = mirror.published().ok_or(MirrorError::Loading)?;
        if snapshot.revision < at_least {
            return Err(MirrorError::Behind { at: snapshot.revision, asked: at_least });
        }
        Ok(snapshot)
    }

    /// Follows the log for the mirrors that exist, until the task is dropped: at once for what
    /// this process commits, by and by for what others do.
    pub async fn follow(self) {
        let mut committed = self.store.committed();
        loop {
            let _ = tokio::time::timeout(self.settings.poll, committed.changed()).await;
            committed.mark_unchanged();
            let mirrors: Vec<Arc<Mirror>> =
                self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
            for mirror in mirrors.into_iter().filter(|mirror| mirror.published().is_some()) {
                if let Err(error) = self.follow_one(&mirror).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a mirror could not follow");
                }
            }
        }
    }

    async fn follow_one(&self, mirror: &Mirror) -> Result<(), MirrorError> {
        let present = self.store.revision(mirror.key).await?;
        if mirror.published().is_some_and(|snapshot| snapshot.revision >= present) {
            return Ok(());
        }
        let rules = mirror.contents.lock().await.rules();
        self.catch_up(mirror, &rules, present).await
    }

    /// Reads and applies until the store's present revision, unless another did meanwhile.
    async fn catch_up(
        &self,
        mirror: &Mirror,
        rules: &Arc<Rules>,
        at_least: Revision,
    ) -> Result<(), MirrorError> {
        let mut contents = mirror.contents.clone().lock_owned().await;
        if mirror.published().is_some_and(|snapshot| snapshot.revision >= at_least) {
            return Ok(());
        }
        contents.begin(rules, self.store.revision(mirror.key).await?);
        let room = self.settings.memory_bytes.saturating_sub(self.bytes_beside(mirror.key));
        loop {
            let page = self.settings.page_touchpoints;
            let changed = self.store.changes(mirror.key, contents.cursor(), page).await?;
            let (applied, snapshot) = blocking(move || {
                let mut contents = contents;
                contents.apply(changed).map(|snapshot| (contents, snapshot))
            })
            .await?;
            contents = applied;
            if contents.bytes() > room {
                *contents = Contents::default();
                return Err(MirrorError::TooLarge { limit_bytes: self.settings.memory_bytes });
            }
            if let Some(snapshot) = snapshot {
                mirror.publish(snapshot);
                return Ok(());
            }
        }
    }

    fn mirror(&self, tenant: &Tenant) -> Arc<Mirror> {
        if let Some(mirror) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&tenant.key) {
            return mirror.clone();
        }
        let new = || {
            Arc::new(Mirror {
                key: tenant.key,
                published: RwLock::default(),
                contents: Arc::default(),
                past: known::Past::default(),
            })
        };
        self.tenants
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(tenant.key)
            .or_insert_with(new)
            .clone()
    }

    fn bytes_beside(&self, key: TenantKey) -> usize {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let others = tenants.values().filter(|mirror| mirror.key != key);
        let bytes = |mirror: &Arc<Mirror>| {
            mirror.published().map_or(0, |snapshot| snapshot.bytes() + mirror.past.bytes(&snapshot))
        };
        others.map(bytes).sum()
    }
}

impl Mirror {
    fn published(&self) -> Option<Arc<Snapshot>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, snapshot: Snapshot) {
        metrics::gauge!("customer360_mirror_revision").set(snapshot.revision.0 as f64);
        metrics::gauge!("customer360_mirror_bytes").set(snapshot.bytes() as f64);
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(snapshot));
    }
}

/// Runs work for the processor where it holds up nobody who waits for the network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> Result<T, MirrorError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| MirrorError::Store(StoreError::Closed))?
}
