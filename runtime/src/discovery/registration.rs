//! What a server says of one of its services when it registers.

use super::Endpoint;
use crate::method::{Method, ServiceDesc};

/// What a server says of one of its services when it registers.
///
/// ```
/// use ezrpc::discovery::{Endpoint, Registration};
/// let registration = Registration::new("shop.v1.Product", Endpoint::new("10.0.0.1:80"));
/// assert_eq!(registration.service(), "shop.v1.Product");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Registration {
    service: String,
    desc: Option<&'static ServiceDesc>,
    /// Where the service is served, its weight, its version and what else is known of it.
    pub endpoint: Endpoint,
    /// What the server calls itself; empty if nothing is known of it.
    pub server: String,
    /// Whether the port speaks TLS.
    pub tls: bool,
}

impl Registration {
    /// Registers `service`, by its full proto name, of which nothing else is known.
    pub fn new(service: impl Into<String>, endpoint: Endpoint) -> Self {
        Self {
            service: service.into(),
            desc: None,
            endpoint,
            server: String::new(),
            tls: false,
        }
    }

    /// Registers a generated service, with what its schema says.
    pub fn of(desc: &'static ServiceDesc, endpoint: Endpoint) -> Self {
        Self {
            desc: Some(desc),
            ..Self::new(desc.name(), endpoint)
        }
    }

    /// Sets what the server calls itself.
    #[must_use]
    pub fn server(mut self, name: impl Into<String>) -> Self {
        self.server = name.into();
        self
    }

    /// Says whether the port speaks TLS (default: it does not).
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Returns the full proto name: `shop.v1.Product`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns `(ezbuy.service).desc`; empty if the schema says nothing, or nothing is known of it.
    pub fn description(&self) -> &'static str {
        self.desc.map_or("", ServiceDesc::description)
    }

    /// Returns the methods in order of declaration; empty if nothing is known of them.
    pub fn methods(&self) -> &'static [Method] {
        self.desc.map_or(&[], ServiceDesc::methods)
    }
}
