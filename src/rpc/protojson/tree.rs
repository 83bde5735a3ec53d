//! JSON as it was written: members in their order, none of them twice, numbers exact.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// A number: exact if it was written without a point or an exponent and 64 bits hold it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    Whole(i128),
    Real(f64),
}

/// Beyond it not every whole number has a floating-point one of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Tree {
    /// What it is, without saying what it holds.
    pub fn named(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(Number::Whole(_)) => "a whole number",
            Self::Number(Number::Real(n)) if n.fract() == 0.0 => "a number",
            Self::Number(Number::Real(_)) => "a number with a fraction",
            Self::Text(text) if text.is_empty() => "an empty text",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number that it is, written in whatever way.
    pub fn whole(&self) -> Option<i128> {
        let of_real = |n: f64| (n.fract() == 0.0 && n.abs() <= EXACT).then_some(n as i128);
        match self {
            Self::Number(Number::Whole(n)) => Some(*n),
            Self::Number(Number::Real(n)) => of_real(*n),
            Self::Text(text) if is_number(text) => match text.parse() {
                Ok(n) => Some(n),
                Err(_) => text.parse().ok().and_then(of_real),
            },
            _ => None,
        }
    }

    /// The finite number that it is, written in whatever way.
    pub fn real(&self) -> Option<f64> {
        let number = match self {
            Self::Number(Number::Whole(n)) => *n as f64,
            Self::Number(Number::Real(n)) => *n,
            Self::Text(text) if is_number(text) => text.parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }
}

/// Whether a text holds what a number is written with, and no blanks.
fn is_number(text: &str) -> bool {
    let of = |c: u8| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(of) && text.bytes().any(|c| c.is_ascii_digit())
}

/// # Errors
/// Where it is no JSON.
pub fn parse(text: &[u8]) -> Result<Tree, String> {
    if let Err(error) = std::str::from_utf8(text) {
        let byte = error.valid_up_to() + 1;
        return Err(format!("is not UTF-8 from byte {byte} of the line on: save the file as UTF-8"));
    }
    serde_json::from_slice(text).map_err(|error| {
        let told = error.to_string();
        // The line is the file's, which is told beside.
        let what = told.split(" at line ").next().unwrap_or_default();
        format!("is no JSON: {what} at column {}", error.column())
    })
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Grow)
    }
}

struct Grow;

impl<'de> Visitor<'de> for Grow {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Flag(flag))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Tree, E> {
        Ok(Tree::Number(Number::Whole(n.into())))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Tree, E> {
        Ok(Tree::Number(Number::Whole(n.into())))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Tree, E> {
        Ok(Tree::Number(Number::Real(n)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut object: Vec<(String, Tree)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a member is written twice"));
            }
            let value = members.next_value()?;
            object.push((name, value));
        }
        Ok(Tree::Object(object))
    }
}
