//! Messages as bytes: protobuf and ProtoJSON.

pub mod json;
pub(crate) mod proto;

/// What a message of an RPC must be able to do; generated messages are.
pub trait Message: prost::Message + json::Message + Default + Send + 'static {}

impl<M: prost::Message + json::Message + Default + Send + 'static> Message for M {}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Proto,
    Json,
}
