//! Typed values of traits and attributes.

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
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Flag(b) => write!(f, "{b}"),
            Self::Time(at) => write!(f, "{at}"),
        }
    }
}
