//! Snapshots of past revisions: made of the present one on demand, and the last few kept.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::past::{self, Later};
use super::{Mirror, MirrorError, Mirrors, blocking};
use crate::kpi::Snapshot;
use crate::kpi::facts::as_of::Since;
use crate::kpi::facts::projection::Pieces;
use crate::kpi::facts::reconcile::{Between, Cause};
use crate::model::Revision;
use crate::store::{AsOf, Tenant};

/// Snapshots of past revisions of one tenant that are kept, if memory allows.
const KEPT: usize = 8;

/// The past revisions that were asked for, each with the pieces that questions of it read.
#[derive(Default)]
pub(super) struct Past(Mutex<VecDeque<Arc<Snapshot>>>);

impl Past {
    fn find(&self, revision: Revision, pieces: Pieces) -> Option<Arc<Snapshot>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has = |one: &&Arc<Snapshot>| one.revision == revision && one.given.pieces.covers(pieces);
        kept.iter().find(has).cloned()
    }

    /// Keeps a snapshot instead of those that were given less; the oldest make room, in number and in
    /// bytes.
    fn keep(&self, snapshot: Arc<Snapshot>, present: &Snapshot, room_bytes: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pieces = snapshot.given.pieces;
        kept.retain(|one| one.revision != snapshot.revision || !pieces.covers(one.given.pieces));
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
    let mut shared = HashSet::new();
    let each_piece = |snapshot: &Snapshot, visit: &mut dyn FnMut(usize, usize)| {
        snapshot.segments.iter().for_each(|live| live.segment.each_piece(&mut *visit));
        snapshot.unidentified.iter().for_each(|tables| tables.each_given(&mut *visit));
    };
    each_piece(present, &mut |place, _| {
        shared.insert(place);
    });
    let mut own = 0;
    each_piece(past, &mut |place, bytes| {
        if !shared.contains(&place) {
            own += bytes;
        }
    });
    own + past.segments.iter().map(|live| live.dead.bytes()).sum::<usize>()
}

/// Two revisions of a tenant, and everything between them.
pub struct Comparison {
    later: Arc<Snapshot>,
    map: Later,
    between: Between,
}

impl Comparison {
    /// The earlier one.
    #[must_use]
    pub fn before(&self) -> Snapshot {
        self.between.before(&self.later, &self.map)
    }

    /// What has everything up to and including that cause.
    #[must_use]
    pub fn after(&self, cause: Cause) -> Snapshot {
        self.between.after(cause, &self.later, &self.map)
    }
}

impl Mirrors {
    /// Two revisions of a tenant with what lies between them.
    ///
    /// # Errors
    /// As [`Mirrors::snapshot`].
    pub async fn compare(
        &self,
        tenant: &Tenant,
        from: &AsOf,
        until: &AsOf,
    ) -> Result<Comparison, MirrorError> {
        self.snapshot(tenant, until.revision.max(from.revision)).await?;
        let mirror = self.mirror(tenant);
        let (present, map, rules) = {
            let contents = mirror.contents.lock().await;
            let present = mirror.published().filter(|_| contents.is_settled());
            (present.ok_or(MirrorError::Loading)?, contents.map().clone(), contents.rules())
        };
        let since = self.store.changed_since(mirror.key, until, present.revision).await?;
        let changed = self.store.changed_since(mirror.key, from, until.revision).await?;
        let (from, until) = (from.clone(), until.clone());
        blocking(move || {
            let (later, map) = match present.revision == until.revision {
                true => (present, Later { map, since: Since { last: u32::MAX, ..Since::default() } }),
                false => {
                    let (later, since) = past::as_known(&present, &map, &rules, &until, &since, Pieces::ALL)?;
                    (Arc::new(later), Later { map, since })
                }
            };
            let between = past::between(&later, &map, &from, &until, &changed)?;
            Ok(Comparison { later, map, between })
        })
        .await
    }

    /// The facts and the map of a tenant as known at a past revision, of which these pieces are given
    /// or more; of nobody, if none are asked for: then what a question reads is what it misses.
    ///
    /// # Errors
    /// As [`Mirrors::snapshot`].
    pub async fn snapshot_as_of(
        &self,
        tenant: &Tenant,
        known: &AsOf,
        pieces: Pieces,
    ) -> Result<Arc<Snapshot>, MirrorError> {
        let present = self.snapshot(tenant, known.revision).await?;
        if present.revision == known.revision {
            return Ok(present);
        }
        if pieces.is_empty() {
            return Ok(Arc::new(present.of_nobody(known.revision)));
        }
        let mirror = self.mirror(tenant);
        if let Some(kept) = mirror.past.find(known.revision, pieces) {
            return Ok(kept);
        }
        // Detached: a question that is cancelled leaves nothing half done.
        let (this, known) = (self.clone(), known.clone());
        let made = tokio::spawn(async move { this.look_back(&mirror, &known, pieces).await });
        made.await.map_err(|_| MirrorError::Loading)?
    }

    async fn look_back(
        &self,
        mirror: &Arc<Mirror>,
        known: &AsOf,
        pieces: Pieces,
    ) -> Result<Arc<Snapshot>, MirrorError> {
        // While it is held, the map is that of the published snapshot.
        let contents = mirror.contents.clone().lock_owned().await;
        let present = mirror.published().filter(|_| contents.is_settled()).ok_or(MirrorError::Loading)?;
        if let Some(kept) = mirror.past.find(known.revision, pieces) {
            return Ok(kept);
        }
        let changed = self.store.changed_since(mirror.key, known, present.revision).await?;
        let (now, then) = (present.clone(), known.clone());
        let made = blocking(move || {
            let (map, rules) = (contents.map(), contents.rules());
            Ok(past::as_known(&now, map, &rules, &then, &changed, pieces)?.0)
        });
        let made = made.await?;
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
