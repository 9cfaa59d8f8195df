//! The services of a server in its registry: how they get there, and out again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::discovery::{Endpoint, Registration, Registry};
use crate::error::Result;
use crate::method::ServiceDesc;

/// The services of a server in its registry; without a registry there is nothing to do.
pub(in crate::server) struct Enrolment {
    /// What the server calls itself.
    pub(in crate::server) server: String,
    pub(in crate::server) registry: Option<Arc<dyn Registry>>,
    pub(in crate::server) services: Vec<&'static ServiceDesc>,
    /// What the registry is told of each of them.
    pub(in crate::server) endpoint: Endpoint,
    pub(in crate::server) tls: bool,
}

impl Enrolment {
    /// Makes the services known, in the order in which they were added.
    ///
    /// # Errors
    /// What the registry says; some may be registered by then.
    pub(super) async fn register(&self) -> Result<()> {
        let Some(registry) = &self.registry else {
            return Ok(());
        };
        for desc in &self.services {
            let registration = Registration::of(desc, self.endpoint.clone());
            registry
                .register(registration.server(&self.server).tls(self.tls))
                .await?;
        }
        Ok(())
    }

    /// Takes the services out of the registry; one that does not answer within `limit` must not keep the server from
    /// ending.
    pub(super) async fn deregister(&self, limit: Duration) {
        let Some(registry) = &self.registry else {
            return;
        };
        let server = &self.server;
        let all = async {
            for desc in &self.services {
                let service = desc.name();
                if let Err(error) = registry.deregister(service, &self.endpoint).await {
                    tracing::warn!(server, service, ?error, "cannot deregister");
                }
            }
        };
        if tokio::time::timeout(limit, all).await.is_err() {
            let registry = registry.describe();
            tracing::warn!(
                server,
                registry,
                "cannot deregister: no answer within the hard deadline"
            );
        }
    }

    /// How long clients may still send calls after that.
    pub(super) fn propagation(&self) -> Duration {
        let registry = self.registry.as_ref();
        registry.map_or(Duration::ZERO, |registry| registry.propagation())
    }
}

/// The services' names.
impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.services.iter().map(|desc| desc.name()))
            .finish()
    }
}
