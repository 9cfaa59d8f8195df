//! Finding a connection that takes a request, and another one when it does not.

use std::sync::Arc;
use std::time::Instant;

use http::Request;
use tokio::runtime::{self, Handle};

use super::balance::{self, Ask, Balance, Pick};
use super::call::no_runtime;
use super::clock;
use super::connection::{Lease, Slot};
use super::endpoint::{Node, Origin};
use super::exchange::{self, Failure, Sent};
use super::group::Group;
use super::nodes::Nodes;
use super::place::{Place, Times};
use crate::error::Result;

/// How often a request is sent again that no server has seen.
const UNSEEN: u32 = 4;
/// How often a request is sent again that may be repeated.
const REPEATS: u32 = 2;

/// The attempts of one call.
pub(super) struct Attempts {
    pub(super) group: Arc<Group>,
    pub(super) nodes: Arc<Nodes>,
    pub(super) runtime: runtime::Id,
    pub(super) terms: Terms,
    /// Where it has failed.
    pub(super) failed: Vec<Arc<Node>>,
    unseen: u32,
    repeats: u32,
}

/// What the attempts of a call go by.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    pub(super) balance: Balance,
    /// The hash of the call's key.
    pub(super) key: Option<u64>,
    /// How long new endpoints are eased in, in microseconds.
    pub(super) slow_start: u64,
    pub(super) deadline: Option<Instant>,
    /// The only endpoint to go to.
    pub(super) only: Option<Arc<Node>>,
}

/// An endpoint and its open connection.
pub(super) type Reached = (Arc<Node>, Arc<Slot>, Lease);

/// A request whose head is on its way, and what it counts against.
pub(super) struct Open {
    pub(super) sent: Sent,
    pub(super) place: Place,
}

impl Attempts {
    /// Prepares a call to one of `nodes`, which the group has just named.
    ///
    /// # Errors
    /// [`Code::Internal`](crate::Code::Internal) outside a tokio runtime.
    pub(super) fn new(group: Arc<Group>, nodes: Arc<Nodes>, terms: Terms) -> Result<Self> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(no_runtime());
        };
        group.budget.deposit();
        Ok(Self {
            group,
            nodes,
            runtime: runtime.id(),
            terms,
            failed: Vec::new(),
            unseen: UNSEEN,
            repeats: REPEATS,
        })
    }

    /// Sends a request's head on a connection that takes it.
    ///
    /// # Errors
    /// [`Code::Unavailable`](crate::Code::Unavailable) if there is none, after some attempts.
    pub(super) async fn open(
        &mut self,
        head: impl Fn(&Origin) -> Result<Request<()>>,
    ) -> Result<Open> {
        loop {
            if !self.failed.is_empty() {
                self.look_again();
            }
            // With one endpoint there is nothing to compare.
            let now = if self.nodes.list().len() > 1 {
                clock::now()
            } else {
                0
            };
            let (node, slot, mut lease) = match self.ready(now) {
                Some(reached) => reached,
                // Boxed, as it is rare: calls need not carry its state about.
                None => Box::pin(self.connected()).await?,
            };
            let times = Times {
                sent: now,
                deadline: self
                    .terms
                    .deadline
                    .map_or(u64::MAX, |at| clock::at(at.into())),
            };
            let place = Place::new(node, (slot, &lease), &self.group, times);
            match exchange::send(&mut lease.sender, head(place.node.origin())?) {
                Ok(sent) => return Ok(Open { sent, place }),
                Err(failure) => self.again(place, failure, false)?,
            }
        }
    }

    /// Picks an endpoint.
    pub(super) fn pick(&self, now: u64) -> Option<Pick<'_>> {
        if let Some(node) = &self.terms.only {
            return Some(Pick {
                node,
                unconnected: None,
            });
        }
        let ask = Ask {
            balance: self.terms.balance,
            key: self.terms.key,
            runtime: self.runtime,
            now,
            slow_start: self.terms.slow_start,
            avoid: &self.failed,
        };
        balance::pick(&self.nodes, &ask)
    }

    /// Picks an endpoint and returns its connection, if it has one.
    fn ready(&self, now: u64) -> Option<Reached> {
        let pick = self.pick(now)?;
        if let Some(other) = pick.unconnected {
            other.slot(self.runtime).start(now);
        }
        let slot = pick.node.slot(self.runtime);
        let lease = slot.lease()?;
        Some((Arc::clone(pick.node), slot, lease))
    }

    /// Goes on to the next attempt, if one may be made: after a request that no server has seen, or that is
    /// `repeatable`.
    ///
    /// # Errors
    /// What has failed, if not.
    pub(super) fn again(&mut self, place: Place, failure: Failure, repeatable: bool) -> Result<()> {
        let unseen = matches!(failure, Failure::Unseen(_) | Failure::Refused(_));
        if matches!(failure, Failure::Unseen(_)) {
            // It is about to end: what is under way there goes on.
            place.retire();
        }
        let left = match failure {
            Failure::Unseen(_) | Failure::Refused(_) => &mut self.unseen,
            Failure::Broken(_) | Failure::Lost(_) if repeatable => &mut self.repeats,
            Failure::Broken(_) | Failure::Lost(_) | Failure::Own(_) => {
                return Err(failure.into_error());
            }
        };
        // The first time that no server has seen it costs nobody anything: a server that goes says so to many at once.
        let free = unseen && *left == UNSEEN;
        if *left == 0 || !(free || self.group.budget.withdraw()) {
            return Err(failure.into_error());
        }
        *left -= 1;
        self.failed.push(Arc::clone(&place.node));
        Ok(())
    }

    /// Takes what the registry has said since.
    pub(super) fn look_again(&mut self) {
        if let Some(nodes) = self.group.current() {
            self.nodes = nodes;
        }
    }
}
