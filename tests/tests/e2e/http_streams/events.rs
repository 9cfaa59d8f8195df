//! Server-sent events.

use ezrpc_tests::http::Request;
use ezrpc_tests::tools;
use tokio::process::Command;

use super::{fixture, fixture_of, streamed, watch};

const MEDIA: &str = "text/event-stream";
const HEADERS: &str = "cache-control: no-cache\n";

fn events(body: &str) -> String {
    streamed(MEDIA, HEADERS, body).replace("x-feed", "x-accel-buffering: no\nx-feed")
}

fn ask(script: &str) -> Request {
    watch(script).header("accept", MEDIA)
}

#[tokio::test]
async fn h75_messages_end_and_error() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let a = "data: {\"text\":\"a\",\"number\":\"1\"}\n\n";
    let end = "event: end\ndata: {}\n\n";
    assert_eq!(ask("a").both(addr).await, events(&format!("{a}{end}")));
    assert_eq!(ask("").both(addr).await, events(end));
    let failure = format!("{a}event: error\ndata: {}\n\n", super::FAILURE);
    assert_eq!(ask("a fail").both(addr).await, events(&failure));
}

#[tokio::test]
async fn h75_by_the_query_where_it_is_switched_on() {
    let body = "event: end\ndata: {}\n\n";
    let request = Request::json(&format!("{}?alt=sse", super::WATCH), "{}");
    let with = fixture_of(|server| server.alt_sse()).await;
    assert_eq!(request.clone().both(with.running.addr).await, events(body));
    let without = fixture().await;
    let lines = streamed("application/x-ndjson", "", "");
    assert_eq!(request.both(without.running.addr).await, lines);
}

/// One event: its name, and its data lines joined.
type Event = (String, String);

/// The parser of the standard, as far as there are fields here.
fn parse(text: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let (mut name, mut data) = (String::new(), Vec::new());
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            // An empty line; without data there is no event.
            "" if line.is_empty() => {
                if !data.is_empty() {
                    events.push((std::mem::take(&mut name), data.join("\n")));
                }
                name.clear();
                data.clear();
            }
            "event" => value.clone_into(&mut name),
            "data" => data.push(value.to_owned()),
            // A comment.
            _ => {}
        }
    }
    events
}

/// Text that a parser of lines could stumble over.
const SCRIPT: &str = r"a\r\nb data:x :c d\u2028e é fail";

fn joined(events: Vec<Event>) -> String {
    events
        .into_iter()
        .map(|(name, data)| format!("[{name}] {data}\n"))
        .collect()
}

/// What a parser makes of the script.
fn expected() -> String {
    let words = ["a", "b", "data:x", ":c", "d", "e", "é"];
    let messages = (1..).zip(words).map(|(number, word)| {
        let data = format!(r#"{{"text":"{word}","number":"{number}"}}"#);
        (String::new(), data)
    });
    let error = ("error".to_owned(), super::FAILURE.to_owned());
    joined(messages.chain([error]).collect())
}

#[tokio::test]
async fn h74_a_parser_of_events_reads_them() {
    let fixture = fixture().await;
    let answer = ask(SCRIPT).http2(fixture.running.addr).await;
    let text = String::from_utf8(answer.body.to_vec()).expect("text");
    assert_eq!(joined(parse(&text)), expected());
}

/// npm's `eventsource-parser`, which most fetch-based clients use, on what came over the socket.
#[tokio::test]
async fn h74_eventsource_parser_reads_them() {
    let Some(node) = tools::require_npm("eventsource-parser") else {
        return;
    };
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let script = r#"
        const { createParser } = require('eventsource-parser');
        async function main(url, body) {
            const events = [];
            const parser = createParser({
                onEvent: e => events.push([e.event ?? '', e.data]),
                onError: e => { throw e; },
            });
            const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
            const response = await fetch(url, { method: 'POST', headers, body });
            if (response.headers.get('content-type') !== 'text/event-stream') throw response;
            const decoder = new TextDecoder();
            for await (const chunk of response.body) parser.feed(decoder.decode(chunk, { stream: true }));
            console.log(JSON.stringify(events));
        }
        main(...process.argv.slice(1));
    "#;
    let output = Command::new(node)
        .args(["-e", script, &format!("http://{addr}{}", super::WATCH)])
        .arg(format!(r#"{{"script":"{SCRIPT}"}}"#))
        .output()
        .await
        .expect("node starts");
    assert!(output.status.success(), "{output:?}");
    let found: Vec<Event> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(joined(found), expected());
}
