//! One endpoint of a service as its clients see it: load, health, and a connection per runtime.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::uri::{Authority, Scheme};
use tokio::runtime;
use tokio::sync::Notify;

use super::connection::{Phase, Slot};
use super::health::Health;
use super::transport::Transport;

/// One endpoint, shared by all calls that may go there. It is its address: it stays the same one while weight,
/// version and all else that the registry says of it change.
pub(crate) struct Node {
    pub(super) address: Arc<str>,
    pub(super) health: Health,
    /// When it joined others that were there; 0 if it was there from the start.
    pub(super) joined: u64,
    common: Arc<Common>,
    origin: OnceLock<Origin>,
    in_flight: AtomicU32,
    /// A connection belongs to the runtime that drives it. Most processes have one runtime.
    first: OnceLock<(runtime::Id, Arc<Slot>)>,
    /// A process-wide client outlives runtimes.
    others: Mutex<Vec<(runtime::Id, Arc<Slot>)>>,
}

/// What all endpoints of a group share.
#[derive(Debug, Default)]
pub(super) struct Common {
    pub(super) transport: Transport,
    /// Rings when an attempt to connect is over.
    pub(super) bell: Notify,
}

/// What stands before the path of a request's address.
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

/// How well an endpoint can be used now, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It has a connection.
    Ready,
    /// It has one that takes no more calls now; they would queue.
    Full,
    /// It has none; it may have one soon.
    Unconnected,
    /// Connecting takes long.
    Stuck,
    /// It has failed calls in a row and is left alone; but could be used.
    Ejected,
    /// It could not be reached and is left alone.
    Down,
}

impl Node {
    /// Makes a node; no connection is opened yet.
    pub(super) fn new(address: &str, joined: u64, common: &Arc<Common>) -> Arc<Self> {
        Arc::new(Self {
            address: address.into(),
            health: Health::default(),
            joined,
            common: Arc::clone(common),
            origin: OnceLock::new(),
            in_flight: AtomicU32::new(0),
            first: OnceLock::new(),
            others: Mutex::new(Vec::new()),
        })
    }

    /// What stands before the path of a request's address.
    pub(super) fn origin(&self) -> &Origin {
        self.origin.get_or_init(|| Origin {
            scheme: self.common.transport.scheme(),
            // What cannot stand in a request (an IPv6 zone) is left out of it: the address is what is connected to.
            authority: Authority::try_from(&*self.address)
                .unwrap_or_else(|_| Authority::from_static("localhost")),
        })
    }

    /// Returns the place of the connection in this runtime.
    pub(super) fn slot(&self, runtime: runtime::Id) -> Arc<Slot> {
        let new = || Slot::new(Arc::clone(&self.address), Arc::clone(&self.common));
        let (id, slot) = self.first.get_or_init(|| (runtime, new()));
        if *id == runtime {
            return Arc::clone(slot);
        }
        let mut slots = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = slots.iter().find(|(id, _)| *id == runtime) {
            return Arc::clone(slot);
        }
        // A good time to forget the runtimes that are gone.
        slots.retain(|(_, slot)| slot.is_in_use());
        let slot = new();
        slots.push((runtime, Arc::clone(&slot)));
        slot
    }

    /// Returns how the connection in this runtime is.
    pub(super) fn phase(&self, runtime: runtime::Id) -> Phase {
        self.look(runtime, Slot::phase).unwrap_or(Phase::Idle)
    }

    /// Looks at the place of the connection in this runtime, if there is one.
    fn look<T>(&self, runtime: runtime::Id, look: impl FnOnce(&Slot) -> T) -> Option<T> {
        match self.first.get()? {
            (id, slot) if *id == runtime => Some(look(slot)),
            _ => {
                let slots = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                let slot = slots.iter().find(|(id, _)| *id == runtime);
                slot.map(|(_, slot)| look(slot))
            }
        }
    }

    /// Returns how well it can be used now.
    pub(super) fn standing(&self, runtime: runtime::Id, now: u64) -> Standing {
        let look = self.look(runtime, |slot| (slot.phase(), slot.streams()));
        let (phase, streams) = look.unwrap_or((Phase::Idle, u32::MAX));
        let standing = match phase {
            Phase::Open if self.load() >= streams => Standing::Full,
            Phase::Open => Standing::Ready,
            Phase::Down { until } if until > now => return Standing::Down,
            Phase::Idle | Phase::Down { .. } => Standing::Unconnected,
            Phase::Opening { since } if since.saturating_add(super::connection::STAGGER) > now => {
                Standing::Unconnected
            }
            Phase::Opening { .. } => Standing::Stuck,
        };
        match self.health.is_ejected(now) {
            true => Standing::Ejected,
            false => standing,
        }
    }

    /// Forgets what speaks against using it now.
    pub(super) fn renew(&self) {
        self.health.forgive();
        let slots = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, slot) in self.first.get().into_iter().chain(&*slots) {
            slot.renew();
        }
    }

    /// How many calls are under way there.
    pub(super) fn load(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Counts a call as under way.
    pub(super) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts it no more.
    pub(super) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("address", &self.address)
            .field("in_flight", &self.load())
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}
