//! Columns: how rows of several become rows of one.

use rayon::prelude::*;

/// Where a row of a new table comes from: the part in the upper half, the row in the lower.
pub(crate) type Pick = u64;

/// One column of a table.
pub(crate) trait Column: Default {
    /// Each row from the part and row that its pick names.
    fn pick(parts: &[&Self], picks: &[Pick]) -> Self;

    /// Without spare capacity.
    fn bytes(&self) -> usize;
}

impl<T: Copy + Send + Sync> Column for Vec<T> {
    fn pick(parts: &[&Self], picks: &[Pick]) -> Self {
        let columns: Vec<&[T]> = parts.iter().map(|part| part.as_slice()).collect();
        picked(&columns, picks)
    }

    fn bytes(&self) -> usize {
        self.len() * size_of::<T>()
    }
}

pub(crate) fn picked<T: Copy + Send + Sync>(columns: &[&[T]], picks: &[Pick]) -> Vec<T> {
    let picks = picks.par_iter().with_min_len(1 << 14);
    match columns {
        [only] => picks.map(|&pick| only[pick as u32 as usize]).collect(),
        _ => picks.map(|&pick| columns[(pick >> 32) as usize][pick as u32 as usize]).collect(),
    }
}
