use proto::touchpoint::Activity as Said;

use super::*;
use crate::model::ActivityType;

pub(super) const NOW: Micros = Micros(1_790_000_000_000_000);

fn euros(minor: i64) -> Option<proto::Money> {
    Some(proto::Money { minor: Some(minor), currency: "EUR".into() })
}

pub(super) fn said(activity: Said) -> proto::Touchpoint {
    proto::Touchpoint {
        source: "shop".into(),
        source_id: "1".into(),
        at: Some(timestamp(Micros(1_700_000_000_123_456))),
        channel: "web".into(),
        activity: Some(activity),
        ..Default::default()
    }
}

pub(super) fn order() -> proto::Order {
    proto::Order { order_id: "A-17".into(), amount: euros(1_250), ..Default::default() }
}

pub(super) fn parse(message: proto::Touchpoint) -> Result<Touchpoint, Vec<Violation>> {
    let root = Path::root();
    touchpoint(
        message,
        &root.item("touchpoints", 3),
        &Rules::default(),
        NOW,
        &Limits::default(),
        Asks::default(),
    )
    .map(|(touchpoint, _)| touchpoint)
}

#[track_caller]
pub(super) fn refused(message: proto::Touchpoint, expected: &[(&str, Reason)]) {
    let violations = parse(message).expect_err("a violation");
    let found: Vec<(String, Reason)> = violations.iter().map(|v| (v.field.clone(), v.reason)).collect();
    let expected: Vec<(String, Reason)> =
        expected.iter().map(|(field, reason)| (format!("touchpoints[3].{field}"), *reason)).collect();
    assert_eq!(found, expected);
}

fn line() -> proto::Line {
    proto::Line {
        product_id: "p".into(),
        category: "c".into(),
        quantity: Some(1.125),
        unit_price: euros(5),
        list_price: euros(6),
        discount: euros(1),
        margin: euros(-2),
        promotion: "summer".into(),
    }
}

/// One message of every type with every field set.
fn one_of_every_type() -> Vec<Said> {
    let text = || "t".to_owned();
    let cart = || proto::Cart { cart_id: text(), lines: vec![line()], value: euros(5) };
    vec![
        Said::Impression(proto::Impression { ad_id: text(), placement: text() }),
        Said::AdClick(proto::AdClick { ad_id: text(), placement: text() }),
        Said::Message(proto::Message { message_id: text(), status: 4, subject: text() }),
        Said::ArticleRead(proto::ArticleRead { article_id: text(), read_seconds: Some(9) }),
        Said::ReferralReceived(proto::Referral { code: text() }),
        Said::Visit(proto::Visit {
            kind: 3,
            duration_seconds: Some(0),
            pages: Some(7),
            source_channel: text(),
            source_campaign: text(),
        }),
        Said::Search(proto::Search { query: text(), results: Some(0) }),
        Said::ProductView(proto::ProductView { product_id: text(), category: text(), view_seconds: Some(1) }),
        Said::ReviewRead(proto::ReviewRead { product_id: text() }),
        Said::StoreTechnology(proto::StoreTechnology { kind: 6, device: text() }),
        Said::Conversation(proto::Conversation { topic: text(), clerk: text() }),
        Said::Advice(proto::Advice { kind: 2, topic: text() }),
        Said::OfferShown(proto::OfferShown { offer_id: text(), kind: 3 }),
        Said::ProductTrial(proto::ProductTrial { product_id: text(), kind: 2 }),
        Said::WishList(proto::WishList { product_id: text(), change: 2 }),
        Said::CartUpdated(cart()),
        Said::CheckoutStarted(cart()),
        Said::OfferAccepted(proto::OfferAccepted { offer_id: text(), kind: 2 }),
        Said::Order(proto::Order {
            lines: vec![line(), line()],
            fulfilment: 4,
            mobile_pos: true,
            offer_id: text(),
            margin: euros(-5),
            ..order()
        }),
        Said::Payment(proto::Payment { order_id: text(), amount: euros(5), method: text() }),
        Said::Confirmation(proto::Confirmation { order_id: text() }),
        Said::NoPurchase(proto::NoPurchase { reason: text() }),
        Said::Delivery(proto::Delivery { order_id: text(), kind: 2 }),
        Said::Return(proto::Return {
            return_id: text(),
            order_id: text(),
            amount: euros(5),
            lines: vec![line()],
            reason: text(),
        }),
        Said::Exchange(proto::Exchange { order_id: text(), return_id: text() }),
        Said::Cancellation(proto::Cancellation { order_id: text(), amount: euros(5) }),
        Said::ServiceContact(proto::ServiceContact { case_id: text(), stage: 5, reason: text() }),
        Said::SurveyAnswer(proto::SurveyAnswer { kind: 3, score: Some(7), survey_id: text() }),
        Said::ReviewWritten(proto::ReviewWritten {
            product_id: text(),
            rating: Some(5),
            sentiment: Some(-1.0),
        }),
        Said::SocialEngagement(proto::SocialEngagement { kind: 6, network: text(), post_id: text() }),
        Said::Subscription(proto::Subscription { programme: 2, change: 4, points: Some(3) }),
        Said::ReferralMade(proto::Referral { code: text() }),
        Said::Consent(proto::Consent { purpose: text(), given: Some(true) }),
        Said::Registration(proto::Registration { method: text() }),
        Said::Login(proto::Login { method: text() }),
        Said::Logout(proto::Logout {}),
        Said::ProfileUpdate(proto::ProfileUpdate { origin: text() }),
        Said::Custom(proto::Custom { name: text(), phase: 5 }),
    ]
}

fn full(activity: Said) -> proto::Touchpoint {
    let value = |kind| proto::Value { kind: Some(kind) };
    use proto::value::Kind;
    let text = || value(Kind::Text("x".repeat(4_096)));
    let write =
        |if_absent| proto::TraitWrite { name: "city".into(), value: Some(text()), if_absent, unset: false };
    let attributes = [
        ("text", text()),
        ("integer", value(Kind::Integer(i64::MIN))),
        ("number", value(Kind::Number(-0.5))),
        ("flag", value(Kind::Flag(false))),
        ("time", value(Kind::Time(timestamp(Micros(-1))))),
        ("date", value(Kind::Date("1985-04-14".into()))),
    ];
    proto::Touchpoint {
        identifiers: vec![
            proto::Identifier { kind: "ACCOUNT".into(), value: "u1".into(), region: String::new() },
            proto::Identifier { kind: "EMAIL".into(), value: "ada@x.io".into(), region: String::new() },
        ],
        visit_id: "v".into(),
        location: "l".into(),
        campaign: "c".into(),
        product: "p".into(),
        cost: euros(1),
        handling_seconds: Some(0),
        traits: vec![
            write(false),
            write(true),
            proto::TraitWrite { name: "age".into(), unset: true, ..Default::default() },
        ],
        attributes: attributes.map(|(name, v)| (name.to_owned(), v)).into(),
        ..said(activity)
    }
}

#[test]
fn every_type_comes_back_as_it_went_in_also_through_the_stored_document() {
    let every = one_of_every_type();
    assert_eq!(every.len(), ActivityType::ALL.len());
    for (activity, &expected) in every.into_iter().zip(ActivityType::ALL) {
        let message = full(activity);
        let parsed = parse(message.clone()).unwrap();
        assert_eq!(parsed.details.activity.activity_type(), expected);
        let document = serde_json::to_string(&parsed.details).unwrap();
        let stored: Details = serde_json::from_str(&document).unwrap();
        assert_eq!(stored, parsed.details, "{document}");
        assert_eq!(touchpoint_to_proto(parsed), message);
    }
}

#[test]
fn every_type_comes_back_from_protojson() {
    for activity in one_of_every_type() {
        let message = full(activity);
        let line = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<proto::Touchpoint>(&line).unwrap(), message, "{line}");
    }
}

#[test]
fn protojson_reads_as_people_write_it() {
    let line = r#"{"source":"shop","sourceId":"1","at":"2026-03-01T09:30:00.25Z","channel":"web",
        "identifiers":[{"kind":"EMAIL","value":"ada@x.io"}],
        "order":{"order_id":"A-17","amount":{"minor":"1250","currency":"EUR"},"fulfilment":"FULFILMENT_TAKE_AWAY",
        "lines":[{"productId":"p","quantity":2}]},"attributes":{"vip":{"flag":true}}}"#;
    let parsed = parse(serde_json::from_str(line).unwrap()).unwrap();
    assert_eq!(parsed.at, Micros::parse("2026-03-01T09:30:00.25Z").unwrap());
    let Activity::Order(order) = parsed.details.activity else { panic!("an order") };
    assert_eq!((order.amount.minor, order.lines[0].quantity_milli), (1_250, 2_000));
}

#[test]
fn unspecified_enums_are_taken_as_the_comments_say() {
    let parsed = parse(said(Said::Visit(proto::Visit::default()))).unwrap();
    assert_eq!(parsed.details.activity, Activity::Visit(crate::model::activity::Visit::default()));
    let custom = proto::Custom { name: "n".into(), phase: 0 };
    let Activity::Custom(custom) = parse(said(Said::Custom(custom))).unwrap().details.activity else {
        panic!("custom")
    };
    assert_eq!(custom.phase, None);
    refused(
        said(Said::SurveyAnswer(proto::SurveyAnswer { kind: 0, score: Some(0), ..Default::default() })),
        &[("survey_answer.kind", Reason::Unknown)],
    );
    refused(
        said(Said::Visit(proto::Visit { kind: 99, ..Default::default() })),
        &[("visit.kind", Reason::Unknown)],
    );
}

#[test]
fn identifiers_are_normalized_sorted_and_without_duplicates_and_blocked_ones_stand_apart() {
    let identifier = |kind: &str, value: &str| proto::Identifier {
        kind: kind.into(),
        value: value.into(),
        region: String::new(),
    };
    let identifiers = vec![
        identifier("EMAIL", "Ada@X.io"),
        identifier("ACCOUNT", " u1"),
        identifier("EMAIL", "ada@x.io "),
        identifier("COOKIE", "NULL"),
    ];
    let parsed = parse(proto::Touchpoint { identifiers, ..said(Said::Order(order())) }).unwrap();
    let shown: Vec<_> = parsed.identifiers.iter().map(|i| (i.kind.as_str(), i.value.as_str())).collect();
    assert_eq!(shown, [("ACCOUNT", "u1"), ("EMAIL", "ada@x.io")]);
    let blocked: Vec<_> =
        parsed.details.blocked.iter().map(|i| (i.kind.as_str(), i.value.as_str())).collect();
    assert_eq!(blocked, [("COOKIE", "NULL")]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let identifier = |kind: &str, value: &str, region: &str| proto::Identifier {
        kind: kind.into(),
        value: value.into(),
        region: region.into(),
    };
    refused(
        proto::Touchpoint {
            source: String::new(),
            source_id: "x".repeat(257),
            at: Some(pbjson_types::Timestamp { seconds: 0, nanos: 0 }),
            channel: "Store".into(),
            identifiers: vec![
                identifier("EMAIL", &"a".repeat(4_097), ""),
                identifier("NAME", "ada", ""),
                identifier("", "ada", ""),
                identifier("name!", "ada", ""),
                identifier("COOKIE", "a\0", ""),
            ],
            cost: euros(-1),
            traits: vec![proto::TraitWrite::default()],
            ..said(Said::Order(proto::Order {
                order_id: String::new(),
                amount: None,
                lines: vec![
                    line(),
                    proto::Line {
                        quantity: Some(-1.0),
                        unit_price: Some(proto::Money { minor: Some(1), currency: "XYZ".into() }),
                        list_price: Some(proto::Money { minor: Some(1), currency: String::new() }),
                        ..line()
                    },
                ],
                ..Default::default()
            }))
        },
        &[
            ("source", Reason::Required),
            ("source_id", Reason::TooLong),
            ("at", Reason::OutOfRange),
            ("channel", Reason::Unknown),
            ("identifiers[0].value", Reason::TooLong),
            ("identifiers[1].kind", Reason::Unknown),
            ("identifiers[2].kind", Reason::Required),
            ("identifiers[3].kind", Reason::Malformed),
            ("identifiers[4].value", Reason::Malformed),
            ("cost.minor", Reason::OutOfRange),
            ("traits[0].name", Reason::Required),
            ("order.order_id", Reason::Required),
            ("order.amount", Reason::Required),
            ("order.lines[1].quantity", Reason::OutOfRange),
            ("order.lines[1].unit_price.currency", Reason::Unknown),
            ("order.lines[1].list_price.currency", Reason::Required),
        ],
    );
    refused(
        proto::Touchpoint::default(),
        &[
            ("source", Reason::Required),
            ("source_id", Reason::Required),
            ("at", Reason::Required),
            ("channel", Reason::Required),
            ("activity", Reason::Required),
        ],
    );
}

#[test]
fn limits_are_inclusive() {
    let visit = || said(Said::Visit(proto::Visit::default()));
    let cookies = |n: usize| {
        let cookie =
            |i| proto::Identifier { kind: "COOKIE".into(), value: format!("c{i}"), region: String::new() };
        proto::Touchpoint { identifiers: (0..n).map(cookie).collect(), ..visit() }
    };
    assert_eq!(parse(cookies(16)).unwrap().identifiers.len(), 16);
    refused(cookies(17), &[("identifiers", Reason::TooMany)]);

    let at = |us: i64| proto::Touchpoint { at: Some(timestamp(Micros(us))), ..visit() };
    let day = crate::model::time::DAY_US;
    assert!(parse(at(NOW.0 + day)).is_ok());
    refused(at(NOW.0 + day + 1), &[("at", Reason::OutOfRange)]);
    // 2000-01-01 and 2001-01-01 are where clocks begin that have lost their time.
    for reset in [946_684_800_000_000, 978_307_200_000_000] {
        refused(at(reset), &[("at", Reason::OutOfRange)]);
        refused(at(reset + day - 1), &[("at", Reason::OutOfRange)]);
        assert!(parse(at(reset + day)).is_ok());
    }
    refused(at(946_684_799_999_999), &[("at", Reason::OutOfRange)]);
    let limits = Limits::default();
    let since = Rules { earliest_us: 1_000_000_000_000_000, ..Rules::default() };
    let under = |us| touchpoint(at(us), &Path::root(), &since, NOW, &limits, Asks::default()).map(|_| ());
    assert_eq!(under(1_000_000_000_000_000), Ok(()));
    assert!(under(999_999_999_999_999).is_err(), "before the retailer existed");

    let attribute = |name: &str, value: proto::Value| proto::Touchpoint {
        attributes: [(name.to_owned(), value)].into(),
        ..visit()
    };
    let text = |n: usize| proto::Value { kind: Some(proto::value::Kind::Text("x".repeat(n))) };
    assert!(parse(attribute("a", text(4_096))).is_ok());
    refused(attribute("a", text(4_097)), &[("attributes[\"a\"].text", Reason::TooLong)]);
    refused(attribute(&"n".repeat(65), text(1)), &[("attributes[0]", Reason::TooLong)]);
    refused(attribute("", text(1)), &[("attributes[0]", Reason::Required)]);
    let number = |n| proto::Value { kind: Some(proto::value::Kind::Number(n)) };
    refused(attribute("a", number(f64::NAN)), &[("attributes[\"a\"].number", Reason::OutOfRange)]);
    let date = |text: &str| proto::Value { kind: Some(proto::value::Kind::Date(text.into())) };
    assert!(parse(attribute("a", date("1985-04-14"))).is_ok());
    refused(attribute("a", date("14.04.1985")), &[("attributes[\"a\"].date", Reason::Malformed)]);
    let many = (0..33).map(|i| (format!("a{i}"), text(1))).collect();
    refused(proto::Touchpoint { attributes: many, ..visit() }, &[("attributes", Reason::TooMany)]);

    let answer = |kind, score| {
        said(Said::SurveyAnswer(proto::SurveyAnswer { kind, score: Some(score), ..Default::default() }))
    };
    for (kind, low, high) in [(1, 0, 10), (2, 1, 5), (3, 1, 7)] {
        assert!(parse(answer(kind, low)).is_ok());
        assert!(parse(answer(kind, high)).is_ok());
        refused(answer(kind, high + 1), &[("survey_answer.score", Reason::OutOfRange)]);
        if low > 0 {
            refused(answer(kind, low - 1), &[("survey_answer.score", Reason::OutOfRange)]);
        }
    }
    let amount = |minor| said(Said::Order(proto::Order { amount: euros(minor), ..order() }));
    assert!(parse(amount(0)).is_ok());
    refused(amount(-1), &[("order.amount.minor", Reason::OutOfRange)]);
    refused(amount(i64::MAX), &[("order.amount.minor", Reason::OutOfRange)]);
}

#[test]
fn quantities_are_exact_thousandths() {
    let quantity = |quantity: f64| {
        let lines = vec![proto::Line { quantity: Some(quantity), ..line() }];
        parse(said(Said::Order(proto::Order { lines, ..order() })))
    };
    for (given, milli) in [
        (0.0, 0),
        (-0.0, 0),
        (0.001, 1),
        (0.1, 100),
        (2.675, 2_675),
        (1e9, 1_000_000_000_000),
        (1_234.567, 1_234_567),
    ] {
        let Activity::Order(order) = quantity(given).unwrap().details.activity else { panic!("an order") };
        assert_eq!(order.lines[0].quantity_milli, milli);
    }
    for wrong in [-0.001, f64::NAN, f64::INFINITY, 1.000_1, 0.000_4, 1e9 + 1.0, f64::MIN] {
        assert!(quantity(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn nul_is_refused_wherever_text_is() {
    refused(
        proto::Touchpoint {
            source: "a\0".into(),
            visit_id: "\0".into(),
            ..said(Said::Search(proto::Search { query: "a\0b".into(), results: None }))
        },
        &[
            ("source", Reason::Malformed),
            ("visit_id", Reason::Malformed),
            ("search.query", Reason::Malformed),
        ],
    );
}

#[test]
fn violations_never_repeat_what_was_sent() {
    let secret = "ada.lovelace";
    let identifiers = ["EMAIL", "PHONE", "SSN"].map(|kind| proto::Identifier {
        kind: kind.into(),
        value: secret.into(),
        region: secret.into(),
    });
    let message = proto::Touchpoint {
        identifiers: identifiers.into(),
        channel: secret.into(),
        cost: Some(proto::Money { minor: Some(1), currency: secret.into() }),
        ..said(Said::Order(order()))
    };
    let (limits, strict) = (Limits::default(), Asks { strict: true, ..Asks::default() });
    let violations = touchpoint(message, &Path::root(), &Rules::default(), NOW, &limits, strict).unwrap_err();
    assert_eq!(violations.len(), 5);
    assert!(violations.iter().all(|v| !v.description.contains(secret) && !v.field.contains(secret)));
}

#[test]
fn what_is_required_is_never_taken_for_zero() {
    let answer = proto::SurveyAnswer { kind: 1, score: None, ..Default::default() };
    refused(said(Said::SurveyAnswer(answer)), &[("survey_answer.score", Reason::Required)]);
    let consent = proto::Consent { purpose: "newsletter".into(), given: None };
    refused(said(Said::Consent(consent)), &[("consent.given", Reason::Required)]);
    let amount = Some(proto::Money { minor: None, currency: "EUR".into() });
    let order_of_nothing = proto::Order { amount, ..order() };
    refused(said(Said::Order(order_of_nothing)), &[("order.amount.minor", Reason::Required)]);
    let lines = vec![proto::Line { quantity: None, ..line() }];
    refused(
        said(Said::Order(proto::Order { lines, ..order() })),
        &[("order.lines[0].quantity", Reason::Required)],
    );
    refused(
        proto::Touchpoint { version: -1, ..said(Said::Logout(proto::Logout {})) },
        &[("version", Reason::OutOfRange)],
    );
}

#[test]
fn a_small_message_with_very_many_wrong_fields_does_not_become_a_large_answer() {
    let lines = vec![proto::Line { quantity: Some(-1.0), ..Default::default() }; 1_000];
    let violations = parse(said(Said::Order(proto::Order { lines, ..order() }))).unwrap_err();
    assert_eq!(violations.len(), Limits::default().violations);
}
