//! Log events of calls: one access event each, one error event where an error leaves, their field names fixed.
//!
//! | target | level | when |
//! |---|---|---|
//! | `ezrpc::access` | info; debug for health probes | every call, at its end |
//! | `ezrpc::access` | debug | a request that is no call: an unknown path, a wrong HTTP method, a preflight |
//! | `ezrpc::error` | error; info for an expected error | a failed call, at the outermost server |
//! | `ezrpc::error` | debug | the same further in, of a probe, and of a call whose caller is gone |
//! | `ezrpc::panic` | error | a panic, where it happened |
//!
//! What a handler logs itself stands in the call's span, `call` of target `ezrpc::call` at level info, which has method,
//! protocol, peer, caller, trace id and fields.

use std::fmt;

use http::StatusCode;
use tracing::{Level, Span, enabled, event, info_span, span_enabled};

use super::{Caller, Ended};
use crate::context::{Context, write_fields};
use crate::error::{Code, Error, Frame};

/// Those whose spans and events have the fields of handlers.
#[cfg(feature = "log")]
pub(crate) const TARGETS: [&str; 3] = [CALL, ACCESS, ERROR];
/// Of the span.
const CALL: &str = "ezrpc::call";
const ACCESS: &str = "ezrpc::access";
const ERROR: &str = "ezrpc::error";

/// Begins the span in which the code of a call runs.
pub(super) fn span(context: &Context, caller: &Caller) -> Span {
    // Looked at first, as what it says takes time to find.
    if !span_enabled!(target: CALL, Level::INFO) {
        return Span::none();
    }
    info_span!(
        target: CALL,
        "call",
        method = context.method().map_or("", |method| method.path()),
        protocol = caller.protocol,
        peer = context.peer().map(tracing::field::display),
        caller = super::caller(context),
        trace_id = %context.trace_id(),
        fields = write_fields(&context.fields()).map(tracing::field::display),
    )
}

/// Whether anybody listens to access events.
pub(super) fn wants_access(probe: bool) -> bool {
    match probe {
        false => enabled!(target: ACCESS, Level::INFO),
        true => enabled!(target: ACCESS, Level::DEBUG),
    }
}

macro_rules! access {
    ($level:expr, $ended:ident) => {
        event!(
            target: ACCESS,
            $level,
            method = $ended.method(),
            protocol = $ended.caller.protocol,
            code = $ended.code(),
            latency_ms = milliseconds($ended),
            request_bytes = $ended.context.received(),
            response_bytes = $ended.sent,
            peer = $ended.context.peer().map(tracing::field::display),
            caller = $ended.principal(),
            trace_id = %$ended.context.trace_id(),
            fields = write_fields(&$ended.fields()).map(tracing::field::display),
            "call"
        )
    };
}

/// Tells that a call is over.
pub(super) fn access(ended: &Ended<'_>) {
    match ended.caller.probe {
        false => access!(Level::INFO, ended),
        true => access!(Level::DEBUG, ended),
    }
}

macro_rules! error {
    ($level:expr, $ended:ident, $error:ident) => {
        event!(
            target: ERROR,
            $level,
            method = $ended.method(),
            protocol = $ended.caller.protocol,
            code = $error.code().name(),
            status = $error.http_status(),
            reason = said($error.reason()),
            domain = said($error.domain()),
            cause = $error.cause_beside_message().map(tracing::field::display),
            peer = $ended.context.peer().map(tracing::field::display),
            caller = $ended.principal(),
            trace_id = %$ended.context.trace_id(),
            path = %$ended.context.call_path(),
            fields = write_fields(&$ended.fields()).map(tracing::field::display),
            stack = %Stack($error.frames()),
            "{}", $error
        )
    };
}

/// Tells of an error: where it leaves for who need be woken for it, otherwise for who looks closer.
pub(super) fn error(ended: &Ended<'_>, error: &Error) {
    // A caller who is gone or only asks whether the server is there, and a handler of ours, who tells of it in turn.
    let aside = ended.caller.probe || error.code() == Code::Canceled || !ended.is_outermost();
    match (aside, ended.is_expected(error)) {
        (true, _) => error!(Level::DEBUG, ended, error),
        (false, true) => error!(Level::INFO, ended, error),
        (false, false) => error!(Level::ERROR, ended, error),
    }
}

/// A text, if there is one.
fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A request that became no call.
pub(crate) struct Passed<'a> {
    pub(crate) verb: &'a http::Method,
    pub(crate) path: &'a str,
    pub(crate) protocol: &'static str,
    pub(crate) peer: Option<std::net::SocketAddr>,
}

/// Tells of a request that was answered without a call.
pub(crate) fn passed(request: &Passed<'_>, status: StatusCode) {
    #[cfg(feature = "metrics")]
    super::metrics::refused(request.protocol, status);
    event!(
        target: ACCESS,
        Level::DEBUG,
        verb = request.verb.as_str(),
        path = request.path,
        protocol = request.protocol,
        status = status.as_u16(),
        peer = request.peer.map(tracing::field::display),
        "no call"
    );
}

/// With three decimals.
fn milliseconds(ended: &Ended<'_>) -> f64 {
    let micros = ended.latency().as_micros();
    // 2^53 µs are 285 years.
    micros as f64 / 1000.0
}

/// The frames in one line, innermost first.
struct Stack<'a>(&'a [Frame]);

impl fmt::Display for Stack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, frame) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { ";" };
            write!(f, "{separator}{frame}")?;
        }
        Ok(())
    }
}
