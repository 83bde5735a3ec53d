//! E-mail addresses by RFC 5321, 5322 and 6531, as forms and mail programs copy them.

use email_address::{EmailAddress, Options};

use super::NormalizeError;
use super::text::{folded, narrow};

/// Bytes of an address, of what stands before its `@`, and of a label of its domain (RFC 5321,
/// 4.5.3.1; RFC 1035, 2.3.4).
const ADDRESS_BYTES: usize = 254;
const LOCAL_BYTES: usize = 64;
const LABEL_BYTES: usize = 63;

/// One address: in lower case, its domain in IDNA, without display name, `mailto:` and needless
/// quotes. Two addresses are not a third person.
pub(super) fn email(text: &str) -> Result<String, NormalizeError> {
    let narrowed = narrow(text);
    let text = folded(bare(&narrowed));
    let options = Options::default().without_display_text().without_domain_literal();
    let address = EmailAddress::parse_with_options(&text, options).map_err(|_| NormalizeError::NotEmail)?;
    let local = without_needless_quotes(address.local_part());
    let blank = |c: char| c.is_whitespace() || c.is_control();
    if local.contains(blank) && !local.starts_with('"') {
        return Err(NormalizeError::NotEmail);
    }
    let domain = domain(address.domain())?;
    if local.len() > LOCAL_BYTES || local.len() + 1 + domain.len() > ADDRESS_BYTES {
        return Err(NormalizeError::EmailTooLong);
    }
    Ok(format!("{local}@{domain}"))
}

/// Without what surrounds an address where it is shown or copied.
fn bare(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let before = text;
        text = text.trim_end_matches([',', ';']).trim();
        if let Some((display, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<'))
            && !display.contains('<')
        {
            text = address.trim();
        }
        if text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("mailto:")) {
            text = text[7..].trim();
        }
        text = super::without_quotes(text);
        // The root's dot says nothing.
        text = text.strip_suffix('.').unwrap_or(text);
        if text == before {
            return text;
        }
    }
}

/// `"ada"@x.io` is `ada@x.io`; `"a b"@x.io` needs its quotes.
fn without_needless_quotes(local: &str) -> &str {
    let inner = local.strip_prefix('"').and_then(|local| local.strip_suffix('"'));
    inner.filter(|inner| EmailAddress::is_valid_local_part(inner) && !inner.starts_with('"')).unwrap_or(local)
}

fn domain(domain: &str) -> Result<String, NormalizeError> {
    let plain = |label: &str| {
        label.len() <= LABEL_BYTES
            && !label.starts_with("xn--")
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    if domain.split('.').all(plain) {
        return Ok(domain.to_owned());
    }
    let ascii = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::STD3)
        .map_err(|_| NormalizeError::NotEmail)?;
    if ascii.split('.').any(|label| label.is_empty() || label.len() > LABEL_BYTES) {
        return Err(NormalizeError::NotEmail);
    }
    Ok(ascii.into_owned())
}

/// What some providers ignore: dots, and everything from a plus on.
pub(super) fn without_tricks(address: String) -> String {
    match address.rsplit_once('@') {
        Some((local, "gmail.com" | "googlemail.com")) => {
            let local = local.split('+').next().unwrap_or(local).replace('.', "");
            if local.is_empty() { address } else { format!("{local}@gmail.com") }
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_however_it_was_copied() {
        for raw in [
            "Ann.Lee@Example.COM",
            "mailto:ann.lee@example.com",
            "MailTo: ann.lee@example.com",
            "Ann Lee <ann.lee@example.com>",
            "\"Lee, Ann\" <ann.lee@example.com>",
            "<ann.lee@example.com>",
            "\"ann.lee@example.com\"",
            "'ann.lee@example.com'",
            "\"ann.lee\"@example.com",
            "ann.lee@example.com.",
            "ann.lee@example.com,",
            "ann.lee@example.com ; ",
            "ann.lee\u{FF20}example.com",
            "\u{FF41}nn.lee@example.com",
        ] {
            assert_eq!(email(raw).as_deref(), Ok("ann.lee@example.com"), "{raw}");
        }
    }

    #[test]
    fn what_is_not_one_address_is_none() {
        for raw in [
            "a@x.io,b@x.io",
            "a@x.io; b@x.io",
            "a@x.io b@x.io",
            "<a@x.io> <b@x.io>",
            "a@b@x.io",
            "ann%40x.io",
            "ann&#64;x.io",
            "none given",
            "a\u{3000}b@x.io",
            "a..b@x.io",
            ".a@x.io",
            "a@[127.0.0.1]",
            "a@-x.io",
            "a@x_y.io",
        ] {
            assert_eq!(email(raw), Err(NormalizeError::NotEmail), "{raw}");
        }
    }

    #[test]
    fn the_limits_are_those_of_the_rfcs() {
        let local = |n: usize| format!("{}@x.io", "l".repeat(n));
        assert!(email(&local(64)).is_ok());
        assert!(email(&local(65)).is_err());
        let label = |n: usize| format!("a@{}.io", "d".repeat(n));
        assert!(email(&label(63)).is_ok());
        assert!(email(&label(64)).is_err());
        let whole = |n: usize| {
            let labels = vec!["d".repeat(49); 3].join(".");
            format!("{}@{labels}.{}", "l".repeat(64), "e".repeat(n))
        };
        assert_eq!(whole(39).len(), 254);
        assert!(email(&whole(39)).is_ok());
        assert_eq!(email(&whole(40)), Err(NormalizeError::EmailTooLong));
    }
}
