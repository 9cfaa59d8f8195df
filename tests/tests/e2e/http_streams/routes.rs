//! Streams on google.api.http routes.

use ezrpc::{ErrorFormat, StreamFormat};
use ezrpc_tests::http::Request;

use super::{A_B, fixture, fixture_of, streamed};

const NDJSON: &str = "application/x-ndjson";
/// What `fail` says here.
const FAILURE: &str = r#"{"code":5,"message":"no more","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ASKED_FOR","domain":"e2e"}]}"#;

fn get(path: &str) -> Request {
    Request::new("GET", path)
}

#[tokio::test]
async fn h70_h71_h72_lines_on_a_route() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let found = get("/v1/feed/a%20b").both(addr).await;
    assert_eq!(found, streamed(NDJSON, "", A_B));
    let first = A_B.lines().next().unwrap_or_default();
    let body = format!("{first}\n{{\"error\":{FAILURE}}}\n");
    let found = get("/v1/feed/a%20fail").both(addr).await;
    assert_eq!(found, streamed(NDJSON, "", &body));
    let found = get("/v1/feed/refuse").both(addr).await;
    let length = FAILURE.len();
    let head = format!("404\ncontent-length: {length}\ncontent-type: application/json\n\n");
    assert_eq!(found, head + FAILURE);
}

#[tokio::test]
async fn h38_a_field_of_each_reply() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let lines = "{\"result\":\"a\"}\n{\"result\":\"b\"}\n";
    let found = get("/v1/texts/a%20b").both(addr).await;
    assert_eq!(found, streamed(NDJSON, "", lines));
    let events = get("/v1/texts/a%20b").header("accept", "text/event-stream");
    let body = events.http1(addr).await.body;
    assert_eq!(
        body,
        "data: \"a\"\n\ndata: \"b\"\n\nevent: end\ndata: {}\n\n"
    );
    let array = fixture_of(|server| server.stream_format(StreamFormat::Array)).await;
    let found = get("/v1/texts/a%20b").both(array.running.addr).await;
    assert_eq!(found, streamed("application/json", "", r#"["a","b"]"#));
}

#[tokio::test]
async fn h75_events_on_a_route() {
    let fixture = fixture_of(|server| server.alt_sse()).await;
    let addr = fixture.running.addr;
    let body = format!("event: error\ndata: {FAILURE}\n\n");
    let request = get("/v1/feed/fail").header("accept", "text/event-stream");
    assert_eq!(request.http2(addr).await.body, body);
    assert_eq!(get("/v1/feed/fail?alt=sse").http1(addr).await.body, body);
}

#[tokio::test]
async fn h77_the_deadline_on_a_route() {
    let fixture = fixture().await;
    let request = get("/v1/feed/hang").header("grpc-timeout", "50m");
    let body = r#"{"error":{"code":4,"message":"deadline exceeded"}}"#;
    let found = request.both(fixture.running.addr).await;
    assert_eq!(found, streamed(NDJSON, "", &format!("{body}\n")));
}

#[tokio::test]
async fn h79_items_on_a_route() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let body = r#"{"count":"2","sum":"3"}"#;
    let length = body.len();
    let expected =
        format!("200\ncontent-length: {length}\ncontent-type: application/json\n\n{body}");
    for items in [
        "{\"number\":1}\n{\"number\":2}",
        "[{\"number\":1},{\"number\":2}]",
    ] {
        for media in ["application/json", NDJSON] {
            let post = Request::post("/v1/feed:import").header("content-type", media);
            assert_eq!(post.body(items).both(addr).await, expected);
        }
        let post = Request::post("/v1/feed:import").body(items);
        assert_eq!(post.both(addr).await, expected);
    }
    let post = Request::json("/v1/feed:import", "{} 7");
    let message = "item 2 of the request body: expected an object, found 7 at line 1 column 1";
    let body = format!(r#"{{"code":3,"message":"{message}"}}"#);
    let length = body.len();
    let expected =
        format!("400\ncontent-length: {length}\ncontent-type: application/json\n\n{body}");
    assert_eq!(post.both(addr).await, expected);
    let post = Request::post("/v1/feed:import").header("content-type", "application/proto");
    assert_eq!(post.http1(addr).await.status, 415);
}

/// A HEAD must not start what a GET would stream.
#[tokio::test]
async fn h10_head_of_a_stream_runs_nothing() {
    let mut fixture = fixture().await;
    let head = Request::new("HEAD", "/v1/feed/a")
        .both(fixture.running.addr)
        .await;
    assert_eq!(head, format!("200\ncontent-type: {NDJSON}\n\n"));
    assert!(fixture.dropped.try_recv().is_err());
}

#[tokio::test]
async fn h95_an_error_in_a_stream_has_the_form_set() {
    let fixture = fixture_of(|server| server.error_format(ErrorFormat::aip193())).await;
    let body = r#"{"error":{"code":404,"message":"no more","status":"NOT_FOUND","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ASKED_FOR","domain":"e2e"}]}}"#;
    let found = get("/v1/feed/fail").both(fixture.running.addr).await;
    assert_eq!(found, streamed(NDJSON, "", &format!("{body}\n")));
}
