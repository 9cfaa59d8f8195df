//! The values of query parameters: every type, good and bad.

use ezrpc_tests::http::Request;

use super::{get, ok, refused, running, sent};

#[tokio::test]
async fn h21_every_type_from_a_query() {
    let running = running().await;
    let rows = [
        ("bool_value=true", r#"{"boolValue":true}"#),
        ("bool_value=1", r#"{"boolValue":true}"#),
        ("bool_value=false", "{}"),
        ("bool_value=0", "{}"),
        ("int32_value=-12", r#"{"int32Value":-12}"#),
        ("int32_value=1e3", r#"{"int32Value":1000}"#),
        ("int32_value=1.0", r#"{"int32Value":1}"#),
        (
            "sint64_value=-9223372036854775808",
            r#"{"sint64Value":"-9223372036854775808"}"#,
        ),
        (
            "fixed64_value=18446744073709551615",
            r#"{"fixed64Value":"18446744073709551615"}"#,
        ),
        (
            "sfixed32_value=-2147483648",
            r#"{"sfixed32Value":-2147483648}"#,
        ),
        ("double_value=1.5e300", r#"{"doubleValue":1.5e+300}"#),
        ("double_value=NaN", r#"{"doubleValue":"NaN"}"#),
        ("float_value=Infinity", r#"{"floatValue":"Infinity"}"#),
        ("float_value=-Infinity", r#"{"floatValue":"-Infinity"}"#),
        ("enum_value=UNO", r#"{"enumValue":"ONE"}"#),
        ("enum_value=99", r#"{"enumValue":99}"#),
        ("string_value=%E8%B0%B7%00", r#"{"stringValue":"谷\u0000"}"#),
        ("string_value", "{}"),
        ("optional_string", r#"{"optionalString":""}"#),
        ("optional_int64=0", r#"{"optionalInt64":"0"}"#),
        ("bytes_value=-_8", r#"{"bytesValue":"+/8="}"#),
        ("bytes_value=%2B/8=", r#"{"bytesValue":"+/8="}"#),
        ("string_wrapper=", r#"{"stringWrapper":""}"#),
        ("int64_wrapper=5", r#"{"int64Wrapper":"5"}"#),
        ("int64_wrapper.value=5", r#"{"int64Wrapper":"5"}"#),
        ("string_wrapper.value=x", r#"{"stringWrapper":"x"}"#),
        ("boolWrapper=0", r#"{"boolWrapper":false}"#),
        ("double_wrapper=1", r#"{"doubleWrapper":1}"#),
        ("bytes_wrapper=AQ", r#"{"bytesWrapper":"AQ=="}"#),
        (
            "timestamp_value=2006-01-02T15:04:05.123456789Z",
            r#"{"timestampValue":"2006-01-02T15:04:05.123456789Z"}"#,
        ),
        ("duration_value=-1.5s", r#"{"durationValue":"-1.500s"}"#),
        (
            "mask_value=fooBar,foo_bar.baz",
            r#"{"maskValue":"fooBar,fooBar.baz"}"#,
        ),
        ("mask_value=", r#"{"maskValue":""}"#),
        (
            "struct_field={%22a%22:[1,null]}",
            r#"{"structField":{"a":[1,null]}}"#,
        ),
        ("value_value=null", r#"{"valueValue":null}"#),
        ("value_value=%22x%22", r#"{"valueValue":"x"}"#),
        ("list_value=[1,%20true]", r#"{"listValue":[1,true]}"#),
        (
            "repeated_timestamp=2006-01-02T15:04:05Z&repeatedTimestamp[]=2006-01-02T15:04:06Z",
            r#"{"repeatedTimestamp":["2006-01-02T15:04:05Z","2006-01-02T15:04:06Z"]}"#,
        ),
        (
            "repeated_enum_value=ONE&repeated_enum_value=0",
            r#"{"repeatedEnumValue":["ONE","ZERO"]}"#,
        ),
    ];
    for (query, expected) in rows {
        get(&running, &format!("/v1/bits?{query}"), expected).await;
    }
}

#[tokio::test]
async fn h21_what_is_no_such_value_is_refused() {
    let running = running().await;
    let timestamp = "a timestamp like 2006-01-02T15:04:05Z";
    let rows = [
        ("bool_value=", "\"\" is not true or false"),
        ("bool_value=yes", "\"yes\" is not true or false"),
        ("bool_value=True", "\"True\" is not true or false"),
        ("int32_value", "\"\" is not int32"),
        ("int32_value=+1", "\" 1\" is not int32"),
        ("int32_value=2147483648", "\"2147483648\" is not int32"),
        ("int32_value=0x10", "\"0x10\" is not int32"),
        ("int32_value=1.5", "\"1.5\" is not int32"),
        ("int32_value=%221%22", "\"\\\"1\\\"\" is not int32"),
        ("uint64_value=-1", "\"-1\" is not uint64"),
        (
            "uint64_value=18446744073709551616",
            "\"18446744073709551616\" is not uint64",
        ),
        ("double_value=", "\"\" is not double"),
        ("double_value=1e400", "\"1e400\" is not double"),
        ("float_value=3.5e38", "\"3.5e38\" is not float"),
        ("float_value=inf", "\"inf\" is not float"),
        ("enum_value=one", "\"one\" is not one of ZERO, ONE, UNO"),
        ("enum_value=", "\"\" is not one of ZERO, ONE, UNO"),
        ("bytes_value=*", "\"*\" is not base64"),
        ("bytes_value=a+b=", "\"a b=\" is not base64"),
        (
            "timestamp_value=null",
            &format!("\"null\" is not {timestamp}"),
        ),
        (
            "timestamp_value=0000-01-01T00:00:00Z",
            &format!("\"0000-01-01T00:00:00Z\" is not {timestamp}"),
        ),
        ("duration_value=13h", "\"13h\" is not a duration like 1.5s"),
        (
            "duration_value=null",
            "\"null\" is not a duration like 1.5s",
        ),
        (
            "mask_value=a,,b",
            "\"a,,b\" is not field paths like foo.barBaz,qux or foo.bar_baz,qux",
        ),
        (
            "empty_value=1",
            "is a message without a text form: name a field of it, like a.b",
        ),
        (
            "anytype=1",
            "is a message without a text form: name a field of it, like a.b",
        ),
        (
            "single_nested={}",
            "is a message without a text form: name a field of it, like a.b",
        ),
    ];
    for (query, message) in rows {
        let field = query.split('=').next().unwrap();
        let request = Request::new("GET", &format!("/v1/bits?{query}"));
        refused(
            &running,
            request,
            &format!("query parameter {field}: {message}"),
        )
        .await;
    }
    for query in [
        "struct_field=[]",
        "struct_field=",
        "value_value=abc",
        "list_value=[1,]",
    ] {
        let (status, body) =
            sent(&running, Request::new("GET", &format!("/v1/bits?{query}"))).await;
        assert_eq!(status, 400, "{query}: {body}");
        for word in ["serde", "prost", "hyper", "tonic"] {
            assert!(!body.contains(word), "{body}");
        }
    }
}

#[tokio::test]
async fn h24_json_and_proto_names_mixed() {
    let running = running().await;
    let rows = [
        (
            "singleNested.name=a&single_nested.amount=1",
            r#"{"singleNested":{"name":"a","amount":1}}"#,
        ),
        (
            "stringValue=a&int32_value=1",
            r#"{"int32Value":1,"stringValue":"a"}"#,
        ),
        (
            "nonConventionalNameValue=x",
            r#"{"nonConventionalNameValue":"x"}"#,
        ),
        ("custom_named=x", r#"{"@own-name":"x"}"#),
        ("%40own-name=x", r#"{"@own-name":"x"}"#),
        ("customNamed=x", "{}"),
        ("String_value=x&STRINGVALUE=y", "{}"),
        (
            "single_nested.inner.inner.tags=x&singleNested.inner.tags[]=y",
            r#"{"singleNested":{"inner":{"inner":{"tags":["x"]},"tags":["y"]}}}"#,
        ),
    ];
    for (query, expected) in rows {
        get(&running, &format!("/v1/bits?{query}"), expected).await;
    }
}

#[tokio::test]
async fn h25_lists_and_maps() {
    let running = running().await;
    let rows = [
        (
            "repeated_string_value=a,b&repeatedStringValue=c&repeated_string_value[]=",
            r#"{"repeatedStringValue":["a,b","c",""]}"#,
        ),
        (
            "repeated_int64=1&repeated_int64%5B%5D=2",
            r#"{"repeatedInt64":["1","2"]}"#,
        ),
        (
            "mapped_string_value[a]=x&mappedStringValue[b.c]=y&mapped_string_value[]=z",
            r#"{"mappedStringValue":{"":"z","a":"x","b.c":"y"}}"#,
        ),
        (
            "mapped_string_value[a]=x&mapped_string_value[a]=y",
            r#"{"mappedStringValue":{"a":"y"}}"#,
        ),
        ("map_value%5Bk%5D=ONE", r#"{"mapValue":{"k":"ONE"}}"#),
        (
            "mapped_bool_value[-5]=1",
            r#"{"mappedBoolValue":{"-5":true}}"#,
        ),
        ("mapped_nested_value[a]=x", "{}"),
        (
            "single_nested.tags=a&single_nested.tags=b",
            r#"{"singleNested":{"tags":["a","b"]}}"#,
        ),
    ];
    for (query, expected) in rows {
        get(&running, &format!("/v1/bits?{query}"), expected).await;
    }
    for (query, message) in [
        (
            "mapped_bool_value[x]=1",
            "mapped_bool_value[x]: \"x\" is not int32",
        ),
        (
            "mapped_bool_value[1]=x",
            "mapped_bool_value[1]: \"x\" is not true or false",
        ),
        (
            "mapped_string_value=x",
            "mapped_string_value: is a map: name one entry, like name[key]=value",
        ),
        (
            "string_value[]=x",
            "string_value[]: is neither a list nor a map",
        ),
        ("repeated_int64=1,2", "repeated_int64: \"1,2\" is not int64"),
    ] {
        let request = Request::new("GET", &format!("/v1/bits?{query}"));
        refused(&running, request, &format!("query parameter {message}")).await;
    }
}

#[tokio::test]
async fn h26_two_members_of_a_oneof() {
    let running = running().await;
    let twice = "another member of this oneof is set already";
    let request = Request::new("GET", "/v1/bits?oneof_string=a&oneof_nested.name=b");
    refused(
        &running,
        request,
        &format!("query parameter oneof_nested.name: {twice}"),
    )
    .await;
    let request = Request::new("GET", "/v1/oneof/a?oneof_nested.name=b");
    refused(
        &running,
        request,
        &format!("query parameter oneof_nested.name: {twice}"),
    )
    .await;
    // One member, of several values.
    get(
        &running,
        "/v1/bits?oneof_nested.name=a&oneofNested.amount=1&oneof_nested.tags=x",
        r#"{"oneofNested":{"name":"a","amount":1,"tags":["x"]}}"#,
    )
    .await;
    get(
        &running,
        "/v1/oneof/a?oneof_string=b",
        r#"{"oneofString":"a"}"#,
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits", r#"{"oneofString":"a","oneofEmpty":{}}"#),
        "oneofEmpty: another member of this oneof is set already at line 1 column 33",
    )
    .await;
}

#[tokio::test]
async fn h27_one_value_twice() {
    let running = running().await;
    for (query, name) in [
        ("string_value=a&string_value=a", "string_value"),
        ("stringValue=a&string_value=b", "string_value"),
        (
            "single_nested.name=a&singleNested.name=b",
            "singleNested.name",
        ),
        (
            "int64_wrapper=1&int64_wrapper.value=2",
            "int64_wrapper.value",
        ),
        (
            "timestamp_value=2006-01-02T15:04:05Z&timestamp_value=2006-01-02T15:04:05Z",
            "timestamp_value",
        ),
    ] {
        let request = Request::new("GET", &format!("/v1/bits?{query}"));
        refused(
            &running,
            request,
            &format!("query parameter {name}: is given twice, and is no list"),
        )
        .await;
    }
}

#[tokio::test]
async fn h29_no_path_leads_through_a_list_or_a_scalar() {
    let running = running().await;
    let list = "is a list: give each item as a value of its own, not by the name of a field in it";
    for (query, message) in [
        ("nested.name=a", list),
        ("nested[0].name=a", list),
        ("single_nested.tags.a=b", list),
        ("string_value.a=b", "has no field a"),
        ("timestamp_value.seconds=5", "has no field seconds"),
        (
            "mapped_nested_value[a].name=b",
            "is a map: name one entry, like name[key]=value",
        ),
    ] {
        let name = query.split('=').next().unwrap();
        let request = Request::new("GET", &format!("/v1/bits?{query}"));
        refused(
            &running,
            request,
            &format!("query parameter {name}: {message}"),
        )
        .await;
    }
}

#[tokio::test]
async fn h21_messages_with_a_text_form_stand_in_the_path() {
    let running = running().await;
    let request = Request::post("/v1/wrapped/a%20b/2006-01-02T15:04:05%2B01:00/1.5s");
    let expected = r#"{"timestampValue":"2006-01-02T14:04:05Z","durationValue":"1.500s","stringWrapper":"a b"}"#;
    ok(&running, request, expected).await;
    let request = Request::post("/v1/wrapped/a/yesterday/1.5s");
    refused(
        &running,
        request,
        "path variable timestamp_value: \"yesterday\" is not a timestamp like 2006-01-02T15:04:05Z",
    )
    .await;
}
