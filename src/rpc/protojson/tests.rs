use super::*;
use crate::rpc::proto::{self, Touchpoint, touchpoint::Activity};

fn touchpoint(members: &str) -> Result<Touchpoint, Wrong> {
    read("Touchpoint", format!("{{\"source\":\"f\",{members}}}").as_bytes())
}

#[track_caller]
fn order(members: &str) -> proto::Order {
    match touchpoint(&format!("\"order\":{{{members}}}")).unwrap().activity {
        Some(Activity::Order(order)) => order,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_wrong(members: &str, path: &str, description: &str) {
    let wrong = touchpoint(members).unwrap_err();
    assert_eq!((wrong.path.as_str(), wrong.description.as_str()), (path, description));
}

#[test]
fn null_is_not_set() {
    let nulls = "\"location\":null,\"visitId\":null,\"identifiers\":null,\"traits\":null,\"attributes\":null,\
        \"cost\":null,\"handlingSeconds\":null,\"visit\":null,\"at\":null";
    let read =
        touchpoint(&format!("{nulls},\"order\":{{\"orderId\":\"A\",\"lines\":null,\"fulfilment\":null}}"));
    let expected = touchpoint("\"order\":{\"orderId\":\"A\"}").unwrap();
    assert_eq!(read, Ok(expected));
    check_wrong("\"identifiers\":[null]", "identifiers[0]", "expected a value, found null");
}

#[test]
fn whole_numbers_may_have_a_point_an_exponent_or_quotes() {
    for written in ["60", "60.0", "6e1", "\"60\"", "\"60.0\"", "\"6e1\""] {
        let read = touchpoint(&format!("\"handlingSeconds\":{written}")).unwrap();
        assert_eq!(read.handling_seconds, Some(60), "{written}");
    }
    let range = "expected a whole number from 0 to 4294967295, found";
    for (written, found) in [
        ("60.5", "a number with a fraction"),
        ("\"\"", "an empty text"),
        ("\" 60\"", "a text"),
        ("\"sixty\"", "a text"),
        ("-1", "one beyond"),
        ("1e30", "a number"),
        ("true", "true or false"),
        ("[60]", "a list"),
    ] {
        check_wrong(
            &format!("\"handlingSeconds\":{written}"),
            "handlingSeconds",
            &format!("{range} {found}"),
        );
    }
}

#[test]
fn amounts_are_exact_to_the_last_digit() {
    for (written, expected) in [
        ("9223372036854775807", i64::MAX),
        ("\"9223372036854775807\"", i64::MAX),
        ("1250.0", 1_250),
        ("\"-5\"", -5),
    ] {
        let amount = order(&format!("\"amount\":{{\"minor\":{written},\"currency\":null}}")).amount.unwrap();
        assert_eq!(amount.minor, Some(expected), "{written}");
    }
    // As floating-point it may have been another.
    assert!(touchpoint("\"cost\":{\"minor\":9007199254740994.0}").is_err());
    for written in ["12.5", "\"12,50\"", "\"1.250,00\""] {
        let wrong = touchpoint(&format!("\"cost\":{{\"minor\":{written}}}")).unwrap_err();
        assert_eq!(wrong.path, "cost.minor", "{written}");
    }
}

#[test]
fn enums_are_named_or_numbered() {
    let numbered = order("\"orderId\":null,\"fulfilment\":1");
    assert_eq!(numbered, order("\"fulfilment\":1.0"));
    assert_eq!(numbered.fulfilment, 1);
    let wrong = touchpoint("\"order\":{\"fulfilment\":\"FULFILMENT_DRONE\"}").unwrap_err();
    assert_eq!(wrong.path, "order.fulfilment");
    assert!(wrong.description.starts_with("expected one of FULFILMENT_"), "{}", wrong.description);
    assert!(wrong.description.ends_with("found a text"), "{}", wrong.description);
}

#[test]
fn both_spellings_name_a_member_and_no_third() {
    assert_eq!(touchpoint("\"source_id\":\"1\",\"visit_id\":null").unwrap().source_id, "1");
    check_wrong("\"sourceID\":\"1\"", "sourceID", "is no member of Touchpoint; did you mean sourceId?");
    check_wrong("\"Visit\":{}", "Visit", "is no member of Touchpoint; did you mean visit?");
    check_wrong("\"e_mail\":\"\"", "e_mail", "is no member of Touchpoint");
    check_wrong("\"sourceId\":\"1\",\"source_id\":\"2\"", "source_id", "is set twice");
    check_wrong("\"visit\":{},\"login\":{}", "login", "only one of its kind can be set, and visit is");
    check_wrong(
        "\"channel\":\"web\",\"channel\":\"web\"",
        "",
        "is no JSON: a member is written twice at column 39",
    );
}

#[test]
fn times_say_where_they_are() {
    let instant = "expected an instant such as 2026-01-31T10:00:00Z or 2026-01-31T11:00:00+01:00, found";
    check_wrong("\"at\":\"2026-01-01T10:00:00\"", "at", &format!("{instant} a time without a zone"));
    check_wrong("\"at\":\"2026-01-01 10:00:00\"", "at", &format!("{instant} a time without a zone"));
    check_wrong("\"at\":\"01/02/2026 10:00\"", "at", &format!("{instant} another text"));
    check_wrong("\"at\":1767261600", "at", &format!("{instant} a whole number"));
    let read = touchpoint("\"at\":\"2026-01-01T11:00:00.5+01:00\",\"location\":null").unwrap();
    assert_eq!(read.at.map(|at| (at.seconds, at.nanos)), Some((1_767_261_600, 500_000_000)));
}

#[test]
fn what_is_wrong_is_told_by_its_path_and_never_by_its_value() {
    check_wrong(
        "\"identifiers\":[{\"kind\":\"EMAIL\",\"value\":\"a@x.io\"},{\"kind\":\"PHONE\",\"value\":49171}]",
        "identifiers[1].value",
        "expected a text, which is written in quotes, found a whole number",
    );
    check_wrong(
        "\"attributes\":{\"a\":{\"integer\":\"secret\"}}",
        "attributes[\"a\"].integer",
        "expected a whole number from -9223372036854775808 to 9223372036854775807, found a text",
    );
    check_wrong("\"order\":[]", "order", "expected an object, found a list");
    let syntax = read::<Touchpoint>("Touchpoint", b"{\"source\":\"secret\"},").unwrap_err();
    assert_eq!(syntax.description, "is no JSON: trailing characters at column 20");
    let latin = read::<Touchpoint>("Touchpoint", b"{\"source\":\"J\xfcrgen\"}").unwrap_err();
    assert_eq!(latin.description, "is not UTF-8 from byte 13 of the line on: save the file as UTF-8");
}

#[test]
fn records_are_read_by_the_same_rules() {
    let text = br#"{"traffic":{"location":"Rome","entries":41.0,"interval":null}}"#;
    let record: proto::Record = read("Record", text).unwrap();
    let Some(proto::record::Record::Traffic(traffic)) = record.record else { panic!("traffic") };
    assert_eq!(traffic.entries, Some(41));
}

#[test]
fn bytes_are_read_in_both_alphabets() {
    assert_eq!(base64("-_8="), Some("+/8=".to_owned()));
    assert_eq!(base64("-_8"), Some("+/8=".to_owned()));
    assert_eq!(base64("+/8="), Some("+/8=".to_owned()));
    assert_eq!(base64("!"), None);
}
