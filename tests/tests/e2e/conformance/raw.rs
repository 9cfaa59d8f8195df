//! Requests that no client of the protocols sends.

use ezrpc_tests::http::{Answer, Request};
use ezrpc_tests::server::Running;

use super::calls::{stream, unary};
use super::client::{Codec, Protocol, Shape, Wire, wires};
use super::outcome::Outcome;
use super::running;

async fn send(wire: Wire, running: &Running, shape: Shape, bodies: &[Vec<u8>]) -> Outcome {
    let request = wire.head(shape.path(), shape);
    let answer = wire.send(running.addr, request.body(wire.body(shape, bodies)));
    Outcome::read(wire, shape, &answer.await)
}

#[tokio::test]
async fn k6_no_request_and_two_where_there_is_one() {
    let running = running().await;
    for wire in wires() {
        let of_stream = wire.encode(&stream(&["x"]));
        for messages in [vec![], vec![of_stream.clone(), of_stream]] {
            let outcome = send(wire, &running, Shape::Server, &messages).await;
            assert_eq!(outcome.failed().code, 12, "{wire}");
        }
        if wire.bare(Shape::Unary) {
            continue;
        }
        let of_unary = wire.encode(&unary("x"));
        for messages in [vec![], vec![of_unary.clone(), of_unary]] {
            let outcome = send(wire, &running, Shape::Unary, &messages).await;
            assert_eq!(outcome.failed().code, 12, "{wire}");
        }
    }
}

#[tokio::test]
async fn k6_an_empty_body_of_connect_is_a_message_of_protobuf_and_no_json() {
    let running = running().await;
    let wires = wires().into_iter();
    for wire in wires.filter(|wire| wire.protocol == Protocol::Connect) {
        let request = wire.head(Shape::Unary.path(), Shape::Unary);
        let answer = wire.send(running.addr, request).await;
        let outcome = Outcome::read(wire, Shape::Unary, &answer);
        match wire.codec {
            Codec::Proto => assert_eq!((answer.status, outcome.error), (200, None), "{wire}"),
            Codec::Json => assert_eq!((answer.status, outcome.failed().code), (400, 3)),
        }
    }
}

#[tokio::test]
async fn k6_other_http_methods_are_405() {
    let running = running().await;
    for wire in wires() {
        for shape in [Shape::Unary, Shape::Server] {
            for method in ["DELETE", "GET", "PUT"] {
                let request = Request::new(method, shape.path())
                    .header("content-type", wire.content_type(shape));
                let answer = wire.send(running.addr, request).await;
                assert_eq!(
                    (answer.status, answer.value("allow")),
                    (405, "POST"),
                    "{wire}"
                );
            }
        }
    }
}

async fn each(running: &Running, request: Request) -> [Answer; 2] {
    [
        request.clone().http1(running.addr).await,
        request.http2(running.addr).await,
    ]
}

#[tokio::test]
async fn k6_media_types_that_nobody_speaks_are_415() {
    let running = running().await;
    for media in [
        "application/foo",
        "application/connect+foo",
        "application/connect",
        "application/grpc-web+foo",
        "application/grpc-webtext",
        "application/grpcfoo",
        "image/jpeg",
    ] {
        let request = Request::post(Shape::Unary.path()).header("content-type", media);
        for answer in each(&running, request.body("x")).await {
            assert_eq!(answer.status, 415, "{media}");
            assert!(answer.value("accept-post").contains("application/json"));
        }
    }
    // A stream's type for a method without one.
    for wire in wires() {
        if wire.protocol == Protocol::Connect {
            let request = Request::post(Shape::Unary.path())
                .header("content-type", wire.content_type(Shape::Client));
            let answer = wire.send(running.addr, request).await;
            assert_eq!(answer.status, 415, "{wire}");
        }
    }
}

#[tokio::test]
async fn k6_two_media_types_are_415() {
    let running = running().await;
    for wire in wires() {
        let media = wire.content_type(Shape::Unary);
        let request = wire.head(Shape::Unary.path(), Shape::Unary);
        let request = request.header("content-type", media);
        let body = wire.body(Shape::Unary, &[wire.encode(&unary("x"))]);
        let answer = wire.send(running.addr, request.body(body)).await;
        assert_eq!(answer.status, 415, "{wire}");
    }
}

#[tokio::test]
async fn k6_connect_is_version_1() {
    let running = running().await;
    let wires = wires().into_iter();
    for wire in wires.filter(|wire| wire.protocol == Protocol::Connect && !wire.gzip) {
        for (version, code) in [
            (Some("1"), None),
            (None, None),
            (Some("2"), Some(3)),
            (Some(""), Some(3)),
        ] {
            for shape in [Shape::Unary, Shape::Client] {
                let mut request =
                    Request::post(shape.path()).header("content-type", wire.content_type(shape));
                if let Some(version) = version {
                    request = request.header("connect-protocol-version", version);
                }
                let body = wire.body(shape, &[wire.encode(&unary("x"))]);
                let answer = wire.send(running.addr, request.body(body)).await;
                let outcome = Outcome::read(wire, shape, &answer);
                let found = outcome.error.map(|error| error.code);
                assert_eq!(found, code, "{wire} {shape:?} {version:?}");
            }
        }
    }
}

/// The reply's type is the request's, as long as `accept` does not ask for base64 or against it.
#[tokio::test]
async fn k6_media_types_of_grpc_web() {
    let running = running().await;
    let message = Wire {
        protocol: Protocol::Web,
        codec: Codec::Proto,
        gzip: false,
        http2: false,
    };
    let binary = message.body(Shape::Unary, &[message.encode(&unary("x"))]);
    let text = super::client::base64(&binary);
    let rows = [
        ("application/grpc-web", "", "application/grpc-web"),
        (
            "application/grpc-web+proto",
            "*/*",
            "application/grpc-web+proto",
        ),
        (
            "application/grpc-web; charset=utf-8",
            "",
            "application/grpc-web",
        ),
        ("application/grpc-web-text", "", "application/grpc-web-text"),
        (
            "application/grpc-web-text+proto",
            "application/grpc-web-text",
            "application/grpc-web-text+proto",
        ),
        (
            "application/grpc-web-text",
            "application/grpc-web",
            "application/grpc-web",
        ),
        (
            "application/grpc-web",
            "application/grpc-web-text",
            "application/grpc-web-text",
        ),
    ];
    for (media, accept, expected) in rows {
        let body = if media.contains("-text") {
            &text
        } else {
            &binary
        };
        let mut request = Request::post(Shape::Unary.path())
            .header("content-type", media)
            .body(body.clone());
        if !accept.is_empty() {
            request = request.header("accept", accept);
        }
        for answer in each(&running, request).await {
            assert_eq!(
                (answer.status, answer.value("content-type")),
                (200, expected)
            );
        }
    }
}

#[tokio::test]
async fn k6_text_bodies_that_are_no_base64() {
    let running = running().await;
    let wires = wires().into_iter();
    for wire in wires.filter(|wire| wire.protocol == Protocol::WebText) {
        let request = wire.head(Shape::Unary.path(), Shape::Unary);
        let answer = wire.send(running.addr, request.body("AAAA!!!!")).await;
        let outcome = Outcome::read(wire, Shape::Unary, &answer);
        assert_eq!(outcome.failed().code, 3, "{wire}");
    }
}
