//! How others resolve identity, as rows of the same knobs. What each leaves out is said with it.

use super::rules::{History, KindRule, OnConflict, Rules};

/// Segment Unify: everything joins within limits; what would break a limit drops the weakest
/// identifier; nothing is ever shared. Its limits count within a time window too: ours do not.
#[must_use]
pub fn segment() -> Rules {
    each(|rule| {
        rule.joins_registered = true;
        rule.share_after = None;
    })
}

/// PostHog: an anonymous person joins the identified one; two identified persons are never joined
/// by `identify`. Its explicit merge is a person's link here.
#[must_use]
pub fn posthog() -> Rules {
    each(|rule| {
        rule.joins_registered = false;
        rule.share_after = None;
    })
}

/// Snowplow: an anonymous identifier seen with two users is shared, and is not guessed.
#[must_use]
pub fn snowplow() -> Rules {
    each(|rule| rule.share_after = if rule.registered { rule.share_after } else { Some(1) })
}

/// Adobe: one of each unique namespace; an anonymous identifier belongs, with its whole history,
/// to whoever was seen with it last.
#[must_use]
pub fn adobe() -> Rules {
    each(|rule| {
        rule.share_after = None;
        if rule.registered {
            rule.limit = 1;
        } else {
            rule.on_conflict = OnConflict::Move(History::Whole);
        }
    })
}

/// mParticle's profile isolation: anonymous identifiers never lead to the known person. Its
/// profile link strategy, which lets one profile read another, is not one of ours.
#[must_use]
pub fn mparticle_isolation() -> Rules {
    each(|rule| rule.share_after = if rule.registered { rule.share_after } else { Some(0) })
}

fn each(turn: impl Fn(&mut KindRule)) -> Rules {
    let mut rules = Rules::default();
    for rule in &mut rules.kinds {
        // None of them moves an identifier unless said.
        rule.on_conflict = OnConflict::Demote;
        turn(rule);
    }
    rules
}

#[cfg(test)]
mod tests {
    use rustc_hash::FxHashMap;

    use super::*;
    use crate::batch::{Stored, StoredObservation};
    use crate::resolve::{IdentifierNo, Observation, Seen};
    use crate::whole::Whole;
    use customer360_model::{Micros, ObservationNo, Position, TouchKey};

    /// The customers of observations given as lists of `KIND:value`, in canonical order.
    fn resolve(rules: &Rules, told: &[&[&str]]) -> Vec<i64> {
        let mut whole = Whole::default();
        let mut numbers: FxHashMap<&str, IdentifierNo> = FxHashMap::default();
        for (no, set) in (1..).zip(told) {
            let key = TouchKey { source: "t".into(), source_id: no.to_string() };
            let position = Position { at: Micros(no), key };
            let seen = Seen { position: position.clone(), no: ObservationNo(no) };
            let mut identifiers = Vec::new();
            for name in *set {
                let next = IdentifierNo(numbers.len() as i64 + 1);
                let number = *numbers.entry(name).or_insert(next);
                let (kind, value) = name.split_once(':').unwrap();
                let kind = rules.kinds.iter().position(|rule| rule.kind.as_str() == kind).unwrap();
                let new = || Stored::unheld(kind, value.to_owned(), seen.clone());
                whole.identifiers.entry(number).or_insert_with(new);
                identifiers.push(number);
            }
            let no = ObservationNo(no);
            let observation = Observation { no, position, identifiers, severed: vec![], releases: false };
            whole.observations.push(StoredObservation {
                observation,
                customer: no,
                component: no,
                stretches: vec![],
                unsettled: false,
            });
        }
        let mut assigned = whole.resolve(rules).changes.assigned;
        assigned.sort_by_key(|assigned| assigned.no);
        assigned.into_iter().map(|assigned| assigned.customer.0).collect()
    }

    /// A visitor signs up, then logs in on another device; a colleague borrows the first.
    const BORROWED: &[&[&str]] = &[
        &["COOKIE:laptop"],
        &["COOKIE:laptop", "ACCOUNT:ada"],
        &["COOKIE:phone", "ACCOUNT:ada"],
        &["COOKIE:laptop", "ACCOUNT:bob"],
    ];

    /// An example that a vendor publishes: where, under which rules, what was seen, and to whom each
    /// of it belongs (named by the first of them).
    struct Example {
        page: &'static str,
        rules: fn() -> Rules,
        seen: &'static [(&'static [&'static str], i64)],
    }

    /// The facts of the examples; the words are ours. Where our rows end otherwise on purpose, the
    /// example says so.
    const EXAMPLES: [Example; 9] = [
        Example {
            page: "experienceleague.adobe.com identity-linking-logic: a browser joins the graph of a CRM id",
            rules: adobe,
            seen: &[
                (&["PHONE:+15555551234", "EMAIL:julien@acme.com", "CRM_ID:60013ABC"], 1),
                (&["CRM_ID:60013ABC", "COOKIE:100066526"], 1),
            ],
        },
        Example {
            page: "experienceleague.adobe.com identity-linking-logic: one person logs in with two browsers",
            rules: adobe,
            seen: &[(&["CRM_ID:1", "COOKIE:chrome"], 1), (&["CRM_ID:1", "COOKIE:firefox"], 1)],
        },
        Example {
            page: "experienceleague.adobe.com identity-optimization-algorithm: of a shared device the latest \
                   login is linked, and what was seen without one with it",
            rules: adobe,
            seen: &[(&["CRM_ID:john", "COOKIE:1"], 1), (&["COOKIE:1"], 2), (&["CRM_ID:jane", "COOKIE:1"], 2)],
        },
        Example {
            page: "experienceleague.adobe.com identity-graph-linking-rules: two give the same bad phone. There \
                   the phone goes to the latest; ours stays with who gave it first, for it is registered",
            rules: adobe,
            seen: &[(&["CRM_ID:1", "PHONE:111"], 1), (&["CRM_ID:2", "PHONE:111"], 2), (&["PHONE:111"], 1)],
        },
        Example {
            page: "docs.snowplow.io identities/concepts/merges: an app used without login, then with one; the \
                   older id names both",
            rules: Rules::default,
            seen: &[
                (&["COOKIE:4b0dfa", "ACCOUNT:alice@company.com"], 1),
                (&["DEVICE:6d920c"], 1),
                (&["DEVICE:6d920c", "ACCOUNT:alice@company.com"], 1),
            ],
        },
        Example {
            page: "docs.snowplow.io identities/concepts/unique-identifiers: Bob logs in on Alice's phone",
            rules: Rules::default,
            seen: &[
                (&["COOKIE:4b0dfa", "ACCOUNT:alice@company.com"], 1),
                (&["DEVICE:6d920c", "ACCOUNT:alice@company.com"], 1),
                (&["DEVICE:6d920c", "ACCOUNT:bob@company.com"], 3),
            ],
        },
        Example {
            page: "docs.snowplow.io identities/concepts/cross-domain-tracking: a link between two sites tells \
                   both cookies",
            rules: Rules::default,
            seen: &[
                (&["COOKIE:b0258d"], 1),
                (&["COOKIE:b0258d", "COOKIE:brand-b"], 1),
                (&["COOKIE:brand-b", "ACCOUNT:alice@company.com"], 1),
            ],
        },
        Example {
            page: "posthog.com docs/data/identify: all events of the anonymous id are the identified person's",
            rules: posthog,
            seen: &[
                (&["COOKIE:anonymous"], 1),
                (&["COOKIE:anonymous", "ACCOUNT:max"], 1),
                (&["ACCOUNT:max", "COOKIE:other-device"], 1),
            ],
        },
        Example {
            page: "twilio.com docs/segment identity-resolution-settings: ids of one profile are linked by any \
                   of them that is seen with another",
            rules: segment,
            seen: &[
                (&["COOKIE:anonymous_id"], 1),
                (&["COOKIE:anonymous_id", "EMAIL:ada@x.io"], 1),
                (&["EMAIL:ada@x.io", "ACCOUNT:user_id"], 1),
                (&["DEVICE:android", "ACCOUNT:user_id"], 1),
            ],
        },
    ];

    #[test]
    fn published_examples_come_out_as_published() {
        for Example { page, rules, seen } in EXAMPLES {
            let sets: Vec<&[&str]> = seen.iter().map(|(set, _)| *set).collect();
            let expected: Vec<i64> = seen.iter().map(|(_, customer)| *customer).collect();
            assert_eq!(resolve(&rules(), &sets), expected, "{page}");
        }
    }

    #[test]
    fn segment_merges_within_limits_and_drops_the_weakest() {
        assert_eq!(resolve(&segment(), BORROWED), [1, 1, 1, 4], "a second user id is a second profile");
        let emails: &[&[&str]] =
            &[&["EMAIL:a@x.io", "COOKIE:1"], &["EMAIL:b@x.io", "COOKIE:2"], &["COOKIE:1", "COOKIE:2"]];
        assert_eq!(resolve(&segment(), emails), [1, 1, 1], "even two known ones, by anonymous ids alone");
        assert_eq!(resolve(&Rules::default(), emails), [1, 2, 1], "where we differ on purpose");
    }

    #[test]
    fn posthog_never_joins_two_identified_persons() {
        assert_eq!(resolve(&posthog(), BORROWED), [1, 1, 1, 4]);
        let known: &[&[&str]] = &[&["EMAIL:a@x.io"], &["CRM_ID:7"], &["EMAIL:a@x.io", "CRM_ID:7"]];
        assert_eq!(resolve(&posthog(), known), [1, 2, 2], "identify does not merge the identified");
        assert_eq!(resolve(&Rules::default(), known), [1, 1, 1], "where we differ on purpose");
    }

    #[test]
    fn snowplow_does_not_guess_whose_a_shared_cookie_is() {
        let blocks = resolve(&snowplow(), BORROWED);
        assert_eq!(blocks, [1, 2, 2, 4], "the shared laptop's bare visits are nobody's known");
        assert_eq!(resolve(&Rules::default(), BORROWED), [1, 1, 1, 4], "where we differ on purpose");
    }

    #[test]
    fn adobe_gives_the_device_to_who_logged_in_last() {
        assert_eq!(resolve(&adobe(), BORROWED), [1, 2, 2, 1], "the bare visits follow bob");
        let emails: &[&[&str]] = &[&["ACCOUNT:u", "EMAIL:a@x.io"], &["ACCOUNT:u", "EMAIL:b@x.io"]];
        assert_eq!(resolve(&adobe(), emails), [1, 1], "the second address is left out");
    }

    #[test]
    fn mparticle_isolation_keeps_the_anonymous_from_the_known() {
        assert_eq!(resolve(&mparticle_isolation(), BORROWED), [1, 2, 2, 4]);
        let once: &[&[&str]] = &[&["DEVICE:d"], &["DEVICE:d", "ACCOUNT:ada"]];
        assert_eq!(resolve(&mparticle_isolation(), once), [1, 2], "even a device of one person");
    }
}
