//! A column of amounts in minor units: four bytes each while all of them fit.

use rayon::prelude::*;

use crate::facts::column::{Column, Pick, picked};

/// Minor units. Twenty million units of most currencies fit into four bytes; the first amount that
/// does not makes the whole column wide.
#[derive(Debug, Clone)]
pub enum Amounts {
    Narrow(Vec<i32>),
    Wide(Vec<i64>),
}

impl Default for Amounts {
    fn default() -> Self {
        Self::Narrow(Vec::new())
    }
}

/// Columns are equal when their amounts are, whatever their width.
impl PartialEq for Amounts {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Narrow(mine), Self::Narrow(theirs)) => mine == theirs,
            _ => self.iter().eq(other.iter()),
        }
    }
}

impl Eq for Amounts {}

impl Amounts {
    pub fn push(&mut self, amount: i64) {
        match (&mut *self, i32::try_from(amount)) {
            (Self::Narrow(amounts), Ok(amount)) => amounts.push(amount),
            (Self::Narrow(amounts), Err(_)) => {
                *self = Self::Wide(amounts.iter().map(|&one| i64::from(one)).chain([amount]).collect());
            }
            (Self::Wide(amounts), _) => amounts.push(amount),
        }
    }

    /// # Panics
    /// When there is no such row.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> i64 {
        match self {
            Self::Narrow(amounts) => i64::from(amounts[row]),
            Self::Wide(amounts) => amounts[row],
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        let (narrow, wide): (&[i32], &[i64]) = match self {
            Self::Narrow(amounts) => (amounts, &[]),
            Self::Wide(amounts) => (&[], amounts),
        };
        narrow.iter().map(|&amount| i64::from(amount)).chain(wide.iter().copied())
    }
}

impl Column for Amounts {
    fn pick(parts: &[&Self], picks: &[Pick]) -> Self {
        let narrow = parts.iter().map(|part| match part {
            Self::Narrow(amounts) => Some(amounts.as_slice()),
            Self::Wide(_) => None,
        });
        match narrow.collect::<Option<Vec<_>>>() {
            Some(columns) => Self::Narrow(picked(&columns, picks)),
            None => {
                let amount = |&pick: &Pick| parts[(pick >> 32) as usize].get(pick as u32 as usize);
                Self::Wide(picks.par_iter().with_min_len(1 << 14).map(amount).collect())
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Narrow(amounts) => amounts.bytes(),
            Self::Wide(amounts) => amounts.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(amounts: &[i64]) -> Amounts {
        let mut column = Amounts::default();
        amounts.iter().for_each(|&amount| column.push(amount));
        column
    }

    #[test]
    fn amounts_come_back_as_they_were_pushed() {
        let small = [0, -5, i64::from(i32::MAX), i64::from(i32::MIN)];
        let (narrow, wide) = (column(&small), column(&[1, i64::MAX, -1, i64::MIN]));
        assert!(matches!(narrow, Amounts::Narrow(_)));
        assert_eq!(narrow.iter().collect::<Vec<_>>(), small);
        assert_eq!(narrow.bytes(), 16);
        assert_eq!(wide.iter().collect::<Vec<_>>(), [1, i64::MAX, -1, i64::MIN]);
        assert_eq!(wide.bytes(), 32);
        assert_eq!(wide.get(3), i64::MIN);
    }

    #[test]
    fn picks_of_wide_and_narrow_columns_mix() {
        let (narrow, wide) = (column(&[1, 2]), column(&[i64::MAX]));
        let picks = [1, 1 << 32, 0];
        assert_eq!(Amounts::pick(&[&narrow, &wide], &picks).iter().collect::<Vec<_>>(), [2, i64::MAX, 1]);
        let both = Amounts::pick(&[&narrow, &column(&[3])], &picks);
        assert_eq!(both, column(&[2, 3, 1]));
        assert!(matches!(both, Amounts::Narrow(_)));
        assert_eq!(Amounts::Wide(vec![2, 3, 1]), both, "whatever the width");
    }
}
