//! Claims: how many people an identifier is said to belong to.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::batch::Stored;
use super::resolve::{IdentifierNo, KindIndex};
use super::rules::Rules;
use customer360_model::KindName;

/// Per registered kind, the distinct identifiers of that kind seen directly beside an identifier.
/// Frozen once the identifier is shared.
pub type Claims = BTreeMap<String, BTreeSet<i64>>;

/// Whether an identifier has more claims than its kind allows.
#[must_use]
pub fn has_many_claims(rules: &Rules, kind: KindIndex, claims: &Claims) -> bool {
    let most = claims.values().map(BTreeSet::len).max().unwrap_or(0);
    rules.kinds[kind].share_after.is_some_and(|limit| most > limit as usize)
}

/// Adds what an observation claims to each of its identifiers.
pub fn add_claims(rules: &Rules, identifiers: &mut FxHashMap<IdentifierNo, Stored>, set: &[IdentifierNo]) {
    for no in set {
        let Some(stored) = identifiers.get(no) else { continue };
        let rule = &rules.kinds[stored.kind];
        if rule.share_after.is_none() || has_many_claims(rules, stored.kind, &stored.claims) {
            continue;
        }
        let beside: Vec<(KindName, i64)> = (set.iter().filter(|other| *other != no))
            .filter_map(|other| identifiers.get(other).map(|stored| (other, &rules.kinds[stored.kind])))
            .filter(|(_, rule)| rule.registered)
            .map(|(other, rule)| (rule.kind.clone(), other.0))
            .collect();
        let Some(stored) = identifiers.get_mut(no) else { continue };
        for (kind, other) in beside {
            stored.claims.entry(kind.as_str().to_owned()).or_default().insert(other);
        }
    }
}
