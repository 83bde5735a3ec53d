//! ProtoJSON as the reference decoder of protobuf reads it: `null` for what is not set, `60.0` for
//! whole numbers, numbers as texts and back, enums by name or number, both spellings of names.
//!
//! What most senders write is read by generated code, which is fast and knows less. What that does
//! not read is looked at member by member: then it is either read after all, or it is told which
//! member is wrong, what was found there and what is expected.

mod schema;
mod tree;

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use schema::{Field, Kind, Shape, Well};
use tree::Tree;

/// How deep messages may lie in each other: more is no message of ours.
const DEPTH: usize = 32;

/// The member that is wrong. Never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Names and places from the message on, as they were written, e.g. `order.lines[0].quantity`;
    /// empty for the message itself.
    pub path: String,
    /// What was found, and what is expected.
    pub description: String,
}

impl Wrong {
    fn new(path: &str, description: impl Into<String>) -> Self {
        Self { path: path.to_owned(), description: description.into() }
    }
}

/// Reads a message of package `customer360.v1` by its name there.
///
/// # Errors
/// The first member that is wrong.
pub fn read<T: DeserializeOwned>(name: &str, text: &[u8]) -> Result<T, Wrong> {
    if let Ok(message) = serde_json::from_slice(text) {
        return Ok(message);
    }
    let tree = tree::parse(text).map_err(|what| Wrong::new("", what))?;
    let shape = schema::shape(&format!(".customer360.v1.{name}"));
    let shape = shape.ok_or_else(|| Wrong::new("", format!("there is no message {name}")))?;
    let canonical = message(shape, "", tree, 0)?;
    // What is canonical is read by the generated code.
    serde_json::from_value(canonical).map_err(|_| Wrong::new("", format!("is no {name}")))
}

/// Each member under its own name and in the one form that the generated code reads.
fn message(shape: &Shape, path: &str, tree: Tree, depth: usize) -> Result<Value, Wrong> {
    if depth > DEPTH {
        return Err(Wrong::new(path, format!("lies deeper than {DEPTH} messages")));
    }
    let Tree::Object(members) = tree else {
        return Err(Wrong::new(path, format!("expected an object, found {}", tree.named())));
    };
    let mut canonical = Map::new();
    let mut chosen: Vec<(i32, &str)> = Vec::new();
    for (name, tree) in members {
        let own = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let field = shape.field(&name).ok_or_else(|| unknown(shape, &own, &name))?;
        if canonical.contains_key(&field.json_name) {
            return Err(Wrong::new(&own, "is set twice"));
        }
        // Not set; only a list's or a map's own elements may not be so.
        if matches!(tree, Tree::Null) {
            continue;
        }
        if let Some(oneof) = field.oneof {
            if let Some((_, other)) = chosen.iter().find(|(chosen, _)| *chosen == oneof) {
                return Err(Wrong::new(&own, format!("only one of its kind can be set, and {other} is")));
            }
            chosen.push((oneof, &field.json_name));
        }
        canonical.insert(field.json_name.clone(), member(field, &own, tree, depth)?);
    }
    Ok(Value::Object(canonical))
}

fn unknown(shape: &Shape, path: &str, name: &str) -> Wrong {
    let similar = shape.names().find(|known| known.eq_ignore_ascii_case(name));
    let hint = similar.map_or_else(String::new, |known| format!("; did you mean {known}?"));
    Wrong::new(path, format!("is no member of {}{hint}", shape.name))
}

fn member(field: &Field, path: &str, tree: Tree, depth: usize) -> Result<Value, Wrong> {
    if let Kind::Map(key, value) = &field.kind {
        let Tree::Object(entries) = tree else {
            return Err(Wrong::new(path, format!("expected an object, found {}", tree.named())));
        };
        let mut canonical = Map::new();
        for (name, tree) in entries {
            let own = format!("{path}[{name:?}]");
            if !matches!(**key, Kind::Text) {
                single(key, &own, Tree::Text(name.clone()), depth)?;
            }
            canonical.insert(name, single(value, &own, tree, depth)?);
        }
        return Ok(Value::Object(canonical));
    }
    if !field.repeated {
        return single(&field.kind, path, tree, depth);
    }
    let Tree::List(elements) = tree else {
        return Err(Wrong::new(path, format!("expected a list, found {}", tree.named())));
    };
    let element = |(i, tree)| single(&field.kind, &format!("{path}[{i}]"), tree, depth);
    Ok(Value::Array(elements.into_iter().enumerate().map(element).collect::<Result<_, _>>()?))
}

fn single(kind: &Kind, path: &str, tree: Tree, depth: usize) -> Result<Value, Wrong> {
    let expected = |what: &str| Wrong::new(path, format!("expected {what}, found {}", tree.named()));
    match (kind, &tree) {
        (Kind::Message(_) | Kind::Well(_), Tree::Null) => Err(expected("a value")),
        (Kind::Message(name), _) => match schema::shape(name) {
            Some(shape) => message(shape, path, tree, depth + 1),
            None => Err(expected("a message that is known here")),
        },
        (Kind::Well(well), _) => well_known(*well, path, &tree),
        (Kind::Text, Tree::Text(text)) => Ok(Value::String(text.clone())),
        (Kind::Text, Tree::Number(_)) => Err(expected("a text, which is written in quotes")),
        (Kind::Text, _) => Err(expected("a text")),
        (Kind::Flag, Tree::Flag(flag)) => Ok(Value::Bool(*flag)),
        (Kind::Flag, _) => Err(expected("true or false")),
        (Kind::Whole { least, most }, _) => {
            let range = || format!("a whole number from {least} to {most}");
            let number = tree.whole().ok_or_else(|| expected(&range()))?;
            if !(*least..=*most).contains(&number) {
                return Err(Wrong::new(path, format!("expected {}, found one beyond", range())));
            }
            Ok(Value::String(number.to_string()))
        }
        (Kind::Real, Tree::Text(text)) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
            Ok(Value::String(text.clone()))
        }
        (Kind::Real, _) => {
            let number = tree.real().and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| expected("a number"))
        }
        (Kind::Enum(names), Tree::Text(text)) => match names.iter().find(|(name, _)| name == text) {
            Some((name, _)) => Ok(Value::String(name.clone())),
            None => Err(expected(&format!("one of {}", listed(names)))),
        },
        (Kind::Enum(names), Tree::Number(_)) => {
            let number = tree.whole();
            let found = names.iter().find(|(_, known)| Some(i128::from(*known)) == number);
            let name = found.ok_or_else(|| expected(&format!("one of {}, or its number", listed(names))));
            Ok(Value::String(name?.0.clone()))
        }
        (Kind::Enum(names), _) => Err(expected(&format!("one of {}", listed(names)))),
        (Kind::Bytes, Tree::Text(text)) => match base64(text) {
            Some(text) => Ok(Value::String(text)),
            None => Err(expected("bytes in base64")),
        },
        (Kind::Bytes, _) => Err(expected("bytes in base64, as a text")),
        (Kind::Map(..), _) => Err(expected("no map here")),
    }
}

fn listed(names: &[(String, i32)]) -> String {
    names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// In the standard alphabet and padded, whichever of both alphabets it was written in.
fn base64(text: &str) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    let standard = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    STANDARD_NO_PAD.decode(standard).ok().map(|bytes| STANDARD.encode(bytes))
}

fn well_known(well: Well, path: &str, tree: &Tree) -> Result<Value, Wrong> {
    let (readable, expected) = match well {
        Well::Timestamp => (
            tree.text().map(|text| serde_json::from_value::<pbjson_types::Timestamp>(text.into()).is_ok()),
            "an instant such as 2026-01-31T10:00:00Z or 2026-01-31T11:00:00+01:00",
        ),
        Well::Duration => (
            tree.text().map(|text| serde_json::from_value::<pbjson_types::Duration>(text.into()).is_ok()),
            "a duration such as 90s",
        ),
    };
    match (readable, tree.text()) {
        (Some(true), Some(text)) => Ok(Value::String(text.to_owned())),
        (Some(_), Some(text)) => {
            let found = match well {
                Well::Timestamp if lacks_zone(text) => "a time without a zone",
                _ => "another text",
            };
            Err(Wrong::new(path, format!("expected {expected}, found {found}")))
        }
        _ => Err(Wrong::new(path, format!("expected {expected}, found {}", tree.named()))),
    }
}

/// Whether it would be an instant if it said where.
fn lacks_zone(text: &str) -> bool {
    text.parse::<jiff::civil::DateTime>().is_ok() && text.parse::<jiff::Timestamp>().is_err()
}

#[cfg(test)]
mod tests;
