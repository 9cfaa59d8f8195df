//! The services of a server in its registry: how they get there, and out again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

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

    /// Takes the services out of the registry, all at a time; one that does not answer within `limit` must not keep the
    /// server from ending.
    async fn deregister(self: &Arc<Self>, limit: Duration) {
        let Some(registry) = &self.registry else {
            return;
        };
        let mut all = JoinSet::new();
        for desc in &self.services {
            let own = Arc::clone(self);
            let (registry, service) = (Arc::clone(registry), desc.name());
            all.spawn(async move { own.forget(&*registry, service).await });
        }
        let ended = async { while all.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, ended).await.is_err() {
            let (server, registry) = (&self.server, registry.describe());
            tracing::warn!(
                server,
                registry,
                ?limit,
                "cannot deregister: no answer in time"
            );
        }
    }

    async fn forget(&self, registry: &dyn Registry, service: &str) {
        if let Err(error) = registry.deregister(service, &self.endpoint).await {
            tracing::warn!(server = self.server, service, ?error, "cannot deregister");
        }
    }

    /// How long clients may still send calls after that.
    pub(super) fn propagation(&self) -> Duration {
        let registry = self.registry.as_ref();
        registry.map_or(Duration::ZERO, |registry| registry.propagation())
    }
}

/// Services that are registered, or about to be: dropped, they are deregistered in the background.
pub(super) struct Enrolled {
    enrolment: Arc<Enrolment>,
    limit: Duration,
    ended: bool,
}

impl Enrolled {
    pub(super) fn new(enrolment: &Arc<Enrolment>, limit: Duration) -> Self {
        Self {
            enrolment: Arc::clone(enrolment),
            limit,
            ended: false,
        }
    }

    /// Takes the services out of the registry.
    pub(super) async fn end(mut self) {
        self.enrolment.deregister(self.limit).await;
        self.ended = true;
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Without a runtime there is nobody to do it.
        if let Ok(runtime) = Handle::try_current() {
            let (enrolment, limit) = (Arc::clone(&self.enrolment), self.limit);
            runtime.spawn(async move { enrolment.deregister(limit).await });
        }
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
