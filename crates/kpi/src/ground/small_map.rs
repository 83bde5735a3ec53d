//! A map that mostly has a handful of entries: what one customer did, by something.

use std::hash::Hash;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The first entries stand in place and are looked through; those beyond are hashed.
#[derive(Debug)]
pub(crate) struct Few<K, V> {
    first: SmallVec<[(K, V); 8]>,
    more: FxHashMap<K, V>,
}

impl<K: Copy + Eq + Hash, V: Copy> Few<K, V> {
    pub fn new() -> Self {
        Self { first: SmallVec::new(), more: FxHashMap::default() }
    }

    /// The value of a key.
    #[inline]
    pub fn get(&self, key: K) -> Option<V> {
        let first = self.first.iter().find(|(its, _)| *its == key).map(|(_, value)| *value);
        first.or_else(|| if self.more.is_empty() { None } else { self.more.get(&key).copied() })
    }

    /// Sets the value of a key; returns the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some((_, its)) = self.first.iter_mut().find(|(its, _)| *its == key) {
            return Some(std::mem::replace(its, value));
        }
        if self.first.len() < self.first.inline_size() {
            self.first.push((key, value));
            return None;
        }
        self.more.insert(key, value)
    }
}

impl<K: Copy + Eq + Hash> Few<K, ()> {
    /// Whether a key was not there yet; it is now.
    #[inline]
    pub fn is_new(&mut self, key: K) -> bool {
        self.insert(key, ()).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_wherever_they_stand() {
        let mut few = Few::new();
        for n in 0..100_u32 {
            assert_eq!(few.insert(n, n), None);
        }
        assert!((0..100).all(|n| few.get(n) == Some(n)));
        assert_eq!((few.get(100), few.insert(3, 4), few.insert(99, 5)), (None, Some(3), Some(99)));
        assert_eq!((few.get(3), few.get(99)), (Some(4), Some(5)));
    }
}
