//! Turns: tenants that wait are served one after the other, each with a group of its own, so one that
//! floods the queue holds up the others by one group and no more. And the queue itself: its last eighth
//! is for tenants that hold little of it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::TenantKey;

/// What waits, by tenant.
pub(super) struct Turns<J> {
    order: VecDeque<TenantKey>,
    waiting: HashMap<TenantKey, VecDeque<(usize, J)>>,
}

impl<J> Default for Turns<J> {
    fn default() -> Self {
        Self { order: VecDeque::new(), waiting: HashMap::new() }
    }
}

impl<J> Turns<J> {
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds a job of so many touchpoints behind those of its tenant.
    pub(super) fn push(&mut self, tenant: TenantKey, size: usize, job: J) {
        let waiting = self.waiting.entry(tenant).or_default();
        if waiting.is_empty() {
            self.order.push_back(tenant);
        }
        waiting.push_back((size, job));
    }

    /// The jobs of the tenant whose turn it is: at least one, then as many as fit together.
    pub(super) fn next(&mut self, limit: usize) -> Option<(TenantKey, Vec<J>)> {
        let tenant = self.order.pop_front()?;
        let waiting = self.waiting.get_mut(&tenant)?;
        let (mut size, mut group) = (0, Vec::new());
        while let Some((next, _)) = waiting.front()
            && (group.is_empty() || size + next <= limit)
            && let Some((next, job)) = waiting.pop_front()
        {
            size += next;
            group.push(job);
        }
        match waiting.is_empty() {
            true => _ = self.waiting.remove(&tenant),
            false => self.order.push_back(tenant),
        }
        Some((tenant, group))
    }
}

/// How many touchpoints of each tenant wait.
#[derive(Clone, Default)]
pub(super) struct Holders(Arc<Mutex<HashMap<TenantKey, usize>>>);

/// A tenant's part of the queue, given back when it is dropped.
pub(super) struct Held {
    holders: Holders,
    tenant: TenantKey,
    size: usize,
}

impl Holders {
    /// Notes that a tenant takes so many places, of which `free` are left afterwards; `None` when the
    /// rest is for others. A tenant that holds nothing takes what there is.
    pub(super) fn hold(&self, tenant: TenantKey, size: usize, free: usize, limit: usize) -> Option<Held> {
        let eighth = limit / 8;
        let mut holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = holders.entry(tenant).or_default();
        if *held > 0 && *held + size > eighth && free < eighth {
            return None;
        }
        *held += size;
        Some(Held { holders: self.clone(), tenant, size })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut holders = self.holders.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = holders.get_mut(&self.tenant) {
            *held = held.saturating_sub(self.size);
            if *held == 0 {
                holders.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TenantKey = TenantKey(1);
    const B: TenantKey = TenantKey(2);

    #[test]
    fn tenants_take_turns_and_keep_their_order() {
        let mut turns = Turns::default();
        for job in 0..5 {
            turns.push(A, 4, job);
        }
        turns.push(B, 1, 100);
        turns.push(A, 4, 5);
        assert_eq!(turns.next(10), Some((A, vec![0, 1])));
        assert_eq!(turns.next(10), Some((B, vec![100])));
        turns.push(B, 50, 101);
        assert_eq!(turns.next(10), Some((A, vec![2, 3])));
        // One that is larger than a group goes alone.
        assert_eq!(turns.next(10), Some((B, vec![101])));
        assert_eq!(turns.next(10), Some((A, vec![4, 5])));
        assert!(turns.is_empty());
        assert_eq!(turns.next(10), None);
    }

    #[test]
    fn the_last_eighth_is_for_those_who_hold_little() {
        let holders = Holders::default();
        let flood = holders.hold(A, 800, 0, 800).expect("alone it takes everything");
        drop(flood);
        let _most = holders.hold(A, 690, 110, 800).unwrap();
        assert!(holders.hold(A, 20, 90, 800).is_none());
        let first = holders.hold(B, 60, 50, 800).unwrap();
        assert!(holders.hold(B, 30, 20, 800).is_some(), "still below an eighth");
        assert!(holders.hold(B, 50, 0, 800).is_none());
        drop(first);
        assert!(holders.hold(B, 50, 0, 800).is_some());
    }
}
