//! Headers over plain HTTP: metadata in and out, deadlines, statuses of replies.

mod routes;

use std::net::SocketAddr;

use ezrpc_tests::http::Request;

use crate::http_streams::{Fixture, fixture};

pub(crate) const CREATE: &str = "/e2e.feed.Feed/Create";

/// A whole answer in JSON; `headers` are lines with other names, by name.
pub(crate) fn answer(status: u16, headers: &[&str], body: &str) -> String {
    let length = format!("content-length: {}", body.len());
    let mut lines = vec![length.as_str(), "content-type: application/json"];
    lines.extend(headers);
    // Stable, so that values of one name keep their order.
    lines.sort_by_key(|line| line.split(':').next());
    format!("{status}\n{}\n\n{body}", lines.join("\n"))
}

/// A call whose reply says what the handler sees under these names.
fn look(names: &[&str]) -> Request {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    Request::json(CREATE, &format!(r#"{{"lookAt":[{}]}}"#, names.join(",")))
}

fn seen(text: &str) -> String {
    match text {
        "" => answer(200, &[], "{}"),
        _ => answer(200, &[], &format!(r#"{{"text":"{text}"}}"#)),
    }
}

#[tokio::test]
async fn h85_gateway_metadata_is_seen_without_its_prefix() {
    let fixture = fixture().await;
    let request = look(&["foo", "grpc-metadata-foo", "bar", "bar-bin"])
        .header("Grpc-Metadata-Foo", "a")
        .header("Grpc-Metadata-Foo", "b")
        .header("bar", "own")
        .header("grpc-metadata-bar", "more")
        .header("Grpc-Metadata-Bar-Bin", "AQI");
    let expected = seen("a,b||own,more|[[1, 2]]");
    assert_eq!(request.both(fixture.running.addr).await, expected);
}

#[tokio::test]
async fn h85_binary_metadata() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let request = look(&["x-bin"]).header("x-bin", "AQI=, AQI,_-8");
    let request = request.header("x-bin", "+/8=");
    let expected = seen("[[1, 2], [1, 2], [255, 239], [251, 255]]");
    assert_eq!(request.both(addr).await, expected);
    for (name, value) in [
        ("x-bin", "!"),
        ("x-bin", "AQI=,A"),
        ("grpc-metadata-x-bin", "?"),
    ] {
        let message = format!("header {name} is not base64, as names ending in -bin must be");
        let body = format!(r#"{{"code":"invalid_argument","message":"{message}"}}"#);
        let request = look(&["x-bin"]).header(name, value);
        assert_eq!(request.both(addr).await, answer(400, &[], &body), "{value}");
    }
}

#[tokio::test]
async fn h85_values_beyond_ascii_are_skipped() {
    let fixture = fixture().await;
    let request = look(&["x-name", "x-other"])
        .header("x-name", "谷")
        .header("x-name", "kept")
        .header("x-other", "\u{e9}");
    assert_eq!(request.both(fixture.running.addr).await, seen("kept|"));
}

#[tokio::test]
async fn h86_metadata_of_replies_is_headers() {
    let fixture = fixture().await;
    let body = r#"{"headers":{"x-a":"1","content-disposition":"inline","content-encoding":"gzip","content-range":"x"},
                   "trailers":{"x-end":"2"}}"#;
    let headers = ["content-disposition: inline", "trailer-x-end: 2", "x-a: 1"];
    let addr = fixture.running.addr;
    let expected = answer(200, &headers, "{}");
    assert_eq!(Request::json(CREATE, body).both(addr).await, expected);
    // An RPC path answers as Connect does, whoever asks.
    let request = Request::json(CREATE, body).header("te", "trailers");
    assert_eq!(request.both(addr).await, expected);
    for name in [
        "content-type",
        "connection",
        "grpc-status",
        "transfer-encoding",
    ] {
        let request = Request::json(CREATE, &format!(r#"{{"headers":{{"{name}":"x"}}}}"#));
        let message = format!("metadata name `{name}` is reserved by the protocols");
        let body = format!(r#"{{"code":"invalid_argument","message":"{message}"}}"#);
        assert_eq!(request.both(addr).await, answer(400, &[], &body));
    }
}

const LATE: &str = r#"{"code":"deadline_exceeded","message":"deadline exceeded"}"#;

async fn with_header(addr: SocketAddr, body: &str, name: &str, value: &str) -> String {
    Request::json(CREATE, body)
        .header(name, value)
        .both(addr)
        .await
}

#[tokio::test]
async fn h87_time_limits() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let wait = r#"{"text":"wait"}"#;
    for (name, value) in [
        ("grpc-timeout", "20m"),
        ("grpc-timeout", "20000u"),
        ("grpc-timeout", "20000000n"),
        ("connect-timeout-ms", "20"),
        ("x-server-timeout", "0.02"),
        ("x-server-timeout", ".02"),
    ] {
        let found = with_header(addr, wait, name, value).await;
        assert_eq!(found, answer(504, &[], LATE), "{name}: {value}");
    }
    for value in ["17H", "19M", "23S", "1009m", "1000003u"] {
        let found = with_header(addr, "{}", "grpc-timeout", value).await;
        assert!(found.starts_with("200\n"), "{found}");
    }
    // 100 ms, in one digit more than gRPC takes: an hour would not end.
    let found = with_header(addr, wait, "grpc-timeout", "100000007n").await;
    assert_eq!(found, answer(504, &[], LATE));
    for (name, value) in [
        ("grpc-timeout", "0n"),
        ("grpc-timeout", "0H"),
        ("connect-timeout-ms", "0"),
        ("x-server-timeout", "0"),
        ("x-server-timeout", "0.0"),
    ] {
        let found = with_header(addr, "{}", name, value).await;
        assert_eq!(found, answer(504, &[], LATE), "{name}: {value}");
    }
}

#[tokio::test]
async fn h87_time_limits_that_cannot_be_read() {
    let fixture = fixture().await;
    let message = "malformed timeout: grpc-timeout takes 1 to 8 digits and one of H M S m u n, \
                   connect-timeout-ms 1 to 10 digits, x-server-timeout seconds as a decimal number";
    let body = format!(r#"{{"code":"invalid_argument","message":"{message}"}}"#);
    for (name, value) in [
        ("grpc-timeout", "1234567890123456n"),
        ("grpc-timeout", "5"),
        ("grpc-timeout", "-1S"),
        ("connect-timeout-ms", "12345678901"),
        ("x-server-timeout", "1s"),
        ("x-server-timeout", "-1"),
        ("x-server-timeout", "NaN"),
        ("x-server-timeout", ""),
    ] {
        let found = with_header(fixture.running.addr, "{}", name, value).await;
        assert_eq!(found, answer(400, &[], &body), "{name}: {value}");
    }
}

#[tokio::test]
async fn h88_what_belongs_to_the_connection_is_not_seen() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let names = [
        "host",
        "content-length",
        "te",
        "proxy-authorization",
        "grpc-timeout",
        "connect-protocol-version",
    ];
    let names = [
        &names[..],
        &["content-type", "authorization", "x-request-id"],
    ]
    .concat();
    let request = look(&names)
        .header("te", "trailers")
        .header("proxy-authorization", "x")
        .header("grpc-timeout", "1H")
        .header("connect-protocol-version", "1")
        .header("authorization", "Bearer x")
        .header("x-request-id", "7");
    let expected = seen("||||||application/json|Bearer x|7");
    assert_eq!(request.both(addr).await, expected);
    // These are forbidden over HTTP/2.
    let request = look(&[
        "connection",
        "keep-alive",
        "upgrade",
        "x-private",
        "x-public",
    ])
    .header("connection", "keep-alive, X-Private")
    .header("keep-alive", "timeout=5")
    .header("upgrade", "foo")
    .header("x-private", "1")
    .header("x-public", "2");
    assert_eq!(request.http1(addr).await.text(), seen("||||2"));
}

async fn status(fixture: &Fixture, status: u16) -> String {
    let body =
        format!(r#"{{"status":{status},"text":"t","headers":{{"location":"/v1/items/7"}}}}"#);
    Request::json(CREATE, &body)
        .both(fixture.running.addr)
        .await
}

#[tokio::test]
async fn h89_the_status_of_a_reply() {
    let fixture = fixture().await;
    let location = ["location: /v1/items/7"];
    for code in [200, 201, 202, 299, 303] {
        let expected = answer(code, &location, r#"{"text":"t"}"#);
        assert_eq!(status(&fixture, code).await, expected);
    }
    for code in [204, 304] {
        let expected = format!("{code}\nlocation: /v1/items/7\n\n");
        assert_eq!(status(&fixture, code).await, expected);
    }
    let message = "the HTTP status of a reply is 200 to 399: return an error for the others";
    let body = format!(r#"{{"code":"invalid_argument","message":"{message}"}}"#);
    for code in [100, 404, 500, 999] {
        assert_eq!(status(&fixture, code).await, answer(400, &location, &body));
    }
    // To Connect's clients all but 200 is an error.
    let request = Request::json(CREATE, r#"{"status":201,"text":"t"}"#);
    let request = request.header("connect-protocol-version", "1");
    let expected = answer(200, &[], r#"{"text":"t"}"#);
    assert_eq!(request.both(fixture.running.addr).await, expected);
}
