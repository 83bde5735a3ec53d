//! What kind of file it is, by how it begins. Files that are no JSON Lines are told apart before
//! anything is read, with what can be done about it.

/// Whether it is compressed, whatever it is called.
pub fn is_gzip(beginning: &[u8]) -> bool {
    beginning.starts_with(&[0x1F, 0x8B])
}

/// Bytes of a mark that some programs write before UTF-8.
pub fn mark(beginning: &[u8]) -> usize {
    const UTF8: &[u8] = b"\xEF\xBB\xBF";
    if beginning.starts_with(UTF8) { UTF8.len() } else { 0 }
}

/// What lines end with: a line feed, or a carriage return where there is none.
pub fn line_end(beginning: &[u8]) -> u8 {
    if beginning.contains(&b'\r') && !beginning.contains(&b'\n') { b'\r' } else { b'\n' }
}

/// # Errors
/// What it is instead of JSON Lines, and what to do about it.
pub fn check(beginning: &[u8]) -> Result<(), String> {
    let utf16 = beginning.starts_with(b"\xFF\xFE")
        || beginning.starts_with(b"\xFE\xFF")
        || matches!(beginning, [0, b'{', ..] | [b'{', 0, ..]);
    if utf16 {
        return Err("is UTF-16, as `>` of older PowerShells writes it: save it as UTF-8, e.g. with \
            `Get-Content FILE | Set-Content -Encoding utf8 FILE.utf8`"
            .to_owned());
    }
    let text = beginning[mark(beginning)..].trim_ascii_start();
    let end = text.iter().position(|c| matches!(c, b'\n' | b'\r')).unwrap_or(text.len());
    let first = text[..end].trim_ascii_end();
    match first.first() {
        Some(b'[') => Err("is one JSON array, and not an object a line: write one with `jq -c '.[]' FILE`".to_owned()),
        Some(b'{') if first == b"{" => {
            Err("has its objects over several lines: write one a line with `jq -c . FILE`".to_owned())
        }
        Some(c) if *c != b'{' && is_table(first) => {
            Err("looks like a CSV table, and not like JSON Lines: each row must become one object a line, \
                e.g. {\"source\":\"shop\",\"sourceId\":\"1\",\"at\":\"2026-01-31T10:00:00Z\",\"channel\":\"web\",\"visit\":{}}"
                .to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether a line looks like the names of columns.
fn is_table(line: &[u8]) -> bool {
    line.iter().any(|c| matches!(c, b',' | b';' | b'\t')) && !line.iter().any(|c| matches!(c, b'{' | b'}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_lines_is_told_with_what_to_do() {
        for (beginning, word) in [
            (&b"\xFF\xFE{\0\"\0"[..], "UTF-16"),
            (b"{\0\"\0", "UTF-16"),
            (b"[{\"source\":\"a\"},\n", "jq -c '.[]'"),
            (b" \n[", "jq -c '.[]'"),
            (b"\xEF\xBB\xBFsource;id\r\nshop;1\r\n", "CSV"),
            (b"source,sourceId,email\nf,1,a\n", "CSV"),
            (b"{\n  \"source\": \"a\"\n}", "jq -c ."),
        ] {
            let told = check(beginning).unwrap_err();
            assert!(told.contains(word), "{told}");
        }
        for beginning in
            [&b""[..], b"\n\n", b"{}\n", b"\xEF\xBB\xBF{\"a\":1}", b"# export, of a shop {}\n{}", b"nonsense"]
        {
            assert_eq!(check(beginning), Ok(()), "{beginning:?}");
        }
    }

    #[test]
    fn marks_and_ends_are_seen() {
        assert_eq!((mark(b"\xEF\xBB\xBF{"), mark(b"{")), (3, 0));
        assert_eq!((line_end(b"{}\r{}"), line_end(b"{}\r\n{}"), line_end(b"{}")), (b'\r', b'\n', b'\n'));
        assert!(is_gzip(&[0x1F, 0x8B, 8]) && !is_gzip(b"{"));
    }
}
