//! The order of customers by a score, kept while a list is paged through: ranking them looks at all
//! of them, a page of a known ranking only at its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::page::Query;
use crate::kpi::shapes::score::Place;
use crate::model::{Micros, Revision};

/// Of all rankings together, at 16 bytes a customer; a longer one is made for each page.
const LIMIT_BYTES: usize = 64 << 20;

/// Which ranking: of which list, at which revision, by the scoring run of which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    pub query: Query,
    pub revision: Revision,
    pub scored_at: Micros,
}

/// Places of customers, in order.
pub type Ranking = Arc<[Place]>;

/// The latest rankings. Cheap to clone.
#[derive(Clone)]
pub struct Rankings {
    /// From the oldest to the youngest.
    kept: Arc<Mutex<VecDeque<(Which, Ranking)>>>,
    limit_bytes: usize,
}

impl Default for Rankings {
    fn default() -> Self {
        Self::new(LIMIT_BYTES)
    }
}

impl Rankings {
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self { kept: Arc::default(), limit_bytes }
    }

    #[must_use]
    pub fn get(&self, which: Which) -> Option<Ranking> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(its, _)| *its == which).map(|(_, ranking)| ranking.clone())
    }

    /// Keeps a ranking; the oldest ones make room.
    pub fn keep(&self, which: Which, ranking: Ranking) {
        let bytes = |ranking: &Ranking| size_of_val::<[Place]>(ranking);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes(&ranking) > self.limit_bytes || kept.iter().any(|(its, _)| *its == which) {
            return;
        }
        kept.push_back((which, ranking));
        let mut all: usize = kept.iter().map(|(_, ranking)| bytes(ranking)).sum();
        while all > self.limit_bytes
            && let Some((_, oldest)) = kept.pop_front()
        {
            all -= bytes(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TenantName;
    use crate::rpc::proto::ListKpisRequest;

    #[test]
    fn the_oldest_make_room_and_what_is_too_long_is_not_kept() {
        let query = Query::of("List", &TenantName::parse("acme").unwrap(), &ListKpisRequest {});
        let which = |revision| Which { query, revision: Revision(revision), scored_at: Micros(0) };
        let rankings = Rankings::new(5 * size_of::<Place>());
        let ranking = |length: usize| -> Ranking { vec![(0, 0); length].into() };
        for revision in 0..4 {
            rankings.keep(which(revision), ranking(2));
        }
        rankings.keep(which(9), ranking(6));
        let known: Vec<i64> = (0..10).filter(|n| rankings.get(which(*n)).is_some()).collect();
        assert_eq!(known, [2, 3]);
        let other = Which { scored_at: Micros(1), ..which(3) };
        assert!(rankings.get(other).is_none(), "another run ranks anew");
    }
}
