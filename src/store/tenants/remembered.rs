//! What is remembered of tenants, up to a number of bytes: what was not asked for lately goes first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Two generations: a full young one becomes the old one, whose entries are young again once asked
/// for, or go with the next change.
pub(in crate::store) struct Remembered<K, V> {
    generations: Mutex<Generations<K, V>>,
    limit_bytes: usize,
}

struct Generations<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    young_bytes: usize,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    pub(in crate::store) fn new(limit_bytes: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), young_bytes: 0 };
        Self { generations: Mutex::new(generations), limit_bytes }
    }

    pub(in crate::store) fn get(&self, key: &K) -> Option<V> {
        let mut all = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = all.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, bytes)) = all.old.remove_entry(key)?;
        self.add(&mut all, key, value.clone(), bytes);
        Some(value)
    }

    pub(in crate::store) fn keep(&self, key: K, value: V, bytes: usize) {
        let mut all = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        all.old.remove(&key);
        self.add(&mut all, key, value, bytes);
    }

    fn add(&self, all: &mut Generations<K, V>, key: K, value: V, bytes: usize) {
        let before = all.young.insert(key, (value, bytes)).map_or(0, |(_, bytes)| bytes);
        all.young_bytes = all.young_bytes + bytes - before;
        if all.young_bytes > self.limit_bytes / 2 {
            all.old = std::mem::take(&mut all.young);
            all.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let remembered = Remembered::new(1_000);
        remembered.keep(0, "asked for", 10);
        for n in 1..1_000 {
            assert_eq!(remembered.get(&0), Some("asked for"));
            remembered.keep(n, "seldom", 10);
        }
        let kept = (0..1_000).filter(|n| remembered.get(n).is_some()).count();
        assert!((2..=101).contains(&kept), "{kept}");
        assert_eq!(remembered.get(&1), None);
        remembered.keep(7, "a new one", 10);
        assert_eq!(remembered.get(&7), Some("a new one"));
    }
}
