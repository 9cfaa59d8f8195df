//! A registry that is a list somebody wrote down.

use std::collections::BTreeMap;

use super::{BoxFuture, Endpoint, Registration, Registry, Snapshot, Watch};
use crate::error::{Error, Result};

/// A list of addresses, for one service each or for all.
///
/// Servers that register with it are taken note of nowhere: the list is what its author says.
///
/// ```
/// use ezrpc::discovery::{Fixed, Registry};
/// let fixed = Fixed::new().service("shop.v1.Product", "10.0.0.1:80").all("127.0.0.1:8080");
/// assert_eq!(fixed.describe(), "fixed:shop.v1.Product=10.0.0.1:80,127.0.0.1:8080");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Fixed {
    services: BTreeMap<String, Vec<Endpoint>>,
    /// For services not listed.
    all: Vec<Endpoint>,
}

impl Fixed {
    /// Makes an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an address of one service.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>, address: impl Into<String>) -> Self {
        let endpoints = self.services.entry(service.into()).or_default();
        endpoints.push(Endpoint::new(address));
        self
    }

    /// Adds an address of every service that has none of its own.
    #[must_use]
    pub fn all(mut self, address: impl Into<String>) -> Self {
        self.all.push(Endpoint::new(address));
        self
    }

    /// Reads `shop.v1.Product=10.0.0.1:80,10.0.0.2:80`: addresses, each of one service or of all.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if an address is not `host:port`.
    pub fn parse(list: &str) -> Result<Self> {
        let mut fixed = Self::new();
        for entry in list.split(',').map(str::trim) {
            let (service, address) = match entry.split_once('=') {
                Some((service, address)) => (Some(service.trim()), address.trim()),
                None => (None, entry),
            };
            check_address(address)?;
            fixed = match service {
                Some(service) => fixed.service(service, address),
                None => fixed.all(address),
            };
        }
        Ok(fixed)
    }

    fn endpoints(&self, service: &str) -> impl Iterator<Item = Endpoint> {
        self.services
            .get(service)
            .unwrap_or(&self.all)
            .iter()
            .cloned()
    }
}

/// Checks that an address is a host and a port.
pub(crate) fn check_address(address: &str) -> Result<()> {
    let bad = |what: &str| {
        Err(Error::invalid_argument(format!(
            "`{address}` is not an address such as 10.0.0.1:80{what}"
        )))
    };
    let Some((host, port)) = address.rsplit_once(':') else {
        return bad("");
    };
    let ipv6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let good = match ipv6 {
        Some(host) => host.contains(':'),
        None => !host.is_empty() && !host.contains([':', '/', '@', '[', ']']),
    };
    match good && !host.contains(char::is_whitespace) && port.parse::<u16>().is_ok() {
        true => Ok(()),
        false if address.starts_with("https:") => bad(": TLS is not in this version"),
        false => bad(""),
    }
}

impl Registry for Fixed {
    fn register(&self, _: Registration) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn deregister<'a>(&'a self, _: &'a str, _: &'a Endpoint) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn get<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move { Ok(self.endpoints(service).collect()) })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async { Ok(self.services.keys().cloned().collect()) })
    }

    fn watch(&self, service: &str) -> Watch {
        Watch::fixed(self.endpoints(service))
    }

    fn describe(&self) -> String {
        let own = self.services.iter().flat_map(|(service, endpoints)| {
            endpoints
                .iter()
                .map(move |endpoint| format!("{service}={}", endpoint.address))
        });
        let all = self.all.iter().map(|endpoint| endpoint.address.clone());
        format!("fixed:{}", own.chain(all).collect::<Vec<_>>().join(","))
    }
}
