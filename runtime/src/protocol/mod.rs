//! The wire protocols: which one a request speaks, how its head is read, how its reply is written.

pub(crate) mod compression;
pub(crate) mod connect;
#[cfg(feature = "consul")]
pub(crate) mod consul;
pub(crate) mod content_type;
pub(crate) mod form;
pub(crate) mod greeting;
pub(crate) mod grpc;
pub(crate) mod grpc_web;
pub(crate) mod head;
pub(crate) mod headers;
pub(crate) mod outbound;
pub(crate) mod page;
pub(crate) mod percent;
pub(crate) mod reply;
mod stream_body;
pub(crate) mod trace;
pub(crate) mod webapi;
pub(crate) mod wire;

/// The protocol of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC as browsers can speak it.
    GrpcWeb,
    /// Connect's streaming calls.
    Connect,
    /// HTTP with messages as bodies: the plain webapi, Connect's unary calls, google.api.http.
    Webapi,
}

impl Protocol {
    /// The name in logs and metrics; `connect` says that a caller over HTTP calls it that.
    pub(crate) fn name(self, connect: bool) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::Webapi if !connect => "webapi",
            Self::Connect | Self::Webapi => "connect",
        }
    }

    /// Whether callers are trusted with frames and causes.
    pub(crate) fn is_trusted(self) -> bool {
        self == Protocol::Grpc
    }
}
