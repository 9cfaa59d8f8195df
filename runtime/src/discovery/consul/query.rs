//! What is asked of the catalog, and the index that makes a question wait for news.

use std::time::Duration;

use super::agent::{CALL_TIMEOUT, Call};
use super::config::Config;
use super::names::escape;
use super::register::Key;

/// The index of the last answer, by the rules of Consul's documentation for blocking queries.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// What the next question waits to see exceeded; 0 does not wait.
    next: u64,
    /// What was answered last, kept over failures.
    last: u64,
}

impl Index {
    /// Takes the index of an answer; returns whether it went back: the servers have lost their state.
    pub(super) fn answered(&mut self, index: u64) -> bool {
        let back = index < self.last;
        // One that does not wait would be a hot loop, if it came from an answer of index 0.
        self.next = if back { 0 } else { index.max(1) };
        self.last = index;
        back
    }

    /// After a failure the next question does not wait: the servers behind may be others.
    pub(super) fn failed(&mut self) {
        self.next = 0;
    }
}

/// Asks for the instances of a service, by its name in Consul, whatever their health.
pub(super) fn instances(config: &Config, name: &str) -> Call {
    let path = format!("/v1/health/service/{}", escape(name));
    Call::get(read(config, path))
}

/// Asks for all checks of the catalog.
pub(super) fn checks(config: &Config) -> Call {
    Call::get(read(config, "/v1/health/state/any".to_owned()))
}

/// Asks for the names of all services.
pub(super) fn services(config: &Config) -> Call {
    Call::get(read(config, "/v1/catalog/services".to_owned()))
}

/// Makes a question wait for news, up to a time.
pub(super) fn blocking(mut call: Call, index: &Index, wait: Duration) -> Call {
    if index.next == 0 {
        return call;
    }
    // Consul takes no fractions of seconds everywhere; it adds up to a sixteenth of its own.
    let millis = wait.as_millis().max(1);
    call.path.push(separator(&call.path));
    call.path
        .push_str(&format!("index={}&wait={millis}ms", index.next));
    call.within(wait + wait / 16 + CALL_TIMEOUT)
}

/// Adds what every read of the catalog says.
fn read(config: &Config, mut path: String) -> String {
    let mut separator = '?';
    let mut add = |text: &str| {
        path.push(separator);
        path.push_str(text);
        separator = '&';
    };
    if !config.datacenter.is_empty() {
        add(&format!("dc={}", escape(&config.datacenter)));
    }
    if !config.namespace.is_empty() {
        add(&format!("ns={}", escape(&config.namespace)));
    }
    if config.stale {
        add("stale");
    }
    path
}

/// Asks who has an instance, as the servers know it: not in another datacenter, for what an agent has is in its own.
pub(super) fn entries(config: &Config, key: &Key) -> Call {
    let mut path = format!("/v1/catalog/service/{}", escape(&key.name));
    // A host may have any characters; a quote would end the text.
    if !key.id.contains(['"', '\\']) {
        path.push_str("?filter=");
        path.push_str(&escape(&format!("ServiceID==\"{}\"", key.id)));
    }
    Call::get(within(config, path)).first()
}

/// A path of the agent's, in the namespace.
pub(super) fn within(config: &Config, path: String) -> String {
    match config.namespace.is_empty() {
        true => path,
        false => format!("{path}{}ns={}", separator(&path), escape(&config.namespace)),
    }
}

fn separator(path: &str) -> char {
    if path.contains('?') { '&' } else { '?' }
}
