//! Raw gRPC over HTTP/2: frames as a test writes them, answers with their messages and their status.

use std::net::SocketAddr;

use bytes::Bytes;
use ezrpc::google::rpc::Status;
use prost::Message;

use crate::http::{Answer, Http2, Request};
use crate::proto::e2e::{EchoReply, EchoRequest};

/// Prefixes a message: flag 0 and the length.
pub fn frame(message: &[u8]) -> Vec<u8> {
    flagged(0, message)
}

/// Prefixes a message with a flag of the test's choice.
pub fn flagged(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    [&[flag][..], &length.to_be_bytes(), message].concat()
}

/// The frame of a request with a text.
pub fn say(text: &str) -> Vec<u8> {
    frame(
        &EchoRequest {
            text: text.to_owned(),
            ..EchoRequest::default()
        }
        .encode_to_vec(),
    )
}

/// The head of a gRPC request.
pub fn head(path: &str) -> Request {
    Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

/// Sends a request with this body on a connection of its own.
pub async fn call(addr: SocketAddr, head: &Request, body: impl Into<Bytes>) -> Answer {
    let mut exchange = Http2::connect(addr).await.open(head, None).await;
    exchange.finish(body);
    exchange.answer().await.expect("an answer")
}

/// Takes a body apart into its messages.
///
/// # Panics
/// If it is not a sequence of whole uncompressed messages.
pub fn messages(mut body: &[u8]) -> Vec<Bytes> {
    let mut messages = Vec::new();
    while let Some((prefix, rest)) = body.split_first_chunk::<5>() {
        assert_eq!(prefix[0], 0, "not compressed");
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
        let (message, rest) = rest.split_at(length);
        messages.push(Bytes::copy_from_slice(message));
        body = rest;
    }
    assert!(body.is_empty(), "a cut message: {body:?}");
    messages
}

/// The answer as text, with the texts of its replies as the body.
pub fn text(answer: &Answer) -> String {
    let replies = messages(&answer.body);
    let texts = replies
        .iter()
        .map(|reply| EchoReply::decode(&reply[..]).expect("a reply").text);
    let body = texts.map(|text| format!("[{text}]")).collect::<String>();
    Answer {
        body: Bytes::from(body),
        ..answer.clone()
    }
    .text()
}

/// The status: code and message.
pub fn status(answer: &Answer) -> (u16, String) {
    let code = answer.value("grpc-status").parse().unwrap_or(u16::MAX);
    (code, answer.value("grpc-message").to_owned())
}

/// What `grpc-status-details-bin` holds.
pub fn details(answer: &Answer) -> Status {
    let bytes = base64(answer.value("grpc-status-details-bin"));
    Status::decode(&bytes[..]).expect("google.rpc.Status")
}

/// Decodes base64 without padding.
pub fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("{text} is not base64"),
    };
    let chunks = text.as_bytes().chunks(4);
    let bytes = chunks.flat_map(|chunk| {
        let bits = chunk
            .iter()
            .fold(0u32, |bits, byte| bits << 6 | u32::from(digit(*byte)));
        let bytes = (bits << (6 * (4 - chunk.len()))).to_be_bytes();
        bytes[1..chunk.len()].to_vec()
    });
    bytes.collect()
}
