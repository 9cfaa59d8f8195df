//! A server for one test: bound to a free port, stopped by hand.

use std::future::Future;
use std::net::SocketAddr;

use ezrpc::{Channel, Health, Result, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::echo::Echo;
use crate::proto::e2e::{EchoClient, EchoServer};

/// A server that runs until it is stopped, or until its test's runtime ends.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it says of its health.
    pub health: Health,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Running {
    /// Starts a server on a free port. It takes connections when this returns.
    pub async fn start(server: Server) -> Self {
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let (addr, health) = (bound.local_addr(), bound.health());
        let (stop, stopped) = oneshot::channel();
        // Without the sender nobody stops it.
        let until = async move {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let task = tokio::spawn(bound.serve_until(until));
        Self {
            addr,
            health,
            stop,
            task,
        }
    }

    /// Starts a server of an Echo service as it comes.
    pub async fn echo() -> Self {
        Self::start(Server::new("echo").add(EchoServer::new(Echo::default()))).await
    }

    /// Two servers: the handler of the first calls one of the second, which calls nobody who is there.
    pub async fn two_hops() -> (Self, Self) {
        let (front, back) = (Echo::default(), Echo::default());
        let nobody = Channel::connect("127.0.0.1:1").expect("an address");
        back.call_next(EchoClient::new(nobody));
        let back = Self::start(Server::new("back").add(EchoServer::new(back))).await;
        front.call_next(back.client());
        let front = Self::start(Server::new("front").add(EchoServer::new(front))).await;
        (front, back)
    }

    /// A client of this server.
    pub fn client(&self) -> EchoClient {
        EchoClient::new(Channel::to(self.addr))
    }

    /// Tells the server to stop; what comes back completes when it has.
    pub fn stop(self) -> impl Future<Output = Result<()>> {
        let Self { stop, task, .. } = self;
        // Fails if it has ended already.
        let _ = stop.send(());
        async move { task.await.expect("the server does not panic") }
    }
}

/// Completes at the end of the program's input: what tells a server in a process of its own to stop.
pub async fn input_ends() {
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    // Nothing else than the end is told.
    let _ = end.await;
}
