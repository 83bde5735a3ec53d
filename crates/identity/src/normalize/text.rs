//! What nobody can see makes no difference.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): byte order mark, zero
/// widths, marks of direction, soft hyphen, fillers, selectors, tags.
const IGNORABLE: [(char, char); 17] = [
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{202A}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFF8}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
];

fn is_unseen(c: char) -> bool {
    c.is_control() || IGNORABLE.iter().any(|(from, until)| (*from..=*until).contains(&c))
}

/// The text without what is ignorable or a control character, without white space around it, in NFC.
pub(super) fn seen(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_ascii() && !trimmed.bytes().any(|c| c.is_ascii_control()) {
        return Cow::Borrowed(trimmed);
    }
    let rest: String = trimmed.chars().filter(|c| !is_unseen(*c)).collect();
    // What was removed may have stood before white space.
    Cow::Owned(rest.trim().nfc().collect())
}

pub(super) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Lower-casing can leave a sequence that composes.
    composed(&composed(text).to_lowercase()).into_owned()
}

/// Full-width forms as the ASCII characters that they are (RFC 8264, 5.2.1).
pub(super) fn narrow(text: &str) -> Cow<'_, str> {
    const WIDE: std::ops::RangeInclusive<char> = '\u{FF01}'..='\u{FF5E}';
    if text.is_ascii() || !text.chars().any(|c| WIDE.contains(&c)) {
        return Cow::Borrowed(text);
    }
    let ascii = |c: char| match WIDE.contains(&c) {
        true => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        false => c,
    };
    Cow::Owned(text.chars().map(ascii).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_removed_and_the_rest_composed() {
        for raw in ["\u{FEFF}ada", " ada\u{200B} ", "a\u{AD}d\u{2060}a", "\u{202A}ada\u{202C}", "a\u{7}da\t"]
        {
            assert_eq!(seen(raw), "ada", "{raw:?}");
        }
        assert_eq!(seen("\u{200B} ada"), "ada");
        assert_eq!(seen("e\u{200D}\u{301}"), "é", "composed after the removal");
        assert_eq!(seen("a b"), "a b");
        assert_eq!(seen("\u{200B}\u{FEFF} "), "");
    }

    #[test]
    fn the_ranges_are_in_order_and_leave_letters_alone() {
        for pair in IGNORABLE.windows(2) {
            assert!(pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0);
        }
        assert!(!"aé漢א👍 -_.@".chars().any(is_unseen));
    }
}
