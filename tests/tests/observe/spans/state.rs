//! What goes along beside the trace itself: `tracestate` and `baggage`.

use ezrpc::{Channel, Context, Result, Server};
use ezrpc_tests::http::{Answer, Request};
use ezrpc_tests::proto::stack::{A, AServer, B, BClient, BServer, Done, Step};
use ezrpc_tests::server::Running;

use super::{CALLER, record, spans};

/// Answers with what it was sent.
struct Inner;

/// Calls it.
struct Outer(BClient);

impl B for Inner {
    async fn call(&self, ctx: &Context, _: Step) -> Result<Done> {
        let names = ["tracestate", "baggage"].iter();
        let sent = names.map(|name| format!("{name} {:?}", ctx.metadata().get(name)));
        Ok(Done {
            passed: sent.collect(),
        })
    }
}

impl A for Outer {
    async fn call(&self, ctx: &Context, step: Step) -> Result<Done> {
        self.0.call(ctx, step).await
    }
}

/// Sends headers to the outer one; answers with what the inner one was sent.
async fn sent(headers: &[(&str, &str)]) -> Answer {
    let inner = Running::start(Server::new("inner").add(BServer::new(Inner))).await;
    let outer = Outer(BClient::new(Channel::to(inner.addr)));
    let outer = Running::start(Server::new("outer").add(AServer::new(outer))).await;
    let request = Request::json("/stack.A/Call", "{}");
    let headers = headers.iter();
    let request = headers.fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    request.http1(outer.addr).await
}

#[tokio::test]
async fn tracestate_goes_with_its_trace_and_is_in_all_its_spans() {
    const TRACE: &str = "33333333333333333333333333333331";
    record();
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [
        ("traceparent", &*traceparent),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
        ("baggage", "k=v"),
    ];
    let expected = r#"{"passed":["tracestate Some(\"a=1,b=2\")","baggage Some(\"k=v\")"]}"#;
    assert_eq!(sent(&headers).await.body, expected);
    for span in spans(TRACE, 3).await {
        assert_eq!(span.span_context.trace_state().header(), "a=1,b=2");
    }
}

#[tokio::test]
async fn tracestate_without_a_good_traceparent_stays_behind_where_spans_are_recorded_too() {
    record();
    let expected = r#"{"passed":["tracestate None","baggage Some(\"k=v\")"]}"#;
    let headers = [("tracestate", "a=1"), ("baggage", "k=v")];
    assert_eq!(sent(&headers).await.body, expected);
    let bad = "00-33333333333333333333333333333332-0000000000000000-01";
    let headers = [headers[0], headers[1], ("traceparent", bad)];
    assert_eq!(sent(&headers).await.body, expected);
}
