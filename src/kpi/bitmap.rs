//! A set of small numbers.

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
