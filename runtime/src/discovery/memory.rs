//! The embedded registry: this process only, and services that live in it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{BoxFuture, Endpoint, Publisher, Registration, Registry, Snapshot, Watch};
use crate::call::Service;
use crate::error::Result;

/// A registry within this process, the default one. Clones share what is registered.
///
/// It also holds services themselves, called without a socket: so a test puts a fake behind a
/// process-wide client.
///
/// ```
/// # fn example(fake: impl ezrpc::codegen::v1::Service) {
/// use ezrpc::{Context, discovery::Memory};
/// let ctx = Context::background().with_registry(Memory::new().with_service(fake));
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Memory {
    services: Arc<Mutex<BTreeMap<String, Entry>>>,
}

/// What is known of one service.
#[derive(Default)]
struct Entry {
    endpoints: BTreeMap<String, Endpoint>,
    local: Option<Arc<dyn Service>>,
    watches: Vec<Publisher>,
}

impl Memory {
    /// Makes an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service that is called within this process; it goes before endpoints of the same name.
    #[must_use]
    pub fn with_service(self, service: impl Service) -> Self {
        let name = service.desc().name();
        self.change(name, |entry| entry.local = Some(Arc::new(service)));
        self
    }

    fn change(&self, service: &str, change: impl FnOnce(&mut Entry)) {
        let mut services = self.lock();
        let entry = services.entry(service.to_owned()).or_default();
        change(entry);
        entry.publish();
        if entry.is_unused() {
            services.remove(service);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // Entries are changed by single assignments, so a panic elsewhere leaves them whole.
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn snapshot(&self) -> Snapshot {
        self.endpoints.values().cloned().collect()
    }

    fn publish(&mut self) {
        self.watches.retain(|watch| !watch.is_closed());
        for watch in &self.watches {
            watch.publish(self.snapshot());
        }
    }

    fn is_served(&self) -> bool {
        !self.endpoints.is_empty() || self.local.is_some()
    }

    fn is_unused(&self) -> bool {
        !self.is_served() && self.watches.is_empty()
    }
}

impl Registry for Memory {
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.change(registration.service(), |entry| {
                let endpoint = registration.endpoint.clone();
                entry.endpoints.insert(endpoint.address.clone(), endpoint);
            });
            Ok(())
        })
    }

    fn deregister<'a>(
        &'a self,
        service: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.change(service, |entry| {
                entry.endpoints.remove(&endpoint.address);
            });
            Ok(())
        })
    }

    fn get<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let services = self.lock();
            Ok(match services.get(service) {
                Some(entry) => entry.snapshot(),
                None => Snapshot::new([]),
            })
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async move {
            let services = self.lock();
            let served = services.iter().filter(|(_, entry)| entry.is_served());
            Ok(served.map(|(name, _)| name.clone()).collect())
        })
    }

    fn watch(&self, service: &str) -> Watch {
        let (publisher, watch) = Watch::channel();
        self.change(service, |entry| entry.watches.push(publisher));
        watch
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn local(&self, service: &str) -> Option<Arc<dyn Service>> {
        self.lock().get(service)?.local.clone()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services = self.lock();
        let served = services.iter().filter(|(_, entry)| entry.is_served());
        f.debug_map()
            .entries(served.map(|(name, entry)| (name, entry.endpoints.keys())))
            .finish()
    }
}
