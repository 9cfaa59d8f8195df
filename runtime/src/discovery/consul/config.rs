//! What a `Consul` is told: where the agent is, who asks, what counts, how often.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::address::Address;
use super::secret::Secret;
use crate::error::{Code, Error, Result};
#[cfg(feature = "tls")]
use crate::tls::Connector;

/// The agent is not asked more often whether it has what was registered.
pub(super) const SHORTEST_KEEP: Duration = Duration::from_millis(100);

/// The settings, each with its default.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) access: Access,
    /// The agent's own if empty.
    pub(super) datacenter: String,
    /// Consul's default one if empty.
    pub(super) namespace: String,
    /// An instance has all of them.
    pub(super) tags: Vec<String>,
    pub(super) fallback_to_unhealthy: bool,
    pub(super) stale: bool,
    /// How long a blocking query lasts at most.
    pub(super) wait: Duration,
    /// Where snapshots outlive the process.
    pub(super) snapshots: Option<PathBuf>,
    pub(super) check: Check,
    pub(super) deregister_after: Duration,
    /// How often the agent is asked whether it still has what was registered.
    pub(super) keep: Duration,
    /// Agents by their node's name, where they do not listen at the node's address.
    pub(super) agents: BTreeMap<String, Address>,
}

impl Config {
    pub(super) fn new(address: Address) -> Self {
        Self {
            access: Access {
                address,
                tls: Tls::default(),
                token: None,
                basic: None,
            },
            datacenter: String::new(),
            namespace: String::new(),
            tags: Vec::new(),
            fallback_to_unhealthy: false,
            stale: false,
            wait: Duration::from_secs(60),
            snapshots: None,
            check: Check::Grpc {
                interval: Duration::from_secs(5),
                timeout: Duration::from_secs(2),
            },
            deregister_after: Duration::from_secs(600),
            keep: Duration::from_secs(3),
            agents: BTreeMap::new(),
        }
    }
}

/// How an agent is reached, and what is shown to it.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) address: Address,
    pub(super) tls: Tls,
    /// The ACL token.
    pub(super) token: Option<Secret>,
    /// User and password for a proxy before the agent.
    pub(super) basic: Option<Secret>,
}

impl Access {
    /// Whether the address can be spoken to at all, which asking again does not change.
    ///
    /// # Errors
    /// [`Code::FailedPrecondition`] if TLS is asked for, and was not set up.
    pub(super) fn check(&self) -> Result<()> {
        match self.address.tls && !self.tls.is_set() {
            true => Err(Error::bare(
                Code::FailedPrecondition,
                format!(
                    "Consul at https://{}: no TLS was set up; call `Consul::tls`, of the feature `tls`",
                    self.address
                ),
            )),
            false => Ok(()),
        }
    }
}

/// How Consul tells whether an instance lives.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// The agent calls its grpc.health.v1.
    Grpc {
        interval: Duration,
        timeout: Duration,
    },
    /// It says so itself, three times within this time.
    Ttl(Duration),
}

/// What makes TLS connections to agents.
#[derive(Clone, Default)]
pub(super) struct Tls {
    #[cfg(feature = "tls")]
    pub(super) connector: Option<Connector>,
}

impl Tls {
    fn is_set(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.connector.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
