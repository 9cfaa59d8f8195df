//! The place of one HTTP/2 connection to one endpoint, made when it is first needed and again when it is lost.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::time::sleep;

use super::clock;
use super::dial::{Dial, Driver, Line};
use super::endpoint::Common;
use crate::random;

/// How long to leave an endpoint alone after the first failure; doubled by each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_secs(3);
/// After how many microseconds of connecting another endpoint is tried beside: 250 ms, as browsers do.
pub(super) const STAGGER: u64 = 250_000;

/// What sends requests on an open connection.
pub(super) type Sender = SendRequest<Bytes>;

/// The place of a connection: one endpoint's, in one tokio runtime.
pub(super) struct Slot {
    address: Arc<str>,
    common: Arc<Common>,
    /// Connections opened since a call was last answered.
    unanswered: AtomicU32,
    /// How many streams its server takes at once, as it said of the connection on which a call was answered last.
    streams: AtomicU32,
    /// The [`Phase`] of `state`, to be read without its lock.
    phase: AtomicU64,
    state: Mutex<State>,
}

struct State {
    connection: Option<Lease>,
    /// Counts connections, so that the end of an old one is not taken for that of its successor.
    generation: u64,
    /// Failures to connect since the last success.
    failures: u32,
    /// The last one.
    error: Option<Arc<str>>,
}

/// How the connection is, with times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Opening {
        since: u64,
    },
    Open,
    /// It could not be opened; not to be tried before then.
    Down {
        until: u64,
    },
}

impl Phase {
    fn pack(self) -> u64 {
        match self {
            Self::Open => u64::MAX,
            Self::Opening { since } => since << 1 | 1,
            Self::Down { until } => until << 1,
            Self::Idle => 0,
        }
    }

    fn unpack(packed: u64) -> Self {
        match (packed, packed & 1) {
            (u64::MAX, _) => Self::Open,
            (0, _) => Self::Idle,
            (_, 1) => Self::Opening { since: packed >> 1 },
            _ => Self::Down { until: packed >> 1 },
        }
    }
}

/// An open connection, by which it can be given up later.
#[derive(Clone)]
pub(super) struct Lease {
    pub(super) sender: Sender,
    pub(super) line: Arc<Line>,
    pub(super) generation: u64,
}

impl Slot {
    pub(super) fn new(address: Arc<str>, common: Arc<Common>) -> Arc<Self> {
        Arc::new(Self {
            address,
            common,
            unanswered: AtomicU32::new(0),
            streams: AtomicU32::new(u32::MAX),
            phase: AtomicU64::new(Phase::Idle.pack()),
            state: Mutex::new(State {
                connection: None,
                generation: 0,
                failures: 0,
                error: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after each assignment, so a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how the connection is.
    pub(super) fn phase(&self) -> Phase {
        Phase::unpack(self.phase.load(Ordering::Relaxed))
    }

    /// Only by whoever holds the lock.
    fn set_phase(&self, phase: Phase) {
        self.phase.store(phase.pack(), Ordering::Relaxed);
    }

    /// Looks as if it were so, for tests and benches of picks.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn pretend(&self, phase: Phase) {
        self.set_phase(phase);
    }

    /// How many streams its server takes at once, as far as is known.
    pub(super) fn streams(&self) -> u32 {
        self.streams.load(Ordering::Relaxed)
    }

    /// Looks as if the server had said so.
    #[cfg(test)]
    pub(super) fn pretend_streams(&self, streams: u32) {
        self.streams.store(streams, Ordering::Relaxed);
    }

    /// Whether there is a connection or a reason to wait with one.
    pub(super) fn is_in_use(&self) -> bool {
        match self.phase() {
            Phase::Idle => false,
            Phase::Opening { .. } | Phase::Open => true,
            Phase::Down { until } => until > clock::now(),
        }
    }

    /// Returns the connection, if there is one.
    pub(super) fn lease(&self) -> Option<Lease> {
        self.lock().connection.clone()
    }

    /// Starts to connect, unless that is under way or not to be tried now; within a runtime.
    pub(super) fn start(self: &Arc<Self>, now: u64) {
        let mut state = self.lock();
        match self.phase() {
            Phase::Open | Phase::Opening { .. } => return,
            Phase::Down { until } if until > now => return,
            Phase::Down { .. } | Phase::Idle => {}
        }
        state.generation += 1;
        self.set_phase(Phase::Opening { since: now });
        let ending = Ending {
            slot: Arc::downgrade(self),
            generation: state.generation,
        };
        drop(state);
        let unanswered = self.unanswered.fetch_add(1, Ordering::Relaxed);
        let pause = unanswered.checked_sub(1).map(backoff);
        let dial = Dial {
            address: Arc::clone(&self.address),
            common: Arc::clone(&self.common),
        };
        tokio::spawn(async move {
            // Whoever takes connections, greets, and does nothing with them is not stormed.
            if let Some(pause) = pause {
                sleep(pause).await;
            }
            run(dial, ending).await;
        });
    }

    /// Takes note that somebody answers calls there.
    pub(super) fn answered(&self) {
        // Read first: as a rule it is so, and all callers only read.
        if self.unanswered.load(Ordering::Relaxed) != 0 {
            self.unanswered.store(0, Ordering::Relaxed);
            // Once for a connection, when its settings have come for sure.
            if let Some(lease) = self.lease() {
                let streams = lease.sender.current_max_send_streams();
                let streams = u32::try_from(streams).unwrap_or(u32::MAX);
                self.streams.store(streams, Ordering::Relaxed);
            }
        }
    }

    /// Gives up a connection that takes no more requests; those under way on it go on.
    pub(super) fn retire(&self, generation: u64) {
        let mut state = self.lock();
        if state.generation == generation && state.connection.take().is_some() {
            self.set_phase(Phase::Idle);
        }
    }

    /// Lets an endpoint that could not be reached be tried at once.
    pub(super) fn renew(&self) {
        let mut state = self.lock();
        state.failures = 0;
        self.unanswered.store(0, Ordering::Relaxed);
        if let Phase::Down { .. } = self.phase() {
            self.set_phase(Phase::Idle);
        }
    }

    /// What the system said when it could not be reached last.
    pub(super) fn error(&self) -> Arc<str> {
        let error = self.lock().error.clone();
        error.unwrap_or_else(|| "connection closed".into())
    }

    /// Writes down how an attempt went.
    fn settle(
        &self,
        generation: u64,
        connected: std::io::Result<(Sender, Driver, Arc<Line>)>,
    ) -> Option<(Driver, Arc<Line>)> {
        let mut state = self.lock();
        if state.generation != generation {
            return None;
        }
        match connected {
            Ok((sender, driver, line)) => {
                state.failures = 0;
                state.error = None;
                state.connection = Some(Lease {
                    sender,
                    line: Arc::clone(&line),
                    generation,
                });
                self.set_phase(Phase::Open);
                Some((driver, line))
            }
            Err(error) => {
                tracing::debug!(address = %self.address, %error, "cannot connect");
                // How long to wait is written down there.
                self.unanswered.store(0, Ordering::Relaxed);
                self.fail(&mut state, &error.to_string());
                None
            }
        }
    }

    fn fail(&self, state: &mut State, error: &str) {
        let until = clock::now() + clock::micros(backoff(state.failures));
        state.failures = state.failures.saturating_add(1);
        state.error = Some(error.into());
        state.connection = None;
        self.set_phase(Phase::Down { until });
    }

    /// Takes note that a connection was given up because its server is silent.
    fn abandon(&self, generation: u64, error: &str) {
        let mut state = self.lock();
        if state.generation == generation {
            self.fail(&mut state, error);
        }
    }

    /// Takes note that the task of a connection has ended, if nothing else was said of it.
    fn close(&self, generation: u64) {
        let mut state = self.lock();
        if state.generation == generation
            && matches!(self.phase(), Phase::Open | Phase::Opening { .. })
        {
            state.connection = None;
            self.set_phase(Phase::Idle);
        }
        drop(state);
        self.common.bell.notify_waiters();
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

/// Opens a connection and drives it to its end.
async fn run(dial: Dial, ending: Ending) {
    let connected = dial.connect().await;
    let settled = match ending.slot.upgrade() {
        Some(slot) => slot.settle(ending.generation, connected),
        None => return,
    };
    dial.common.bell.notify_waiters();
    let Some((driver, line)) = settled else {
        return;
    };
    let Err(ended) = dial.drive(driver, &line).await else {
        return;
    };
    tracing::debug!(address = %dial.address, error = ended.error, "connection ended");
    if ended.silent
        && let Some(slot) = ending.slot.upgrade()
    {
        slot.abandon(ending.generation, &ended.error);
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("address", &self.address)
            .field("phase", &self.phase())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_fit_into_a_number() {
        let phases = [
            Phase::Idle,
            Phase::Open,
            Phase::Opening { since: 7 },
            Phase::Down { until: 8 },
        ];
        for phase in phases {
            assert_eq!(Phase::unpack(phase.pack()), phase);
        }
    }
}
