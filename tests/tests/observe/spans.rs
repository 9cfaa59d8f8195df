//! Spans of calls, as an exporter gets them.

use ezrpc_tests::http::Request;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

use super::two_hops;

/// No other test uses this trace.
const TRACE: &str = "11111111111111111111111111111111";
const CALLER: &str = "b7ad6b7169203331";

#[tokio::test]
async fn a_call_and_those_it_makes_are_one_tree() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    opentelemetry::global::set_tracer_provider(provider);
    ezrpc::record_spans();
    let (front, _back) = two_hops().await;
    for flags in ["00", "01"] {
        let traceparent = format!("00-{TRACE}-{CALLER}-{flags}");
        let request = Request::json("/e2e.Echo/Loop", "{}").header("traceparent", &traceparent);
        request.http1(front.addr).await;
    }
    let spans = exporter.get_finished_spans().expect("spans");
    // From the innermost to the outermost, in the order in which they end; of the sampled call alone.
    let spans: Vec<SpanData> = spans
        .into_iter()
        .filter(|span| span.span_context.trace_id().to_string() == TRACE)
        .collect();
    let kinds: Vec<SpanKind> = spans.iter().map(|span| span.span_kind.clone()).collect();
    let (server, client) = (SpanKind::Server, SpanKind::Client);
    assert_eq!(kinds, [client.clone(), server.clone(), client, server]);
    for (inner, outer) in spans.iter().zip(&spans[1..]) {
        assert_eq!(inner.parent_span_id, outer.span_context.span_id());
    }
    let front = spans.last().expect("four");
    assert_eq!(
        (
            front.parent_span_id.to_string().as_str(),
            front.parent_span_is_remote
        ),
        (CALLER, true)
    );
    assert_eq!(front.name, "e2e.Echo/Loop");
    let attributes = |span: &SpanData| {
        let attributes = span.attributes.iter();
        let text = |all: Vec<String>| all.join(" ");
        text(
            attributes
                .map(|one| format!("{}={}", one.key, one.value))
                .collect(),
        )
    };
    assert_eq!(
        attributes(front),
        "rpc.service=e2e.Echo rpc.method=Loop rpc.system=webapi client.address=127.0.0.1 \
         http.response.status_code=503 error.type=unavailable"
    );
    assert_eq!(
        attributes(&spans[2]),
        "rpc.service=e2e.Echo rpc.method=Loop rpc.system=grpc rpc.grpc.status_code=14 error.type=unavailable"
    );
    assert!(matches!(front.status, Status::Error { .. }));
}
