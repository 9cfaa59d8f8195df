//! What Consul is told of an instance.

use bytes::Bytes;

use super::config::{Check, Config};
use super::meta;
use super::names;
use super::types::requests;
use crate::codec::json;
use crate::discovery::{Registration, check_address};
use crate::error::{Error, Result};

/// Marks the services whose names are proto names with dashes.
pub(super) const TAG: &str = "ezrpc";
/// The largest weight Consul takes.
const MAX_WEIGHT: u32 = 65_535;

/// An instance as it is registered.
#[derive(Debug)]
pub(super) struct Service {
    /// What may not be there twice: name, host and port.
    pub(super) key: Key,
    message: requests::Register,
}

impl Service {
    /// What is sent, in Consul's JSON; `passing` is the state of its check until the agent has looked.
    ///
    /// # Errors
    /// None: all of it can be written.
    pub(super) fn body(&self, passing: bool) -> Result<Bytes> {
        let mut message = self.message.clone();
        if let (Some(check), false) = (&mut message.check, passing) {
            check.status = "critical".to_owned();
        }
        let body = json::to_vec(&message).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Bytes::from(body))
    }
}

/// Which instance of which service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) id: String,
    /// In Consul.
    pub(super) name: String,
    /// An IPv6 one without brackets.
    pub(super) host: String,
}

impl Key {
    /// Names the instance of a service, by its proto name, at an address.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the address is none.
    pub(super) fn new(service: &str, address: &str) -> Result<Self> {
        let (host, port) = parts(address)?;
        let name = names::service(service);
        Ok(Self {
            id: names::id(&name, host, port),
            name,
            host: host.to_owned(),
        })
    }

    /// The id of the one check.
    pub(super) fn check(&self) -> String {
        format!("service:{}", self.id)
    }
}

/// Writes what Consul is told, with the mark of this life.
///
/// # Errors
/// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for what Consul would refuse.
pub(super) fn service(registration: &Registration, config: &Config, life: &str) -> Result<Service> {
    let endpoint = &registration.endpoint;
    let key = Key::new(registration.service(), &endpoint.address)?;
    let (_, port) = parts(&endpoint.address)?;
    let message = requests::Register {
        id: key.id.clone(),
        name: key.name.clone(),
        tags: tags(registration, config),
        address: key.host.clone(),
        port: u32::from(port),
        meta: meta::of(registration, life)?,
        weights: Some(requests::Weights {
            passing: endpoint.weight.clamp(1, MAX_WEIGHT),
            warning: 1,
        }),
        check: Some(check(registration, config, &key)),
    };
    Ok(Service { key, message })
}

fn parts(address: &str) -> Result<(&str, u16)> {
    check_address(address)?;
    // Never fails: a checked address has a host and a port.
    names::split(address)
        .ok_or_else(|| Error::invalid_argument(format!("`{address}` is no address")))
}

/// The tags: which methods there are, for consul-template, and those that registries look for.
fn tags(registration: &Registration, config: &Config) -> Vec<String> {
    let mut tags = vec![TAG.to_owned()];
    tags.extend(config.tags.iter().cloned());
    for method in registration.methods() {
        tags.push(format!("method-{}", method.name()));
        if meta::is_open(method) {
            tags.push(format!("webapi-{}", method.name()));
        }
    }
    tags
}

fn check(registration: &Registration, config: &Config, key: &Key) -> requests::Check {
    let after = config.deregister_after;
    let check = requests::Check {
        id: key.check(),
        name: format!("{} lives", registration.service()),
        // It serves before it registers.
        status: "passing".to_owned(),
        deregister_after: seconds(after),
        ..requests::Check::default()
    };
    match config.check {
        Check::Grpc { interval, timeout } => requests::Check {
            grpc: format!(
                "{}/{}",
                registration.endpoint.address,
                registration.service()
            ),
            grpc_use_tls: registration.tls,
            // The agent calls an address, which certificates seldom name; it asks for nothing but life.
            tls_skip_verify: registration.tls,
            interval: seconds(interval),
            timeout: seconds(timeout),
            ..check
        },
        Check::Ttl(ttl) => requests::Check {
            ttl: seconds(ttl),
            ..check
        },
    }
}

/// A time as Go reads it.
fn seconds(time: std::time::Duration) -> String {
    format!("{}ms", time.as_millis())
}

#[cfg(test)]
mod tests;
