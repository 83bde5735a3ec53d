//! Survivorship: of several values said of one person, the one that stands.

/// What is known of a write of a trait when it competes with others of the same name. `P` is its
/// position in the canonical order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<P> {
    /// Only fills a gap.
    pub if_absent: bool,
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

/// The claim that stands, by its place in the list.
pub fn survivor<P: Ord>(claims: impl IntoIterator<Item = Claim<P>>) -> Option<usize> {
    let mut best: Option<(usize, Claim<P>)> = None;
    for (index, claim) in claims.into_iter().enumerate() {
        if best.as_ref().is_none_or(|(_, standing)| claim.beats(standing)) {
            best = Some((index, claim));
        }
    }
    best.map(|(index, _)| index)
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
        Claim { if_absent, rank, position }
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
