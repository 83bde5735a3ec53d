//! Errors travel in the header of an answer, and clients give up on headers above 8 KiB. So what an
//! error says is bounded by bytes, whatever was sent.

use crate::model::Violation;

/// Bytes of the message of a status; percent-encoding makes up to three of each.
pub(super) const MESSAGE_BYTES: usize = 400;
/// Bytes of all violations; base64 makes four of three.
const VIOLATIONS_BYTES: usize = 2_400;
/// Bytes of one path and of one description.
const PATH_BYTES: usize = 200;
const DESCRIPTION_BYTES: usize = 300;
/// What a violation takes beside its texts.
const VIOLATION_BYTES: usize = 16;
/// Bytes of one value of an error's metadata.
pub(super) const VALUE_BYTES: usize = 200;

/// The text, or its beginning.
pub(super) fn shortened(text: String, bytes: usize) -> String {
    if text.len() <= bytes {
        return text;
    }
    let end = text.floor_char_boundary(bytes.saturating_sub(3));
    format!("{}...", &text[..end])
}

/// The first violations, as many as may be told, the first one always.
pub(super) fn first(violations: Vec<Violation>) -> Vec<Violation> {
    let mut left = VIOLATIONS_BYTES;
    let shorten = |violation: Violation| Violation {
        field: shortened(violation.field, PATH_BYTES),
        description: shortened(violation.description, DESCRIPTION_BYTES),
        ..violation
    };
    let fits = |violation: &Violation| {
        // The reason stands beside the description and in it.
        let reason = 2 * violation.reason.name().len();
        let bytes = violation.field.len() + violation.description.len() + reason + VIOLATION_BYTES;
        let told = left.checked_sub(bytes);
        left = told.unwrap_or(0);
        told.is_some()
    };
    violations.into_iter().map(shorten).take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::rpc::error::PortError;
    use tonic::Status;
    use tonic_types::StatusExt;

    fn header_bytes(status: &Status) -> usize {
        let mut headers = http::HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
    }

    #[test]
    fn an_error_of_any_number_and_length_of_violations_fits_into_a_header() {
        for (number, length) in [(1_000, 10), (1, 100_000), (50, 400), (0, 0), (10_000, 0)] {
            let field = "ä".repeat(length);
            let wrong = (0..number).map(|_| Violation::new(field.clone(), Reason::OutOfRange, field.clone()));
            let status = Status::from(PortError::Invalid(wrong.collect()));
            assert!(header_bytes(&status) < 6_144, "{number} of {length}: {}", header_bytes(&status));
            let details = status.get_error_details();
            let told = details.bad_request().map_or(0, |bad| bad.field_violations.len());
            assert!(told >= number.min(1), "the first is told");
            let all = &details.error_info().unwrap().metadata;
            assert_eq!(all.get("violations").cloned(), (told < number).then(|| number.to_string()));
        }
    }

    #[test]
    fn a_text_is_cut_where_a_letter_ends() {
        assert_eq!(shortened("ääää".into(), 8), "ääää");
        assert_eq!(shortened("ääääx".into(), 8), "ää...");
    }
}
