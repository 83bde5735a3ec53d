//! Snapshots of past revisions: made of the present one on demand, and the last few kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Mirror, MirrorError, Mirrors, blocking};
use crate::kpi::Snapshot;
use crate::model::Revision;
use crate::store::{Known, Tenant};

/// Past revisions of one tenant that are kept, if memory allows.
const KEPT: usize = 4;

/// The past revisions that were asked for.
#[derive(Default)]
pub(super) struct Past(Mutex<VecDeque<Arc<Snapshot>>>);

impl Past {
    fn find(&self, revision: Revision) -> Option<Arc<Snapshot>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|snapshot| snapshot.revision == revision).cloned()
    }

    /// Keeps a snapshot; the oldest make room, in number and in bytes.
    fn keep(&self, snapshot: Arc<Snapshot>, present: &Snapshot, room_bytes: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.revision != snapshot.revision);
        kept.push_back(snapshot);
        let bytes =
            |kept: &VecDeque<Arc<Snapshot>>| kept.iter().map(|one| own_bytes(one, present)).sum::<usize>();
        while kept.len() > KEPT || (kept.len() > 1 && bytes(&kept) > room_bytes) {
            kept.pop_front();
        }
    }

    /// Bytes beside those of the present snapshot.
    pub(super) fn bytes(&self, present: &Snapshot) -> usize {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|one| own_bytes(one, present)).sum()
    }
}

/// Bytes of a past snapshot that it does not share with the present one.
fn own_bytes(past: &Snapshot, present: &Snapshot) -> usize {
    let shared = |one: &Arc<_>| present.segments.iter().any(|live| Arc::ptr_eq(&live.segment, one));
    let own = past.segments.iter().filter(|live| !shared(&live.segment));
    let own: usize = own.map(|live| live.segment.bytes() + live.dead.bytes()).sum();
    let nobody =
        past.unidentified.iter().filter(|one| !present.unidentified.iter().any(|o| Arc::ptr_eq(o, one)));
    own + nobody.map(|tables| tables.bytes()).sum::<usize>()
}

impl Mirrors {
    /// The facts and the map of a tenant as known at a past revision.
    ///
    /// # Errors
    /// As [`Mirrors::snapshot`].
    pub async fn snapshot_then(&self, tenant: &Tenant, known: &Known) -> Result<Arc<Snapshot>, MirrorError> {
        let present = self.snapshot(tenant, known.revision).await?;
        if present.revision == known.revision {
            return Ok(present);
        }
        let mirror = self.mirror(tenant);
        if let Some(kept) = mirror.past.find(known.revision) {
            return Ok(kept);
        }
        // Detached: a question that is cancelled leaves nothing half done.
        let (this, known) = (self.clone(), known.clone());
        let made = tokio::spawn(async move { this.look_back(&mirror, &known).await });
        made.await.map_err(|_| MirrorError::Loading)?
    }

    async fn look_back(&self, mirror: &Arc<Mirror>, known: &Known) -> Result<Arc<Snapshot>, MirrorError> {
        // While it is held, the map is that of the published snapshot.
        let contents = mirror.contents.clone().lock_owned().await;
        let present = mirror.published().filter(|_| contents.is_settled()).ok_or(MirrorError::Loading)?;
        if let Some(kept) = mirror.past.find(known.revision) {
            return Ok(kept);
        }
        let changed = self.store.changed_since(mirror.key, known, present.revision).await?;
        let (now, then) = (present.clone(), known.clone());
        let made = blocking(move || contents.as_known(&now, &then, &changed)).await?;
        let used = self.bytes_beside(mirror.key) + present.bytes();
        let room = self.settings.memory_bytes.saturating_sub(used);
        if own_bytes(&made, &present) > room {
            return Err(MirrorError::TooLarge { limit_bytes: self.settings.memory_bytes });
        }
        let made = Arc::new(made);
        mirror.past.keep(made.clone(), &present, room);
        Ok(made)
    }
}
