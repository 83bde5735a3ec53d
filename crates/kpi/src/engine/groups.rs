//! The groups of one figure while it is added up: found by the numbers of their names.

use rustc_hash::FxHashMap;

use crate::engine::accumulator::Sums;
use crate::engine::dimension::Key;
use crate::engine::hits::Hit;
use crate::engine::stat::Stat;

/// Groups of axes of which so many pairs are possible are found without a search.
const DENSE: usize = 1 << 12;

/// Sums by group.
#[derive(Debug, Clone)]
pub(crate) struct Groups<S> {
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

/// The sums of one figure by group.
#[derive(Debug)]
pub(crate) struct Grouped {
    pub stat: Stat,
    /// With the turn of the customer who added last.
    pub groups: Groups<(Sums, u64)>,
    /// Whether there are more than the limit.
    pub overflow: bool,
}

impl Grouped {
    /// See [`Groups::new`].
    pub fn new(stat: Stat, names: [usize; 2], limit: usize) -> Self {
        Self { stat, groups: Groups::new(names, limit), overflow: false }
    }

    pub fn merge(&mut self, other: Self) {
        self.overflow |= other.overflow;
        for (key, (sums, _)) in other.groups.into_all() {
            match self.groups.of(key) {
                Some((mine, _)) => mine.merge(sums),
                None => self.overflow = true,
            }
        }
    }

    /// Adds hits to their groups. `turn` is the customer's, who counts once in each; 0 for nobody.
    pub fn add_all(&mut self, hits: &[Hit], key: impl Fn(&Hit) -> Key, turn: u64) {
        if self.stat == Stat::MeanOfCustomers {
            let mut keyed: Vec<(Key, Hit)> = hits.iter().map(|hit| (key(hit), *hit)).collect();
            keyed.sort_by_key(|&(key, _)| key);
            for its in keyed.chunk_by(|(one, _), (other, _)| one == other) {
                self.add(&summed(its.iter().map(|(_, hit)| hit)), its[0].0, turn);
            }
            return;
        }
        hits.iter().for_each(|hit| self.add(hit, key(hit), turn));
    }

    #[inline]
    fn add(&mut self, hit: &Hit, key: Key, turn: u64) {
        match self.groups.of(key) {
            Some((sums, last)) => {
                sums.add(hit, self.stat);
                sums.customers += u64::from(turn > 0 && *last != turn);
                *last = turn;
            }
            None => self.overflow = true,
        }
    }
}

/// What one customer adds, as one.
pub(crate) fn summed<'h>(hits: impl IntoIterator<Item = &'h Hit>) -> Hit {
    let mut hits = hits.into_iter();
    let first = *hits.next().expect("a customer is counted for a hit");
    hits.fold(first, |sum, hit| Hit { part: sum.part.saturating_add(hit.part), ..sum })
}
