//! Worked examples of the resolver. The laws are tested through the stores (tests/laws.rs).

use super::*;
use crate::constraints::Decision;
use customer360_model::{Micros, TouchKey};

/// Resolves observations given as lists of `KIND:value`, in canonical order, and returns
/// the blocks' names and, per observation, what was dropped.
fn resolve(told: &[&[&str]]) -> (Vec<i64>, Vec<Vec<String>>) {
    let (rules, constraints) = (Rules::default(), Constraints::default());
    let mut names: Vec<&str> = told.iter().flat_map(|set| set.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    let no = |name: &str| IdentifierNo(names.binary_search(&name).unwrap() as i64);
    let position = |i: usize| Position {
        at: Micros(i as i64),
        key: TouchKey { source: "t".into(), source_id: format!("{i}") },
    };
    let observation = |i: usize| Seen { position: position(i), no: ObservationNo(i as i64 + 1) };
    let known = names.iter().map(|name| {
        let (kind, value) = name.split_once(':').unwrap();
        let seen: Vec<usize> = (0..told.len()).filter(|&i| told[i].contains(name)).collect();
        let kind = rules.kinds.iter().position(|r| r.kind.as_str() == kind).unwrap();
        let (first, latest) = (observation(seen[0]), observation(*seen.last().unwrap()));
        (no(name), Known { kind, first, latest, shared: value.starts_with("shared"), value: value.into() })
    });
    let observations: Vec<Observation> = (told.iter().enumerate())
        .map(|(i, set)| Observation {
            no: ObservationNo(i as i64 + 1),
            position: position(i),
            identifiers: set.iter().map(|name| no(name)).collect(),
            severed: vec![],
            releases: false,
        })
        .collect();
    let replayed = World::replay(&rules, &constraints, known.collect(), &observations, &[], |_, _| ());
    let (world, verdicts) = (&replayed.world, &replayed.verdicts);
    let blocks = verdicts.iter().map(|v| world.block(v.block).name.0).collect();
    let dropped = |v: &Verdict| v.dropped.iter().map(|(no, _)| names[no.0 as usize].to_owned()).collect();
    (blocks, verdicts.iter().map(dropped).collect())
}

#[test]
fn a_cookie_joins_the_account_it_logs_in_to() {
    let (blocks, _) = resolve(&[&["COOKIE:c"], &["ACCOUNT:u"], &["ACCOUNT:u", "COOKIE:c"]]);
    assert_eq!(blocks, [1, 1, 1]);
}

#[test]
fn the_second_account_on_a_cookie_is_somebody_else_and_the_cookie_follows() {
    let (blocks, dropped) =
        resolve(&[&["ACCOUNT:u1", "COOKIE:c"], &["ACCOUNT:u2", "COOKIE:c"], &["ACCOUNT:u3", "EMAIL:e"]]);
    assert_eq!(blocks, [1, 2, 3]);
    assert_eq!(dropped[1], ["COOKIE:c"]);
}

#[test]
fn guests_with_different_addresses_on_one_browser_are_different_people() {
    let (blocks, dropped) = resolve(&[&["EMAIL:mum", "COOKIE:c"], &["EMAIL:kid", "COOKIE:c"]]);
    assert_eq!((blocks, &dropped[1]), (vec![1, 2], &vec!["COOKIE:c".to_owned()]));
    let (blocks, _) = resolve(&[&["ACCOUNT:u", "COOKIE:c"], &["EMAIL:newsletter", "COOKIE:c"]]);
    assert_eq!(blocks, [1, 1], "a login and then an address are one");
    let named: &[&[&str]] = &[&["EMAIL:a", "COOKIE:c"], &["EMAIL:a", "EMAIL:b", "COOKIE:c"]];
    assert_eq!(resolve(named).0, [1, 1], "who names both has both");
}

#[test]
fn nothing_innocent_is_dropped_for_the_conflict_of_another() {
    let told: &[&[&str]] =
        &[&["ACCOUNT:mum", "DEVICE:tablet"], &["COOKIE:k"], &["ACCOUNT:kid", "COOKIE:k", "DEVICE:tablet"]];
    let (blocks, dropped) = resolve(told);
    assert_eq!(dropped[2], ["DEVICE:tablet"]);
    assert_eq!(blocks, [1, 2, 2], "the cookie joins who logs in with it");
}

#[test]
fn a_limit_is_broken_by_joining_only() {
    // Two accounts that a person linked: the customer holds more than evidence may join.
    let rules = Rules::default();
    let members = vec![IdentifierNo(1), IdentifierNo(2)];
    let constraints = Constraints::new(vec![(ConstraintNo(1), Decision::MustLink(members.clone()))]);
    let seen = |no: i64, at| {
        let key = TouchKey { source: String::new(), source_id: format!("{no:019}") };
        Seen { position: Position { at, key }, no: ObservationNo(no) }
    };
    let known = |kind| Known {
        kind,
        first: seen(1, Micros::MIN),
        latest: seen(1, Micros::MIN),
        shared: false,
        value: kind.to_string(),
    };
    let observation = |no: i64, at, identifiers: Vec<IdentifierNo>| Observation {
        no: ObservationNo(no),
        position: seen(no, at).position,
        identifiers,
        severed: vec![],
        releases: false,
    };
    let told = [
        observation(1, Micros::MIN, members.clone()),
        observation(2, Micros(1), vec![IdentifierNo(1), IdentifierNo(3)]),
        observation(3, Micros(2), vec![IdentifierNo(1), IdentifierNo(4)]),
    ];
    // 1, 2 and 4 are accounts, 3 is an e-mail.
    let kinds = [(1, 0), (2, 0), (3, 3), (4, 0)];
    let known = kinds.iter().map(|(no, kind)| (IdentifierNo(*no), known(*kind))).collect();
    let replayed = World::replay(&rules, &constraints, known, &told, &[], |_, _| ());
    assert!(replayed.verdicts[1].dropped.is_empty(), "what was linked stays whole and takes more");
    let (no, reason) = replayed.verdicts[2].dropped[0];
    assert_eq!((no, reason), (IdentifierNo(4), Dropped::Limit(0)), "but a third account it does not");
    assert_eq!(replayed.world.holdings(0), [1, 2, 3].map(IdentifierNo));
}

#[test]
fn an_eleventh_email_stays_unheld_and_the_account_keeps_the_touch() {
    let mails: Vec<String> = (1..=11).map(|i| format!("EMAIL:{i}")).collect();
    let mut told: Vec<Vec<&str>> = mails.iter().map(|mail| vec!["ACCOUNT:u", mail.as_str()]).collect();
    told.push(vec!["EMAIL:11"]);
    let told: Vec<&[&str]> = told.iter().map(Vec::as_slice).collect();
    let (blocks, dropped) = resolve(&told);
    assert_eq!(blocks[..11], [1; 11]);
    assert_eq!(blocks[11], 12, "the eleventh, alone, is somebody new");
    assert_eq!(dropped[10], ["EMAIL:11"]);
}

#[test]
fn two_registered_customers_join_only_if_each_is_named_by_a_kind_that_joins() {
    let told: &[&[&str]] = &[
        &["EMAIL:a", "COOKIE:c"],
        &["LOYALTY_CARD:l"],
        &["LOYALTY_CARD:l", "COOKIE:c"],
        &["LOYALTY_CARD:l", "EMAIL:a"],
    ];
    let (blocks, dropped) = resolve(told);
    assert_eq!(dropped[2], ["COOKIE:c"], "the cookie does not speak for the registered e-mail");
    assert_eq!(blocks, [1, 1, 1, 1], "e-mail and card together do");
}

#[test]
fn a_shared_identifier_links_nothing_and_its_bare_touches_are_one_anonymous_customer() {
    let (blocks, _) =
        resolve(&[&["ACCOUNT:u1", "DEVICE:shared"], &["ACCOUNT:u2", "DEVICE:shared"], &["DEVICE:shared"]]);
    assert_eq!(blocks, [1, 2, 3]);
}

#[test]
fn of_two_free_accounts_in_one_touch_one_is_left_out() {
    let (blocks, dropped) = resolve(&[&["ACCOUNT:a", "ACCOUNT:b"], &["ACCOUNT:b"]]);
    assert_eq!(dropped[0], ["ACCOUNT:b"]);
    assert_eq!(blocks, [1, 2]);
}
