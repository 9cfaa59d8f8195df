//! A watch: whole snapshots of a service's endpoints, the latest one at any time.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::Endpoint;

/// All endpoints of a service at one time, sorted by address, each address once; maybe empty.
pub type Snapshot = Arc<[Endpoint]>;

/// Follows the endpoints of one service; dropping it stops the watch.
///
/// It yields whole snapshots, never a delta; one that is not taken in time gives way to the next.
#[derive(Debug)]
pub struct Watch {
    receiver: watch::Receiver<Option<Snapshot>>,
}

impl Watch {
    /// Makes a watch that knows nothing yet, and what feeds it.
    pub fn channel() -> (Publisher, Self) {
        let (sender, receiver) = watch::channel(None);
        (Publisher { sender }, Self { receiver })
    }

    /// Makes a watch of a list that never changes.
    pub fn fixed(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let (publisher, watch) = Self::channel();
        publisher.publish(endpoints);
        watch
    }

    /// Waits for a snapshot not taken before; `None` once the registry has ended the watch and all were taken.
    pub async fn next(&mut self) -> Option<Snapshot> {
        // Nothing but the value before the first snapshot is `None`, and that counts as seen.
        self.receiver.changed().await.ok()?;
        self.receiver.borrow_and_update().clone()
    }

    /// Takes the latest snapshot, if it was not taken before.
    pub fn try_next(&mut self) -> Option<Snapshot> {
        if let Ok(false) = self.receiver.has_changed() {
            return None;
        }
        let latest = self.receiver.borrow_and_update();
        latest.has_changed().then(|| latest.clone()).flatten()
    }

    /// Whether the registry has ended the watch.
    pub(crate) fn is_over(&self) -> bool {
        self.receiver.has_changed().is_err()
    }

    /// Follows the same service from the first snapshot on, whatever this watch has taken.
    pub(crate) fn again(&self) -> Self {
        let mut receiver = self.receiver.clone();
        if receiver.borrow().is_some() {
            receiver.mark_changed();
        }
        Self { receiver }
    }
}

/// The registry's side of a [`Watch`]; dropping it ends the watch, the last snapshot stays.
#[derive(Debug)]
pub struct Publisher {
    sender: watch::Sender<Option<Snapshot>>,
}

impl Publisher {
    /// Publishes all endpoints there are; of two with one address the last counts.
    pub fn publish(&self, endpoints: impl IntoIterator<Item = Endpoint>) {
        self.sender.send_replace(Some(snapshot(endpoints)));
    }

    /// Returns whether the watch was dropped.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Completes when the watch is dropped.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// Sorts endpoints by address, each address once.
pub(super) fn snapshot(endpoints: impl IntoIterator<Item = Endpoint>) -> Snapshot {
    let by_address: BTreeMap<String, Endpoint> = endpoints
        .into_iter()
        .map(|endpoint| (endpoint.address.clone(), endpoint))
        .collect();
    by_address.into_values().collect()
}
