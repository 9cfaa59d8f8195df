//! How the paths of google.api.http routes are read, and which pages may call.

use crate::protocol::webapi::cors::Cors;
use crate::route::PathDecoding;
use crate::server::{Server, TrailingSlash};

impl Server {
    /// Sets which escapes are decoded in path variables of several segments (default
    /// [`PathDecoding::AllExceptSlash`]).
    pub fn path_decoding(mut self, decoding: PathDecoding) -> Self {
        self.routes.decoding.mode = decoding;
        self
    }

    /// Lets `**` capture segments that are `.` or `..` (default: such requests are refused with status 400).
    ///
    /// Handlers that make file names of such variables must then keep to their folder by themselves.
    pub fn allow_dot_segments(mut self) -> Self {
        self.routes.decoding.dot_segments = true;
        self
    }

    /// Sets what becomes of a path that ends in `/` and is only known without it (default [`TrailingSlash::Strict`]).
    pub fn trailing_slash(mut self, policy: TrailingSlash) -> Self {
        self.routes.trailing_slash = policy;
        self
    }

    /// Takes a form sent by POST for the query of a GET, where there is no POST or `X-HTTP-Method-Override: GET` says
    /// so (default: such a request is refused). For queries too long for a request line.
    ///
    /// No other HTTP method can be reached this way, as any page may send forms.
    pub fn method_override(mut self) -> Self {
        self.routes.method_override = true;
        self
    }

    /// Sets which pages of other origins may call from a browser (default: none).
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = Some(cors);
        self
    }
}
