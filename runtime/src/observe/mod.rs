//! What an operator sees of the calls a server serves: each is watched from its head to its end, streams included.

mod events;
#[cfg(feature = "metrics")]
mod metrics;
mod sending;
#[cfg(feature = "otel")]
mod spans;

use std::borrow::Cow;
use std::time::Duration;

use http::header::USER_AGENT;
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;

#[cfg(feature = "otel")]
use crate::context::Traced;
use crate::context::{Context, Scope};
use crate::error::{Code, Error};
use crate::protocol::outbound;
use crate::text::within;

#[cfg(feature = "log")]
pub(crate) use events::TARGETS;
pub(crate) use events::{Passed, passed};
pub(crate) use sending::{Callee, Sending};
#[cfg(feature = "otel")]
pub(crate) use spans::current_trace;
#[cfg(feature = "otel")]
pub use spans::record_spans;
#[cfg(feature = "otlp")]
pub(crate) use spans::records_spans;

/// The longest name a caller gives itself that is told, in bytes.
const CALLER_LIMIT: usize = 128;

/// One call under way. Dropped before it is told how the call ended, it takes the caller for gone.
pub(crate) struct Watch {
    context: Context,
    caller: Caller,
    ended: bool,
    #[cfg(feature = "metrics")]
    stats: Option<&'static metrics::Stats>,
    #[cfg(feature = "otel")]
    span: Option<spans::Span>,
}

/// What is known of a caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    /// `grpc`, `grpc-web`, `connect` or `webapi`.
    pub(crate) protocol: &'static str,
    /// Whether frames and causes are told.
    pub(crate) trusted: bool,
    /// It only asks whether the server is there.
    pub(crate) probe: bool,
}

/// How one call ended.
pub(crate) struct Ended<'a> {
    pub(crate) context: &'a Context,
    pub(crate) caller: Caller,
    pub(crate) outcome: Result<(), &'a Error>,
    /// Bytes of the reply's messages as they stood on the wire; 0 for an error before the first.
    pub(crate) sent: u64,
}

/// Whether anybody would be told of a call.
#[inline]
fn is_on() -> bool {
    cfg!(any(
        feature = "metrics",
        feature = "sentry",
        feature = "otel"
    )) || LevelFilter::current() != LevelFilter::OFF
}

impl Watch {
    /// Begins to watch a call; `None` if nobody would be told.
    #[inline]
    pub(crate) fn start(context: &Context, caller: impl FnOnce() -> Caller) -> Option<Box<Self>> {
        is_on().then(|| Box::new(Self::new(context, caller())))
    }

    fn new(context: &Context, caller: Caller) -> Self {
        #[cfg(feature = "otel")]
        let (traced, recorded) = match spans::Span::server(context, caller.protocol) {
            None => (Traced::Not, None),
            Some(spans::Served::LeftOut) => (Traced::LeftOut, None),
            Some(spans::Served::Recorded(span)) => (Traced::Within(span.context()), Some(span)),
        };
        context.set_scope(Scope {
            // After the other, which may say what the trace is.
            span: events::span(context, &caller),
            #[cfg(feature = "otel")]
            traced,
        });
        Self {
            context: context.clone(),
            caller,
            ended: false,
            #[cfg(feature = "metrics")]
            stats: context.method().map(|method| {
                let stats = metrics::Stats::of(metrics::Side::Server, method);
                stats.begin();
                stats
            }),
            #[cfg(feature = "otel")]
            span: recorded,
        }
    }

    /// Whether somebody wants to know how long the request's body is.
    pub(crate) fn counts(&self) -> bool {
        events::wants_access(self.caller.probe)
    }

    /// Tells how the call ended, after a reply of `sent` bytes.
    pub(crate) fn end(mut self, outcome: Result<(), &Error>, sent: u64) {
        self.finish(outcome, sent);
    }

    fn finish(&mut self, outcome: Result<(), &Error>, sent: u64) {
        self.ended = true;
        let ended = Ended {
            context: &self.context,
            caller: self.caller,
            outcome,
            sent,
        };
        #[cfg(feature = "metrics")]
        if let Some(stats) = self.stats {
            stats.end(outcome, ended.latency());
        }
        #[cfg(feature = "otel")]
        if let Some(span) = self.span.take() {
            span.end(spans::Side::Server, self.caller.protocol, outcome);
        }
        events::access(&ended);
        if let Err(error) = outcome {
            events::error(&ended, error);
            #[cfg(feature = "sentry")]
            if ended.is_outermost() && !ended.is_expected(error) {
                crate::sentry::send(&ended, error);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.ended {
            self.finish(Err(&gone()), 0);
        }
    }
}

impl<'a> Ended<'a> {
    /// The fields of the context, and those that the error brings from where it was traced.
    pub(crate) fn fields(&self) -> Vec<(Cow<'static, str>, String)> {
        let mut all = self.context.fields();
        for (key, value) in self.outcome.err().map_or(&[][..], Error::fields) {
            if !all.iter().any(|(known, _)| known == key) {
                all.push((key.clone(), value.clone()));
            }
        }
        all
    }

    /// The static path of the method: `/common.Product/Get`.
    pub(crate) fn method(&self) -> &'static str {
        self.context.method().map_or("", |method| method.path())
    }

    /// `ok`, or the name of the error's code.
    pub(crate) fn code(&self) -> &'static str {
        match self.outcome {
            Ok(()) => "ok",
            Err(error) => error.code().name(),
        }
    }

    pub(crate) fn latency(&self) -> Duration {
        let now = Instant::now().into_std();
        now.saturating_duration_since(self.context.start())
    }

    /// Who calls.
    pub(crate) fn principal(&self) -> Option<&'a str> {
        caller(self.context)
    }

    /// Whether nobody further out tells of an error: the caller is outside the trust boundary, or is no handler of ours.
    ///
    /// A handler that calls over gRPC is handed the error with its frames, and its own server tells of it.
    pub(crate) fn is_outermost(&self) -> bool {
        let headers = self.context.metadata().headers();
        !(self.caller.trusted && outbound::is_from_handler(headers))
    }

    /// Whether nobody need be woken for an error: it is one that services answer with all day, or a limit that a caller
    /// outside has set itself.
    pub(crate) fn is_expected(&self, error: &Error) -> bool {
        error.is_expected() || (!self.caller.trusted && outbound::is_asked_for(error, self.context))
    }
}

/// Who calls: whom the authenticator found, or the first product of the user agent.
fn caller(context: &Context) -> Option<&str> {
    if let Some(principal) = context.principal() {
        return Some(principal.name());
    }
    let agent = context.metadata().headers().get(USER_AGENT)?;
    let agent = agent.to_str().ok()?.split(' ').next()?;
    Some(within(agent, CALLER_LIMIT))
}

/// How a call ends whose caller does not wait for it.
pub(crate) fn gone() -> Error {
    Error::bare(Code::Canceled, "the caller is gone")
}
