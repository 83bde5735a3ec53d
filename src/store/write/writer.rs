//! Group commit: requests that wait while a transaction runs go into the next one together.
//!
//! Writers run apart from the requests: a request that is cancelled takes nothing back and
//! leaves no transaction open.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

mod turns;

use turns::{Held, Turns};

use crate::clock::Clock;
use crate::model::{Revision, TenantKey};
use crate::store::committed::Committed;
use crate::store::driver::Database;
use crate::store::tenants::Tenants;
use crate::store::write::recording::{Incoming, Recorded, record};
use crate::store::{Failure, QueueLimit, Settings, StoreError};

/// The way to the writers of one database. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Writer {
    shards: Arc<Mutex<Option<Vec<mpsc::UnboundedSender<Job>>>>>,
    room: Arc<Semaphore>,
    limit: usize,
    /// In units of [`BYTES_UNIT`], for a semaphore counts in 32 bits.
    room_bytes: Arc<Semaphore>,
    limit_bytes: usize,
    stopped: Arc<Semaphore>,
    shard_count: usize,
    /// How many touchpoints of which tenant wait.
    holders: turns::Holders,
    woken: Committed,
}

struct Job {
    tenant: TenantKey,
    batch: Vec<Incoming>,
    answer: oneshot::Sender<Result<Recorded, StoreError>>,
    room: Room,
}

/// Its place in the queue.
struct Room {
    _touchpoints: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
    _held: Held,
}

/// Sizes are rounded up to it.
const BYTES_UNIT: usize = 1_024;

struct Shard {
    db: Database,
    tenants: Arc<Tenants>,
    clock: Clock,
    group_touchpoints: usize,
    woken: Committed,
    stopped: Arc<Semaphore>,
}

impl Writer {
    /// Starts the writers: one for SQLite, which has one writer anyway; for PostgreSQL a few, each
    /// for its share of the tenants.
    pub(in crate::store) fn start(
        db: Database,
        tenants: Arc<Tenants>,
        clock: Clock,
        settings: &Settings,
        woken: Committed,
    ) -> Self {
        let shard_count = if db.is_postgres() { (settings.connections as usize / 2).clamp(1, 4) } else { 1 };
        let stopped = Arc::new(Semaphore::new(0));
        let start = |_| {
            let (sender, jobs) = mpsc::unbounded_channel();
            let shard = Shard {
                db: db.clone(),
                tenants: tenants.clone(),
                clock: clock.clone(),
                group_touchpoints: settings.group_touchpoints,
                woken: woken.clone(),
                stopped: stopped.clone(),
            };
            tokio::spawn(shard.run(jobs));
            sender
        };
        Self {
            shards: Arc::new(Mutex::new(Some((0..shard_count).map(start).collect()))),
            room: Arc::new(Semaphore::new(settings.queue_touchpoints)),
            limit: settings.queue_touchpoints,
            room_bytes: Arc::new(Semaphore::new(settings.queue_bytes.div_ceil(BYTES_UNIT))),
            limit_bytes: settings.queue_bytes,
            stopped,
            shard_count,
            holders: turns::Holders::default(),
            woken,
        }
    }

    /// Says that a revision was committed.
    pub(in crate::store) fn wake(&self, tenant: TenantKey, revision: Revision) {
        self.woken.tell(tenant, revision);
    }

    pub(in crate::store) async fn record(
        &self,
        tenant: TenantKey,
        batch: Vec<Incoming>,
    ) -> Result<Recorded, StoreError> {
        let room = self.take_room(tenant, &batch)?;
        let (answer, answered) = oneshot::channel();
        let job = Job { tenant, batch, answer, room };
        {
            let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
            let shards = shards.as_ref().ok_or(StoreError::Closed)?;
            let shard = tenant.0.cast_unsigned() as usize % shards.len();
            shards[shard].send(job).map_err(|_| StoreError::Closed)?;
        }
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    fn take_room(&self, tenant: TenantKey, batch: &[Incoming]) -> Result<Room, StoreError> {
        let full = |limit| StoreError::QueueFull { limit };
        let many = || full(QueueLimit::Touchpoints(self.limit));
        let size = u32::try_from(batch.len().max(1)).map_err(|_| many())?;
        let room = self.room.clone().try_acquire_many_owned(size).map_err(|_| many())?;
        let held = self.holders.hold(tenant, size as usize, self.room.available_permits(), self.limit);
        let held = held.ok_or_else(many)?;
        let bytes: usize = batch.iter().map(Incoming::bytes).sum();
        let units = bytes.min(self.limit_bytes).div_ceil(BYTES_UNIT).max(1);
        let large = || full(QueueLimit::Bytes(self.limit_bytes));
        let units = u32::try_from(units).map_err(|_| large())?;
        let room_bytes = self.room_bytes.clone().try_acquire_many_owned(units).map_err(|_| large())?;
        metrics::gauge!("customer360_write_queue_touchpoints")
            .set((self.limit - self.room.available_permits()) as f64);
        let free = self.room_bytes.available_permits() * BYTES_UNIT;
        metrics::gauge!("customer360_write_queue_bytes").set(self.limit_bytes.saturating_sub(free) as f64);
        Ok(Room { _touchpoints: room, _bytes: room_bytes, _held: held })
    }

    /// Accepts no more, and waits until what was accepted is written.
    pub(in crate::store) async fn close(&self) {
        let open = self.shards.lock().unwrap_or_else(PoisonError::into_inner).take();
        if open.is_some() {
            drop(open);
            let all = u32::try_from(self.shard_count).unwrap_or(u32::MAX);
            let _ = self.stopped.acquire_many(all).await;
        }
    }
}

impl Shard {
    async fn run(self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut turns = Turns::default();
        loop {
            if turns.is_empty() {
                match jobs.recv().await {
                    Some(job) => turns.push(job.tenant, job.batch.len(), job),
                    None => break,
                }
            }
            while let Ok(job) = jobs.try_recv() {
                turns.push(job.tenant, job.batch.len(), job);
            }
            // Whatever waits already of the tenant whose turn it is, in order.
            if let Some((tenant, group)) = turns.next(self.group_touchpoints) {
                self.commit(tenant, group).await;
            }
        }
        self.stopped.add_permits(1);
    }

    async fn commit(&self, tenant: TenantKey, group: Vec<Job>) {
        let sizes: Vec<usize> = group.iter().map(|job| job.batch.len()).collect();
        let mut batch = Vec::with_capacity(sizes.iter().sum());
        let mut answers = Vec::with_capacity(group.len());
        for job in group {
            batch.extend(job.batch);
            answers.push((job.answer, job.room));
        }
        metrics::histogram!("customer360_write_group_touchpoints").record(batch.len() as f64);
        match record(&self.db, &self.tenants, tenant, &batch, (self.clock)()).await {
            Ok(recorded) => {
                self.woken.tell(tenant, recorded.revision);
                let mut outcomes = recorded.outcomes.into_iter();
                for ((answer, room), size) in answers.into_iter().zip(sizes) {
                    // First: who is answered and calls again finds it.
                    drop(room);
                    let outcomes = outcomes.by_ref().take(size).collect();
                    let _ = answer.send(Ok(Recorded { revision: recorded.revision, outcomes }));
                }
            }
            // What one of them brought may be a defect: it is not the others'.
            Err(error) if answers.len() > 1 && error.diagnosis().failure == Failure::Defect => {
                let mut rest = batch.as_slice();
                for ((answer, room), size) in answers.into_iter().zip(sizes) {
                    let (own, others) = rest.split_at(size);
                    rest = others;
                    let recorded = record(&self.db, &self.tenants, tenant, own, (self.clock)()).await;
                    if let Ok(recorded) = &recorded {
                        self.woken.tell(tenant, recorded.revision);
                    }
                    drop(room);
                    let _ = answer.send(recorded.map_err(|error| unstored(&error)));
                }
            }
            Err(error) => {
                for (answer, room) in answers {
                    drop(room);
                    let _ = answer.send(Err(unstored(&error)));
                }
            }
        }
    }
}

/// What everybody is told whose touchpoints were not stored.
fn unstored(error: &StoreError) -> StoreError {
    tracing::error!(error = error as &dyn std::error::Error, "a group of touchpoints was not stored");
    StoreError::Shared(error.diagnosis())
}
