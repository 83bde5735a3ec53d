//! First and latest seen, counted anew for a replay.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Before;
use crate::resolve::{IdentifierNo, Known, Observation};
use crate::rules::Rules;

/// What is known of every identifier of the observations under replay, and which of them are not
/// cut off in all of those (an identifier that is, belongs to another component).
pub(super) fn known_anew(
    rules: &Rules,
    before: &mut Before,
    in_canonical_order: &[Observation],
) -> (FxHashMap<IdentifierNo, Known>, FxHashSet<IdentifierNo>) {
    let mut linked = FxHashSet::default();
    let mut known_anew: FxHashMap<IdentifierNo, Known> = FxHashMap::default();
    for observation in in_canonical_order {
        for no in &observation.identifiers {
            let known = known_anew.entry(*no).or_insert_with(|| before.identifiers[no].known(rules));
            if observation.severed.contains(no) {
                continue;
            }
            let seen = observation.seen();
            if linked.insert(*no) && !known.shared {
                (known.first, known.latest) = (seen.clone(), seen);
            } else {
                known.first = known.first.clone().min(seen.clone());
                known.latest = known.latest.clone().max(seen);
            }
        }
    }
    for no in &linked {
        if let Some(stored) = before.identifiers.get_mut(no) {
            stored.first = known_anew[no].first.clone();
            stored.latest = known_anew[no].latest.clone();
        }
    }
    (known_anew, linked)
}
