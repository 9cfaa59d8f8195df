//! Connect: streams in envelopes, and unary calls in the query of a GET. Its unary POSTs are the plain webapi.
//!
//! Source: <https://connectrpc.com/docs/protocol>.

pub(crate) mod get;
pub(crate) mod stream;
