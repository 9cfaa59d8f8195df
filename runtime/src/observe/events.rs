//! Log events of calls: one access event each, one error event where an error leaves, their field names fixed.
//!
//! | target | level | when |
//! |---|---|---|
//! | `ezrpc::access` | info; debug for health probes | every call, at its end |
//! | `ezrpc::access` | debug | a request that is no call: an unknown path, a wrong HTTP method, a preflight |
//! | `ezrpc::error` | error; info for an expected error | a failed call, at the outermost server |

use std::fmt;

use http::StatusCode;
use tracing::{Level, enabled, event};

use super::{Ended, is_expected};
use crate::error::{Error, Frame};

const ACCESS: &str = "ezrpc::access";
const ERROR: &str = "ezrpc::error";

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
            fields = fields($ended).map(tracing::field::display),
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
            reason = Some($error.reason()).filter(|reason| !reason.is_empty()),
            cause = cause($error).map(tracing::field::display),
            peer = $ended.context.peer().map(tracing::field::display),
            caller = $ended.principal(),
            trace_id = %$ended.context.trace_id(),
            fields = fields($ended).map(tracing::field::display),
            stack = %Stack($error.frames()),
            "{}", $error
        )
    };
}

/// Tells of an error that goes no further.
pub(super) fn error(ended: &Ended<'_>, error: &Error) {
    match is_expected(error) {
        true => error!(Level::INFO, ended, error),
        false => error!(Level::ERROR, ended, error),
    }
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

/// The text of the error underneath, unless the error's own text is that.
fn cause(error: &Error) -> Option<impl fmt::Display + '_> {
    error.cause().filter(|_| !error.message().is_empty())
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

/// The fields as `key=value key="some value"`; `None` if there are none.
fn fields(ended: &Ended<'_>) -> Option<String> {
    let fields = ended.fields();
    let pairs = fields.iter().map(|(key, value)| {
        let key = key.replace([' ', '=', '"'], "_");
        match is_plain(value) {
            true => format!("{key}={value}"),
            false => format!("{key}={value:?}"),
        }
    });
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join(" "))
}

/// Whether a value can stand without quotes.
pub(crate) fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.:/@+,".contains(c);
    !value.is_empty() && value.chars().all(plain)
}
