//! A whole history resolved from nothing: for other rules, and to see what they would change.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::{self, Before, Changes, Claims, Plan, Stored, StoredObservation, add_claims};
use super::constraints::Constraints;
use super::groups::components;
use super::merges;
use super::moves::Touch;
use super::normalize::is_nobody;
use super::resolve::{IdentifierNo, Known};
use super::rules::Rules;
use super::{Normalized, normalize};
use customer360_model::ObservationNo;
use std::sync::Arc;

/// Why rules cannot be promoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("kind {0} is in use and would disappear")]
    KindGone(String),
    #[error("kind {0} is in use and would be normalized in another way")]
    NormalizerChanged(String),
    #[error("{values} values of kind {kind} are in use and would be normalized in another way")]
    ValuesChanged { kind: String, values: usize },
    #[error("{observations} observations would be connected; at most {limit} may be")]
    TooLarge { observations: usize, limit: u32 },
}

/// Everything that identity is resolved from.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    /// All live observations.
    pub observations: Vec<StoredObservation>,
    /// All identifiers in them, with kinds by the rules that they were read with.
    pub identifiers: FxHashMap<IdentifierNo, Stored>,
    pub constraints: Arc<Constraints>,
    /// Touches that may move identifiers under any of the rules that are asked about.
    pub touches: Vec<Touch>,
}

/// A whole history under some rules.
#[derive(Debug)]
pub struct Resolved {
    /// Complete: every observation, identifier, customer and merge.
    pub changes: Changes,
    /// The largest component.
    pub largest: usize,
}

impl Whole {
    /// The same history with kinds by other rules. Identifiers of kinds that those do not have are
    /// left out of everything.
    ///
    /// # Errors
    /// Why those rules could not be promoted.
    pub fn under(mut self, was: &Rules, rules: &Rules) -> Result<Self, Vec<Unfit>> {
        let mut unfit = Vec::new();
        let used: FxHashSet<usize> = self.identifiers.values().map(|stored| stored.kind).collect();
        let mut kind_of: FxHashMap<usize, usize> = FxHashMap::default();
        for (kind, rule) in was.kinds.iter().enumerate().filter(|(kind, _)| used.contains(kind)) {
            match rules.kinds.iter().position(|other| other.kind == rule.kind) {
                None => unfit.push(Unfit::KindGone(rule.kind.as_str().to_owned())),
                Some(to) => {
                    if rules.kinds[to].normalizer != rule.normalizer {
                        unfit.push(Unfit::NormalizerChanged(rule.kind.as_str().to_owned()));
                    }
                    kind_of.insert(kind, to);
                }
            }
        }
        if unfit.is_empty() && was.normalizers != rules.normalizers {
            unfit = self.values_changed(was, rules);
        }
        if !unfit.is_empty() {
            return Err(unfit);
        }
        for stored in self.identifiers.values_mut() {
            stored.kind = kind_of[&stored.kind];
            stored.blocked = is_nobody(rules, &stored.value);
        }
        Ok(self)
    }

    /// Stored values that another generation of normalizers would not leave as they are.
    fn values_changed(&self, was: &Rules, rules: &Rules) -> Vec<Unfit> {
        let changed = |stored: &&Stored| {
            let now = rules.kind(&was.kinds[stored.kind].kind);
            let now = now.map(|rule| normalize(rule, rules, &stored.value, None));
            // A value that new rules block is another matter: it stays what it is.
            !matches!(&now, Some(Ok(Normalized::Linking(now))) if now.value == stored.value)
                && !matches!(now, Some(Ok(Normalized::Blocked(_))))
        };
        let mut values = vec![0_usize; was.kinds.len()];
        self.identifiers.values().filter(changed).for_each(|stored| values[stored.kind] += 1);
        let kinds = was.kinds.iter().zip(values).filter(|(_, values)| *values > 0);
        kinds
            .map(|(rule, values)| Unfit::ValuesChanged { kind: rule.kind.as_str().to_owned(), values })
            .collect()
    }

    /// Resolves everything from nothing, components in parallel.
    #[must_use]
    pub fn resolve(&self, rules: &Rules) -> Resolved {
        let mut identifiers = self.identifiers.clone();
        self.recount(rules, &mut identifiers);
        let known: FxHashMap<IdentifierNo, Known> =
            identifiers.par_iter().map(|(no, stored)| (*no, stored.known(rules))).collect();
        let labels = components(&known, self.observations.iter().map(|stored| &stored.observation));
        let mut by_label: FxHashMap<ObservationNo, Vec<usize>> = FxHashMap::default();
        for (nth, stored) in self.observations.iter().enumerate() {
            by_label.entry(labels[&stored.observation.no]).or_default().push(nth);
        }
        let largest = by_label.values().map(Vec::len).max().unwrap_or(0);
        let parts: Vec<(ObservationNo, Vec<usize>)> = by_label.into_iter().collect();
        let mut touches: FxHashMap<ObservationNo, Vec<Touch>> = FxHashMap::default();
        for touch in &self.touches {
            if let Some(label) = labels.get(&touch.observation) {
                touches.entry(*label).or_default().push(touch.clone());
            }
        }
        let settle = |(label, members): &(ObservationNo, Vec<usize>)| {
            let loaded: Vec<StoredObservation> =
                members.iter().map(|&nth| self.observations[nth].clone()).collect();
            let plan = Plan::replay_only(FxHashSet::from_iter([*label]));
            let own = loaded.iter().flat_map(|stored| &stored.observation.identifiers);
            let beside = own.filter_map(|no| Some((*no, identifiers.get(no)?.clone()))).collect();
            let before = Before { constraints: self.constraints.clone(), ..Before::default() };
            let touches = touches.get(label).map_or(&[][..], Vec::as_slice);
            batch::settle(rules, before, &plan, &[], &loaded, touches, beside)
        };
        let changes = parts.par_iter().map(settle).reduce(Changes::default, |mut all, part| {
            all.assigned.extend(part.assigned);
            all.identifiers.extend(part.identifiers);
            all.customers.extend(part.customers);
            all.merges.extend(part.merges);
            all.conflicts.extend(part.conflicts);
            all.vanished.extend(part.vanished);
            all.replayed_observations += part.replayed_observations;
            all
        });
        let mut changes = living(changes);
        // A customer may have had observations in several of the parts.
        let was = self.observations.iter().map(|stored| (stored.observation.no, stored.customer)).collect();
        let held = self.identifiers.iter().map(|(no, stored)| (*no, stored.holder));
        changes.unbridged = merges::unbridged(&was, &changes, held);
        Resolved { changes, largest }
    }

    /// Counts claims anew, and the first and latest observation of each identifier.
    fn recount(&self, rules: &Rules, identifiers: &mut FxHashMap<IdentifierNo, Stored>) {
        for stored in identifiers.values_mut() {
            stored.claims = Claims::new();
        }
        let mut met = FxHashSet::default();
        for StoredObservation { observation, .. } in &self.observations {
            let seen = observation.seen();
            for no in &observation.identifiers {
                let Some(stored) = identifiers.get_mut(no) else { continue };
                if met.insert(*no) {
                    (stored.first, stored.latest) = (seen.clone(), seen.clone());
                } else if seen < stored.first {
                    stored.first = seen.clone();
                } else if seen > stored.latest {
                    stored.latest = seen.clone();
                }
            }
            if !observation.is_link() {
                add_claims(rules, identifiers, &observation.identifiers);
            }
        }
    }
}

/// A customer may end in one component and begin in another: it lives.
fn living(mut changes: Changes) -> Changes {
    let living: FxHashSet<ObservationNo> = changes.customers.iter().map(|customer| customer.name).collect();
    changes.vanished.retain(|name| !living.contains(name));
    changes.vanished.sort_unstable();
    changes.vanished.dedup();
    changes
}
