//! Failed calls as Sentry's ingest endpoint sees them.

use std::net::SocketAddr;
use std::time::Duration;

use ezrpc_tests::echo::CAUSE;
use ezrpc_tests::http::{Request, TRACE};
use ezrpc_tests::server::Running;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::two_hops;

/// On the requests of this test.
const MARK: (&str, &str) = ("x-plain", "with bearer hunter2, inside");

/// An ingest endpoint: the events of the envelopes it gets.
async fn ingest() -> (SocketAddr, mpsc::UnboundedReceiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let (events, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let events = events.clone();
            tokio::spawn(async move {
                let mut data = Vec::new();
                while let Ok(read) = stream.read_buf(&mut data).await {
                    while let Some(envelope) = envelope(&mut data) {
                        for event in events_of(&envelope) {
                            let _ = events.send(event);
                        }
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                        let _ = stream.write_all(answer).await;
                    }
                    if read == 0 {
                        return;
                    }
                }
            });
        }
    });
    (addr, received)
}

/// Takes one request's body off the data, once it is there.
fn envelope(data: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = data.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&data[..end]).to_ascii_lowercase();
    assert!(head.starts_with("post /api/1/envelope/ "), "{head}");
    assert!(head.contains("sentry_key=key"), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length
        .and_then(|text| text.trim().parse().ok())
        .expect("a length");
    (data.len() >= end + length).then(|| {
        let body = data[end..end + length].to_vec();
        data.drain(..end + length);
        body
    })
}

/// The events of an envelope: a header, then for each item a header with its length, and the item.
fn events_of(envelope: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    let end = envelope
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a header");
    let _: Value = serde_json::from_slice(&envelope[..end]).expect("a header of JSON");
    let mut rest = &envelope[end + 1..];
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let header: Value = serde_json::from_slice(&rest[..end]).expect("an item's header");
        let length = usize::try_from(header["length"].as_u64().expect("a length")).expect("small");
        let item = &rest[end + 1..end + 1 + length];
        if header["type"] == "event" {
            events.push(serde_json::from_slice(item).expect("an event"));
        }
        rest = rest[end + 1 + length..].trim_ascii_start();
    }
    events
}

#[tokio::test]
async fn one_event_for_a_failed_call_with_the_frames_of_all() {
    let (addr, mut events) = ingest().await;
    let sentry = ezrpc::Sentry::new(format!("http://key@{addr}/1")).release("shop@1");
    let sentry = sentry.environment("test").init().expect("a DSN");
    let (front, _back) = two_hops().await;
    let echo = Running::echo().await;
    // Expected ones first: they must not come.
    let expected = Request::json("/e2e.Echo/Say", r#"{"failWith":5,"text":"gone"}"#);
    expected.header(MARK.0, MARK.1).http1(echo.addr).await;
    let bearer = Request::json("/e2e.Echo/Loop", "{}")
        .header("authorization", "Bearer hunter2")
        .header(MARK.0, MARK.1)
        .traced();
    bearer.http1(front.addr).await;
    let cause = Request::json("/e2e.Echo/Say", &format!(r#"{{"text":"{CAUSE}"}}"#)).traced();
    cause.header(MARK.0, MARK.1).http1(echo.addr).await;
    tokio::task::spawn_blocking(move || drop(sentry))
        .await
        .expect("sent");
    let mut own = Vec::new();
    while own.len() < 2 {
        let event = tokio::time::timeout(Duration::from_secs(5), events.recv()).await;
        let event = event.expect("in time").expect("an event");
        // There is one client for the process, and other tests make calls.
        if !event["request"]["headers"][MARK.0].is_null() {
            own.push(event);
        }
    }
    let [looped, said] = &own[..] else {
        panic!("{own:?}");
    };
    let frames = looped["exception"]["values"][0]["stacktrace"]["frames"]
        .as_array()
        .expect("frames");
    let functions: Vec<&Value> = frames.iter().map(|frame| &frame["function"]).collect();
    assert_eq!(functions, [&json!("e2e.Echo/Loop"); 4]);
    let innermost = frames.last().expect("a frame");
    assert_eq!(innermost["filename"], "tests/src/echo.rs");
    let line = innermost["lineno"].as_u64().expect("a line");
    let ty = format!("/e2e.Echo/Loop:e2e.Echo/Loop (tests/src/echo.rs:{line})");
    assert_eq!(looped["exception"]["values"][0]["type"], ty);
    let fingerprint = json!(["/e2e.Echo/Loop", "tests/src/echo.rs", "e2e.Echo/Loop"]);
    assert_eq!(looped["fingerprint"], fingerprint);
    assert_eq!(looped["request"]["headers"]["authorization"], "[Filtered]");
    assert_eq!(
        looped["request"]["headers"][MARK.0],
        "with bearer [Filtered], inside"
    );
    assert_eq!(looped["tags"]["trace_id"], TRACE);
    assert_eq!(looped["contexts"]["trace"]["trace_id"], TRACE);
    assert_eq!(looped["transaction"], "/e2e.Echo/Loop");
    assert_eq!(
        (&looped["release"], &looped["environment"]),
        (&json!("shop@1"), &json!("test"))
    );
    assert!(!looped.to_string().contains("hunter2"), "{looped}");
    assert_eq!(
        said["exception"]["values"][0]["value"],
        "the password is hunter2"
    );
    assert_eq!(said["tags"]["code"], "unknown");
}
