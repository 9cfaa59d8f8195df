//! How messages stand on the wire: requests by [`Framing`], replies by [`Form`].

use bytes::Bytes;

use crate::protocol::content_type::Subtype;
use crate::protocol::grpc_web::Media;

/// How the messages of a request are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Length-prefixed messages, of gRPC and gRPC-Web.
    Grpc,
    /// Connect's envelopes: as gRPC's, and a flag for the end.
    Connect,
    /// The body is the message.
    Bare,
    /// The body is a form or a file.
    Upload,
    /// JSON values, one behind the other or in an array.
    Lines,
}

/// How the replies of a call stand on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Length-prefixed messages, then trailers.
    Grpc(Subtype),
    /// Length-prefixed messages and a frame of trailers, in base64 if it is text.
    GrpcWeb(Media),
    /// Connect's envelopes, the last one with the outcome.
    Connect,
    /// The body is the message.
    Bare,
    /// A JSON object a line: `{"result":..}`, and `{"error":..}` at the end of a call that failed.
    Lines,
    /// Server-sent events.
    Events,
    /// A JSON array.
    Array,
    /// The pieces of google.api.HttpBody messages, with nothing between them.
    Raw,
}

impl Form {
    /// A piece of a stream of replies as it stands on the wire.
    pub(crate) fn dress(self, piece: Bytes) -> Bytes {
        match self {
            Self::GrpcWeb(media) => media.dress(piece),
            _ => piece,
        }
    }
}
