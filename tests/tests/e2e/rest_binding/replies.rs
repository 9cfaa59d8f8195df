//! Replies that are one field.

use ezrpc_tests::http::Request;

use super::{get, running, sent};

#[tokio::test]
async fn h38_response_body() {
    let running = running().await;
    let rows = [
        (
            "nested?single_nested.name=a&single_nested.inner.amount=1",
            r#"{"name":"a","inner":{"amount":1}}"#,
        ),
        ("nested?string_value=x", "{}"),
        ("list", "[]"),
        (
            "tags?repeated_string_value=a&repeated_string_value=b&int32_value=1",
            r#"["a","b"]"#,
        ),
        ("tags?string_value=x&int32_value=7", "[]"),
        ("map?mapped_string_value[k]=v", r#"{"k":"v"}"#),
        ("map", "{}"),
        ("text?string_value=a%22b", r#""a\"b""#),
        ("text?int32_value=5", "\"\""),
        ("number?int64_value=5", "\"5\""),
        ("number", "\"0\""),
        ("enum?enum_value=1", "\"ONE\""),
        ("enum", "\"ZERO\""),
        (
            "at?timestamp_value=2006-01-02T15:04:05Z",
            "\"2006-01-02T15:04:05Z\"",
        ),
        ("at", "\"1970-01-01T00:00:00Z\""),
        ("oneof?oneof_string=x", "\"x\""),
        ("oneof?oneof_nested.name=x", "\"\""),
        ("optional?optional_string=x", "\"x\""),
        ("optional", "\"\""),
    ];
    for (path, expected) in rows {
        let path = match path.split_once('?') {
            Some((path, query)) => format!("/v1/reply/u/{path}?{query}"),
            None => format!("/v1/reply/u/{path}"),
        };
        get(&running, &path, expected).await;
    }
}

#[tokio::test]
async fn h38_response_body_of_a_stream() {
    let running = running().await;
    let (status, body) = sent(&running, Request::new("GET", "/v1/watch/u?string_value=a")).await;
    assert_eq!(
        (status, body.as_str()),
        (200, "{\"result\":\"a\"}\n{\"result\":\"\"}\n")
    );
}
