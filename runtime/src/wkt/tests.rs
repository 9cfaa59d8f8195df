//! The JSON forms of the well-known types.

use std::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::codec::json::{Options, Result};

/// Reads `text` strictly and prints what came of it.
fn round<M: json::Message + Default>(text: &str) -> Result<String> {
    let options = Options::new()
        .strict()
        .types(json::Types::of([descriptors()]));
    let message: M = options.from_slice(text.as_bytes())?;
    options.to_string(&message)
}

/// Checks that each text reads as a message that prints as the second; `None`: does not read.
#[track_caller]
fn check<M: json::Message + Default>(cases: &[(&str, std::option::Option<&str>)]) {
    for (text, expected) in cases {
        assert_eq!(round::<M>(text).ok().as_deref(), *expected, "{text}");
    }
}

/// Checks that reading `text` fails with `expected`.
#[track_caller]
fn check_error<M: json::Message + Default + Debug>(text: &str, expected: &str) {
    let error = round::<M>(text).expect_err(text);
    assert_eq!(error.to_string(), expected, "{text}");
}

#[test]
fn timestamps() {
    let same = |text| (text, Some(text));
    check::<Timestamp>(&[
        same(r#""1970-01-01T00:00:00Z""#),
        same(r#""0001-01-01T00:00:00Z""#),
        same(r#""9999-12-31T23:59:59.999999999Z""#),
        same(r#""1969-12-31T23:59:59.999999999Z""#),
        same(r#""2000-02-29T12:34:56.100Z""#),
        same(r#""1900-03-01T00:00:00.000001Z""#),
        same(r#""2024-02-29T00:00:00.000000001Z""#),
        (
            r#""1970-01-01T00:00:00.1Z""#,
            Some(r#""1970-01-01T00:00:00.100Z""#),
        ),
        (
            r#""1970-01-01T00:00:00.000000000Z""#,
            Some(r#""1970-01-01T00:00:00Z""#),
        ),
        (
            r#""1970-01-01T00:00:00.000010Z""#,
            Some(r#""1970-01-01T00:00:00.000010Z""#),
        ),
        (
            r#""1970-01-01T00:00:00-11:30""#,
            Some(r#""1970-01-01T11:30:00Z""#),
        ),
        (
            r#""1970-01-01T00:00:00.5+23:59""#,
            Some(r#""1969-12-31T00:01:00.500Z""#),
        ),
        (
            r#""9999-12-31T23:59:59+00:01""#,
            Some(r#""9999-12-31T23:58:59Z""#),
        ),
        (
            r#""0000-12-31T23:59:59-00:01""#,
            Some(r#""0001-01-01T00:00:59Z""#),
        ),
        (
            r#""1970-01-01\u005400:00:00Z""#,
            Some(r#""1970-01-01T00:00:00Z""#),
        ),
        (r#""0001-01-01T00:00:00+00:01""#, None),
        (r#""9999-12-31T23:59:59-00:01""#, None),
        (r#""0000-01-01T00:00:00Z""#, None),
        (r#""10000-01-01T00:00:00Z""#, None),
        (r#""999-01-01T00:00:00Z""#, None),
        (r#""-001-01-01T00:00:00Z""#, None),
        (r#""1970-00-01T00:00:00Z""#, None),
        (r#""1970-13-01T00:00:00Z""#, None),
        (r#""1970-01-00T00:00:00Z""#, None),
        (r#""1970-04-31T00:00:00Z""#, None),
        (r#""1900-02-29T00:00:00Z""#, None),
        (r#""2001-02-29T00:00:00Z""#, None),
        (r#""1970-01-01T24:00:00Z""#, None),
        (r#""1970-01-01T00:60:00Z""#, None),
        (r#""1970-01-01T00:00:60Z""#, None),
        (r#""1970-01-01t00:00:00Z""#, None),
        (r#""1970-01-01T00:00:00z""#, None),
        (r#""1970-01-01 00:00:00Z""#, None),
        (r#""1970-01-01T00:00:00""#, None),
        (r#""1970-01-01T00:00:00.Z""#, None),
        (r#""1970-01-01T00:00:00,5Z""#, None),
        (r#""1970-01-01T00:00:00.1234567890Z""#, None),
        (r#""1970-01-01T00:00:00.12aZ""#, None),
        (r#""1970-01-01T00:00:00ZZ""#, None),
        (r#""1970-01-01T00:00:00+0800""#, None),
        (r#""1970-01-01T00:00:00+8:00""#, None),
        (r#""1970-01-01T00:00:00+24:00""#, None),
        (r#""1970-01-01T00:00:00+00:60""#, None),
        (r#""1970-01-01T00:00:00+-1:00""#, None),
        (r#""1970-1-01T00:00:00Z""#, None),
        (r#""1970-01-01T0:00:00Z""#, None),
        (r#""1970-01-01T00:00Z""#, None),
        (r#"" 1970-01-01T00:00:00Z""#, None),
        (r#""１970-01-01T00:00:00Z""#, None),
        (r#""""#, None),
        ("0", None),
        ("null", None),
    ]);
    check_error::<Timestamp>(
        r#""yesterday""#,
        r#"expected a timestamp like "2006-01-02T15:04:05Z", found "yesterday" at line 1 column 1"#,
    );
    for (seconds, nanos) in [
        (-62_135_596_801, 0),
        (253_402_300_800, 0),
        (0, -1),
        (0, 1_000_000_000),
        (i64::MIN, 0),
        (i64::MAX, i32::MIN),
    ] {
        assert!(json::to_string(&Timestamp { seconds, nanos }).is_err());
    }
}

#[test]
fn durations() {
    let same = |text| (text, Some(text));
    check::<Duration>(&[
        same(r#""0s""#),
        same(r#""1s""#),
        same(r#""-1.500s""#),
        same(r#""-0.000000001s""#),
        same(r#""315576000000.999999999s""#),
        same(r#""-315576000000.999999999s""#),
        (r#""-0.5s""#, Some(r#""-0.500s""#)),
        (r#""-0s""#, Some(r#""0s""#)),
        (r#""1.010000000s""#, Some(r#""1.010s""#)),
        (r#""0000000001s""#, Some(r#""1s""#)),
        (r#""315576000001s""#, None),
        (r#""-315576000001.000000000s""#, None),
        (r#""1""#, None),
        (r#""1S""#, None),
        (r#""1ss""#, None),
        (r#""s""#, None),
        (r#""-s""#, None),
        (r#"".5s""#, None),
        (r#""1.s""#, None),
        (r#""+1s""#, None),
        (r#""--1s""#, None),
        (r#""1.-5s""#, None),
        (r#""1 s""#, None),
        (r#""1e3s""#, None),
        (r#""13h""#, None),
        (r#""1.1234567890s""#, None),
        (r#""99999999999999999999999999s""#, None),
        (r#""""#, None),
        ("1", None),
        ("null", None),
    ]);
    for (seconds, nanos) in [
        (315_576_000_001, 0),
        (-315_576_000_001, 0),
        (1, -1),
        (-1, 1),
        (0, 1_000_000_000),
        (0, -1_000_000_000),
        (i64::MIN, i32::MIN),
    ] {
        assert!(json::to_string(&Duration { seconds, nanos }).is_err());
    }
}

#[test]
fn field_masks() {
    let same = |text| (text, Some(text));
    check::<FieldMask>(&[
        same(r#""""#),
        same(r#""foo""#),
        same(r#""foo.barBaz,qux,a1.b2""#),
        (r#""foo,bar_bar""#, None),
        (r#""foo,,bar""#, None),
        (r#"",""#, None),
        (r#""foo bar""#, None),
        (r#""é""#, None),
        ("[]", None),
        ("null", None),
    ]);
    let mask = |path: &str| FieldMask {
        paths: vec![path.into()],
    };
    let read: Result<FieldMask> = json::from_slice(br#""fooBar.bAZ""#);
    assert_eq!(read, Ok(mask("foo_bar.b_a_z")));
    for path in [
        "fooBar",
        "foo_3_bar",
        "foo__bar",
        "foo_",
        "_",
        "a,b",
        "a:b",
        "é",
        "",
    ] {
        assert!(json::to_string(&mask(path)).is_err(), "{path}");
    }
}

#[test]
fn structs_and_values() {
    let same = |text| (text, Some(text));
    check::<Value>(&[
        same("null"),
        same("true"),
        same("-1.5"),
        same(r#""1""#),
        same("[]"),
        same("{}"),
        same(r#"{"":[null,{"a":{"b":[0]}},"x"],"é\n":false}"#),
        (" [ 1 , 2.0 ] ", Some("[1,2]")),
        (r#"{"a":1,"a":2}"#, Some(r#"{"a":2}"#)),
        ("1e309", None),
        ("NaN", None),
        ("", None),
    ]);
    check::<Struct>(&[
        same("{}"),
        same(r#"{"a":null}"#),
        ("[]", None),
        ("null", None),
    ]);
    check::<ListValue>(&[same("[]"), same("[null,[]]"), ("{}", None), ("null", None)]);
    check_error::<Struct>(
        r#"{"a":[{"b":tru}]}"#,
        r#"["a"][0]["b"]: expected a value, found tru at line 1 column 12"#,
    );
    for number in [f64::NAN, f64::INFINITY] {
        let kind = Some(value::Kind::NumberValue(number));
        assert!(json::to_string(&Value { kind }).is_err());
    }
    assert!(json::to_string(&Value { kind: None }).is_err());
}

#[test]
fn wrappers_and_empty() {
    check::<i64>(&[
        ("1", Some("\"1\"")),
        ("\"1\"", Some("\"1\"")),
        ("null", None),
    ]);
    check::<u64>(&[("0", Some("\"0\"")), ("{\"value\":1}", None)]);
    check::<i32>(&[("1e1", Some("10")), ("true", None)]);
    check::<u32>(&[("7", Some("7")), ("-7", None)]);
    check::<f32>(&[("0.1", Some("0.1")), ("\"NaN\"", Some("\"NaN\""))]);
    check::<f64>(&[("1.0", Some("1")), ("[]", None)]);
    check::<bool>(&[
        ("true", Some("true")),
        ("false", Some("false")),
        ("0", None),
    ]);
    check::<String>(&[("\"a\"", Some("\"a\"")), ("1", None)]);
    check::<Vec<u8>>(&[("\"AQI\"", Some("\"AQI=\"")), ("\"A\"", None)]);
    check::<bytes::Bytes>(&[("\"-_\"", Some("\"+w==\""))]);
    check::<()>(&[("{}", Some("{}")), ("[]", None), ("{\"a\":1}", None)]);
}

#[test]
fn anys() {
    let same = |text| (text, Some(text));
    check::<Any>(&[
        same("{}"),
        same(r#"{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"}"#),
        same(r#"{"@type":"x/google.protobuf.Int64Value","value":"0"}"#),
        same(r#"{"@type":"/google.protobuf.Value","value":null}"#),
        same(r#"{"@type":"a/google.protobuf.Empty"}"#),
        same(
            r#"{"@type":"a/google.protobuf.Any","value":{"@type":"b/google.protobuf.StringValue","value":"x"}}"#,
        ),
        same(r#"{"@type":"a/google.protobuf.Any","value":{}}"#),
        (
            r#"{ "value" : { "@type" : 1 } , "@type" : "a/google.protobuf.Struct" }"#,
            Some(r#"{"@type":"a/google.protobuf.Struct","value":{"@type":1}}"#),
        ),
        (
            r#"{"@type":"a/google.protobuf.Empty","value":{}}"#,
            Some(r#"{"@type":"a/google.protobuf.Empty"}"#),
        ),
        // A SourceContext has no form of its own: its fields stand beside the type.
        same(r#"{"@type":"a/google.protobuf.SourceContext","fileName":"x"}"#),
        (
            r#"{"file_name":"x","\u0040type":"a/google.protobuf.SourceContext"}"#,
            Some(r#"{"@type":"a/google.protobuf.SourceContext","fileName":"x"}"#),
        ),
        (
            r#"{"@type":"a/google.protobuf.SourceContext","value":{}}"#,
            None,
        ),
        (
            r#"{"@type":"a/google.protobuf.SourceContext","fileName":1}"#,
            None,
        ),
        (r#"{"@type":"","value":""}"#, None),
        (r#"{"@type":"not_a_url","value":""}"#, None),
        (r#"{"@type":"google.protobuf.Duration","value":"1s"}"#, None),
        (r#"{"@type":"a/no.such.Type","x":1}"#, None),
        (r#"{"@type":"a/google.protobuf.Duration"}"#, None),
        (
            r#"{"@type":"a/google.protobuf.Duration","value":"1s","x":1}"#,
            None,
        ),
        (r#"{"@type":"a/google.protobuf.Empty","x":1}"#, None),
        (r#"{"@type":null}"#, None),
        (r#"{"value":1}"#, None),
        (r#"{"@type":"a/google.protobuf.Empty""#, None),
        ("null", None),
        ("[]", None),
    ]);
    check_error::<Any>(
        r#"{"@type":"a/google.protobuf.Any","value":{"@type":"b/google.protobuf.Duration","value":1}}"#,
        r#"value.value: expected a string, found 1 at line 1 column 88"#,
    );
    check_error::<Any>(
        r#"{"@type":"a/b.C"}"#,
        r#"the type "b.C" of an Any is not known here at line 1 column 1"#,
    );
}

#[test]
fn anys_that_hold_no_valid_message_are_not_printed() {
    let any = |type_url: &str, value: &[u8]| Any {
        type_url: type_url.into(),
        value: value.into(),
    };
    let print = |any: &Any| json::to_string(any).map_err(|error| error.to_string());
    assert_eq!(
        print(&any("", b"x")),
        Err(r#""" is not a type URL: it has no `/`"#.into())
    );
    let error = print(&any("a/google.protobuf.Duration", b"\x08")).expect_err("cut short");
    assert!(
        error.starts_with("the Any does not hold a valid google.protobuf.Duration: "),
        "{error}"
    );
    // A duration of 2^62 seconds.
    let far = print(&any(
        "a/google.protobuf.Duration",
        b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40",
    ));
    assert!(far.is_err_and(|error| error.starts_with("duration {seconds: 4611686018427387904,")));

    // Nested in bytes, deeper than any stack: refused, not followed.
    let mut nested = any("", b"");
    for _ in 0..5_000 {
        nested = any(
            "a/google.protobuf.Any",
            &prost::Message::encode_to_vec(&nested),
        );
    }
    let error = print(&nested).expect_err("too deep");
    assert!(error.contains("nested more than 100 deep"), "{error}");
}

#[test]
fn a_registry_has_the_types_of_all_imported_packages() {
    // Two packages that import one another.
    fn left() -> &'static Package {
        static PACKAGE: Package = Package {
            name: "left",
            files: &[],
            types: &[json::Type::of::<Struct>("left.Thing")],
            imports: &[right, descriptors],
        };
        &PACKAGE
    }
    fn right() -> &'static Package {
        static PACKAGE: Package = Package {
            name: "right",
            files: &[],
            types: &[json::Type::of::<()>("right.Nothing")],
            imports: &[left],
        };
        &PACKAGE
    }
    let types = json::Types::of([left()]);
    let names = [
        "left.Thing",
        "right.Nothing",
        "google.protobuf.Duration",
        "left.Other",
    ];
    let found = names.map(|name| types.get(name).map(|ty| ty.name()));
    assert_eq!(
        found,
        [
            Some("left.Thing"),
            Some("right.Nothing"),
            Some("google.protobuf.Duration"),
            None
        ]
    );
    let options = Options::new().strict().types(types);
    let text = r#"{"@type":"x/right.Nothing"}"#;
    let any: Any = options.from_slice(text.as_bytes()).expect("a known type");
    assert_eq!(options.to_string(&any).as_deref(), Ok(text));
    assert!(json::to_string(&any).is_err());
}

proptest! {
    #[test]
    fn times_survive(seconds in -62_135_596_800i64..=253_402_300_799, nanos in 0..1_000_000_000i32) {
        let time = Timestamp { seconds, nanos };
        let printed = json::to_string(&time)?;
        prop_assert_eq!(json::from_slice::<Timestamp>(printed.as_bytes())?, time);
        // Prost prints without the quotes, and reads the same calendar.
        let theirs: std::result::Result<Timestamp, _> = printed.trim_matches('"').parse();
        prop_assert_eq!(theirs, Ok(time));
    }

    #[test]
    fn durations_survive(seconds in -315_576_000_000i64..=315_576_000_000, nanos in 0..1_000_000_000i32) {
        let nanos = if seconds < 0 { -nanos } else { nanos };
        let duration = Duration { seconds, nanos };
        let printed = json::to_string(&duration)?;
        prop_assert_eq!(json::from_slice::<Duration>(printed.as_bytes())?, duration);
    }

    #[test]
    fn no_text_makes_a_form_panic(text in "[-+.:,TZsa-c0-9_é]{0,30}") {
        let quoted = format!("\"{text}\"");
        let _ = json::from_slice::<Timestamp>(quoted.as_bytes());
        let _ = json::from_slice::<Duration>(quoted.as_bytes());
        let _ = json::from_slice::<Vec<u8>>(quoted.as_bytes());
        if let Ok(mask) = json::from_slice::<FieldMask>(quoted.as_bytes()) {
            prop_assert_eq!(json::to_string(&mask)?, quoted);
        }
    }
}
