//! Orders as things with an id. Touchpoints are statements about them, from any system, in any order
//! of arrival, with or without identifiers: what an order is, whose it is, and what was taken off it
//! is settled from all of them, by one function for views and figures.

use std::collections::BTreeMap;

use crate::Currency;

/// What a touchpoint says about an order; `C` tells currencies apart, amounts are in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says<C> {
    Order {
        minor: i64,
        currency: C,
    },
    /// Goods or money back; `id` stands for the source and its id of the return, 0 for none.
    Return {
        id: u64,
        minor: i64,
        currency: C,
    },
    /// The part that is cancelled, or all of it; `id` as for returns.
    Cancelled {
        id: u64,
        amount: Option<(i64, C)>,
    },
}

/// A statement: of which observation (0 for a touchpoint without identifiers), and of what time in
/// microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<C> {
    pub observation: i64,
    pub at: i64,
    pub says: Says<C>,
}

/// What a touchpoint is to views and figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Is {
    /// The order, or a return of it, or a cancellation.
    Itself,
    /// Another statement of the same thing is canonically first.
    ToldAgain,
    /// A return of an order that is not known.
    Unmatched,
    /// A return of an order of nobody, by somebody.
    OfNobody,
}

/// What a statement comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub is: Is,
    /// The observation to whose customer it belongs, at the time `ordered`.
    pub owner: i64,
    pub ordered: i64,
    /// Of a return: what came back of the order before it, in the same currency.
    pub before: i64,
    /// Of an order: what was cancelled, and when. Of a return: what of it does not count since the
    /// order was cancelled. Time and minor units.
    pub off: Vec<(i64, i64)>,
}

impl Verdict {
    /// What the statement says by itself.
    fn of<C>(statement: &Statement<C>, is: Is) -> Self {
        Self { is, owner: statement.observation, ordered: statement.at, before: 0, off: Vec::new() }
    }

    /// All that is off its amount.
    #[must_use]
    pub fn off_minor(&self) -> i64 {
        self.off.iter().map(|(_, minor)| minor).sum()
    }
}

/// What the live statements about one order come to, each in its place; they are given in canonical
/// order: by time, source and the source's id.
///
/// The first that tells the order speaks for it; its owner is the first of them that has somebody.
/// Returns are its owner's, whoever came with them. A cancelled order is none, and what came back of
/// it counts only above its amount.
#[must_use]
pub fn settle<C: Copy + Eq>(statements: &[Statement<C>]) -> Vec<Verdict> {
    let orders = || statements.iter().filter(|one| matches!(one.says, Says::Order { .. }));
    let owner = orders().find(|one| one.observation != 0).map_or(0, |one| one.observation);
    let first = statements.iter().position(|one| matches!(one.says, Says::Order { .. }));
    let known = first.map(|first| &statements[first]);
    let cancelled = known.map_or_else(Cancelled::default, |first| Cancelled::of(first, statements));
    let (mut ids, mut back): (Vec<u64>, Vec<(C, i64)>) = (Vec::new(), Vec::new());
    let verdict = |(nth, one): (usize, &Statement<C>)| match (one.says, known) {
        (Says::Order { .. }, _) if Some(nth) == first => {
            Verdict { owner, off: cancelled.off.clone(), ..Verdict::of(one, Is::Itself) }
        }
        (Says::Order { .. }, _) => Verdict::of(one, Is::ToldAgain),
        (Says::Cancelled { .. }, _) => Verdict::of(one, Is::Itself),
        (Says::Return { id, .. }, _) if id != 0 && ids.contains(&id) => Verdict::of(one, Is::ToldAgain),
        (Says::Return { .. }, None) => Verdict::of(one, Is::Unmatched),
        (Says::Return { id, minor, currency }, Some(first)) => {
            ids.push(id);
            let sum = match back.iter().position(|(of, _)| *of == currency) {
                Some(at) => &mut back[at].1,
                None => {
                    back.push((currency, 0));
                    &mut back.last_mut().expect("it was pushed").1
                }
            };
            let before = *sum;
            *sum = sum.saturating_add(minor);
            let off = cancelled.waived(first, (minor, currency), before).into_iter().collect();
            let is = if owner == 0 && one.observation != 0 { Is::OfNobody } else { Is::Itself };
            let owner = if is == Is::OfNobody { one.observation } else { owner };
            Verdict { owner, ordered: first.at, before, off, is }
        }
    };
    statements.iter().enumerate().map(verdict).collect()
}

/// What is to be added to what the touchpoints of an observation say by themselves, at a time. In
/// minor units; all of it may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    pub orders: i64,
    pub gross_minor: i64,
    pub returns: i64,
    pub returned_minor: i64,
}

/// A delta of one time and currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    pub at: i64,
    pub currency: Currency,
    pub delta: Delta,
}

impl Delta {
    fn add(&mut self, other: &Self, sign: i64) {
        self.orders += sign * other.orders;
        self.gross_minor += sign * other.gross_minor;
        self.returns += sign * other.returns;
        self.returned_minor += sign * other.returned_minor;
    }

    /// What takes it back.
    #[must_use]
    pub fn undone(&self) -> Self {
        let mut undone = Self::default();
        undone.add(self, -1);
        undone
    }
}

/// The corrections of some statements, by observation.
#[must_use]
pub fn corrections(statements: &[Statement<Currency>], verdicts: &[Verdict]) -> Vec<(i64, Correction)> {
    let mut sums: BTreeMap<(i64, i64, Currency), Delta> = BTreeMap::new();
    for (one, verdict) in statements.iter().zip(verdicts) {
        let (by_itself, currency) = match one.says {
            Says::Order { minor, currency } => {
                (Delta { orders: 1, gross_minor: minor, ..Delta::default() }, currency)
            }
            Says::Return { minor, currency, .. } => {
                (Delta { returns: 1, returned_minor: minor, ..Delta::default() }, currency)
            }
            Says::Cancelled { .. } => continue,
        };
        if one.observation != 0 {
            sums.entry((one.observation, one.at, currency)).or_default().add(&by_itself, -1);
        }
        if verdict.is != Is::Itself || verdict.owner == 0 {
            continue;
        }
        let off = verdict.off_minor();
        let is_gone = !verdict.off.is_empty() && off >= by_itself.gross_minor + by_itself.returned_minor;
        if !is_gone {
            let mut left = by_itself;
            left.gross_minor -= off * by_itself.orders;
            left.returned_minor -= off * by_itself.returns;
            sums.entry((verdict.owner, verdict.ordered, currency)).or_default().add(&left, 1);
        }
    }
    let differ = sums.into_iter().filter(|(_, delta)| *delta != Delta::default());
    differ.map(|((no, at, currency), delta)| (no, Correction { at, currency, delta })).collect()
}

/// What was cancelled of an order.
#[derive(Default)]
struct Cancelled {
    off: Vec<(i64, i64)>,
    /// When nothing was left of it.
    wholly: Option<i64>,
}

impl Cancelled {
    fn of<C: Copy + Eq>(first: &Statement<C>, statements: &[Statement<C>]) -> Self {
        let Says::Order { minor, currency } = first.says else { return Self::default() };
        let (mut left, mut cancelled, mut ids) = (minor, Self::default(), Vec::new());
        for one in statements {
            let Says::Cancelled { id, amount } = one.says else { continue };
            if cancelled.wholly.is_some() || (id != 0 && ids.contains(&id)) {
                continue;
            }
            ids.push(id);
            let part = match amount {
                None => left,
                Some((part, of)) if of == currency => part.min(left),
                // What it is in the order's currency nobody says.
                Some(_) => continue,
            };
            left -= part;
            cancelled.wholly = (left <= 0).then_some(one.at);
            cancelled.off.push((one.at, part));
        }
        cancelled
    }

    /// What of a return does not count, for its order is none: all up to the order's amount. In
    /// another currency all of it.
    fn waived<C: Copy + Eq>(
        &self,
        first: &Statement<C>,
        (minor, currency): (i64, C),
        before: i64,
    ) -> Option<(i64, i64)> {
        let at = self.wholly?;
        let Says::Order { minor: whole, currency: of } = first.says else { return None };
        let upto = whole.saturating_sub(before).max(0);
        Some((at, if of == currency { minor.min(upto) } else { minor }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(observation: i64, at: i64, minor: i64) -> Statement<u8> {
        Statement { observation, at, says: Says::Order { minor, currency: 0 } }
    }

    fn back(observation: i64, at: i64, id: u64, minor: i64) -> Statement<u8> {
        Statement { observation, at, says: Says::Return { id, minor, currency: 0 } }
    }

    fn cancelled(at: i64, amount: Option<i64>) -> Statement<u8> {
        let amount = amount.map(|minor| (minor, 0));
        Statement { observation: 0, at, says: Says::Cancelled { id: 0, amount } }
    }

    #[test]
    fn the_first_statement_speaks_and_the_first_that_has_somebody_owns() {
        let verdicts = settle(&[order(0, 1, 100), order(7, 2, 90), order(8, 3, 80)]);
        let told = |verdict: &Verdict| (verdict.is, verdict.owner, verdict.ordered);
        let all: Vec<_> = verdicts.iter().map(told).collect();
        assert_eq!(all, [(Is::Itself, 7, 1), (Is::ToldAgain, 7, 2), (Is::ToldAgain, 8, 3)]);
    }

    #[test]
    fn a_return_is_of_whom_its_order_is_and_counted_once() {
        let verdicts = settle(&[order(7, 1, 100), back(0, 2, 5, 60), back(9, 3, 5, 60), back(9, 4, 0, 60)]);
        let told = |verdict: &Verdict| (verdict.is, verdict.owner, verdict.ordered, verdict.before);
        let all: Vec<_> = verdicts[1..].iter().map(told).collect();
        assert_eq!(all, [(Is::Itself, 7, 1, 0), (Is::ToldAgain, 9, 3, 0), (Is::Itself, 7, 1, 60)]);
        assert_eq!(settle(&[back(9, 3, 5, 60)])[0].is, Is::Unmatched);
        assert_eq!(settle(&[order(0, 1, 100), back(9, 3, 5, 60)])[1].is, Is::OfNobody);
        assert_eq!(settle(&[order(0, 1, 100), back(0, 3, 5, 60)])[1].is, Is::Itself);
    }

    #[test]
    fn parts_are_cancelled_up_to_the_amount() {
        let parts = [order(7, 1, 100), cancelled(2, Some(30)), cancelled(3, Some(90)), cancelled(4, None)];
        assert_eq!(settle(&parts)[0].off, [(2, 30), (3, 70)]);
        assert_eq!(settle(&[order(7, 1, 0), cancelled(2, None)])[0].off, [(2, 0)], "also one of nothing");
        let other = Says::Cancelled { id: 0, amount: Some((30, 1)) };
        let other = Statement { observation: 7, at: 2, says: other };
        assert_eq!(settle(&[order(7, 1, 100), other])[0].off, [], "nobody says what it is of the order");
    }

    #[test]
    fn corrections_bring_what_is_said_to_what_it_comes_to() {
        let euro = |minor| Says::Order { minor, currency: Currency::EUR };
        let back = |minor| Says::Return { id: 0, minor, currency: Currency::EUR };
        let said = |observation, at, says| Statement { observation, at, says };
        let corrected = |all: &[Statement<Currency>]| -> Vec<(i64, i64, [i64; 4])> {
            let corrections = corrections(all, &settle(all)).into_iter();
            let told = |d: Delta| [d.orders, d.gross_minor, d.returns, d.returned_minor];
            corrections.map(|(no, one)| (no, one.at, told(one.delta))).collect()
        };
        assert_eq!(
            corrected(&[said(7, 1, euro(100)), said(7, 2, back(40))]),
            [(7, 1, [0, 0, 1, 40]), (7, 2, [0, 0, -1, -40]),]
        );
        assert_eq!(corrected(&[said(7, 1, euro(100)), said(0, 2, back(40))]), [(7, 1, [0, 0, 1, 40])]);
        assert_eq!(corrected(&[said(7, 1, euro(100)), said(8, 2, euro(90))]), [(8, 2, [-1, -90, 0, 0])]);
        assert_eq!(
            corrected(&[said(0, 1, euro(100)), said(8, 2, euro(90))]),
            [(8, 1, [1, 100, 0, 0]), (8, 2, [-1, -90, 0, 0]),]
        );
        let cancelled = Says::Cancelled { id: 0, amount: None };
        assert_eq!(corrected(&[said(7, 1, euro(100)), said(0, 2, cancelled)]), [(7, 1, [-1, -100, 0, 0])]);
    }

    #[test]
    fn what_came_back_of_a_cancelled_order_counts_above_its_amount() {
        let all = [order(7, 1, 100), back(7, 2, 0, 60), cancelled(3, None), back(7, 4, 0, 60)];
        let verdicts = settle(&all);
        assert_eq!((&*verdicts[1].off, &*verdicts[3].off), (&[(3, 60)][..], &[(3, 40)][..]));
        assert_eq!(verdicts[3].off_minor(), 40);
    }
}
