//! The options of ProtoJSON, alone and together, on every kind of field; and how deep text may be nested.

use ezrpc::json::{Message, Options, Types};
use ezrpc::wkt::{Any, ListValue, Struct, Value};
use ezrpc_tests::proto::protobuf_test_messages::proto3::{TestAllTypesProto3, descriptors};

const HOST: &str = "type.googleapis.com/";
const MESSAGE: &str = "protobuf_test_messages.proto3.TestAllTypesProto3";

fn options() -> Options {
    Options::new().types(Types::of([descriptors()]))
}

/// A message with every kind of field, and with a message inside an `Any`.
const ALL: &str = r#"{
    "optionalInt32": 1, "optionalInt64": "-2", "optionalUint32": 3, "optionalUint64": "4", "optionalSint32": 5,
    "optionalSint64": "6", "optionalFixed32": 7, "optionalFixed64": "8", "optionalSfixed32": -9, "optionalSfixed64": "10",
    "optionalFloat": 1.5, "optionalDouble": "Infinity", "optionalBool": true, "optionalString": "a\"b\n", "optionalBytes": "AQI=",
    "optionalNestedMessage": {"a": 1, "corecursive": {"optionalForeignEnum": "FOREIGN_BAR"}},
    "optionalNestedEnum": "BAZ", "optionalAliasedEnum": "ALIAS_BAZ", "repeatedInt32": [1, 2], "repeatedNestedEnum": ["FOO", "BAR", 77],
    "repeatedNestedMessage": [{}, {"a": 2}], "mapInt32Int32": {"-1": 1, "2": 0}, "mapBoolBool": {"false": true},
    "mapStringString": {"": "", "{\"[,:": "}]\\\""}, "mapStringNestedEnum": {"a": "FOO", "b": "BAZ"}, "mapStringNestedMessage": {"a": {}},
    "oneofEnum": "FOO", "optionalBoolWrapper": false, "optionalInt64Wrapper": "0", "optionalStringWrapper": "", "repeatedInt32Wrapper": [0, 1],
    "optionalDuration": "1.500s", "optionalTimestamp": "1970-01-01T00:00:00Z", "optionalFieldMask": "a,bC",
    "optionalStruct": {"optional_int32": [1, {"x": null}, []], "e": {}}, "optionalValue": null, "optionalEmpty": {},
    "repeatedAny": [{}, {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}],
    "optionalAny": {"@type": "type.googleapis.com/protobuf_test_messages.proto3.TestAllTypesProto3", "optionalNestedEnum": "BAR",
        "optionalAny": {"@type": "type.googleapis.com/google.protobuf.Empty"}},
    "fieldName2": 2, "FieldName3": 3
}"#;

fn all() -> TestAllTypesProto3 {
    options()
        .strict()
        .from_slice(ALL.as_bytes())
        .expect("ALL is ProtoJSON")
}

/// Every set of options for writing.
fn writers() -> Vec<Options> {
    type Switch = fn(Options) -> Options;
    let switches: [Switch; 4] = [
        Options::emit_defaults,
        Options::enums_as_ints,
        Options::proto_names,
        Options::pretty,
    ];
    (0..1 << switches.len())
        .map(|set| {
            let chosen = switches
                .iter()
                .enumerate()
                .filter(|(nth, _)| set >> nth & 1 == 1);
            chosen.fold(options(), |options, (_, switch)| switch(options))
        })
        .collect()
}

/// Every set of options for reading.
fn readers() -> [Options; 4] {
    [
        options(),
        options().strict(),
        options().reject_duplicate_keys(),
        options().strict().reject_duplicate_keys(),
    ]
}

#[test]
fn whatever_is_printed_reads_back_as_the_same() {
    let message = all();
    for writer in writers() {
        let text = writer.to_string(&message).expect("it has a form");
        for reader in readers() {
            let again: TestAllTypesProto3 = reader
                .from_slice(text.as_bytes())
                .unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(again, message, "{text}");
        }
        let line = writer.to_vec(&message).expect("it has a form");
        assert_eq!(line, text.as_bytes());
    }
}

#[test]
fn options_reach_lists_maps_and_what_an_any_holds() {
    let message = all();
    let text = options()
        .enums_as_ints()
        .proto_names()
        .to_string(&message)
        .expect("it has a form");
    for part in [
        r#""optional_nested_enum":2"#,
        r#""optional_aliased_enum":2"#,
        r#""repeated_nested_enum":[0,1,77]"#,
        r#""map_string_nested_enum":{"a":0,"b":2}"#,
        r#""oneof_enum":0"#,
        r#""corecursive":{"optional_foreign_enum":1}"#,
        r#"TestAllTypesProto3","optional_nested_enum":1,"optional_any":{"@type":"#,
        r#""optional_struct":{"e":{},"optional_int32":[1,{"x":null},[]]}"#,
        r#""optional_field_mask":"a,bC""#,
        r#""optional_value":null"#,
        r#""_field_name3":3"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn emitted_defaults_are_those_of_fields_without_presence() {
    let options = options().emit_defaults();
    let text = options
        .to_string(&TestAllTypesProto3::default())
        .expect("a form");
    for part in [
        r#""optionalInt32":0"#,
        r#""optionalInt64":"0""#,
        r#""optionalFloat":0"#,
        r#""optionalBool":false"#,
        r#""optionalString":"""#,
        r#""optionalBytes":"""#,
        r#""optionalNestedEnum":"FOO""#,
        r#""repeatedInt32":[]"#,
        r#""mapStringString":{}"#,
        r#""optionalNullValue":null"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // Messages, wrappers and members of oneofs have presence.
    for name in [
        "optionalNestedMessage",
        "recursiveMessage",
        "optionalInt32Wrapper",
        "oneofUint32",
        "oneofNullValue",
        "optionalDuration",
        "optionalAny",
        "optionalValue",
        "optionalEmpty",
    ] {
        assert!(
            !text.contains(&format!("\"{name}\":")),
            "{name} is in {text}"
        );
    }
    let any = format!(r#"{{"@type":"{HOST}{MESSAGE}"}}"#);
    let any: Any = options.from_slice(any.as_bytes()).expect("an Any");
    let text = options.to_string(&any).expect("a form");
    assert!(text.contains(r#","optionalInt32":0,"#), "{text}");
    let numbers = options.enums_as_ints().to_string(&any).expect("a form");
    assert!(numbers.contains(r#""optionalNestedEnum":0,"#), "{numbers}");
    assert!(numbers.contains(r#""optionalNullValue":null"#), "{numbers}");
}

#[test]
fn two_equal_keys_are_refused_at_every_depth_if_asked() {
    let duplicates = [
        r#"{"optionalInt32":1,"optionalInt32":1}"#,
        r#"{"optionalInt32":1,"optional_int32":1}"#,
        r#"{"optionalInt32":1,"optional\u0049nt32":1}"#,
        r#"{"optionalInt32":null,"optionalInt32":null}"#,
        r#"{"repeatedInt32":[],"repeatedInt32":[1]}"#,
        r#"{"optionalNestedMessage":{"a":1,"a":1}}"#,
        r#"{"repeatedNestedMessage":[{},{"a":1,"a":1}]}"#,
        r#"{"mapInt32Int32":{"1":1,"1":2}}"#,
        r#"{"mapInt32Int32":{"1":1,"\u0031":2}}"#,
        r#"{"mapBoolBool":{"true":true,"true":true}}"#,
        r#"{"mapStringNestedMessage":{"a":{"a":1,"a":2}}}"#,
        r#"{"oneofUint32":1,"oneofUint32":2}"#,
        r#"{"optionalStruct":{"a":1,"a":1}}"#,
        r#"{"optionalStruct":{"a":{"b":1,"b":1}}}"#,
        r#"{"optionalValue":[{"a":1,"a":1}]}"#,
        r#"{"optionalAny":{"@type":"x/protobuf_test_messages.proto3.ForeignMessage","c":1,"c":1}}"#,
        r#"{"optionalAny":{"@type":"x/protobuf_test_messages.proto3.ForeignMessage","@type":"x/protobuf_test_messages.proto3.ForeignMessage"}}"#,
        r#"{"optionalAny":{"@type":"x/google.protobuf.Duration","value":"1s","value":"1s"}}"#,
        r#"{"optionalAny":{"@type":"x/google.protobuf.Duration","value":"1s","@type":"x/google.protobuf.Duration"}}"#,
    ];
    for text in duplicates {
        let read = |options: Options| options.from_slice::<TestAllTypesProto3>(text.as_bytes());
        assert!(read(options().strict()).is_ok(), "{text}");
        for options in [options(), options().strict()] {
            let error = read(options.reject_duplicate_keys()).expect_err(text);
            assert_eq!(error.message(), "duplicate key", "{text}");
        }
    }
    let twins = r#"{"optionalInt32":1,"optionalNestedMessage":{"a":1},"repeatedNestedMessage":[{"a":1},{"a":1}],"optionalStruct":{"a":{"a":1}}}"#;
    for options in readers() {
        assert!(
            options
                .from_slice::<TestAllTypesProto3>(twins.as_bytes())
                .is_ok()
        );
    }
}

#[test]
fn strictness_reaches_what_an_any_holds() {
    let cases = [
        format!(r#"{{"optionalAny":{{"@type":"{HOST}{MESSAGE}","unknown":1,"optionalInt32":2}}}}"#),
        format!(
            r#"{{"optionalAny":{{"@type":"{HOST}{MESSAGE}","optionalNestedEnum":"NO","optionalInt32":2}}}}"#
        ),
        format!(
            r#"{{"optionalAny":{{"@type":"{HOST}{MESSAGE}","optionalNestedMessage":{{"b":1}},"optionalInt32":2}}}}"#
        ),
        format!(
            r#"{{"repeatedAny":[{{"value":"1s","x":0,"@type":"{HOST}google.protobuf.Duration"}}]}}"#
        ),
        format!(r#"{{"optionalAny":{{"x":0,"@type":"{HOST}google.protobuf.Empty"}}}}"#),
    ];
    for text in &cases {
        let lenient = options().from_slice::<TestAllTypesProto3>(text.as_bytes());
        assert!(lenient.is_ok(), "{text}: {lenient:?}");
        let strict = options()
            .strict()
            .from_slice::<TestAllTypesProto3>(text.as_bytes());
        assert!(strict.is_err(), "{text}");
    }
}

#[test]
fn pretty_text_has_a_line_per_member_and_item() {
    let text = r#"{"mapStringString":{"a":"{\"[,:"},"repeatedInt32":[1,2],"optionalNestedMessage":{},"optionalStruct":{"a":[],"b":[{}]}}"#;
    let message: TestAllTypesProto3 = options().from_slice(text.as_bytes()).expect(text);
    let expected = r#"{
  "optionalNestedMessage": {},
  "repeatedInt32": [
    1,
    2
  ],
  "mapStringString": {
    "a": "{\"[,:"
  },
  "optionalStruct": {
    "a": [],
    "b": [
      {}
    ]
  }
}"#;
    let pretty = options().pretty();
    assert_eq!(pretty.to_string(&message).as_deref(), Ok(expected));
    assert_eq!(
        pretty.to_string(&TestAllTypesProto3::default()).as_deref(),
        Ok("{}")
    );
    let mut out = b"x".to_vec();
    assert_eq!(pretty.append(&message, &mut out), Ok(()));
    assert_eq!(out, format!("x{expected}").as_bytes());
}

fn nested(times: usize, before: &str, inside: &str, after: &str) -> String {
    format!("{}{inside}{}", before.repeat(times), after.repeat(times))
}

/// Exactly a hundred levels below the outermost, whatever the levels are, and whoever reads.
#[test]
fn nesting_ends_at_a_hundred() {
    type Reads = fn(&Options, &str) -> bool;
    fn reads<M: Message + Default>(options: &Options, text: &str) -> bool {
        match options.from_slice::<M>(text.as_bytes()) {
            Ok(message) => {
                assert!(
                    options.to_string(&message).is_ok(),
                    "what was read can be printed"
                );
                true
            }
            Err(error) => {
                assert_eq!(error.message(), "the text is nested more than 100 deep");
                false
            }
        }
    }
    let any = format!(r#"{{"@type":"{HOST}google.protobuf.Any","value":"#);
    let all: Reads = reads::<TestAllTypesProto3>;
    let cases: &[(Reads, &str, &str, &str)] = &[
        (all, r#"{"recursiveMessage":"#, "{}", "}"),
        (
            all,
            r#"{"optionalNestedMessage":{"corecursive":"#,
            "{}",
            "}}",
        ),
        (
            all,
            r#"{"mapStringNestedMessage":{"a":{"corecursive":"#,
            "{}",
            "}}}",
        ),
        (reads::<Struct>, r#"{"a":"#, "{}", "}"),
        (reads::<Value>, "[", "[]", "]"),
        (reads::<Value>, r#"{"a":"#, "{}", "}"),
        (reads::<ListValue>, "[", "[]", "]"),
        (reads::<Any>, &any, "{}", "}"),
    ];
    for (reads, before, inside, after) in cases {
        // How many levels one turn takes; the entry of a map is none.
        let step = match before.matches('{').count() {
            0 | 1 => 1,
            _ => 2,
        };
        for options in readers() {
            let text = |levels: usize| nested(levels / step, before, inside, after);
            assert!(reads(&options, &text(100)), "{before} {options:?}");
            assert!(!reads(&options, &text(100 + step)), "{before} {options:?}");
            assert!(!reads(&options, &text(100_000)), "{before} {options:?}");
        }
    }
}

/// What is skipped counts as what is read does.
#[test]
fn nesting_of_unknown_members_ends_at_a_hundred() {
    for options in [options(), options().reject_duplicate_keys()] {
        for (before, inside, after) in [("[", "1", "]"), (r#"{"a":"#, "1", "}")] {
            let text =
                |levels| format!(r#"{{"unknown":{}}}"#, nested(levels, before, inside, after));
            let read = |levels| options.from_slice::<TestAllTypesProto3>(text(levels).as_bytes());
            assert_eq!(read(100), Ok(TestAllTypesProto3::default()));
            for levels in [101, 1_000_000] {
                let error = read(levels).expect_err("too deep");
                assert_eq!(error.message(), "the text is nested more than 100 deep");
            }
            // Looking for the type of an Any skips as well.
            let any = format!(
                r#"{{"x":{},"@type":"{HOST}google.protobuf.Empty"}}"#,
                nested(101, before, inside, after)
            );
            let error = options
                .from_slice::<Any>(any.as_bytes())
                .expect_err("too deep");
            assert_eq!(error.message(), "the text is nested more than 100 deep");
        }
    }
}

/// Neither a value nor a buffer of that size is ever made.
#[test]
fn a_huge_exponent_is_refused() {
    for exponent in ["536870000", "99999999999999999999999999"] {
        for text in [
            format!("1e{exponent}"),
            format!("\"1e{exponent}\""),
            format!("0.1e{exponent}"),
        ] {
            let bytes = text.as_bytes();
            assert!(options().from_slice::<i32>(bytes).is_err(), "{text}");
            assert!(options().from_slice::<u64>(bytes).is_err(), "{text}");
            assert!(options().from_slice::<f32>(bytes).is_err(), "{text}");
            assert!(options().from_slice::<f64>(bytes).is_err(), "{text}");
        }
        let zero = format!("0e{exponent}");
        assert_eq!(options().from_slice::<i64>(zero.as_bytes()), Ok(0));
    }
}
