//! Telephone numbers in E.164, as tills and spreadsheets write them.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};

use super::{NormalizeError, parse_region};

/// Digits of a number with its country code: at most by E.164, at least in any numbering plan.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// What an extension begins with, longest first.
const EXTENSIONS: [&str; 9] = [";ext=", "extension", "ext.", "ext", "xtn", "x", "#", "int.", "durchwahl"];

/// E.164, with the region that was said or the tenant's for a number without a country code; where
/// neither is, such a number names nobody in particular. An extension is kept (`;ext=`): those
/// behind one switchboard are not one person. Possible numbers are accepted, not only valid ones:
/// which are assigned changes every month, and an identifier must not.
pub(super) fn phone(
    text: &str,
    region: Option<&str>,
    default_region: &str,
) -> Result<String, NormalizeError> {
    let region = match region.filter(|region| !region.is_empty()) {
        Some(region) => Some(parse_region(region).ok_or(NormalizeError::UnknownRegion)?),
        None => parse_region(default_region),
    };
    let (number, extension) = digits(text).ok_or(NormalizeError::NotPhone)?;
    if region.is_none() && !number.starts_with(['+', '\u{FF0B}']) {
        return Err(NormalizeError::NoRegion);
    }
    let parsed = PHONE_NUMBER_UTIL.parse(&number, region).map_err(|_| NormalizeError::NotPhone)?;
    if !PHONE_NUMBER_UTIL.is_possible_number(&parsed) {
        return Err(NormalizeError::NotPhone);
    }
    if is_ambiguous(&number, &parsed) {
        return Err(NormalizeError::NotPhone);
    }
    let e164 = PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::E164);
    if !DIGITS.contains(&(e164.len() - 1)) {
        return Err(NormalizeError::NotPhone);
    }
    Ok(match extension {
        Some(extension) => format!("{e164};ext={extension}"),
        None => e164.into_owned(),
    })
}

/// Digits without a plus that begin with the region's own country code are a number at home and
/// another one abroad, in countries where both can be valid: 491711234567 in Germany.
fn is_ambiguous(number: &str, parsed: &PhoneNumber) -> bool {
    if number.starts_with(['+', '\u{FF0B}', '(']) {
        return false;
    }
    let digits: String = number.chars().filter_map(|c| c.to_digit(10)).map(|d| d.to_string()).collect();
    if !digits.starts_with(&parsed.country_code.to_string()) {
        return false;
    }
    let is_valid = |number: &PhoneNumber| PHONE_NUMBER_UTIL.is_valid_number(number);
    let abroad = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None);
    abroad.is_ok_and(|abroad| {
        abroad.national_number != parsed.national_number && is_valid(&abroad) && is_valid(parsed)
    })
}

/// The one number that a text holds, and its extension: letters are no digits, so words before and
/// behind are left out; `None` if there is no number, or more than one.
fn digits(text: &str) -> Option<(String, Option<String>)> {
    let begins = |c: char| c.is_numeric() || matches!(c, '+' | '\u{FF0B}' | '(');
    let text = &text[text.find(begins)?..];
    let text = without_fraction(text);
    let number_char = |c: char| {
        c.is_numeric()
            || c.is_whitespace()
            || matches!(c, '+' | '\u{FF0B}' | '(' | ')' | '.' | '/')
            || is_dash(c)
    };
    let end = text.find(|c| !number_char(c)).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    // `0171 / 089`: a slash with blanks around it is between two numbers.
    let two =
        number.split(" / ").filter(|part| part.chars().filter(|c| c.is_numeric()).count() > 4).count() > 1;
    if two || number.chars().skip(1).any(|c| matches!(c, '+' | '\u{FF0B}') && !number.starts_with('(')) {
        return None;
    }
    // 1-800-FLOWERS: the word is the rest of the number.
    if number.ends_with(is_dash) && rest.starts_with(char::is_alphabetic) {
        return None;
    }
    let number = number.trim_end_matches(|c: char| !c.is_numeric()).to_owned();
    let rest = rest.trim();
    let lower = rest.to_lowercase();
    let extension = EXTENSIONS.iter().find_map(|mark| lower.strip_prefix(mark)).map(|rest| {
        rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '.')).trim_start_matches('=')
    });
    match extension {
        Some(digits) if (1..=7).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit()) => {
            Some((number, Some(digits.to_owned())))
        }
        // Words hold no digits; what does is another number, or none.
        _ if rest.chars().any(char::is_numeric) => None,
        _ => Some((number, None)),
    }
}

/// A spreadsheet's `.0` is no digit.
fn without_fraction(text: &str) -> &str {
    let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
    let plain =
        !whole.is_empty() && whole.strip_prefix('+').unwrap_or(whole).bytes().all(|c| c.is_ascii_digit());
    if plain && text.len() > whole.len() { whole } else { text }
}

/// Hyphens and dashes of all sorts.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FF0D}' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_however_it_was_written() {
        for raw in [
            "+49 171 1234567",
            "0171 1234567",
            "0171/1234567",
            "0171-123 45 67",
            "+49(0)171 1234567",
            "(0171) 1234567",
            "(+49) 171 1234567",
            "0049 171 1234567",
            "tel:+49-171-1234567",
            "'01711234567",
            "01711234567.0",
            "1711234567",
            "٠١٧١١٢٣٤٥٦٧",
            "+49 171 1234567 (mobil)",
            "0171 1234567 mobile",
            "Tel. 0171 1234567",
            "0171 1234567 ask for Ann",
        ] {
            assert_eq!(phone(raw, None, "DE").as_deref(), Ok("+491711234567"), "{raw}");
        }
    }

    #[test]
    fn what_is_not_one_number_is_none() {
        for raw in [
            "call after 5pm",
            "4.91711E+11",
            "0171 1234567 / 089 1234567",
            "0171 1234567 or 089 1234567",
            "030 1234 / 030 5678",
            "0171 1234567, 0171 1234568",
            "+49 171 1234567 +49 171 1234568",
            "after 17:00 +49 171 1234567",
            "1-800-FLOWERS",
            "491711234567",
            "12",
            "",
            "123456789012345678901",
        ] {
            assert_eq!(phone(raw, None, "DE"), Err(NormalizeError::NotPhone), "{raw}");
        }
    }

    #[test]
    fn a_country_code_without_its_plus_is_seen_where_only_one_reading_is_valid() {
        assert_eq!(phone("447911123456", None, "GB").as_deref(), Ok("+447911123456"));
        assert_eq!(phone("33612345678", None, "FR").as_deref(), Ok("+33612345678"));
        assert_eq!(phone("65123456", None, "SG").as_deref(), Ok("+6565123456"));
    }

    #[test]
    fn without_a_region_only_a_country_code_tells_the_country() {
        assert_eq!(phone("0171 1234567", None, ""), Err(NormalizeError::NoRegion));
        assert_eq!(phone("+49 171 1234567", None, "").as_deref(), Ok("+491711234567"));
        assert_eq!(phone("0171 1234567", Some("de"), "").as_deref(), Ok("+491711234567"));
        assert_eq!(phone("0171 1234567", Some("Germany"), "DE"), Err(NormalizeError::UnknownRegion));
    }

    #[test]
    fn an_extension_is_part_of_the_name() {
        for raw in ["020 7183 8750 ext. 12", "020 7183 8750 x12", "+442071838750;ext=12", "020 7183 8750 #12"]
        {
            assert_eq!(phone(raw, None, "GB").as_deref(), Ok("+442071838750;ext=12"), "{raw}");
        }
    }
}
