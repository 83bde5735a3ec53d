use proto::touchpoint::Activity as Said;

use super::tests::{NOW, order, parse, refused, said};
use super::*;

#[test]
fn an_identifier_that_cannot_be_used_does_not_cost_the_fact() {
    let identifier = |kind: &str, value: &str, region: &str| proto::Identifier {
        kind: kind.into(),
        value: value.into(),
        region: region.into(),
    };
    let identifiers = vec![
        identifier("ACCOUNT", "u1", ""),
        identifier("PHONE", "call after 5pm", ""),
        identifier("EMAIL", "a@x.io, b@x.io", ""),
        identifier("PHONE", "030 901820", "Germany"),
        identifier("PHONE", "030 901820", ""),
        identifier("COOKIE", &"c".repeat(321), ""),
        identifier("COOKIE", "null", ""),
    ];
    let message = proto::Touchpoint { identifiers: identifiers.clone(), ..said(Said::Order(order())) };
    let read = |asks| {
        let limits = Limits::default();
        touchpoint(message.clone(), &Path::root(), &Rules::default(), NOW, &limits, asks)
    };
    let (parsed, noted) = read(Asks::default()).unwrap();
    assert_eq!(noted.linking, [], "not asked for");
    let linking: Vec<&str> = parsed.identifiers.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(linking, ["u1"]);
    let kept: Vec<_> = parsed.details.unusable.iter().cloned().map(unusable_to_proto).collect();
    assert_eq!(kept, identifiers[1..6]);
    let document = serde_json::to_string(&parsed.details).unwrap();
    assert_eq!(serde_json::from_str::<Details>(&document).unwrap(), parsed.details);
    assert!(!format!("{:?}", parsed.details).contains("5pm"), "personal data");
    let told: Vec<(&str, &str, Reason)> = noted
        .notes
        .iter()
        .map(|note| {
            assert_eq!(note.reason, RecordNoteReason::Unusable);
            let violation = note.violation.as_ref().unwrap();
            (note.path.as_str(), violation.field.as_str(), violation.reason)
        })
        .collect();
    let expected = [
        ("identifiers[1]", "identifiers[1].value", Reason::Malformed),
        ("identifiers[2]", "identifiers[2].value", Reason::Malformed),
        ("identifiers[3]", "identifiers[3].region", Reason::Unknown),
        ("identifiers[4]", "identifiers[4].value", Reason::Malformed),
        ("identifiers[5]", "identifiers[5].value", Reason::TooLong),
    ];
    assert_eq!(told, expected);
    let (_, noted) = read(Asks { explain: true, strict: false }).unwrap();
    let last = noted.notes.last().map(|note| (note.path.as_str(), note.reason));
    assert_eq!(last, Some(("identifiers[6]", RecordNoteReason::Blocked)));
    let linking: Vec<_> = noted.linking.iter().map(|(path, one)| (path.as_str(), &*one.value)).collect();
    assert_eq!(linking, [("identifiers[0]", "u1")]);
    let refused = read(Asks { explain: false, strict: true }).unwrap_err();
    let fields: Vec<&str> = refused.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, expected.map(|(_, field, _)| field));
}

#[test]
fn blank_traits_state_nothing_and_unset_says_no_value() {
    let text = |text: &str| Some(proto::Value { kind: Some(proto::value::Kind::Text(text.into())) });
    let write = |value| proto::TraitWrite { name: "city".into(), value, ..Default::default() };
    let unset = proto::TraitWrite { unset: true, ..write(None) };
    let traits =
        vec![write(None), write(text("")), write(text(" \u{200B}")), write(text("Rome")), unset.clone()];
    let parsed = parse(proto::Touchpoint { traits, ..said(Said::Order(order())) }).unwrap();
    let values: Vec<&Value> = parsed.details.traits.iter().map(|write| &write.value).collect();
    assert_eq!(values, [&Value::Text("Rome".into()), &Value::Unset]);
    for wrong in [
        proto::TraitWrite { value: text("Rome"), ..unset.clone() },
        proto::TraitWrite { if_absent: true, ..unset.clone() },
    ] {
        let message = proto::Touchpoint { traits: vec![wrong], ..said(Said::Order(order())) };
        refused(message, &[("traits[0].unset", Reason::Conflict)]);
    }
}
