//! Replies as server-sent events.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::time::Duration;

use bytes::Bytes;

/// How long nothing may come before a comment tells proxies and the caller that the call is alive.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment: it means nothing.
pub(crate) const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// Says that the call went well, so that a caller can tell the end from a broken connection.
pub(crate) const END: Bytes = Bytes::from_static(b"event: end\ndata: {}\n\n");

/// Writes one message. JSON of ours has no line ends.
pub(crate) fn reply(json: &[u8]) -> Bytes {
    Bytes::from([b"data: ", json, b"\n\n"].concat())
}

/// Writes the end of a call that went wrong.
pub(crate) fn error(json: &[u8]) -> Bytes {
    Bytes::from([b"event: error\ndata: ", json, b"\n\n"].concat())
}
