//! Reflection on a server.

use crate::server::Server;

impl Server {
    /// Serves grpc.reflection.v1 and v1alpha (default: not served), so that grpcurl, `buf curl` and the like need
    /// no protos. Like every gRPC service it asks for no credentials unless [`Server::auth_all`] is set.
    ///
    /// It knows the services added here, whose protos are embedded unless they were generated with
    /// `descriptors=false`; mounted services it does not.
    pub fn reflection(mut self) -> Self {
        self.reflection = true;
        self
    }
}
