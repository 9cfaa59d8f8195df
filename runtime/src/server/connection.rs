//! One accepted connection: HTTP/1.1 or HTTP/2, told apart by its first bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::router::Router;
use super::running::ServeFuture;
use crate::body::Body;

/// Bounds of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionOptions {
    /// Bytes of a header block.
    pub(crate) max_headers: u32,
    /// HTTP/2 streams open at once.
    pub(crate) max_streams: u32,
    /// How long a request's head may take over HTTP/1.1.
    pub(crate) header_timeout: Duration,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            max_headers: 16 << 10,
            max_streams: 1000,
            header_timeout: Duration::from_secs(30),
        }
    }
}

impl ConnectionOptions {
    /// Makes what serves each connection.
    pub(crate) fn builder(self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            // hyper's least is 8 KiB.
            .max_buf_size((self.max_headers as usize).max(8 << 10));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(self.max_headers)
            .max_concurrent_streams(self.max_streams);
        builder
    }
}

/// One accepted connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) router: Arc<Router>,
    /// Its sender is dropped when the server stops.
    pub(crate) stopped: watch::Receiver<()>,
    /// How long the client may say nothing at all.
    pub(crate) patience: Duration,
}

impl Connection {
    /// Serves the connection to its end.
    pub(crate) async fn serve(mut self, builder: Builder<TokioExecutor>, watcher: Watcher) {
        if !self.says_something().await {
            tracing::debug!(peer = %self.peer, "connection without a request");
            return;
        }
        let Self {
            stream,
            peer,
            router,
            ..
        } = self;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
        }
        let handler = Handler { router, peer };
        let connection = builder.serve_connection(TokioIo::new(stream), handler);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%peer, error, "connection ended");
        }
    }

    /// Waits for the first bytes, which hyper has no time limit for before it knows the HTTP version.
    async fn says_something(&mut self) -> bool {
        tokio::select! {
            // Bytes that are here are a request that must be answered.
            biased;
            readable = tokio::time::timeout(self.patience, self.stream.readable()) => {
                matches!(readable, Ok(Ok(())))
            }
            _ = self.stopped.changed() => false,
        }
    }
}

/// The requests of one connection.
struct Handler {
    router: Arc<Router>,
    peer: SocketAddr,
}

impl hyper::service::Service<Request<Incoming>> for Handler {
    type Response = http::Response<Body>;
    type Error = std::convert::Infallible;
    type Future = ServeFuture;

    fn call(&self, request: Request<Incoming>) -> ServeFuture {
        self.router
            .serve(request.map(Body::incoming), Some(self.peer))
    }
}
