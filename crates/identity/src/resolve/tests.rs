//! Worked examples of the resolver. The laws are tested through the stores (tests/laws.rs).

use super::*;
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
fn the_second_account_on_a_cookie_is_somebody_else_and_the_cookie_stays() {
    let (blocks, dropped) =
        resolve(&[&["ACCOUNT:u1", "COOKIE:c"], &["ACCOUNT:u2", "COOKIE:c"], &["COOKIE:c"]]);
    assert_eq!(blocks, [1, 2, 1]);
    assert_eq!(dropped[1], ["COOKIE:c"]);
}

#[test]
fn a_sixth_email_stays_unheld_and_the_account_keeps_the_touch() {
    let mails: Vec<String> = (1..=6).map(|i| format!("EMAIL:{i}")).collect();
    let mut told: Vec<Vec<&str>> = mails.iter().map(|mail| vec!["ACCOUNT:u", mail.as_str()]).collect();
    told.push(vec!["EMAIL:6"]);
    let told: Vec<&[&str]> = told.iter().map(Vec::as_slice).collect();
    let (blocks, dropped) = resolve(&told);
    assert_eq!(blocks, [1, 1, 1, 1, 1, 1, 7], "the sixth, alone, is somebody new");
    assert_eq!(dropped[5], ["EMAIL:6"]);
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
