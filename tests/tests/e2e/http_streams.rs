//! Streams over plain HTTP: lines, server-sent events and arrays out, many JSON values in.

mod events;
mod requests;
mod routes;

use std::sync::atomic::Ordering;
use std::time::Duration;

use ezrpc::{Server, StreamFormat};
use ezrpc_tests::feed::{FLOOD, Feed};
use ezrpc_tests::http::{Begun, Http1, Http2, Request, TRACE};
use ezrpc_tests::proto::e2e::feed::FeedServer;
use ezrpc_tests::server::Running;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub(crate) const WATCH: &str = "/e2e.feed.Feed/Watch";

/// Long enough for a machine with other things to do; nothing waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A service, its server, and what tells of dropped streams.
pub(crate) struct Fixture {
    pub(crate) feed: Feed,
    pub(crate) running: Running,
    pub(crate) dropped: mpsc::UnboundedReceiver<bool>,
}

pub(crate) async fn fixture() -> Fixture {
    fixture_of(|server| server).await
}

pub(crate) async fn fixture_of(change: impl FnOnce(Server) -> Server) -> Fixture {
    let (feed, dropped) = Feed::new();
    let server = Server::new("feed").add(FeedServer::new(feed.clone()));
    let running = Running::start(change(server)).await;
    Fixture {
        feed,
        running,
        dropped,
    }
}

/// A call of Watch on its RPC path.
pub(crate) fn watch(script: &str) -> Request {
    Request::json(WATCH, &format!(r#"{{"script":"{script}"}}"#))
}

/// The head and body of an answer that streams; `headers` are lines that sort between `content-type` and `x-feed`.
pub(crate) fn streamed(media: &str, headers: &str, body: &str) -> String {
    format!("200\n{headers}content-type: {media}\nx-feed: 1\n\n{body}")
}

const A_B: &str = "{\"result\":{\"text\":\"a\",\"number\":\"1\"}}\n{\"result\":{\"text\":\"b\",\"number\":\"2\"}}\n";

#[tokio::test]
async fn h70_a_line_each() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let expected = streamed("application/x-ndjson", "", A_B);
    assert_eq!(watch("a b").both(addr).await, expected);
    for accept in [
        "*/*",
        "application/json",
        "application/x-ndjson",
        "application/jsonl",
        "text/html",
    ] {
        let request = watch("a b").header("accept", accept);
        assert_eq!(request.both(addr).await, expected, "{accept}");
    }
    let empty = streamed("application/x-ndjson", "", "");
    assert_eq!(watch("").both(addr).await, empty);
}

#[tokio::test]
async fn h70_lines_as_json_and_arrays_by_option() {
    let json = fixture_of(|s| s.stream_format(StreamFormat::LinesAsJson)).await;
    assert_eq!(
        watch("a b").both(json.running.addr).await,
        streamed("application/json", "", A_B)
    );
    let array = fixture_of(|s| s.stream_format(StreamFormat::Array)).await;
    let addr = array.running.addr;
    let body = r#"[{"text":"a","number":"1"},{"text":"b","number":"2"}]"#;
    let expected = |body| streamed("application/json", "", body);
    assert_eq!(watch("a b").both(addr).await, expected(body));
    assert_eq!(watch("").both(addr).await, expected("[]"));
    let one = r#"[{"text":"a","number":"1"}]"#;
    assert_eq!(watch("a").both(addr).await, expected(one));
    let lines = watch("a b").header("accept", "application/x-ndjson");
    assert_eq!(
        lines.both(addr).await,
        streamed("application/x-ndjson", "", A_B)
    );
}

/// Half an array must not look like the whole.
#[tokio::test]
async fn h71_an_array_of_a_call_that_fails_breaks_off() {
    let fixture = fixture_of(|s| s.stream_format(StreamFormat::Array)).await;
    let request = watch("a fail");
    let mut one = http1(&fixture, &request).await;
    let mut answer = one.head().await;
    assert!(!one.rest(&mut answer).await, "{}", answer.text());
    let two = http2(&fixture, &request).await.rest().await;
    let reason = two.expect_err("a reset").reason();
    assert_eq!(reason, Some(h2::Reason::INTERNAL_ERROR));
}

/// What `fail` says, on an RPC path.
const FAILURE: &str = r#"{"code":"not_found","message":"no more","details":[{"type":"google.rpc.ErrorInfo","value":"CglBU0tFRF9GT1ISA2UyZQ"}]}"#;

#[tokio::test]
async fn h71_the_last_line_is_the_error() {
    let fixture = fixture().await;
    let first = A_B.lines().next().unwrap_or_default();
    let body = format!("{first}\n{{\"error\":{FAILURE}}}\n");
    let expected = streamed("application/x-ndjson", "", &body);
    let addr = fixture.running.addr;
    assert_eq!(watch("a fail b").both(addr).await, expected);
    let body = format!(
        "{first}\n{{\"error\":{{\"code\":\"internal\",\"message\":\"internal error (id {TRACE})\"}}}}\n"
    );
    let expected = streamed("application/x-ndjson", "", &body);
    assert_eq!(watch("a panic b").traced().both(addr).await, expected);
    // As the first thing a stream does; there was no error before the stream.
    let expected = streamed(
        "application/x-ndjson",
        "",
        &format!("{{\"error\":{FAILURE}}}\n"),
    );
    assert_eq!(watch("fail").both(addr).await, expected);
}

#[tokio::test]
async fn h72_an_error_before_the_stream_is_an_error() {
    let fixture = fixture().await;
    let expected = format!(
        "404\ncontent-length: {}\ncontent-type: application/json\n\n{FAILURE}",
        FAILURE.len()
    );
    let addr = fixture.running.addr;
    assert_eq!(watch("refuse").both(addr).await, expected);
    let events = watch("refuse").header("accept", "text/event-stream");
    assert_eq!(events.both(addr).await, expected);
}

pub(crate) async fn http1(fixture: &Fixture, request: &Request) -> Http1 {
    let body = request.payload();
    let request = request
        .clone()
        .header("content-length", &body.len().to_string());
    let mut connection = Http1::open(fixture.running.addr, &request).await;
    connection.send(&body).await;
    connection
}

pub(crate) async fn http2(fixture: &Fixture, request: &Request) -> Begun {
    let client = Http2::connect(fixture.running.addr).await;
    let mut exchange = client.open(request, None).await;
    exchange.finish(request.payload());
    exchange.begun().await.expect("a head")
}

#[tokio::test]
async fn h73_the_head_comes_before_the_first_message_and_each_message_at_once() {
    let fixture = fixture().await;
    let lines: Vec<String> = A_B.lines().map(|line| format!("{line}\n")).collect();
    let request = watch("wait a wait b wait");
    let mut one = http1(&fixture, &request).await;
    assert_eq!(one.head().await.status, 200);
    fixture.feed.go.add_permits(1);
    assert_eq!(one.chunk().await.expect("a chunk"), lines[0]);
    fixture.feed.go.add_permits(1);
    assert_eq!(one.chunk().await.expect("a chunk"), lines[1]);
    fixture.feed.go.add_permits(1);
    assert_eq!(one.chunk().await.expect("a chunk"), "");

    let mut two = http2(&fixture, &request).await;
    assert_eq!(two.answer.status, 200);
    for line in lines {
        fixture.feed.go.add_permits(1);
        assert_eq!(two.data().await.expect("data").expect("data"), line);
    }
    fixture.feed.go.add_permits(1);
    assert_eq!(two.data().await.expect("data").unwrap_or_default(), "");
}

#[tokio::test]
async fn h76_a_caller_who_goes_ends_the_stream() {
    let mut fixture = fixture().await;
    let mut one = http1(&fixture, &watch("a hang")).await;
    assert_eq!(one.head().await.status, 200);
    drop(one);
    let dropped = timeout(PATIENCE, fixture.dropped.recv()).await;
    assert_eq!(dropped.expect("in time"), Some(true));

    let mut two = http2(&fixture, &watch("a hang")).await;
    two.body.send_reset(h2::Reason::CANCEL);
    let dropped = timeout(PATIENCE, fixture.dropped.recv()).await;
    assert_eq!(dropped.expect("in time"), Some(true));
}

#[tokio::test]
async fn h77_the_deadline_ends_the_stream_with_an_error() {
    let mut fixture = fixture().await;
    let first = A_B.lines().next().unwrap_or_default();
    let late = r#"{"code":"deadline_exceeded","message":"deadline exceeded"}"#;
    for (name, value) in [
        ("grpc-timeout", "50m"),
        ("connect-timeout-ms", "50"),
        ("x-server-timeout", "0.05"),
    ] {
        let request = watch("a hang").header(name, value);
        let body = format!("{first}\n{{\"error\":{late}}}\n");
        assert_eq!(
            request.clone().both(fixture.running.addr).await,
            streamed("application/x-ndjson", "", &body)
        );
        assert_eq!(fixture.dropped.recv().await, Some(true));
        assert_eq!(fixture.dropped.recv().await, Some(true));
        let events = request.header("accept", "text/event-stream");
        let body = events.http1(fixture.running.addr).await.body;
        let body = String::from_utf8_lossy(&body).into_owned();
        let end = format!("event: error\ndata: {late}\n\n");
        assert!(body.ends_with(&end), "{body}");
        assert_eq!(fixture.dropped.recv().await, Some(true));
    }
}

/// What is made ahead of a caller fits the buffers of two sockets.
#[tokio::test]
async fn h78_a_slow_reader_holds_the_stream_back() {
    const AHEAD: u64 = 256;
    let fixture = fixture().await;
    let item = FLOOD.1 + r#"{"result":{"text":"","number":"1024"}}"#.len();
    let made = || fixture.feed.made.load(Ordering::SeqCst);
    let mut one = http1(&fixture, &watch("flood")).await;
    assert_eq!(one.head().await.status, 200);
    let mut bytes = 0;
    while let Some(chunk) = one.chunk().await.filter(|chunk| !chunk.is_empty()) {
        bytes += chunk.len();
        let read = (bytes / item) as u64;
        assert!(made() <= read + AHEAD, "{} made, {read} read", made());
    }
    assert_eq!(made(), FLOOD.0);

    let mut two = http2(&fixture, &watch("flood")).await;
    let mut bytes = 0;
    while let Some(data) = two.data().await.expect("data") {
        bytes += data.len();
        let read = FLOOD.0 + (bytes / item) as u64;
        assert!(made() <= read + AHEAD, "{} made, {read} read", made());
    }
    assert_eq!(made(), 2 * FLOOD.0);
}

#[tokio::test]
async fn a_stream_has_no_place_for_protobuf() {
    let fixture = fixture().await;
    let message =
        "this method streams: send Content-Type: application/json, or application/connect+proto";
    let body = format!(r#"{{"code":"invalid_argument","message":"{message}"}}"#);
    let expected = format!(
        "415\naccept-post: application/json, application/connect+json, application/connect+proto\n\
         content-length: {}\ncontent-type: application/json\n\n{body}",
        body.len()
    );
    for media in ["application/proto", "text/plain"] {
        let request = Request::post(WATCH).header("content-type", media);
        assert_eq!(request.both(fixture.running.addr).await, expected);
    }
}

#[tokio::test]
async fn streams_both_ways_are_not_offered() {
    let fixture = fixture().await;
    let message =
        "/e2e.feed.Feed/Both streams both ways, which plain HTTP does not offer: use gRPC";
    let body = format!(r#"{{"code":"unimplemented","message":"{message}"}}"#);
    let expected = format!(
        "501\ncontent-length: {}\ncontent-type: application/json\n\n{body}",
        body.len()
    );
    let request = Request::json("/e2e.feed.Feed/Both", "{}");
    assert_eq!(request.both(fixture.running.addr).await, expected);
}
