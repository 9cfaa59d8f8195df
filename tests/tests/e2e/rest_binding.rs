//! Requests of google.api.http routes: what path, query and body make of each kind of field.

mod bodies;
mod replies;
mod values;

use ezrpc::Server;
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::rest::EverythingServer;
use ezrpc_tests::rest::Echoes;
use ezrpc_tests::server::Running;

pub(crate) fn server() -> Server {
    Server::new("rest").add(EverythingServer::new(Echoes))
}

pub(crate) async fn running() -> Running {
    Running::start(server()).await
}

/// Sends a request over HTTP/1.1 and HTTP/2; status and body of the answer, which is the same.
pub(crate) async fn sent(running: &Running, request: Request) -> (u16, String) {
    let answer = request.both(running.addr).await;
    let (status, rest) = answer.split_once('\n').unwrap();
    let (_, body) = rest.split_once("\n\n").unwrap();
    (status.parse().unwrap(), body.to_owned())
}

pub(crate) async fn ok(running: &Running, request: Request, expected: &str) {
    let shown = format!("{request:?}");
    assert_eq!(
        sent(running, request).await,
        (200, expected.to_owned()),
        "{shown}"
    );
}

pub(crate) async fn get(running: &Running, path: &str, expected: &str) {
    ok(running, Request::new("GET", path), expected).await;
}

pub(crate) async fn post(running: &Running, path: &str, body: &str, expected: &str) {
    ok(running, Request::json(path, body), expected).await;
}

/// Sends a request that is refused with 400 and this message.
pub(crate) async fn refused(running: &Running, request: Request, message: &str) {
    let shown = format!("{request:?}");
    let body = format!(
        r#"{{"code":3,"message":{}}}"#,
        serde_json::Value::from(message)
    );
    assert_eq!(sent(running, request).await, (400, body), "{shown}");
}

#[tokio::test]
async fn h20_create_path_with_every_scalar() {
    let running = running().await;
    let path = "/v1/example/1.5/-2.5e10/-9223372036854775807/separator/18446744073709551615/-7\
                /9223372036854775809/4294967295/true/strprefix/foo%20bar/4294967294/-2147483648/-5\
                /2147483647/-4611686018427387904/camel%2FCase/ONE/DEF/JKL/1";
    let expected = r#"{"floatValue":1.5,"doubleValue":-25000000000,"int64Value":"-9223372036854775807","uint64Value":"18446744073709551615","int32Value":-7,"fixed64Value":"9223372036854775809","fixed32Value":4294967295,"boolValue":true,"stringValue":"strprefix/foo bar","uint32Value":4294967294,"enumValue":"ONE","pathEnumValue":"DEF","nestedPathEnumValue":"JKL","sfixed32Value":-2147483648,"sfixed64Value":"-5","sint32Value":2147483647,"sint64Value":"-4611686018427387904","nonConventionalNameValue":"camel/Case","enumValueAnnotation":"ONE"}"#;
    let (status, body) = sent(&running, Request::post(path)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(sorted(&body), sorted(expected));
}

/// JSON with sorted keys.
fn sorted(json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn h20_a_bad_path_variable_names_field_type_and_text() {
    let running = running().await;
    let path = "/v1/example/x/1/1/separator/1/1/1/1/true/strprefix/a/1/1/1/1/1/a/ONE/DEF/JKL/1";
    refused(
        &running,
        Request::post(path),
        r#"path variable float_value: "x" is not float"#,
    )
    .await;
    let path = "/v1/enums/TWO";
    let message = r#"path variable enum_value: "TWO" is not one of ZERO, ONE, UNO"#;
    refused(&running, Request::new("GET", path), message).await;
}

#[tokio::test]
async fn h22_path_beats_body_beats_query() {
    let running = running().await;
    let body = r#"{"uuid":"body","stringValue":"s"}"#;
    post(
        &running,
        "/v1/bits/path?uuid=query&string_value=q",
        body,
        r#"{"uuid":"path","stringValue":"s"}"#,
    )
    .await;
    post(
        &running,
        "/v1/bits/path/text?string_value=query&int32_value=1",
        r#""body""#,
        r#"{"uuid":"path","int32Value":1,"stringValue":"body"}"#,
    )
    .await;
    // The path is within the field of the body, and counts for more.
    let update = |body: &str| {
        Request::new("PUT", "/v2/bits/path")
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    ok(
        &running,
        update(r#"{"uuid":"body","int32Value":5}"#),
        r#"{"abe":{"uuid":"path","int32Value":5}}"#,
    )
    .await;
}

#[tokio::test]
async fn h23_a_query_does_not_override_path_or_body() {
    let running = running().await;
    get(
        &running,
        "/v1/bits/path?uuid=a&uuid=b&stringValue=c",
        r#"{"uuid":"path","stringValue":"c"}"#,
    )
    .await;
    get(
        &running,
        "/v1/deep/path/TRUE?singleNested.name=query&single_nested.amount=3",
        r#"{"singleNested":{"name":"path","amount":3,"ok":"TRUE"}}"#,
    )
    .await;
    let nested =
        "/v1/bits/u/nested?single_nested.name=q&singleNested.amount=1&single_nested=x&int32Value=2";
    post(
        &running,
        nested,
        r#"{"name":"b"}"#,
        r#"{"uuid":"u","singleNested":{"name":"b"},"int32Value":2}"#,
    )
    .await;
    // An empty body fills its field too: with nothing.
    post(&running, nested, "", r#"{"uuid":"u","int32Value":2}"#).await;
}

#[tokio::test]
async fn h23_collisions_are_refused_if_the_server_says_so() {
    let running = Running::start(server().reject_collisions()).await;
    let message = |field: &str| {
        format!("{field} is given twice: path, body and query may each have fields of their own")
    };
    refused(
        &running,
        Request::new("GET", "/v1/bits/a?uuid=b"),
        &message("uuid"),
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits/a", r#"{"uuid":"b"}"#),
        &message("uuid"),
    )
    .await;
    refused(
        &running,
        Request::json("/v1/bits/a/text?stringValue=q", r#""b""#),
        &message("stringValue"),
    )
    .await;
    let put = |body: &'static str| {
        Request::new("PUT", "/v2/bits/a")
            .header("content-type", "application/json")
            .body(body)
    };
    refused(&running, put(r#"{"uuid":"b"}"#), &message("abe.uuid")).await;
    ok(
        &running,
        put(r#"{"int32Value":1}"#),
        r#"{"abe":{"uuid":"a","int32Value":1}}"#,
    )
    .await;
    post(
        &running,
        "/v1/bits/a?x=y",
        r#"{"int32Value":1}"#,
        r#"{"uuid":"a","int32Value":1}"#,
    )
    .await;
}

#[tokio::test]
async fn h28_unknown_names_are_ignored_or_refused() {
    let lenient = running().await;
    get(
        &lenient,
        "/v1/bits/a?nobody=1&single_nested.nobody=2&nested=3&%24fields=x&=y",
        r#"{"uuid":"a"}"#,
    )
    .await;
    let strict = Running::start(server().strict_query().system_params(["key", "$fields"])).await;
    for (query, name) in [
        ("nobody=1", "nobody"),
        ("single_nested.nobody=2", "single_nested.nobody"),
        ("nested=3", "nested"),
        ("=y", ""),
    ] {
        let request = Request::new("GET", &format!("/v1/bits/a?{query}"));
        refused(
            &strict,
            request,
            &format!("unknown query parameter {name:?}"),
        )
        .await;
    }
    get(
        &strict,
        "/v1/bits/a?key=1&%24fields=x&int32_value=5",
        r#"{"uuid":"a","int32Value":5}"#,
    )
    .await;
    // `*` leaves nothing to a query.
    refused(
        &strict,
        Request::json("/v1/bits/a?int32_value=1", "{}"),
        "unknown query parameter \"int32_value\"",
    )
    .await;
    post(&strict, "/v1/bits/a?key=x", "{}", r#"{"uuid":"a"}"#).await;
}

#[tokio::test]
async fn h36_plus_is_a_space_in_a_query_and_a_plus_in_a_path() {
    let running = running().await;
    get(
        &running,
        "/v1/bits/a+b%20c?string_value=d+e%2Bf",
        r#"{"uuid":"a+b c","stringValue":"d e+f"}"#,
    )
    .await;
    get(
        &running,
        "/v1/bits/a;b?string_value=1;int32_value=2&bool_value=1",
        r#"{"uuid":"a;b","boolValue":true,"stringValue":"1;int32_value=2"}"#,
    )
    .await;
    refused(
        &running,
        Request::new("GET", "/v1/bits/a?string_value=%zz"),
        "query: \"%zz\" has a `%` without two hex digits after it: write `%25` for a percent sign",
    )
    .await;
    refused(
        &running,
        Request::new("GET", "/v1/bits/a?string_value=%ff"),
        "query: \"%ff\" is not UTF-8 once decoded",
    )
    .await;
}

#[tokio::test]
async fn h37_depth_is_bounded() {
    let running = running().await;
    let inner = |depth: usize| {
        format!(
            "/v1/bits/a?single_nested.{}amount=1",
            "inner.".repeat(depth)
        )
    };
    let (status, body) = sent(&running, Request::new("GET", &inner(97))).await;
    assert_eq!((status, body.matches("inner").count()), (200, 97));
    let (status, body) = sent(&running, Request::new("GET", &inner(100))).await;
    assert!(
        status == 400 && body.contains("more than 100 fields deep"),
        "{status} {body}"
    );
    let (status, _) = sent(&running, Request::new("GET", &inner(1_000))).await;
    assert_eq!(status, 400);
    let (status, body) = sent(
        &running,
        Request::json(
            "/v1/bits",
            &format!(
                r#"{{"singleNested":{}{}}}"#,
                r#"{"inner":"#.repeat(200),
                "}".repeat(200)
            ),
        ),
    )
    .await;
    assert!(
        status == 400 && body.contains("nested more than 100 deep"),
        "{status} {body}"
    );
}

#[tokio::test]
async fn h40_deep_path_echo() {
    let running = running().await;
    post(
        &running,
        "/v1/deep/path",
        r#"{"singleNested":{"name":"body","amount":2},"uuid":"u"}"#,
        r#"{"uuid":"u","singleNested":{"name":"path","amount":2}}"#,
    )
    .await;
    post(
        &running,
        "/v1/deep/path",
        "",
        r#"{"singleNested":{"name":"path"}}"#,
    )
    .await;
}

#[tokio::test]
async fn h41_enums_in_the_path() {
    let running = running().await;
    for (text, expected) in [
        ("ONE", r#"{"enumValue":"ONE"}"#),
        ("UNO", r#"{"enumValue":"ONE"}"#),
        ("1", r#"{"enumValue":"ONE"}"#),
        ("0", "{}"),
        ("77", r#"{"enumValue":77}"#),
    ] {
        get(&running, &format!("/v1/enums/{text}"), expected).await;
    }
    refused(
        &running,
        Request::new("GET", "/v1/enums/one"),
        r#"path variable enum_value: "one" is not one of ZERO, ONE, UNO"#,
    )
    .await;
    get(
        &running,
        "/v1/deep/a/1",
        r#"{"singleNested":{"name":"a","ok":"TRUE"}}"#,
    )
    .await;
}
