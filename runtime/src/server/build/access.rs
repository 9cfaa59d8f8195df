//! Who may call.

use std::sync::Arc;

use crate::interceptor::Authenticator;
use crate::server::Server;

impl Server {
    /// Sets who judges the credentials of HTTP callers.
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.chain.authenticator = Some(Arc::new(authenticator));
        self.policy.authenticator = true;
        self
    }

    /// Lets the authenticator judge gRPC calls too, those of grpc.health.v1 left out.
    pub fn auth_all(mut self) -> Self {
        self.policy.auth_all = true;
        self
    }

    /// Serves methods that are not enabled over HTTP too, if there is an authenticator.
    pub fn expose_all(mut self) -> Self {
        self.policy.expose_all = true;
        self
    }

    /// Serves enabled methods over HTTP to anybody. Without it and without an authenticator they answer 401.
    pub fn allow_anonymous(mut self) -> Self {
        self.policy.allow_anonymous = true;
        self
    }

    /// Marks the server as the edge: no frames and no causes leave it, over gRPC either.
    pub fn edge(mut self) -> Self {
        self.edge = true;
        self
    }
}
