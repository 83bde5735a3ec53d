//! A sparse column: what became of the few orders and returns that are not just what they say.

use crate::facts::column::{Column, Pick};
use customer360_model::objects::Is;

/// Something that became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    pub is: Is,
    /// What is off its amount since when, in minor units.
    pub off: Option<(i64, i64)>,
}

/// By row, in order; most rows have none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lives {
    /// A bit for each row that has one, up to the last of them.
    marked: Vec<u64>,
    rows: Vec<u32>,
    lives: Vec<Life>,
}

impl Lives {
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether anything became of a row.
    #[inline]
    #[must_use]
    pub fn has(&self, row: usize) -> bool {
        self.marked.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// What became of a row, in order of time.
    #[must_use]
    pub fn of(&self, row: usize) -> &[Life] {
        if !self.has(row) {
            return &[];
        }
        let from = self.rows.partition_point(|&other| (other as usize) < row);
        let until = self.rows.partition_point(|&other| other as usize <= row);
        &self.lives[from..until]
    }

    /// Adds to the last row that has any, or to a later one.
    pub(crate) fn push(&mut self, row: usize, life: Life) {
        if self.marked.len() <= row / 64 {
            self.marked.resize(row / 64 + 1, 0);
        }
        self.marked[row / 64] |= 1 << (row % 64);
        self.rows.push(row as u32);
        self.lives.push(life);
    }
}

impl Column for Lives {
    fn pick(parts: &[&Self], picks: &[Pick]) -> Self {
        let mut picked = Self::default();
        if parts.iter().all(|part| part.is_empty()) {
            return picked;
        }
        for (row, &pick) in picks.iter().enumerate() {
            let lives = parts[(pick >> 32) as usize].of(pick as u32 as usize);
            lives.iter().for_each(|&life| picked.push(row, life));
        }
        picked
    }

    fn bytes(&self) -> usize {
        self.marked.len() * 8 + self.rows.len() * 4 + self.lives.len() * size_of::<Life>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_rows_follows_them() {
        let mut lives = Lives::default();
        let (told, off) = (Life { is: Is::ToldAgain, off: None }, Life { is: Is::Itself, off: Some((5, 7)) });
        lives.push(2, told);
        lives.push(70, off);
        lives.push(70, off);
        assert_eq!((lives.of(2), lives.of(70), lives.of(3)), (&[told][..], &[off, off][..], &[][..]));
        let picked = Lives::pick(&[&Lives::default(), &lives], &[0, 1 << 32 | 70, 1 << 32 | 69]);
        assert_eq!((picked.of(0), picked.of(1), picked.of(2)), (&[][..], &[off, off][..], &[][..]));
        assert!(Lives::pick(&[&lives], &[3, 4]).is_empty());
    }
}
