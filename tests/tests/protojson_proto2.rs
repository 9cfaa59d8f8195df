//! What proto2 adds to ProtoJSON, as far as prost keeps it: `protos/protojson/proto2.proto`.

use ezrpc::json::{Message, Options, Types};
use ezrpc_tests::proto::protojson::proto2::{Legacy, Paint, Strict, descriptors};
use prost::Message as _;

fn options() -> Options {
    Options::new().types(Types::of([descriptors()]))
}

/// Reads strictly, checks that what is printed is stable and that protobuf keeps it, and returns the print.
fn through<M>(text: &str) -> Result<String, String>
where
    M: Message + prost::Message + Default + PartialEq + std::fmt::Debug,
{
    let strict = options().strict();
    let message: M = strict
        .from_slice(text.as_bytes())
        .map_err(|error| error.to_string())?;
    let printed = strict
        .to_string(&message)
        .map_err(|error| error.to_string())?;
    assert_eq!(
        strict.from_slice::<M>(printed.as_bytes()).as_ref(),
        Ok(&message),
        "{text}"
    );
    assert_eq!(
        M::decode(&*message.encode_to_vec()).as_ref(),
        Ok(&message),
        "{text}"
    );
    Ok(printed)
}

fn legacy(text: &str) -> Result<String, String> {
    through::<Legacy>(text)
}

/// Reads leniently and prints.
fn lenient<M: Message + Default>(text: &str) -> Result<String, String> {
    let message: M = options()
        .from_slice(text.as_bytes())
        .map_err(|error| error.to_string())?;
    options()
        .to_string(&message)
        .map_err(|error| error.to_string())
}

#[test]
fn groups_stand_under_their_json_name() {
    let same = [
        r#"{"point":{"xAxis":1,"yAxis":2}}"#,
        r#"{"point":{"yAxis":0}}"#,
        r#"{"row":[{"set":true},{"set":false}]}"#,
        r#"{"inner":{}}"#,
        r#"{"inner":{"deep":{"id":1,"longName":"a"}}}"#,
    ];
    for text in same {
        assert_eq!(legacy(text).as_deref(), Ok(text));
    }
    let snake = r#"{"point":{"y_axis":2,"x_axis":1}}"#;
    assert_eq!(legacy(snake).as_deref(), Ok(same[0]));
    for text in [
        r#"{"Point":{"yAxis":2}}"#,
        r#"{"Row":[]}"#,
        r#"{"point":[]}"#,
        r#"{"row":{"set":true}}"#,
        r#"{"inner":{},"chosenText":"a"}"#,
    ] {
        assert!(legacy(text).is_err(), "{text}");
    }
}

#[test]
fn a_missing_required_field_is_an_error_wherever_it_is_missing() {
    let cases = [
        (r#"{"point":{}}"#, "point.yAxis: "),
        (r#"{"row":[{"set":true},{}]}"#, "row[1].set: "),
        (r#"{"strict":{"id":1}}"#, "strict.longName: "),
        (r#"{"strict":{"longName":"a"}}"#, "strict.id: "),
        (
            r#"{"stricts":[{"id":1,"longName":""},{"id":2}]}"#,
            "stricts[1].longName: ",
        ),
        (
            r#"{"strictsById":{"7":{"id":1}}}"#,
            "strictsById[7].longName: ",
        ),
        (r#"{"inner":{"deep":{"id":1}}}"#, "inner.deep.longName: "),
        (
            r#"{"strict":{"id":1,"longName":"","inner":{}}}"#,
            "strict.inner.id: ",
        ),
        (
            r#"{"next":{"next":{"strict":{"id":1}}}}"#,
            "next.next.strict.longName: ",
        ),
    ];
    for (text, path) in cases {
        for read in [legacy(text), lenient::<Legacy>(text)] {
            let error = read.expect_err(text);
            assert!(error.starts_with(path), "{error}");
            assert!(error.contains("this required field is missing"), "{error}");
        }
    }
    let inside = r#"{"any":{"@type":"x/protojson.proto2.Strict","id":1}}"#;
    let error = legacy(inside).expect_err(inside);
    assert!(
        error.contains("longName: this required field is missing"),
        "{error}"
    );
}

#[test]
fn null_does_not_set_a_required_field() {
    for text in [
        r#"{"id":null,"longName":"a"}"#,
        r#"{"id":1,"longName":"a","id":null}"#,
        r#"{"id":1,"long_name":null}"#,
    ] {
        assert!(through::<Strict>(text).is_err(), "{text}");
        assert!(lenient::<Strict>(text).is_err(), "{text}");
    }
    let text = r#"{"long_name":"a","unknown":{},"id":1}"#;
    assert_eq!(
        lenient::<Strict>(text).as_deref(),
        Ok(r#"{"id":1,"longName":"a"}"#)
    );
}

#[test]
fn required_fields_are_printed_whatever_they_hold() {
    let zero = r#"{"id":0,"longName":""}"#;
    assert_eq!(through::<Strict>(zero).as_deref(), Ok(zero));
    assert_eq!(options().to_string(&Strict::default()).as_deref(), Ok(zero));
}

#[test]
fn a_default_is_not_a_value() {
    assert_eq!(legacy("{}").as_deref(), Ok("{}"));
    let defaults = options().emit_defaults().to_string(&Legacy::default());
    assert_eq!(
        defaults.as_deref(),
        Ok(r#"{"colors":[],"colorsByName":{},"row":[],"stricts":[],"strictsById":{},"packed":[]}"#)
    );
    // Set fields are printed, also when they are zero or hold their default.
    for text in [
        r#"{"count":7,"color":"GREEN","text":"a\"b","data":"AQ==","flag":true,"ratio":"NaN"}"#,
        r#"{"count":0,"color":"RED","text":"","data":"","flag":false,"ratio":0}"#,
    ] {
        let message: Legacy = options().from_slice(text.as_bytes()).expect(text);
        assert_eq!(options().to_string(&message).as_deref(), Ok(text));
    }
    let nulls = r#"{"count":null,"color":null,"text":null,"point":null,"row":null,"packed":null}"#;
    assert_eq!(legacy(nulls).as_deref(), Ok("{}"));
}

#[test]
fn extensions_are_unknown_fields() {
    for text in [
        r#"{"[protojson.proto2.extra]":1}"#,
        r#"{"[protojson.proto2.more]":[{"id":1,"longName":"a"}]}"#,
        r#"{"extra":1}"#,
    ] {
        let error = legacy(text).expect_err(text);
        assert!(error.contains("unknown field"), "{error}");
        assert_eq!(lenient::<Legacy>(text).as_deref(), Ok("{}"));
    }
    // Field 100, and field 1 after it.
    let bytes = [0xa0, 0x06, 0x01, 0x08, 0x05];
    let message = Legacy::decode(&bytes[..]).expect("an extension is skipped");
    assert_eq!(
        options().to_string(&message).as_deref(),
        Ok(r#"{"count":5}"#)
    );
}

#[test]
fn closed_enums_have_no_other_numbers() {
    let known = r#"{"color":"RED","colors":["GREEN","GREEN"],"colorsByName":{"a":"RED"},"chosenColor":"RED"}"#;
    assert_eq!(legacy(known).as_deref(), Ok(known));
    let same = r#"{"color":1,"colors":["LIME",2],"colorsByName":{"a":1},"chosenColor":1e0}"#;
    assert_eq!(legacy(same).as_deref(), Ok(known));
    let cases = [
        (r#"{"color":0}"#, "{}"),
        (r#"{"color":"BLUE"}"#, "{}"),
        (
            r#"{"colors":[1,3,"BLUE",2]}"#,
            r#"{"colors":["RED","GREEN"]}"#,
        ),
        (
            r#"{"colorsByName":{"a":9,"b":1}}"#,
            r#"{"colorsByName":{"b":"RED"}}"#,
        ),
        (r#"{"chosenColor":-1}"#, "{}"),
        (
            r#"{"chosenColor":-1,"chosenText":"a"}"#,
            r#"{"chosenText":"a"}"#,
        ),
    ];
    for (text, kept) in cases {
        let error = legacy(text).expect_err(text);
        assert!(error.contains("unknown enum value"), "{error}");
        assert_eq!(lenient::<Legacy>(text).as_deref(), Ok(kept), "{text}");
    }
    for text in [
        r#"{"color":3}"#,
        r#"{"color":"BLUE"}"#,
        r#"{"color":null}"#,
        "{}",
    ] {
        assert!(through::<Paint>(text).is_err(), "{text}");
        assert!(lenient::<Paint>(text).is_err(), "{text}");
    }
    // prost keeps a number that comes by the wire, so it is printed; only lenient readers take it then.
    let message = Legacy::decode(&[0x10, 0x09][..]).expect("a number");
    assert_eq!(
        options().to_string(&message).as_deref(),
        Ok(r#"{"color":9}"#)
    );
}

#[test]
fn options_reach_groups_and_their_like() {
    let text = r#"{"point":{"xAxis":1,"yAxis":2},"color":"GREEN","colorsByName":{"a":"RED"},"chosenColor":"RED","strictsById":{"1":{"id":1,"longName":"a","color":"RED"}}}"#;
    let message: Legacy = options().from_slice(text.as_bytes()).expect(text);
    let printed = options().proto_names().enums_as_ints().to_string(&message);
    assert_eq!(
        printed.as_deref(),
        Ok(
            r#"{"color":2,"colors_by_name":{"a":1},"point":{"x_axis":1,"y_axis":2},"chosen_color":1,"stricts_by_id":{"1":{"id":1,"long_name":"a","color":1}}}"#
        )
    );
    let unique = options().reject_duplicate_keys();
    for text in [
        r#"{"id":1,"id":1,"longName":"a"}"#,
        r#"{"id":1,"longName":"a","long_name":"a"}"#,
    ] {
        assert!(through::<Strict>(text).is_ok(), "{text}");
        let error = unique
            .from_slice::<Strict>(text.as_bytes())
            .expect_err(text);
        assert_eq!(error.message(), "duplicate key");
    }
}
