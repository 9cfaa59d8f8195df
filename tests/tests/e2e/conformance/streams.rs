//! Streams while they are under way: heads before messages, messages as they come, callers who go, who may call.

use ezrpc::Server;
use ezrpc_tests::echo::{Echo, Event};
use ezrpc_tests::grpc::{flagged, frame};
use ezrpc_tests::http::{Http1, Http2, Request, TRACE};
use ezrpc_tests::proto::e2e::{EchoRequest, EchoServer};
use ezrpc_tests::server::Running;

use super::client::{Codec, Protocol, Shape, Wire, base64, wires};

const SPLIT: &str = "/e2e.Echo/Split";

fn split(wire: Wire, text: &str) -> Request {
    let message = EchoRequest {
        text: text.to_owned(),
        ..EchoRequest::default()
    };
    let body = wire.body(Shape::Server, &[wire.encode(&message)]);
    wire.head(SPLIT, Shape::Server).body(body)
}

/// Wires without compression; what is tested here does not depend on it.
fn plain() -> impl Iterator<Item = Wire> {
    wires().into_iter().filter(|wire| !wire.gzip)
}

#[tokio::test]
async fn k10_heads_and_messages_come_as_soon_as_there_are_some() {
    let running = Running::echo().await;
    for wire in plain() {
        for (text, messages) in [("hang", 0), ("a hang", 1)] {
            let request = split(wire, text);
            if wire.http2 {
                let mut exchange = Http2::connect(running.addr)
                    .await
                    .open(&request, None)
                    .await;
                exchange.finish(wire.body(Shape::Server, &[message(wire, text)]));
                let mut begun = exchange.begun().await.expect("a head");
                assert_eq!(begun.answer.status, 200, "{wire}");
                if messages == 1 {
                    let data = begun.data().await.expect("data").expect("data");
                    check_frame(wire, &data);
                }
            } else {
                let body = wire.body(Shape::Server, &[message(wire, text)]);
                let head = request.header("content-length", &body.len().to_string());
                let mut connection = Http1::open(running.addr, &head).await;
                connection.send(&body).await;
                let answer = connection.head().await;
                assert_eq!(answer.status, 200, "{wire}");
                if messages == 1 {
                    let chunk = connection.chunk().await.expect("a chunk");
                    check_frame(wire, &chunk);
                }
            }
        }
    }
}

fn message(wire: Wire, text: &str) -> Vec<u8> {
    wire.encode(&EchoRequest {
        text: text.to_owned(),
        ..EchoRequest::default()
    })
}

/// A whole message of the text `a`.
fn check_frame(wire: Wire, data: &[u8]) {
    let reply = match wire.codec {
        Codec::Proto => [10, 1, b'a'].to_vec(),
        Codec::Json => br#"{"text":"a"}"#.to_vec(),
    };
    let expected = match wire.protocol {
        Protocol::WebText => base64(&frame(&reply)),
        _ => frame(&reply),
    };
    assert_eq!(data, expected, "{wire}");
}

#[tokio::test]
async fn k10_a_caller_who_goes_ends_the_stream() {
    let (echo, mut events) = Echo::watched();
    let running = Running::start(Server::new("echo").add(EchoServer::new(echo))).await;
    for wire in plain() {
        let body = wire.body(Shape::Server, &[message(wire, "a hang")]);
        let request = wire.head(SPLIT, Shape::Server);
        if wire.http2 {
            let mut exchange = Http2::connect(running.addr)
                .await
                .open(&request, None)
                .await;
            exchange.finish(body);
            let begun = exchange.begun().await.expect("a head");
            assert_eq!(events.recv().await, Some(Event::Hanging), "{wire}");
            drop(begun);
        } else {
            let head = request.header("content-length", &body.len().to_string());
            let mut connection = Http1::open(running.addr, &head).await;
            connection.send(&body).await;
            connection.head().await;
            assert_eq!(events.recv().await, Some(Event::Hanging), "{wire}");
            drop(connection);
        }
        assert_eq!(events.recv().await, Some(Event::Dropped(true)), "{wire}");
    }
}

/// W4: what is not gRPC is HTTP in the table of who may call.
#[tokio::test]
async fn w4_connect_and_grpc_web_see_what_http_callers_see() {
    let running = Running::echo().await;
    let send = async |wire: Wire, shape: Shape, path: &str| {
        let request = wire.head(path, shape);
        let body = wire.body(shape, &[message(wire, "x")]);
        wire.send(running.addr, request.body(body)).await
    };
    for wire in plain().filter(|wire| wire.protocol != Protocol::Grpc) {
        // Enabled and public, enabled only, not enabled.
        let web = wire.protocol != Protocol::Connect;
        let open = send(wire, Shape::Server, SPLIT).await;
        assert_eq!(open.status, 200, "{wire}");
        let closed = send(wire, Shape::Unary, "/e2e.Echo/Closed").await;
        let hidden = send(wire, Shape::Unary, "/e2e.Echo/Hidden").await;
        let stream = send(wire, Shape::Client, "/e2e.Echo/Join").await;
        if web {
            let code = |answer| {
                let outcome = super::outcome::Outcome::read(wire, Shape::Unary, answer);
                outcome.failed().code
            };
            assert_eq!(
                [&closed, &hidden, &stream].map(code),
                [16, 12, 12],
                "{wire}"
            );
        } else {
            let statuses = [&closed, &hidden, &stream].map(|answer| answer.status);
            assert_eq!(statuses, [401, 404, 404], "{wire}");
        }
    }
}

/// Nothing internal leaves by these protocols: no frames, no text of causes.
#[tokio::test]
async fn w4_connect_and_grpc_web_are_outside_the_trust_boundary() {
    let running = Running::echo().await;
    for wire in plain().filter(|wire| wire.protocol != Protocol::Grpc) {
        let request = wire.head("/e2e.Echo/Say", Shape::Unary);
        let body = wire.body(Shape::Unary, &[message(wire, "cause")]);
        let answer = wire.send(running.addr, request.traced().body(body)).await;
        let outcome = super::outcome::Outcome::read(wire, Shape::Unary, &answer);
        let failed = outcome.failed();
        let expected = format!("unknown error (id {TRACE})");
        assert_eq!(failed.message, expected, "{wire}");
        assert_eq!(failed.details, [], "{wire}");
    }
}

/// Under a prefix HTTP callers find their paths there only, gRPC on the bare path only.
#[tokio::test]
async fn w3_connect_and_grpc_web_live_under_the_prefix() {
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    let running = Running::start(server.prefix("/api")).await;
    for wire in plain() {
        for (path, found) in [("/api/e2e.Echo/Split", true), (SPLIT, false)] {
            let found = found != (wire.protocol == Protocol::Grpc);
            let request = wire.head(path, Shape::Server);
            let body = wire.body(Shape::Server, &[message(wire, "a")]);
            let answer = wire.send(running.addr, request.body(body)).await;
            if wire.protocol == Protocol::Connect && !found {
                assert_eq!(answer.status, 404, "{wire} {path}");
                continue;
            }
            let outcome = super::outcome::Outcome::read(wire, Shape::Server, &answer);
            let code = outcome.error.map(|error| error.code);
            assert_eq!(code, (!found).then_some(12), "{wire} {path}");
        }
    }
}

/// A client may not end the stream by an envelope.
#[tokio::test]
async fn k6_the_last_envelope_is_the_servers() {
    let running = Running::echo().await;
    for wire in plain().filter(|wire| wire.protocol == Protocol::Connect) {
        let body = [frame(&message(wire, "a")), flagged(2, b"{}")].concat();
        let request = wire.head(SPLIT, Shape::Server).body(body);
        let answer = wire.send(running.addr, request).await;
        let outcome = super::outcome::Outcome::read(wire, Shape::Server, &answer);
        assert!(matches!(outcome.failed().code, 12 | 13), "{wire}");
    }
}
