//! Claims: how many people an identifier is said to belong to.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::batch::{Before, Fresh, Stored};
use super::resolve::{IdentifierNo, KindIndex};
use super::rules::Rules;

/// With more distinct values of one kind beside it an identifier is shared however they are grouped,
/// and nothing more is counted.
pub const VALUES: usize = 64;

/// Who was seen directly beside an identifier: per registered kind other than its own, groups of
/// values. Values that one observation names together are one group: they say one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(BTreeMap<String, Vec<Vec<i64>>>);

impl Claims {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Per kind, in the order of names: how many values, in how many groups.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.0.iter().map(|(kind, groups)| (kind.as_str(), values(groups), groups.len()))
    }

    /// Values of one kind that one observation names beside the identifier.
    pub fn add(&mut self, kind: &str, named: &[i64]) {
        if named.is_empty() {
            return;
        }
        if !self.0.contains_key(kind) {
            self.0.insert(kind.to_owned(), Vec::new());
        }
        let Some(groups) = self.0.get_mut(kind) else { return };
        if groups.iter().any(|group| named.iter().all(|no| group.contains(no))) {
            return;
        }
        let mut one = named.to_vec();
        groups.retain(|group| {
            let apart = group.iter().all(|no| !named.contains(no));
            if !apart {
                one.extend(group);
            }
            apart
        });
        one.sort_unstable();
        one.dedup();
        groups.push(one);
        groups.sort_unstable();
    }

    /// How many people they seem to be: the most of any kind, each person with as many values as is
    /// ordinary for the kind.
    #[must_use]
    pub fn people(&self, rules: &Rules) -> usize {
        let people = |(kind, groups): (&String, &Vec<Vec<i64>>)| {
            let ordinary = rules.kind_named(kind).map_or(1, |rule| rule.ordinary.max(1));
            groups.len().div_ceil(ordinary as usize)
        };
        self.0.iter().map(people).max().unwrap_or(0)
    }

    /// Whether there are so many values that nothing more is counted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.values().any(|groups| values(groups) > VALUES)
    }
}

fn values(groups: &[Vec<i64>]) -> usize {
    groups.iter().map(Vec::len).sum()
}

/// Whether an identifier has more claims than its kind allows.
#[must_use]
pub fn has_many_claims(rules: &Rules, kind: KindIndex, claims: &Claims) -> bool {
    let limit = rules.kinds[kind].share_after;
    limit.is_some_and(|limit| {
        !claims.is_empty() && (claims.people(rules) > limit as usize || claims.is_full())
    })
}

/// Adds what an observation claims to each of its identifiers.
pub fn add_claims(rules: &Rules, identifiers: &mut FxHashMap<IdentifierNo, Stored>, set: &[IdentifierNo]) {
    let kinds: Vec<Option<KindIndex>> =
        set.iter().map(|no| identifiers.get(no).map(|stored| stored.kind)).collect();
    let mut named: BTreeMap<KindIndex, Vec<i64>> = BTreeMap::new();
    for (no, kind) in set.iter().zip(&kinds) {
        if let Some(kind) = kind.filter(|kind| rules.kinds[*kind].registered) {
            named.entry(kind).or_default().push(no.0);
        }
    }
    for (no, kind) in set.iter().zip(kinds) {
        let counted = kind.filter(|kind| rules.kinds[*kind].share_after.is_some());
        let (Some(kind), Some(stored)) = (counted, identifiers.get_mut(no)) else { continue };
        for (other, values) in named.iter().filter(|(other, _)| **other != kind) {
            if stored.claims.is_full() {
                break;
            }
            stored.claims.add(rules.kinds[*other].kind.as_str(), values);
        }
    }
}

/// Stored identifiers that claims made shared, or shared no more.
#[derive(Debug, Default)]
pub struct Crossed {
    pub risen: Vec<IdentifierNo>,
    /// All observations that they connect again are resolved again: their components belong to
    /// `Before::again` before the plan is made.
    pub fallen: Vec<IdentifierNo>,
}

/// Counts the claims of the batch, and says which stored identifiers became shared by them, or are
/// shared no more: groups of values became one.
#[must_use]
pub fn claim(rules: &Rules, before: &mut Before, fresh: &[Fresh]) -> Crossed {
    let mut numbers: Vec<IdentifierNo> =
        fresh.iter().flat_map(|f| f.observation.identifiers.iter().copied()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let was: Vec<bool> = numbers.iter().map(|no| before.identifiers[no].is_shared(rules)).collect();
    // A decision proves nothing about whose an identifier is.
    for Fresh { observation, .. } in fresh.iter().filter(|fresh| !fresh.observation.is_link()) {
        add_claims(rules, &mut before.identifiers, &observation.identifiers);
    }
    let mut crossed = Crossed::default();
    for (no, was) in numbers.into_iter().zip(was) {
        match (was, before.identifiers[&no].is_shared(rules)) {
            (false, true) => crossed.risen.push(no),
            (true, false) => crossed.fallen.push(no),
            _ => {}
        }
    }
    crossed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(told: &[&[i64]]) -> Claims {
        let mut claims = Claims::new();
        told.iter().for_each(|named| claims.add("EMAIL", named));
        claims
    }

    fn people(told: &[&[i64]]) -> usize {
        claims(told).people(&Rules::default())
    }

    #[test]
    fn what_one_record_names_together_is_one_claim() {
        assert_eq!(people(&[&[1, 2, 3, 4, 5]]), 1);
        assert_eq!(people(&[&[1], &[2], &[3]]), 3);
        assert_eq!(people(&[&[1], &[2], &[3], &[1, 3]]), 2, "claims fall when groups become one");
    }

    #[test]
    fn the_order_in_which_groups_are_told_does_not_matter() {
        assert_eq!(claims(&[&[1, 2], &[3], &[2, 3]]), claims(&[&[3, 2], &[1, 2]]));
    }

    #[test]
    fn a_person_has_several_cards_and_many_wallet_tokens() {
        let mut cards = Claims::new();
        (1..=6).for_each(|no| cards.add("LOYALTY_CARD", &[no]));
        assert_eq!(cards.people(&Rules::default()), 2, "six cards are two people: five are ordinary");
        let mut tokens = Claims::new();
        (1..=15).for_each(|no| tokens.add("PAYMENT_TOKEN", &[no]));
        assert_eq!(tokens.people(&Rules::default()), 1);
    }

    #[test]
    fn more_values_than_are_counted_are_shared_however_they_are_grouped() {
        let crowd: Vec<i64> = (1..=65).collect();
        let rules = Rules::default();
        let device = rules.kinds.iter().position(|rule| rule.kind.as_str() == "DEVICE").unwrap();
        assert!(has_many_claims(&rules, device, &claims(&[&crowd])));
        assert!(!has_many_claims(&rules, device, &claims(&[&crowd[1..]])));
    }
}
