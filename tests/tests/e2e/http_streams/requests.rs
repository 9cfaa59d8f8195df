//! Streams of requests: many JSON values in one body.

use std::sync::atomic::Ordering;

use ezrpc_tests::feed::Feed;
use ezrpc_tests::http::{Http2, Request};

use super::{Fixture, fixture, fixture_of};

const IMPORT: &str = "/e2e.feed.Feed/Import";

fn import(body: &str) -> Request {
    Request::json(IMPORT, body)
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!("200\ncontent-length: {length}\ncontent-type: application/json\n\n{body}")
}

fn refused(status: u16, code: &str, message: &str) -> String {
    let message = message.replace('"', "\\\"");
    let body = format!(r#"{{"code":"{code}","message":"{message}"}}"#);
    let length = body.len();
    format!("{status}\ncontent-length: {length}\ncontent-type: application/json\n\n{body}")
}

#[tokio::test]
async fn h79_ten_thousand_items() {
    let fixture = fixture().await;
    let item = |number: u64| format!(r#"{{"number":"{number}","text":"{{[\"{number}"}}"#);
    let items: Vec<String> = (1..=10_000).map(item).collect();
    let sum = 10_000 * 10_001 / 2;
    let expected = ok(&format!(
        r#"{{"count":"10000","sum":"{sum}","last":"{{[\"10000"}}"#
    ));
    for body in [
        items.join("\n"),
        items.concat(),
        format!("[{}]", items.join(",")),
    ] {
        let addr = fixture.running.addr;
        assert_eq!(import(&body).both(addr).await, expected);
        assert_eq!(import(&body).streamed().both(addr).await, expected);
    }
}

#[tokio::test]
async fn h79_media_types_and_empty_bodies() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    for media in [
        "application/json",
        "application/x-ndjson",
        "application/jsonl",
        "application/x-ndjson; charset=utf-8",
    ] {
        let request = |body: &str| {
            let post = Request::post(IMPORT).header("content-type", media);
            post.body(body.to_owned())
        };
        let one = ok(r#"{"count":"1","sum":"7"}"#);
        assert_eq!(request("{\"number\":7}\r\n").both(addr).await, one);
        for empty in ["", "\n \n", "[]", " [\n] "] {
            assert_eq!(request(empty).both(addr).await, ok("{}"), "{empty:?}");
        }
    }
    // A method that takes one message does not take lines of them.
    let request =
        Request::post("/e2e.feed.Feed/Create").header("content-type", "application/x-ndjson");
    assert_eq!(request.body("{}").http1(addr).await.status, 415);
}

/// How many items the handler has read since it was asked last.
fn read(feed: &Feed) -> u64 {
    feed.read.swap(0, Ordering::SeqCst)
}

async fn both(fixture: &Fixture, body: &str) -> (String, u64) {
    let text = import(body).both(fixture.running.addr).await;
    (text, read(&fixture.feed) / 2)
}

#[tokio::test]
async fn h80_a_bad_item_ends_the_call() {
    let fixture = fixture().await;
    let rows = [
        (
            "{\"number\":1}\n{\"number\":\"x\"}\n{}",
            1,
            "item 2 of the request body: number: expected a number, found \"x\" at line 1 column 11",
        ),
        (
            "{} {} nope {}",
            2,
            "item 3 of the request body: expected an object, found nope at line 1 column 1",
        ),
        (
            "{},{}",
            1,
            "item 2 of the request body does not start like a JSON value",
        ),
        (
            "{}\n{\"number\":",
            1,
            "item 2 of the request body is cut short: the body ends in the middle of it",
        ),
        (
            "[{},{}",
            2,
            "the request body ends before the `]` of its array",
        ),
        (
            "null",
            0,
            "item 1 of the request body: expected an object, found null at line 1 column 1",
        ),
    ];
    for (body, items, message) in rows {
        let expected = refused(400, "invalid_argument", message);
        assert_eq!(both(&fixture, body).await, (expected, items), "{body}");
    }
}

#[tokio::test]
async fn h80_an_item_over_the_limit_is_413() {
    let fixture = fixture_of(|server| server.max_message(100)).await;
    let body = format!("{{}}\n{{\"text\":\"{}\"}}", "x".repeat(100));
    let message = "item 2 of the request body is over the limit of 100 bytes";
    let expected = refused(413, "resource_exhausted", message);
    assert_eq!(both(&fixture, &body).await, (expected, 1));
    // The limit is for each, not for all of them.
    let many = "{\"text\":\"0123456789\"}\n".repeat(100);
    let text = import(&many).both(fixture.running.addr).await;
    assert_eq!(text, ok(r#"{"count":"100","last":"0123456789"}"#));
}

/// Items reach the handler as they come, and no faster than it takes them.
#[tokio::test]
async fn h79_items_are_pulled() {
    let fixture = fixture().await;
    let client = Http2::connect(fixture.running.addr).await;
    let head = Request::post(IMPORT).header("content-type", "application/json");
    let mut exchange = client.open(&head, None).await;
    exchange.send("{\"text\":\"wait\",\"number\":1}\n{\"number\":2}");
    // The handler waits in its first item: another call gets through meanwhile.
    let other = import("{\"number\":5}").http1(fixture.running.addr).await;
    assert_eq!(other.body, r#"{"count":"1","sum":"5"}"#);
    fixture.feed.go.add_permits(1);
    exchange.send("\n{\"number\":4}\n{\"text\":\"stop\"}\n");
    // `stop` is answered without an end of the request.
    let mut answer = exchange.begun().await.expect("a head");
    assert_eq!(answer.answer.status, 200);
    let body = answer.data().await.expect("data").expect("data");
    assert_eq!(body, r#"{"count":"4","sum":"7"}"#);
}
