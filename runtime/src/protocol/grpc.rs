//! gRPC over HTTP/2.
//!
//! Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

pub(crate) mod frame;
pub(crate) mod server;
pub(crate) mod status;
pub(crate) mod timeout;
