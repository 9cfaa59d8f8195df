//! The calls of jobs, which have no call of their own.

use ezrpc::Context;
use ezrpc_tests::server::Running;
use opentelemetry::SpanId;
use opentelemetry::trace::{FutureExt as _, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry_sdk::trace::SpanData;

use super::{record, request, spans};

/// Makes two calls with one context.
async fn two_calls(ctx: &Context) {
    let echo = Running::echo().await;
    let client = echo.client();
    for _ in 0..2 {
        client.say(&ctx.call(), request("")).await.expect("a reply");
    }
}

/// The spans of two calls, as the clients tell them.
async fn clients(trace: &str) -> Vec<SpanData> {
    let spans = spans(trace, 4).await.into_iter();
    spans
        .filter(|span| span.span_kind == SpanKind::Client)
        .collect()
}

#[tokio::test]
async fn calls_of_a_job_are_children_of_the_span_that_is_current() {
    record();
    let span = opentelemetry::global::tracer("test").start("job");
    let job = opentelemetry::Context::new().with_span(span);
    let parent = job.span().span_context().clone();
    let ctx = Context::background();
    let calls = async {
        let asked = ctx.trace_id().to_string();
        two_calls(&ctx).await;
        asked
    };
    let trace = parent.trace_id().to_string();
    assert_eq!(calls.with_context(job).await, trace);
    let parents = clients(&trace).await;
    let parents: Vec<SpanId> = parents.iter().map(|span| span.parent_span_id).collect();
    assert_eq!(parents, [parent.span_id(); 2]);
}

#[tokio::test]
async fn calls_of_a_job_without_a_span_are_of_one_trace() {
    record();
    let ctx = Context::background();
    two_calls(&ctx).await;
    let spans = clients(&ctx.trace_id().to_string()).await;
    let [first, second] = &spans[..] else {
        panic!("{spans:?}");
    };
    assert_eq!(first.parent_span_id, SpanId::INVALID);
    assert_eq!(second.parent_span_id, first.span_context.span_id());
}
