//! The protobuf wire format.

use bytes::Bytes;

use crate::error::{Code, Error, Result};

/// Encodes a message after `prefix` zero bytes, in one buffer of exactly the right size.
pub(crate) fn encode_after(prefix: usize, message: &impl prost::Message) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(prefix + message.encoded_len());
    buffer.resize(prefix, 0);
    // `encode` would compute the length once more only to check the room made above.
    message.encode_raw(&mut buffer);
    buffer
}

/// Decodes a whole message.
///
/// # Errors
/// `code`, if the bytes are not such a message.
pub(crate) fn decode<M: prost::Message + Default>(data: Bytes, code: Code) -> Result<M> {
    M::decode(data).map_err(|error| Error::bare(code, format!("bad protobuf message: {error}")))
}
