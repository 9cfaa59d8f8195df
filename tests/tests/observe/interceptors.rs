//! Interceptors that come with the crate, over gRPC and HTTP.

use std::time::Duration;

use ezrpc::interceptors::{Rate, Stat};
use ezrpc::{Code, Context, Server, Streaming};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::grpc;
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;

use super::request;

#[tokio::test]
async fn a_rate_is_one_for_all_protocols_and_says_when_to_come_again() {
    let stat = Stat::new();
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .interceptor(stat.clone())
        .interceptor(Rate::per_caller(1, Duration::from_secs(3600)).burst(2));
    let running = Running::start(server).await;
    let say = Request::json("/e2e.Echo/Say", r#"{"text":"hi"}"#);
    assert_eq!(say.clone().http1(running.addr).await.status, 200);
    let ctx = Context::background();
    running
        .client()
        .say(&ctx, request("hi"))
        .await
        .expect("a reply");
    let error = running
        .client()
        .say(&ctx, request("hi"))
        .await
        .expect_err("the third");
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.message(), "/e2e.Echo/Say is called too often");
    assert_eq!(
        error.details()[0].type_url,
        "type.googleapis.com/google.rpc.RetryInfo"
    );
    let answer = say.http1(running.addr).await;
    assert_eq!(answer.status, 429);
    let seconds: u64 = answer.value("retry-after").parse().expect("seconds");
    assert!((3590..=3600).contains(&seconds), "{seconds}");
    // Another method has buckets of its own. Not `Nothing`, whose calls in this process `admin` counts.
    let joined = running.client().join(&ctx, Streaming::empty()).await;
    joined.expect("a reply");
    let counts: Vec<_> = stat
        .all()
        .into_iter()
        .map(|all| (all.method, all.calls, all.errors, all.in_flight))
        .collect();
    assert_eq!(
        counts,
        [("/e2e.Echo/Join", 1, 0, 0), ("/e2e.Echo/Say", 4, 2, 0)]
    );
}

#[tokio::test]
async fn health_checks_are_not_limited() {
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .interceptor(Rate::per_method(1, Duration::from_secs(3600)));
    let running = Running::start(server).await;
    let check = grpc::head("/grpc.health.v1.Health/Check");
    for _ in 0..3 {
        let answer = grpc::call(running.addr, &check, grpc::frame(b"")).await;
        assert_eq!(grpc::status(&answer), (0, String::new()));
    }
}
