//! The endpoints of one snapshot, with what balancing needs to know of all of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::balance::{Ring, Shares};
use super::clock;
use super::endpoint::{Common, Node};
use crate::discovery::{Endpoint, Snapshot};
use crate::random;

/// The endpoints of one snapshot, sorted by address.
#[derive(Debug)]
pub(crate) struct Nodes {
    snapshot: Snapshot,
    list: Vec<Arc<Node>>,
    /// `None` if all have the same share.
    pub(super) shares: Option<Shares>,
    /// Made for the first call that hashes.
    ring: OnceLock<Ring>,
    /// Whose turn it is; goes on through snapshots.
    turn: Arc<AtomicUsize>,
    /// When the last of them joined the others.
    joined: u64,
}

impl Nodes {
    /// The endpoints of the first snapshot.
    pub(super) fn first(snapshot: Snapshot, common: &Arc<Common>) -> Self {
        let node = |endpoint: &Endpoint| Node::new(&endpoint.address, 0, common);
        let list = snapshot.iter().map(node).collect();
        // Not all clients start with the same endpoint.
        let turn = Arc::new(AtomicUsize::new(random::next() as usize / 2));
        Self::new(snapshot, list, turn)
    }

    /// The endpoints of the next snapshot: who stays keeps connections and all that is known of it.
    pub(super) fn next(&self, snapshot: Snapshot, common: &Arc<Common>) -> Self {
        // Who comes back after all were gone has nobody beside it to be eased in by.
        let joined = if self.list.is_empty() {
            0
        } else {
            clock::now()
        };
        let mut old = self.snapshot.iter().zip(&self.list).peekable();
        let list = snapshot
            .iter()
            .map(|endpoint| {
                // Both are sorted by address.
                while old
                    .next_if(|(old, _)| old.address < endpoint.address)
                    .is_some()
                {}
                match old.next_if(|(old, _)| old.address == endpoint.address) {
                    Some((old, node)) => {
                        if old.version != endpoint.version {
                            // Another program: what its predecessor did is no fault of its own.
                            node.renew();
                        }
                        Arc::clone(node)
                    }
                    None => Node::new(&endpoint.address, joined, common),
                }
            })
            .collect();
        let nodes = Self::new(snapshot, list, Arc::clone(&self.turn));
        nodes.keep_enough();
        nodes
    }

    fn new(snapshot: Snapshot, list: Vec<Arc<Node>>, turn: Arc<AtomicUsize>) -> Self {
        let weights: Vec<u32> = snapshot.iter().map(|endpoint| endpoint.weight).collect();
        Self {
            shares: Shares::new(&weights),
            ring: OnceLock::new(),
            turn,
            joined: list.iter().map(|node| node.joined).max().unwrap_or(0),
            snapshot,
            list,
        }
    }

    /// What the registry has said.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The endpoints, sorted by address.
    pub(super) fn list(&self) -> &[Arc<Node>] {
        &self.list
    }

    /// Returns the next number of those that take turns.
    pub(super) fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    /// The ring on which keys find their endpoint.
    pub(super) fn ring(&self) -> &Ring {
        self.ring.get_or_init(|| {
            let none = self.shares.is_none();
            Ring::new(self.snapshot.iter().map(|endpoint| {
                let weight = if none {
                    endpoint.weight.max(1)
                } else {
                    endpoint.weight
                };
                (endpoint.address.as_str(), weight)
            }))
        })
    }

    /// Returns how far a node has come of its share in `window` microseconds since it joined, of 65536.
    pub(super) fn eased(&self, node: &Node, now: u64, window: u64) -> u32 {
        const FULL: u64 = 1 << 16;
        // Neither it nor any other, as a rule.
        if window == 0 || self.joined == 0 || now.saturating_sub(self.joined) >= window {
            return FULL as u32;
        }
        let since = now.saturating_sub(node.joined);
        if node.joined == 0 || since >= window {
            return FULL as u32;
        }
        // From a tenth to all of it. A window of years does not overflow, it only starts late.
        (FULL / 10 + FULL * 9 / 10 * (since >> 8) / (window >> 8).max(1)).min(FULL) as u32
    }

    /// Whether one more may be left alone: at most half of them, and never the last.
    pub(super) fn can_spare_one(&self, now: u64) -> bool {
        let ejected = self.ejected(now);
        ejected < self.list.len() / 2
    }

    /// Forgives all when more than half are left alone, because the others have gone.
    fn keep_enough(&self) {
        let any = self.list.iter().any(|node| node.health.is_ejected(1));
        if any && self.ejected(clock::now()) > self.list.len() / 2 {
            self.list.iter().for_each(|node| node.health.forgive());
        }
    }

    fn ejected(&self, now: u64) -> usize {
        let ejected = |node: &&Arc<Node>| node.health.is_ejected(now);
        self.list.iter().filter(ejected).count()
    }
}
