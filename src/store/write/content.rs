//! What a touchpoint says, in one form: in whichever order identifiers and traits were said, and
//! however values were spelled that the rules take for the same.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::identity::{Normalized, Rules, normalize};
use crate::model::{Details, Identifier, Touchpoint};
use crate::store::tenants::data_key::{DataKey, KeyedHash};

/// The hash of a content: of the touchpoint as it is stored, but for its key.
pub(in crate::store) fn content_hash(key: &DataKey, touchpoint: &Touchpoint, details: &str) -> KeyedHash {
    let at = touchpoint.at.0.to_le_bytes();
    let document = match sorted(&touchpoint.details) {
        None => Cow::Borrowed(details),
        Some(sorted) => Cow::Owned(document(&sorted)),
    };
    let identifiers = (touchpoint.identifiers.iter())
        .flat_map(|identifier| [identifier.kind.as_str().as_bytes(), identifier.value.as_bytes()]);
    let head = [at.as_slice(), touchpoint.channel.as_str().as_bytes(), document.as_bytes()];
    key.hash(head.into_iter().chain(identifiers))
}

/// The key of a distinct set of identifiers, which is sorted.
pub(in crate::store) fn set_hash(key: &DataKey, sorted: &[Identifier]) -> KeyedHash {
    let mut parts: Vec<&[u8]> = Vec::with_capacity(2 * sorted.len());
    for identifier in sorted {
        parts.extend([identifier.kind.as_str().as_bytes(), identifier.value.as_bytes()]);
    }
    key.hash(parts)
}

/// The document of a touchpoint's details.
pub(in crate::store) fn document(details: &Details) -> String {
    serde_json::to_string(details).expect("details are plain values with text keys")
}

/// Whether two touchpoints of one key say the same under these rules, whatever rules and builds
/// they were normalized by.
pub(in crate::store) fn say_the_same(rules: &Rules, one: &Touchpoint, other: &Touchpoint) -> bool {
    let rest = |touchpoint: &Touchpoint| {
        let mut details = sorted(&touchpoint.details).unwrap_or_else(|| touchpoint.details.clone());
        details.blocked.clear();
        details.unusable.clear();
        document(&details)
    };
    one.at == other.at
        && one.channel == other.channel
        && named(rules, one) == named(rules, other)
        && rest(one) == rest(other)
}

/// Every identifier that a touchpoint names, linking or not, as the rules have it now. One that
/// they cannot read stays as it is.
fn named(rules: &Rules, touchpoint: &Touchpoint) -> BTreeSet<Identifier> {
    let now = |identifier: &Identifier, region: Option<&str>| {
        let rule = rules.kind(&identifier.kind)?;
        match normalize(rule, rules, &identifier.value, region).ok()? {
            Normalized::Linking(identifier) | Normalized::Blocked(identifier) => Some(identifier),
        }
    };
    let details = &touchpoint.details;
    let set_aside = details.unusable.iter().map(|one| (&one.identifier, one.region.as_deref()));
    (touchpoint.identifiers.iter().chain(&details.blocked).map(|identifier| (identifier, None)))
        .chain(set_aside)
        .map(|(identifier, region)| now(identifier, region).unwrap_or_else(|| identifier.clone()))
        .collect()
}

/// The same with traits and identifiers that do not link in order; `None` where they are. Of two traits of
/// one name the order stays: it may say which holds.
fn sorted(details: &Details) -> Option<Details> {
    let in_order = details.traits.is_sorted_by(|a, b| a.name <= b.name)
        && details.blocked.is_sorted()
        && details.unusable.is_sorted_by(|a, b| a.identifier <= b.identifier);
    (!in_order).then(|| {
        let mut sorted = details.clone();
        sorted.traits.sort_by(|a, b| a.name.cmp(&b.name));
        sorted.blocked.sort();
        sorted.unusable.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        sorted
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::activity::Visit;
    use crate::model::{Activity, Channel, KindName, Micros, TouchKey, TraitWrite, Value};

    fn identifier(kind: &str, value: &str) -> Identifier {
        Identifier { kind: KindName::parse(kind).unwrap(), value: value.to_owned() }
    }

    fn touchpoint(identifiers: Vec<Identifier>, traits: &[(&str, i64)]) -> Touchpoint {
        let write = |(name, n): &(&str, i64)| TraitWrite {
            name: (*name).to_owned(),
            value: Value::Integer(*n),
            if_absent: false,
        };
        Touchpoint {
            key: TouchKey { source: "s".into(), source_id: "1".into() },
            at: Micros(7),
            channel: Channel::parse("web").unwrap(),
            identifiers,
            details: Details {
                activity: Activity::Visit(Visit::default()),
                visit_id: None,
                location: None,
                campaign: None,
                product: None,
                cost: None,
                handling_seconds: None,
                traits: traits.iter().map(write).collect(),
                attributes: std::collections::BTreeMap::new(),
                blocked: Vec::new(),
                unusable: Vec::new(),
            },
        }
    }

    fn hash(touchpoint: &Touchpoint) -> KeyedHash {
        let key = DataKey::new(&[3; DataKey::BYTES]).unwrap();
        content_hash(&key, touchpoint, &document(&touchpoint.details))
    }

    #[test]
    fn the_order_of_traits_is_no_content_but_among_those_of_one_name() {
        let one = touchpoint(vec![], &[("b", 1), ("a", 2)]);
        let other = touchpoint(vec![], &[("a", 2), ("b", 1)]);
        assert_eq!(hash(&one), hash(&other));
        let twice = |first, second| touchpoint(vec![], &[("a", first), ("a", second)]);
        assert_ne!(hash(&twice(1, 2)), hash(&twice(2, 1)));
        assert_ne!(hash(&one), hash(&touchpoint(vec![], &[("a", 2), ("b", 3)])));
    }

    #[test]
    fn what_is_normalized_otherwise_now_still_says_the_same() {
        let rules = Rules::default();
        let stored = touchpoint(vec![identifier("EMAIL", "Ada@X.io")], &[]);
        let sent = touchpoint(vec![identifier("EMAIL", "ada@x.io")], &[]);
        assert_ne!(hash(&stored), hash(&sent));
        assert!(say_the_same(&rules, &stored, &sent));
        // Blocked since.
        let mut blocked = touchpoint(vec![], &[]);
        blocked.details.blocked = vec![identifier("EMAIL", "ada@x.io")];
        assert!(say_the_same(&rules, &blocked, &sent));
        assert!(!say_the_same(&rules, &touchpoint(vec![], &[]), &sent));
        let later = Touchpoint { at: Micros(8), ..sent.clone() };
        assert!(!say_the_same(&rules, &later, &sent));
    }
}
