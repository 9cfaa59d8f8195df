//! Metadata and statuses on google.api.http routes.

use ezrpc_tests::http::Request;

use super::answer;
use crate::http_streams::{fixture, fixture_of};

fn create(body: &str) -> Request {
    Request::json("/v1/items", body)
}

const METADATA: &str =
    r#"{"headers":{"x-a":"1","location":"/v1/items/7"},"trailers":{"x-end":"2"}}"#;

#[tokio::test]
async fn h86_trailers_are_headers_or_trailers() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let headers = ["grpc-trailer-x-end: 2", "location: /v1/items/7", "x-a: 1"];
    let found = create(METADATA).both(addr).await;
    assert_eq!(found, answer(200, &headers, "{}"));

    let request = create(METADATA).header("te", "trailers");
    let expected = "200\ncontent-type: application/json\nlocation: /v1/items/7\n\
                    trailer: grpc-trailer-x-end\nx-a: 1\n\n{}\ngrpc-trailer-x-end: 2\n";
    assert_eq!(request.both(addr).await, expected);

    // Those of an error too.
    let body = METADATA.replacen('{', r#"{"failWith":5,"#, 1);
    let request = create(&body).header("te", "trailers");
    let expected = "404\ncontent-type: application/json\nlocation: /v1/items/7\n\
                    trailer: grpc-trailer-x-end\nx-a: 1\n\n{\"code\":5}\ngrpc-trailer-x-end: 2\n";
    assert_eq!(request.both(addr).await, expected);
}

#[tokio::test]
async fn h86_headers_with_the_prefix_of_gateways() {
    let fixture = fixture_of(|server| server.prefix_metadata()).await;
    let addr = fixture.running.addr;
    let headers = [
        "grpc-metadata-x-a: 1",
        "grpc-trailer-x-end: 2",
        "location: /v1/items/7",
    ];
    let found = create(METADATA).both(addr).await;
    assert_eq!(found, answer(200, &headers, "{}"));
    let headers = ["location: /v1/items/7", "trailer-x-end: 2", "x-a: 1"];
    let found = Request::json(super::CREATE, METADATA).both(addr).await;
    assert_eq!(found, answer(200, &headers, "{}"));
}

#[tokio::test]
async fn h89_the_status_of_a_reply_on_a_route() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let body = r#"{"status":201,"text":"t","headers":{"location":"/v1/items/7"}}"#;
    let expected = answer(201, &["location: /v1/items/7"], r#"{"text":"t"}"#);
    assert_eq!(create(body).both(addr).await, expected);
    assert_eq!(create(r#"{"status":204}"#).both(addr).await, "204\n\n");
    assert_eq!(create("{}").both(addr).await, answer(200, &[], "{}"));
}
