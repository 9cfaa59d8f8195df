//! How clients find the server.

use std::sync::Arc;

use crate::discovery::Registry;
use crate::server::Server;

impl Server {
    /// Registers the services in `registry` while the server runs.
    pub fn registry(mut self, registry: impl Registry) -> Self {
        self.registry = Some(Arc::new(registry));
        self
    }

    /// Registers `address` (`10.0.0.7` or `shop.internal:8080`; without a port, the one bound) rather than the
    /// address bound. A server bound to all addresses (`0.0.0.0`) needs it to register.
    pub fn advertise(mut self, address: impl Into<String>) -> Self {
        self.advertised = Some(address.into());
        self
    }

    /// Sets the version of the server: registries are told it, and it stands in the user agent of outgoing calls
    /// (default: none).
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.instance.version = version.into();
        self
    }

    /// Sets the share of calls relative to other instances (default 1; one of weight 3 gets three times as many). 0 takes
    /// none, as long as there is another.
    pub fn weight(mut self, weight: u32) -> Self {
        self.instance.weight = weight;
        self
    }

    /// Tells registries something more of this instance, a zone say. Consul takes keys of letters, digits, `-` and `_`
    /// of up to 128 bytes, and values of up to 512.
    pub fn instance_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.instance = self.instance.metadata(key, value);
        self
    }
}
