//! The same instance on another node: ids are unique for an agent only, and only the agent that has one can remove it.
//!
//! An id has host and port in it, so what another node says to be there is left over: from before the instance moved, or the
//! agent. Removed from the catalog alone it would come back, for that node's agent puts back what it has.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::address::{Address, Place};
use super::agent::{Agent, Call};
use super::answers;
use super::config::Access;
use super::core::Core;
use super::members;
use super::names::{self, escape};
use super::query;
use super::register::Key;
use super::trouble::Streak;
use super::types::answers::{Entries, Entry};
use super::types::requests;
use crate::codec::json;
use crate::error::{Code, Error, Result};

/// How long a removal may take to show in the catalog.
const SETTLED: Duration = Duration::from_secs(3);
/// After how long an entry of our own node that its agent does not have is removed from the catalog.
const ORPHANED: Duration = Duration::from_secs(1);
/// How often the catalog is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Looks for what is wanted on other nodes, one after the other, until all were looked for.
pub(super) async fn search(core: Arc<Core>) {
    let mut streak = Streak::new(&core.trouble, "other nodes");
    while let Some(member) = core.members.unsearched() {
        match remove(&core, &member.service.key).await {
            Ok(()) => {
                streak.over();
                core.members.change(&member, |member| member.alone = true);
            }
            Err(error) => sleep(streak.failed(&error)).await,
        }
    }
}

/// Waits until the catalog has no entry of an instance that its agent has forgotten; removes those of other nodes. Ends if the
/// instance is there again, for another life.
///
/// # Errors
/// [`Code::Unavailable`] if one stays.
pub(super) async fn settle(core: &Core, key: &Key) -> Result<()> {
    let (began, mut orphaned) = (Instant::now(), false);
    let mut node = None;
    loop {
        let entries = match entries(core, key).await {
            Ok(entries) => entries,
            // The agent has forgotten it, and tells the servers once it reaches them.
            Err(error) => {
                tracing::warn!(id = key.id, %error, "deregistered; the catalog cannot be looked at");
                return Ok(());
            }
        };
        if entries.is_empty() {
            return Ok(());
        }
        if node.is_none() {
            node = self::node(core).await?;
        }
        // Which of them is ours cannot be told: the agent has confirmed it.
        let Some(node) = &node else {
            return Ok(());
        };
        let Some(own) = entries.iter().find(|entry| entry.node == *node) else {
            return remove_all(core, key, &entries).await;
        };
        if began.elapsed() > ORPHANED && is_alive(core, key).await? {
            return Ok(());
        }
        if began.elapsed() > SETTLED {
            return Err(stays(key, own));
        }
        if began.elapsed() > ORPHANED && !std::mem::replace(&mut orphaned, true) {
            orphan(core, key, own).await;
        }
        sleep(LOOK).await;
    }
}

/// Whether another registration has come since, here or from another life of the server.
async fn is_alive(core: &Core, key: &Key) -> Result<bool> {
    Ok(core.members.wants(&key.id) || members::held(core, &key.id).await?.is_some())
}

async fn orphan(core: &Core, key: &Key, entry: &Entry) {
    if let Err(error) = forget(core, entry).await {
        tracing::warn!(id = key.id, %error, "the catalog has what the agent has not, and does not forget it");
    }
}

/// Removes an instance from all nodes but our own.
///
/// # Errors
/// As [`Agent::call`].
async fn remove(core: &Core, key: &Key) -> Result<()> {
    let entries = entries(core, key).await?;
    if entries.is_empty() {
        return Ok(());
    }
    let Some(node) = node(core).await? else {
        return Ok(());
    };
    let others: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| entry.node != node)
        .collect();
    match remove_all(core, key, &others).await {
        // It is said, and looked at again with the next registration only: two servers that both believe to be the one would
        // go on for ever.
        Err(error) => {
            tracing::warn!(id = key.id, %error, "the same instance stays on another node");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

async fn remove_all(core: &Core, key: &Key, entries: &[Entry]) -> Result<()> {
    for entry in entries {
        let (id, node) = (&key.id, &entry.node);
        // Every machine has such an address.
        if names::is_loopback(&key.host) && !names::is_loopback(&entry.node_address) {
            tracing::warn!(
                id,
                node,
                "the same id is on another node; left there, for its host is that node's own loopback"
            );
            continue;
        }
        remove_at(core, key, entry).await?;
        tracing::warn!(id, node, "the same id was on another node: removed there");
    }
    Ok(())
}

/// Removes an instance at the agent that has it or, if that does not do it, from the catalog.
async fn remove_at(core: &Core, key: &Key, entry: &Entry) -> Result<()> {
    let path = format!("/v1/agent/service/deregister/{}", escape(&key.id));
    let owner = Agent::new(owner(core, entry));
    let removed = owner
        .call(Call::put(query::within(&core.config, path), ""))
        .await;
    if let Err(error) = removed
        && error.code() != Code::NotFound
    {
        let (id, node) = (&key.id, &entry.node);
        tracing::warn!(id, node, %error, "the node's agent does not remove it; removed from the catalog, where that agent may put it back");
        forget(core, entry).await?;
    }
    let began = Instant::now();
    while entries(core, key)
        .await?
        .iter()
        .any(|now| now.node == entry.node)
    {
        if began.elapsed() > SETTLED {
            return Err(stays(key, entry));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// How the agent of another node is reached: as named, or at the node's address and our agent's port.
///
/// The token is shown to agents that were named, and over TLS: the address of another comes from the catalog.
fn owner(core: &Core, entry: &Entry) -> Access {
    let ours = core.agent.access();
    if let Some(address) = core.config.agents.get(&entry.node) {
        return Access {
            address: address.clone(),
            ..ours.clone()
        };
    }
    let port = ours.address.port().and_then(|port| port.parse().ok());
    let address = Address {
        place: Place::Tcp(names::join(&entry.node_address, port.unwrap_or(8500))),
        tls: ours.address.tls,
        prefix: String::new(),
    };
    let shown = |secret: &Option<_>| {
        if address.tls {
            Option::clone(secret)
        } else {
            None
        }
    };
    Access {
        token: shown(&ours.token),
        basic: shown(&ours.basic),
        tls: ours.tls.clone(),
        address,
    }
}

/// The entries of an instance, one for each node that has it.
async fn entries(core: &Core, key: &Key) -> Result<Vec<Entry>> {
    let answer = core.agent.call(query::entries(&core.config, key)).await?;
    let mut found: Entries = answers::items(&answer.body)?;
    // Whoever answers may not know the filter.
    found.items.retain(|entry| entry.service_id == key.id);
    Ok(found.items)
}

/// The name of our agent's node; `None` if the token may not know it, which takes `agent:read`.
async fn node(core: &Core) -> Result<Option<String>> {
    let answer = match core.agent.call(Call::get("/v1/agent/self")).await {
        Err(error) if error.code() == Code::PermissionDenied => return Ok(None),
        answer => answer?,
    };
    let found = answers::oneself(&answer.body)?;
    Ok(Some(found.config.unwrap_or_default().node_name))
}

/// Removes an entry from the catalog.
async fn forget(core: &Core, entry: &Entry) -> Result<()> {
    let message = requests::Forget {
        datacenter: entry.datacenter.clone(),
        node: entry.node.clone(),
        service_id: entry.service_id.clone(),
    };
    let body = json::to_vec(&message).map_err(|error| Error::internal(error.to_string()))?;
    let path = query::within(&core.config, "/v1/catalog/deregister".to_owned());
    core.agent.call(Call::put(path, Bytes::from(body))).await?;
    Ok(())
}

fn stays(key: &Key, entry: &Entry) -> Error {
    Error::bare(
        Code::Unavailable,
        format!(
            "{} stays in Consul's catalog on node {} ({}): remove it there with `consul services deregister -id={}`",
            key.id, entry.node, entry.node_address, key.id
        ),
    )
    .inside()
}
