//! Standing decisions of people: these are one, these are not, this one is shared.
//!
//! A must-link is an observation that nobody made: it comes before all others, and nothing of it
//! is ever dropped. A cannot-link has two sides; nobody holds identifiers of both.

use rustc_hash::{FxHashMap, FxHashSet};

use super::resolve::IdentifierNo;
use customer360_model::{Micros, Position, TouchKey};

/// Per tenant, from 1, in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConstraintNo(pub i64);

/// Which of a cannot-link's sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Left,
    Right,
}

/// What a person says of one identifier, whatever its claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// It is one person's, and links.
    Personal,
    /// It is used by many, and links nothing.
    Shared,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// One customer holds all of these. None of them is shared, for that.
    MustLink(Vec<IdentifierNo>),
    /// Nobody holds one of the left and one of the right.
    CannotLink(Vec<IdentifierNo>, Vec<IdentifierNo>),
    Sharing(IdentifierNo, Sharing),
}

/// Why a decision cannot stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A cannot-link that stands keeps them apart.
    #[error("decision {} keeps them apart", .0.0)]
    KeptApart(ConstraintNo),
    /// A must-link that stands keeps them together.
    #[error("decision {} keeps them together", .0.0)]
    KeptTogether(ConstraintNo),
    /// It was decided that one of the identifiers is shared.
    #[error("decision {} says that an identifier is shared", .0.0)]
    DecidedShared(ConstraintNo),
    /// Both sides are, in part, the same.
    #[error("an identifier is on both sides")]
    SidesOverlap,
    /// Everything connected would be larger than a component may be.
    #[error("it would connect more than {limit} observations")]
    ComponentLimit { limit: u32 },
    /// The merge is not, or not any more.
    #[error("there is no such merge any more")]
    MergeGone,
}

/// The decisions that stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constraints {
    standing: Vec<(ConstraintNo, Decision)>,
    sides: FxHashMap<IdentifierNo, Vec<(ConstraintNo, Side)>>,
    sharing: FxHashMap<IdentifierNo, Sharing>,
}

impl Constraints {
    /// Entries, for what they take in memory.
    #[must_use]
    pub fn size(&self) -> usize {
        self.standing.len() + self.sides.len() + self.sharing.len()
    }

    #[must_use]
    pub fn new(mut standing: Vec<(ConstraintNo, Decision)>) -> Self {
        standing.sort_by_key(|(no, _)| *no);
        let mut sides: FxHashMap<IdentifierNo, Vec<_>> = FxHashMap::default();
        let mut sharing = FxHashMap::default();
        for (no, decision) in &standing {
            match decision {
                Decision::MustLink(members) => {
                    sharing.extend(members.iter().map(|no| (*no, Sharing::Personal)));
                }
                Decision::CannotLink(left, right) => {
                    let left = left.iter().map(|member| (*member, Side::Left));
                    for (member, side) in left.chain(right.iter().map(|member| (*member, Side::Right))) {
                        sides.entry(member).or_default().push((*no, side));
                    }
                }
                Decision::Sharing(identifier, said) => {
                    sharing.insert(*identifier, *said);
                }
            }
        }
        Self { standing, sides, sharing }
    }

    /// These and one more.
    #[must_use]
    pub fn with(&self, no: ConstraintNo, decision: Decision) -> Self {
        Self::new(self.standing.iter().cloned().chain([(no, decision)]).collect())
    }

    /// These without one.
    #[must_use]
    pub fn without(&self, no: ConstraintNo) -> Self {
        Self::new(self.standing.iter().filter(|(other, _)| *other != no).cloned().collect())
    }

    /// A must-link that names an identifier which another decision names too.
    #[must_use]
    pub fn link_touching(&self, no: ConstraintNo) -> Option<ConstraintNo> {
        let names = |decision: &Decision| match decision {
            Decision::MustLink(members) => members.clone(),
            Decision::CannotLink(left, right) => [left.as_slice(), right].concat(),
            Decision::Sharing(identifier, _) => vec![*identifier],
        };
        let named = names(&self.standing.iter().find(|(other, _)| *other == no)?.1);
        let links = self.standing.iter().filter(|(_, decision)| matches!(decision, Decision::MustLink(_)));
        links.filter(|(_, link)| names(link).iter().any(|no| named.contains(no))).map(|(no, _)| *no).next()
    }

    /// Whether a must-link names the identifier.
    #[must_use]
    pub fn is_linked(&self, identifier: IdentifierNo) -> bool {
        let names = |decision: &Decision| match decision {
            Decision::MustLink(members) => members.contains(&identifier),
            _ => false,
        };
        self.standing.iter().any(|(_, decision)| names(decision))
    }

    /// Those that stand, in the order of their numbers.
    #[must_use]
    pub fn standing(&self) -> &[(ConstraintNo, Decision)] {
        &self.standing
    }

    /// Whether any two identifiers are kept apart.
    #[must_use]
    pub fn keep_apart(&self) -> bool {
        !self.sides.is_empty()
    }

    /// The sides of cannot-links that an identifier is on.
    #[must_use]
    pub fn sides(&self, identifier: IdentifierNo) -> &[(ConstraintNo, Side)] {
        self.sides.get(&identifier).map_or(&[], Vec::as_slice)
    }

    /// The cannot-links that one customer of all these identifiers would break.
    #[must_use]
    pub fn broken(&self, identifiers: impl Iterator<Item = IdentifierNo>) -> Vec<ConstraintNo> {
        if self.sides.is_empty() {
            return Vec::new();
        }
        let mut on: Vec<(ConstraintNo, Side)> = identifiers.flat_map(|no| self.sides(no)).copied().collect();
        on.sort_unstable();
        on.dedup();
        on.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect()
    }

    /// What was decided of an identifier's sharing; members of a must-link are personal.
    #[must_use]
    pub fn sharing(&self, identifier: IdentifierNo) -> Option<Sharing> {
        self.sharing.get(&identifier).copied()
    }

    /// Whether the decisions can all stand together. A person may link more than the limits of
    /// evidence allow.
    ///
    /// # Errors
    /// The first reason why they cannot.
    pub fn check(&self) -> Result<(), Refusal> {
        for (_, decision) in &self.standing {
            if let Decision::CannotLink(left, right) = decision
                && left.iter().any(|no| right.contains(no))
            {
                return Err(Refusal::SidesOverlap);
            }
        }
        for block in self.linked() {
            if let Some(no) = self.broken(block.iter().copied()).first() {
                return Err(Refusal::KeptApart(*no));
            }
            for (no, decision) in &self.standing {
                if let Decision::Sharing(identifier, Sharing::Shared) = decision
                    && block.contains(identifier)
                {
                    return Err(Refusal::DecidedShared(*no));
                }
            }
        }
        Ok(())
    }

    /// The identifiers that must-links make one, each block sorted.
    fn linked(&self) -> Vec<Vec<IdentifierNo>> {
        let mut blocks: Vec<FxHashSet<IdentifierNo>> = Vec::new();
        for (_, decision) in &self.standing {
            let Decision::MustLink(members) = decision else { continue };
            let mut one: FxHashSet<IdentifierNo> = members.iter().copied().collect();
            blocks.retain(|block| {
                let apart = block.is_disjoint(&one);
                if !apart {
                    one.extend(block);
                }
                apart
            });
            blocks.push(one);
        }
        let sorted = |block: FxHashSet<IdentifierNo>| {
            let mut block: Vec<IdentifierNo> = block.into_iter().collect();
            block.sort_unstable();
            block
        };
        blocks.into_iter().map(sorted).collect()
    }
}

/// Where a must-link stands in the canonical order: before everything that happened.
#[must_use]
pub fn link_position(no: ConstraintNo) -> Position {
    let key = TouchKey { source: String::new(), source_id: format!("{:019}", no.0) };
    Position { at: Micros::MIN, key }
}

/// The must-link that stands at a position, if one does.
#[must_use]
pub fn link_no(position: &Position) -> Option<ConstraintNo> {
    let number = position.key.source_id.parse().ok().filter(|_| position.at == Micros::MIN);
    number.map(ConstraintNo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(decisions: &[Decision]) -> Result<(), Refusal> {
        let standing = decisions.iter().cloned().zip(1..).map(|(d, no)| (ConstraintNo(no), d));
        Constraints::new(standing.collect()).check()
    }

    fn of(numbers: &[i64]) -> Vec<IdentifierNo> {
        numbers.iter().copied().map(IdentifierNo).collect()
    }

    #[test]
    fn links_must_not_join_what_is_kept_apart_nor_what_is_shared() {
        let apart = Decision::CannotLink(of(&[1]), of(&[12]));
        let chained = [apart, Decision::MustLink(of(&[1, 11])), Decision::MustLink(of(&[11, 12]))];
        assert_eq!(check(&chained[..2]), Ok(()));
        assert_eq!(check(&chained), Err(Refusal::KeptApart(ConstraintNo(1))));
        let shared = Decision::Sharing(IdentifierNo(11), Sharing::Shared);
        assert_eq!(
            check(&[Decision::MustLink(of(&[1, 11])), shared]),
            Err(Refusal::DecidedShared(ConstraintNo(2)))
        );
        assert_eq!(check(&[Decision::CannotLink(of(&[1, 2]), of(&[2]))]), Err(Refusal::SidesOverlap));
    }
}
