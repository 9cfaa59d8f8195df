//! Where services are found: registries, endpoints, and watches of them.

mod clients;
#[cfg(feature = "consul")]
mod consul;
mod default;
mod endpoint;
mod fixed;
mod memory;
mod open;
mod registration;
mod snapshot;
mod watch;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "consul")]
pub use consul::Consul;
#[cfg(all(feature = "consul", feature = "fuzzing"))]
pub(crate) use consul::read_instances;
pub use default::{default_registry, set_default_registry};
pub use endpoint::Endpoint;
pub use fixed::Fixed;
pub use memory::Memory;
pub use open::open;
pub use registration::Registration;
pub use snapshot::Snapshot;
pub use watch::{Publisher, Watch};

pub(crate) use clients::{Clients, Means};
pub(crate) use default::default_clients;
pub(crate) use fixed::check_address;

use crate::call::Service;
use crate::error::Result;

/// The future of a registry's answer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Knows which endpoints serve which service. Services go by their full proto name: `shop.v1.Product`.
///
/// ```
/// use ezrpc::Result;
/// use ezrpc::discovery::{BoxFuture, Endpoint, Registration, Registry, Snapshot, Watch};
///
/// /// One host for everything.
/// struct Localhost;
///
/// impl Registry for Localhost {
///     fn register(&self, _: Registration) -> BoxFuture<'_, Result<()>> {
///         Box::pin(async { Ok(()) })
///     }
///     fn deregister<'a>(&'a self, _: &'a str, _: &'a Endpoint) -> BoxFuture<'a, Result<()>> {
///         Box::pin(async { Ok(()) })
///     }
///     fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
///         Box::pin(async { Ok(Snapshot::from([Endpoint::new("localhost:8080")])) })
///     }
///     fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
///         Box::pin(async { Ok(Vec::new()) })
///     }
///     fn watch(&self, _: &str) -> Watch {
///         Watch::fixed([Endpoint::new("localhost:8080")])
///     }
///     fn describe(&self) -> String {
///         "localhost".into()
///     }
/// }
/// ```
pub trait Registry: Send + Sync + 'static {
    /// Makes an endpoint of a service known, or replaces what is known of its address.
    ///
    /// # Errors
    /// [`Code::Unavailable`](crate::Code::Unavailable) if the registry cannot be reached.
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<()>>;

    /// Forgets the endpoint of `service` with this address; none such is no error.
    ///
    /// # Errors
    /// As [`Registry::register`].
    fn deregister<'a>(
        &'a self,
        service: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<()>>;

    /// Returns the endpoints of `service`, sorted by address; empty if nobody serves it.
    ///
    /// # Errors
    /// As [`Registry::register`].
    fn get<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<Snapshot>>;

    /// Returns the names of the services somebody serves, sorted.
    ///
    /// # Errors
    /// As [`Registry::register`].
    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Watches `service` until the watch is dropped.
    ///
    /// Failures are retried inside and logged; the last snapshot stands meanwhile.
    fn watch(&self, service: &str) -> Watch;

    /// Returns a short text for people that says which registry this is: `memory`, `fixed:10.0.0.1:80`.
    fn describe(&self) -> String;

    /// Returns how long it takes until all who watch know of a change (default zero).
    ///
    /// A server goes on serving that long after it has deregistered.
    fn propagation(&self) -> Duration {
        Duration::ZERO
    }

    /// Returns the service itself, if it lives in this process.
    #[doc(hidden)]
    fn local(&self, _service: &str) -> Option<Arc<dyn Service>> {
        None
    }
}

impl<R: Registry + ?Sized> Registry for Arc<R> {
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<()>> {
        (**self).register(registration)
    }

    fn deregister<'a>(
        &'a self,
        service: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<()>> {
        (**self).deregister(service, endpoint)
    }

    fn get<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
        (**self).get(service)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        (**self).list()
    }

    fn watch(&self, service: &str) -> Watch {
        (**self).watch(service)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }

    fn propagation(&self) -> Duration {
        (**self).propagation()
    }

    fn local(&self, service: &str) -> Option<Arc<dyn Service>> {
        (**self).local(service)
    }
}
