//! Texts of the data on their way to a terminal or a spreadsheet: neither executes what somebody wrote
//! into a campaign's name.

use std::borrow::Cow;

use serde_json::Value;

/// Whether a terminal would act on a character instead of showing it: controls, and marks that turn
/// the direction of what follows.
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn picture(c: char) -> char {
    match c {
        '\0'..='\x1F' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}'),
        '\x7F' => '\u{2421}',
        _ => '\u{FFFD}',
    }
}

/// A text of one line for a terminal: what it would act on is shown.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    match text.contains(acts) {
        true => Cow::Owned(text.chars().map(|c| if acts(c) { picture(c) } else { c }).collect()),
        false => Cow::Borrowed(text),
    }
}

/// The same of a text of several lines.
#[must_use]
pub fn lines(told: &str) -> String {
    told.split('\n').map(text).collect::<Vec<_>>().join("\n")
}

/// An answer whose texts a terminal shows.
#[must_use]
pub fn answer(value: Value) -> Value {
    match value {
        Value::String(said) => Value::String(text(&said).into_owned()),
        Value::Array(list) => Value::Array(list.into_iter().map(answer).collect()),
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, value)| (text(&name).into_owned(), answer(value))).collect(),
        ),
        other => other,
    }
}

/// A cell for a spreadsheet. What would be a formula begins with an apostrophe, which spreadsheets
/// take for "this is text"; numbers stay; controls other than a tab and the ends of lines are shown.
#[must_use]
pub fn cell(text: &str) -> String {
    let formula = text
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}']);
    let number = !text.starts_with('+') && text.parse::<f64>().is_ok_and(f64::is_finite);
    let kept = |c: char| if acts(c) && !matches!(c, '\t' | '\r' | '\n') { picture(c) } else { c };
    let quote = if formula && !number { "'" } else { "" };
    quote.chars().chain(text.chars().map(kept)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_shown_what_it_would_execute() {
        assert_eq!(text("x\x1b[31mred\x1b]0;title\x07"), "x␛[31mred␛]0;title␇");
        assert_eq!(text("a\nb\u{9b}c\u{202E}d\x7F"), "a␊b\u{FFFD}c\u{FFFD}d␡");
        assert!(matches!(text("über 🎉"), Cow::Borrowed(_)));
        assert_eq!(lines("a\x07\nb"), "a␇\nb");
        let told = answer(serde_json::json!({ "groups": [{ "value": "\x1b", "n": 1 }] }));
        assert_eq!(told, serde_json::json!({ "groups": [{ "value": "␛", "n": 1 }] }));
    }

    #[test]
    fn a_spreadsheet_is_given_no_formulas() {
        for (raw, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1", "'+1"),
            ("@cmd", "'@cmd"),
            ("-", "'-"),
            ("-2+3", "'-2+3"),
            ("\tx", "'\tx"),
            ("-5", "-5"),
            ("-5.25", "-5.25"),
            ("12", "12"),
            ("line\nend", "line\nend"),
            ("a=b", "a=b"),
            ("", ""),
            ("a\x1bb", "a␛b"),
        ] {
            assert_eq!(cell(raw), expected, "{raw:?}");
        }
    }
}
