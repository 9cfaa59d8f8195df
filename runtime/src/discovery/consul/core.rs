//! What all work for one `Consul` shares, whichever runtime it is done on.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::agent::Agent;
use super::answers;
use super::config::Config;
use super::members::Members;
use super::overflow::Overflow;
use super::query;
use super::trouble::Trouble;
use super::{names, register};
use crate::error::Result;
use crate::random;

/// How many services have a blocking query of their own, each on its own connection. With the short calls and the query that
/// the others share, this stays below 64 connections: a stock agent takes 200 of one address, for all its clients.
pub(super) const OWN_QUERIES: usize = 48;

/// The settings, the agent, and what is going on.
pub(super) struct Core {
    pub(super) config: Config,
    pub(super) agent: Agent,
    /// Marks what is registered from here: an earlier process at the same address, or a later one, has another.
    pub(super) life: String,
    pub(super) trouble: Arc<Trouble>,
    pub(super) own_queries: Arc<Semaphore>,
    pub(super) overflow: Overflow,
    pub(super) members: Members,
}

impl Core {
    pub(super) fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            agent: Agent::new(config.access.clone()),
            life: format!("{:016x}", random::next()),
            trouble: Trouble::new(describe(&config)),
            own_queries: Arc::new(Semaphore::new(OWN_QUERIES)),
            overflow: Overflow::default(),
            members: Members::default(),
            config,
        })
    }

    /// The proto names of the services registered by ezrpc, with all tags asked for; sorted.
    ///
    /// # Errors
    /// As [`Agent::call`].
    pub(super) async fn list(&self) -> Result<Vec<String>> {
        let answer = self.agent.call(query::services(&self.config)).await?;
        let found: super::types::answers::Names = answers::items(&answer.body)?;
        let wanted: Vec<&str> = [register::TAG]
            .into_iter()
            .chain(self.config.tags.iter().map(String::as_str))
            .collect();
        let ours = found.items.iter().filter(|(_, tags)| {
            let tags = texts(tags);
            wanted.iter().all(|wanted| tags.contains(wanted))
        });
        // Sorted by the name with dashes, which order otherwise than dots.
        let mut names: Vec<String> = ours.map(|(name, _)| names::proto(name)).collect();
        names.sort();
        Ok(names)
    }
}

/// The strings of a list.
fn texts(value: &crate::wkt::Value) -> Vec<&str> {
    use crate::wkt::value::Kind;

    let Some(Kind::ListValue(list)) = &value.kind else {
        return Vec::new();
    };
    let texts = list.values.iter().filter_map(|value| match &value.kind {
        Some(Kind::StringValue(text)) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// `consul://127.0.0.1:8500?dc=eu`.
pub(super) fn describe(config: &Config) -> String {
    let mut text = format!("consul://{}", config.access.address);
    if !config.datacenter.is_empty() {
        text.push_str("?dc=");
        text.push_str(&config.datacenter);
    }
    text
}
