//! Spans of calls through OpenTelemetry's API: named by method, with the attributes its conventions for RPC name.

mod attributes;

use std::sync::OnceLock;

use opentelemetry::global::{self, BoxedSpan, BoxedTracer};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, TraceState,
    Tracer as _,
};
use opentelemetry::{Context as SpanParent, InstrumentationScope, SpanId, TraceFlags, TraceId};

use super::sending::Callee;
use crate::context::Context;
use crate::error::Error;
use crate::method::Method;
use crate::protocol::trace::{Said, Trace};

static TRACER: OnceLock<BoxedTracer> = OnceLock::new();

/// Records spans of calls, served and made, with the tracer provider that is global now
/// (`opentelemetry::global::set_tracer_provider`). Before there is one it does nothing, and so it does when called again.
///
/// The provider's sampler decides on each, also on those of callers who say that a trace is sampled, or that it is not: by
/// default, and with every sampler that goes by the parent, as they say. While a handler runs, the span of its call is
/// current. Calls made by a handler are children of it, or of the span that the handler has begun in it; those of a job
/// ([`Context::background`]) are children of the span that is current, if there is one.
pub fn record_spans() {
    let scope = InstrumentationScope::builder("ezrpc").with_version(env!("CARGO_PKG_VERSION"));
    let tracer = global::tracer_with_scope(scope.build());
    if has_provider(&tracer) {
        let _ = TRACER.set(tracer);
    }
}

/// Whether there is a provider: without one a span is its parent, and calls need not pay for it.
fn has_provider(tracer: &BoxedTracer) -> bool {
    let (trace, parent) = (TraceId::from(1), SpanId::from(1));
    let (flags, state) = (TraceFlags::NOT_SAMPLED, TraceState::default());
    let parent = SpanContext::new(trace, parent, flags, true, state);
    let child = SpanParent::new().with_remote_span_context(parent.clone());
    let span = tracer.build_with_context(SpanBuilder::from_name("ezrpc"), &child);
    let context = span.span_context();
    let own = context.is_valid() && context.span_id() != parent.span_id();
    if span.is_recording() {
        // It is no call, and what does not end is not exported.
        std::mem::forget(span);
    }
    own
}

/// Whether spans are recorded, with whatever provider.
#[cfg(feature = "otlp")]
pub(crate) fn records_spans() -> bool {
    TRACER.get().is_some()
}

/// The trace of the span that is current, if spans are recorded.
pub(crate) fn current_trace() -> Option<Trace> {
    TRACER.get()?;
    SpanParent::map_current(|current| {
        let span = current.span();
        let context = Some(span.span_context()).filter(|context| context.is_valid());
        context.map(Trace::of)
    })
}

/// One call's span. It may be one that the sampler has left out: what is begun in it is then left out too.
pub(crate) struct Span(SpanParent);

/// What has come of the span of a call that is served.
pub(crate) enum Served {
    Recorded(Span),
    /// The sampler has left it out; nothing more is made of it, as that is how most calls end up.
    LeftOut,
}

/// How a call is told to have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Span {
    /// Begins the span of a call that is served; calls made with the context are its children.
    ///
    /// Samplers go by its name, kind and parent: attributes come with what is recorded, so that the rest costs little.
    pub(super) fn server(context: &Context, protocol: &'static str) -> Option<Served> {
        let (tracer, method) = (TRACER.get()?, context.method()?);
        let inbound = context.inbound_trace().map(|mut trace| {
            trace.own = attributes::is_local(protocol);
            trace
        });
        let parent = child_of(inbound.as_ref());
        let span = begin(tracer, builder(method, SpanKind::Server), &parent)?;
        if !span.is_recording() {
            if inbound.is_some_and(|inbound| inbound.is_sampled()) {
                // Calls further in are not told what the caller said.
                context.set_trace(Trace::of(span.span_context()));
            }
            return Some(Served::LeftOut);
        }
        let span = Self(parent.with_span(span));
        let recorded = span.0.span();
        recorded.set_attributes(attributes::of(method, protocol));
        if !attributes::is_local(protocol) {
            let peer = context.peer().map(attributes::peer);
            recorded.set_attributes(peer.into_iter().flatten());
        }
        context.set_trace(span.trace());
        Some(Served::Recorded(span))
    }

    /// Begins the span of a call that is made with a context.
    pub(super) fn client(
        context: &Context,
        method: &'static Method,
        callee: impl FnOnce() -> Callee,
    ) -> Option<Self> {
        let tracer = TRACER.get()?;
        let builder = builder(method, SpanKind::Client);
        let builder = builder.with_attributes(attributes::of_client(method, callee()));
        let current = SpanParent::current();
        if context.origin().method().is_some() {
            return Self::begin(tracer, builder, of_handler(context, current)?);
        }
        let in_span = current.span().span_context().is_valid();
        match in_span {
            true => Self::begin(tracer, builder, current),
            false => Self::of_job(tracer, builder, context),
        }
    }

    /// Begins the span of a job's call: the first one begins the job's trace, and those that follow are of it.
    fn of_job(tracer: &BoxedTracer, builder: SpanBuilder, context: &Context) -> Option<Self> {
        let (mut builder, mut first) = (Some(builder), None);
        let trace = context.settle_trace(|| {
            first = Self::begin(tracer, builder.take()?, SpanParent::new());
            first.as_ref().map(Self::trace)
        });
        match builder {
            Some(builder) => Self::begin(tracer, builder, child_of(Some(trace))),
            None => first,
        }
    }

    fn begin(tracer: &BoxedTracer, builder: SpanBuilder, parent: SpanParent) -> Option<Self> {
        let span = begin(tracer, builder, &parent)?;
        Some(Self(parent.with_span(span)))
    }

    /// What is current while the code of the call runs.
    pub(super) fn context(&self) -> SpanParent {
        self.0.clone()
    }

    /// The trace as calls further in see it.
    fn trace(&self) -> Trace {
        Trace::of(self.0.span().span_context())
    }

    /// What the call that the span is of says of it.
    pub(super) fn said(&self) -> Said {
        self.trace().said()
    }

    /// Ends the span of a call over a protocol.
    pub(super) fn end(self, side: Side, protocol: &'static str, outcome: Result<(), &Error>) {
        let span = self.0.span();
        if span.is_recording() {
            let end = attributes::End {
                side,
                http: attributes::is_http(protocol),
                outcome,
            };
            span.set_attributes(end.attributes());
            if let Some(error) = end.failure() {
                // Never the text of a cause, which may hold secrets.
                let message = Some(error.message()).filter(|message| !message.is_empty());
                let message = message.unwrap_or(error.code().name());
                span.set_status(Status::error(message.to_owned()));
            }
        }
        span.end();
    }
}

/// Begins a span; `None` if there is nobody who would record any.
fn begin(tracer: &BoxedTracer, builder: SpanBuilder, parent: &SpanParent) -> Option<BoxedSpan> {
    let span = tracer.build_with_context(builder, parent);
    let context = span.span_context();
    // That of a provider that has been shut down is none.
    let begun = context.is_valid() && context.span_id() != parent.span().span_context().span_id();
    begun.then_some(span)
}

fn builder(method: &'static Method, kind: SpanKind) -> SpanBuilder {
    SpanBuilder::from_name(attributes::name(method)).with_kind(kind)
}

/// Where the child of a span of a trace hangs; a new trace if it has none.
fn child_of(trace: Option<&Trace>) -> SpanParent {
    match trace.and_then(Trace::span_context) {
        Some(span) => SpanParent::new().with_remote_span_context(span),
        None => SpanParent::new(),
    }
}

/// Where the calls of a handler hang: in the span that it has begun itself, or in its call's. `None` if the call itself is
/// told to nobody.
fn of_handler(context: &Context, current: SpanParent) -> Option<SpanParent> {
    let own = context.trace_context().span_context()?;
    let inner = current.span().span_context().trace_id() == own.trace_id();
    Some(match inner {
        true => current,
        false => SpanParent::new().with_remote_span_context(own),
    })
}
