//! Spans of calls through OpenTelemetry's API: named by method, with the attributes its conventions for RPC name.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/>.

use std::sync::OnceLock;

use http::HeaderValue;
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceState,
    Tracer,
};
use opentelemetry::{Context as SpanParent, KeyValue, TraceId};

use crate::context::Context;
use crate::error::Error;
use crate::method::Method;
use crate::protocol::trace::{Trace, traceparent_of};

static TRACER: OnceLock<BoxedTracer> = OnceLock::new();

/// Records spans of calls, served and made, with the tracer provider that is global now
/// (`opentelemetry::global::set_tracer_provider`). Calling it again does nothing.
///
/// A call that comes with a `traceparent` is recorded if its sampled flag is set; for one that starts a trace, and for calls
/// of jobs, the provider's sampler decides. Calls made by a handler are children of the span of its own call.
pub fn record_spans() {
    let _ = TRACER.set(global::tracer("ezrpc"));
}

/// One call's span, which records.
pub(crate) struct Span(SpanParent);

/// How a call is told to have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Span {
    /// Begins the span of a call that is served; calls made with the context are its children.
    pub(super) fn server(context: &Context, protocol: &'static str) -> Option<Self> {
        let (tracer, method) = (TRACER.get()?, context.method()?);
        let parent = match context.inbound_trace() {
            Some(trace) if !trace.is_sampled() => return None,
            Some(trace) => SpanParent::new().with_remote_span_context(remote(&trace)?),
            None => SpanParent::new(),
        };
        let span = Self::begin(tracer, SpanKind::Server, &parent, method)?;
        span.0
            .span()
            .set_attribute(KeyValue::new("rpc.system", system(protocol)));
        if let Some(peer) = context.peer() {
            span.0
                .span()
                .set_attribute(KeyValue::new("client.address", peer.ip().to_string()));
        }
        context.set_trace(span.trace());
        Some(span)
    }

    /// Begins the span of a call that is made with a context.
    pub(super) fn client(context: &Context, method: &'static Method) -> Option<Self> {
        let tracer = TRACER.get()?;
        let parent = match context.origin().method() {
            // A handler's calls are recorded if its own is.
            Some(_) => {
                let trace = context.trace_context();
                if !trace.is_sampled() {
                    return None;
                }
                SpanParent::new().with_remote_span_context(remote(trace)?)
            }
            None => SpanParent::new(),
        };
        let span = Self::begin(tracer, SpanKind::Client, &parent, method)?;
        span.0
            .span()
            .set_attribute(KeyValue::new("rpc.system", "grpc"));
        Some(span)
    }

    fn begin(
        tracer: &BoxedTracer,
        kind: SpanKind,
        parent: &SpanParent,
        method: &'static Method,
    ) -> Option<Self> {
        let builder = tracer.span_builder(method.path().trim_start_matches('/'));
        let mut span = tracer.build_with_context(builder.with_kind(kind), parent);
        if !span.is_recording() {
            return None;
        }
        span.set_attribute(KeyValue::new("rpc.service", method.service()));
        span.set_attribute(KeyValue::new("rpc.method", method.name()));
        Some(Self(parent.with_span(span)))
    }

    /// What is current while the code of the call runs.
    pub(super) fn context(&self) -> SpanParent {
        self.0.clone()
    }

    /// The trace as calls further in see it.
    fn trace(&self) -> Trace {
        let span = self.0.span();
        let context = span.span_context();
        let (trace, span) = (context.trace_id().to_bytes(), context.span_id().to_bytes());
        Trace::recorded(trace, span, context.is_sampled())
    }

    /// What the call that the span is of says of it.
    pub(super) fn traceparent(&self) -> HeaderValue {
        traceparent_of(&self.trace())
    }

    /// Ends the span. `http` says that the caller got an HTTP status and not gRPC's.
    pub(super) fn end(self, side: Side, http: bool, outcome: Result<(), &Error>) {
        let attribute = match (http, outcome) {
            (false, _) => {
                let number = outcome.err().map_or(0, |error| error.code().number());
                KeyValue::new("rpc.grpc.status_code", i64::from(number))
            }
            (true, Ok(())) => KeyValue::new("http.response.status_code", 200),
            (true, Err(error)) => {
                KeyValue::new("http.response.status_code", i64::from(error.http_status()))
            }
        };
        let span = self.0.span();
        span.set_attribute(attribute);
        if let Err(error) = outcome {
            span.set_attribute(KeyValue::new("error.type", error.code().name()));
            // A server has done well to refuse a request that is wrong.
            if side == Side::Client || !error.is_expected() {
                span.set_status(Status::error(error.to_string()));
            }
        }
        span.end();
    }
}

fn system(protocol: &'static str) -> &'static str {
    match protocol {
        "connect" => "connect_rpc",
        // Of which gRPC-Web is a form.
        grpc if grpc.starts_with("grpc") => "grpc",
        other => other,
    }
}

/// The caller's span.
fn remote(trace: &Trace) -> Option<SpanContext> {
    let parent = std::str::from_utf8(trace.parent.as_ref()?).ok()?;
    let id = TraceId::from_hex(&trace.id.to_string()).ok()?;
    let span = SpanId::from_hex(parent).ok()?;
    let state = TraceState::default();
    Some(SpanContext::new(id, span, TraceFlags::SAMPLED, true, state))
}
