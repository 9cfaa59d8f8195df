//! PATCH: the field mask that the members of the body make.

use ezrpc_tests::http::Request;
use ezrpc_tests::server::Running;

use super::rest_binding::{running, sent, server};

fn patch(path: &str, body: &str) -> Request {
    Request::new("PATCH", path)
        .header("content-type", "application/json")
        .body(body.to_owned())
}

/// The `updateMask` that a request was given; `-` for none.
async fn mask(running: &Running, request: Request) -> String {
    let (status, body) = sent(running, request).await;
    assert_eq!(status, 200, "{body}");
    let reply: serde_json::Value = serde_json::from_str(&body).unwrap();
    reply["updateMask"].as_str().unwrap_or("-").to_owned()
}

#[tokio::test]
async fn h50_the_members_of_the_body_are_the_mask() {
    let running = Running::start(server()).await;
    let rows = [
        (r#"{"oneof_empty":{}}"#, "oneofEmpty"),
        (r#"{"uuid":"1","floatValue":3.1}"#, "floatValue,uuid"),
        (
            r#"{"single_nested":{"name":"b","amount":2}}"#,
            "singleNested.amount,singleNested.name",
        ),
        (r#"{"mapped_string_value":{"a":"x"}}"#, "mappedStringValue"),
        (r#"{"nested":[{"name":"b","amount":2}]}"#, "nested"),
        (
            r#"{"anytype":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}"#,
            "anytype",
        ),
        (
            r#"{"struct_field":{"name":{"first":"b"},"amount":2}}"#,
            "structField.amount,structField.name.first",
        ),
        (r#"{"single_nested":{}}"#, "singleNested"),
        (
            r#"{"single_nested":null,"int32Value":null}"#,
            "int32Value,singleNested",
        ),
        (
            r#"{"singleNested":{"inner":{"name":"x"},"tags":[]}}"#,
            "singleNested.inner.name,singleNested.tags",
        ),
        (r#"{"valueValue":{"a":1}}"#, "valueValue.a"),
        (
            r#"{"timestampValue":"2006-01-02T15:04:05Z","stringWrapper":"x"}"#,
            "stringWrapper,timestampValue",
        ),
        (r#"{"nobody":1,"int32Value":1}"#, "int32Value"),
        ("{}", "-"),
        ("null", "-"),
        ("", "-"),
    ];
    for (body, expected) in rows {
        assert_eq!(
            mask(&running, patch("/v2/bits/u", body)).await,
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn h51_a_mask_that_is_given_stands() {
    let running = running().await;
    let path = "/v2/bits/u?updateMask=singleNested.name,uuid";
    assert_eq!(
        mask(&running, patch(path, r#"{"int32Value":1}"#)).await,
        "singleNested.name,uuid"
    );
    let path = "/v2/bits/u?update_mask=int32_value";
    assert_eq!(
        mask(&running, patch(path, r#"{"uuid":"x"}"#)).await,
        "int32Value"
    );
}

#[tokio::test]
async fn h52_a_body_that_is_all_has_its_own_mask() {
    let running = running().await;
    assert_eq!(
        mask(
            &running,
            patch("/v2a/bits/u", r#"{"abe":{"int32Value":1}}"#)
        )
        .await,
        "-"
    );
    assert_eq!(
        mask(
            &running,
            patch(
                "/v2a/bits/u",
                r#"{"abe":{"int32Value":1},"updateMask":"uuid"}"#
            )
        )
        .await,
        "uuid"
    );
    // Nor is a PUT a PATCH.
    let put = Request::new("PUT", "/v2/bits/u")
        .header("content-type", "application/json")
        .body(r#"{"int32Value":1}"#);
    assert_eq!(mask(&running, put).await, "-");
}

#[tokio::test]
async fn h53_an_empty_mask_is_filled() {
    let running = running().await;
    assert_eq!(
        mask(
            &running,
            patch("/v2/bits/u?update_mask=", r#"{"int32Value":1}"#)
        )
        .await,
        "int32Value"
    );
    assert_eq!(
        mask(
            &running,
            patch("/v2/bits/u?update_mask", r#"{"int32Value":1}"#)
        )
        .await,
        "int32Value"
    );
}

#[tokio::test]
async fn h54_a_json_name_of_its_own() {
    let running = running().await;
    for body in [r#"{"@own-name":"x"}"#, r#"{"custom_named":"x"}"#] {
        assert_eq!(
            mask(&running, patch("/v2/bits/u", body)).await,
            "customNamed",
            "{body}"
        );
    }
}

#[tokio::test]
async fn masks_and_what_they_do_not_cover() {
    let running = running().await;
    let (status, body) = sent(&running, patch("/v2/bits/u", r#"{"stringValue":{}}"#)).await;
    assert_eq!(status, 400, "{body}");
    let form = Request::new("PATCH", "/v2/bits/u")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("int32_value=1");
    let (status, body) = sent(&running, form).await;
    assert_eq!(
        (status, body.as_str()),
        (200, r#"{"abe":{"uuid":"u","int32Value":1}}"#)
    );
    let strict = Running::start(server().json(ezrpc::json::Options::new().strict())).await;
    let (status, body) = sent(&strict, patch("/v2/bits/u", r#"{"nobody":1}"#)).await;
    assert_eq!(
        (status, body.as_str()),
        (
            400,
            r#"{"code":3,"message":"abe: unknown field \"nobody\" at line 1 column 2"}"#
        )
    );
}
