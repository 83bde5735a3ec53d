//! Sets of types of touchpoints.

use crate::facts::fact::TouchType;

/// A set of types of touchpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Types(u64);

impl Types {
    pub fn of(types: impl IntoIterator<Item = TouchType>) -> Self {
        Self(types.into_iter().fold(0, |set, touch_type| set | 1 << touch_type.0))
    }

    /// The same where a constant is needed.
    pub const fn listed(types: &[TouchType]) -> Self {
        let (mut set, mut nth) = (0, 0);
        while nth < types.len() {
            set |= 1 << types[nth].0;
            nth += 1;
        }
        Self(set)
    }

    /// Every type of touchpoint, orders that do not count among them: what came back is none.
    pub const fn all() -> Self {
        Self(u64::MAX).without(Self::listed(&[TouchType::CAME_BACK, TouchType::REFUSED_RETURN]))
    }

    #[inline]
    pub fn has(self, touch_type: TouchType) -> bool {
        self.0 >> touch_type.0 & 1 == 1
    }

    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether orders are all that is in it.
    pub fn is_orders(self) -> bool {
        self == Self::of([TouchType::ORDER])
    }

    /// Those of the touchpoints that stand in no table of their own.
    pub fn kinds(self) -> impl Iterator<Item = u8> {
        const OWN: Types = Types::listed(&[
            TouchType::ORDER,
            TouchType::REFUSED_ORDER,
            TouchType::CAME_BACK,
            TouchType::REFUSED_RETURN,
        ]);
        (0..TouchType::COUNT as u8)
            .filter(move |&kind| self.has(TouchType(kind)) && !OWN.has(TouchType(kind)))
    }

    /// Whether any of others is in it.
    pub fn has_any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether all of others are in it.
    pub fn has_all(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }
}
