//! Typed values of traits and attributes.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::time::Micros;

/// What a trait or an attribute can hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "i")]
    Integer(i64),
    #[serde(rename = "n")]
    Number(f64),
    #[serde(rename = "b")]
    Flag(bool),
    #[serde(rename = "t")]
    Time(Micros),
    /// A day of the calendar, wherever one is: no instant, so no zone can move it.
    #[serde(rename = "d", with = "iso")]
    Date(Date),
    /// No value: a trait's earlier ones are taken back. Attributes never hold it.
    #[serde(rename = "u")]
    Unset,
}

impl Value {
    /// `1985-04-14`, of the years 1 to 9999; `None` if it is written in another way or is no day.
    #[must_use]
    pub fn parse_date(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let is_iso = bytes.len() == 10
            && (bytes[4], bytes[7]) == (b'-', b'-')
            && digits(0..4)
            && digits(5..7)
            && digits(8..10);
        let day: Date = text.parse().ok().filter(|_| is_iso)?;
        (day.year() >= 1).then_some(Self::Date(day))
    }
}

/// Days as texts that any tool reads.
mod iso {
    use jiff::civil::Date;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Flag(b) => write!(f, "{b}"),
            Self::Time(at) => write!(f, "{at}"),
            Self::Date(day) => write!(f, "{day}"),
            Self::Unset => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_way_and_exists() {
        let day = Value::parse_date("1985-04-14").unwrap();
        assert_eq!(day.to_string(), "1985-04-14");
        let text = serde_json::to_string(&day).unwrap();
        assert_eq!(text, r#"{"d":"1985-04-14"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), day);
        assert!(Value::parse_date("2024-02-29").is_some() && Value::parse_date("0001-01-01").is_some());
        for text in [
            "2023-02-29",
            "14.04.1985",
            "1985-4-14",
            "19850414",
            "0000-01-01",
            "1985-04-14T00:00",
            "",
            "1985-13-01",
        ] {
            assert_eq!(Value::parse_date(text), None, "{text}");
        }
    }
}
