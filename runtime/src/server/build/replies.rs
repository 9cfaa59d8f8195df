//! How replies and errors look over HTTP.

use http::HeaderValue;

use crate::protocol::webapi::{ErrorFormat, StreamFormat};
use crate::server::Server;

impl Server {
    /// Sends replies as they are (default: messages and bodies above 1 KiB are compressed for callers that accept it,
    /// over gRPC too).
    ///
    /// Requests may be compressed either way; [`max_message`](Server::max_message) counts what comes out.
    pub fn uncompressed(mut self) -> Self {
        self.uncompressed = true;
        self
    }

    /// Sets how errors look on google.api.http routes and on paths nobody serves (default
    /// [`ErrorFormat::status`]).
    pub fn error_format(mut self, format: ErrorFormat) -> Self {
        self.http.errors = format;
        self
    }

    /// Sets the `WWW-Authenticate` of answers with status 401 (default `Bearer`).
    ///
    /// Text that cannot stand in a header makes [`Server::bind`] fail.
    pub fn www_authenticate(mut self, challenge: impl AsRef<str>) -> Self {
        self.http.challenge = HeaderValue::from_str(challenge.as_ref()).ok();
        self
    }

    /// Calls the headers handlers set `grpc-metadata-<name>` on google.api.http routes, as grpc-gateway does
    /// (default: their own names). `location` keeps its name.
    pub fn prefix_metadata(mut self) -> Self {
        self.http.prefix_metadata = true;
        self
    }

    /// Sets how the replies of streaming methods look over plain HTTP (default [`StreamFormat::Lines`]).
    pub fn stream_format(mut self, format: StreamFormat) -> Self {
        self.http.streams = format;
        self
    }

    /// Answers streaming calls with `alt=sse` in their query by server-sent events, as those with
    /// `Accept: text/event-stream` (default: only those).
    pub fn alt_sse(mut self) -> Self {
        self.http.alt_sse = true;
        self
    }
}
