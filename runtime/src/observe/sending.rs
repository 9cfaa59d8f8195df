//! The calls this process makes, watched from the first attempt to the end of the reply's stream.

use crate::context::Context;
use crate::error::Error;
use crate::method::Method;
use crate::protocol::trace::Said;

/// Whom a call is for, before it is known which instance takes it.
#[cfg_attr(
    not(feature = "otel"),
    allow(dead_code, reason = "spans alone tell it")
)]
pub(crate) enum Callee {
    /// A service in this process.
    Local,
    /// The instances of a service, by its full proto name.
    Service(&'static str),
    /// `host:port`.
    Address(String),
}

/// One call to another service. Dropped before it is told how the call ended, it takes the caller for gone.
///
/// Nothing is in it, and nothing is done, without the features that would tell of it.
#[derive(Default)]
pub(crate) struct Sending {
    #[cfg(feature = "metrics")]
    metrics: Option<(&'static super::metrics::Stats, std::time::Instant)>,
    #[cfg(feature = "otel")]
    span: Option<super::spans::Span>,
}

impl Sending {
    /// Begins to watch a call that is made with `context`.
    #[inline]
    pub(crate) fn start(
        context: &Context,
        method: &'static Method,
        callee: impl FnOnce() -> Callee,
    ) -> Self {
        #[cfg(not(feature = "otel"))]
        let _ = (context, callee);
        #[cfg(not(any(feature = "metrics", feature = "otel")))]
        let _ = method;
        Self {
            #[cfg(feature = "metrics")]
            metrics: {
                let stats = super::metrics::Stats::of(super::metrics::Side::Client, method);
                stats.begin();
                Some((stats, std::time::Instant::now()))
            },
            #[cfg(feature = "otel")]
            span: super::spans::Span::client(context, method, callee),
        }
    }

    /// What the call says of its trace, if it has a span.
    #[inline]
    pub(crate) fn trace(&self) -> Option<Said> {
        #[cfg(feature = "otel")]
        if let Some(span) = &self.span {
            return Some(span.said());
        }
        None
    }

    /// Tells how the call ended; only the first time counts.
    #[inline]
    pub(crate) fn end(&mut self, outcome: Result<(), &Error>) {
        #[cfg(not(any(feature = "metrics", feature = "otel")))]
        let _ = outcome;
        #[cfg(feature = "metrics")]
        if let Some((stats, start)) = self.metrics.take() {
            stats.end(outcome, start.elapsed());
        }
        #[cfg(feature = "otel")]
        if let Some(span) = self.span.take() {
            span.end(super::spans::Side::Client, "grpc", outcome);
        }
    }
}

#[cfg(any(feature = "metrics", feature = "otel"))]
impl Drop for Sending {
    #[inline]
    fn drop(&mut self) {
        #[cfg(feature = "metrics")]
        let open = self.metrics.is_some();
        #[cfg(not(feature = "metrics"))]
        let open = self.span.is_some();
        if open {
            self.end(Err(&super::gone()));
        }
    }
}
