//! Brings identifiers to one form before they are compared, and tells values that are nobody's.

use std::borrow::Cow;

use rlibphonenumber::enums::Region;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{KindRule, Normalizer, Rules};
use customer360_model::Identifier;

/// Bytes of an identifier's value at most, before and after normalization. The longest e-mail
/// address has 320.
pub const VALUE_BYTES: usize = 320;

/// What a value turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Normalized {
    /// Names somebody: normalized.
    Linking(Identifier),
    /// Names nobody, such as `null` or `guest`: as sent.
    Blocked(Identifier),
}

/// Why a value cannot be an identifier of its kind. Never repeats the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NormalizeError {
    #[error("must not contain NUL")]
    Nul,
    #[error("must be at most {VALUE_BYTES} bytes")]
    TooLong,
    #[error("is not an e-mail address")]
    NotEmail,
    #[error("is not a telephone number; one without a country code needs the right region")]
    NotPhone,
    #[error("is not an ISO 3166-1 alpha-2 region")]
    UnknownRegion,
    #[error("is not a SHA-256 digest in hexadecimal")]
    NotSha256,
}

/// Normalizes a value by the rules of its kind; `region` is for telephone numbers without a
/// country code and falls back to the tenant's.
///
/// # Errors
/// When the value cannot be an identifier of that kind.
pub fn normalize(
    rule: &KindRule,
    rules: &Rules,
    raw_value: &str,
    region: Option<&str>,
) -> Result<Normalized, NormalizeError> {
    if raw_value.len() > VALUE_BYTES {
        return Err(NormalizeError::TooLong);
    }
    if raw_value.as_bytes().contains(&0) {
        return Err(NormalizeError::Nul);
    }
    let trimmed = raw_value.trim();
    if is_blocked(rules, trimmed) {
        let value = raw_value.to_owned();
        return Ok(Normalized::Blocked(Identifier { kind: rule.kind.clone(), value }));
    }
    let value = match rule.normalizer {
        Normalizer::Email => email(trimmed)?,
        Normalizer::EmailProviderTricks => without_tricks(email(trimmed)?),
        Normalizer::Phone => phone(trimmed, region, &rules.default_region)?,
        Normalizer::Exact => composed(trimmed).into_owned(),
        Normalizer::Folded => folded(trimmed),
        Normalizer::Sha256 => sha256(trimmed)?,
    };
    if value.len() > VALUE_BYTES {
        return Err(NormalizeError::TooLong);
    }
    Ok(Normalized::Linking(Identifier { kind: rule.kind.clone(), value }))
}

/// Whether a trimmed value is nobody's. Matched before any folding, so that the exact list can
/// tell `None` from a person who is called so.
#[must_use]
pub fn is_blocked(rules: &Rules, trimmed: &str) -> bool {
    let bare = without_quotes(trimmed);
    let ignoring_case = |blocked: &String| {
        if blocked.is_ascii() {
            blocked.eq_ignore_ascii_case(bare)
        } else {
            blocked.to_lowercase() == bare.to_lowercase()
        }
    };
    rules.blocked.iter().any(|blocked| blocked == bare)
        || rules.blocked_ignoring_case.iter().any(ignoring_case)
        || is_all_zeros(bare)
        || rules.blocked_patterns.match_any(bare)
        || bare.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("test@"))
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

/// Zeros, with or without the separators of UUIDs and telephone numbers.
fn is_all_zeros(text: &str) -> bool {
    text.contains('0') && text.bytes().all(|c| matches!(c, b'0' | b'-' | b'.' | b' ' | b'+'))
}

fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Lower-casing can leave a sequence that composes.
    composed(&composed(text).to_lowercase()).into_owned()
}

fn email(text: &str) -> Result<String, NormalizeError> {
    let text = folded(text);
    let (local, domain) = text.rsplit_once('@').ok_or(NormalizeError::NotEmail)?;
    let unfit = |c: char| c.is_whitespace() || c.is_control();
    if local.is_empty() || local.contains(unfit) {
        return Err(NormalizeError::NotEmail);
    }
    // The root's dot says nothing.
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let plain = |label: &str| {
        !label.is_empty()
            && !label.starts_with("xn--")
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    if domain.split('.').all(plain) {
        return Ok(format!("{local}@{domain}"));
    }
    let ascii = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL)
        .map_err(|_| NormalizeError::NotEmail)?;
    if ascii.is_empty() || ascii.split('.').any(str::is_empty) || ascii.contains('@') {
        return Err(NormalizeError::NotEmail);
    }
    Ok(format!("{local}@{ascii}"))
}

/// What some providers ignore: dots, and everything from a plus on.
fn without_tricks(address: String) -> String {
    match address.rsplit_once('@') {
        Some((local, "gmail.com" | "googlemail.com")) => {
            let local = local.split('+').next().unwrap_or(local).replace('.', "");
            if local.is_empty() { address } else { format!("{local}@gmail.com") }
        }
        _ => address,
    }
}

/// Whether it is a region that has telephone numbers.
#[must_use]
pub fn is_region(name: &str) -> bool {
    parse_region(name).is_some()
}

/// E.164. An extension is kept (`;ext=`): those behind one switchboard are not one person.
/// Possible numbers are accepted, not only valid ones: which are assigned changes every month,
/// and an identifier must not.
fn phone(text: &str, region: Option<&str>, default_region: &str) -> Result<String, NormalizeError> {
    let region = match region.filter(|region| !region.is_empty()) {
        Some(region) => Some(parse_region(region).ok_or(NormalizeError::UnknownRegion)?),
        None => parse_region(default_region),
    };
    let number = PHONE_NUMBER_UTIL.parse(text, region).map_err(|_| NormalizeError::NotPhone)?;
    if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
        return Err(NormalizeError::NotPhone);
    }
    let e164 = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
    Ok(match number.extension.as_deref().filter(|extension| !extension.is_empty()) {
        Some(extension) => format!("{e164};ext={extension}"),
        None => e164.into_owned(),
    })
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
        for raw in
            ["ada", "@x.io", "ada@", "a da@x.io", "ada@x..io", "ada@.io", "ada@x y.io", "ada@x.io, b@x.io"]
        {
            assert_eq!(run("EMAIL", raw), Err(NormalizeError::NotEmail), "{raw}");
        }
    }

    #[test]
    fn phones_become_e164_by_the_region_given_or_the_tenants() {
        check("PHONE", "020 7183 8750", "+442071838750");
        check("PHONE", "+44 (0)20 7183 8750", "+442071838750");
        check("PHONE", "0049 30 901820", "+4930901820");
        check("PHONE", "tel:+442071838750", "+442071838750");
        check("PHONE", "020 7183 8750 ext. 12", "+442071838750;ext=12");
        let rules = Rules::default();
        let rule = rules.kind_named("PHONE").unwrap();
        let berlin = normalize(rule, &rules, "030 901820", Some("de")).unwrap();
        let linking = |value: &str| {
            Normalized::Linking(Identifier { kind: rule.kind.clone(), value: value.to_owned() })
        };
        assert_eq!(berlin, linking("+4930901820"));
        assert_eq!(normalize(rule, &rules, "030 901820", Some("ZZ")), Err(NormalizeError::UnknownRegion));
        assert_eq!(
            normalize(rule, &rules, "030 901820", Some("Germany")),
            Err(NormalizeError::UnknownRegion)
        );
        for raw in ["12", "hello", "+", "+1 2", "+999 123456789", "123456789012345678901"] {
            assert_eq!(run("PHONE", raw), Err(NormalizeError::NotPhone), "{raw}");
        }
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
