//! TLS on a server.

use crate::server::Server;
use crate::tls::ServerTls;

impl Server {
    /// Speaks TLS on its port, every protocol of the server over it (default: no TLS). Needs feature `tls`.
    ///
    /// Clients without TLS are told so and closed.
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }
}
