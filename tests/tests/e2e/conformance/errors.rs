//! Calls that fail: codes, messages, details, deadlines, methods that are not there.

use ezrpc::wkt::Any;
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::conformance::{
    Failure, Header, RequestInfo, StreamResponse, UnaryRequest, UnaryResponse,
    unary_definition::Response,
};
use prost::Message;

use super::calls::{check_metadata, stream, unary};
use super::client::{Protocol, Shape, Wire, wires};
use super::outcome::{CODES, Failed, Outcome};
use super::running;

const DETAIL: &str = "e2e.conformance.Header";

/// Bytes whose base64 has padding.
fn detail() -> Vec<u8> {
    Header {
        name: "né".to_owned(),
        value: vec![String::new()],
    }
    .encode_to_vec()
}

/// With what percent-encoding and JSON escape.
const MESSAGE: &str = "não 100% \"gut\"\n谷";

fn failure(code: u8) -> Failure {
    Failure {
        code: code.into(),
        message: Some(MESSAGE.to_owned()),
        details: vec![Any {
            type_url: format!("type.googleapis.com/{DETAIL}"),
            value: detail(),
        }],
    }
}

fn unary_failing(failure: Failure) -> UnaryRequest {
    let mut request = unary("");
    if let Some(definition) = &mut request.definition {
        definition.response = Some(Response::Error(failure));
    }
    request
}

/// The error asked for, and what the handler saw as its last detail if `info` says so.
fn check(wire: Wire, failed: &Failed, code: u8, info: bool) {
    assert_eq!((failed.code, failed.message.as_str()), (code, MESSAGE));
    let names: Vec<&str> = failed.details.iter().map(|(name, _)| &**name).collect();
    let mut expected = vec![DETAIL];
    if info {
        expected.push("e2e.conformance.RequestInfo");
        let info = RequestInfo::decode(&failed.details[1].1[..]).expect("a message");
        assert_eq!(info.requests.len(), 1, "{wire}");
    }
    assert_eq!(names, expected, "{wire}");
    assert_eq!(failed.details[0].1, detail(), "{wire}");
}

#[tokio::test]
async fn k3_every_code_of_unary_calls_with_details_headers_and_trailers() {
    let running = running().await;
    for wire in wires() {
        for code in 1..=16 {
            let request = unary_failing(failure(code));
            for shape in [Shape::Unary, Shape::Client] {
                let requests = [request.clone()];
                let outcome = wire.call(&running, shape, &requests, &[]).await;
                check(wire, outcome.failed(), code, true);
                check_metadata(&outcome);
                assert!(outcome.messages.is_empty(), "{wire}");
            }
        }
    }
}

#[tokio::test]
async fn k3_every_code_of_streams_before_and_after_replies() {
    let running = running().await;
    for wire in wires() {
        for code in 1..=16 {
            for data in [&[][..], &["a", "b"]] {
                let mut request = stream(data);
                if let Some(definition) = &mut request.definition {
                    definition.error = Some(failure(code));
                }
                let outcome = wire.call(&running, Shape::Server, &[request], &[]).await;
                check(wire, outcome.failed(), code, data.is_empty());
                check_metadata(&outcome);
                assert_eq!(outcome.partial::<StreamResponse>().len(), data.len());
            }
        }
    }
}

#[tokio::test]
async fn k3_an_error_without_a_message_has_none() {
    let running = running().await;
    for wire in wires() {
        let request = unary_failing(Failure {
            code: 10,
            ..Failure::default()
        });
        let outcome = wire.call(&running, Shape::Unary, &[request], &[]).await;
        let failed = outcome.failed();
        assert_eq!((failed.code, &*failed.message), (10, ""), "{wire}");
    }
}

/// Connect's unary errors have the HTTP status of their code; its streams are 200 (the reader checks both).
#[tokio::test]
async fn k7_http_statuses_of_connect() {
    let running = running().await;
    let wires = wires().into_iter();
    for wire in wires.filter(|wire| wire.protocol == Protocol::Connect) {
        for code in 1..=16 {
            let request = [unary_failing(failure(code))];
            let outcome = wire.call(&running, Shape::Unary, &request, &[]).await;
            assert_eq!(outcome.http_status, CODES[usize::from(code)].1, "{wire}");
            let outcome = wire.call(&running, Shape::Client, &request, &[]).await;
            assert_eq!((outcome.http_status, outcome.failed().code), (200, code));
        }
    }
}

#[tokio::test]
async fn k2_a_method_that_is_not_implemented() {
    let running = running().await;
    let path = "/e2e.conformance.Conformance/Unimplemented";
    for wire in wires() {
        let head = wire.head(path, Shape::Unary);
        let body = wire.body(Shape::Unary, &[wire.encode(&unary("x"))]);
        let answer = wire.send(running.addr, head.body(body)).await;
        let outcome = Outcome::read(wire, Shape::Unary, &answer);
        assert_eq!(outcome.failed().code, 12, "{wire}");
    }
}

/// K4: the handler takes longer than the caller waits.
#[tokio::test]
async fn k4_deadlines() {
    let running = running().await;
    let mut calls = Vec::new();
    let running = std::sync::Arc::new(running);
    for wire in wires() {
        for shape in [Shape::Unary, Shape::Client, Shape::Server] {
            let running = std::sync::Arc::clone(&running);
            // All at once: each takes as long as its time limit.
            calls.push(tokio::spawn(async move {
                let limit = [wire.timeout(200)];
                let outcome = if shape == Shape::Server {
                    let mut request = stream(&["late"]);
                    if let Some(definition) = &mut request.definition {
                        definition.delay_ms = 1500;
                    }
                    wire.call(&running, shape, &[request], &limit).await
                } else {
                    let mut request = unary("late");
                    if let Some(definition) = &mut request.definition {
                        definition.delay_ms = 1500;
                    }
                    wire.call(&running, shape, &[request], &limit).await
                };
                assert_eq!(outcome.failed().code, 4, "{wire} {shape:?}");
                assert!(outcome.messages.is_empty(), "{wire} {shape:?}");
            }));
        }
    }
    for call in calls {
        call.await.expect("the call does not panic");
    }
}

#[tokio::test]
async fn k4_the_handler_sees_what_is_left() {
    let running = running().await;
    for wire in wires() {
        let limit = [wire.timeout(60_000)];
        let outcome = wire
            .call(&running, Shape::Unary, &[unary("x")], &limit)
            .await;
        let replies: Vec<UnaryResponse> = outcome.replies();
        let payload = replies[0].payload.as_ref().expect("a payload");
        let left = payload.info.as_ref().and_then(|info| info.timeout_ms);
        assert!(left.is_some_and(|left| (1..=60_000).contains(&left)));
    }
}

#[tokio::test]
async fn k4_malformed_time_limits_and_none_at_all() {
    let running = running().await;
    for wire in wires() {
        let connect = wire.protocol == Protocol::Connect;
        let name = wire.timeout(0).0;
        let rows = match connect {
            true => [("12345678901", 3), ("-1", 3), ("1.5", 3), ("", 3), ("0", 4)],
            false => [("123456789S", 3), ("-1S", 3), ("5X", 3), ("", 3), ("0n", 4)],
        };
        for (value, code) in rows {
            for shape in [Shape::Unary, Shape::Client] {
                let limit = [(name, value.to_owned())];
                let outcome = wire.call(&running, shape, &[unary("x")], &limit).await;
                assert_eq!(outcome.failed().code, code, "{wire} {shape:?} {value:?}");
            }
        }
    }
}

#[tokio::test]
async fn k3_unknown_methods_and_services() {
    let running = running().await;
    for path in [
        "/e2e.conformance.Conformance/Nope",
        "/no.such.Service/Unary",
    ] {
        for wire in wires() {
            for shape in [Shape::Unary, Shape::Client] {
                let body = wire.body(shape, &[wire.encode(&unary("x"))]);
                let request: Request = wire.head(path, shape).body(body);
                let answer = wire.send(running.addr, request).await;
                if wire.protocol == Protocol::Connect {
                    assert_eq!(answer.status, 404, "{wire}: {}", answer.text());
                    assert!(answer.body.starts_with(br#"{"code":"not_found""#));
                } else {
                    let outcome = Outcome::read(wire, shape, &answer);
                    assert_eq!(outcome.failed().code, 12, "{wire}");
                }
            }
        }
    }
}
