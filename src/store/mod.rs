//! The memory. SQL lives here and nowhere else; what an identity is, is asked of `identity`.
//!
//! Every write goes through one writer a tenant's shard (`writer`), which commits in groups. A
//! write transaction begins with the tenant's next revision, and so holds the tenant's row: the
//! order of revisions is the order of commits, without a gap, also between processes.
//!
//! Rooms: `driver` (one SQL text for both databases), `tenants` (their rows, keys, upgrades), `write`
//! (the road in), `read` (the roads out, now and as of a revision), `decisions` (what people decide,
//! and the rules) and `records` (what is known beside touchpoints).

mod committed;
mod decisions;
mod driver;
mod error;
mod files;
mod read;
mod records;
mod tenants;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use decisions::constraints::{ListedConstraints, Retracted, StoredConstraint};
pub use decisions::decision::{Decided, Mandate, Party, Proposal, Reassigned};
pub use decisions::merges::{ListedMerge, ListedMerges, MergePlace};
pub use decisions::rules::{Promoted, Promotion, RuleSet, WholeMap};
pub use decisions::sharing::{COUNTED, SharedIdentifier};
pub use error::{Diagnosis, Failure, QueueLimit, StoreError, diagnose};
pub use read::as_of::{AsOf, KnownAt};
pub use read::changes::{Changed, Cursor, Fact, Facts, Moved};
pub use read::conflicts::{ConflictPlace, ListedConflict, ListedConflicts, Why};
pub use read::feed::{FeedPage, RevisionEvents};
pub use read::history::{Cause, HistoryEntry, HistoryPage, Recalled, SeenTogether};
pub use read::kept_out::KeptOut;
pub use read::since::{ChangedSince, Home};
pub use read::views::Whom;
pub use read::{
    By, Component, CustomerRecord, Filter, HeldIdentifier, Listed, Page, ResolvedIdentifier, StoredTouchpoint,
};
pub use records::costs::{Capacity, CostRate};
pub use records::{ExchangeRate, Kept, Record, RecordKind};
pub use tenants::Tenant;
pub use tenants::access::AccessChange;
pub use tenants::data_key::DataKey;
pub use tenants::deletion::{DeletedTenant, ListedTenant};
pub use write::foresight::Foreseen;
pub use write::idempotency::Request;
pub use write::outcomes::VERSIONS;
pub use write::recording::{Incoming, Outcome, Recorded};
pub use write::voiding::{Voided, Voiding};

// For benches, which write the same rows by the same driver with nothing in between.
pub use driver::{Column, Database, Scalar};

use crate::clock::Clock;
use crate::identity::RESOLVER_GENERATION;
use crate::model::{Micros, Revision, TenantKey};

/// Limits of the store.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Connections to the database at most (SQLite: readers; there is one writer).
    pub connections: u32,
    /// Touchpoints waiting for the writer at most.
    pub queue_touchpoints: usize,
    /// Their size in memory together at most, in bytes, roughly. A batch that is larger than all of it
    /// is let in when nothing else waits.
    pub queue_bytes: usize,
    /// Touchpoints in one transaction at most.
    pub group_touchpoints: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { connections: 8, queue_touchpoints: 50_000, queue_bytes: 256 << 20, group_touchpoints: 8_192 }
    }
}

/// The store of one database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Database,
    clock: Clock,
    tenants: Arc<tenants::Tenants>,
    writer: write::writer::Writer,
    views: read::views::Views,
    committed: committed::Committed,
}

impl Store {
    /// Opens the database of the URL (`sqlite:` or `postgres:`) and applies its migrations.
    ///
    /// # Errors
    /// When the scheme is neither, the database cannot be reached or a migration fails.
    pub async fn open(url: &str, settings: &Settings, clock: Clock) -> Result<Self, StoreError> {
        let db = Database::open(url, settings.connections).await?;
        tenants::rehash::rehash(&db).await?;
        let tenants = Arc::new(tenants::Tenants::default());
        let committed = committed::Committed::default();
        let woken = committed.clone();
        let writer =
            write::writer::Writer::start(db.clone(), tenants.clone(), clock.clone(), settings, woken);
        let views = read::views::Views::new(db.clone(), settings.connections);
        let store = Self { db, clock, tenants, writer, views, committed };
        store.settle_orders().await?;
        store.upgrade(RESOLVER_GENERATION).await?;
        Ok(store)
    }

    /// Every revision that this process commits.
    #[must_use]
    pub fn committed(&self) -> tokio::sync::broadcast::Receiver<(TenantKey, Revision)> {
        self.committed.all()
    }

    /// Wakes whenever this process has committed a revision of the tenant.
    #[must_use]
    pub fn committed_of(&self, tenant: TenantKey) -> tokio::sync::watch::Receiver<Revision> {
        self.committed.of(tenant)
    }

    /// Records a batch; one outcome per touchpoint, in order. What is refused is refused alone.
    ///
    /// # Errors
    /// [`StoreError::QueueFull`] when too much waits already; nothing of the batch is stored then.
    pub async fn record(&self, tenant: TenantKey, batch: Vec<Incoming>) -> Result<Recorded, StoreError> {
        let key = match self.tenants.known_key(tenant) {
            Some(key) => key,
            None => self.tenants.data_key(&mut self.db.read().await?, tenant).await?,
        };
        let batch = batch.into_iter().map(|incoming| incoming.sealed(&key)).collect();
        self.writer.record(tenant, batch).await
    }

    /// Stops accepting writes, finishes those accepted, and closes the connections.
    pub async fn close(&self) {
        self.writer.close().await;
        self.db.close().await;
    }

    fn now(&self) -> Micros {
        (self.clock)()
    }
}
