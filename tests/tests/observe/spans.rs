//! Spans of calls, as an exporter gets them.

mod jobs;
mod sampling;
mod state;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ezrpc::{Channel, Code, Context, Result, Server};
use ezrpc_tests::echo::{CAUSE, Echo};
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::{EchoClient, EchoServer};
use ezrpc_tests::proto::stack::{A, AServer, Done, Step};
use ezrpc_tests::server::Running;
use opentelemetry::trace::{FutureExt as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tokio::sync::watch;

use self::sampling::Picky;
use super::{request, two_hops};

const CALLER: &str = "b7ad6b7169203331";

/// The spans that have ended. There is one provider for the process: a test has a trace of its own.
#[derive(Debug, Clone)]
struct Ended(Arc<watch::Sender<Vec<SpanData>>>);

impl SpanExporter for Ended {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.send_modify(|spans| spans.extend(batch));
        Ok(())
    }
}

/// Records from now on.
fn record() -> &'static Ended {
    static ENDED: OnceLock<Ended> = OnceLock::new();
    ENDED.get_or_init(|| {
        let ended = Ended(Arc::new(watch::Sender::new(Vec::new())));
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(ended.clone())
            .with_sampler(Picky)
            .build();
        opentelemetry::global::set_tracer_provider(provider);
        ezrpc::record_spans();
        ended
    })
}

/// The spans of a trace in the order in which they end, once there are so many.
async fn spans(trace: &str, count: usize) -> Vec<SpanData> {
    let of_trace = |spans: &Vec<SpanData>| -> Vec<SpanData> {
        let spans = spans.iter();
        let own = spans.filter(|span| span.span_context.trace_id().to_string() == trace);
        own.cloned().collect()
    };
    let mut ended = record().0.subscribe();
    let enough = ended.wait_for(|spans| of_trace(spans).len() >= count);
    let enough = tokio::time::timeout(Duration::from_secs(60), enough).await;
    of_trace(&enough.expect("they end").expect("the sender is there"))
}

/// `key=value` of all, in one line.
fn attributes(span: &SpanData) -> String {
    let attributes = span.attributes.iter();
    let texts = attributes.map(|one| format!("{}={}", one.key, one.value));
    texts.collect::<Vec<_>>().join(" ")
}

/// A request in a trace that is recorded.
fn traced(path: &str, body: &str, trace: &str) -> Request {
    let traceparent = format!("00-{trace}-{CALLER}-01");
    Request::json(path, body).header("traceparent", &traceparent)
}

#[tokio::test]
async fn a_call_and_those_it_makes_are_one_tree() {
    const TRACE: &str = "11111111111111111111111111111111";
    record();
    let (front, back) = two_hops().await;
    traced("/e2e.Echo/Loop", "{}", TRACE)
        .http1(front.addr)
        .await;
    // From the innermost to the outermost.
    let spans = spans(TRACE, 4).await;
    let kinds: Vec<SpanKind> = spans.iter().map(|span| span.span_kind.clone()).collect();
    let (server, client) = (SpanKind::Server, SpanKind::Client);
    assert_eq!(kinds, [client.clone(), server.clone(), client, server]);
    for (inner, outer) in spans.iter().zip(&spans[1..]) {
        assert_eq!(inner.parent_span_id, outer.span_context.span_id());
        assert_eq!(inner.name, "e2e.Echo/Loop");
    }
    let remote: Vec<bool> = spans.iter().map(|one| one.parent_span_is_remote).collect();
    assert_eq!(remote, [false, true, false, true]);
    assert_eq!(spans[3].parent_span_id.to_string(), CALLER);
    for span in &spans {
        assert!(matches!(span.status, Status::Error { .. }));
    }
    let told: Vec<String> = spans.iter().map(attributes).collect();
    let end = "rpc.response.status_code=UNAVAILABLE error.type=UNAVAILABLE";
    let http =
        "rpc.response.status_code=UNAVAILABLE http.response.status_code=503 error.type=UNAVAILABLE";
    let expected = [
        format!("{} {end}", called(1)),
        format!("{} {end}", served("grpc", &spans[1])),
        format!("{} {end}", called(back.addr.port())),
        format!("{} {http}", served("webapi", &spans[3])),
    ];
    assert_eq!(told, expected);
}

/// What is known of a call to a port before its end.
fn called(port: u16) -> String {
    format!(
        "rpc.system.name=grpc rpc.method=e2e.Echo/Loop server.address=127.0.0.1 server.port={port}"
    )
}

/// What is known of a call that is served.
fn served(system: &str, span: &SpanData) -> String {
    let mut attributes = span.attributes.iter();
    let port = attributes.find(|one| one.key.as_str() == "network.peer.port");
    let port = &port.expect("a port").value;
    format!(
        "rpc.system.name={system} rpc.method=e2e.Echo/Loop client.address=127.0.0.1 \
         network.peer.address=127.0.0.1 network.peer.port={port}"
    )
}

#[tokio::test]
async fn a_server_has_done_well_to_refuse_and_says_no_secrets() {
    const TRACE: &str = "11111111111111111111111111111112";
    record();
    let echo = Running::echo().await;
    let refused = r#"{"failWith":5,"text":"gone"}"#;
    let cause = format!(r#"{{"text":"{CAUSE}"}}"#);
    for body in ["{}", refused, &cause] {
        traced("/e2e.Echo/Say", body, TRACE).http1(echo.addr).await;
    }
    let connect = traced("/e2e.Echo/Say", refused, TRACE).header("connect-protocol-version", "1");
    connect.http1(echo.addr).await;
    let spans = spans(TRACE, 4).await;
    let ends: Vec<(String, Status)> = spans
        .iter()
        .map(|span| {
            let all = attributes(span);
            let (start, end) = all
                .split_once(" rpc.response.status_code=")
                .expect("a code");
            let system = start.split([' ', '=']).nth(1).expect("a system");
            (format!("{system}: {end}"), span.status.clone())
        })
        .collect();
    let end = |text: &str, status| (text.to_owned(), status);
    assert_eq!(
        ends,
        [
            end("webapi: OK http.response.status_code=200", Status::Unset),
            end(
                "webapi: NOT_FOUND http.response.status_code=404",
                Status::Unset
            ),
            end(
                "webapi: UNKNOWN http.response.status_code=500 error.type=UNKNOWN",
                Status::error("unknown")
            ),
            end(
                "connectrpc: NOT_FOUND http.response.status_code=404",
                Status::Unset
            ),
        ]
    );
}

#[tokio::test]
async fn a_client_tells_every_error_and_whom_it_has_called() {
    const TRACE: &str = "11111111111111111111111111111113";
    record();
    let echo = Running::echo().await;
    let parent = sampling::parent(TRACE, CALLER, true);
    let calls = async {
        let mut refused = request("gone");
        refused.fail_with = Code::NotFound.number().into();
        let ctx = Context::background();
        let error = echo.client().say(&ctx, refused).await;
        error.expect_err("as asked");
        let local = EchoClient::new(Channel::local(EchoServer::new(Echo::default())));
        local.say(&ctx, request("")).await.expect("an answer");
        let ctx = ctx.with_registry(ezrpc::discovery::Memory::new());
        let discovered = EchoClient::new(Channel::discover("e2e.Echo").fail_fast());
        let nobody = discovered.say(&ctx, request("")).await;
        nobody.expect_err("nobody is there");
    };
    calls.with_context(parent).await;
    let spans = spans(TRACE, 5).await;
    let clients = spans
        .iter()
        .filter(|span| span.span_kind == SpanKind::Client);
    let told: Vec<(String, Status)> = clients
        .map(|span| (attributes(span), span.status.clone()))
        .collect();
    let port = echo.addr.port();
    let start = "rpc.system.name=grpc rpc.method=e2e.Echo/Say server.address";
    let refused = format!(
        "{start}=127.0.0.1 server.port={port} rpc.response.status_code=NOT_FOUND error.type=NOT_FOUND"
    );
    assert_eq!(told[0], (refused, Status::error("gone")));
    let local = "rpc.system.name=local rpc.method=e2e.Echo/Say rpc.response.status_code=OK";
    assert_eq!(told[1], (local.to_owned(), Status::Unset));
    let discovered =
        format!("{start}=e2e.Echo rpc.response.status_code=UNAVAILABLE error.type=UNAVAILABLE");
    assert_eq!(told[2].0, discovered);
    let server = spans.iter().find(|span| attributes(span) == local);
    let server = server.expect("the server's end first");
    assert_eq!(server.span_kind, SpanKind::Server);
    assert!(!server.parent_span_is_remote);
}

/// Begins a span of its own and makes a call in it.
struct Busy(EchoClient);

impl A for Busy {
    async fn call(&self, ctx: &Context, _: Step) -> Result<Done> {
        let current = opentelemetry::Context::current();
        let trace = current.span().span_context().trace_id().to_string();
        assert_eq!(trace, ctx.trace_id().to_string());
        let span = opentelemetry::global::tracer("test").start("work");
        let work = opentelemetry::Context::current_with_span(span);
        let reply = self.0.say(ctx, request("")).with_context(work).await?;
        Ok(Done {
            passed: vec![reply.text],
        })
    }
}

#[tokio::test]
async fn a_span_that_a_handler_begins_is_between_its_call_and_those_it_makes() {
    const TRACE: &str = "11111111111111111111111111111114";
    record();
    let echo = Running::echo().await;
    let busy = Server::new("busy").add(AServer::new(Busy(echo.client())));
    let busy = Running::start(busy).await;
    let answer = traced("/stack.A/Call", "{}", TRACE).http1(busy.addr).await;
    assert_eq!(answer.status, 200);
    let spans = spans(TRACE, 4).await;
    let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(
        names,
        ["e2e.Echo/Say", "e2e.Echo/Say", "work", "stack.A/Call"]
    );
    for (inner, outer) in spans.iter().zip(&spans[1..]) {
        assert_eq!(inner.parent_span_id, outer.span_context.span_id());
    }
}
