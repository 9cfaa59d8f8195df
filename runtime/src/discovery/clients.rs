//! What the clients of one registry share: per service, the endpoints known and the connections to them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

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
    groups: RwLock<HashMap<&'static str, Vec<Held>>>,
}

/// A group, kept for ever or as long as channels keep it.
enum Held {
    Here(Arc<Group>),
    /// No channel made later connects in the same way.
    ByChannels(Weak<Group>),
}

impl Held {
    fn group(&self) -> Option<Arc<Group>> {
        match self {
            Self::Here(group) => Some(Arc::clone(group)),
            Self::ByChannels(group) => group.upgrade(),
        }
    }
}

/// By what a channel connects, if not as by default.
#[derive(Default)]
pub(crate) struct Means {
    pub(crate) transport: Transport,
    /// What it has connected, and nobody else could use, by the registry that said where to.
    kept: Mutex<Vec<(Weak<Inner>, Arc<Group>)>>,
}

impl From<Transport> for Means {
    fn from(transport: Transport) -> Self {
        Self {
            transport,
            ..Self::default()
        }
    }
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
    pub(crate) fn group(&self, service: &'static str, means: Option<&Means>) -> Arc<Group> {
        let groups = &self.inner.groups;
        let known = groups.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = known.get(service).and_then(|known| find(known, means)) {
            return group;
        }
        drop(known);
        let mut known = groups.write().unwrap_or_else(PoisonError::into_inner);
        let of_service = known.entry(service).or_default();
        if let Some(group) = find(of_service, means) {
            return group;
        }
        let registry = Arc::clone(&self.inner.registry);
        let transport = means
            .map(|means| means.transport.clone())
            .unwrap_or_default();
        let group = Group::discovered(service, registry, transport).shown();
        of_service.retain(|held| held.group().is_some());
        of_service.push(match means {
            Some(means) if means.transport.is_own() => {
                self.keep(means, &group);
                Held::ByChannels(Arc::downgrade(&group))
            }
            _ => Held::Here(Arc::clone(&group)),
        });
        group
    }

    fn keep(&self, means: &Means, group: &Arc<Group>) {
        let mut kept = means.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(clients, _)| clients.strong_count() > 0);
        kept.push((Arc::downgrade(&self.inner), Arc::clone(group)));
    }
}

fn find(known: &[Held], means: Option<&Means>) -> Option<Arc<Group>> {
    let same = |group: &Arc<Group>| match means {
        Some(means) => *group.transport() == means.transport,
        None => group.transport().is_default(),
    };
    known.iter().filter_map(Held::group).find(same)
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clients({})", self.inner.registry.describe())
    }
}
