//! Calls that go well: data, headers, trailers and what the handler saw.

use ezrpc_tests::proto::e2e::conformance::{
    Header, Payload, StreamDefinition, StreamRequest, StreamResponse, UnaryDefinition,
    UnaryRequest, UnaryResponse, unary_definition::Response,
};

use super::client::{Shape, Wire, wires};
use super::outcome::Outcome;
use super::running;

pub(crate) fn header(name: &str, values: &[&str]) -> Header {
    Header {
        name: name.to_owned(),
        value: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

/// Names with one value, with two, and with bytes.
pub(crate) fn headers() -> Vec<Header> {
    vec![
        header("x-custom-header", &["foo"]),
        header("x-twice", &["a", "b, c"]),
        header("x-data-bin", &["\0\u{7f}bytes"]),
    ]
}

pub(crate) fn trailers() -> Vec<Header> {
    vec![
        header("x-custom-trailer", &["bing"]),
        header("x-two", &["1", "2"]),
    ]
}

/// What [`headers`] and [`trailers`] are on the wire.
pub(crate) fn check_metadata(outcome: &Outcome) {
    let wire = outcome.wire;
    assert_eq!(outcome.header("x-custom-header"), ["foo"], "{wire}");
    assert_eq!(outcome.header("x-twice"), ["a", "b, c"], "{wire}");
    assert_eq!(outcome.header("x-data-bin"), ["AH9ieXRlcw"], "{wire}");
    let trailer = |name: &str| outcome.trailers.get(name).cloned().unwrap_or_default();
    assert_eq!(trailer("x-custom-trailer"), ["bing"], "{wire}");
    assert_eq!(trailer("x-two"), ["1", "2"], "{wire}");
}

pub(crate) fn unary(data: &'static str) -> UnaryRequest {
    UnaryRequest {
        definition: Some(UnaryDefinition {
            headers: headers(),
            response: Some(Response::Data(data.into())),
            trailers: trailers(),
            delay_ms: 0,
        }),
        data: "request data".into(),
    }
}

pub(crate) fn stream(data: &[&'static str]) -> StreamRequest {
    StreamRequest {
        definition: Some(StreamDefinition {
            headers: headers(),
            data: data.iter().map(|data| (*data).into()).collect(),
            trailers: trailers(),
            ..StreamDefinition::default()
        }),
        data: "request data".into(),
        ..StreamRequest::default()
    }
}

/// The request headers the tests send.
pub(crate) fn sent() -> Vec<(&'static str, String)> {
    vec![
        ("x-sent", "one".to_owned()),
        ("x-sent", "two".to_owned()),
        ("x-sent-bin", "AAEC".to_owned()),
    ]
}

/// Checks that the handler saw [`sent`] and nothing of the protocol, and so many requests.
fn check_info(wire: Wire, payload: &Payload, requests: usize) {
    let info = payload.info.as_ref().expect("what the handler saw");
    let find = |name: &str| {
        let header = info.headers.iter().find(|header| header.name == name);
        header.map(|header| header.value.join("|"))
    };
    assert_eq!(find("x-sent").as_deref(), Some("one|two"), "{wire}");
    assert_eq!(find("x-sent-bin").as_deref(), Some("AAEC"), "{wire}");
    for header in &info.headers {
        let reserved = ["grpc-", "connect-", "content-type", "te", "host"];
        assert!(
            !reserved.iter().any(|name| header.name.starts_with(name)),
            "{wire}: {header:?}"
        );
    }
    assert_eq!((info.timeout_ms, info.requests.len()), (None, requests));
}

fn data<'a>(payloads: impl IntoIterator<Item = &'a Option<Payload>>) -> Vec<String> {
    let data = payloads.into_iter().map(|payload| {
        let data = payload.as_ref().map(|payload| payload.data.to_vec());
        String::from_utf8(data.unwrap_or_default()).expect("text")
    });
    data.collect()
}

#[tokio::test]
async fn k1_unary_calls() {
    let running = running().await;
    for wire in wires() {
        let outcome = wire
            .call(&running, Shape::Unary, &[unary("hello")], &sent())
            .await;
        check_metadata(&outcome);
        let replies: Vec<UnaryResponse> = outcome.replies();
        assert_eq!(data(replies.iter().map(|reply| &reply.payload)), ["hello"]);
        check_info(wire, replies[0].payload.as_ref().expect("a payload"), 1);
        let seen = &replies[0].payload.as_ref().expect("a payload").info;
        let any = ezrpc_tests::conformance::unary_any(&unary("hello"));
        assert_eq!(seen.as_ref().expect("info").requests, [any], "{wire}");
        // An empty message is a request too.
        let empty = wire
            .call(&running, Shape::Unary, &[UnaryRequest::default()], &[])
            .await;
        let empty: Vec<UnaryResponse> = empty.replies();
        assert_eq!(data(empty.iter().map(|reply| &reply.payload)), [""]);
    }
}

#[tokio::test]
async fn k1_server_streams_with_and_without_replies() {
    let running = running().await;
    for wire in wires() {
        let request = stream(&["a", "b", "c"]);
        let outcome = wire
            .call(&running, Shape::Server, &[request], &sent())
            .await;
        check_metadata(&outcome);
        let replies: Vec<StreamResponse> = outcome.replies();
        let payloads = replies.iter().map(|reply| &reply.payload);
        assert_eq!(data(payloads), ["a", "b", "c"], "{wire}");
        check_info(wire, replies[0].payload.as_ref().expect("a payload"), 1);
        let outcome = wire
            .call(&running, Shape::Server, &[stream(&[])], &[])
            .await;
        check_metadata(&outcome);
        assert_eq!(outcome.replies::<StreamResponse>(), [], "{wire}");
    }
}

#[tokio::test]
async fn k1_client_streams_of_none_one_and_three() {
    let running = running().await;
    for wire in wires() {
        let more = UnaryRequest {
            data: "more".into(),
            ..UnaryRequest::default()
        };
        let requests = [unary("sum"), more.clone(), more];
        for count in [1, 3] {
            let outcome = wire
                .call(&running, Shape::Client, &requests[..count], &sent())
                .await;
            check_metadata(&outcome);
            let replies: Vec<UnaryResponse> = outcome.replies();
            assert_eq!(data(replies.iter().map(|reply| &reply.payload)), ["sum"]);
            check_info(wire, replies[0].payload.as_ref().expect("a payload"), count);
        }
        let none = wire
            .call::<UnaryRequest>(&running, Shape::Client, &[], &[])
            .await;
        let none: Vec<UnaryResponse> = none.replies();
        assert_eq!(data(none.iter().map(|reply| &reply.payload)), [""]);
    }
}

#[tokio::test]
async fn k1_bidi_streams_over_http2() {
    let running = running().await;
    for wire in wires().into_iter().filter(|wire| wire.http2) {
        for full_duplex in [false, true] {
            let first = StreamRequest {
                full_duplex,
                ..stream(&["x", "y"])
            };
            let requests = [first, StreamRequest::default()];
            let outcome = wire.call(&running, Shape::Bidi, &requests, &sent()).await;
            check_metadata(&outcome);
            let replies: Vec<StreamResponse> = outcome.replies();
            let payloads = replies.iter().map(|reply| &reply.payload);
            assert_eq!(data(payloads), ["x", "y"], "{wire}");
            let seen = if full_duplex { 1 } else { 2 };
            check_info(wire, replies[0].payload.as_ref().expect("a payload"), seen);
        }
    }
}

/// HTTP/1.1 cannot carry an answer while the request is under way.
#[tokio::test]
async fn k1_bidi_streams_over_http1_are_505_and_close() {
    let running = running().await;
    for wire in wires().into_iter().filter(|wire| !wire.http2) {
        let request = wire.head(Shape::Bidi.path(), Shape::Bidi);
        let body = wire.body(Shape::Bidi, &[wire.encode(&stream(&["x"]))]);
        let answer = request.body(body).http1(running.addr).await;
        assert_eq!(answer.status, 505, "{wire}");
        assert_eq!(answer.value("connection"), "close", "{wire}");
    }
}
