//! How HTTP callers are served.

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
}
