//! Finding a connection that takes a request, and another one when it does not.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tokio::runtime::{self, Handle};
use tokio::time::{Instant, sleep_until};

use super::balance;
use super::call::{no_runtime, until};
use super::connection::{Lease, Slot, Unreachable};
use super::endpoint::{InFlight, Node, Origin};
use super::exchange::{self, Failure, Sent};
use super::group::{Group, Route};
use crate::error::{Code, Error, Result};

/// How often a request is sent again that no server has seen.
const RETRIES: u32 = 2;
/// How long a call waits for endpoints that have just failed.
const RETRY_WAIT: Duration = Duration::from_millis(250);

/// The attempts of one call.
pub(super) struct Attempts {
    group: Arc<Group>,
    nodes: Arc<[Arc<Node>]>,
    runtime: runtime::Id,
    retries: u32,
    /// Where it failed last.
    failed: Option<Arc<Node>>,
}

/// A request whose head is on its way, and what it counts against.
pub(super) struct Open {
    pub(super) sent: Sent,
    pub(super) place: Place,
}

/// Where a request was sent.
pub(super) struct Place {
    node: Arc<Node>,
    slot: Arc<Slot>,
    generation: u64,
    pub(super) in_flight: InFlight,
}

impl Place {
    /// Waits for the head of the response to what was sent there.
    pub(super) async fn response<T>(
        &self,
        response: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let response = response.await?;
        self.slot.answered();
        Ok(response)
    }
}

impl Attempts {
    /// Prepares a call to one of `nodes`, which the group has just named.
    ///
    /// # Errors
    /// [`Code::Internal`] outside a tokio runtime.
    pub(super) fn new(group: Arc<Group>, nodes: Arc<[Arc<Node>]>) -> Result<Self> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(no_runtime());
        };
        Ok(Self {
            group,
            nodes,
            runtime: runtime.id(),
            retries: RETRIES,
            failed: None,
        })
    }

    /// Sends a request's head on a connection that takes it.
    ///
    /// # Errors
    /// [`Code::Unavailable`] if there is none, after some attempts.
    pub(super) async fn open(
        &mut self,
        head: impl Fn(&Origin) -> Result<Request<()>>,
    ) -> Result<Open> {
        loop {
            if self.failed.is_some() {
                self.look_again().await?;
            }
            let Some(node) = balance::pick(&self.nodes, self.runtime, self.failed.as_ref()) else {
                return Err(Error::bare(Code::Unavailable, "no endpoint"));
            };
            let node = Arc::clone(node);
            let slot = node.slot(self.runtime);
            let mut lease: Lease = match slot.open().await {
                Ok(lease) => lease,
                Err(unreachable) => {
                    self.unreachable(&node, &unreachable).await?;
                    continue;
                }
            };
            let place = Place {
                in_flight: InFlight::new(&node),
                generation: lease.generation,
                node,
                slot,
            };
            match exchange::send(&mut lease.sender, head(&place.node.origin)?) {
                Ok(sent) => return Ok(Open { sent, place }),
                Err(failure) => self.again(place, failure, false)?,
            }
        }
    }

    /// Goes on to the next attempt, if one may be made: after a request that no server has seen, or that is
    /// `repeatable`.
    ///
    /// # Errors
    /// What has failed, if not.
    pub(super) fn again(&mut self, place: Place, failure: Failure, repeatable: bool) -> Result<()> {
        let unseen = matches!(failure, Failure::Unseen(_));
        if unseen {
            // It refuses requests, or is about to end: what is under way there goes on.
            place.slot.retire(place.generation);
        }
        if (unseen || repeatable) && self.retry(&place.node) {
            return Ok(());
        }
        Err(failure.into_error())
    }

    fn retry(&mut self, node: &Arc<Node>) -> bool {
        self.failed = Some(Arc::clone(node));
        let again = self.retries > 0;
        self.retries = self.retries.saturating_sub(1);
        again
    }

    /// Takes what the registry has said since.
    async fn look_again(&mut self) -> Result<()> {
        if let Route::Remote(_, nodes) = self.group.route().await? {
            self.nodes = nodes;
        }
        Ok(())
    }

    /// Waits until it is worth trying again, or gives up.
    async fn unreachable(&mut self, node: &Arc<Node>, why: &Unreachable) -> Result<()> {
        let again = self.retry(node);
        // `None` if one of them can be tried at once.
        let soonest: Option<Instant> = self
            .nodes
            .iter()
            .map(|node| node.down_until(self.runtime))
            .min()
            .flatten();
        match soonest {
            Some(at) if again && until(at) <= RETRY_WAIT => {
                sleep_until(at).await;
                Ok(())
            }
            None if again => Ok(()),
            _ => Err(self.group.unreachable(node, &why.error)),
        }
    }
}
