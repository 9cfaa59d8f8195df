//! From Consul's instances of a service to a snapshot.

use std::net::Ipv6Addr;

use super::config::Config;
use super::meta;
use super::names;
use super::types::answers::{Instance, Instances};
use crate::discovery::{Endpoint, Snapshot, check_address};

/// Picks the instances that may be called.
///
/// These pass all their checks and those of their node, and have the tags asked for. If there is none and the settings allow
/// it, health does not count. A weight of zero is the balancer's to see to.
pub(super) fn snapshot(instances: &Instances, config: &Config) -> Snapshot {
    let all = &instances.items;
    let passing = all.iter().filter(|instance| is_passing(instance)).count();
    let eligible = |instance: &&Instance| has_tags(instance, &config.tags);
    let healthy = all.iter().filter(|instance| is_passing(instance));
    let mut endpoints: Vec<Endpoint> = healthy.filter(eligible).filter_map(endpoint).collect();
    if endpoints.is_empty() && config.fallback_to_unhealthy {
        endpoints = all.iter().filter(eligible).filter_map(endpoint).collect();
    }
    Snapshot::new(endpoints).out_of(all.len(), passing)
}

/// Whether two snapshots say the same, also of what is known beyond the endpoints.
pub(super) fn same(a: &Snapshot, b: &Snapshot) -> bool {
    a == b && a.known() == b.known() && a.passing() == b.passing()
}

/// Maintenance of a service or a node is a critical check as well.
fn is_passing(instance: &Instance) -> bool {
    instance
        .checks
        .iter()
        .all(|check| check.status == "passing")
}

fn has_tags(instance: &Instance, tags: &[String]) -> bool {
    let found = instance
        .service
        .as_ref()
        .map_or(&[][..], |service| &service.tags);
    tags.iter().all(|tag| found.contains(tag))
}

/// `None` of an instance that cannot be called: without a port, or with a host that is none.
fn endpoint(instance: &Instance) -> Option<Endpoint> {
    let service = instance.service.as_ref()?;
    let port = u16::try_from(service.port).ok().filter(|port| *port != 0)?;
    let node = instance.node.as_ref().map_or("", |node| &node.address);
    let host = match service.address.is_empty() {
        true => node,
        false => &service.address,
    };
    let weights = service.weights.as_ref().map(|weights| weights.passing);
    let weight =
        meta::weight(&service.meta).or(weights.and_then(|weight| u32::try_from(weight).ok()));
    let address = names::join(host, port);
    check_address(&address).ok().filter(|()| is_host(host))?;
    let mut endpoint = Endpoint::new(address).weight(weight.unwrap_or(1));
    endpoint.version = service.meta.get(meta::VERSION).cloned().unwrap_or_default();
    endpoint.metadata = meta::others(&service.meta);
    Some(endpoint)
}

/// Whether a host with colons is an IPv6 one; a URL has some, too.
fn is_host(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']');
    // What follows is the interface.
    let ip = ip.split('%').next().unwrap_or_default();
    !host.contains(':') || ip.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests;
