//! One HTTP/2 connection to one endpoint, made when it is first needed and again when it is lost.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use h2::Ping;
use h2::client::{Builder, SendRequest};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::transport::Transport;
use crate::io::{Io, Moved};
use crate::random;

/// How long to leave an endpoint alone after the first failure; doubled by each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_secs(3);
/// Bytes a peer may send ahead, per stream and per connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// What small frames that no caller has read may cost, at 256 bytes each: enough for a full window of one stream in
/// messages of ten bytes. Over it h2 would end the connection.
const SMALL_FRAMES: usize = 32 << 20;
/// The longest header block of a reply: peers send trailers of up to 8 to 16 KiB.
const MAX_HEADERS: u32 = 16 << 10;

/// What sends requests on an open connection.
pub(super) type Sender = SendRequest<Bytes>;

/// The place of a connection: one endpoint's, in one tokio runtime.
pub(super) struct Slot {
    address: Arc<str>,
    transport: Transport,
    /// Calls under way at the endpoint.
    in_flight: Arc<AtomicUsize>,
    /// Connections opened since a call was last answered.
    unanswered: AtomicU32,
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    /// Counts connections, so that the end of an old one is not taken for that of its successor.
    generation: u64,
    /// Failures to connect since the last success.
    failures: u32,
    retry_at: Option<Instant>,
    error: Option<Arc<str>>,
}

enum Connection {
    None,
    /// Completes, by being dropped, when the attempt is over.
    Opening(watch::Receiver<()>),
    Open(Sender),
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Unreachable {
    /// What the system says.
    pub(super) error: Arc<str>,
}

/// An open connection, by which it can be given up later.
pub(super) struct Lease {
    pub(super) sender: Sender,
    pub(super) generation: u64,
}

impl Slot {
    pub(super) fn new(
        address: Arc<str>,
        transport: Transport,
        in_flight: Arc<AtomicUsize>,
    ) -> Arc<Self> {
        Arc::new(Self {
            address,
            transport,
            in_flight,
            unanswered: AtomicU32::new(0),
            state: Mutex::new(State {
                connection: Connection::None,
                generation: 0,
                failures: 0,
                retry_at: None,
                error: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after each assignment, so a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a connection or a reason to wait with one.
    pub(super) fn is_in_use(&self) -> bool {
        let state = self.lock();
        !matches!(state.connection, Connection::None)
            || state.retry_at.is_some_and(|at| at > Instant::now())
    }

    /// When an endpoint that could not be reached may be tried again; `None` if it can be used now.
    pub(super) fn down_until(&self) -> Option<Instant> {
        let state = self.lock();
        match state.connection {
            Connection::None => state.retry_at.filter(|at| *at > Instant::now()),
            Connection::Opening(_) | Connection::Open(_) => None,
        }
    }

    /// Returns the connection, opening it if need be; callers at the same time share one attempt.
    pub(super) async fn open(self: &Arc<Self>) -> Result<Lease, Unreachable> {
        let mut over = match self.open_or_start()? {
            Ok(lease) => return Ok(lease),
            Err(over) => over,
        };
        // Nothing is ever sent: it ends when the attempt drops its side.
        let _ = over.changed().await;
        let state = self.lock();
        match &state.connection {
            Connection::Open(sender) => Ok(Lease {
                sender: sender.clone(),
                generation: state.generation,
            }),
            _ => Err(state.unreachable()),
        }
    }

    fn open_or_start(self: &Arc<Self>) -> Result<Result<Lease, watch::Receiver<()>>, Unreachable> {
        let mut state = self.lock();
        match &state.connection {
            Connection::Open(sender) => Ok(Ok(Lease {
                sender: sender.clone(),
                generation: state.generation,
            })),
            Connection::Opening(over) => Ok(Err(over.clone())),
            Connection::None => {
                if state.retry_at.is_some_and(|at| at > Instant::now()) {
                    return Err(state.unreachable());
                }
                let (attempt, over) = watch::channel(());
                state.generation += 1;
                state.connection = Connection::Opening(over.clone());
                let ending = Ending {
                    slot: Arc::downgrade(self),
                    generation: state.generation,
                };
                let unanswered = self.unanswered.fetch_add(1, Ordering::Relaxed);
                let pause = unanswered.checked_sub(1).map(backoff);
                let dial = Dial {
                    address: Arc::clone(&self.address),
                    transport: self.transport.clone(),
                    in_flight: Arc::clone(&self.in_flight),
                };
                tokio::spawn(async move {
                    // Whoever takes connections and does nothing with them is not stormed.
                    if let Some(pause) = pause {
                        sleep(pause).await;
                    }
                    run(dial, ending, attempt).await;
                });
                Ok(Err(over))
            }
        }
    }

    /// Takes note that somebody answers calls there.
    pub(super) fn answered(&self) {
        self.unanswered.store(0, Ordering::Relaxed);
    }

    /// Gives up a connection that takes no more requests; those under way on it go on.
    pub(super) fn retire(&self, generation: u64) {
        self.close(generation);
    }

    /// Writes down how an attempt went.
    fn settle(
        &self,
        generation: u64,
        connected: std::io::Result<(Sender, Driver, Arc<Moved>)>,
    ) -> Option<(Driver, Arc<Moved>)> {
        let mut state = self.lock();
        if state.generation != generation {
            return None;
        }
        match connected {
            Ok((sender, driver, moved)) => {
                state.failures = 0;
                state.retry_at = None;
                state.error = None;
                state.connection = Connection::Open(sender);
                Some((driver, moved))
            }
            Err(error) => {
                tracing::debug!(address = %self.address, %error, "cannot connect");
                // How long to wait is written down there.
                self.answered();
                state.failed(&error);
                None
            }
        }
    }

    fn close(&self, generation: u64) {
        let mut state = self.lock();
        if state.generation == generation {
            state.connection = Connection::None;
        }
    }
}

impl State {
    fn unreachable(&self) -> Unreachable {
        Unreachable {
            error: self
                .error
                .clone()
                .unwrap_or_else(|| "connection closed".into()),
        }
    }

    fn failed(&mut self, error: &std::io::Error) {
        self.retry_at = Some(Instant::now() + backoff(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.error = Some(error.to_string().into());
        self.connection = Connection::None;
    }
}

/// How long to wait after as many failures before the last one.
fn backoff(failures: u32) -> Duration {
    let longest = FIRST_BACKOFF
        .saturating_mul(1 << failures.min(16))
        .min(LONGEST_BACKOFF);
    // Half of it is jitter, so that clients do not come back in step.
    let jitter = random::below(longest.as_micros() as usize / 2 + 1) as u64;
    longest / 2 + Duration::from_micros(jitter)
}

/// Says that a connection has ended when its task is dropped, also when that is because the runtime goes.
struct Ending {
    // Weak, so that a connection ends when the last channel that could use it does.
    slot: Weak<Slot>,
    generation: u64,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.upgrade() {
            slot.close(self.generation);
        }
    }
}

type Driver = h2::client::Connection<Io, Bytes>;

/// What it takes to open a connection and to keep it.
struct Dial {
    address: Arc<str>,
    transport: Transport,
    in_flight: Arc<AtomicUsize>,
}

/// Opens a connection and drives it to its end; `attempt` is dropped when others need not wait any more.
async fn run(dial: Dial, ending: Ending, attempt: watch::Sender<()>) {
    let connected = dial.connect().await;
    let driver = match ending.slot.upgrade() {
        Some(slot) => slot.settle(ending.generation, connected),
        None => return,
    };
    drop(attempt);
    let Some((driver, moved)) = driver else {
        return;
    };
    let ended = match dial.transport.keepalive {
        None => driver.await.map_err(|error| error.to_string()),
        Some((interval, limit)) => dial.keep(driver, &moved, (interval, limit)).await,
    };
    if let Err(error) = ended {
        tracing::debug!(address = %dial.address, error, "connection ended");
    }
}

impl Dial {
    async fn connect(&self) -> std::io::Result<(Sender, Driver, Arc<Moved>)> {
        let connecting = async {
            let io = self.transport.connect(&self.address).await?;
            let moved = io.moved();
            let (sender, driver) = Builder::new()
                .enable_push(false)
                .initial_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .data_frame_budget(SMALL_FRAMES)
                .max_header_list_size(MAX_HEADERS)
                .handshake(io)
                .await
                .map_err(std::io::Error::other)?;
            Ok((sender, driver, moved))
        };
        let limit = self.transport.connect_timeout;
        match timeout(limit, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                format!("no connection within {limit:?}"),
            )),
        }
    }

    /// Drives a connection, and gives it up when the server is silent while calls wait for it.
    async fn keep(
        &self,
        mut driver: Driver,
        moved: &Moved,
        (interval, limit): (Duration, Duration),
    ) -> Result<(), String> {
        let mut pings = driver.ping_pong();
        let silent = async {
            loop {
                sleep(interval).await;
                let quiet = !moved.take_inwards();
                let waiting = self.in_flight.load(Ordering::Relaxed) > 0;
                if let Some(pings) = &mut pings
                    && quiet
                    && waiting
                    && timeout(limit, pings.ping(Ping::opaque())).await.is_err()
                {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            ended = &mut driver => ended.map_err(|error| error.to_string()),
            () = silent => Err(format!("no answer to a ping within {limit:?}")),
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("address", &self.address)
            .field("in_use", &self.is_in_use())
            .finish()
    }
}
