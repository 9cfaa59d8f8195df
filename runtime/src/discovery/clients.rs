//! What the clients of one registry share: per service, the endpoints known and the connections to them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::Registry;
use crate::client::group::Group;
use crate::client::transport::Transport;

/// A registry and the connections made by what it says. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Clients {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Arc<dyn Registry>,
    /// By service: as a rule one, another for each way to connect that is not the default one.
    groups: RwLock<HashMap<&'static str, Vec<Arc<Group>>>>,
}

impl Clients {
    pub(crate) fn new(registry: Arc<dyn Registry>) -> Self {
        Self {
            inner: Arc::new(Inner {
                registry,
                groups: RwLock::new(HashMap::new()),
            }),
        }
    }

    pub(crate) fn registry(&self) -> &Arc<dyn Registry> {
        &self.inner.registry
    }

    /// Returns what is shared by the calls of `service` by connections that are made like this, or as by default.
    pub(crate) fn group(&self, service: &'static str, transport: Option<&Transport>) -> Arc<Group> {
        let groups = &self.inner.groups;
        let known = groups.read().unwrap_or_else(PoisonError::into_inner);
        let same = |group: &&Arc<Group>| match transport {
            Some(transport) => group.transport() == transport,
            None => group.transport().is_default(),
        };
        if let Some(group) = known
            .get(service)
            .and_then(|groups| groups.iter().find(same))
        {
            return Arc::clone(group);
        }
        drop(known);
        let mut known = groups.write().unwrap_or_else(PoisonError::into_inner);
        let of_service = known.entry(service).or_default();
        if let Some(group) = of_service.iter().find(same) {
            return Arc::clone(group);
        }
        let registry = Arc::clone(&self.inner.registry);
        let transport = transport.cloned().unwrap_or_default();
        let group = Group::discovered(service, registry, transport).shown();
        of_service.push(Arc::clone(&group));
        group
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clients({})", self.inner.registry.describe())
    }
}
