//! Who decides what is recorded: the sampler, also of what comes from outside.

use std::sync::Mutex;

use ezrpc_tests::http::Request;
use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceContextExt as _, TraceState};
use opentelemetry::{Context, KeyValue, SpanId, TraceFlags, TraceId};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::{CALLER, record, spans, two_hops};

const REFUSED: &str = "22222222222222222222222222222220";
const WANTED: &str = "22222222222222222222222222222221";
const LEFT_OUT: &str = "22222222222222222222222222222222";

/// What it was told of spans of [`REFUSED`].
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Goes by the parent, but for two traces.
#[derive(Debug, Clone)]
pub(super) struct Picky;

impl ShouldSample for Picky {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let by_parent = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
        let mut result = by_parent.should_sample(parent, trace, name, kind, attributes, links);
        match &*trace.to_string() {
            REFUSED => {
                let span = parent.expect("a parent").span().span_context().clone();
                let attributes = attributes.iter();
                let told: Vec<String> = attributes
                    .map(|one| format!("{}={}", one.key, one.value))
                    .collect();
                let flags = span.trace_flags().to_u8();
                let told = format!("{kind:?} of {flags}: {name} {}", told.join(" "));
                SEEN.lock().expect("no panic").push(told);
                result.decision = SamplingDecision::Drop;
            }
            WANTED => result.decision = SamplingDecision::RecordAndSample,
            _ => {}
        }
        result
    }
}

/// A context in which a span of the caller's is current.
pub(super) fn parent(trace: &str, span: &str, sampled: bool) -> Context {
    let trace = TraceId::from_hex(trace).expect("an id");
    let span = SpanId::from_hex(span).expect("an id");
    let flags = TraceFlags::default().with_sampled(sampled);
    let state = TraceState::default();
    Context::new().with_remote_span_context(SpanContext::new(trace, span, flags, false, state))
}

fn flagged(trace: &str, flags: &str) -> Request {
    let traceparent = format!("00-{trace}-{CALLER}-{flags}");
    Request::json("/e2e.Echo/Loop", "{}").header("traceparent", &traceparent)
}

#[tokio::test]
async fn the_sampler_decides_on_traces_from_outside() {
    record();
    let (front, back) = two_hops().await;
    flagged(REFUSED, "01").http1(front.addr).await;
    flagged(LEFT_OUT, "00").http1(front.addr).await;
    flagged(WANTED, "00").http1(front.addr).await;
    // The last one is there, and so would be the others.
    assert_eq!(spans(WANTED, 4).await.len(), 4);
    assert_eq!(spans(REFUSED, 0).await.len(), 0);
    assert_eq!(spans(LEFT_OUT, 0).await.len(), 0);
    let seen = std::mem::take(&mut *SEEN.lock().expect("no panic"));
    let rpc =
        |system: &str| format!("e2e.Echo/Loop rpc.system.name={system} rpc.method=e2e.Echo/Loop");
    let client = |port: u16| {
        let address = format!("server.address=127.0.0.1 server.port={port}");
        // What is left out once is left out further in too, and says so.
        format!("Client of 0: {} {address}", rpc("grpc"))
    };
    let expected = [
        "Server of 1: e2e.Echo/Loop ".to_owned(),
        client(back.addr.port()),
        "Server of 0: e2e.Echo/Loop ".to_owned(),
        client(1),
    ];
    assert_eq!(seen, expected);
}
