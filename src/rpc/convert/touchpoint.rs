//! Touchpoints, both ways.

use std::collections::BTreeMap;

use super::{Asks, Checks, Limits, Note, Path, activity, money_to_proto, timestamp, value, value_to_proto};
use crate::identity::{NormalizeError, Normalized, Rules, normalize};
use crate::model::activity::Logout;
use crate::model::{
    Activity, Channel, Details, Identifier, KindName, Micros, Reason, TouchKey, Touchpoint, TraitWrite,
    Value, Violation,
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
) -> Result<(Touchpoint, Vec<Note>), Vec<Violation>> {
    let mut checks = Checks { asks, ..Checks::new(limits) };
    let c = &mut checks;
    if touchpoint.version < 0 {
        c.refuse(&at.field("version"), Reason::OutOfRange, "must not be negative");
    }
    let key = TouchKey {
        source: c.required_text(&at.field("source"), touchpoint.source, limits.source_bytes),
        source_id: c.required_text(&at.field("source_id"), touchpoint.source_id, limits.source_id_bytes),
    };
    let event_time = event_time(c, &at.field("at"), touchpoint.at, now);
    let channel = channel(c, &at.field("channel"), &touchpoint.channel);
    let (identifiers, blocked) = identifiers(c, at, touchpoint.identifiers, rules);
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
    };
    checks.finish_noted(Touchpoint { key, at: event_time, channel, identifiers, details })
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
                value: Some(value_to_proto(write.value)),
                if_absent: write.if_absent,
            })
            .collect(),
        attributes: details.attributes.into_iter().map(|(name, v)| (name, value_to_proto(v))).collect(),
        activity: Some(activity::write(details.activity)),
    }
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
    let Some(rule) = rules.kind_named(&identifier.kind) else {
        let (reason, what) = match KindName::parse(&identifier.kind) {
            _ if identifier.kind.is_empty() => (Reason::Required, "must be set".to_owned()),
            Some(kind) => (Reason::Unknown, format!("the tenant has no kind {kind}")),
            None => (Reason::Malformed, "a kind has upper-case letters, digits and _, at most 32".to_owned()),
        };
        c.refuse(&at.field("kind"), reason, what);
        return None;
    };
    match normalize(rule, rules, &identifier.value, Some(&identifier.region)) {
        Ok(normalized) => Some(normalized),
        Err(error) => {
            let (field, reason) = match error {
                NormalizeError::TooLong => ("value", Reason::TooLong),
                NormalizeError::UnknownRegion => ("region", Reason::Unknown),
                NormalizeError::Nul
                | NormalizeError::NotEmail
                | NormalizeError::NotPhone
                | NormalizeError::NotSha256 => ("value", Reason::Malformed),
            };
            c.refuse(&at.field(field), reason, error.to_string());
            None
        }
    }
}

fn event_time(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    instant: Option<pbjson_types::Timestamp>,
    now: Micros,
) -> Micros {
    if instant.is_none() {
        c.refuse(at, Reason::Required, "must be set");
        return Micros::default();
    }
    let event_time = super::micros(&instant.unwrap_or_default());
    let (earliest, latest) = (c.limits.earliest, now.plus(c.limits.ahead_us));
    match event_time {
        Some(event_time) if event_time < earliest => {
            c.refuse(at, Reason::OutOfRange, format!("not before {earliest}"));
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

/// Linking identifiers, sorted and without duplicates, and blocked ones as sent.
fn identifiers(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    said: Vec<proto::Identifier>,
    rules: &Rules,
) -> (Vec<Identifier>, Vec<Identifier>) {
    let said = c.count(&at.field("identifiers"), said, c.limits.identifiers);
    let (mut linking, mut blocked) = (Vec::with_capacity(said.len()), Vec::new());
    for (i, one) in said.iter().enumerate() {
        match identifier(c, &at.item("identifiers", i), one, rules) {
            Some(Normalized::Linking(identifier)) => linking.push(identifier),
            Some(Normalized::Blocked(identifier)) => {
                if c.asks.explain {
                    c.note(&at.item("identifiers", i), RecordNoteReason::Blocked, None);
                }
                blocked.push(identifier);
            }
            None => {}
        }
    }
    linking.sort_unstable();
    linking.dedup();
    (linking, blocked)
}

fn traits(c: &mut Checks<'_>, at: &Path<'_>, said: Vec<proto::TraitWrite>) -> Vec<TraitWrite> {
    let said = c.count(&at.field("traits"), said, c.limits.traits);
    let parse = |(i, write): (usize, proto::TraitWrite)| {
        let at = at.item("traits", i);
        TraitWrite {
            name: c.required_text(&at.field("name"), write.name, c.limits.name_bytes),
            value: value(c, &at.field("value"), write.value),
            if_absent: write.if_absent,
        }
    };
    said.into_iter().enumerate().map(parse).collect()
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
