//! What is printed.

use std::collections::BTreeMap;

use super::*;
use crate::codec::json::{self, Options};

fn info() -> Info {
    Info {
        id: -12,
        name: "tea".into(),
        tags: vec!["a".into(), String::new(), "\"é\"\n\u{1}\u{7f}".into()],
        price: 0.1,
        attrs: [("k".into(), "v".into()), ("a\\".into(), "/".into())].into(),
        updated_at: Some(prost_types::Timestamp {
            seconds: 0,
            nanos: 0,
        }),
    }
}

#[test]
fn prints_messages() {
    let info = info();
    assert_eq!(
        json::to_string(&info).as_deref(),
        Ok(concat!(
            r#"{"id":"-12","name":"tea","tags":["a","","\"é\"\n\u0001"#,
            "\u{7f}",
            r#""],"price":0.1,"attrs":{"a\\":"/","k":"v"},"updatedAt":"1970-01-01T00:00:00Z"}"#
        ))
    );
    assert_eq!(json::to_string(&Info::default()).as_deref(), Ok("{}"));
    let order = Order {
        info: Some(Info::default()),
        infos: vec![Info::default(), info],
        by_id: [(-1, Info::default()), (2, Info::default())].into(),
        color: -2,
        colors: vec![0, 1, 9],
        flags: [(true, 1), (false, 0)].into(),
        data: vec![0xfb, 0xff].into(),
        count: Some(0),
        ratio: 0.1,
        wide: Some(u64::MAX),
        done: true,
        value: Some(prost_types::Value {
            kind: Some(prost_types::value::Kind::NumberValue(1e21)),
        }),
        fields: Some(prost_types::Struct {
            fields: [("".into(), prost_types::value::Kind::NullValue(0))]
                .map(|(key, kind): (String, _)| (key, prost_types::Value { kind: Some(kind) }))
                .into(),
        }),
        empty: Some(()),
        blob: Some(Vec::new()),
        any: Some(prost_types::Any::default()),
        pay: Some(order::Pay::Cash(0)),
    };
    assert_eq!(
        json::to_string(&order).as_deref(),
        Ok(concat!(
            r#"{"info":{},"infos":[{},{"id":"-12","name":"tea","tags":["a","","\"é\"\n\u0001"#,
            "\u{7f}",
            r#""],"price":0.1,"attrs":{"a\\":"/","k":"v"},"updatedAt":"1970-01-01T00:00:00Z"}],"#,
            r#""byId":{"-1":{},"2":{}},"color":"BLUE","colors":["RED","GREEN",9],"#,
            r#""flags":{"false":"RED","true":"GREEN"},"data":"+/8=","count":0,"ratio":0.1,"#,
            r#""wide":"18446744073709551615","done":true,"any":{},"value":1e+21,"fields":{"":null},"#,
            r#""empty":{},"aNameThatIsTooLongForThePreparedKey":"","cash \"money\"":0}"#
        ))
    );
}

#[test]
fn prints_the_set_member_of_a_oneof_even_if_zero() {
    let cases = [
        (order::Pay::Card(String::new()), r#"{"card":""}"#),
        (order::Pay::Cash(0), r#"{"cash \"money\"":0}"#),
        (order::Pay::Node(Box::default()), r#"{"node":{}}"#),
        (order::Pay::Nothing(0), r#"{"nothing":null}"#),
    ];
    for (pay, expected) in cases {
        let order = Order {
            pay: Some(pay),
            ..Order::default()
        };
        assert_eq!(json::to_string(&order).as_deref(), Ok(expected));
    }
}

#[test]
fn options_change_the_output() {
    let order = Order {
        color: 1,
        by_id: BTreeMap::from([(1, Info::default())]),
        ..Order::default()
    };
    assert_eq!(
        Options::new().enums_as_ints().to_string(&order).as_deref(),
        Ok(r#"{"byId":{"1":{}},"color":1}"#)
    );
    assert_eq!(
        Options::new().proto_names().to_string(&order).as_deref(),
        Ok(r#"{"by_id":{"1":{}},"color":"GREEN"}"#)
    );
    assert_eq!(
        Options::new()
            .emit_defaults()
            .to_string(&Order::default())
            .as_deref(),
        Ok(concat!(
            r#"{"infos":[],"byId":{},"color":"RED","colors":[],"flags":{},"data":"","#,
            r#""ratio":0,"done":false}"#
        ))
    );
    assert_eq!(
        json::to_string(&Legacy::default()).as_deref(),
        Ok(r#"{"sku":0,"color":"RED"}"#)
    );
}

#[test]
fn prints_the_shortest_floats() {
    let doubles = [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (0.001, "0.001"),
        (349.99, "349.99"),
        (123456.789, "123456.789"),
        (0.000_1, "0.0001"),
        (0.000_01, "0.00001"),
        (0.000_001, "1e-6"),
        (0.3, "0.3"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1.0 / 3.0, "0.3333333333333333"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1000000000000000"),
        (1e16, "1e+16"),
        (9_007_199_254_740_993.0, "9007199254740992"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (5e-324, "5e-324"),
        (f64::NAN, "\"NaN\""),
        (f64::INFINITY, "\"Infinity\""),
        (f64::NEG_INFINITY, "\"-Infinity\""),
    ];
    for (value, expected) in doubles {
        assert_eq!(json::to_string(&value).as_deref(), Ok(expected));
    }
    let floats = [
        (0.1f32, "0.1"),
        (16_777_216.0, "16777216"),
        (3.402_823e38, "3.402823e+38"),
        (1.175_494e-38, "1.175494e-38"),
        (f32::MAX, "3.4028235e+38"),
        (1.0 / 3.0, "0.33333334"),
        (-2.5, "-2.5"),
        (8_388_608.5, "8388608"),
        (f32::NAN, "\"NaN\""),
    ];
    for (value, expected) in floats {
        assert_eq!(json::to_string(&value).as_deref(), Ok(expected));
    }
}

#[test]
fn printing_stops_at_the_same_depth_as_reading() {
    let chain = |levels: usize| {
        (1..levels).fold(Node::default(), |node, _| Node {
            next: Some(Box::new(node)),
            depth: 0,
        })
    };
    assert!(json::to_string(&chain(101)).is_ok());
    let error = json::to_string(&chain(102)).expect_err("too deep");
    assert_eq!(error.message(), "the message is nested more than 100 deep");
    assert_eq!(error.offset(), None);
    assert!(error.path().starts_with("next.next."));
}

#[test]
fn a_failed_append_leaves_the_buffer_as_it_was() {
    let mut out = b"before".to_vec();
    let bad = Info {
        name: "x".into(),
        updated_at: Some(prost_types::Timestamp {
            seconds: 0,
            nanos: -1,
        }),
        ..Info::default()
    };
    let error = Options::new().append(&bad, &mut out).expect_err("nanos");
    assert_eq!(
        error.to_string(),
        "updatedAt: timestamp {seconds: 0, nanos: -1} is not within the years 1 to 9999"
    );
    assert_eq!(out, b"before");
    assert_eq!(Options::new().append(&7i32, &mut out), Ok(()));
    assert_eq!(out, b"before7");
}
