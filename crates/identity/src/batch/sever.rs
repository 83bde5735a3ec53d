//! Links that would grow a component past its limit.

use super::{Before, linking};
use crate::groups::Groups;
use crate::resolve::{IdentifierNo, Observation};
use crate::rules::Rules;
use customer360_model::ObservationNo;

/// Cuts the links that would grow a component past its limit; the strongest identifier keeps its
/// component if that has room. Returns whether anything was cut.
pub(super) fn sever(
    rules: &Rules,
    before: &Before,
    groups: &mut Groups,
    observation: &mut Observation,
) -> bool {
    if observation.is_link() {
        return false;
    }
    let mut by_strength: Vec<IdentifierNo> = linking(rules, before, observation).collect();
    by_strength.sort_by_key(|no| rules.kinds[before.identifiers[no].kind].priority);
    let mut size = 1;
    let mut labels: Vec<ObservationNo> = Vec::new();
    let mut cut = Vec::new();
    for no in by_strength {
        let label = match groups.label_by_identifier.get(&no).copied().or(before.identifiers[&no].component) {
            Some(label) => groups.find_or_add(label),
            None => continue,
        };
        if labels.contains(&label) {
            continue;
        }
        let grown = size + groups.size(label);
        if grown > rules.component_limit {
            cut.push(no);
        } else {
            size = grown;
            labels.push(label);
        }
    }
    let any = !cut.is_empty();
    observation.severed.extend(cut);
    observation.severed.sort_unstable();
    observation.severed.dedup();
    any
}
