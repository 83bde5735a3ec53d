//! Where the fifths of a population begin, without sorting it.

use rayon::prelude::*;

/// The least value of each fifth from the second on; `None` where nobody stands so high. A value stands
/// in the fifth `1 + floor(5 x those strictly below it / all)`, so equal ones share the lowest of theirs;
/// a fifth that nobody stands in begins where the next does.
///
/// Values are counted in buckets first; only the few buckets in which a fifth may begin are sorted.
pub(crate) fn cuts<T: Sync>(population: &[T], of: impl Fn(&T) -> i64 + Sync) -> [Option<i64>; 4] {
    let buckets = Buckets::of(population, &of);
    let mut fifths = Fifths { population: population.len(), below: 0, cuts: [None; 4] };
    if buckets.width == 0 {
        let counts = buckets.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.for_each(|(nth, &count)| fifths.add(buckets.least.wrapping_add(nth as i64), count));
        return fifths.cuts;
    }
    let deciding = buckets.deciding(&fifths);
    let is_in_one = |value: &i64| deciding[buckets.nth(*value)];
    let mut values: Vec<i64> = population.par_iter().map(&of).filter(is_in_one).collect();
    values.par_sort_unstable();
    let mut rest = values.as_slice();
    for (nth, &count) in buckets.counts.iter().enumerate() {
        if !deciding[nth] {
            fifths.below += count;
            continue;
        }
        let (its, others) = rest.split_at(count);
        its.chunk_by(|a, b| a == b).for_each(|equal| fifths.add(equal[0], equal.len()));
        rest = others;
    }
    fifths.cuts
}

struct Fifths {
    population: usize,
    /// How many stand below what comes next.
    below: usize,
    cuts: [Option<i64>; 4],
}

impl Fifths {
    /// From 1 to 5, with so many strictly below.
    fn score(&self, below: usize) -> usize {
        1 + 5 * below / self.population
    }

    /// Adds those of a value that is greater than all before it.
    fn add(&mut self, value: i64, count: usize) {
        let score = self.score(self.below);
        for cut in &mut self.cuts[..score - 1] {
            cut.get_or_insert(value);
        }
        self.below += count;
    }
}

/// How many values there are of each of so many ranges of equal length.
struct Buckets {
    counts: Vec<usize>,
    least: i64,
    /// Of a bucket, as a power of two: 0 when each holds one value.
    width: u32,
}

impl Buckets {
    const BITS: u32 = 12;
    const TASK: usize = 1 << 14;

    fn of<T: Sync>(population: &[T], of: &(impl Fn(&T) -> i64 + Sync)) -> Self {
        let bounds = population.par_iter().with_min_len(Self::TASK).map(of).map(|value| (value, value));
        let bounds = bounds.reduce_with(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (least, greatest) = bounds.unwrap_or_default();
        let width = (u64::BITS - greatest.abs_diff(least).leading_zeros()).saturating_sub(Self::BITS);
        let mut buckets = Self { counts: Vec::new(), least, width };
        let none = || vec![0; 1 << Self::BITS];
        let count = |mut counts: Vec<usize>, one: &T| {
            counts[buckets.nth(of(one))] += 1;
            counts
        };
        let sum = |mut a: Vec<usize>, b: Vec<usize>| {
            a.iter_mut().zip(b).for_each(|(mine, theirs)| *mine += theirs);
            a
        };
        let counted = population.par_iter().with_min_len(Self::TASK).fold(none, count).reduce(none, sum);
        buckets.counts = counted;
        buckets
    }

    fn nth(&self, value: i64) -> usize {
        (value.abs_diff(self.least) >> self.width) as usize
    }

    /// Those in which a fifth may begin: which score their values have is not known of all buckets, but
    /// between which bounds.
    fn deciding(&self, fifths: &Fifths) -> Vec<bool> {
        let (mut below, mut reached) = (0, 1);
        let decides = |&count: &usize| {
            if count == 0 {
                return false;
            }
            // Were the greatest alone, and were all equal.
            let (highest, least) = (below + count - 1, below);
            let decides = fifths.score(highest) > reached;
            reached = fifths.score(least).max(reached);
            below += count;
            decides
        };
        self.counts.iter().map(decides).collect()
    }
}

#[cfg(test)]
mod tests {
    use rand::prelude::*;

    use super::*;

    /// The same of sorted values.
    fn sorted(mut values: Vec<i64>) -> [Option<i64>; 4] {
        values.sort_unstable();
        let mut fifths = Fifths { population: values.len(), below: 0, cuts: [None; 4] };
        values.chunk_by(|a, b| a == b).for_each(|equal| fifths.add(equal[0], equal.len()));
        fifths.cuts
    }

    #[test]
    fn equal_values_share_the_lowest_of_their_fifths() {
        let fifths = |values: &[i64]| {
            let cuts = cuts(values, |value| *value);
            let score = |v: &i64| 1 + cuts.iter().flatten().filter(|&cut| cut <= v).count();
            values.iter().map(score).collect::<Vec<_>>()
        };
        assert_eq!(fifths(&[10, 20, 30, 40, 50]), [1, 2, 3, 4, 5]);
        assert_eq!(fifths(&[7; 9]), [1; 9], "nobody stands below");
        assert_eq!(fifths(&[1]), [1]);
        assert_eq!(fifths(&[1, 1, 1, 1, 1, 1, 1, 1, 2, 2]), [1, 1, 1, 1, 1, 1, 1, 1, 5, 5]);
        assert_eq!(fifths(&[1, 1, 2, 3]), [1, 1, 3, 4]);
        let nine_in_ten: Vec<i64> = (0..100).map(|nth| if nth < 90 { 1 } else { 2 + nth % 3 }).collect();
        assert!(fifths(&nine_in_ten)[..90].iter().all(|&score| score == 1), "bought once, as most did");
        assert_eq!(cuts(&[], |value: &i64| *value), [None; 4]);
        assert_eq!(fifths(&[i64::MIN, i64::MAX]), [1, 3], "the widest range there is");
    }

    #[test]
    fn buckets_cut_where_sorting_does() {
        let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(5);
        for round in 0..400 {
            let reach = 1_i64 << rng.random_range(0..62);
            let few = rng.random_bool(0.3);
            let mut values: Vec<i64> = (0..rng.random_range(1..300))
                .map(|_| rng.random_range(-reach..=reach) / if few { (reach / 3).max(1) } else { 1 })
                .collect();
            // Most in one bucket, and a few far away.
            if rng.random_bool(0.3) {
                values.iter_mut().skip(2).for_each(|value| *value %= 1_000);
            }
            assert_eq!(cuts(&values, |value| *value), sorted(values.clone()), "round {round}: {values:?}");
        }
    }
}
