//! The names of headers and content types: the only place that spells them.

use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) const GRPC_STATUS_DETAILS: HeaderName =
    HeaderName::from_static("grpc-status-details-bin");
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) const CONNECT_CONTENT_ENCODING: HeaderName =
    HeaderName::from_static("connect-content-encoding");
pub(crate) const CONNECT_ACCEPT_ENCODING: HeaderName =
    HeaderName::from_static("connect-accept-encoding");
pub(crate) const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
pub(crate) const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Hop budget.
pub(crate) const EZRPC_TTL: HeaderName = HeaderName::from_static("ezrpc-ttl");
/// Call path: `svc1;svc2`; `(job);svc1` where it began with a process that served no call.
pub(crate) const EZRPC_PATH: HeaderName = HeaderName::from_static("ezrpc-path");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
pub(crate) const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// As Sentry documents them.
#[cfg(feature = "sentry")]
pub(crate) const SENTRY_AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");
#[cfg(feature = "sentry")]
pub(crate) const SENTRY_RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");

pub(crate) const APPLICATION_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
pub(crate) const APPLICATION_GRPC_JSON: HeaderValue =
    HeaderValue::from_static("application/grpc+json");
pub(crate) const APPLICATION_CONNECT_PROTO: HeaderValue =
    HeaderValue::from_static("application/connect+proto");
pub(crate) const APPLICATION_CONNECT_JSON: HeaderValue =
    HeaderValue::from_static("application/connect+json");
pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const APPLICATION_OCTET_STREAM: HeaderValue =
    HeaderValue::from_static("application/octet-stream");
pub(crate) const APPLICATION_PROTO: HeaderValue = HeaderValue::from_static("application/proto");
pub(crate) const APPLICATION_NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");
pub(crate) const TEXT_EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
pub(crate) const ZERO: HeaderValue = HeaderValue::from_static("0");
pub(crate) const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Whether a name belongs to the protocols, so that handlers do not set it.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == "content-type" || is_hidden(name)
}

/// Whether a name says something of the connection or of the protocol, so that handlers do not see it.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with("grpc-")
        || name.starts_with("connect-")
        || name.starts_with("proxy-")
        || matches!(
            name,
            "connection"
                | "content-length"
                | "host"
                | "keep-alive"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
                | "ezrpc-ttl"
                | "ezrpc-path"
        )
}

/// Leaves out what a request says of a connection of HTTP/1: HTTP/2 forbids it, but for `te: trailers`.
pub(crate) fn strip_connection(headers: &mut HeaderMap) {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
    for name in [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
    let trailers = headers.get_all(TE).iter().any(|value| *value == TRAILERS);
    headers.remove(TE);
    if trailers {
        headers.insert(TE, TRAILERS);
    }
}

/// A name that starts with a prefix in lower case; `None` if that makes it too long.
pub(crate) fn prefixed(prefix: &str, name: &HeaderName) -> Option<HeaderName> {
    HeaderName::from_bytes(format!("{prefix}{name}").as_bytes()).ok()
}
