//! How messages stand on the wire: requests by [`Framing`], replies by [`Form`].

/// How the messages of a request are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Length-prefixed messages, of gRPC and gRPC-Web.
    Grpc,
    /// Connect's envelopes: as gRPC's, and a flag for the end.
    Connect,
    /// The body is the message.
    Bare,
}

/// How the replies of a call stand on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Length-prefixed messages, then trailers.
    Grpc,
    /// Length-prefixed messages and a frame of trailers, in base64 if `text`.
    GrpcWeb {
        /// `application/grpc-web-text`
        text: bool,
    },
    /// Connect's envelopes, the last one with the outcome.
    Connect,
    /// The body is the message.
    Bare,
}
