//! Touchpoints, both ways.

use std::collections::BTreeMap;

use super::{Asks, Checks, Limits, Noted, Path, activity, money_to_proto, timestamp, value, value_to_proto};
use crate::identity::normalize::is_unseen;
use crate::identity::{NormalizeError, Normalized, Rules, normalize};
use crate::model::activity::Logout;
use crate::model::{
    Activity, Channel, Details, Identifier, KindName, Micros, Reason, TouchKey, Touchpoint, TraitWrite,
    Unusable, Value, Violation,
};
use crate::rpc::proto::{self, RecordNoteReason};

/// Checks a touchpoint and normalizes its identifiers; with what is to be known of its parts.
///
/// # Errors
/// Everything that is wrong with it, each with its path below `at`.
pub fn touchpoint(
    touchpoint: proto::Touchpoint,
    at: &Path<'_>,
    rules: &Rules,
    now: Micros,
    limits: &Limits,
    asks: Asks,
) -> Result<(Touchpoint, Noted), Vec<Violation>> {
    let mut checks = Checks { asks, ..Checks::new(limits) };
    let c = &mut checks;
    if touchpoint.version < 0 {
        c.refuse(&at.field("version"), Reason::OutOfRange, "must not be negative");
    }
    let key = TouchKey {
        source: c.required_text(&at.field("source"), touchpoint.source, limits.source_bytes),
        source_id: c.required_text(&at.field("source_id"), touchpoint.source_id, limits.source_id_bytes),
    };
    let event_time = event_time(c, &at.field("at"), touchpoint.at, now, rules);
    let channel = channel(c, &at.field("channel"), &touchpoint.channel);
    let Sorted { linking, blocked, unusable } = identifiers(c, at, touchpoint.identifiers, rules);
    let details = Details {
        visit_id: c.optional_text(&at.field("visit_id"), touchpoint.visit_id),
        location: c.optional_text(&at.field("location"), touchpoint.location),
        campaign: c.optional_text(&at.field("campaign"), touchpoint.campaign),
        product: c.optional_text(&at.field("product"), touchpoint.product),
        cost: c.money(&at.field("cost"), touchpoint.cost),
        handling_seconds: touchpoint.handling_seconds,
        traits: traits(c, at, touchpoint.traits),
        attributes: attributes(c, at, touchpoint.attributes),
        activity: match touchpoint.activity {
            Some(said) => activity::parse(c, at, said),
            None => {
                c.refuse(&at.field("activity"), Reason::Required, "one member of the oneof must be set");
                Activity::Logout(Logout {})
            }
        },
        blocked,
        unusable,
    };
    checks.finish_noted(Touchpoint { key, at: event_time, channel, identifiers: linking, details })
}

/// A touchpoint as it is answered: normalized identifiers, blocked ones apart.
#[must_use]
pub fn touchpoint_to_proto(touchpoint: Touchpoint) -> proto::Touchpoint {
    let details = touchpoint.details;
    proto::Touchpoint {
        source: touchpoint.key.source,
        source_id: touchpoint.key.source_id,
        version: 0,
        at: Some(timestamp(touchpoint.at)),
        channel: touchpoint.channel.as_str().to_owned(),
        identifiers: touchpoint.identifiers.into_iter().map(identifier_to_proto).collect(),
        visit_id: details.visit_id.unwrap_or_default(),
        location: details.location.unwrap_or_default(),
        campaign: details.campaign.unwrap_or_default(),
        product: details.product.unwrap_or_default(),
        cost: details.cost.map(money_to_proto),
        handling_seconds: details.handling_seconds,
        traits: details
            .traits
            .into_iter()
            .map(|write| proto::TraitWrite {
                name: write.name,
                unset: write.value == Value::Unset,
                value: Some(value_to_proto(write.value)).filter(|value| value.kind.is_some()),
                if_absent: write.if_absent,
            })
            .collect(),
        attributes: details.attributes.into_iter().map(|(name, v)| (name, value_to_proto(v))).collect(),
        activity: Some(activity::write(details.activity)),
    }
}

/// An identifier as it was sent.
#[must_use]
pub fn unusable_to_proto(unusable: Unusable) -> proto::Identifier {
    let region = unusable.region.unwrap_or_default();
    proto::Identifier { region, ..identifier_to_proto(unusable.identifier) }
}

#[must_use]
pub fn identifier_to_proto(identifier: Identifier) -> proto::Identifier {
    proto::Identifier {
        kind: identifier.kind.as_str().to_owned(),
        value: identifier.value,
        region: String::new(),
    }
}

/// Checks and normalizes one identifier; `None` after a refusal.
pub fn identifier(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    identifier: &proto::Identifier,
    rules: &Rules,
) -> Option<Normalized> {
    match usable(c, at, identifier, rules)? {
        Ok(normalized) => Some(normalized),
        Err(error) => {
            let (field, reason) = place(error);
            c.refuse(&at.field(field), reason, error.to_string());
            None
        }
    }
}

/// The identifier as recording would take it, or why it is none of its kind; `None` after a refusal of
/// the kind.
pub fn recordable(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    identifier: &proto::Identifier,
    rules: &Rules,
) -> Option<Result<Normalized, Violation>> {
    Some(usable(c, at, identifier, rules)?.map_err(|error| {
        let (field, reason) = place(error);
        Violation::new(at.field(field).to_string(), reason, error.to_string())
    }))
}

/// The identifier, or why it is none of its kind; `None` after a refusal of the kind.
fn usable(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    identifier: &proto::Identifier,
    rules: &Rules,
) -> Option<Result<Normalized, NormalizeError>> {
    let Some(rule) = rules.kind_named(&identifier.kind) else {
        let (reason, what) = match KindName::parse(&identifier.kind) {
            _ if identifier.kind.is_empty() => (Reason::Required, "must be set".to_owned()),
            Some(kind) => (Reason::Unknown, format!("the tenant has no kind {kind}")),
            None => (Reason::Malformed, "a kind has upper-case letters, digits and _, at most 32".to_owned()),
        };
        c.refuse(&at.field("kind"), reason, what);
        return None;
    };
    Some(normalize(rule, rules, &identifier.value, Some(&identifier.region)))
}

/// The field that is wrong, and how.
fn place(error: NormalizeError) -> (&'static str, Reason) {
    match error {
        NormalizeError::TooLong | NormalizeError::EmailTooLong => ("value", Reason::TooLong),
        NormalizeError::UnknownRegion => ("region", Reason::Unknown),
        NormalizeError::Nul
        | NormalizeError::NotEmail
        | NormalizeError::NotPhone
        | NormalizeError::NoRegion
        | NormalizeError::NotSha256 => ("value", Reason::Malformed),
    }
}

fn event_time(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    instant: Option<pbjson_types::Timestamp>,
    now: Micros,
    rules: &Rules,
) -> Micros {
    if instant.is_none() {
        c.refuse(at, Reason::Required, "must be set");
        return Micros::default();
    }
    let event_time = super::micros(&instant.unwrap_or_default());
    let earliest = c.limits.earliest.max(Micros(rules.earliest_us));
    let latest = now.plus(c.limits.ahead_us);
    match event_time {
        Some(event_time) if event_time < earliest => {
            c.refuse(at, Reason::OutOfRange, format!("not before {earliest}"));
            event_time
        }
        Some(event_time) if rules.is_clock_reset(event_time.0) => {
            let what = "is where clocks begin that have lost their time: rules.clock_resets names such days";
            c.refuse(at, Reason::OutOfRange, what);
            event_time
        }
        Some(event_time) if event_time > latest => {
            let hours = c.limits.ahead_us / crate::model::time::HOUR_US;
            c.refuse(at, Reason::OutOfRange, format!("not more than {hours} hours ahead of now"));
            event_time
        }
        Some(event_time) => event_time,
        None => {
            c.refuse(at, Reason::OutOfRange, "is no instant between the years 1 and 9999");
            Micros::default()
        }
    }
}

/// A channel; the first standard one stands in after a refusal.
#[expect(clippy::missing_panics_doc, reason = "a standard channel parses")]
pub fn channel(c: &mut Checks<'_>, at: &Path<'_>, name: &str) -> Channel {
    let stand_in = || Channel::parse("store").expect("a standard channel");
    Channel::parse(name).unwrap_or_else(|| {
        let (reason, what) = if name.is_empty() {
            (Reason::Required, "must be set")
        } else {
            (
                Reason::Unknown,
                "is no standard channel, nor one of the tenant's own, which begin with x- or xp-",
            )
        };
        c.refuse(at, reason, what);
        stand_in()
    })
}

/// The identifiers of a touchpoint.
#[derive(Default)]
struct Sorted {
    /// Sorted and without duplicates.
    linking: Vec<Identifier>,
    /// As sent.
    blocked: Vec<Identifier>,
    /// As sent, with the region that was said.
    unusable: Vec<Unusable>,
}

fn identifiers(c: &mut Checks<'_>, at: &Path<'_>, said: Vec<proto::Identifier>, rules: &Rules) -> Sorted {
    let said = c.count(&at.field("identifiers"), said, c.limits.identifiers);
    let mut sorted = Sorted { linking: Vec::with_capacity(said.len()), ..Sorted::default() };
    for (i, one) in said.into_iter().enumerate() {
        let at = at.item("identifiers", i);
        match usable(c, &at, &one, rules) {
            Some(Ok(Normalized::Linking(identifier))) => {
                if c.asks.explain {
                    c.note_linking(&at, &identifier);
                }
                sorted.linking.push(identifier);
            }
            Some(Ok(Normalized::Blocked(identifier))) => {
                if c.asks.explain {
                    c.note(&at, RecordNoteReason::Blocked, None);
                }
                sorted.blocked.push(identifier);
            }
            Some(Err(error)) => sorted.unusable.extend(set_aside(c, &at, one, error)),
            None => {}
        }
    }
    sorted.linking.sort_unstable();
    sorted.linking.dedup();
    sorted
}

/// An identifier that is none of its kind does not cost the fact: it is kept as sent, links nothing
/// and is told. What cannot be kept is refused: NUL, and more than any text of a touchpoint may have.
fn set_aside(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    said: proto::Identifier,
    error: NormalizeError,
) -> Option<Unusable> {
    let (field, reason) = place(error);
    let at_field = at.field(field);
    let keeps = said.value.len() <= c.limits.value_bytes && said.region.len() <= c.limits.text_bytes;
    let nul = error == NormalizeError::Nul || said.region.contains('\0');
    let kind = KindName::parse(&said.kind).filter(|_| keeps && !nul && !c.asks.strict);
    let Some(kind) = kind else {
        c.refuse(&at_field, reason, error.to_string());
        return None;
    };
    let violation = Violation::new(at_field.to_string(), reason, error.to_string());
    c.note(at, RecordNoteReason::Unusable, Some(violation));
    let region = Some(said.region).filter(|region| !region.is_empty());
    Some(Unusable { identifier: Identifier { kind, value: said.value }, region })
}

/// What is said of the person. A value that is not set and a text without anything to be seen state
/// nothing: forms and exports write them for what they do not know.
fn traits(c: &mut Checks<'_>, at: &Path<'_>, said: Vec<proto::TraitWrite>) -> Vec<TraitWrite> {
    let said = c.count(&at.field("traits"), said, c.limits.traits);
    let mut writes = Vec::with_capacity(said.len());
    for (i, write) in said.into_iter().enumerate() {
        let at = at.item("traits", i);
        let name = c.required_text(&at.field("name"), write.name, c.limits.name_bytes);
        let kind = write.value.and_then(|value| value.kind);
        if write.unset {
            if kind.is_some() || write.if_absent {
                c.refuse(&at.field("unset"), Reason::Conflict, "takes a value back, and says none");
            }
            writes.push(TraitWrite { name, value: Value::Unset, if_absent: false });
        } else if let Some(kind) = kind
            && !states_nothing(&kind)
        {
            let value = value(c, &at.field("value"), Some(proto::Value { kind: Some(kind) }));
            writes.push(TraitWrite { name, value, if_absent: write.if_absent });
        }
    }
    writes
}

fn states_nothing(kind: &proto::value::Kind) -> bool {
    matches!(kind, proto::value::Kind::Text(text) if is_unseen(text))
}

fn attributes(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    said: BTreeMap<String, proto::Value>,
) -> BTreeMap<String, Value> {
    let limit = c.limits.attributes;
    if said.len() > limit {
        let what = format!("{} elements; at most {limit}", said.len());
        c.refuse(&at.field("attributes"), Reason::TooMany, what);
        return BTreeMap::new();
    }
    let mut parsed = BTreeMap::new();
    for (i, (name, said)) in said.into_iter().enumerate() {
        let name = c.required_text(&at.item("attributes", i), name, c.limits.name_bytes);
        // A name that is itself wrong is told by its place.
        let path = if (1..=c.limits.name_bytes).contains(&name.len()) {
            at.key("attributes", &name)
        } else {
            at.item("attributes", i)
        };
        let value = value(c, &path, Some(said));
        parsed.insert(name, value);
    }
    parsed
}

#[cfg(test)]
#[path = "touchpoint_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "set_aside_tests.rs"]
mod set_aside_tests;
