//! The life of a server: bind, register, serve, say that it stops, drain, end.

mod enrolment;
mod signals;

use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
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
use crate::error::Result;
use crate::method::{ServiceDesc, Webapi};
use crate::protocol::Protocol;

use enrolment::Enrolled;
pub(super) use enrolment::Enrolment;
pub(super) use signals::until_told;

/// How many connections the system keeps for a listener that is to accept them.
const BACKLOG: usize = 1024;

/// How a server ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// `None`: as long as the registry's news takes.
    pub(crate) drain_window: Option<Duration>,
    pub(crate) hard_deadline: Duration,
    /// How long the registry may take to forget the services.
    pub(crate) deregister_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            drain_window: None,
            hard_deadline: Duration::from_secs(10),
            deregister_timeout: Duration::from_secs(5),
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
    pub(super) enrolment: Arc<Enrolment>,
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

    /// Serves until SIGTERM or Ctrl-C, then ends as [`Bound::serve_until`]. A second signal ends the process at once, with
    /// status 128 and the signal's number, as shells have it.
    ///
    /// Several servers in one process are better given to a [`Supervisor`](crate::Supervisor).
    ///
    /// # Errors
    /// As [`Bound::serve_until`].
    pub async fn serve(self) -> Result<()> {
        signals::until_told(|stop| self.serve_until(stop)).await
    }

    /// Serves until `stop` completes, then ends without losing a call.
    ///
    /// At the start connections are accepted, then, as soon as health says SERVING (unless the application has said
    /// otherwise, at once), the services are registered.
    ///
    /// At the end, in order: health says NOT_SERVING, the registry forgets the services, the drain window passes with
    /// calls still taken, the listener closes, connections finish what they have (GOAWAY), and what is left
    /// at the hard deadline is cut off. Dropped before its end, it deregisters in the background, as far as the runtime lives
    /// on.
    ///
    /// # Errors
    /// What the registry says to the registration. Failures of single connections are logged at `debug`.
    pub async fn serve_until(self, stop: impl Future<Output = ()>) -> Result<()> {
        let (mut connections, lived) = self.accept(stop).await;
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
        lived
    }

    /// What the server calls itself.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The facts of the services added.
    pub(crate) fn services(&self) -> &[&'static ServiceDesc] {
        &self.enrolment.services
    }

    /// What the server is called in logs, and where it listens.
    pub(crate) fn title(&self) -> String {
        format!("server {} on {}", self.name, self.address)
    }

    /// Accepts connections until the server has drained; returns those still open, which then wind down.
    async fn accept(&self, stop: impl Future<Output = ()>) -> (JoinSet<()>, Result<()>) {
        let mut connections = JoinSet::new();
        // Dropped on return, which tells the connections.
        let (_stopping, stopped) = watch::channel(());
        let mut life = pin!(self.life(stop));
        let lived = loop {
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
                lived = &mut life => break lived,
            }
        };
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
        (connections, lived)
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

    /// Registers, waits for the end, and completes when nobody should send new calls any more.
    ///
    /// # Errors
    /// As [`Enrolment::register`].
    async fn life(&self, stop: impl Future<Output = ()>) -> Result<()> {
        let mut stop = pin!(stop);
        let mut enrolled = None;
        let start = async {
            self.health.serving().await;
            enrolled = Some(Enrolled::new(
                &self.enrolment,
                self.options.deregister_timeout,
            ));
            self.enrolment.register().await
        };
        let lived = tokio::select! {
            biased;
            registered = start => match registered {
                Ok(()) => {
                    tracing::info!(server = self.name, address = %self.address, services = ?self.enrolment, "serving");
                    stop.await;
                    Ok(())
                }
                Err(error) => Err(error),
            },
            () = &mut stop => Ok(()),
        };
        tracing::info!(server = self.name, "stopping");
        self.health.shut_down();
        let mut window = self.options.drain_window.unwrap_or_default();
        if let Some(enrolled) = enrolled {
            enrolled.end().await;
            let news = self.enrolment.propagation();
            window = self.options.drain_window.unwrap_or(news);
        }
        tokio::time::sleep(window).await;
        lived
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
            .field("services", &self.enrolment)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;
