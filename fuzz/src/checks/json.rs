//! ProtoJSON: text to messages and back.

use ezrpc::json::{Message, Options, Types};
use ezrpc::wkt::Value;
use prost::Message as _;

use crate::proto::protobuf_test_messages::proto3::{TestAllTypesProto3, descriptors};
use crate::proto::protojson::proto2;

fn options() -> Options {
    Options::new().types(Types::of([descriptors(), proto2::descriptors()]))
}

/// What can be read can be printed, and reads back as the same; strict reading takes less than lenient.
pub fn json_reader(data: &[u8]) {
    read::<TestAllTypesProto3>(data);
    any_json(data);
}

/// The same with groups, required fields and closed enums.
pub fn json_proto2(data: &[u8]) {
    read::<proto2::Legacy>(data);
}

fn read<M: Message + Default + std::fmt::Debug>(data: &[u8]) {
    let lenient = options().lenient().from_slice::<M>(data);
    let strict = options().strict().from_slice::<M>(data);
    let unique = options()
        .strict()
        .reject_duplicate_keys()
        .from_slice::<M>(data);
    assert!(
        strict.is_ok() || unique.is_err(),
        "only without duplicates: {unique:?}"
    );
    assert!(
        lenient.is_ok() || strict.is_err(),
        "only strictly: {strict:?}"
    );
    if let Ok(message) = lenient {
        if let Ok(strict) = strict {
            assert_eq!(print(&message), print(&strict));
        }
        round_trip(&message);
    }
}

/// `google.protobuf.Value` takes what another parser takes, as far as numbers and nesting go.
fn any_json(data: &[u8]) {
    let ours = options().from_slice::<Value>(data);
    let theirs = serde_json::from_slice::<serde_json::Value>(data);
    match (ours, theirs) {
        (Ok(value), theirs) => {
            let printed = print(&value);
            assert!(
                serde_json::from_str::<serde_json::Value>(&printed).is_ok(),
                "{printed}"
            );
            // That one rounds numbers next to the greatest up.
            let excused = |error: &serde_json::Error| error.to_string().contains("out of range");
            assert!(
                theirs.as_ref().map_or_else(excused, |_| true),
                "another parser refuses it: {theirs:?}"
            );
        }
        (Err(error), Ok(theirs)) => {
            let excused = depth(&theirs) > 90;
            assert!(excused, "another parser takes it: {error}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        serde_json::Value::Object(members) => {
            1 + members.values().map(depth).max().unwrap_or_default()
        }
        _ => 0,
    }
}

/// What has a JSON form reads back as the same, however it is printed.
pub fn json_writer(data: &[u8]) {
    let Ok(message) = TestAllTypesProto3::decode(data) else {
        return;
    };
    // All numbers of NullValue print as null, which reads as 0: for those only the second time is the same.
    let Ok(text) = options().to_string(&message) else {
        return;
    };
    match text.contains("NullValue\":null") {
        true => json_reader(text.as_bytes()),
        false => round_trip(&message),
    }
}

fn round_trip<M: Message + Default>(message: &M) {
    let canonical = print(message);
    serde_json::from_str::<serde_json::Value>(&canonical)
        .unwrap_or_else(|error| panic!("{error}: {canonical}"));
    for form in [
        options(),
        options().proto_names(),
        options().enums_as_ints(),
        options().emit_defaults(),
        options().pretty(),
    ] {
        let text = form
            .to_string(message)
            .unwrap_or_else(|error| panic!("{error} in {canonical}"));
        let back = options().strict().from_slice::<M>(text.as_bytes());
        let back = back.unwrap_or_else(|error| panic!("{error} in {text}"));
        assert_eq!(print(&back), canonical);
    }
}

fn print(message: &dyn ezrpc::json::Message) -> String {
    options()
        .to_string(message)
        .unwrap_or_else(|error| panic!("{error}"))
}
