//! What is current while the code of a call runs: its span of `tracing`, and that of OpenTelemetry.

use std::borrow::Cow;

use tracing::Span;
use tracing::field::display;

use super::{Context, fields};

/// The spans of one call.
pub(crate) struct Scope {
    /// Named `call`, with the fields `caller` and `fields` to be recorded.
    pub(crate) span: Span,
    #[cfg(feature = "otel")]
    pub(crate) traced: Option<opentelemetry::Context>,
}

/// Ends when the code of the call is left.
pub(crate) struct Entered<'a> {
    _span: tracing::span::Entered<'a>,
    #[cfg(feature = "otel")]
    _traced: Option<opentelemetry::ContextGuard>,
}

impl Scope {
    /// Whether nobody records anything.
    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(feature = "otel")]
        if self.traced.is_some() {
            return false;
        }
        self.span.is_disabled()
    }

    pub(super) fn record_caller(&self, name: &str) {
        self.span.record("caller", name);
    }

    pub(super) fn record_fields(&self, all: &[(Cow<'static, str>, String)]) {
        if !self.span.is_disabled() {
            self.span.record("fields", fields::write(all).map(display));
        }
    }
}

impl Context {
    /// Makes spans current whenever [`Context::enter`] says so.
    pub(crate) fn set_scope(&self, scope: Scope) {
        // A call has one.
        let _ = self.inner.scope.set(Box::new(scope));
    }

    /// Makes the spans of the call current until what it returns is dropped; `None` if there are none.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        let scope = self.inner.scope.get()?;
        Some(Entered {
            _span: scope.span.enter(),
            #[cfg(feature = "otel")]
            _traced: scope.traced.clone().map(opentelemetry::Context::attach),
        })
    }
}
