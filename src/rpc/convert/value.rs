//! Instants and typed values.

use pbjson_types::Timestamp;

use super::{Checks, Path};
use crate::model::time::SECOND_US;
use crate::model::{Micros, Reason, Value};
use crate::rpc::proto;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, as protobuf allows.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The instant to the microsecond; digits beyond are cut. `None` outside the years 1 to 9999 or
/// with nanoseconds that are none.
#[must_use]
pub fn micros(instant: &Timestamp) -> Option<Micros> {
    let fits = SECONDS.contains(&instant.seconds) && (0..1_000_000_000).contains(&instant.nanos);
    fits.then(|| Micros(instant.seconds * SECOND_US + i64::from(instant.nanos / 1_000)))
}

#[must_use]
pub fn timestamp(at: Micros) -> Timestamp {
    let nanos = at.0.rem_euclid(SECOND_US) * 1_000;
    Timestamp { seconds: at.0.div_euclid(SECOND_US), nanos: i32::try_from(nanos).unwrap_or(0) }
}

/// A trait's or attribute's value; it must be set.
pub fn value(c: &mut Checks<'_>, at: &Path<'_>, value: Option<proto::Value>) -> Value {
    use proto::value::Kind;
    let limit = c.limits.value_bytes;
    match value.and_then(|value| value.kind) {
        Some(Kind::Text(text)) => Value::Text(c.bounded_text(&at.field("text"), text, limit)),
        Some(Kind::Integer(n)) => Value::Integer(n),
        Some(Kind::Number(n)) => {
            if !n.is_finite() {
                c.refuse(&at.field("number"), Reason::OutOfRange, "must be finite");
            }
            Value::Number(n)
        }
        Some(Kind::Flag(flag)) => Value::Flag(flag),
        Some(Kind::Time(instant)) => {
            Value::Time(c.instant(&at.field("time"), Some(instant)).unwrap_or_default())
        }
        Some(Kind::Date(text)) => Value::parse_date(&text).unwrap_or_else(|| {
            let what = "is no day such as 1985-04-14, of the years 0001 to 9999";
            c.refuse(&at.field("date"), Reason::Malformed, what);
            Value::Flag(false)
        }),
        None => {
            c.refuse(at, Reason::Required, "must be set");
            Value::Flag(false)
        }
    }
}

#[must_use]
pub fn value_to_proto(value: Value) -> proto::Value {
    use proto::value::Kind;
    let kind = match value {
        Value::Unset => return proto::Value { kind: None },
        Value::Text(text) => Kind::Text(text),
        Value::Integer(n) => Kind::Integer(n),
        Value::Number(n) => Kind::Number(n),
        Value::Flag(flag) => Kind::Flag(flag),
        Value::Time(at) => Kind::Time(timestamp(at)),
        Value::Date(day) => Kind::Date(day.to_string()),
    };
    proto::Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_microseconds_before_and_after_1970() {
        for us in [0, 1, -1, -1_000_001, 1_700_000_000_123_456] {
            assert_eq!(micros(&timestamp(Micros(us))), Some(Micros(us)));
        }
        let cut = Timestamp { seconds: 1, nanos: 999_999_999 };
        assert_eq!(micros(&cut), Some(Micros(1_999_999)));
    }

    #[test]
    fn what_protobuf_does_not_allow_is_no_instant() {
        for (seconds, nanos) in
            [(i64::MAX, 0), (i64::MIN, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000)]
        {
            assert_eq!(micros(&Timestamp { seconds, nanos }), None);
        }
    }
}
