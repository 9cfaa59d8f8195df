//! How a server answers its HTTP callers.

use http::HeaderValue;

use super::errors::ErrorFormat;

/// What every HTTP call of a server shares.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) errors: ErrorFormat,
    /// What a 401 carries as `WWW-Authenticate`; `None` if what was set cannot stand in a header.
    pub(crate) challenge: Option<HeaderValue>,
    /// Headers of replies are called `grpc-metadata-<name>` on google.api.http routes.
    pub(crate) prefix_metadata: bool,
    pub(crate) streams: StreamFormat,
    /// `?alt=sse` asks for events as `Accept: text/event-stream` does.
    pub(crate) alt_sse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            errors: ErrorFormat::default(),
            challenge: Some(HeaderValue::from_static("Bearer")),
            prefix_metadata: false,
            streams: StreamFormat::default(),
            alt_sse: false,
        }
    }
}

/// How the replies of a streaming method look over plain HTTP, to callers who do not ask for events.
///
/// Whatever is set here, `Accept: text/event-stream` is answered with server-sent events: `data: <message>` each,
/// and at the end `event: end`, or `event: error` with the error; while there is nothing to say, a comment
/// every 15 seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamFormat {
    /// A line `{"result":<message>}` each, as `application/x-ndjson`; if the call fails, `{"error":<error>}` is the last.
    #[default]
    Lines,
    /// The same lines as `application/json`, which some callers of gateways look for.
    LinesAsJson,
    /// One JSON array of the messages, as `application/json`. A call that fails breaks the response off, so that
    /// nobody takes half an array for the whole. `Accept: application/x-ndjson` still asks for lines.
    Array,
}
