//! One access event for each call, one error event where an error leaves.

use ezrpc::{Context, Server};
use ezrpc_tests::echo::{CAUSE, Echo, PANIC};
use ezrpc_tests::grpc;
use ezrpc_tests::http::{Request, TRACE};
use ezrpc_tests::proto::e2e::reasons::ShopServer;
use ezrpc_tests::proto::e2e::{EchoRequest, EchoServer};
use ezrpc_tests::reasons::Shop;
use ezrpc_tests::server::Running;
use tracing::level_filters::LevelFilter;

use super::heard::Heard;

const SAY: &str = "/e2e.Echo/Say";

fn post(path: &str, body: &str) -> Request {
    Request::json(path, body)
        .header("user-agent", "shop/1.0 x")
        .traced()
}

fn request(text: &str) -> EchoRequest {
    EchoRequest {
        text: text.to_owned(),
        ..EchoRequest::default()
    }
}

fn access(method: &str, protocol: &str, code: &str, sizes: [usize; 2]) -> String {
    format!(
        "INFO ezrpc::access: call method=\"/e2e.Echo/{method}\" protocol=\"{protocol}\" code=\"{code}\" latency_ms=.. \
         request_bytes={} response_bytes={} peer=.. caller=\"shop/1.0\" trace_id={TRACE}",
        sizes[0], sizes[1]
    )
}

#[tokio::test]
async fn a_call_that_goes_well_has_one_event() {
    let addr = Running::echo().await.addr;
    let heard = Heard::at(LevelFilter::INFO);
    post(SAY, r#"{"text":"hi"}"#).http1(addr).await;
    assert_eq!(heard.take(), [access("Say", "webapi", "ok", [13, 13])]);
    let head = grpc::head(SAY).header("user-agent", "shop/1.0").traced();
    grpc::call(addr, &head, grpc::say("hi")).await;
    assert_eq!(heard.take(), [access("Say", "grpc", "ok", [9, 9])]);
    // Probes at debug alone.
    grpc::call(
        addr,
        &grpc::head("/grpc.health.v1.Health/Check"),
        grpc::frame(b""),
    )
    .await;
    assert_eq!(heard.take(), [""; 0]);
}

#[tokio::test]
async fn what_does_not_decode_and_what_is_refused_is_told_too() {
    let running = Running::start(
        Server::new("echo")
            .add(EchoServer::new(Echo::default()))
            .max_message(100),
    );
    let addr = running.await.addr;
    let heard = Heard::at(LevelFilter::INFO);
    post(SAY, "{]").http1(addr).await;
    post("/e2e.Echo/Closed", "{}").http1(addr).await;
    let error = |method: &str, code: &str, status: u16, text: &str, stack: &str| {
        format!(
            "INFO ezrpc::error: {text} method=\"/e2e.Echo/{method}\" protocol=\"webapi\" code=\"{code}\" \
             status={status} peer=.. caller=\"shop/1.0\" trace_id={TRACE} path=e2e.Echo stack={stack}"
        )
    };
    let told = heard.take();
    assert_eq!(told[0], access("Say", "webapi", "invalid_argument", [2, 0]));
    assert!(told[1].starts_with("INFO ezrpc::error: "), "{}", told[1]);
    assert_eq!(
        told[2],
        access("Closed", "webapi", "unauthenticated", [0, 0])
    );
    let text = "/e2e.Echo/Closed is not public and the server has no authenticator";
    let found = told[3].split(" method=").next().unwrap_or_default();
    let expected = error("Closed", "unauthenticated", 401, text, "");
    assert_eq!(
        told[3].trim_start_matches(found),
        expected.trim_start_matches(&format!("INFO ezrpc::error: {text}"))
    );
    assert_eq!(told.len(), 4);
}

#[tokio::test]
async fn a_request_that_is_no_call_is_told_at_debug() {
    let addr = Running::echo().await.addr;
    let heard = Heard::at(LevelFilter::DEBUG);
    post("/nowhere", "{}").http1(addr).await;
    let expected = "DEBUG ezrpc::access: no call verb=\"POST\" path=\"/nowhere\" protocol=\"webapi\" status=404 peer=..";
    assert_eq!(heard.take(), [expected]);
}

#[tokio::test]
async fn an_error_is_told_once_where_it_leaves_with_the_frames_of_all() {
    let (front, _back) = Running::two_hops().await;
    let heard = Heard::at(LevelFilter::INFO);
    let answer = post("/e2e.Echo/Loop", "{}").http1(front.addr).await;
    let told = heard.take();
    let kinds = told
        .iter()
        .map(|line| line.split(": ").next().unwrap_or_default());
    let kinds: Vec<&str> = kinds.collect();
    // The inner server tells of its call, the outer of its call and of the error.
    assert_eq!(
        kinds,
        [
            "INFO ezrpc::access",
            "INFO ezrpc::access",
            "ERROR ezrpc::error"
        ]
    );
    assert!(
        told[0].contains(" caller=\"") && told[0].contains(TRACE),
        "{}",
        told[0]
    );
    let (_, stack) = told[2].split_once(" stack=").expect("a stack");
    let frames: Vec<&str> = stack
        .split(';')
        .map(|frame| frame.split(" (").next().unwrap_or_default())
        .collect();
    // Call, handler, call, handler.
    assert_eq!(frames, ["e2e.Echo/Loop"; 4], "{stack}");
    assert_eq!(answer.status, 503);
    // A gRPC caller that is no handler is told, and so is the log.
    let error = front
        .client()
        .r#loop(&Context::background(), request(""))
        .await;
    assert_eq!(error.expect_err("nobody is there").frames().len(), 5);
    let told = heard.take();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[2].starts_with("ERROR ezrpc::error: "), "{}", told[2]);
}

#[tokio::test]
async fn a_panic_and_an_unknown_error_are_found_by_the_id_callers_see() {
    let addr = Running::echo().await.addr;
    let heard = Heard::at(LevelFilter::WARN);
    ezrpc::record_panics();
    for (text, said) in [(PANIC, "internal error"), (CAUSE, "unknown error")] {
        let answer = post(SAY, &format!(r#"{{"text":"{text}"}}"#))
            .http1(addr)
            .await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(body.contains(&format!("\"{said} (id {TRACE})\"")), "{body}");
    }
    let told = heard.take();
    let start = format!(
        "ERROR ezrpc::panic: panic: the handler panics method=\"/e2e.Echo/Say\" trace_id={TRACE} place=tests/src/echo.rs:"
    );
    assert!(told[0].starts_with(&start), "{}", told[0]);
    let told = &told[1..];
    let start = format!(
        "ERROR ezrpc::error: panic: the handler panics (id {TRACE}) method=\"/e2e.Echo/Say\""
    );
    assert!(told[0].starts_with(&start), "{}", told[0]);
    assert!(told[0].contains(" stack=tests/src/echo.rs:"), "{}", told[0]);
    assert!(told[0].ends_with(";e2e.Echo/Say"), "{}", told[0]);
    let start = "ERROR ezrpc::error: the password is hunter2 method=";
    assert!(
        told[1].starts_with(start) && told[1].contains(TRACE),
        "{}",
        told[1]
    );
    assert_eq!(told.len(), 2);
}

/// Nobody is woken for limits that callers outside set themselves, nor for what they send in place of a call.
#[tokio::test]
async fn what_callers_bring_upon_themselves_is_expected() {
    let (front, _back) = Running::two_hops().await;
    let addr = Running::echo().await.addr;
    let heard = Heard::at(LevelFilter::INFO);
    let levels = || {
        let told = heard.take().into_iter();
        let errors = told.filter(|line| line.contains("ezrpc::error"));
        errors
            .map(|line| line.split(' ').take(1).collect::<String>())
            .collect::<Vec<_>>()
    };
    let hang = post(SAY, r#"{"text":"hang"}"#).header("connect-timeout-ms", "20");
    assert_eq!(hang.http1(addr).await.status, 504);
    assert_eq!(levels(), ["INFO"]);
    for (ttl, level) in [("0", "INFO"), ("4000000000", "ERROR"), ("abc", "ERROR")] {
        let request = post("/e2e.Echo/Loop", "{}").header("ezrpc-ttl", ttl);
        request.http1(front.addr).await;
        assert_eq!(levels(), [level], "{ttl}");
    }
    let empty = Request::post(SAY).header("content-type", "application/grpc-web+proto");
    empty.http1(addr).await;
    assert_eq!(levels(), ["INFO"]);
}

#[tokio::test]
async fn streams_are_told_at_their_end() {
    let running = Running::echo().await;
    let heard = Heard::at(LevelFilter::INFO);
    let body = r#"{"text":"a b c"}"#;
    let answer = post("/e2e.Echo/Split", body).http1(running.addr).await;
    let sizes = [body.len(), answer.body.len()];
    assert_eq!(heard.take(), [access("Split", "webapi", "ok", sizes)]);
    let ctx = Context::background();
    let mut replies = running
        .client()
        .split(&ctx, request("a b"))
        .await
        .expect("replies");
    replies.message().await.expect("a reply");
    drop(replies);
    for _ in 0..100 {
        let told = heard.take();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        if let Some(line) = told.first() {
            // It may have been written to the end before the caller left.
            assert!(line.contains("/e2e.Echo/Split"), "{line}");
            assert!(
                line.contains("code=\"canceled\"") || line.contains("code=\"ok\""),
                "{line}"
            );
            return;
        }
    }
    panic!("the end of the stream is not told");
}

#[tokio::test]
async fn a_head_of_a_stream_is_no_caller_who_is_gone() {
    let server = Server::new("shop").add(ShopServer::new(Shop::default()));
    let running = Running::start(server).await;
    let heard = Heard::at(LevelFilter::DEBUG);
    let head = Request::new("HEAD", "/v1/orders").header("user-agent", "shop/1.0 x");
    let answer = head.traced().http1(running.addr).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let told = access("Watch", "webapi", "ok", [0, 0]).replace("e2e.Echo", "e2e.reasons.Shop");
    assert_eq!(heard.take(), [told]);
}

#[tokio::test]
async fn a_server_may_keep_quiet() {
    let server = Server::new("quiet")
        .add(EchoServer::new(Echo::default()))
        .unlogged();
    let addr = Running::start(server).await.addr;
    let heard = Heard::at(LevelFilter::DEBUG);
    post(SAY, r#"{"text":"cause"}"#).http1(addr).await;
    assert_eq!(heard.take(), [""; 0]);
    // But of what nobody has meant to happen.
    post(SAY, r#"{"text":"panic"}"#).http1(addr).await;
    let told = heard.take();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("ERROR ezrpc::panic: "), "{}", told[0]);
}
