//! Opens an HTTP/2 connection, drives it, and gives it up when its server falls silent.

use std::future::{Future, poll_fn};
use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;

use bytes::Bytes;
use h2::client::Builder;
use tokio::time::timeout;

use super::connection::Sender;
use super::endpoint::Common;
use super::keepalive;
use crate::io::{Io, Moved};

/// Bytes a peer may send ahead, per stream and per connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// What small frames that no caller has read may cost, at 256 bytes each: enough for a full window of one stream in
/// messages of ten bytes. Over it h2 would end the connection.
const SMALL_FRAMES: usize = 32 << 20;
/// The longest header block of a reply: peers send trailers of up to 8 to 16 KiB.
const MAX_HEADERS: u32 = 16 << 10;

pub(super) type Driver = h2::client::Connection<Io, Bytes>;

/// What an open connection, its calls and its pings know of each other.
#[derive(Debug)]
pub(super) struct Line {
    moved: Arc<Moved>,
    /// Whether a request was sent since somebody last asked.
    asked: AtomicBool,
    calls: AtomicU32,
    /// Whether its end was counted against the endpoint.
    blamed: AtomicBool,
}

impl Line {
    fn new(moved: Arc<Moved>) -> Self {
        Self {
            moved,
            asked: AtomicBool::new(false),
            calls: AtomicU32::new(0),
            blamed: AtomicBool::new(false),
        }
    }

    /// Counts a call as under way; returns a mark of what the server has said until now.
    pub(super) fn begin(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.asked.store(true, Ordering::Relaxed);
        self.moved.reads()
    }

    /// Counts it no more.
    pub(super) fn end(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether the server has said anything since a mark.
    pub(super) fn is_silent_since(&self, mark: u32) -> bool {
        self.moved.reads() == mark
    }

    /// Whether nobody has blamed the endpoint for the end of this connection; from now on somebody has.
    pub(super) fn blame(&self) -> bool {
        !self.blamed.swap(true, Ordering::Relaxed)
    }

    /// A mark of what the server has said until now.
    pub(super) fn mark(&self) -> u32 {
        self.moved.reads()
    }

    /// Whether a request was sent since this was last asked.
    pub(super) fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// Whether calls are under way.
    pub(super) fn is_waiting(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > 0
    }
}

/// What it takes to open a connection and to keep it.
pub(super) struct Dial {
    pub(super) address: Arc<str>,
    pub(super) common: Arc<Common>,
}

/// Why a connection ended.
pub(super) struct Ended {
    pub(super) error: String,
    /// The server no longer answered.
    pub(super) silent: bool,
}

impl Dial {
    /// Connects, and waits until the server has spoken: a frozen process still has its system take connections.
    pub(super) async fn connect(&self) -> IoResult<(Sender, Driver, Arc<Line>)> {
        let limit = self.common.transport.connect_timeout;
        match timeout(limit, self.greeted()).await {
            Ok(connected) => connected,
            Err(_) => Err(IoError::new(
                ErrorKind::TimedOut,
                format!("no connection within {limit:?}"),
            )),
        }
    }

    async fn greeted(&self) -> IoResult<(Sender, Driver, Arc<Line>)> {
        let io = self.common.transport.connect(&self.address).await?;
        let moved = io.moved();
        let (sender, mut driver) = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .data_frame_budget(SMALL_FRAMES)
            .max_header_list_size(MAX_HEADERS)
            .handshake(io)
            .await
            .map_err(plain)?;
        poll_fn(|cx| match Pin::new(&mut driver).poll(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(plain(error))),
            Poll::Ready(Ok(())) => Poll::Ready(Err(ErrorKind::ConnectionAborted.into())),
            // The driver has read whatever there is, and wakes this task when there is more.
            Poll::Pending if moved.reads() > 0 => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        })
        .await?;
        Ok((sender, driver, Arc::new(Line::new(moved))))
    }

    /// Drives a connection to its end, which comes when the server is silent while calls wait for it.
    pub(super) async fn drive(&self, mut driver: Driver, line: &Line) -> Result<(), Ended> {
        let pings = driver.ping_pong();
        let silent = async {
            match (self.common.transport.keepalive, pings) {
                (Some(keepalive), Some(pings)) => keepalive::silence(keepalive, line, pings).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = &mut driver => ended.map_err(|error| Ended {
                error: error.to_string(),
                silent: false,
            }),
            error = silent => Err(Ended { error, silent: true }),
        }
    }
}

/// What the system said, where h2 has it.
fn plain(error: h2::Error) -> IoError {
    match error.is_io() {
        true => error.into_io().unwrap_or_else(|| ErrorKind::Other.into()),
        false => IoError::other(error),
    }
}
