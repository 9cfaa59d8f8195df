//! Fields named one by one: by queries, and by the members of documents.

use ezrpc::fuzzing;
use ezrpc::json::Options;

use crate::proto::protobuf_test_messages::proto3::TestAllTypesProto3;

/// What a query makes can be printed, and reads back as the same.
pub fn binding(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else {
        return;
    };
    let mut message = TestAllTypesProto3::default();
    // Half of a message must be sound too.
    let _ = fuzzing::bind_query(&mut message, query);
    // Paths of field masks that were given in snake_case may have no JSON form.
    if let Ok(printed) = Options::new().to_string(&message) {
        let read: TestAllTypesProto3 = Options::new()
            .from_slice(printed.as_bytes())
            .unwrap_or_else(|error| panic!("{printed}: {error}"));
        assert_eq!(Options::new().to_string(&read).ok(), Some(printed));
    }
}

/// Taking notes changes nothing in what is read, and the notes are a sorted set of paths without empty elements.
pub fn field_names(data: &[u8]) {
    let mut message = TestAllTypesProto3::default();
    let named = fuzzing::named_fields(&mut message, data);
    let read = Options::new().from_slice::<TestAllTypesProto3>(data);
    assert_eq!(named.is_ok(), read.is_ok(), "{named:?} {:?}", read.err());
    let (Ok(named), Ok(read)) = (named, read) else {
        return;
    };
    assert_eq!(format!("{message:?}"), format!("{read:?}"));
    assert!(named.is_sorted_by(|a, b| a < b), "{named:?}");
    let top = TestAllTypesProto3::default();
    let fields = ezrpc::json::Message::fields(&top);
    for name in &named {
        let first = name.split('.').next().unwrap_or_default();
        assert!(
            fields.iter().any(|field| field.proto_name() == first),
            "{name}"
        );
    }
}
