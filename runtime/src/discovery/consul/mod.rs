//! Services found in Consul, by the HTTP API of its agents.
//!
//! # Reading
//! `watch.rs` follows a service by a blocking query (`query.rs` has the rules for its index) and publishes what
//! `instances.rs` picks; `overflow.rs` tells what has changed to the services beyond the 48 that have a query of their own;
//! `cache.rs` keeps it on disk. `pace.rs` and `trouble.rs` bound how often is asked, and logged.
//!
//! # Writing
//! `members.rs` has what is to be registered and writes it (`register.rs` and `meta.rs` say how it looks), `maintain.rs`
//! repeats that when the agent has lost it, `strays.rs` sees to what other nodes have under the same id.
//!
//! # Below
//! `engine.rs` is the thread all of it runs on, `core.rs` what it shares. `agent.rs` makes calls over `connection.rs`, which
//! is hyper's client; `answers.rs` reads JSON into `types/`, which our own generator prints.

mod address;
mod agent;
mod answers;
mod cache;
mod config;
mod connection;
mod core;
mod engine;
mod env;
mod instances;
mod maintain;
mod members;
mod meta;
mod names;
mod overflow;
mod pace;
mod query;
mod register;
mod secret;
mod settings;
mod strays;
mod trouble;
mod types;
mod watch;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use config::Config;
use engine::Engine;

use super::{BoxFuture, Endpoint, Registration, Registry, Snapshot, Watch};
use crate::error::{Code, Error, Result};

/// How long clients may take to learn of a change: their queries are answered at once, and paced if changes are many.
const PROPAGATION: Duration = Duration::from_secs(2);

/// The registry Consul, reached by the HTTP API of an agent.
///
/// A service goes by its proto name with dashes, `shop-v1-Product`, for dots break Consul's DNS and consul-template; also one
/// that somebody else has registered so. Instances have the id `{name}:{host}:{port}`; their Meta has the proto name, version,
/// weight, description and what [`Endpoint::metadata`] says; their tags the methods, as `method-Get`, those open to HTTP also
/// as `webapi-Get`: `{{range service "webapi-Get.shop-v1-Product"}}` is every address that serves one.
///
/// All its work is done on a thread of its own, which starts with the first use and ends when this is dropped, and with it all
/// its watches. What was registered is then left to Consul's health check.
///
/// # Watches
/// Each of the first 48 services has a blocking query on a connection of its own; all others share one that tells which of
/// them to read, and are read every minute besides. So there are at most 57 connections, where an agent takes 200 from one
/// address. A change is seen at once, then paced: 5 a service in quick succession, further ones 200 ms apart (with the shared
/// query 2, and 500 ms).
///
/// While Consul cannot be asked, what was known stands, and it is asked again after 250 ms to 5 s; one line of log says so, one
/// that it is back. If its servers have lost all they knew, or may have while they could not be asked, an empty list is
/// believed after 10 s only: instances register again within that time. Any other empty list is passed on.
///
/// # Registrations
/// An agent that cannot be reached does not keep a server from serving: [`Registry::register`] returns `Ok`, and the
/// instance is registered once the agent is back. What Consul refuses, such as an ACL without permission, is an error. An
/// agent that has lost the registration, by a restart without its disk, gets it again within 5 s; one that Consul has removed
/// because its check did not pass comes back as one that does not. After [`Registry::deregister`] nothing brings it back.
///
/// Each value marks in Meta (`ezrpc_life`) what it registers, and takes only that back: so the old process of a restart on the
/// same port leaves the registration of the new one alone. Only what it never registered it removes whoever did.
///
/// The same id on another node is what is left of an earlier life: it is removed there, by the node's own agent, which
/// has to listen at the node's address and our agent's port unless [`Consul::agent`] says where. That agent is shown the token
/// only if it was named so, or over TLS. A token needs `service:write` for what it registers, `service:read` and `node:read` for
/// what it finds, and `agent:read` for this; without that, other nodes are left alone.
///
/// ```no_run
/// # fn example() -> ezrpc::Result<()> {
/// use ezrpc::{discovery::Consul, set_default_registry};
/// set_default_registry(Consul::new("http://127.0.0.1:8500")?.datacenter("eu"))?;
/// # Ok(())
/// # }
/// ```
pub struct Consul {
    config: Config,
    engine: OnceLock<Result<Engine, String>>,
}

impl Consul {
    fn engine(&self) -> Result<&Engine> {
        let start = || Engine::start(self.config.clone()).map_err(|e| e.message().to_owned());
        let engine = self.engine.get_or_init(start);
        engine
            .as_ref()
            .map_err(|text| Error::bare(Code::ResourceExhausted, text.clone()).inside())
    }
}

/// Reads what Consul answers for the instances of a service, as with default settings.
///
/// # Errors
/// If it is no such answer.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_instances(answer: &[u8]) -> Result<Snapshot> {
    let config = Config::new(address::Address::parse("127.0.0.1")?);
    let found = answers::items(answer)?;
    Ok(instances::snapshot(&found, &config))
}

impl Registry for Consul {
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let engine = self.engine()?;
            engine
                .run(|core| members::register(core, registration))
                .await
        })
    }

    fn deregister<'a>(
        &'a self,
        service: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let key = register::Key::new(service, &endpoint.address)?;
            let engine = self.engine()?;
            engine.run(|core| members::deregister(core, key)).await
        })
    }

    fn get<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let service = service.to_owned();
            let get =
                |core: std::sync::Arc<core::Core>| async move { watch::get(&core, &service).await };
            self.engine()?.run(get).await
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async move {
            let list = |core: std::sync::Arc<core::Core>| async move { core.list().await };
            self.engine()?.run(list).await
        })
    }

    fn watch(&self, service: &str) -> Watch {
        let (publisher, watch) = Watch::channel();
        match self.engine() {
            Ok(engine) => engine.spawn(|core| watch::follow(core, service.to_owned(), publisher)),
            Err(error) => publisher.failing(error.message()),
        }
        watch
    }

    fn describe(&self) -> String {
        core::describe(&self.config)
    }

    fn propagation(&self) -> Duration {
        PROPAGATION
    }
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consul({})", self.describe())
    }
}
