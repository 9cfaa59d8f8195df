//! One accepted connection: TLS or not, HTTP/1.1 or HTTP/2 by its first bytes.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::life::{Life, Step};
use super::router::Router;
use super::running::ServeFuture;
use super::seldom::Seldom;
use crate::body::Body;
use crate::io::{self, Io};
use crate::tls::PeerCertificates;

/// What an HTTP/2 client says first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// hyper's least buffer.
const LEAST_BUFFER: usize = 8 << 10;

/// Bounds of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionOptions {
    /// Bytes of a header block.
    pub(crate) max_headers: u32,
    /// HTTP/2 streams open at once.
    pub(crate) max_streams: u32,
    /// HTTP/2 streams reset before they were looked at.
    pub(crate) max_resets: usize,
    /// Bytes a client may send ahead, per HTTP/2 stream and connection.
    ///
    /// h2 counts each small frame nobody has read as 256 bytes and ends a connection at half its window. The window of
    /// a connection is so much larger that one slow handler of tiny messages does not get there: of ten bytes
    /// each, 256 KiB are 26,000 frames, 6.4 MiB.
    pub(crate) windows: (u32, u32),
    /// How long the first bytes, the TLS handshake and each head of HTTP/1.1 may take.
    pub(crate) header_timeout: Duration,
    /// HTTP/2 pings: after how much silence, and how long an answer may take.
    pub(crate) keepalive: Option<(Duration, Duration)>,
    /// After how much silence the system probes the peer.
    pub(crate) tcp_keepalive: Option<Duration>,
    /// Connections open at once.
    pub(crate) max_connections: usize,
    /// How long nothing may move before a connection is closed.
    pub(crate) max_idle: Option<Duration>,
    /// How old a connection may grow.
    pub(crate) max_age: Option<Duration>,
    /// How long calls may go on after that.
    pub(crate) age_grace: Option<Duration>,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            max_headers: 16 << 10,
            max_streams: 1000,
            max_resets: 20,
            windows: (256 << 10, 16 << 20),
            header_timeout: Duration::from_secs(30),
            keepalive: None,
            tcp_keepalive: Some(Duration::from_secs(60)),
            max_connections: usize::MAX,
            max_idle: Some(Duration::from_secs(300)),
            max_age: None,
            age_grace: None,
        }
    }
}

/// What serves the connections of one server.
pub(crate) struct Http {
    pub(crate) options: ConnectionOptions,
    pub(crate) router: Arc<Router>,
    #[cfg(feature = "tls")]
    tls: Option<tokio_rustls::TlsAcceptor>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Http {
    pub(crate) fn new(options: ConnectionOptions, router: Router) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(options.header_timeout)
            .max_header_size(options.max_headers as usize)
            .max_buf_size((options.max_headers as usize).max(LEAST_BUFFER));
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_header_list_size(options.max_headers)
            .max_concurrent_streams(options.max_streams)
            .max_pending_accept_reset_streams(options.max_resets)
            .initial_stream_window_size(options.windows.0)
            .initial_connection_window_size(options.windows.1);
        if let Some((interval, timeout)) = options.keepalive {
            http2
                .keep_alive_interval(interval)
                .keep_alive_timeout(timeout);
        }
        Self {
            options,
            router: Arc::new(router),
            #[cfg(feature = "tls")]
            tls: None,
            http1,
            http2,
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn over_tls(mut self, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        self.tls = tls;
        self
    }
}

/// One accepted connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) http: Arc<Http>,
    /// Its sender is dropped when the server stops.
    pub(crate) stopped: watch::Receiver<()>,
}

/// A connection whose first bytes have been read.
struct Opened {
    io: Io,
    http2: bool,
    certificates: Option<PeerCertificates>,
}

impl Connection {
    /// Serves the connection to its end.
    pub(crate) async fn serve(self) {
        let Self {
            stream,
            peer,
            http,
            mut stopped,
        } = self;
        if let Err(error) = io::tune(&stream, http.options.tcp_keepalive) {
            tracing::debug!(%peer, %error, "cannot set options of the socket");
        }
        let opened = tokio::select! {
            // Bytes that are here are a request that must be answered.
            biased;
            opened = tokio::time::timeout(http.options.header_timeout, open(stream, &http)) => opened,
            () = stop(&mut stopped) => return,
        };
        let opened = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "connection without a request");
                return;
            }
            Err(_) => {
                tracing::debug!(%peer, "connection without a request in time");
                return;
            }
        };
        if let Err(error) = opened.serve(peer, &http, stopped).await {
            tracing::debug!(%peer, error = %source(&error), "connection ended");
        }
    }
}

/// Completes when the server stops, and what had come until then could be read.
async fn stop(stopped: &mut watch::Receiver<()>) {
    // An error, once the sender is dropped.
    let _ = stopped.changed().await;
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}

/// Makes the TLS connection, if there is to be one, and finds out which HTTP the client speaks.
async fn open(stream: TcpStream, http: &Http) -> std::io::Result<Opened> {
    #[cfg(feature = "tls")]
    let (mut io, certificates) = match &http.tls {
        Some(acceptor) => crate::tls::accept(acceptor, stream).await?,
        None => (Io::plain(stream), None),
    };
    #[cfg(not(feature = "tls"))]
    let (mut io, certificates) = {
        let _ = http;
        (Io::plain(stream), None)
    };
    let mut first = [0; PREFACE.len()];
    let mut length = 0;
    while length < first.len() && first[..length] == PREFACE[..length] {
        match io.read(&mut first[length..]).await? {
            // hyper says what is wrong with half a preface.
            0 if length > 0 => break,
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => length += read,
        }
    }
    io.rewind(Bytes::copy_from_slice(&first[..length]));
    Ok(Opened {
        io,
        http2: first == *PREFACE,
        certificates,
    })
}

impl Opened {
    async fn serve(
        self,
        peer: SocketAddr,
        http: &Http,
        stopped: watch::Receiver<()>,
    ) -> hyper::Result<()> {
        let mut life = Life::new(&http.options, self.http2, self.io.moved(), stopped);
        let handler = Handler {
            router: Arc::clone(&http.router),
            peer,
            certificates: self.certificates,
        };
        let io = TokioIo::new(self.io);
        // Boxed: one task is as large as the larger of the two.
        match self.http2 {
            true => {
                let connection = Box::pin(http.http2.serve_connection(io, handler));
                drive(connection, &mut life).await
            }
            false => {
                let connection = Box::pin(http.http1.serve_connection(io, handler));
                drive(connection, &mut life).await
            }
        }
    }
}

/// A connection that can be told to take no more requests.
trait Graceful: Future<Output = hyper::Result<()>> {
    fn wind_down(self: Pin<&mut Self>);
}

impl Graceful for http1::Connection<TokioIo<Io>, Handler> {
    fn wind_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl Graceful for http2::Connection<TokioIo<Io>, Handler, TokioExecutor> {
    fn wind_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Runs a connection until it ends, by itself or as its life has it.
async fn drive(mut connection: Pin<Box<impl Graceful>>, life: &mut Life) -> hyper::Result<()> {
    loop {
        let step = tokio::select! {
            biased;
            ended = &mut connection => return ended,
            step = Seldom::new(life.step()) => step,
        };
        match step {
            Step::WindDown => connection.as_mut().wind_down(),
            Step::Cut => return Ok(()),
        }
    }
}

/// What an error of hyper's is about.
fn source(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The requests of one connection.
struct Handler {
    router: Arc<Router>,
    peer: SocketAddr,
    certificates: Option<PeerCertificates>,
}

impl hyper::service::Service<Request<Incoming>> for Handler {
    type Response = http::Response<Body>;
    type Error = std::convert::Infallible;
    type Future = ServeFuture;

    fn call(&self, mut request: Request<Incoming>) -> ServeFuture {
        if let Some(certificates) = &self.certificates {
            request.extensions_mut().insert(certificates.clone());
        }
        self.router
            .serve(request.map(Body::incoming), Some(self.peer))
    }
}
