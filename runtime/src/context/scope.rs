//! What is current while the code of a call runs: its span of `tracing`, and that of OpenTelemetry.

use std::borrow::Cow;
#[cfg(feature = "otel")]
use std::sync::OnceLock;

#[cfg(feature = "otel")]
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use tracing::Span;
use tracing::field::display;

use super::{Context, fields};

/// The spans of one call.
pub(crate) struct Scope {
    /// Named `call`, with the fields `caller` and `fields` to be recorded.
    pub(crate) span: Span,
    #[cfg(feature = "otel")]
    pub(crate) traced: Traced,
}

/// What OpenTelemetry has of a call.
#[cfg(feature = "otel")]
pub(crate) enum Traced {
    Not,
    /// The sampler has left its span out, and what a handler begins in it is to be left out too.
    LeftOut,
    Within(opentelemetry::Context),
}

/// What a context keeps: nothing is allocated for a call whose span was left out.
#[cfg_attr(
    not(feature = "otel"),
    expect(dead_code, reason = "OpenTelemetry's sampler alone leaves out")
)]
pub(super) enum Kept {
    LeftOut,
    Scope(Box<Scope>),
}

/// Ends when the code of the call is left.
pub(crate) struct Entered<'a> {
    _span: Option<tracing::span::Entered<'a>>,
    #[cfg(feature = "otel")]
    _traced: Option<opentelemetry::ContextGuard>,
}

impl Kept {
    fn enter(&self) -> Entered<'_> {
        match self {
            Self::LeftOut => Entered {
                _span: None,
                #[cfg(feature = "otel")]
                _traced: Traced::LeftOut.attach(),
            },
            Self::Scope(scope) => Entered {
                _span: Some(scope.span.enter()),
                #[cfg(feature = "otel")]
                _traced: scope.traced.attach(),
            },
        }
    }
}

#[cfg(feature = "otel")]
impl Traced {
    fn attach(&self) -> Option<opentelemetry::ContextGuard> {
        let context = match self {
            Self::Not => return None,
            Self::LeftOut => left_out(),
            Self::Within(context) => context.clone(),
        };
        Some(context.attach())
    }
}

/// A context with a span that is none: samplers that go by the parent leave out what is begun in it, and logs find no trace
/// that is not theirs.
#[cfg(feature = "otel")]
fn left_out() -> opentelemetry::Context {
    static LEFT_OUT: OnceLock<opentelemetry::Context> = OnceLock::new();
    LEFT_OUT
        .get_or_init(|| opentelemetry::Context::new().with_remote_span_context(SpanContext::NONE))
        .clone()
}

impl Context {
    /// Makes spans current whenever [`Context::enter`] says so, if there are any.
    pub(crate) fn set_scope(&self, scope: Scope) {
        let kept = match &scope {
            #[cfg(feature = "otel")]
            Scope { span, traced } if span.is_disabled() => match traced {
                Traced::Not => return,
                Traced::LeftOut => Kept::LeftOut,
                Traced::Within(_) => Kept::Scope(Box::new(scope)),
            },
            #[cfg(not(feature = "otel"))]
            Scope { span } if span.is_disabled() => return,
            _ => Kept::Scope(Box::new(scope)),
        };
        // A call has one.
        let _ = self.inner.scope.set(kept);
    }

    /// Makes the spans of the call current until what it returns is dropped; `None` if there are none.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        self.origin().inner.scope.get().map(Kept::enter)
    }

    pub(super) fn record_caller(&self, name: &str) {
        if let Some(span) = self.call_span() {
            span.record("caller", name);
        }
    }

    pub(super) fn record_fields(&self, all: impl FnOnce() -> Vec<(Cow<'static, str>, String)>) {
        if let Some(span) = self.call_span() {
            span.record("fields", fields::write(&all()).map(display));
        }
    }

    /// The call's own span of `tracing`, if somebody records it.
    fn call_span(&self) -> Option<&Span> {
        let Kept::Scope(scope) = self.inner.scope.get()? else {
            return None;
        };
        Some(&scope.span).filter(|span| !span.is_disabled())
    }
}
