//! Brings identifiers to one form before they are compared, and tells values that are nobody's.

mod email;
mod first;
mod phone;
mod text;

use std::borrow::Cow;

use rlibphonenumber::PHONE_NUMBER_UTIL;
use rlibphonenumber::enums::Region;

use super::{KindRule, Normalizer, Rules};
use customer360_model::Identifier;
use text::{composed, folded, seen};

/// Bytes of an identifier's value at most, before and after normalization.
pub const VALUE_BYTES: usize = 320;

/// What a value turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Normalized {
    /// Names somebody: normalized.
    Linking(Identifier),
    /// Names nobody, such as `null` or `guest`: as sent.
    Blocked(Identifier),
}

/// Whether nothing of a text can be seen: it is empty or blank.
#[must_use]
pub fn is_unseen(text: &str) -> bool {
    seen(text).is_empty()
}

/// Why a value cannot be an identifier of its kind. Never repeats the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NormalizeError {
    #[error("must not contain NUL")]
    Nul,
    #[error("must be at most {VALUE_BYTES} bytes")]
    TooLong,
    #[error("is not one e-mail address")]
    NotEmail,
    #[error("is longer than an e-mail address can be: 64 bytes before the @, 254 in all")]
    EmailTooLong,
    #[error("is not one telephone number; one without a country code needs the right region")]
    NotPhone,
    #[error("is a telephone number without a country code, and no region is said here or in the rules")]
    NoRegion,
    #[error("is not an ISO 3166-1 alpha-2 region")]
    UnknownRegion,
    #[error("is not a SHA-256 digest in hexadecimal")]
    NotSha256,
}

/// Normalizes a value by the rules of its kind, by the generation of normalizers that the rules
/// name; `region` is for telephone numbers without a country code and falls back to the tenant's.
///
/// # Errors
/// When the value cannot be an identifier of that kind.
pub fn normalize(
    rule: &KindRule,
    rules: &Rules,
    raw_value: &str,
    region: Option<&str>,
) -> Result<Normalized, NormalizeError> {
    if raw_value.as_bytes().contains(&0) {
        return Err(NormalizeError::Nul);
    }
    if raw_value.len() > VALUE_BYTES {
        return Err(NormalizeError::TooLong);
    }
    let is_first = rules.normalizers < 2;
    let text = if is_first { Cow::Borrowed(raw_value.trim()) } else { seen(raw_value) };
    let blocked = is_nobody(rules, &text);
    let nobody = || Normalized::Blocked(Identifier { kind: rule.kind.clone(), value: raw_value.to_owned() });
    if blocked {
        return Ok(nobody());
    }
    let value = if is_first { by_first(rule, rules, &text, region) } else { by(rule, rules, &text, region) }?;
    if value.len() > VALUE_BYTES {
        return Err(NormalizeError::TooLong);
    }
    // What surrounded the value may have hidden that it is nobody's.
    if !is_first && *value != *text && is_blocked(rules, &value) {
        return Ok(nobody());
    }
    Ok(Normalized::Linking(Identifier { kind: rule.kind.clone(), value }))
}

fn by(rule: &KindRule, rules: &Rules, text: &str, region: Option<&str>) -> Result<String, NormalizeError> {
    match rule.normalizer {
        Normalizer::Email => email::email(text),
        Normalizer::EmailProviderTricks => email::email(text).map(email::without_tricks),
        Normalizer::Phone => phone::phone(text, region, &rules.default_region),
        Normalizer::Exact => Ok(text.to_owned()),
        Normalizer::Folded => Ok(folded(text)),
        Normalizer::Sha256 => sha256(text),
    }
}

fn by_first(
    rule: &KindRule,
    rules: &Rules,
    text: &str,
    region: Option<&str>,
) -> Result<String, NormalizeError> {
    match rule.normalizer {
        Normalizer::Email => first::email(text),
        Normalizer::EmailProviderTricks => first::email(text).map(email::without_tricks),
        Normalizer::Phone => first::phone(text, region, &rules.default_region),
        Normalizer::Exact => Ok(composed(text).into_owned()),
        Normalizer::Folded => Ok(folded(text)),
        Normalizer::Sha256 => sha256(text),
    }
}

/// Whether the rules block a value, by their generation of normalizers.
#[must_use]
pub fn is_nobody(rules: &Rules, text: &str) -> bool {
    if rules.normalizers < 2 { first::is_blocked(rules, text) } else { is_blocked(rules, text) }
}

/// Whether a value is nobody's: an empty one, whatever the lists say, and one that they name.
/// Matched before any folding, so that the exact list can tell `None` from a person who is called
/// so.
fn is_blocked(rules: &Rules, text: &str) -> bool {
    let bare = without_quotes(text);
    bare.is_empty() || blocked_by_lists(rules, bare)
}

fn blocked_by_lists(rules: &Rules, bare: &str) -> bool {
    let ignoring_case = |blocked: &String| {
        if blocked.is_ascii() {
            blocked.eq_ignore_ascii_case(bare)
        } else {
            blocked.to_lowercase() == bare.to_lowercase()
        }
    };
    rules.blocked.iter().any(|blocked| blocked == bare)
        || rules.blocked_ignoring_case.iter().any(ignoring_case)
        || rules.blocked_patterns.match_any(bare)
}

fn without_quotes(mut text: &str) -> &str {
    const PAIRS: [(char, char); 5] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’')];
    loop {
        let inner = PAIRS.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
        match inner {
            Some(inner) => text = inner.trim(),
            None => return text,
        }
    }
}

/// Whether it is a region that has telephone numbers.
#[must_use]
pub fn is_region(name: &str) -> bool {
    parse_region(name).is_some()
}

fn parse_region(name: &str) -> Option<Region> {
    let well_formed = name.len() == 2 && name.bytes().all(|c| c.is_ascii_alphabetic());
    if !well_formed {
        return None;
    }
    // Places without telephone numbers of their own, such as ZZ, are no region either.
    Region::try_from(name.to_ascii_uppercase().as_str())
        .ok()
        .filter(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some())
}

fn sha256(text: &str) -> Result<String, NormalizeError> {
    if text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(NormalizeError::NotSha256)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::Patterns;
    use customer360_model::KindName;

    fn run(kind: &str, raw: &str) -> Result<Normalized, NormalizeError> {
        let rules = Rules::default();
        normalize(rules.kind_named(kind).unwrap(), &rules, raw, None)
    }

    #[track_caller]
    fn check(kind: &str, raw: &str, expected: &str) {
        match run(kind, raw) {
            Ok(Normalized::Linking(identifier)) => assert_eq!(identifier.value, expected),
            other => panic!("{raw:?} gave {other:?}"),
        }
    }

    #[test]
    fn emails_fold_trim_compose_and_encode_their_domain() {
        check("EMAIL", "  Ada@X.IO ", "ada@x.io");
        check("EMAIL", "ada.lovelace+news@gmail.com", "ada.lovelace+news@gmail.com");
        check("EMAIL", "e\u{301}va@Bücher.example", "éva@xn--bcher-kva.example");
        check("EMAIL", "éva@XN--BCHER-KVA.example", "éva@xn--bcher-kva.example");
        check("EMAIL", "ada@x.io.", "ada@x.io");
        check("EMAIL", "\"odd@local\"@x.io", "\"odd@local\"@x.io");
        check("EMAIL", "Ada <ada@x.io>", "ada@x.io");
        for raw in
            ["ada", "@x.io", "ada@", "a da@x.io", "ada@x..io", "ada@.io", "ada@x y.io", "ada@x.io, b@x.io"]
        {
            assert_eq!(run("EMAIL", raw), Err(NormalizeError::NotEmail), "{raw}");
        }
    }

    #[test]
    fn phones_become_e164_by_the_region_given_or_the_tenants() {
        assert_eq!(run("PHONE", "020 7183 8750"), Err(NormalizeError::NoRegion), "not silently British");
        check("PHONE", "+44 (0)20 7183 8750", "+442071838750");
        check("PHONE", "tel:+442071838750", "+442071838750");
        let rules = Rules { default_region: "GB".to_owned(), ..Rules::default() };
        let rule = rules.kind_named("PHONE").unwrap();
        let linking = |value: &str| {
            Ok(Normalized::Linking(Identifier { kind: rule.kind.clone(), value: value.to_owned() }))
        };
        assert_eq!(normalize(rule, &rules, "020 7183 8750", None), linking("+442071838750"));
        assert_eq!(normalize(rule, &rules, "0049 30 901820", None), linking("+4930901820"));
        assert_eq!(normalize(rule, &rules, "030 901820", Some("de")), linking("+4930901820"));
        assert_eq!(normalize(rule, &rules, "030 901820", Some("ZZ")), Err(NormalizeError::UnknownRegion));
        for raw in ["12", "hello", "+1 2", "+999 123456789", "123456789012345678901"] {
            assert_eq!(normalize(rule, &rules, raw, None), Err(NormalizeError::NotPhone), "{raw}");
        }
    }

    #[test]
    fn what_nobody_sees_makes_no_other_identifier() {
        for raw in ["\u{FEFF}7001", "7001\u{200B}", "7001\u{A0}", "\u{200E}7001", "70\u{AD}01"] {
            check("LOYALTY_CARD", raw, "7001");
        }
        check("EMAIL", "\u{202A}ada@x.io\u{202C}", "ada@x.io");
        assert!(matches!(run("ACCOUNT", "\u{200B}\u{FEFF}"), Ok(Normalized::Blocked(_))));
        assert!(matches!(run("ACCOUNT", "nu\u{AD}ll"), Ok(Normalized::Blocked(_))));
        assert!(matches!(run("EMAIL", "Nobody <null@x.io>"), Ok(Normalized::Blocked(_))), "inside");
    }

    #[test]
    fn empty_lists_block_nothing_but_the_empty_value() {
        let rules = Rules {
            blocked: Vec::new(),
            blocked_ignoring_case: Vec::new(),
            blocked_patterns: Patterns::default(),
            ..Rules::default()
        };
        for raw in ["0000", "test@example.org", "null"] {
            let found = normalize(rules.kind_named("ACCOUNT").unwrap(), &rules, raw, None);
            assert!(matches!(found, Ok(Normalized::Linking(_))), "{raw}");
        }
        for raw in ["", "  ", "\u{200B}", "\"\""] {
            let found = normalize(rules.kind_named("ACCOUNT").unwrap(), &rules, raw, None);
            assert!(matches!(found, Ok(Normalized::Blocked(_))), "{raw:?}");
        }
    }

    #[test]
    fn the_first_generation_normalizes_as_it_did() {
        let rules = Rules {
            normalizers: 1,
            default_region: "GB".to_owned(),
            blocked_patterns: Patterns::default(),
            ..Rules::default()
        };
        let run = |kind: &str, raw: &str| normalize(rules.kind_named(kind).unwrap(), &rules, raw, None);
        let linking = |kind: &str, value: &str| {
            let kind = rules.kind_named(kind).unwrap().kind.clone();
            Ok(Normalized::Linking(Identifier { kind, value: value.to_owned() }))
        };
        assert_eq!(run("PHONE", "020 7183 8750"), linking("PHONE", "+442071838750"));
        assert_eq!(run("EMAIL", "a@x.io,b@x.io"), linking("EMAIL", "a@x.io,b@x.io"));
        assert_eq!(run("ACCOUNT", "7001\u{200B}"), linking("ACCOUNT", "7001\u{200B}"));
        assert!(matches!(run("ACCOUNT", "0000"), Ok(Normalized::Blocked(_))));
        assert!(matches!(run("EMAIL", "test@x.io"), Ok(Normalized::Blocked(_))));
    }

    #[test]
    fn other_kinds_trim_and_compose_and_fold_only_where_said() {
        check("ACCOUNT", " U-1 ", "U-1");
        check("ACCOUNT", "e\u{301}", "é");
        check("SOCIAL_HANDLE", "@ÉVA", "@éva");
        let hashed = KindRule {
            kind: KindName::parse("EMAIL_SHA256").unwrap(),
            normalizer: Normalizer::Sha256,
            ..Rules::default().kinds[3].clone()
        };
        let digest = "AB".repeat(32);
        let normalized = normalize(&hashed, &Rules::default(), &digest, None).unwrap();
        let value = digest.to_lowercase();
        assert_eq!(normalized, Normalized::Linking(Identifier { kind: hashed.kind.clone(), value }));
        assert_eq!(normalize(&hashed, &Rules::default(), "abc", None), Err(NormalizeError::NotSha256));
    }

    #[test]
    fn values_that_are_nobodys_are_blocked_before_folding_and_inside_quotes() {
        for raw in [
            "",
            "  ",
            "null",
            "NULL",
            "\"null\"",
            "'Guest'",
            "“anonymous”",
            "undefined",
            "[object Object]",
            "0",
            "-1",
            "000000",
            "00000000-0000-0000-0000-000000000000",
            "test@example.org",
            "TEST@x",
            "NaN",
            "\"\"",
            "{{user_id}}",
            "%7B%7Buser_id%7D%7D",
            "${userId}",
            "$user_id",
            "*|EMAIL|*",
            "#N/A",
            "--",
            "Xxxx",
            "0.0",
            "00:00:00:00:00:00",
            "02:00:00:00:00:00",
            "9774d56d682e549c",
            "no-reply@x.io",
            "a@a.a",
        ] {
            for kind in ["ACCOUNT", "EMAIL", "PHONE", "COOKIE"] {
                match run(kind, raw) {
                    Ok(Normalized::Blocked(identifier)) => assert_eq!(identifier.value, raw, "as sent"),
                    other => panic!("{kind} {raw:?} gave {other:?}"),
                }
            }
        }
        check("ACCOUNT", "[OBJECT OBJECT]", "[OBJECT OBJECT]");
        check("ACCOUNT", "nullius", "nullius");
        check("EMAIL", "latest@x.io", "latest@x.io");
        check("ACCOUNT", "100", "100");
        check("EMAIL", "nora@x.io", "nora@x.io");
        check("ACCOUNT", "a{b}c", "a{b}c");
    }

    #[test]
    fn nul_and_length_are_refused() {
        assert_eq!(run("COOKIE", "a\0b"), Err(NormalizeError::Nul));
        assert_eq!(run("COOKIE", "\0"), Err(NormalizeError::Nul));
        check("COOKIE", &"c".repeat(VALUE_BYTES), &"c".repeat(VALUE_BYTES));
        assert_eq!(run("COOKIE", &"c".repeat(VALUE_BYTES + 1)), Err(NormalizeError::TooLong));
    }

    proptest! {
        #[test]
        fn normalizing_twice_is_normalizing_once(
            raw in prop_oneof!["\\PC{0,40}", "[a-zA-Z0-9.äÉß]{1,9}@[a-zA-Z0-9.äÉß-]{1,9}", "\\+?[0-9 ()-]{5,18}"],
            kind in 0..9_usize,
        ) {
            let rules = Rules::default();
            let rule = &rules.kinds[kind];
            if let Ok(Normalized::Linking(once)) = normalize(rule, &rules, &raw, None) {
                prop_assert!(once.value.len() <= VALUE_BYTES);
                // A value that only becomes a blocked one by folding stays linking here; what is
                // linking a second time is the same.
                if let Ok(Normalized::Linking(twice)) = normalize(rule, &rules, &once.value, None) {
                    prop_assert_eq!(once.value, twice.value);
                }
            }
        }
    }
}
