//! Replies as one JSON array.

use bytes::Bytes;

/// Before the first message, so that the caller sees that the call has begun.
pub(crate) const OPEN: Bytes = Bytes::from_static(b"[");
pub(crate) const CLOSE: Bytes = Bytes::from_static(b"]");

/// Writes one message with the comma before it.
pub(crate) fn reply(json: &[u8]) -> Bytes {
    Bytes::from([b",", json].concat())
}

/// The first message, which has no comma.
pub(crate) fn first(reply: Bytes) -> Bytes {
    reply.slice(1.min(reply.len())..)
}
