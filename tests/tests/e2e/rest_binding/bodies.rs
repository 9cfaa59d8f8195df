//! The bodies of google.api.http routes: whole messages, single fields, forms, and what is none of these.

use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::rest::{Bit, bit};
use ezrpc_tests::server::Running;
use prost::Message;

use super::{get, ok, post, refused, running, sent, server};

const FORM: &str = "application/x-www-form-urlencoded";

fn typed(path: &str, media: &str, body: impl Into<bytes::Bytes>) -> Request {
    Request::post(path).header("content-type", media).body(body)
}

#[tokio::test]
async fn h30_a_body_of_one_field() {
    let running = running().await;
    let rows = [
        (
            "nested",
            r#" {"name":"a","tags":["x"]} "#,
            r#"{"uuid":"u","singleNested":{"name":"a","tags":["x"]}}"#,
        ),
        ("nested", "null", r#"{"uuid":"u"}"#),
        ("text", r#""a\nb""#, r#"{"uuid":"u","stringValue":"a\nb"}"#),
        ("text", "null", r#"{"uuid":"u"}"#),
        ("number", "5", r#"{"uuid":"u","int64Value":"5"}"#),
        ("number", r#""-5""#, r#"{"uuid":"u","int64Value":"-5"}"#),
        ("enum", r#""ONE""#, r#"{"uuid":"u","enumValue":"ONE"}"#),
        ("enum", "1", r#"{"uuid":"u","enumValue":"ONE"}"#),
        ("data", r#""-_8""#, r#"{"uuid":"u","bytesValue":"+/8="}"#),
        (
            "tags",
            r#"["a","b"]"#,
            r#"{"uuid":"u","repeatedStringValue":["a","b"]}"#,
        ),
        ("tags", "[]", r#"{"uuid":"u"}"#),
        ("tags", "null", r#"{"uuid":"u"}"#),
        (
            "bits",
            r#"[{"name":"a"},{}]"#,
            r#"{"uuid":"u","nested":[{"name":"a"},{}]}"#,
        ),
        (
            "map",
            r#"{"a":"x"}"#,
            r#"{"uuid":"u","mappedStringValue":{"a":"x"}}"#,
        ),
        (
            "at",
            r#""2006-01-02T15:04:05Z""#,
            r#"{"uuid":"u","timestampValue":"2006-01-02T15:04:05Z"}"#,
        ),
        ("wrapped", r#""7""#, r#"{"uuid":"u","int64Wrapper":"7"}"#),
        ("any", "null", r#"{"uuid":"u","valueValue":null}"#),
        (
            "any",
            r#"[1,{"a":false}]"#,
            r#"{"uuid":"u","valueValue":[1,{"a":false}]}"#,
        ),
    ];
    for (path, body, expected) in rows {
        post(&running, &format!("/v1/bits/u/{path}"), body, expected).await;
    }
    post(
        &running,
        "/v1/bits/u/text?int32_value=5",
        r#""a""#,
        r#"{"uuid":"u","int32Value":5,"stringValue":"a"}"#,
    )
    .await;
}

#[tokio::test]
async fn h30_a_body_of_another_type_is_refused() {
    let running = running().await;
    let rows = [
        (
            "text",
            "5",
            "string_value: expected a string, found 5 at line 1 column 1",
        ),
        (
            "text",
            "abc",
            "string_value: expected a string, found abc at line 1 column 1",
        ),
        (
            "number",
            r#""x""#,
            r#"int64_value: expected a number, found "x" at line 1 column 1"#,
        ),
        (
            "tags",
            r#""a""#,
            r#"repeated_string_value: expected an array, found "a" at line 1 column 1"#,
        ),
        (
            "tags",
            "[1]",
            "repeated_string_value[0]: expected a string, found 1 at line 1 column 2",
        ),
        (
            "nested",
            "[]",
            "single_nested: expected an object, found an array at line 1 column 1",
        ),
        (
            "nested",
            r#"{"amount":-1}"#,
            "single_nested.amount: -1 is out of range for uint32 at line 1 column 11",
        ),
        (
            "text",
            r#""a" "b""#,
            r#"expected the end of the text, found "b" at line 1 column 5"#,
        ),
    ];
    for (path, body, message) in rows {
        refused(
            &running,
            Request::json(&format!("/v1/bits/u/{path}"), body),
            message,
        )
        .await;
    }
}

#[tokio::test]
async fn h31_an_empty_body_is_the_default() {
    let running = running().await;
    ok(&running, Request::post("/v1/bits"), "{}").await;
    post(&running, "/v1/bits", "", "{}").await;
    post(&running, "/v1/bits/u", "", r#"{"uuid":"u"}"#).await;
    post(&running, "/v1/bits/u/text", "", r#"{"uuid":"u"}"#).await;
    ok(&running, typed("/v1/bits", FORM, ""), "{}").await;
}

#[tokio::test]
async fn h32_a_body_where_none_is_asked_for() {
    let running = running().await;
    let request = |media| {
        Request::new("DELETE", "/v1/bits/u?int32_value=1")
            .header("content-type", media)
            .body("{broken")
    };
    ok(
        &running,
        request("application/json"),
        r#"{"uuid":"u","int32Value":1}"#,
    )
    .await;
    ok(
        &running,
        request("text/plain"),
        r#"{"uuid":"u","int32Value":1}"#,
    )
    .await;
    let strict = Running::start(server().strict_body()).await;
    refused(
        &strict,
        request("application/json"),
        "DELETE /v1/bits/{uuid} takes no body",
    )
    .await;
    get(&strict, "/v1/bits/u", r#"{"uuid":"u"}"#).await;
}

#[tokio::test]
async fn h33_h34_null_and_what_follows_the_body() {
    let running = running().await;
    refused(
        &running,
        Request::json("/v1/bits", "null"),
        "the body is null: send an object",
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits", " null\n"),
        "the body is null: send an object",
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits", "{} {}"),
        "expected the end of the text, found an object at line 1 column 4",
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits", "{}x"),
        "expected the end of the text, found x at line 1 column 3",
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits", "[]"),
        "expected an object, found an array at line 1 column 1",
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits", "{"),
        "expected a key in double quotes, found the end of the text at line 1 column 2",
    )
    .await;
    post(&running, "/v1/bits", " {} \n", "{}").await;
}

#[tokio::test]
async fn h35_forms() {
    let running = running().await;
    let form = "string_value=a+b%26&int32Value=5&single_nested.name=x&repeated_string_value=1&repeated_string_value[]=2&mapped_string_value%5Bk%5D=v&nobody=1";
    let expected = r#"{"uuid":"u","singleNested":{"name":"x"},"int32Value":5,"stringValue":"a b&","repeatedStringValue":["1","2"],"mappedStringValue":{"k":"v"}}"#;
    ok(
        &running,
        typed("/v1/bits/u?int64_value=1", FORM, form),
        expected,
    )
    .await;
    ok(
        &running,
        typed(
            "/v1/bits/u",
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
            "uuid=x&int32_value=1",
        ),
        r#"{"uuid":"u","int32Value":1}"#,
    )
    .await;
    // Into a field; the rest comes from the query.
    let nested = "/v1/bits/u/nested?int32_value=1&single_nested.name=q";
    ok(
        &running,
        typed(nested, FORM, "name=a&amount=2"),
        r#"{"uuid":"u","singleNested":{"name":"a","amount":2},"int32Value":1}"#,
    )
    .await;
    let bad = |body: &'static str| typed("/v1/bits", FORM, body);
    refused(
        &running,
        bad("int32_value=x"),
        r#"form field int32_value: "x" is not int32"#,
    )
    .await;
    refused(
        &running,
        bad("string_value=a&string_value=b"),
        "form field string_value: is given twice, and is no list",
    )
    .await;
    refused(
        &running,
        bad("string_value=%"),
        "form: \"%\" has a `%` without two hex digits after it: write `%25` for a percent sign",
    )
    .await;
    let json = "the body is no form but looks like JSON: send Content-Type: application/json";
    refused(&running, bad(r#"{"int32Value":1}"#), json).await;
    let strict = Running::start(server().strict_query()).await;
    refused(&strict, bad("nobody=1"), "unknown form field \"nobody\"").await;
}

#[tokio::test]
async fn h39_each_binding_has_its_own_body() {
    let running = running().await;
    post(
        &running,
        "/v1/bits",
        r#"{"uuid":"b","stringValue":"s"}"#,
        r#"{"uuid":"b","stringValue":"s"}"#,
    )
    .await;
    post(
        &running,
        "/v1/bits/u",
        r#"{"stringValue":"s"}"#,
        r#"{"uuid":"u","stringValue":"s"}"#,
    )
    .await;
    post(
        &running,
        "/v1/bits/u/text",
        r#""s""#,
        r#"{"uuid":"u","stringValue":"s"}"#,
    )
    .await;
    get(&running, "/v1/bits?uuid=q", r#"{"uuid":"q"}"#).await;
}

#[tokio::test]
async fn h42_media_types() {
    let running = running().await;
    for media in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;Charset=\"UTF-8\"",
        "application/vnd.api+json",
        "application/merge-patch+json; a=b",
    ] {
        ok(
            &running,
            typed("/v1/bits", media, r#"{"int32Value":1}"#),
            r#"{"int32Value":1}"#,
        )
        .await;
    }
    ok(
        &running,
        Request::post("/v1/bits").body(r#"{"int32Value":1}"#),
        r#"{"int32Value":1}"#,
    )
    .await;
    for media in [
        "text/plain",
        "application/json; charset=latin1",
        "application/xml",
        "multipart/form-data; boundary=x",
        "json",
    ] {
        let answer = typed("/v1/bits", media, "{}").both(running.addr).await;
        let body = r#"{"code":3,"message":"send Content-Type: application/json"}"#;
        assert!(
            answer.starts_with("415\naccept-post: application/json"),
            "{media}: {answer}"
        );
        assert!(answer.ends_with(body), "{media}: {answer}");
    }
}

#[tokio::test]
async fn h42_bodies_in_protobuf() {
    let running = running().await;
    let nested = bit::Nested {
        name: "a".into(),
        amount: 2,
        ..Default::default()
    };
    let bit = Bit {
        int32_value: 5,
        uuid: "body".into(),
        single_nested: Some(nested.clone()),
        ..Default::default()
    };
    for media in [
        "application/proto",
        "application/x-protobuf",
        "application/protobuf",
    ] {
        let request = typed("/v1/bits/u", media, bit.encode_to_vec())
            .http2(running.addr)
            .await;
        let expected = Bit {
            uuid: "u".into(),
            ..bit.clone()
        };
        assert_eq!(
            (request.status, Bit::decode(&*request.body).unwrap()),
            (200, expected),
            "{media}"
        );
    }
    let json = |path: &str, data: Vec<u8>| {
        typed(path, "application/proto", data).header("accept", "application/json")
    };
    ok(
        &running,
        json(
            "/v1/bits/u/nested?int32_value=3&single_nested.amount=7",
            nested.encode_to_vec(),
        ),
        r#"{"uuid":"u","singleNested":{"name":"a","amount":2},"int32Value":3}"#,
    )
    .await;
    let (status, body) = sent(&running, json("/v1/bits", b"\xff".to_vec())).await;
    assert!(
        status == 400 && body.contains("bad protobuf message"),
        "{status} {body}"
    );
    for (path, field) in [
        ("text", "string_value"),
        ("wrapped", "int64_wrapper"),
        ("tags", "repeated_string_value"),
        ("map", "mapped_string_value"),
    ] {
        let request = json(&format!("/v1/bits/u/{path}"), b"\x0a\x01a".to_vec());
        let message = format!("{field}: has no protobuf form of its own: send application/json");
        refused(&running, request, &message).await;
    }
}

#[tokio::test]
async fn accept_decides_how_the_reply_is_written() {
    let running = running().await;
    let request = Request::new("GET", "/v1/bits/u").header("accept", "application/x-protobuf");
    let answer = request.http2(running.addr).await;
    assert_eq!(answer.value("content-type"), "application/proto");
    assert_eq!(Bit::decode(&*answer.body).unwrap().uuid, "u");
    let request = Request::new("GET", "/v1/bits/u").header("accept", "image/png");
    ok(&running, request, r#"{"uuid":"u"}"#).await;
    let nested = Request::new("GET", "/v1/reply/u/nested?single_nested.name=a")
        .header("accept", "application/proto");
    let answer = nested.http1(running.addr).await;
    assert_eq!(answer.body, b"\x0a\x01a"[..]);
    let text = Request::new("GET", "/v1/reply/u/text").header("accept", "application/proto");
    let (status, body) = sent(&running, text).await;
    assert_eq!(
        (status, body.as_str()),
        (
            406,
            r#"{"code":3,"message":"string_value has no protobuf form of its own: accept application/json"}"#
        )
    );
}

#[tokio::test]
async fn strict_json_refuses_unknown_members() {
    let running = running().await;
    post(&running, "/v1/bits", r#"{"nobody":1}"#, "{}").await;
    let strict = Running::start(server().json(ezrpc::json::Options::new().strict())).await;
    refused(
        &strict,
        Request::json("/v1/bits", r#"{"nobody":1}"#),
        "unknown field \"nobody\" at line 1 column 2",
    )
    .await;
    refused(
        &strict,
        Request::json("/v1/bits/u/nested", r#"{"nobody":1}"#),
        "single_nested: unknown field \"nobody\" at line 1 column 2",
    )
    .await;
}
