//! What is read, and what is refused with which words.

use prost_types::{NullValue, Value, value::Kind};

use super::*;
use crate::codec::json::{self, Options};

fn strict<M: json::Message + Default>(text: &str) -> Result<M, String> {
    let read = Options::new().strict().from_slice(text.as_bytes());
    read.map_err(|error| error.to_string())
}

fn lenient<M: json::Message + Default>(text: &str) -> Result<M, String> {
    let read = Options::new().from_slice(text.as_bytes());
    read.map_err(|error| error.to_string())
}

fn order(text: &str) -> Result<Order, String> {
    strict(text)
}

/// The message of the error that reading `text` gives.
fn fault(text: &str) -> String {
    order(text).expect_err(text)
}

#[test]
fn finds_fields_in_any_order_by_both_names_and_through_escapes() {
    let expected = Order {
        by_id: [(1, Info::default())].into(),
        count: Some(5),
        done: true,
        ..Order::default()
    };
    for text in [
        r#"{"byId":{"1":{}},"count":5,"done":true}"#,
        r#"{"done":true,"count":5,"by_id":{"1":{}}}"#,
        " { \"count\" : 5 ,\n\t\"by\\u0049d\":\r{ \"1\" : { } } , \"done\" : true } ",
    ] {
        assert_eq!(order(text).as_ref(), Ok(&expected), "{text}");
    }
}

/// So many that an index of the names is made.
#[test]
fn finds_fields_among_many_unknown_members() {
    let unknown: String = (0..500).map(|nth| format!(r#""by{nth}":{{}},"#)).collect();
    let expected = Order {
        by_id: [(1, Info::default())].into(),
        count: Some(5),
        done: true,
        ..Order::default()
    };
    for known in [
        r#""done":true,"count":5,"by_id":{"1":{}}"#,
        r#""count":5,"byId":{"1":{}},"done":true"#,
    ] {
        let text = format!("{{{unknown}{known}}}");
        assert_eq!(lenient(&text).as_ref(), Ok(&expected), "{known}");
        let after = format!("{{{known},{}}}", unknown.trim_end_matches(','));
        assert_eq!(lenient(&after).as_ref(), Ok(&expected), "{known}");
    }
}

#[test]
fn names_the_field_and_the_place_of_an_error() {
    let cases = [
        (
            r#"{"info":{"price":"x"}}"#,
            r#"info.price: expected a number, found "x" at line 1 column 18"#,
        ),
        (
            "{\"info\":\n  {\"tags\":[\"a\",\"b\",7]}}",
            "info.tags[2]: expected a string, found 7 at line 2 column 20",
        ),
        (
            r#"{"infos":[{},{"attrs":{"é\"":[]}}]}"#,
            r#"infos[1].attrs["é\""]: expected a string, found an array at line 1 column 30"#,
        ),
        (
            r#"{"byId":{"7":{"id":{}}}}"#,
            "byId[7].id: expected a number, found an object at line 1 column 20",
        ),
        (
            r#"{"count":2147483648}"#,
            "count: 2147483648 is out of range for int32 at line 1 column 10",
        ),
        (
            r#"{"wide":-1}"#,
            "wide: -1 is out of range for uint64 at line 1 column 9",
        ),
        (
            r#"{"count":0.5}"#,
            "count: 0.5 is not an integer at line 1 column 10",
        ),
        (
            r#"{"wide":"1e536870000"}"#,
            r#"wide: "1e536870000" is out of range at line 1 column 9"#,
        ),
        (
            r#"{"info":{"nope":1}}"#,
            r#"info: unknown field "nope" at line 1 column 10"#,
        ),
        (
            r#"{"color":"red"}"#,
            r#"color: unknown enum value "red" at line 1 column 10"#,
        ),
        (
            r#"{"color":true}"#,
            "color: expected an enum name or number, found true at line 1 column 10",
        ),
        (
            r#"{"done":"true"}"#,
            r#"done: expected true or false, found "true" at line 1 column 9"#,
        ),
        (
            r#"{"flags":{"1":0}}"#,
            r#"flags: expected the key "true" or "false", found "1" at line 1 column 11"#,
        ),
        (
            r#"{"data":"a*"}"#,
            r#"data: expected base64, found "a*" at line 1 column 9"#,
        ),
        (
            r#"{"card":"x","node":{}}"#,
            "node: another member of this oneof is set already at line 1 column 20",
        ),
        ("null", "expected an object, found null at line 1 column 1"),
        (
            "",
            "expected an object, found the end of the text at line 1 column 1",
        ),
        (
            "{} x",
            "expected the end of the text, found x at line 1 column 4",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn gives_the_parts_of_an_error() {
    let error = json::from_slice::<Order>(b"{\n\"info\":{\"id\":[]}}").expect_err("a list");
    assert_eq!(
        (error.path(), error.message()),
        ("info.id", "expected a number, found an array")
    );
    assert_eq!(
        (error.offset(), error.line(), error.column()),
        (Some(15), Some(2), Some(14))
    );
}

#[test]
fn refuses_text_that_is_not_json() {
    let texts = [
        "{",
        "}",
        "{,}",
        "{\"done\"}",
        "{\"done\":}",
        "{\"done\":true,}",
        "{\"done\":true,,}",
        "{\"done\":true \"count\":1}",
        "{'done':true}",
        "{done:true}",
        "{\"done\":True}",
        "{\"done\":tru}",
        "{\"done\":true}}",
        "{\"done\":true};",
        "[{}]",
        "// x\n{}",
        "{}/**/",
        "\u{feff}{}",
        "{\"count\":01}",
        "{\"count\":+1}",
        "{\"count\":1.}",
        "{\"count\":.5}",
        "{\"count\":1e}",
        "{\"count\":1e+}",
        "{\"count\":-}",
        "{\"count\":0x1}",
        "{\"count\":1_0}",
        "{\"count\":-01}",
        "{\"count\":NaN}",
        "{\"ratio\":1.0.0}",
        "{\"ratio\":Infinity}",
        "{\"ratio\":-}",
        "{\"ratio\":00}",
        "{\"ratio\":1f}",
        "{\"card\":\"a\nb\"}",
        "{\"card\":\"a\tb\"}",
        "{\"card\":\"\u{1f}\"}",
        "{\"card\":\"\\x\"}",
        "{\"card\":\"\\u12\"}",
        "{\"card\":\"\\u12g4\"}",
        "{\"card\":\"\\ud800\"}",
        "{\"card\":\"\\udc00\"}",
        "{\"card\":\"\\ud800x\"}",
        "{\"card\":\"\\ud800\\n\"}",
        "{\"card\":\"\\ud800\\ud800\"}",
        "{\"card\":\"\\udc00\\ud800\"}",
        "{\"card\":\"a",
        "{\"card\":\"\\",
        "{\"card\":\"\\\"",
        "{\"colors\":[0,]}",
        "{\"colors\":[,0]}",
        "{\"colors\":[0 0]}",
        "{\"colors\":[0",
        "{\"colors\":0}",
        "{\"byId\":[]}",
        "{\"byId\":{1:{}}}",
        "{\"byId\":{null:{}}}",
        "{\"byId\":{\"1\" {}}}",
        "{\"byId\":{\"1\":null}}",
        "{\"colors\":[null]}",
        "{\"infos\":[null]}",
        "{\"byId\":{\"\":{}}}",
        "{\"byId\":{\" 1\":{}}}",
        "{\"count\":\"\"}",
        "{\"count\":\" 1\"}",
        "{\"count\":\"1 \"}",
        "{\"count\":\"+1\"}",
        "{\"count\":\"01\"}",
        "{\"count\":\"0x1\"}",
        "{\"ratio\":\"\"}",
        "{\"ratio\":\" 1\"}",
        "{\"ratio\":\"nan\"}",
        "{\"ratio\":\"inf\"}",
        "{\"ratio\":\"+1\"}",
        "{\"ratio\":\".5\"}",
        "{\"ratio\":3.5e38}",
        "{\"ratio\":\"-3.5e38\"}",
        "{\"ratio\":true}",
        "{\"ratio\":[1]}",
    ];
    for text in texts {
        assert!(order(text).is_err(), "{text}");
    }
    assert_eq!(
        json::from_slice::<Order>(b"{\"card\":\"\xff\"}").map_err(|error| error.to_string()),
        Err("the text is not UTF-8 at line 1 column 10".into())
    );
}

#[test]
fn reads_strings_and_escapes() {
    let cases = [
        (r#""""#, ""),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u8C37\u6b4c\u0000""#, "谷歌\0"),
        (r#""\ud83d\uDE01x""#, "😁x"),
        (
            r#""谷歌 😁 \u0041 a long one, with \"quotes\" in it""#,
            "谷歌 😁 A a long one, with \"quotes\" in it",
        ),
        ("\"\u{7f}\u{80}\"", "\u{7f}\u{80}"),
        (r#""1234567""#, "1234567"),
        (r#""12345678""#, "12345678"),
        (r#""123456789012345""#, "123456789012345"),
        (r#""1234567890123456""#, "1234567890123456"),
        (
            r#""!#[]~ 12345678901234567890""#,
            "!#[]~ 12345678901234567890",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(strict::<String>(text).as_deref(), Ok(expected), "{text}");
        let padded = format!(" {text}                     ");
        assert_eq!(
            strict::<String>(&padded).as_deref(),
            Ok(expected),
            "{padded}"
        );
    }
}

#[test]
fn reads_integers_exactly() {
    let cases = [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("0e99999999999999999999", Some(0)),
        ("\"7\"", Some(7)),
        ("\"\\u0037\"", Some(7)),
        ("1e5", Some(100_000)),
        ("1.5e1", Some(15)),
        ("15000e-3", Some(15)),
        ("100000.000", Some(100_000)),
        ("9007199254740993", Some(9_007_199_254_740_993)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("\"-9223372036854775808\"", Some(i64::MIN)),
        ("-9.223372036854775808e18", Some(i64::MIN)),
        ("9223372036854775807.0000000000000000000000", Some(i64::MAX)),
        ("922337203685477580.7e1", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("18446744073709551616", None),
        ("99999999999999999999999", None),
        ("1e19", None),
        ("1e99999999999999999999", None),
        ("1e-1", None),
        ("1e-99999999999999999999", None),
        ("10.01", None),
        ("true", None),
        ("null", None),
    ];
    for (text, expected) in cases {
        assert_eq!(strict::<i64>(text).ok(), expected, "{text}");
    }
    assert_eq!(
        strict("18446744073709549568"),
        Ok(18_446_744_073_709_549_568u64)
    );
    assert_eq!(strict("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(strict("4294967295"), Ok(u32::MAX));
    assert_eq!(strict::<u32>("4294967296").ok(), None);
    assert_eq!(strict("-0"), Ok(0u32));
    assert_eq!(strict("-2147483648.0"), Ok(i32::MIN));
    assert_eq!(strict::<i32>("-2147483649").ok(), None);
}

#[test]
fn reads_floats() {
    let cases = [
        ("0", Some(0.0)),
        ("1", Some(1.0)),
        ("-349.99", Some(-349.99)),
        ("0.1", Some(0.1)),
        ("123456789012345", Some(123_456_789_012_345.0)),
        ("1234567.89012345", Some(1_234_567.890_123_45)),
        ("12345678.90123456789", Some(12_345_678.901_234_568)),
        ("9007199254740993", Some(9_007_199_254_740_992.0)),
        ("1.7976931348623157e308", Some(f64::MAX)),
        ("5e-324", Some(5e-324)),
        ("1e-400", Some(0.0)),
        ("\"1.5\"", Some(1.5)),
        ("\"-Infinity\"", Some(f64::NEG_INFINITY)),
        ("1.8e308", None),
        ("\"1e309\"", None),
        ("1.", None),
        ("-", None),
        ("00", None),
        ("1,5", None),
    ];
    for (text, expected) in cases {
        assert_eq!(strict::<f64>(text).ok(), expected, "{text}");
    }
    assert!(strict::<f64>("-0").is_ok_and(|zero| zero == 0.0 && zero.is_sign_negative()));
    assert!(strict::<f64>("\"NaN\"").is_ok_and(f64::is_nan));
    assert_eq!(strict("16777217"), Ok(16_777_216f32));
    // Through a double this would be rounded twice, to 1.0000001.
    assert_eq!(strict("1.00000005960464477539063"), Ok(1.000_000_1f32));
    assert_eq!(strict("1.00000005960464477539062"), Ok(1f32));
}

#[test]
fn reads_enums_by_name_alias_and_number() {
    let read = order(r#"{"color":"LIME","colors":["RED",1,"BLUE",-7,"GREEN"],"flags":{"true":1}}"#);
    let expected = Order {
        color: 1,
        colors: vec![0, 1, -2, -7, 1],
        flags: [(true, 1)].into(),
        ..Order::default()
    };
    assert_eq!(read, Ok(expected));
    assert_eq!(
        fault(r#"{"color":4294967296}"#),
        "color: 4294967296 is out of range for an enum at line 1 column 10"
    );
    assert!(order(r#"{"color":"1"}"#).is_err());
}

#[test]
fn lenient_reading_drops_what_it_does_not_know() {
    let text = r#"{"x":{"a":[1,"\n",{}],"b":null},"color":"PINK","colors":["RED","PINK","GREEN"],
        "flags":{"true":"PINK","false":"GREEN"},"info":{"id":1,"y":[[]],"name":"n"},"z":-1.5e+3}"#;
    let expected = Order {
        colors: vec![0, 1],
        flags: [(false, 1)].into(),
        info: Some(Info {
            id: 1,
            name: "n".into(),
            ..Info::default()
        }),
        ..Order::default()
    };
    assert_eq!(lenient(text), Ok(expected));
    // What it skips must still be JSON.
    for text in [
        r#"{"x":}"#,
        r#"{"x":[}"#,
        r#"{"x":01}"#,
        r#"{"x":"\ud800"}"#,
        r#"{"x":{"a" 1}}"#,
        r#"{"x":nul}"#,
        r#"{"x":[1,]}"#,
        r#"{"x":{"a":1,}}"#,
    ] {
        assert!(lenient::<Order>(text).is_err(), "{text}");
    }
    assert!(fault(r#"{"x":null}"#).starts_with("unknown field"));
}

#[test]
fn null_unsets_a_field() {
    let all_null = r#"{"info":null,"infos":null,"byId":null,"color":null,"colors":null,"flags":null,
        "data":null,"count":null,"ratio":null,"wide":null,"done":null,"any":null,"fields":null,
        "empty":null,"blob":null,"card":null,"node":null}"#;
    assert_eq!(order(all_null), Ok(Order::default()));

    let null = Value {
        kind: Some(Kind::NullValue(NullValue::NullValue.into())),
    };
    let expected = Order {
        value: Some(null),
        pay: Some(order::Pay::Nothing(0)),
        ..Order::default()
    };
    assert_eq!(
        order(r#"{"value":null,"nothing":null}"#),
        Ok(expected.clone())
    );
    assert_eq!(
        order(r#"{"value":null,"nothing":"NULL_VALUE"}"#),
        Ok(expected)
    );
    assert!(order(r#"{"nothing":"null"}"#).is_err());
    assert!(fault(r#"{"done":nul}"#).contains("found nul"));
}

#[test]
fn null_never_clears_another_member_of_a_oneof() {
    let card = |text: &str| Order {
        pay: Some(order::Pay::Card(text.into())),
        ..Order::default()
    };
    for text in [
        r#"{"card":"x","cash":null}"#,
        r#"{"cash":null,"card":"x"}"#,
        r#"{"card":"y","card":"x"}"#,
    ] {
        assert_eq!(order(text), Ok(card("x")), "{text}");
    }
    assert_eq!(order(r#"{"card":"x","card":null}"#), Ok(Order::default()));
    assert_eq!(order(r#"{"card":""}"#), Ok(card("")));
}

#[test]
fn the_last_of_two_equal_keys_replaces_the_first() {
    let text = r#"{"info":{"id":1,"tags":["a"]},"infos":[{}],"byId":{"1":{"id":1},"1":{"id":2}},
        "info":{"name":"n"},"infos":[],"by_id":{"2":{}}}"#;
    let expected = Order {
        info: Some(Info {
            name: "n".into(),
            ..Info::default()
        }),
        by_id: [(2, Info::default())].into(),
        ..Order::default()
    };
    assert_eq!(order(text), Ok(expected));
}

#[test]
fn duplicate_keys_can_be_refused() {
    let options = Options::new().reject_duplicate_keys();
    let read = |text: &str| {
        let read = options.from_slice::<Order>(text.as_bytes());
        read.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(read(r#"{"done":true,"count":1,"info":{"id":1}}"#), Ok(()));
    let cases = [
        (
            r#"{"done":true,"done":true}"#,
            "duplicate key at line 1 column 14",
        ),
        (
            r#"{"byId":{},"by_id":{}}"#,
            "duplicate key at line 1 column 12",
        ),
        (
            r#"{"info":{"attrs":{"a":"1","\u0061":"1"}}}"#,
            r#"info.attrs["a"]: duplicate key at line 1 column 27"#,
        ),
        (
            r#"{"fields":{"a":{"b":1,"b":2}}}"#,
            r#"fields["a"]["b"]: duplicate key at line 1 column 23"#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), Err(expected.into()), "{text}");
    }
}

#[test]
fn required_fields_must_be_there() {
    let read = strict::<Legacy>(r#"{"color":"RED","sku":3}"#);
    let expected = Legacy {
        sku: 3,
        ..Legacy::default()
    };
    assert_eq!(read, Ok(expected));
    let cases = [
        (
            r#"{"sku":1}"#,
            "color: this required field is missing at line 1 column 9",
        ),
        (
            "{}",
            "sku: this required field is missing at line 1 column 2",
        ),
        (
            r#"{"sku":null,"color":0}"#,
            "sku: expected a number, found null at line 1 column 8",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(strict::<Legacy>(text), Err(expected.into()), "{text}");
    }
}

/// `levels` nested nodes.
fn nodes(levels: usize) -> String {
    format!(
        "{}{}",
        "{\"next\":".repeat(levels - 1) + "{}",
        "}".repeat(levels - 1)
    )
}

#[test]
fn nesting_is_limited_for_messages_values_and_what_is_skipped() {
    // The outermost message does not count.
    assert!(strict::<Node>(&nodes(101)).is_ok());
    let deep = strict::<Node>(&nodes(102));
    let message = deep.expect_err("too deep");
    assert!(
        message.contains("the text is nested more than 100 deep at line 1 column 810"),
        "{message}"
    );

    let nested = |open: &str, close: &str, levels: usize| {
        format!("{}1{}", open.repeat(levels), close.repeat(levels))
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let width = open.matches(['[', '{']).count();
        let fits = nested(open, close, 100 / width);
        let burst = nested(open, close, 102 / width);
        assert!(strict::<Value>(&fits).is_ok(), "{fits}");
        assert!(strict::<Value>(&burst).is_err(), "{burst}");
        let in_unknown = |text: &str| lenient::<Order>(&format!("{{\"unknown\":{text}}}"));
        assert!(in_unknown(&fits).is_ok(), "{fits}");
        assert!(in_unknown(&burst).is_err(), "{burst}");
    }
    // No stack is used up by what only opens.
    for open in [
        "[",
        "{\"a\":",
        "{\"next\":",
        "{\"@type\":\"google.protobuf.Any\",\"value\":",
    ] {
        let text = open.repeat(100_000);
        assert!(strict::<Value>(&text).is_err());
        assert!(lenient::<Node>(&text).is_err());
        assert!(lenient::<prost_types::Any>(&text).is_err());
    }
}
