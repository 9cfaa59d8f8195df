//! A watch: whole snapshots of a service's endpoints, the latest one at any time.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Endpoint, Snapshot};

/// Follows the endpoints of one service; dropping it stops the watch.
///
/// It yields whole snapshots, never a delta; one that is not taken in time gives way to the next.
#[derive(Debug)]
pub struct Watch {
    receiver: watch::Receiver<News>,
}

/// What the registry has said last.
#[derive(Debug, Default)]
struct News {
    /// `None` before its first answer.
    snapshot: Option<Snapshot>,
    /// Why it does not answer now.
    problem: Option<Arc<str>>,
}

impl Watch {
    /// Makes a watch that knows nothing yet, and what feeds it.
    pub fn channel() -> (Publisher, Self) {
        let (sender, receiver) = watch::channel(News::default());
        (Publisher { sender }, Self { receiver })
    }

    /// Makes a watch of a list that never changes.
    pub fn fixed(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let (publisher, watch) = Self::channel();
        publisher.publish(Snapshot::new(endpoints));
        watch
    }

    /// Waits for a snapshot not taken before; `None` once the registry has ended the watch and all were taken.
    pub async fn next(&mut self) -> Option<Snapshot> {
        // Only snapshots are marked as changes, and there is none before the first.
        self.receiver.changed().await.ok()?;
        self.receiver.borrow_and_update().snapshot.clone()
    }

    /// Takes the latest snapshot, if it was not taken before.
    pub fn try_next(&mut self) -> Option<Snapshot> {
        if let Ok(false) = self.receiver.has_changed() {
            return None;
        }
        let latest = self.receiver.borrow_and_update();
        latest
            .has_changed()
            .then(|| latest.snapshot.clone())
            .flatten()
    }

    /// Returns why the registry does not answer now, if it does not; the last snapshot stands meanwhile.
    pub fn problem(&self) -> Option<Arc<str>> {
        self.receiver.borrow().problem.clone()
    }

    /// Whether the registry has ended the watch.
    pub(crate) fn is_over(&self) -> bool {
        self.receiver.has_changed().is_err()
    }

    /// Follows the same service from the snapshot on that this watch would take next.
    pub(crate) fn later(&self) -> Self {
        Self {
            receiver: self.receiver.clone(),
        }
    }
}

/// The registry's side of a [`Watch`]; dropping it ends the watch, the last snapshot stays.
#[derive(Debug)]
pub struct Publisher {
    sender: watch::Sender<News>,
}

impl Publisher {
    /// Publishes all endpoints there are.
    pub fn publish(&self, snapshot: Snapshot) {
        self.sender.send_modify(|news| {
            news.snapshot = Some(snapshot);
            news.problem = None;
        });
    }

    /// Says why there is no answer, for the error of a call that finds nobody; until the next snapshot.
    pub fn failing(&self, problem: impl Into<Arc<str>>) {
        self.sender.send_if_modified(|news| {
            news.problem = Some(problem.into());
            false
        });
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
