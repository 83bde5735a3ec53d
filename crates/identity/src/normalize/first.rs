//! The first generation, as tenants that were made under it keep it until they promote rules of a
//! later one: some of what is nobody's stood in no list, and what cannot be seen made another value.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

use super::{NormalizeError, blocked_by_lists, folded, parse_region, without_quotes};
use crate::Rules;

/// Whether a trimmed value is nobody's.
pub(super) fn is_blocked(rules: &Rules, trimmed: &str) -> bool {
    let bare = without_quotes(trimmed);
    blocked_by_lists(rules, bare)
        || is_all_zeros(bare)
        || bare.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("test@"))
}

/// Zeros, with or without the separators of UUIDs and telephone numbers.
fn is_all_zeros(text: &str) -> bool {
    text.contains('0') && text.bytes().all(|c| matches!(c, b'0' | b'-' | b'.' | b' ' | b'+'))
}

pub(super) fn email(text: &str) -> Result<String, NormalizeError> {
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

/// E.164. An extension is kept (`;ext=`): those behind one switchboard are not one person.
/// Possible numbers are accepted, not only valid ones: which are assigned changes every month,
/// and an identifier must not.
pub(super) fn phone(
    text: &str,
    region: Option<&str>,
    default_region: &str,
) -> Result<String, NormalizeError> {
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
