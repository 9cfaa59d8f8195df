//! What a span says of its call, by OpenTelemetry's conventions for RPC, as they are after version 1.37.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/rpc/>.

use std::net::SocketAddr;

use http::StatusCode;
use opentelemetry::KeyValue;

use super::Side;
use crate::error::{Code, Error};
use crate::method::Method;
use crate::observe::sending::Callee;

const SYSTEM: &str = "rpc.system.name";
const CONNECT: &str = "connect";
/// The protocol of calls within the process.
const LOCAL: &str = "local";

/// `shop.Product/Get`: the name of the span, and of the method.
pub(super) fn name(method: &'static Method) -> &'static str {
    method.path().trim_start_matches('/')
}

pub(super) fn is_local(protocol: &str) -> bool {
    protocol == LOCAL
}

/// Whether callers get an HTTP status, and not gRPC's.
pub(super) fn is_http(protocol: &str) -> bool {
    !is_local(protocol) && !protocol.starts_with("grpc")
}

/// What is known of any call when its span begins, for the sampler to see.
pub(super) fn of(method: &'static Method, protocol: &'static str) -> Vec<KeyValue> {
    let system = match protocol {
        CONNECT => "connectrpc",
        // Of which gRPC-Web is a form.
        grpc if grpc.starts_with("grpc") => "grpc",
        // Names of our own, as the conventions allow where they have none: `webapi`, `local`.
        other => other,
    };
    vec![
        KeyValue::new(SYSTEM, system),
        KeyValue::new("rpc.method", name(method)),
    ]
}

/// The same for one that is made.
pub(super) fn of_client(method: &'static Method, callee: Callee) -> Vec<KeyValue> {
    const ADDRESS: &str = "server.address";
    match callee {
        Callee::Local => of(method, LOCAL),
        Callee::Service(service) => {
            let mut all = of(method, "grpc");
            all.push(KeyValue::new(ADDRESS, service));
            all
        }
        Callee::Address(address) => {
            let mut all = of(method, "grpc");
            let (host, port) = match address.rsplit_once(':') {
                Some((host, port)) => (host, port.parse::<u16>().ok()),
                None => (&*address, None),
            };
            let host = host.trim_matches(['[', ']']).to_owned();
            all.push(KeyValue::new(ADDRESS, host));
            all.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
            all
        }
    }
}

/// Who is at the other end of the connection, and so, for all we know, the client.
pub(super) fn peer(peer: SocketAddr) -> [KeyValue; 3] {
    let ip = peer.ip().to_string();
    [
        KeyValue::new("client.address", ip.clone()),
        KeyValue::new("network.peer.address", ip),
        KeyValue::new("network.peer.port", i64::from(peer.port())),
    ]
}

/// How a call ended.
pub(super) struct End<'a> {
    pub(super) side: Side,
    /// The caller got an HTTP status and not gRPC's.
    pub(super) http: bool,
    pub(super) outcome: Result<(), &'a Error>,
}

impl<'a> End<'a> {
    pub(super) fn attributes(&self) -> Vec<KeyValue> {
        let error = self.outcome.err();
        let code = error.map_or("OK", |error| status_name(error.code()));
        let mut all = vec![KeyValue::new("rpc.response.status_code", code)];
        if self.http {
            let status = error.map_or(StatusCode::OK.as_u16(), Error::http_status);
            all.push(KeyValue::new(
                "http.response.status_code",
                i64::from(status),
            ));
        }
        all.extend(self.failure().map(|_| KeyValue::new("error.type", code)));
        all
    }

    /// The error, unless it is one with which a server has done well: refusing a request that is wrong.
    pub(super) fn failure(&self) -> Option<&'a Error> {
        let error = self.outcome.err()?;
        let by_code = matches!(
            error.code(),
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        );
        // What the conventions for HTTP take for one.
        let by_status = || {
            let status = StatusCode::from_u16(error.http_status());
            self.http && status.is_ok_and(|status| status.is_server_error())
        };
        (self.side == Side::Client || by_code || by_status()).then_some(error)
    }
}

/// The code as gRPC spells it.
fn status_name(code: Code) -> &'static str {
    match code {
        Code::Canceled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
