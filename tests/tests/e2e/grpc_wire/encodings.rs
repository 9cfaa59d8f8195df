//! G13, G14: compressed messages, and what they are when they are not.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use ezrpc_tests::grpc::{self, flagged, head, say};
use ezrpc_tests::http::Answer;
use ezrpc_tests::server::Running;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;

use super::{EchoReply, SAY, refused, server};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A request with a text, compressed.
fn packed(text: &str) -> Vec<u8> {
    flagged(1, &gzip(&say(text)[5..]))
}

async fn send(addr: SocketAddr, path: &str, body: Vec<u8>) -> Answer {
    grpc::call(addr, &head(path).header("grpc-encoding", "gzip"), body).await
}

/// The texts of the replies, and whether each was compressed.
fn read(answer: &Answer) -> Vec<(bool, String)> {
    let mut body = &answer.body[..];
    let mut texts = Vec::new();
    while let Some((prefix, rest)) = body.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
        let (message, rest) = rest.split_at(length);
        let mut plain = Vec::new();
        match prefix[0] {
            1 => drop(GzDecoder::new(message).read_to_end(&mut plain).unwrap()),
            _ => plain.extend_from_slice(message),
        }
        texts.push((prefix[0] == 1, EchoReply::decode(&plain[..]).unwrap().text));
        body = rest;
    }
    texts
}

/// The limit holds for what comes out, to the byte; a bomb of any size is RESOURCE_EXHAUSTED on every shape.
#[tokio::test]
async fn g13_gzip_bombs() {
    let addr = Running::start(server().edge().max_message(100_000))
        .await
        .addr;
    let fits = "x".repeat(100_000 - 4);
    assert_eq!(say(&fits).len(), 5 + 100_000);
    let answer = send(addr, SAY, packed(&fits)).await;
    assert_eq!(read(&answer), [(false, fits.clone())]);
    let too_large = refused(8, "message is over the limit of 100000 bytes");
    for text in [
        format!("{fits}x"),
        "x".repeat(1 << 20),
        "x".repeat(64 << 20),
    ] {
        let bomb = packed(&text);
        assert!(bomb.len() < 100_000);
        for path in [SAY, "/e2e.Echo/Split", "/e2e.Echo/Join"] {
            let answer = send(addr, path, bomb.clone()).await;
            assert_eq!(grpc::text(&answer), too_large, "{path}");
        }
        // In a stream the first is served, the bomb ends it.
        let both = [say("a"), bomb].concat();
        let answer = send(addr, "/e2e.Echo/Chat", both).await;
        assert_eq!(grpc::status(&answer).0, 8);
    }
    // A bomb in a bomb is not opened.
    let twice = flagged(1, &gzip(&gzip(&vec![0; 16 << 20])));
    let answer = send(addr, SAY, twice).await;
    assert_eq!(grpc::status(&answer).0, 13, "no message at all");
}

/// Request and reply are compressed each by itself: identity, gzip and unknown, both ways.
#[tokio::test]
async fn g14_every_pair_of_encodings() {
    let addr = Running::echo().await.addr;
    let long = "word ".repeat(1000);
    let requests = [
        (None, say(&long)),
        (Some("identity"), say(&long)),
        (Some("gzip"), packed(&long)),
        (Some("GZIP"), packed(&long)),
        // The flag is per message.
        (Some("gzip"), say(&long)),
    ];
    let accepts = [
        (None, false),
        (Some("identity"), false),
        (Some("snappy"), false),
        (Some("gzip"), true),
        (Some("identity,deflate,gzip"), true),
        (Some("snappy, gzip"), true),
    ];
    for (sent, body) in &requests {
        for (accepted, compressed) in accepts {
            let mut request = head(SAY);
            if let Some(encoding) = sent {
                request = request.header("grpc-encoding", encoding);
            }
            if let Some(encodings) = accepted {
                request = request.header("grpc-accept-encoding", encodings);
            }
            let answer = grpc::call(addr, &request, body.clone()).await;
            let what = format!("{sent:?} {accepted:?}");
            assert_eq!(read(&answer), [(compressed, long.clone())], "{what}");
            let named = if compressed { "gzip" } else { "" };
            assert_eq!(answer.value("grpc-encoding"), named, "{what}");
            assert_eq!(grpc::status(&answer).0, 0);
        }
    }
}

#[tokio::test]
async fn g14_short_replies_and_streams() {
    let addr = Running::echo().await.addr;
    let accepting = |path| head(path).header("grpc-accept-encoding", "gzip");
    let answer = grpc::call(addr, &accepting(SAY), say("hi")).await;
    assert_eq!(read(&answer), [(false, "hi".to_owned())]);
    let long = "x".repeat(5000);
    let answer = grpc::call(
        addr,
        &accepting("/e2e.Echo/Split"),
        say(&format!("a {long} b")),
    )
    .await;
    let expected = [
        (false, "a".to_owned()),
        (true, long.clone()),
        (false, "b".to_owned()),
    ];
    assert_eq!(read(&answer), expected);
    assert_eq!(answer.value("grpc-encoding"), "gzip");
    let request = accepting("/e2e.Echo/Chat").header("grpc-encoding", "gzip");
    let body = [packed(&long), say("a"), packed("b")].concat();
    let answer = grpc::call(addr, &request, body).await;
    let expected = [
        (true, long),
        (false, "a".to_owned()),
        (false, "b".to_owned()),
    ];
    assert_eq!(read(&answer), expected);
}

#[tokio::test]
async fn g14_what_is_not_compressed_as_it_says() {
    let addr = Running::start(server().edge()).await.addr;
    for path in [SAY, "/e2e.Echo/Split", "/e2e.Echo/Join", "/e2e.Echo/Chat"] {
        for unknown in ["snappy", "deflate", "br", "gzip,identity"] {
            let request = head(path).header("grpc-encoding", unknown);
            let answer = grpc::call(addr, &request, say("hi")).await;
            assert_eq!(grpc::status(&answer).0, 12, "{unknown}");
            assert_eq!(answer.value("grpc-accept-encoding"), "gzip,identity");
        }
        let mut cut = packed(&"x".repeat(5000));
        cut.truncate(cut.len() - 4);
        let length = u32::try_from(cut.len() - 5).unwrap().to_be_bytes();
        cut[1..5].copy_from_slice(&length);
        for corrupt in [flagged(1, b"no gzip"), cut] {
            let answer = send(addr, path, corrupt).await;
            let code = grpc::status(&answer).0;
            assert!(matches!(code, 3 | 13), "{path}: {code}");
        }
        let answer = grpc::call(addr, &head(path), packed("hi")).await;
        assert_eq!(
            grpc::status(&answer).0,
            13,
            "{path}: a flag without an encoding"
        );
    }
}
