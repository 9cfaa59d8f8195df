//! Rate, errors and durations of both sides.

use ezrpc::{Context, Prometheus};
use ezrpc_tests::echo::PANIC;
use ezrpc_tests::server::Running;

use super::request;

/// Other tests call other methods; this one has no time limit.
#[tokio::test]
async fn both_sides_count_by_method() {
    let metrics = Prometheus::install().expect("no other recorder");
    let running = Running::echo().await;
    let ctx = Context::background();
    let client = running.client();
    for text in ["hi", "hi", PANIC] {
        let _ = client.closed(&ctx, request(text)).await;
    }
    let text = metrics.render();
    let own: Vec<&str> = text
        .lines()
        .filter(|line| {
            line.contains("/e2e.Echo/Closed") && !line.contains("duration_seconds_bucket")
        })
        .filter(|line| !line.contains("duration_seconds_sum"))
        .collect();
    let expected = [
        r#"ezrpc_client_duration_seconds_count{method="/e2e.Echo/Closed"} 3"#,
        r#"ezrpc_client_in_flight{method="/e2e.Echo/Closed"} 0"#,
        r#"ezrpc_client_requests_total{code="internal",method="/e2e.Echo/Closed"} 1"#,
        r#"ezrpc_client_requests_total{code="ok",method="/e2e.Echo/Closed"} 2"#,
        r#"ezrpc_client_requests_total{code="unknown",method="/e2e.Echo/Closed"} 0"#,
        r#"ezrpc_server_duration_seconds_count{method="/e2e.Echo/Closed"} 3"#,
        r#"ezrpc_server_in_flight{method="/e2e.Echo/Closed"} 0"#,
        r#"ezrpc_server_panics_total{method="/e2e.Echo/Closed"} 1"#,
        r#"ezrpc_server_requests_total{code="internal",method="/e2e.Echo/Closed"} 1"#,
        r#"ezrpc_server_requests_total{code="ok",method="/e2e.Echo/Closed"} 2"#,
        r#"ezrpc_server_requests_total{code="unknown",method="/e2e.Echo/Closed"} 0"#,
    ];
    assert_eq!(own, expected);
}

/// Other tests do not make this call.
#[tokio::test]
async fn a_call_that_is_not_awaited_is_none() {
    let metrics = Prometheus::install().expect("no other recorder");
    let running = Running::echo().await;
    let (client, ctx) = (running.client(), Context::background());
    drop(client.hidden(&ctx, request("hi")));
    assert!(!metrics.render().contains("/e2e.Echo/Hidden"));
    client.hidden(&ctx, request("hi")).await.expect("a reply");
    let line = r#"ezrpc_client_requests_total{code="ok",method="/e2e.Echo/Hidden"} 1"#;
    assert!(metrics.render().contains(line));
}
