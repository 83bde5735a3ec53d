//! The groups of one figure while it is added up: found by the numbers of their names.

use rustc_hash::FxHashMap;

/// The names of a group as numbers of the axes.
pub(super) type Key = [u32; 2];

/// Groups of axes of which so many pairs are possible are found without a search.
const DENSE: usize = 1 << 12;

/// Sums by group.
#[derive(Debug, Clone)]
pub(super) struct Groups<S> {
    /// By pair of names: the group's place in `all` plus 1, or 0. Empty when too many are possible.
    places: Vec<u32>,
    /// How many names the second axis has.
    width: usize,
    /// The same for those that are not in `places`.
    others: FxHashMap<Key, u32>,
    all: Vec<(Key, S)>,
    limit: usize,
}

impl<S: Default> Groups<S> {
    /// `names` is how many each axis has; 1 for one that is not asked for.
    pub fn new(names: [usize; 2], limit: usize) -> Self {
        let pairs = names[0].saturating_mul(names[1]);
        let places = if pairs <= DENSE { vec![0; pairs] } else { Vec::new() };
        Self { places, width: names[1], others: FxHashMap::default(), all: Vec::new(), limit }
    }

    /// The sums of a group; `None` for one more than the limit allows.
    #[inline]
    pub fn of(&mut self, key: Key) -> Option<&mut S> {
        let place = match self.places.get_mut(key[0] as usize * self.width + key[1] as usize) {
            Some(place) => place,
            None => self.others.entry(key).or_insert(0),
        };
        if *place == 0 {
            if self.all.len() >= self.limit {
                return None;
            }
            self.all.push((key, S::default()));
            *place = self.all.len() as u32;
        }
        Some(&mut self.all[*place as usize - 1].1)
    }

    /// The groups that anything was added to.
    pub fn into_all(self) -> Vec<(Key, S)> {
        self.all
    }
}
