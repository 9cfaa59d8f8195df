//! What a call came to, before its protocol writes it.

use std::any::Any;
use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;

use crate::error::Result;

/// Encoded replies of one call, each as it stands on the wire.
pub(crate) type EncodedStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// What a handler answered, ready for the protocol or for the local caller.
pub struct Reply(pub(crate) ReplyKind);

pub(crate) enum ReplyKind {
    /// One encoded message.
    Message(Bytes),
    /// Encoded messages.
    Stream(EncodedStream),
    /// A google.api.HttpBody: bytes that are no message.
    Raw(Box<Raw>),
    /// A message or a stream for a caller in this process.
    Local(Box<dyn Any + Send>),
}

/// A body of any media type.
pub(crate) struct Raw {
    /// The media type; empty if the handler did not say.
    pub(crate) content_type: String,
    pub(crate) body: RawBody,
}

pub(crate) enum RawBody {
    Whole(Bytes),
    /// Pieces without anything between them.
    Pieces(EncodedStream),
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
