//! Calls within a process: what the handler has of its caller, and what is told of them.

use std::time::Duration;

use ezrpc::interceptors::Auth;
use ezrpc::{Context, Error, Principal, Result, Server};
use ezrpc_tests::http::{Answer, Request, TRACE};
use ezrpc_tests::proto::stack::{A, AServer, Act, B, BClient, Done, Step};
use ezrpc_tests::server::Running;
use tracing::level_filters::LevelFilter;

use super::heard::Heard;

/// Calls an [`Inner`] of this process.
struct Outer;

/// Answers with what its context has.
struct Inner;

impl A for Outer {
    async fn call(&self, ctx: &Context, step: Step) -> Result<Done> {
        ctx.set_field("outer", 7);
        let patience = match step.act() {
            Act::Hang => Duration::from_millis(20),
            _ => Duration::from_secs(60),
        };
        let call = ctx.call().timeout(patience);
        call.set_field("call", 8);
        // Whoever is given this context alone sees the handler's caller.
        assert_eq!(call.principal(), ctx.principal());
        assert_eq!(call.peer(), ctx.peer());
        assert_eq!(call.metadata().get("authorization"), Some("Bearer me"));
        BClient::local(Inner).call(&call, step).await
    }
}

impl B for Inner {
    async fn call(&self, ctx: &Context, step: Step) -> Result<Done> {
        ctx.set_field("inner", 9);
        match step.act() {
            Act::Fail => Err(ctx.trace(Error::internal("as asked"))),
            Act::Hang => std::future::pending().await,
            _ => Ok(Done { passed: had(ctx) }),
        }
    }
}

/// What a context has.
fn had(ctx: &Context) -> Vec<String> {
    let mut had = vec![
        format!("hops {}", ctx.hops()),
        format!("limited {}", ctx.remaining().is_some()),
        format!("from {:?}", ctx.peer().map(|peer| peer.ip())),
        format!("by {:?}", ctx.principal().map(Principal::name)),
        format!("trace {}", ctx.trace_id()),
        // Headers are for whom they were sent to.
        format!("sent {:?}", ctx.metadata().get("authorization")),
        format!("path {}", ctx.call_path()),
    ];
    let fields = ctx.fields();
    had.extend(fields.iter().map(|(key, value)| format!("{key} {value}")));
    had
}

async fn post(body: &str) -> Answer {
    ask(Request::json("/stack.A/Call", body)).await
}

async fn ask(request: Request) -> Answer {
    let server = Server::new("outer")
        .add(AServer::new(Outer))
        .authenticator(Auth::bearer(async |token| Ok(Principal::new(token))));
    let running = Running::start(server).await;
    request
        .header("authorization", "Bearer me")
        .traced()
        .http1(running.addr)
        .await
}

#[tokio::test]
async fn a_local_call_has_what_its_caller_has() {
    let heard = Heard::at(LevelFilter::INFO);
    let answer = post("{}").await;
    let had: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let expected = [
        "hops 15",
        "limited true",
        "from Some(127.0.0.1)",
        "by Some(\"me\")",
        &format!("trace {TRACE}"),
        "sent None",
        "path stack.A;stack.B",
        "outer 7",
        "call 8",
        "inner 9",
    ];
    assert_eq!(had["passed"], serde_json::json!(expected));
    let call = |method: &str, protocol: &str, sizes: [usize; 2], fields: &str| {
        format!(
            "INFO ezrpc::access: call method=\"/stack.{method}/Call\" protocol=\"{protocol}\" code=\"ok\" latency_ms=.. \
             request_bytes={} response_bytes={} peer=.. caller=\"me\" trace_id={TRACE} fields={fields}",
            sizes[0], sizes[1]
        )
    };
    let inner = call("B", "local", [0, 0], "outer=7 call=8 inner=9");
    let outer = call("A", "webapi", [2, answer.body.len()], "outer=7");
    assert_eq!(heard.take(), [inner, outer]);
}

#[tokio::test]
async fn an_error_of_a_local_call_is_told_by_its_caller_alone() {
    let heard = Heard::at(LevelFilter::ERROR);
    assert_eq!(post(r#"{"act": "FAIL"}"#).await.status, 500);
    let told = heard.take();
    assert_eq!(told.len(), 1, "{told:#?}");
    let start = "ERROR ezrpc::error: as asked method=\"/stack.A/Call\" protocol=\"webapi\"";
    assert!(told[0].starts_with(start), "{}", told[0]);
    let fields = " fields=outer=7 call=8 inner=9 stack=";
    assert!(told[0].contains(fields), "{}", told[0]);
    // One of a job has no other to tell of it.
    let step = Step {
        act: Act::Fail.into(),
        ..Step::default()
    };
    let error = BClient::local(Inner)
        .call(&Context::background(), step)
        .await;
    assert_eq!(error.expect_err("as asked").frames().len(), 4);
    let told = heard.take();
    assert_eq!(told.len(), 1, "{told:#?}");
    let start = "ERROR ezrpc::error: as asked method=\"/stack.B/Call\" protocol=\"local\"";
    assert!(told[0].starts_with(start), "{}", told[0]);
}

/// What a handler has no time for is told, also where its own caller is in a hurry, though not as much.
#[tokio::test]
async fn a_limit_that_a_handler_sets_is_no_limit_of_its_caller() {
    let heard = Heard::at(LevelFilter::INFO);
    for timeout in [None, Some("60000")] {
        let mut request = Request::json("/stack.A/Call", r#"{"act": "HANG"}"#);
        if let Some(timeout) = timeout {
            request = request.header("connect-timeout-ms", timeout);
        }
        assert_eq!(ask(request).await.status, 504);
        let told = heard.take();
        let starts = [
            "INFO ezrpc::access: call method=\"/stack.B/Call\" protocol=\"local\" code=\"deadline_exceeded\"",
            "INFO ezrpc::access: call method=\"/stack.A/Call\" protocol=\"webapi\" code=\"deadline_exceeded\"",
            "ERROR ezrpc::error: deadline exceeded method=\"/stack.A/Call\"",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (line, start) in told.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }
}
