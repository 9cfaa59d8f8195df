//! What the calls to one service share: its endpoints as the registry knows them, kept up to date.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::budget::Budget;
use super::clock;
use super::endpoint::{Common, Node};
use super::nodes::Nodes;
use super::transport::Transport;
use crate::admin::tables;
use crate::call::Service;
use crate::discovery::{Endpoint, Registry, Snapshot, Watch};
use crate::error::Result;

/// How long a call without a deadline waits for an endpoint of a service that has none.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Where calls go.
pub(super) enum Route {
    /// To a service in this process.
    Local(Arc<dyn Service>),
    /// To one of these endpoints of a group; there is at least one.
    Remote(Arc<Group>, Arc<Nodes>),
}

/// The endpoints of one service.
pub(crate) struct Group {
    /// Full proto name; empty for a channel to an address.
    pub(super) service: &'static str,
    pub(super) registry: Option<Arc<dyn Registry>>,
    pub(super) common: Arc<Common>,
    pub(super) budget: Budget,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watch: Option<Watch>,
    local: Option<Arc<dyn Service>>,
    /// `None` until the registry has answered.
    nodes: Option<Arc<Nodes>>,
}

/// How long a call waits for somebody to go to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// Until its deadline.
    Until(Instant),
    /// It has no deadline.
    Some,
    /// Not at all, once the registry has answered.
    None,
}

impl Group {
    /// Makes the group of a service that `registry` is asked for.
    pub(crate) fn discovered(
        service: &'static str,
        registry: Arc<dyn Registry>,
        transport: Transport,
    ) -> Self {
        let state = State {
            watch: Some(registry.watch(service)),
            ..State::default()
        };
        Self {
            service,
            registry: Some(registry),
            common: common(transport),
            budget: Budget::default(),
            state: Mutex::new(state),
        }
    }

    /// Makes a group of one address.
    pub(super) fn fixed(address: impl Into<String>, transport: Transport) -> Self {
        let common = common(transport);
        let snapshot = Snapshot::from([Endpoint::new(address)]);
        let state = State {
            nodes: Some(Arc::new(Nodes::first(snapshot, &common))),
            ..State::default()
        };
        Self {
            service: "",
            registry: None,
            common,
            budget: Budget::default(),
            state: Mutex::new(state),
        }
    }

    /// How its connections are made.
    pub(crate) fn transport(&self) -> &Transport {
        &self.common.transport
    }

    /// Shares it, and shows it at the process's admin port.
    pub(crate) fn shown(self) -> Arc<Self> {
        let group = Arc::new(self);
        let weak = Arc::downgrade(&group);
        tables::add(weak);
        group
    }

    /// What the registry has said so far.
    pub(super) fn nodes(&self) -> Option<Arc<Nodes>> {
        self.lock().nodes.clone()
    }

    /// The address of a group of one.
    pub(super) fn address(&self) -> String {
        let state = self.lock();
        let first = state.nodes.as_ref().and_then(|nodes| nodes.list().first());
        first.map_or_else(String::new, |node| node.address.to_string())
    }

    /// Returns where a call goes now; waits for somebody to go to.
    ///
    /// # Errors
    /// [`Code::Unavailable`](crate::Code::Unavailable) if nobody has come in time;
    /// [`Code::DeadlineExceeded`](crate::Code::DeadlineExceeded) if that was the call's.
    pub(super) async fn route(self: &Arc<Self>, patience: Patience) -> Result<Route> {
        match self.known() {
            Ok(route) => Ok(route),
            // Boxed, as it is rare.
            Err(_) => Box::pin(self.wait(patience)).await,
        }
    }

    async fn wait(self: &Arc<Self>, patience: Patience) -> Result<Route> {
        let start = tokio::time::Instant::now();
        let limit = match patience {
            Patience::Until(deadline) => deadline.into(),
            Patience::Some | Patience::None => start + PATIENCE,
        };
        loop {
            let (later, answered) = match self.known() {
                Ok(route) => return Ok(route),
                Err(unknown) => unknown,
            };
            let Some(mut later) = later else {
                return Err(self.nobody(None));
            };
            if answered && matches!(patience, Patience::None) {
                return Err(self.nobody(None));
            }
            match timeout_at(limit, later.next()).await {
                Ok(Some(_)) => {}
                Ok(None) => return Err(self.nobody(None)),
                Err(_) => {
                    let late = matches!(patience, Patience::Until(_));
                    return Err(self.nobody(Some((start.elapsed(), late))));
                }
            }
        }
    }

    /// What is known, or the watch to wait for, if something can still come, and whether the registry has answered.
    fn known(self: &Arc<Self>) -> Result<Route, (Option<Watch>, bool)> {
        // Declared first, so that it is dropped after the lock.
        let _old;
        let mut state = self.lock();
        _old = self.refresh(&mut state);
        if let Some(local) = &state.local {
            return Ok(Route::Local(Arc::clone(local)));
        }
        match &state.nodes {
            Some(nodes) if !nodes.list().is_empty() => {
                Ok(Route::Remote(Arc::clone(self), Arc::clone(nodes)))
            }
            nodes => {
                let later = state.watch.as_ref().map(Watch::later);
                Err((later, nodes.is_some()))
            }
        }
    }

    /// Takes what the registry has said since; returns what it said before, which may take time to drop.
    fn refresh(&self, state: &mut State) -> Option<Arc<Nodes>> {
        let watch = state.watch.as_mut()?;
        // Asked first: the last snapshot comes before the end, maybe between the two.
        let over = watch.is_over();
        let Some(snapshot) = watch.try_next() else {
            if over && state.nodes.is_some() {
                state.watch = None;
            }
            return None;
        };
        let registry = self.registry.as_ref();
        state.local = registry.and_then(|registry| registry.local(self.service));
        let old = state.nodes.take();
        let nodes = match &old {
            Some(old) => old.next(snapshot, &self.common),
            None => Nodes::first(snapshot, &self.common),
        };
        state.nodes = Some(Arc::new(nodes));
        old
    }

    /// Returns the endpoints there are now, if there are any.
    pub(super) fn current(self: &Arc<Self>) -> Option<Arc<Nodes>> {
        match self.known() {
            Ok(Route::Remote(_, nodes)) => Some(nodes),
            Ok(Route::Local(_)) | Err(_) => None,
        }
    }

    /// Leaves an endpoint alone for a while that has failed calls in a row, if there are enough others.
    pub(super) fn eject(&self, node: &Node) {
        let now = clock::now();
        if let Some(penalty) = self.penalty(node, now) {
            let (service, address) = (self.service, &node.address);
            tracing::debug!(service, %address, ?penalty, "fails calls in a row, gets none for a while");
        }
    }

    fn penalty(&self, node: &Node, now: u64) -> Option<Duration> {
        // Held to the end, so that of the last two only one is ejected.
        let state = self.lock();
        let nodes = state.nodes.as_ref()?;
        let spare = nodes.can_spare_one(now) && !node.health.is_ejected(now);
        spare.then(|| node.health.eject(now))
    }

    /// What the registry has said last, and why it does not answer now, if it does not.
    pub(super) fn said(&self) -> (Option<Snapshot>, Option<Arc<str>>) {
        let state = self.lock();
        let snapshot = state.nodes.as_ref().map(|nodes| nodes.snapshot().clone());
        (snapshot, state.watch.as_ref().and_then(Watch::problem))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after each assignment, so a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn common(transport: Transport) -> Arc<Common> {
    Arc::new(Common {
        transport,
        ..Common::default()
    })
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Group")
            .field("service", &self.service)
            .field("nodes", &state.nodes)
            .finish_non_exhaustive()
    }
}
