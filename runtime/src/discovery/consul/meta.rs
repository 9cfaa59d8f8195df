//! What stands in Meta: ezrpc's own keys beside those of the application, within Consul's limits.

use std::collections::BTreeMap;

use crate::discovery::Registration;
use crate::error::{Error, Result};
use crate::method::Method;
use crate::text::within;

/// The full proto name of the service.
const PROTO: &str = "proto";
/// The version of the server.
pub(super) const VERSION: &str = "version";
/// The weight, which Consul's own weights cannot have as zero.
const WEIGHT: &str = "weight";
/// What the server calls itself.
const SERVER: &str = "server";
/// `(ezbuy.service).desc`.
const DESC: &str = "desc";
/// The version of ezrpc that registered it.
const EZRPC: &str = "ezrpc";
/// Tells two sets of methods open to HTTP apart.
const WEBAPI: &str = "webapi";
/// Which [`Consul`](super::Consul) has registered it: another one at the same address is another life of the server.
const LIFE: &str = "ezrpc_life";
/// All of them.
const OWN: [&str; 8] = [PROTO, VERSION, WEIGHT, SERVER, DESC, EZRPC, WEBAPI, LIFE];

/// Consul's limits: pairs, bytes of a key, bytes of a value.
const MAX_PAIRS: usize = 64;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 512;

/// Writes all that a registration says into Meta, and in which life. Texts of ours that are too long are cut.
///
/// # Errors
/// [`Code::InvalidArgument`](crate::Code::InvalidArgument), naming the entry of the endpoint's metadata that Consul would refuse.
pub(super) fn of(registration: &Registration, life: &str) -> Result<BTreeMap<String, String>> {
    let endpoint = &registration.endpoint;
    check(&endpoint.metadata)?;
    let mut meta = endpoint.metadata.clone();
    let mut set = |key: &str, value: &str| {
        if !value.is_empty() {
            meta.insert(key.to_owned(), within(value, MAX_VALUE).to_owned());
        }
    };
    set(PROTO, registration.service());
    set(VERSION, &endpoint.version);
    set(WEIGHT, &endpoint.weight.to_string());
    set(SERVER, &registration.server);
    set(DESC, registration.description());
    set(EZRPC, env!("CARGO_PKG_VERSION"));
    set(WEBAPI, &digest(registration.methods()));
    set(LIFE, life);
    Ok(meta)
}

/// The weight that stands in Meta, if one does.
pub(super) fn weight(meta: &BTreeMap<String, String>) -> Option<u32> {
    meta.get(WEIGHT)?.trim().parse().ok()
}

/// Whether it was written in this life.
pub(super) fn is_of(meta: &BTreeMap<String, String>, life: &str) -> bool {
    meta.get(LIFE).is_some_and(|found| found == life)
}

/// The entries that are the application's.
pub(super) fn others(meta: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let others = meta.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    others
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn check(metadata: &BTreeMap<String, String>) -> Result<()> {
    let refuse = |text: String| Err(Error::invalid_argument(text));
    let room = MAX_PAIRS - OWN.len();
    if metadata.len() > room {
        let count = metadata.len();
        return refuse(format!(
            "{count} entries of metadata: Consul has room for {room}"
        ));
    }
    for (key, value) in metadata {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if OWN.contains(&key.as_str()) {
            return refuse(format!(
                "metadata `{key}`: the name is ezrpc's own; choose another"
            ));
        }
        // Consul keeps the prefix for itself.
        if key.is_empty()
            || key.len() > MAX_KEY
            || !key.chars().all(allowed)
            || key.starts_with("consul-")
        {
            return refuse(format!(
                "metadata `{key}`: Consul takes names of up to {MAX_KEY} letters, digits, `-` and `_`, and none that \
                 starts with `consul-`"
            ));
        }
        if value.len() > MAX_VALUE {
            return refuse(format!(
                "metadata `{key}`: the value has {} bytes, Consul takes up to {MAX_VALUE}",
                value.len()
            ));
        }
    }
    Ok(())
}

/// A number for the methods open to HTTP, with their paths and bindings, that is the same wherever it is made; empty if there
/// is none.
fn digest(methods: &[Method]) -> String {
    let mut hash = Fnv::new();
    for method in methods.iter().filter(|method| is_open(method)) {
        hash.add(method.path());
        hash.add(if method.web().enable { "enable" } else { "" });
        for route in method.http_routes() {
            hash.add(route.verb());
            hash.add(route.template());
        }
        hash.add("");
    }
    match methods.iter().any(is_open) {
        true => format!("{:016x}", hash.0),
        false => String::new(),
    }
}

/// Whether a method can be called over HTTP.
pub(super) fn is_open(method: &Method) -> bool {
    method.web().enable || !method.http_routes().is_empty()
}

/// FNV-1a: the same on every machine and in every version, unlike the standard library's hash.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text and where it ends.
    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests;
