//! Connect's GET.

use ezrpc_tests::http::{Answer, Request};
use ezrpc_tests::proto::e2e::conformance::UnaryResponse;
use ezrpc_tests::server::Running;
use prost::Message;

use super::calls::{check_metadata, unary};
use super::client::{Codec, Protocol, Shape, Wire, base64, gzip, wires};
use super::outcome::Outcome;
use super::running;

const PATH: &str = "/e2e.conformance.Conformance/IdempotentUnary";

/// Base64 as it may stand in a query, with or without padding.
fn url_base64(bytes: &[u8], padded: bool) -> String {
    let text = String::from_utf8(base64(bytes)).expect("ASCII");
    let text = text.replace('+', "-").replace('/', "_");
    match padded {
        true => text.replace('=', "%3D"),
        false => text.trim_end_matches('=').to_owned(),
    }
}

/// Every byte escaped.
fn percent(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02x}")).collect()
}

async fn both(running: &Running, request: Request) -> [Answer; 2] {
    [
        request.clone().http1(running.addr).await,
        request.http2(running.addr).await,
    ]
}

#[tokio::test]
async fn k9_get_in_every_form() {
    let running = running().await;
    let wires = wires().into_iter();
    for wire in wires.filter(|wire| wire.protocol == Protocol::Connect && !wire.http2) {
        let message = wire.encode(&unary("hello"));
        let codec = if wire.codec == Codec::Json {
            "json"
        } else {
            "proto"
        };
        let (data, compression) = match wire.gzip {
            true => (gzip(&message), "&compression=gzip"),
            false => (message.clone(), ""),
        };
        let queries = [
            format!(
                "connect=v1&encoding={codec}&base64=1&message={}",
                url_base64(&data, false)
            ),
            format!(
                "message={}&base64=1&unknown=1&encoding={codec}",
                url_base64(&data, true)
            ),
            format!("encoding={codec}&message={}", percent(&data)),
        ];
        for query in queries {
            let mut request = Request::new("GET", &format!("{PATH}?{query}{compression}"));
            if wire.gzip {
                request = request.header("accept-encoding", "gzip");
            }
            for answer in both(&running, request).await {
                assert_eq!(answer.value("vary"), "accept-encoding", "{query}");
                let outcome = Outcome::read(wire, Shape::Unary, &answer);
                check_metadata(&outcome);
                let replies: Vec<UnaryResponse> = outcome.replies();
                let payload = replies[0].payload.as_ref().expect("a payload");
                assert_eq!(payload.data, "hello", "{query}");
            }
        }
    }
}

fn wire() -> Wire {
    let wires = wires().into_iter();
    let mut json = wires.filter(|wire| wire.codec == Codec::Json);
    json.find(|wire| wire.protocol == Protocol::Connect)
        .expect("a wire")
}

#[tokio::test]
async fn k9_empty_messages_and_time_limits() {
    let running = running().await;
    let empty = Request::new("GET", &format!("{PATH}?encoding=proto&message="));
    for answer in both(&running, empty).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let reply = UnaryResponse::decode(&answer.body[..]).expect("a message");
        assert_eq!(reply.payload.expect("a payload").data, "");
    }
    let get = Request::new("GET", &format!("{PATH}?encoding=json&message=%7B%7D"));
    for answer in both(&running, get.clone().header("connect-timeout-ms", "0")).await {
        let outcome = Outcome::read(wire(), Shape::Unary, &answer);
        assert_eq!((outcome.failed().code, answer.status), (4, 504));
    }
    for answer in both(&running, get.header("connect-protocol-version", "2")).await {
        let outcome = Outcome::read(wire(), Shape::Unary, &answer);
        assert_eq!((outcome.failed().code, answer.status), (3, 400));
    }
}

#[tokio::test]
async fn k9_queries_that_are_wrong() {
    let running = running().await;
    let rows = [
        ("", 3, 415),
        ("message=%7B%7D", 3, 415),
        ("encoding=xml&message=%7B%7D", 3, 415),
        ("encoding=json", 3, 400),
        ("encoding=json&message=", 3, 400),
        ("encoding=json&message=%7B", 3, 400),
        ("encoding=json&message=%zz", 3, 400),
        ("encoding=json&message=!!&base64=1", 3, 400),
        ("connect=v2&encoding=json&message=%7B%7D", 3, 400),
        ("encoding=json&message=%7B%7D&compression=foo", 12, 501),
        ("encoding=json&message=%7B%7D&compression=gzip", 3, 400),
        ("encoding=proto&message=%07rubbish", 3, 400),
    ];
    for (query, code, status) in rows {
        let request = Request::new("GET", &format!("{PATH}?{query}"));
        for answer in both(&running, request).await {
            let outcome = Outcome::read(wire(), Shape::Unary, &answer);
            let found = (outcome.failed().code, answer.status);
            assert_eq!(found, (code, status), "{query}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn k9_a_get_takes_no_body() {
    let running = running().await;
    let path = format!("{PATH}?encoding=json&message=%7B%7D");
    let request = Request::new("GET", &path).body("{}");
    for request in [request.clone(), request.streamed()] {
        for answer in both(&running, request).await {
            assert_eq!(answer.status, 415, "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn k9_methods_with_side_effects_take_post_only() {
    let running = running().await;
    let query = "encoding=json&message=%7B%7D";
    for method in ["GET", "DELETE", "PUT", "PATCH"] {
        let path = format!("{}?{query}", Shape::Unary.path());
        for answer in both(&running, Request::new(method, &path)).await {
            assert_eq!((answer.status, answer.value("allow")), (405, "POST"));
        }
        let path = format!("{PATH}?{query}");
        for answer in both(&running, Request::new(method, &path)).await {
            let expected = if method == "GET" {
                (200, "")
            } else {
                (405, "GET, POST")
            };
            assert_eq!((answer.status, answer.value("allow")), expected, "{method}");
        }
    }
    // And POST goes on working.
    let post = Request::json(PATH, "{}").both(running.addr).await;
    assert!(post.starts_with("200\n"), "{post}");
}
