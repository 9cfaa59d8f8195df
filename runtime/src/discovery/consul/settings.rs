//! How a `Consul` is made, and its settings.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use super::Consul;
use super::address::Address;
use super::config::{Check, Config, SHORTEST_KEEP};
use super::env;
use super::secret::Secret;
use crate::error::{Error, Result};

impl Consul {
    /// Asks the agent at an address: `http://host:port`, `https://host:port`, `unix:///path`, or `host:port`.
    ///
    /// An `https` address also needs `Consul::tls`; both need the feature `tls`. Nothing is taken from the environment.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the address is none.
    pub fn new(address: &str) -> Result<Self> {
        Ok(Self::with(Config::new(Address::parse(address)?)))
    }

    /// Asks the agent that the variables of Consul's own tools name.
    ///
    /// These are `CONSUL_HTTP_ADDR` (default `127.0.0.1:8500`), `CONSUL_HTTP_TOKEN`, `CONSUL_HTTP_TOKEN_FILE` (which goes
    /// before it), `CONSUL_HTTP_AUTH`, `CONSUL_HTTP_SSL`, `CONSUL_CACERT`, `CONSUL_CAPATH`, `CONSUL_CLIENT_CERT`,
    /// `CONSUL_CLIENT_KEY`, `CONSUL_TLS_SERVER_NAME` and `CONSUL_NAMESPACE`. `CONSUL_HTTP_SSL_VERIFY=false` is refused:
    /// authorities can be named.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument), naming the variable that cannot be used;
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if TLS is asked for, and cannot be had.
    pub fn from_env() -> Result<Self> {
        Ok(Self::with(env::config(None, &env::process)?))
    }

    /// Reads what `EZRPC_REGISTRY` has after `consul://`: `host:8500?dc=eu&tag=blue`. The rest is the environment's.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let address = Some(address.trim_end_matches('/')).filter(|address| !address.is_empty());
        let mut consul = Self::with(env::config(address, &env::process)?);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            consul = match key {
                "dc" => consul.datacenter(value),
                "ns" => consul.namespace(value),
                "tag" => consul.tag(value),
                "token" => {
                    return Err(Error::invalid_argument(
                        "a token does not belong in an address, which is logged: set CONSUL_HTTP_TOKEN",
                    ));
                }
                other => {
                    return Err(Error::invalid_argument(format!(
                        "`{other}` is no setting of consul: use dc, ns or tag"
                    )));
                }
            };
        }
        Ok(consul)
    }

    fn with(config: Config) -> Self {
        Self {
            config,
            engine: OnceLock::new(),
        }
    }

    /// A setting after the first use ends what is going on.
    fn set(self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config;
        change(&mut config);
        Self::with(config)
    }

    /// Shows this ACL token. It is not logged, nor part of any error.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if it has characters no header may have.
    pub fn token(self, token: &str) -> Result<Self> {
        let token = Secret::new("the Consul token", token)?;
        Ok(self.set(|config| config.access.token = Some(token)))
    }

    /// Says whom to trust, and what to show, over TLS; makes the address one of `https`.
    ///
    /// # Errors
    /// As [`Channel::tls`](crate::Channel::tls).
    #[cfg(feature = "tls")]
    pub fn tls(self, tls: crate::ClientTls) -> Result<Self> {
        let connector = tls.connector(crate::tls::Http::One)?;
        Ok(self.set(|config| {
            config.access.address.tls = true;
            config.access.tls.connector = Some(connector);
        }))
    }

    /// Finds services in this datacenter (default the agent's own). Registrations go to the agent whatever this says.
    #[must_use]
    pub fn datacenter(self, name: impl Into<String>) -> Self {
        self.set(|config| config.datacenter = name.into())
    }

    /// Finds and registers services in this namespace, of Consul Enterprise (default Consul's `default`).
    #[must_use]
    pub fn namespace(self, name: impl Into<String>) -> Self {
        self.set(|config| config.namespace = name.into())
    }

    /// Finds only instances with this tag, and registers with it; each call adds one (default none).
    #[must_use]
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.set(|config| config.tags.push(tag.into()))
    }

    /// Finds the instances that do not pass their health checks, if none does (default: finds none).
    #[must_use]
    pub fn fallback_to_unhealthy(self, fallback: bool) -> Self {
        self.set(|config| config.fallback_to_unhealthy = fallback)
    }

    /// Lets any server of Consul answer, also one that is behind or without a leader (default: the leader is asked).
    #[must_use]
    pub fn stale_reads(self, stale: bool) -> Self {
        self.set(|config| config.stale = stale)
    }

    /// Sets how long a blocking query waits for news (default 60 s, at least 1 s, at most Consul's 10 min). A connection that
    /// has died unnoticed is given up a little later.
    #[must_use]
    pub fn wait(self, wait: Duration) -> Self {
        let wait = wait.clamp(Duration::from_secs(1), Duration::from_secs(600));
        self.set(|config| config.wait = wait)
    }

    /// Keeps what is known of each watched service in files of this folder, for a start while Consul is away (default: nothing
    /// is kept). Processes with equal settings may share it.
    #[must_use]
    pub fn snapshots(self, folder: impl Into<PathBuf>) -> Self {
        self.set(|config| config.snapshots = Some(folder.into()))
    }

    /// Has the agent call grpc.health.v1 of what is registered: how often (default 5 s), and how long an answer may take
    /// (default 2 s).
    #[must_use]
    pub fn check(self, interval: Duration, timeout: Duration) -> Self {
        self.set(|config| config.check = Check::Grpc { interval, timeout })
    }

    /// Has what is registered say that it lives, three times within `ttl` (default: the agent calls it).
    #[must_use]
    pub fn ttl_check(self, ttl: Duration) -> Self {
        self.set(|config| config.check = Check::Ttl(ttl))
    }

    /// Sets after how long Consul removes what does not pass its check (default 10 min; Consul takes no less than 1 min).
    #[must_use]
    pub fn deregister_after(self, time: Duration) -> Self {
        self.set(|config| config.deregister_after = time)
    }

    /// Sets how often the agent is asked, at most, whether it still has what was registered (default 3 s, at least 100 ms).
    #[must_use]
    pub fn keep_every(self, time: Duration) -> Self {
        self.set(|config| config.keep = time.max(SHORTEST_KEEP))
    }

    /// Says where the agent of another node listens (default at the node's address and the port of our own agent), for the
    /// removal of what it has under an id of ours. It is shown the token.
    ///
    /// # Errors
    /// As [`Consul::new`].
    pub fn agent(self, node: impl Into<String>, address: &str) -> Result<Self> {
        let address = Address::parse(address)?;
        Ok(self.set(|config| _ = config.agents.insert(node.into(), address)))
    }
}
