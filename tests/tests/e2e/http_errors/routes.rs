//! Errors on google.api.http routes.

use ezrpc::ErrorFormat;
use ezrpc_tests::http::{Request, TRACE};

use super::{any, retry};
use crate::http_headers::answer;
use crate::http_streams::{fixture, fixture_of};
use ezrpc::google::rpc::{BadRequest, bad_request::FieldViolation};
use ezrpc::wkt::Any;

/// A call that fails with these details.
fn failing(code: i32, details: Vec<Any>) -> Request {
    let request = super::failing(code, details);
    Request::post("/v1/items")
        .header("content-type", "application/proto")
        .body(request.payload())
}

#[tokio::test]
async fn h90_every_code_on_a_route() {
    let fixture = fixture().await;
    let statuses = [
        499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
    ];
    for (code, status) in (1..).zip(statuses) {
        let found = failing(code, Vec::new()).both(fixture.running.addr).await;
        let body = format!(r#"{{"code":{code},"message":"why"}}"#);
        let challenge: &[&str] = match status {
            401 => &["www-authenticate: Bearer"],
            _ => &[],
        };
        assert_eq!(found, answer(status, challenge, &body));
    }
}

#[tokio::test]
async fn h91_details_on_a_route() {
    let fixture = fixture().await;
    let violation = FieldViolation {
        field: "name".into(),
        description: "is missing".into(),
        ..FieldViolation::default()
    };
    let bad = BadRequest {
        field_violations: vec![violation],
    };
    let unknown = Any {
        type_url: "type.googleapis.com/no.such.Type".into(),
        value: vec![255, 1],
    };
    // Of a type that is known, but not a message of it.
    let broken = Any {
        type_url: "type.googleapis.com/google.rpc.BadRequest".into(),
        value: vec![255],
    };
    let details = vec![
        any("google.rpc.BadRequest", &bad),
        unknown,
        broken,
        retry(3, 0),
    ];
    let details_in_json = [
        r#"{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"name","description":"is missing"}]}"#,
        r#"{"@type":"type.googleapis.com/no.such.Type","value":"/wE="}"#,
        r#"{"@type":"type.googleapis.com/google.rpc.BadRequest","value":"/w=="}"#,
        r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}"#,
    ];
    let body = format!(
        r#"{{"code":3,"message":"why","details":[{}]}}"#,
        details_in_json.join(",")
    );
    let found = failing(3, details).both(fixture.running.addr).await;
    assert_eq!(found, answer(400, &["retry-after: 3"], &body));
}

#[tokio::test]
async fn h92_h93_what_the_framework_raises_on_a_route() {
    let fixture = fixture_of(|server| server.max_message(100)).await;
    let addr = fixture.running.addr;
    let found = Request::json("/v1/items", r#"{"text":"panic"}"#)
        .traced()
        .both(addr)
        .await;
    let body = format!(r#"{{"code":13,"message":"internal error (id {TRACE})"}}"#);
    assert_eq!(found, answer(500, &[], &body));
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(100));
    let found = Request::json("/v1/items", &large).both(addr).await;
    let body = r#"{"code":8,"message":"request body is over the limit of 100 bytes"}"#;
    assert_eq!(found, answer(413, &[], body));
    let found = Request::json("/v1/items", "{]").both(addr).await;
    assert!(
        found.starts_with("400\n") && found.contains(r#"{"code":3,"#),
        "{found}"
    );
}

#[tokio::test]
async fn h95_aip193_on_a_route() {
    let fixture = fixture_of(|server| server.error_format(ErrorFormat::aip193())).await;
    let found = failing(1, vec![retry(3, 0)])
        .both(fixture.running.addr)
        .await;
    let body = r#"{"error":{"code":499,"message":"why","status":"CANCELLED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}"#;
    assert_eq!(found, answer(499, &["retry-after: 3"], body));
}
