//! Survivorship: of several values said of one person, the one that stands.

/// What is known of a write of a trait when it competes with others of the same name. `P` is its
/// position in the canonical order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<P> {
    /// Only fills a gap.
    pub if_absent: bool,
    /// Takes back what was said before it by sources that are trusted no more; then gaps may be filled
    /// again. It is no value itself.
    pub unset: bool,
    /// How far its source is trusted: 0 is the most trusted (see [`rank`]).
    pub rank: u32,
    pub position: P,
}

impl<P: Ord> Claim<P> {
    /// Whether this one stands against the other. A write that only fills a gap loses to any
    /// that does not, and to an earlier one of its own sort; of the others the more trusted
    /// source wins, then the most recent. So the outcome never depends on arrival.
    #[must_use]
    pub fn beats(&self, other: &Self) -> bool {
        match (self.if_absent, other.if_absent) {
            (false, true) => true,
            (true, false) => false,
            (true, true) => self.position < other.position,
            (false, false) => {
                self.rank < other.rank || (self.rank == other.rank && self.position > other.position)
            }
        }
    }
}

impl<P: Ord> Claim<P> {
    /// Whether this one takes the other back.
    fn takes_back(&self, other: &Self) -> bool {
        self.unset && self.rank <= other.rank && self.position > other.position
    }
}

/// The claim that stands, by its place in the list.
pub fn survivor<P: Ord>(claims: impl IntoIterator<Item = Claim<P>>) -> Option<usize> {
    let claims: Vec<Claim<P>> = claims.into_iter().collect();
    let stands = |claim: &Claim<P>| !claim.unset && !claims.iter().any(|other| other.takes_back(claim));
    let mut best: Option<usize> = None;
    for (index, claim) in claims.iter().enumerate().filter(|(_, claim)| stands(claim)) {
        if best.is_none_or(|standing| claim.beats(&claims[standing])) {
            best = Some(index);
        }
    }
    best
}

/// The rank of a source among the rules' trusted ones; all unlisted ones come last, as equals.
#[must_use]
pub fn rank(trusted: &[String], source: &str) -> u32 {
    trusted.iter().position(|name| name == source).unwrap_or(trusted.len()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(if_absent: bool, rank: u32, position: i64) -> Claim<i64> {
        Claim { if_absent, unset: false, rank, position }
    }

    #[test]
    fn the_most_trusted_then_the_most_recent_stands() {
        assert_eq!(survivor([claim(false, 1, 1), claim(false, 1, 3), claim(false, 1, 2)]), Some(1));
        assert_eq!(survivor([claim(false, 0, 1), claim(false, 1, 3)]), Some(0));
        assert_eq!(survivor::<i64>([]), None);
        assert_eq!(rank(&["crm".into(), "shop".into()], "shop"), 1);
        assert_eq!(rank(&["crm".into()], "till"), 1);
    }

    #[test]
    fn a_write_that_fills_a_gap_never_replaces() {
        assert_eq!(survivor([claim(false, 5, 1), claim(true, 0, 9)]), Some(0));
        assert_eq!(survivor([claim(true, 0, 1), claim(false, 5, 9)]), Some(1));
        assert_eq!(survivor([claim(true, 5, 1), claim(true, 0, 9)]), Some(0));
    }

    fn unset(rank: u32, position: i64) -> Claim<i64> {
        Claim { unset: true, ..claim(false, rank, position) }
    }

    #[test]
    fn a_value_that_is_taken_back_leaves_a_gap() {
        assert_eq!(survivor([claim(false, 1, 1), unset(1, 2)]), None);
        assert_eq!(survivor([claim(false, 1, 3), unset(1, 2)]), Some(0), "said again");
        assert_eq!(survivor([unset(1, 2)]), None);
        // Not another value of before, but one of later, also one that only fills gaps.
        assert_eq!(survivor([claim(false, 1, 1), claim(false, 2, 0), unset(1, 2)]), None);
        assert_eq!(survivor([claim(false, 1, 1), unset(1, 2), claim(true, 1, 3)]), Some(2));
        assert_eq!(survivor([claim(true, 1, 1), unset(1, 2)]), None);
        // What the more trusted say stays.
        assert_eq!(survivor([claim(false, 0, 1), unset(1, 2)]), Some(0));
    }

    #[test]
    fn exactly_one_of_two_different_claims_beats_the_other() {
        let all: Vec<_> = (0..12).map(|n| claim(n % 2 == 0, n % 3, i64::from(n))).collect();
        for a in &all {
            for b in &all {
                assert_eq!(a.beats(b) || b.beats(a), a != b, "{a:?} {b:?}");
                assert!(!(a.beats(b) && b.beats(a)));
            }
        }
    }
}
