//! A door to picks and snapshots for `benches/`.

use std::sync::Arc;

use tokio::runtime::{self, Handle};

use super::balance::{Ask, Balance, hash, pick};
use super::clock;
use super::connection::Phase;
use super::endpoint::Common;
use super::nodes::Nodes;
use crate::discovery::Snapshot;

/// The endpoints of a service, all as if they were connected to.
#[derive(Debug)]
pub(crate) struct Door {
    common: Arc<Common>,
    nodes: Nodes,
    runtime: runtime::Id,
}

impl Door {
    /// Takes the first snapshot; within a runtime.
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        let common = Arc::default();
        let door = Self {
            nodes: Nodes::first(snapshot, &common),
            common,
            runtime: Handle::current().id(),
        };
        for node in door.nodes.list() {
            node.slot(door.runtime).pretend(Phase::Open);
        }
        door
    }

    /// Takes the next snapshot.
    pub(crate) fn apply(&mut self, snapshot: Snapshot) {
        self.nodes = self.nodes.next(snapshot, &self.common);
    }

    /// The time, which a call reads once.
    pub(crate) fn now() -> u64 {
        clock::now()
    }

    /// Picks an endpoint at a time; returns its address.
    pub(crate) fn pick(&self, balance: Balance, key: Option<&str>, now: u64) -> Option<&str> {
        let ask = Ask {
            balance,
            key: key.map(|key| hash(key.as_bytes())),
            runtime: self.runtime,
            now,
            slow_start: 10_000_000,
            avoid: &[],
        };
        pick(&self.nodes, &ask).map(|pick| &*pick.node.address)
    }
}
