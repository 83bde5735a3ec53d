//! Values that systems send for nobody. A new tenant's rules begin with these lists, and all of them
//! can be seen and changed there: none is hidden in code.
//!
//! Collected from the lists that PostHog, Segment, Mixpanel, mParticle and Adobe publish for their
//! own identifiers, from the marks of templates that were not filled in, from the errors of
//! spreadsheets, and from devices that are known to share one id.

/// Compared as sent: in another case they may be somebody.
pub(crate) const EXACT: &[&str] = &["0", "-1", "[object Object]", "NaN", "None"];

/// Compared without regard to case, also inside quotes.
pub(crate) const IGNORING_CASE: &[&str] = &[
    // Nothing, in the words of programming languages and spreadsheets.
    "null",
    "nil",
    "none",
    "undefined",
    "nan",
    "n/a",
    "na",
    "n.a.",
    "#n/a",
    "#n/d",
    "#ref!",
    "#value!",
    "#name?",
    "#null!",
    "#num!",
    "#div/0!",
    "not_set",
    "(not set)",
    "not set",
    "not available",
    "(none)",
    "(null)",
    "<null>",
    "<nil>",
    "<none>",
    "<no value>",
    "{}",
    "[]",
    "()",
    "true",
    "false",
    "empty",
    "blank",
    "missing",
    // Nobody, in words.
    "anonymous",
    "anon",
    "guest",
    "unknown",
    "unidentified",
    "nobody",
    "noone",
    "no one",
    "not_authenticated",
    "unauthenticated",
    "not logged in",
    "logged_out",
    "default",
    "deleted",
    "dummy",
    "test",
    "testuser",
    "test user",
    "undefined undefined",
    "null null",
    "default user",
    // The name of the field instead of its value.
    "id",
    "user",
    "userid",
    "user_id",
    "customer",
    "customerid",
    "customer_id",
    "distinctid",
    "distinct_id",
    "anonymousid",
    "anonymous_id",
    "email",
    "e-mail",
    "phone",
    "visitor",
    // Device ids that many devices share: emulators, Android 6 and later, unset advertising ids.
    "9774d56d682e549c",
    "02:00:00:00:00:00",
    "ff:ff:ff:ff:ff:ff",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "0123456789abcdef",
    "dead00beef",
    "004999010640000",
];

/// Regular expressions that match anywhere unless anchored.
pub(crate) const PATTERNS: &[&str] = &[
    // Zeros, with or without what separates them: UUIDs, telephone numbers, device ids.
    "^[-+.: ]*0[-+.:0 ]*$",
    // Nothing but signs, and nothing but x.
    "^[-_.?*/ ]+$",
    "(?i)^x{3,}$",
    // Templates that were not filled in: {{x}}, ${x}, $x, %%x%%, <%x%>, [[x]], *|X|*, {!x}, {x}.
    r"\{\{[^{}]*\}\}",
    "(?i)%7b%7b.*%7d%7d",
    r"\$\{[^{}]*\}",
    "(?i)^\\$[a-z_][a-z0-9_.]*$",
    "^%%.*%%$",
    "^<%.*%>$",
    r"^\[\[.*\]\]$",
    r"^\*\|.*\|\*$",
    r"^\{!?[A-Za-z_][A-Za-z0-9_.]*\}$",
    // Addresses that forms and tills invent.
    "(?i)^(test|null|none|undefined|unknown|anonymous|guest|nomail|no[-_.]?e?mail|no[-_.]?reply|do[-_.]?not[-_.]?reply|noone|nobody|dummy|fake)@",
    r"(?i)^n/?a@n/?a\.",
    r"(?i)^no@(e?mail|no)\.",
    r"(?i)^a+@a+\.a+$|^x+@x+\.x+$",
];

#[cfg(test)]
mod tests {
    use crate::{Rules, rules};

    #[test]
    fn the_lists_are_rules_that_could_be_promoted() {
        assert_eq!(rules::check(&Rules::default()), []);
    }

    #[test]
    fn rules_of_before_keep_their_generation() {
        let mut stored = serde_json::to_value(Rules::default()).unwrap();
        for later in ["normalizers", "earliest_us", "clock_resets_us"] {
            assert!(stored.as_object_mut().unwrap().remove(later).is_some(), "{later}");
        }
        let read: Rules = serde_json::from_value(stored).unwrap();
        assert_eq!((read.normalizers, read.earliest_us), (1, rules::EARLIEST_US));
        assert!(!read.is_clock_reset(rules::EARLIEST_US));
        assert!(Rules::default().is_clock_reset(rules::EARLIEST_US));
    }
}
