//! One endpoint of a service as its clients see it: load, and a connection per runtime.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::uri::{Authority, Scheme};
use tokio::runtime;
use tokio::time::Instant;

use super::connection::Slot;
use super::transport::Transport;
use crate::discovery::Endpoint;

/// One endpoint, shared by all calls that may go there.
pub(crate) struct Node {
    pub(super) endpoint: Endpoint,
    pub(super) origin: Origin,
    transport: Transport,
    in_flight: Arc<AtomicUsize>,
    /// A connection belongs to the runtime that drives it, and a process-wide client outlives runtimes.
    slots: Mutex<Vec<(runtime::Id, Arc<Slot>)>>,
}

/// What stands before the path of a request's address.
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

impl Node {
    /// Makes a node; no connection is opened yet.
    pub(super) fn new(endpoint: Endpoint, transport: Transport) -> Self {
        // What cannot stand in a request (an IPv6 zone) is left out of it: the address is what is connected to.
        let authority = Authority::try_from(endpoint.address.as_str())
            .unwrap_or_else(|_| Authority::from_static("localhost"));
        Self {
            endpoint,
            origin: Origin {
                scheme: transport.scheme(),
                authority,
            },
            transport,
            in_flight: Arc::default(),
            slots: Mutex::new(Vec::new()),
        }
    }

    /// How its connections are made.
    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Returns the place of the connection in this runtime.
    pub(super) fn slot(&self, runtime: runtime::Id) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = slots.iter().find(|(id, _)| *id == runtime) {
            return Arc::clone(slot);
        }
        // A good time to forget the runtimes that are gone.
        slots.retain(|(_, slot)| slot.is_in_use());
        let slot = Slot::new(
            self.endpoint.address.as_str().into(),
            self.transport.clone(),
            Arc::clone(&self.in_flight),
        );
        slots.push((runtime, Arc::clone(&slot)));
        slot
    }

    /// When this endpoint may be tried again; `None` if it can be used now.
    pub(super) fn down_until(&self, runtime: runtime::Id) -> Option<Instant> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, slot) = slots.iter().find(|(id, _)| *id == runtime)?;
        slot.down_until()
    }

    /// How many calls are under way there.
    pub(super) fn load(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("endpoint", &self.endpoint)
            .field("in_flight", &self.load())
            .finish_non_exhaustive()
    }
}

/// Counts a call as under way until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Node>);

impl InFlight {
    pub(super) fn new(node: &Arc<Node>) -> Self {
        node.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(node))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
