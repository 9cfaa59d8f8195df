//! Where a request was sent, and what comes of it counts for the endpoint.

use std::sync::Arc;

use super::clock;
use super::connection::{Lease, Slot};
use super::dial::Line;
use super::endpoint::Node;
use super::exchange::Failure;
use super::group::Group;

/// A request that was sent to an endpoint; it counts as under way until this is dropped.
///
/// A call that is given up before its deadline says nothing about the endpoint. One that is given up at its deadline
/// counts as slow, and as a failure if the server has said nothing at all since it was sent; unless it uploads, for then
/// the server may have been given nothing to answer.
pub(super) struct Place {
    pub(super) node: Arc<Node>,
    slot: Arc<Slot>,
    line: Arc<Line>,
    generation: u64,
    group: Arc<Group>,
    times: Times,
    /// What the server had said when the request was sent.
    mark: u32,
    settled: bool,
}

/// The times of one attempt in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// When it was sent; 0 if nobody wants to know how long it takes.
    pub(super) sent: u64,
    /// `u64::MAX` for none.
    pub(super) deadline: u64,
}

impl Place {
    pub(super) fn new(
        node: Arc<Node>,
        (slot, lease): (Arc<Slot>, &Lease),
        group: &Arc<Group>,
        times: Times,
    ) -> Self {
        node.begin();
        Self {
            mark: lease.line.begin(),
            line: Arc::clone(&lease.line),
            generation: lease.generation,
            group: Arc::clone(group),
            node,
            slot,
            times,
            settled: false,
        }
    }

    /// Takes note that the request is sent bit by bit, as its caller has it.
    pub(super) fn uploads(&mut self) {
        self.settled = true;
    }

    /// Takes note that the time to the response is the caller's more than the server's.
    pub(super) fn untimed(&mut self) {
        self.times.sent = 0;
    }

    /// Waits for the head of the response to what was sent there.
    pub(super) async fn response<T>(
        &mut self,
        response: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let response = response.await;
        self.settled = true;
        match &response {
            Ok(_) => self.answered(),
            Err(Failure::Unseen(_) | Failure::Refused(_) | Failure::Own(_)) => {}
            Err(Failure::Broken(_)) => self.broken(),
            Err(Failure::Lost(_)) => self.lost(),
        }
        response
    }

    fn answered(&self) {
        self.slot.answered();
        self.node.health.answered();
        if self.times.sent != 0 {
            let now = clock::now();
            let took = now.saturating_sub(self.times.sent);
            self.node.health.observe(now, took);
        }
    }

    /// Takes note that the stream has broken.
    fn broken(&self) {
        if self.node.health.failed() {
            self.group.eject(&self.node);
        }
    }

    /// Takes note that the connection has broken, which counts once for all its calls.
    pub(super) fn lost(&self) {
        if self.line.blame() {
            self.broken();
        }
    }

    /// Gives up the connection, because it takes no more requests; those under way there go on.
    pub(super) fn retire(&self) {
        self.slot.retire(self.generation);
    }

    /// The call was given up while it waited.
    fn given_up(&self) {
        if self.times.deadline == u64::MAX {
            return;
        }
        let now = clock::now();
        // By its caller.
        if now < self.times.deadline {
            return;
        }
        if self.times.sent != 0 {
            let waited = now.saturating_sub(self.times.sent);
            self.node.health.observe_at_least(now, waited);
        }
        if self.line.is_silent_since(self.mark) {
            self.broken();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.node.end();
        self.line.end();
        if !self.settled {
            self.given_up();
        }
    }
}
