//! Quantities in four bytes.

/// How much of something, in thousandths of a unit, not negative. Whole numbers are exact up to two
/// thousand million units and others up to two million; beyond that they are rounded to whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quantity(u32);

/// What is even counts units, what is odd thousandths.
const LIMIT: i64 = 1 << 31;

impl Quantity {
    #[must_use]
    pub fn of_milli(milli: i64) -> Self {
        let milli = milli.max(0);
        let (half, tag) = match milli % 1_000 == 0 || milli >= LIMIT {
            true => ((milli / 1_000 + i64::from(milli % 1_000 >= 500)).min(LIMIT - 1), 0),
            false => (milli, 1),
        };
        Self((half as u32) << 1 | tag)
    }

    #[inline]
    #[must_use]
    pub fn milli(self) -> i64 {
        let half = i64::from(self.0 >> 1);
        if self.0 & 1 == 0 { half * 1_000 } else { half }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_come_back_as_they_were() {
        for milli in [0, 1, 999, 1_000, 1_001, 1_500, LIMIT - 1, 3_000_000_000, 1_000_000_000_000] {
            assert_eq!(Quantity::of_milli(milli).milli(), milli);
        }
        assert_eq!(Quantity::of_milli(3_000_000_500).milli(), 3_000_001_000, "a fraction of three million");
        assert_eq!(Quantity::of_milli(i64::MAX).milli(), (LIMIT - 1) * 1_000);
    }
}
