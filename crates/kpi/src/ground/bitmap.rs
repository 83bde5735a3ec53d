//! A set of small numbers.

use std::ops::Range;

/// Which customers of a segment are dead, or admitted by a question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bitmap {
    words: Vec<u64>,
    ones: usize,
}

impl Bitmap {
    /// The empty set of numbers below `len`.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], ones: 0 }
    }

    /// Adds a number; says whether it was absent.
    ///
    /// # Panics
    /// When the number is not below the length given at creation.
    pub fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = (&mut self.words[number as usize / 64], 1_u64 << (number % 64));
        let absent = *word & bit == 0;
        *word |= bit;
        self.ones += usize::from(absent);
        absent
    }

    #[inline]
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Those of some consecutive numbers that it holds, in order.
    pub fn among(&self, numbers: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let words = numbers.start / 64..numbers.end.div_ceil(64).min(self.words.len() as u32);
        let ones = words.flat_map(|nth| {
            let mut word = self.words[nth as usize];
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(nth * 64 + bit)
            })
        });
        ones.filter(move |number| numbers.contains(number))
    }

    /// How many numbers it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ones
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ones == 0
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.words.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_among_others_are_found_in_order() {
        let mut set = Bitmap::new(200);
        for number in [0, 63, 64, 130, 199] {
            set.insert(number);
        }
        assert_eq!(set.among(0..200).collect::<Vec<_>>(), [0, 63, 64, 130, 199]);
        assert_eq!(set.among(1..199).collect::<Vec<_>>(), [63, 64, 130]);
        assert_eq!(set.among(64..130).collect::<Vec<_>>(), [64]);
        assert_eq!(set.among(65..65).count(), 0);
        assert_eq!(Bitmap::new(0).among(0..500).count(), 0);
    }
}
