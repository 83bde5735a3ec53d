//! The change log turned into columns and a map: what the KPIs are computed on.
//!
//! Each tenant that is asked about has a mirror in memory. It reads what changed since its
//! revision, gathers the customers that this touches out of the older segments into a new small
//! one, and publishes a snapshot; questions keep the snapshot they began with. Every replica of
//! the service follows the log on its own, so a missed notification costs a moment, not a fact.

mod as_of;
mod memory;
mod past;
mod preview;
mod stuck;
mod tenant;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use crate::clock;
use crate::kpi::{FactError, Snapshot};
use crate::model::{Revision, TenantKey};
use crate::store::{Changed, Cursor, Store, StoreError, Tenant};

pub use as_of::Comparison;

use tenant::Contents;

/// Limits of the mirrors.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Columns of all tenants together, in bytes. When it is short, tenants that were not asked about
    /// for longest are dropped; one that does not fit then is refused.
    pub memory_bytes: usize,
    /// A tenant that was asked about so recently is not dropped for another: two that do not fit
    /// together would push each other out at every question.
    pub keep: Duration,
    /// A tenant that was not asked about for so long is dropped; `None`: never.
    pub idle: Option<Duration>,
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
            keep: Duration::from_secs(60),
            idle: None,
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
    /// What was loading ended by a defect; it was logged.
    #[error("a defect of the service ended the loading of the tenant's facts; it was logged")]
    Panicked,
    /// The tenant has outgrown what the columns can number.
    #[error(transparent)]
    Outgrown(#[from] FactError),
}

/// A task that does not end by itself is stopped with the service, or panicked.
impl From<tokio::task::JoinError> for MirrorError {
    fn from(ended: tokio::task::JoinError) -> Self {
        if ended.is_panic() { Self::Panicked } else { Self::Store(StoreError::Closed) }
    }
}

/// The mirrors of all tenants that were asked about. Cheap to clone.
#[derive(Clone)]
pub struct Mirrors {
    store: Store,
    settings: Arc<Settings>,
    tenants: Arc<RwLock<HashMap<TenantKey, Arc<Mirror>>>>,
    /// How many tenants are loaded for the first time right now.
    loading: Arc<watch::Sender<usize>>,
    /// How many tenants cannot follow the log.
    stuck: Arc<watch::Sender<usize>>,
    started: Instant,
}

struct Mirror {
    key: TenantKey,
    /// When it was last asked for, in milliseconds since the mirrors were started.
    asked_ms: AtomicU64,
    /// Of its columns, also while nothing is published yet.
    bytes: AtomicUsize,
    is_loading: AtomicBool,
    published: RwLock<Option<Arc<Snapshot>>>,
    /// Held while changes are read and applied: one at a time.
    contents: Arc<Mutex<Contents>>,
    /// Past revisions that were asked for, the latest asked last.
    past: as_of::Past,
    /// Why it did not follow when it last tried.
    stuck: stuck::Stuck,
}

impl Mirrors {
    /// Mirrors of that store's tenants; nothing is loaded before it is asked for.
    #[must_use]
    pub fn new(store: Store, settings: Settings) -> Self {
        Self {
            store,
            settings: Arc::new(settings),
            tenants: Arc::default(),
            loading: Arc::new(watch::Sender::new(0)),
            stuck: Arc::new(watch::Sender::new(0)),
            started: clock::stopwatch(),
        }
    }

    /// How many tenants are loaded for the first time: until then their KPIs have no answer.
    #[must_use]
    pub fn loading(&self) -> watch::Receiver<usize> {
        self.loading.subscribe()
    }

    /// The facts and the map of a tenant, at the asked revision or a later one.
    ///
    /// # Errors
    /// When the revision is not reached in time, or the tenant does not fit.
    pub async fn snapshot(&self, tenant: &Tenant, at_least: Revision) -> Result<Arc<Snapshot>, MirrorError> {
        let mirror = self.mirror(tenant);
        mirror.asked_ms.store(self.now_ms(), Ordering::Relaxed);
        // One that cannot follow answers nothing, not even what needs no more than it has: nobody would
        // see that it stands still.
        let is_stuck = mirror.is_stuck();
        if let Some(refusal) = mirror.refusal(self.now_ms()) {
            return Err(refusal);
        }
        if let Some(snapshot) = mirror.published()
            && snapshot.revision >= at_least
            && !is_stuck
        {
            return Ok(snapshot);
        }
        let this = self.clone();
        let caught_up = mirror.clone();
        // Detached: a question that is cancelled does not stop a load that others wait for.
        let catch_up = tokio::spawn(async move {
            match is_stuck {
                true => this.catch_up_with_all(&caught_up).await,
                false => this.catch_up(&caught_up, at_least).await,
            }
        });
        match tokio::time::timeout(self.settings.wait, catch_up).await {
            Ok(Ok(done)) => done?,
            Ok(Err(ended)) => return Err(ended.into()),
            Err(_) if is_stuck || mirror.published().is_none() => return Err(MirrorError::Loading),
            Err(_) => {}
        }
        let snapshot = mirror.published().ok_or(MirrorError::Loading)?;
        if snapshot.revision < at_least {
            return Err(MirrorError::Behind { at: snapshot.revision, asked: at_least });
        }
        Ok(snapshot)
    }

    /// The same if it is there already; otherwise it is read, and there later.
    #[must_use]
    pub fn snapshot_if_ready(&self, tenant: &Tenant, at_least: Revision) -> Option<Arc<Snapshot>> {
        let mirror = self.mirror(tenant);
        mirror.asked_ms.store(self.now_ms(), Ordering::Relaxed);
        let ready = mirror.published().filter(|snapshot| snapshot.revision >= at_least);
        if ready.is_none() && !mirror.is_loading.load(Ordering::Relaxed) {
            let (this, tenant) = (self.clone(), tenant.clone());
            // What goes wrong is told to those who wait for it.
            tokio::spawn(async move { this.snapshot(&tenant, at_least).await });
        }
        ready
    }

    /// Follows the log for the mirrors that exist, until the task is dropped: at once for what
    /// this process commits, by and by for what others do.
    pub async fn follow(self) {
        let mut committed = self.store.committed();
        let mut looked = clock::stopwatch();
        loop {
            let wait = self.settings.poll.saturating_sub(looked.elapsed());
            // From time to time all are looked at, also when there is always something to do.
            let told = match wait.is_zero() {
                true => None,
                false => tokio::time::timeout(wait, committed.recv()).await.ok().and_then(Result::ok),
            };
            let changed = match told {
                Some(first) => {
                    // Of a tenant that changed often meanwhile, the latest counts.
                    let more = std::iter::from_fn(|| committed.try_recv().ok());
                    std::iter::once(first).chain(more).collect::<HashMap<_, _>>()
                }
                None => {
                    looked = clock::stopwatch();
                    self.drop_idle();
                    // Who cannot be asked is asked again soon.
                    self.present().await.unwrap_or_default()
                }
            };
            for (tenant, revision) in changed {
                self.follow_one(tenant, revision).await;
            }
        }
    }

    /// The revisions of all tenants that have facts here: one question, however many they are.
    async fn present(&self) -> Result<HashMap<TenantKey, Revision>, StoreError> {
        let loaded = self.all().into_iter().filter(|mirror| mirror.published().is_some());
        let keys: Vec<TenantKey> = loaded.map(|mirror| mirror.key).collect();
        match keys.is_empty() {
            true => Ok(HashMap::new()),
            false => Ok(self.store.revisions(&keys).await?.into_iter().collect()),
        }
    }

    async fn follow_one(&self, tenant: TenantKey, present: Revision) {
        let mirror = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
        let Some(mirror) = mirror else { return };
        let is_behind = mirror.published().is_some_and(|snapshot| snapshot.revision < present);
        if is_behind && mirror.refusal(self.now_ms()).is_none() {
            // What goes wrong is told by `tried`.
            let _ = self.catch_up(&mirror, present).await;
        }
    }

    async fn catch_up_with_all(&self, mirror: &Mirror) -> Result<(), MirrorError> {
        let present = match self.store.revision(mirror.key).await {
            Ok(present) => present,
            Err(error) => {
                let failed = Err(error.into());
                self.tried(mirror, &failed);
                return failed;
            }
        };
        self.catch_up(mirror, present).await
    }

    /// Reads and applies until the store's present revision, unless another did meanwhile.
    async fn catch_up(&self, mirror: &Mirror, at_least: Revision) -> Result<(), MirrorError> {
        let done = self.read_and_apply(mirror, at_least).await;
        self.tried(mirror, &done);
        done
    }

    async fn read_and_apply(&self, mirror: &Mirror, at_least: Revision) -> Result<(), MirrorError> {
        let _loading = Loading::begin(&self.loading, mirror);
        let mut contents = mirror.contents.clone().lock_owned().await;
        if mirror.published().is_some_and(|snapshot| snapshot.revision >= at_least) {
            return Ok(());
        }
        contents.begin(self.store.revision(mirror.key).await?);
        let mut read = Some(self.read_ahead(mirror.key, contents.cursor()));
        while let Some(page) = read {
            let changed = page.await??;
            // The next page is read while this one is parsed and applied.
            read = (!changed.complete).then(|| self.read_ahead(mirror.key, changed.cursor));
            let read_before = contents.cursor().touchpoint;
            metrics::counter!("customer360_mirror_touchpoints_read_total")
                .increment((changed.cursor.touchpoint - read_before) as u64);
            let (applied, snapshot) = blocking(move || {
                let mut contents = contents;
                // Taken out meanwhile: what was applied by half is read anew, from the beginning.
                let mut applied = std::mem::take(&mut *contents);
                let snapshot = applied.apply(changed)?;
                *contents = applied;
                Ok((contents, snapshot))
            })
            .await?;
            contents = applied;
            mirror.bytes.store(contents.bytes(), Ordering::Relaxed);
            if !self.make_room(mirror) {
                *contents = Contents::default();
                mirror.clear();
                return Err(MirrorError::TooLarge { limit_bytes: self.settings.memory_bytes });
            }
            if let Some(snapshot) = snapshot {
                mirror.publish(snapshot);
                self.tell_bytes();
            }
        }
        Ok(())
    }

    fn read_ahead(&self, key: TenantKey, since: Cursor) -> JoinHandle<Result<Changed, StoreError>> {
        let (store, page) = (self.store.clone(), self.settings.page_touchpoints);
        tokio::spawn(async move { store.changes(key, since, page).await })
    }

    fn mirror(&self, tenant: &Tenant) -> Arc<Mirror> {
        if let Some(mirror) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&tenant.key) {
            return mirror.clone();
        }
        let new = || {
            Arc::new(Mirror {
                key: tenant.key,
                asked_ms: AtomicU64::new(self.now_ms()),
                bytes: AtomicUsize::new(0),
                is_loading: AtomicBool::new(false),
                published: RwLock::default(),
                contents: Arc::default(),
                past: as_of::Past::default(),
                stuck: stuck::Stuck::default(),
            })
        };
        self.tenants
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(tenant.key)
            .or_insert_with(new)
            .clone()
    }
}

impl Mirror {
    fn published(&self) -> Option<Arc<Snapshot>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, snapshot: Snapshot) {
        metrics::gauge!("customer360_mirror_revision").set(snapshot.revision.0 as f64);
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(snapshot));
    }
}

/// A first load that is under way; said by health and metrics.
struct Loading<'a> {
    loading: &'a watch::Sender<usize>,
    mirror: &'a Mirror,
}

impl<'a> Loading<'a> {
    /// `None` when it is no first load, or another question waits for the same one already.
    fn begin(loading: &'a watch::Sender<usize>, mirror: &'a Mirror) -> Option<Self> {
        let begins = mirror.published().is_none() && !mirror.is_loading.swap(true, Ordering::Relaxed);
        begins.then(|| {
            count(loading, |loads| loads + 1);
            Self { loading, mirror }
        })
    }
}

fn count(loading: &watch::Sender<usize>, next: impl FnOnce(usize) -> usize) {
    loading.send_modify(|loads| {
        *loads = next(*loads);
        metrics::gauge!("customer360_mirrors_loading").set(*loads as f64);
    });
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.mirror.is_loading.store(false, Ordering::Relaxed);
        count(self.loading, |loads| loads - 1);
    }
}

/// Runs work for the processor where it holds up nobody who waits for the network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> Result<T, MirrorError> {
    tokio::task::spawn_blocking(work).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_while_loading_is_a_defect_and_no_shutdown() {
        let panicked: Result<(), MirrorError> =
            blocking(|| panic!("the facts are not as they should be")).await;
        assert!(matches!(panicked, Err(MirrorError::Panicked)));
        let stopped = tokio::spawn(std::future::pending::<()>());
        stopped.abort();
        let stopped = MirrorError::from(stopped.await.unwrap_err());
        assert!(matches!(stopped, MirrorError::Store(StoreError::Closed)));
    }
}
