//! What is compressed, and what is made of it when it is wrong.

use ezrpc_tests::grpc::{flagged, frame};
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::conformance::{StreamResponse, UnaryResponse};

use super::calls::{stream, unary};
use super::client::{Protocol, Shape, Wire, base64, gunzip, gzip, wires};
use super::outcome::Outcome;
use super::{running, server};

/// Longer than what is worth compressing.
const LONG: &str = match std::str::from_utf8(&[b'x'; 2000]) {
    Ok(text) => text,
    Err(_) => "",
};

async fn outcome(wire: Wire, running: &ezrpc_tests::server::Running, request: Request) -> Outcome {
    let answer = wire.send(running.addr, request).await;
    Outcome::read(wire, Shape::Client, &answer)
}

#[tokio::test]
async fn k8_long_replies_are_compressed_for_who_accepts_it_and_short_ones_are_not() {
    let running = running().await;
    for wire in wires() {
        let long = wire.call(&running, Shape::Unary, &[unary(LONG)], &[]).await;
        let replies: Vec<UnaryResponse> = long.replies();
        let payload = replies[0].payload.as_ref().expect("a payload");
        assert_eq!(payload.data, LONG, "{wire}");
        assert_eq!(long.compressed, usize::from(wire.gzip), "{wire}");
        // The first has what the handler saw in it.
        let mixed = stream(&[LONG, "short", LONG]);
        let mixed = wire.call(&running, Shape::Server, &[mixed], &[]).await;
        let replies: Vec<StreamResponse> = mixed.replies();
        let payload = replies[2].payload.as_ref().expect("a payload");
        assert_eq!(payload.data, LONG, "{wire}");
        assert_eq!(mixed.compressed, 2 * usize::from(wire.gzip), "{wire}");
    }
}

#[tokio::test]
async fn k8_a_server_may_leave_replies_as_they_are() {
    let running = ezrpc_tests::server::Running::start(server().uncompressed()).await;
    for wire in wires().into_iter().filter(|wire| wire.gzip) {
        for shape in [Shape::Unary, Shape::Client] {
            let long = wire.call(&running, shape, &[unary(LONG)], &[]).await;
            assert_eq!((long.compressed, long.error), (0, None), "{wire}");
        }
    }
}

/// G14: one way only, and the other.
#[tokio::test]
async fn k8_requests_and_replies_are_compressed_each_by_itself() {
    let running = running().await;
    for wire in wires().into_iter().filter(|wire| wire.gzip) {
        let plain = Wire {
            gzip: false,
            ..wire
        };
        let shape = Shape::Client;
        let (sent, accepted) = wire.encoding_headers(shape);
        let messages = [wire.encode(&unary(LONG))];
        let request = plain.head(shape.path(), shape);
        // The reply only.
        let head = request.clone().header(accepted, "identity, gzip;q=0.1");
        let request_plain = head.body(plain.body(shape, &messages));
        let found = outcome(wire, &running, request_plain).await;
        assert_eq!((found.compressed, found.error), (1, None), "{wire}");
        // The request only; and one message of it is not, in spite of the header.
        let head = request.clone().header(sent, "gzip").header(accepted, "br");
        let bodies = [
            wire.body(shape, &messages),
            plain.body(shape, &messages),
            plain.body(shape, &[]),
        ];
        for body in bodies {
            let found = outcome(plain, &running, head.clone().body(body)).await;
            assert_eq!((found.compressed, found.error), (0, None), "{wire}");
        }
    }
}

#[tokio::test]
async fn k6_unknown_encodings_are_unimplemented_and_say_which_are_known() {
    let running = running().await;
    for wire in wires().into_iter().filter(|wire| !wire.gzip) {
        for shape in [Shape::Unary, Shape::Client] {
            let (sent, accepted) = wire.encoding_headers(shape);
            let head = wire.head(shape.path(), shape).header(sent, "foo");
            let request = head.body(wire.body(shape, &[wire.encode(&unary("x"))]));
            let answer = wire.send(running.addr, request).await;
            let outcome = Outcome::read(wire, shape, &answer);
            let failed = outcome.failed();
            assert_eq!(failed.code, 12, "{wire}");
            assert!(failed.message.contains("gzip"), "{wire}: {failed:?}");
            assert_eq!(outcome.header(accepted), ["gzip,identity"], "{wire}");
        }
    }
}

/// The flag of a compressed message under no encoding, one that means nothing, and corrupt data.
#[tokio::test]
async fn k6_frames_that_are_wrong() {
    let running = running().await;
    for wire in wires() {
        let message = wire.encode(&unary("x"));
        let rows = match wire.gzip {
            false => vec![
                (flagged(1, &message), 13),
                (flagged(2, &message), 13),
                (flagged(0x80, &message), 13),
                (frame(&message)[..4].to_vec(), 13),
                (frame(&message)[..7].to_vec(), 13),
            ],
            true => vec![
                (flagged(1, b"not gzip"), 3),
                (flagged(1, &gzip(&message)[..20]), 3),
                (flagged(3, &gzip(&message)), 13),
            ],
        };
        for (body, code) in rows {
            for shape in [Shape::Server, Shape::Client] {
                let body = match wire.protocol {
                    Protocol::WebText => base64(&body),
                    _ => body.clone(),
                };
                let request = wire.head(shape.path(), shape).body(body.clone());
                let answer = wire.send(running.addr, request).await;
                let outcome = Outcome::read(wire, shape, &answer);
                assert_eq!(outcome.failed().code, code, "{wire} {shape:?} {body:?}");
            }
        }
    }
}

/// H97, and what Connect says of it: a body that is not what its header says.
#[tokio::test]
async fn h97_bodies_that_are_no_gzip_are_400() {
    let running = running().await;
    for body in [&b"not gzip"[..], &gzip(b"{}")[..10]] {
        let request = Request::json(Shape::Unary.path(), "").header("content-encoding", "gzip");
        let answer = request.body(body.to_vec()).both(running.addr).await;
        assert!(answer.starts_with("400\n"), "{answer}");
        assert!(
            answer.contains(r#"{"code":"invalid_argument","#),
            "{answer}"
        );
    }
    // Nothing is nothing in every encoding: the default message of protobuf, no JSON.
    let nothing = Request::post(Shape::Unary.path()).header("content-encoding", "gzip");
    let proto = nothing.clone().header("content-type", "application/proto");
    assert!(proto.both(running.addr).await.starts_with("200\n"));
    let json = nothing.header("content-type", "application/json");
    assert!(json.both(running.addr).await.starts_with("400\n"));
}

/// H94: plain callers get HTTP's own status, by length and by streaming.
#[tokio::test]
async fn h94_bombs_are_413_to_plain_callers() {
    let running = ezrpc_tests::server::Running::start(server().max_message(10_000)).await;
    let bomb = gzip(&vec![b' '; 4 << 20]);
    let request = Request::json(Shape::Unary.path(), "")
        .header("content-encoding", "gzip")
        .body(bomb);
    for request in [request.clone(), request.streamed()] {
        let answer = request.both(running.addr).await;
        assert!(answer.starts_with("413\n"), "{answer}");
        assert!(answer.contains(r#"{"code":"resource_exhausted","#));
    }
}

#[tokio::test]
async fn k8_plain_replies_say_how_they_are_compressed_and_that_it_varies() {
    let running = running().await;
    let body = r#"{"definition":{"data":"DATA"}}"#.replace("DATA", &"A".repeat(4000));
    let request = Request::json(Shape::Unary.path(), &body);
    for http2 in [false, true] {
        let send = async |accept: &str| {
            let request = request.clone().header("accept-encoding", accept);
            match http2 {
                true => request.http2(running.addr).await,
                false => request.http1(running.addr).await,
            }
        };
        for accept in ["gzip", "br;q=1.0, x-gzip;q=0.5, *;q=0"] {
            let answer = send(accept).await;
            assert_eq!(answer.value("content-encoding"), "gzip");
            assert_eq!(answer.value("vary"), "accept-encoding");
            let length: usize = answer.value("content-length").parse().expect("digits");
            assert_eq!(length, answer.body.len());
            assert!(gunzip(&answer.body).starts_with(br#"{"payload":{"data":"AAAA"#));
        }
        for accept in ["", "br", "gzip;q=0", "identity"] {
            let answer = send(accept).await;
            assert_eq!(answer.value("content-encoding"), "", "{accept}");
        }
    }
}
