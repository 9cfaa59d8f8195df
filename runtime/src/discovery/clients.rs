//! What the clients of one registry share: per service, the endpoints known and the connections to them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::Registry;
use crate::client::group::Group;

/// A registry and the connections made by what it says. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Clients {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Arc<dyn Registry>,
    /// What else to say when nobody is found.
    note: &'static str,
    groups: RwLock<HashMap<&'static str, Arc<Group>>>,
}

impl Clients {
    pub(crate) fn new(registry: Arc<dyn Registry>) -> Self {
        Self {
            inner: Arc::new(Inner {
                registry,
                note: "",
                groups: RwLock::new(HashMap::new()),
            }),
        }
    }

    pub(crate) fn note(self, note: &'static str) -> Self {
        Self {
            inner: Arc::new(Inner {
                registry: Arc::clone(&self.inner.registry),
                note,
                groups: RwLock::new(HashMap::new()),
            }),
        }
    }

    pub(crate) fn registry(&self) -> &Arc<dyn Registry> {
        &self.inner.registry
    }

    /// Returns what is shared by the calls of `service`.
    pub(crate) fn group(&self, service: &'static str) -> Arc<Group> {
        let groups = &self.inner.groups;
        let known = groups.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = known.get(service) {
            return Arc::clone(group);
        }
        drop(known);
        let mut known = groups.write().unwrap_or_else(PoisonError::into_inner);
        let group = known.entry(service).or_insert_with(|| {
            let registry = Arc::clone(&self.inner.registry);
            Group::discovered(service, registry, self.inner.note).shown()
        });
        Arc::clone(group)
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clients({})", self.inner.registry.describe())
    }
}
