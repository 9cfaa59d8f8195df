//! The life of a server: bind, register, serve, say that it stops, drain, end.

use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::access::{Access, Policy};
use super::connection::{Connection, Http};
use super::health::Health;
use crate::call::Service;
use crate::discovery::{Endpoint, Registration, Registry};
use crate::error::Result;
use crate::method::Webapi;
use crate::protocol::Protocol;

/// How many connections the system keeps for a listener that is to accept them.
const BACKLOG: usize = 1024;

/// How a server ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) drain_window: Duration,
    pub(crate) hard_deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            drain_window: Duration::ZERO,
            hard_deadline: Duration::from_secs(10),
        }
    }
}

/// A server that holds its address and is ready to serve.
#[must_use = "a bound server accepts calls once `serve` is awaited"]
pub struct Bound {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    pub(super) listener: TcpListener,
    pub(super) http: Arc<Http>,
    pub(super) health: Health,
    pub(super) services: Vec<&'static str>,
    pub(super) registry: Option<Arc<dyn Registry>>,
    /// What the registry is told.
    pub(super) advertised: String,
    pub(super) options: Options,
}

impl Bound {
    /// Returns the address with the port taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns what grpc.health.v1 answers, to be set by the application.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Serves until SIGTERM or Ctrl-C, then ends as [`Bound::serve_until`].
    ///
    /// # Errors
    /// As [`Bound::serve_until`].
    pub async fn serve(self) -> Result<()> {
        self.serve_until(terminated()).await
    }

    /// Serves until `stop` completes, then ends without losing a call.
    ///
    /// In order: health says NOT_SERVING, the registry forgets the services, the drain window passes with
    /// calls still taken, the listener closes, connections finish what they have (GOAWAY), and what is left
    /// at the hard deadline is cut off.
    ///
    /// # Errors
    /// What the registry says to the registration. Failures of single connections are logged at `debug`.
    pub async fn serve_until(self, stop: impl Future<Output = ()>) -> Result<()> {
        if let Err(error) = self.register().await {
            // Those that came before the one that failed.
            self.deregister().await;
            return Err(error);
        }
        let mut connections = self.accept(stop).await;
        let hard_deadline = self.options.hard_deadline;
        // Closes the socket: from here on connecting fails at once.
        drop(self.listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(hard_deadline, all).await.is_err() {
            tracing::warn!(
                server = self.name,
                ?hard_deadline,
                "calls cut off at the hard deadline"
            );
        }
        connections.shutdown().await;
        Ok(())
    }

    /// Accepts connections until the server has drained; returns those still open, which then wind down.
    async fn accept(&self, stop: impl Future<Output = ()>) -> JoinSet<()> {
        let mut connections = JoinSet::new();
        // Dropped on return, which tells the connections.
        let (_stopping, stopped) = watch::channel(());
        let mut drained = std::pin::pin!(self.drained(stop));
        loop {
            // Beyond that many, clients wait in the listener's queue.
            let room = connections.len() < self.http.options.max_connections;
            tokio::select! {
                accepted = self.listener.accept(), if room => match accepted {
                    Ok(accepted) => {
                        connections.spawn(self.connection(accepted, &stopped).serve());
                    }
                    Err(error) => self.accept_failed(&error).await,
                },
                // Finished connections are let go at once.
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                () = &mut drained => break,
            }
        }
        // Those the system has connected already: their requests may be here.
        tokio::task::yield_now().await;
        for _ in 0..BACKLOG {
            let waiting = poll_fn(|cx| Poll::Ready(self.listener.poll_accept(cx)));
            match waiting.await {
                Poll::Ready(Ok(accepted)) => {
                    connections.spawn(self.connection(accepted, &stopped).serve());
                }
                _ => break,
            }
        }
        connections
    }

    fn connection(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
        stopped: &watch::Receiver<()>,
    ) -> Connection {
        Connection {
            stream,
            peer,
            http: Arc::clone(&self.http),
            stopped: stopped.clone(),
        }
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.advertised)
    }

    async fn register(&self) -> Result<()> {
        if let Some(registry) = &self.registry {
            for service in &self.services {
                let registration = Registration::new(*service, self.endpoint());
                registry.register(registration).await?;
            }
        }
        tracing::info!(server = self.name, address = %self.address, services = ?self.services, "serving");
        Ok(())
    }

    /// Completes when the server has been told to stop and nobody should send it new calls any more.
    async fn drained(&self, stop: impl Future<Output = ()>) {
        stop.await;
        tracing::info!(server = self.name, "stopping");
        self.health.shut_down();
        self.deregister().await;
        tokio::time::sleep(self.options.drain_window).await;
    }

    /// Takes the services out of the registry; one that does not answer must not keep the server from ending.
    async fn deregister(&self) {
        let Some(registry) = &self.registry else {
            return;
        };
        let all = async {
            for service in &self.services {
                if let Err(error) = registry.deregister(service, &self.endpoint()).await {
                    tracing::warn!(server = self.name, service, ?error, "cannot deregister");
                }
            }
        };
        if tokio::time::timeout(self.options.hard_deadline, all)
            .await
            .is_err()
        {
            let registry = registry.describe();
            tracing::warn!(
                server = self.name,
                registry,
                "cannot deregister: no answer within the hard deadline"
            );
        }
    }

    /// Out of sockets or memory: waits a little so that what is there can end.
    async fn accept_failed(&self, error: &std::io::Error) {
        if error.kind() == std::io::ErrorKind::ConnectionAborted {
            // The client has gone while it waited, which says nothing of the next one.
            return;
        }
        tracing::warn!(server = self.name, %error, "cannot accept");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("name", &self.name)
            .field("address", &self.address)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// Says at start which methods will answer 401 to everybody.
pub(super) fn warn_fail_closed(server: &str, policy: Policy, services: &[Arc<dyn Service>]) {
    let closed: Vec<&str> = services
        .iter()
        .flat_map(|service| service.desc().methods())
        .filter(|m| {
            // On its own path a binding is enabled by being there.
            let enable = m.web().enable || !m.http_routes().is_empty();
            let web = Webapi { enable, ..m.web() };
            policy.access(Protocol::Webapi, web) == Access::FailClosed
        })
        .map(|m| m.path())
        .collect();
    if !closed.is_empty() {
        tracing::warn!(
            server,
            methods = ?closed,
            "enabled over HTTP but closed, as there is no authenticator: mark them public, set \
             Server::authenticator, or call Server::allow_anonymous"
        );
    }
}

/// Completes on SIGTERM or Ctrl-C.
async fn terminated() {
    tokio::select! {
        () = interrupted() => {}
        () = told_to_terminate() => {}
    }
}

/// Completes on Ctrl-C; never, if the system does not let us know.
async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "cannot wait for Ctrl-C");
        std::future::pending::<()>().await;
    }
}

/// Completes on SIGTERM; never, where there is no such thing.
async fn told_to_terminate() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
                return;
            }
            Err(error) => tracing::warn!(%error, "cannot wait for SIGTERM"),
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::discovery::{BoxFuture, Registration, Snapshot, Watch};
    use crate::error::Error;
    use crate::server::{Health, Server};

    /// A registry that refuses, or never answers who leaves; it writes down what it is asked.
    #[derive(Clone, Default)]
    struct Bad {
        refuses: bool,
        asked: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Registry for Bad {
        fn register(&self, _: Registration) -> BoxFuture<'_, Result<()>> {
            self.asked.lock().unwrap().push("register");
            Box::pin(async {
                match self.refuses {
                    true => Err(Error::unavailable("no")),
                    false => Ok(()),
                }
            })
        }

        fn deregister<'a>(&'a self, _: &'a str, _: &'a Endpoint) -> BoxFuture<'a, Result<()>> {
            self.asked.lock().unwrap().push("deregister");
            Box::pin(std::future::pending())
        }

        fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
            Box::pin(async { Ok(Snapshot::from([])) })
        }

        fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn watch(&self, _: &str) -> Watch {
            Watch::fixed([])
        }

        fn describe(&self) -> String {
            "bad".into()
        }
    }

    async fn serve(registry: Bad) -> Result<()> {
        let service = Health::new(std::iter::empty());
        let server = Server::new("test").registry(registry);
        let mut bound = server.bind("127.0.0.1:0").await?;
        // Any service will do to be registered.
        bound.services = vec![crate::call::Service::desc(&service).name()];
        bound.serve_until(async {}).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_hangs_does_not_keep_a_server_from_ending() {
        let registry = Bad::default();
        assert!(serve(registry.clone()).await.is_ok());
        assert_eq!(*registry.asked.lock().unwrap(), ["register", "deregister"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_registered_before_a_failure_is_taken_back() {
        let registry = Bad {
            refuses: true,
            ..Bad::default()
        };
        assert!(serve(registry.clone()).await.is_err());
        assert_eq!(*registry.asked.lock().unwrap(), ["register", "deregister"]);
    }
}
