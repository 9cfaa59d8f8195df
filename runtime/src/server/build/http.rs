//! How HTTP callers are served.

use std::borrow::Cow;

use crate::codec::json;
use crate::server::Server;

impl Server {
    /// Moves everything a browser can reach under a path such as `/api`; gRPC stays on the bare path.
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Self {
        let trimmed = prefix.as_ref().trim_matches('/');
        self.prefix = match trimmed {
            "" => String::new(),
            _ => format!("/{trimmed}"),
        };
        self
    }

    /// Sets how JSON is read and written (default: unknown members are ignored, defaults are not printed).
    pub fn json(mut self, options: json::Options) -> Self {
        self.json = options;
        self
    }

    /// Refuses query parameters and form fields that no field is called after, with 400 (default: ignores them).
    ///
    /// [`system_params`](Server::system_params) are let through. Unknown members of JSON are refused by
    /// [`json`](Server::json) with [`Options::strict`](json::Options::strict).
    pub fn strict_query(mut self) -> Self {
        self.rules.strict_query = true;
        self
    }

    /// Refuses a body on a google.api.http route that takes none, with 400 (default: reads and drops it).
    pub fn strict_body(mut self) -> Self {
        self.rules.strict_body = true;
        self
    }

    /// Refuses a field that comes by two of path, body and query, with 400 (default: the path counts for more than
    /// the body, and the body for more than the query).
    pub fn reject_collisions(mut self) -> Self {
        self.rules.reject_collisions = true;
        self
    }

    /// Names query parameters that are always ignored, such as `key` and `alt` (default: none).
    pub fn system_params<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.rules.system_params = names.into_iter().map(Into::into).collect();
        self
    }
}
