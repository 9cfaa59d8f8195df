//! A small ingest endpoint of Sentry's on loopback: what it is sent, parsed.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// An ingest endpoint: the events of the envelopes it gets.
pub(crate) async fn ingest() -> (SocketAddr, mpsc::UnboundedReceiver<Value>) {
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
