//! What the calls to one service share: its endpoints as the registry knows them, kept up to date.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::endpoint::Node;
use super::transport::Transport;
use crate::admin::tables;
use crate::call::Service;
use crate::discovery::{Endpoint, Registry, Snapshot, Watch};
use crate::error::{Code, Error, Result};

/// Where calls go.
pub(super) enum Route {
    /// To a service in this process.
    Local(Arc<dyn Service>),
    /// To one of these endpoints of a group; there is at least one.
    Remote(Arc<Group>, Arc<[Arc<Node>]>),
}

/// The endpoints of one service.
pub(crate) struct Group {
    /// Full proto name; empty for a channel to an address.
    service: &'static str,
    registry: Option<Arc<dyn Registry>>,
    /// What else to say when nobody is found.
    note: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watch: Option<Watch>,
    local: Option<Arc<dyn Service>>,
    /// `None` until the registry has answered.
    nodes: Option<Arc<[Arc<Node>]>>,
}

impl Group {
    /// Makes the group of a service that `registry` is asked for.
    pub(crate) fn discovered(
        service: &'static str,
        registry: Arc<dyn Registry>,
        note: &'static str,
    ) -> Self {
        let state = State {
            watch: Some(registry.watch(service)),
            ..State::default()
        };
        Self {
            service,
            registry: Some(registry),
            note,
            state: Mutex::new(state),
        }
    }

    /// Makes a group of one address.
    pub(super) fn fixed(address: impl Into<String>, transport: Transport) -> Self {
        let node = Arc::new(Node::new(Endpoint::new(address), transport));
        let state = State {
            nodes: Some(Arc::from([node])),
            ..State::default()
        };
        Self {
            service: "",
            registry: None,
            note: "",
            state: Mutex::new(state),
        }
    }

    /// Shares it, and shows it at the process's admin port.
    pub(crate) fn shown(self) -> Arc<Self> {
        let group = Arc::new(self);
        let weak = Arc::downgrade(&group);
        tables::add(weak);
        group
    }

    /// Its full proto name; empty for a channel to an address.
    pub(super) fn service(&self) -> &'static str {
        self.service
    }

    /// What the registry has said so far.
    pub(super) fn nodes(&self) -> Arc<[Arc<Node>]> {
        self.lock().nodes.clone().unwrap_or_default()
    }

    /// The address of a group of one.
    pub(super) fn address(&self) -> String {
        let state = self.lock();
        let first = state.nodes.as_deref().and_then(<[_]>::first);
        first.map_or_else(String::new, |node| node.endpoint.address.clone())
    }

    /// The same group of one, whose connections are made in another way.
    pub(super) fn with_transport(&self, change: impl FnOnce(&mut Transport)) -> Self {
        let state = self.lock();
        let first = state.nodes.as_deref().and_then(<[_]>::first);
        let mut transport = first
            .map(|node| node.transport().clone())
            .unwrap_or_default();
        let address = first.map(|node| node.endpoint.address.clone());
        change(&mut transport);
        Self::fixed(address.unwrap_or_default(), transport)
    }

    /// Returns where a call goes now; waits for the registry's first answer.
    ///
    /// # Errors
    /// [`Code::Unavailable`] if there is nobody.
    pub(super) async fn route(self: &Arc<Self>) -> Result<Route> {
        loop {
            let mut first = match self.known() {
                Ok(known) => return known,
                Err(first) => first,
            };
            if first.next().await.is_none() {
                return Err(self.nobody());
            }
        }
    }

    /// What is known, or the watch to wait for.
    fn known(self: &Arc<Self>) -> Result<Result<Route>, Watch> {
        let mut state = self.lock();
        self.refresh(&mut state);
        if let Some(local) = &state.local {
            return Ok(Ok(Route::Local(Arc::clone(local))));
        }
        match (&state.nodes, &state.watch) {
            (Some(nodes), _) if !nodes.is_empty() => {
                Ok(Ok(Route::Remote(Arc::clone(self), Arc::clone(nodes))))
            }
            (None, Some(watch)) => Err(watch.again()),
            _ => Ok(Err(self.nobody())),
        }
    }

    fn refresh(&self, state: &mut State) {
        let Some(watch) = &mut state.watch else {
            return;
        };
        let Some(snapshot) = watch.try_next() else {
            if watch.is_over() && state.nodes.is_some() {
                state.watch = None;
            }
            return;
        };
        state.local = self
            .registry
            .as_ref()
            .and_then(|registry| registry.local(self.service));
        let old = state.nodes.take().unwrap_or_default();
        state.nodes = Some(merge(&old, &snapshot));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after each assignment, so a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nobody(&self) -> Error {
        let Self { service, note, .. } = self;
        let mut message = format!(
            "no endpoint of {service}: {} knows 0 of it; choose another registry with EZRPC_REGISTRY (memory, \
             fixed:<service>=<host:port>,..), ezrpc::set_default_registry or Context::with_registry",
            self.registry_name(),
        );
        if !note.is_empty() {
            message.push_str(" (");
            message.push_str(note);
            message.push(')');
        }
        Error::bare(Code::Unavailable, message)
    }

    fn registry_name(&self) -> String {
        let registry = self.registry.as_ref();
        registry.map_or_else(String::new, |registry| {
            format!("registry `{}`", registry.describe())
        })
    }

    /// The error of a call for which no connection could be opened.
    pub(super) fn unreachable(&self, node: &Node, error: &str) -> Error {
        let address = &node.endpoint.address;
        let message = match self.service {
            "" => format!("cannot reach {address}: {error}"),
            service => format!(
                "cannot reach {service} at {address}: {error} ({} knows {} of it)",
                self.registry_name(),
                count(self.lock().nodes.as_deref().map_or(0, <[_]>::len)),
            ),
        };
        Error::bare(Code::Unavailable, message)
    }
}

fn count(endpoints: usize) -> String {
    match endpoints {
        1 => "1 endpoint".to_owned(),
        n => format!("{n} endpoints"),
    }
}

/// The nodes of a snapshot; endpoints that stay keep their connections and counts.
fn merge(old: &[Arc<Node>], snapshot: &Snapshot) -> Arc<[Arc<Node>]> {
    let node = |endpoint: &Endpoint| {
        // Both are sorted by address.
        let at = old.binary_search_by(|node| node.endpoint.address.cmp(&endpoint.address));
        match at
            .ok()
            .map(|at| &old[at])
            .filter(|node| node.endpoint == *endpoint)
        {
            Some(same) => Arc::clone(same),
            None => Arc::new(Node::new(endpoint.clone(), Transport::default())),
        }
    };
    snapshot.iter().map(node).collect()
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
