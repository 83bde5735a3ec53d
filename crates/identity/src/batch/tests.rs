//! The limit of a component. Everything else is tested through the stores (tests/laws.rs).

use super::*;
use customer360_model::{Micros, Position, TouchKey};

fn seen(no: i64) -> Seen {
    let key = TouchKey { source: "t".into(), source_id: no.to_string() };
    Seen { position: Position { at: Micros(no), key }, no: ObservationNo(no) }
}

/// An identifier of a component, seen in the observation that labels it.
fn stored(rules: &Rules, kind: &str, label: i64) -> Stored {
    Stored {
        kind: rules.kinds.iter().position(|rule| rule.kind.as_str() == kind).unwrap(),
        value: format!("{kind}-{label}"),
        holder: Some(ObservationNo(label)),
        first: seen(label),
        latest: seen(label),
        component: Some(ObservationNo(label)),
        claims: Claims::new(),
        sharing: None,
        blocked: false,
        was_shared: false,
    }
}

/// An account in a component of `sizes.0` observations meets a cookie in one of `sizes.1`.
fn meet(limit: u32, sizes: (u32, u32)) -> (Plan, Observation, Changes) {
    let rules = Rules { component_limit: limit, ..Rules::default() };
    let (account, cookie) = (IdentifierNo(1), IdentifierNo(2));
    let mut before = Before::default();
    for (no, kind, label, size) in [(account, "ACCOUNT", 1, sizes.0), (cookie, "COOKIE", 2, sizes.1)] {
        let identifier = stored(&rules, kind, label);
        let mut held = vec![0; rules.kinds.len()];
        held[identifier.kind] = 1;
        before
            .customers
            .insert(ObservationNo(label), StoredCustomer { unsettled: false, held, latest: seen(label) });
        before.component_sizes.insert(ObservationNo(label), size);
        before.identifiers.insert(no, identifier);
    }
    let Seen { position, no } = seen(9);
    let observation =
        Observation { no, position, identifiers: vec![account, cookie], severed: vec![], releases: false };
    let mut fresh = [Fresh { observation, is_new: true }];
    let crossed = claim(&rules, &mut before, &fresh);
    let plan = plan(&rules, &mut before, &mut fresh, &crossed);
    let changes = settle(&rules, before, &plan, &fresh, &[], &[], FxHashMap::default());
    let [Fresh { observation, .. }] = fresh;
    (plan, observation, changes)
}

#[test]
fn an_observation_bridges_up_to_the_limit() {
    let (plan, observation, changes) = meet(10, (5, 4));
    assert_eq!((plan.severed, observation.severed.len()), (0, 0), "5 + 4 + 1 are ten");
    assert_eq!(plan.relabelled, [(ObservationNo(2), ObservationNo(1))]);
    let merged = [(ObservationNo(2), ObservationNo(1), ObservationNo(1))];
    assert_eq!(changes.merged, merged, "from, to, label");
}

#[test]
fn past_the_limit_the_weaker_link_is_cut_for_good() {
    let (plan, observation, changes) = meet(10, (5, 5));
    assert_eq!((plan.severed, &observation.severed[..]), (1, &[IdentifierNo(2)][..]));
    assert!(plan.relabelled.is_empty() && changes.merged.is_empty());
    assert_eq!(changes.assigned[0].customer, ObservationNo(1), "it stays with its strongest identifier");
    let cookie = changes.identifiers.iter().find(|(no, _)| *no == IdentifierNo(2)).unwrap();
    assert_eq!(cookie.1.holder, Some(ObservationNo(2)), "the cookie stays with its customer");
}

#[test]
fn a_full_component_takes_nothing_more() {
    let (_, observation, changes) = meet(10, (10, 10));
    assert_eq!(observation.severed, [IdentifierNo(1), IdentifierNo(2)]);
    assert_eq!(changes.assigned[0].customer, ObservationNo(9), "a customer of its own");
}
