//! The instances this process wants to be registered, and the writes that make it so.
//!
//! Who deregisters takes the instance from what is wanted first and waits for a write under way: so nothing that runs in the
//! background can bring it back. What it has registered once it takes back only with its own mark: the next life of a server,
//! at the same address, may have registered already while the old one ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::Instant;

use super::agent::{CALL_TIMEOUT, Call};
use super::answers;
use super::core::Core;
use super::maintain;
use super::meta;
use super::names::escape;
use super::query;
use super::register::{self, Key, Service};
use super::strays;
use super::types::answers::{AgentService, AgentServices};
use crate::discovery::Registration;
use crate::error::{Code, Result};

/// What is wanted, by id.
#[derive(Default)]
pub(super) struct Members {
    state: Mutex<State>,
    /// Held during a write to the agent.
    writing: AsyncMutex<()>,
    /// There is something to do.
    pub(super) poked: Notify,
}

#[derive(Default)]
struct State {
    wanted: BTreeMap<String, Member>,
    /// Deregistered here, and since when the agent was seen without it: a registration that was on its way may reach it yet.
    unwanted: BTreeMap<String, Option<Instant>>,
    /// What was ever wanted here.
    ours: BTreeSet<String>,
    /// How many registrations there have been.
    count: u64,
    maintained: bool,
    searched: bool,
}

/// Whose registration is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// That of this life.
    Ours,
    /// Whichever there is: nothing was ever registered here.
    Anyones,
}

/// An instance that is wanted.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Which registration it comes from: a later one of the same id replaces it.
    number: u64,
    pub(super) service: Arc<Service>,
    /// Whether the agent has taken it, once.
    pub(super) taken: bool,
    /// Whether it was looked for on other nodes.
    pub(super) alone: bool,
    /// Its last heartbeat.
    pub(super) beat: Option<Instant>,
    /// Whether its check did not pass when it was last seen.
    pub(super) failing: bool,
}

/// Registers an instance. If the agent cannot be reached, that is done as soon as it can be.
///
/// # Errors
/// What Consul refuses, and as [`Access::check`](super::config::Access::check).
pub(super) async fn register(core: Arc<Core>, registration: Registration) -> Result<()> {
    core.config.access.check()?;
    let service = register::service(&registration, &core.config, &core.life)?;
    let (member, before) = core.members.want(Arc::new(service));
    let written = write(&core, &member).await;
    if let Err(error) = written
        && error.code() != Code::Unavailable
    {
        core.members.give_up(&member, before);
        return Err(error);
    }
    maintain::start(&core);
    core.members.poked.notify_one();
    Ok(())
}

/// Takes an instance out, at the agent that has it, and waits until the catalog knows.
///
/// # Errors
/// As [`Agent::call`](super::agent::Agent::call); [`Code::Unavailable`] if it stays in the catalog.
pub(super) async fn deregister(core: Arc<Core>, key: Key) -> Result<()> {
    let whose = core.members.forget(&key.id);
    let out = take_back(&core, &key.id, whose).await;
    // Should the agent have it still, or get it by a request that was on its way.
    maintain::start(&core);
    match out? {
        true => strays::settle(&core, &key).await,
        false => Ok(()),
    }
}

/// Writes what is wanted to the agent; returns whether it did, and not if it is not wanted any more.
///
/// # Errors
/// As [`Agent::call`](super::agent::Agent::call).
pub(super) async fn write(core: &Core, member: &Member) -> Result<bool> {
    let _writing = core.members.writing.lock().await;
    if !core.members.is_wanted(member) {
        return Ok(false);
    }
    let path = "/v1/agent/service/register?replace-existing-checks=true".to_owned();
    let call = Call::put(
        query::within(&core.config, path),
        member.service.body(!member.failing)?,
    );
    core.agent.call(call).await?;
    core.members.change(member, |member| member.taken = true);
    Ok(true)
}

/// Removes what this life has registered under an id, should the agent have it.
///
/// # Errors
/// As [`Agent::call`](super::agent::Agent::call).
pub(super) async fn take_back_late(core: &Core, id: &str) -> Result<()> {
    take_back(core, id, Whose::Ours).await.map(|_| ())
}

/// Removes an id from the agent; returns whether the agent has none, and not if it is wanted again or another life's. It is no
/// error if it is not there.
async fn take_back(core: &Core, id: &str, whose: Whose) -> Result<bool> {
    let _writing = core.members.writing.lock().await;
    if core.members.wants(id) {
        return Ok(false);
    }
    // Consul has no removal with a condition: who registers between these two calls finds out and registers again.
    if whose == Whose::Ours
        && let Some(there) = held(core, id).await?
        && !meta::is_of(&there.meta, &core.life)
    {
        return Ok(false);
    }
    let path = format!("/v1/agent/service/deregister/{}", escape(id));
    let call = Call::put(query::within(&core.config, path), "");
    match core.agent.call(call).await {
        Err(error) if error.code() != Code::NotFound => Err(error),
        _ => Ok(true),
    }
}

/// What the agent has under an id.
///
/// # Errors
/// As [`Agent::call`](super::agent::Agent::call).
pub(super) async fn held(core: &Core, id: &str) -> Result<Option<AgentService>> {
    let path = format!("/v1/agent/service/{}", escape(id));
    let call = Call::get(query::within(&core.config, path)).first();
    match core.agent.call(call).await {
        Err(error) if error.code() == Code::NotFound => Ok(None),
        answer => answers::agent_service(&answer?.body).map(Some),
    }
}

impl Member {
    fn is_unsearched(&self) -> bool {
        self.taken && !self.alone
    }
}

impl Members {
    /// Wants an instance; returns it, and the one of the same id that was wanted before.
    fn want(&self, service: Arc<Service>) -> (Member, Option<Member>) {
        let mut state = self.lock();
        state.count += 1;
        let before = state.wanted.remove(&service.key.id);
        let member = Member {
            number: state.count,
            service,
            taken: false,
            alone: false,
            beat: None,
            // To say it anew makes it no better.
            failing: before.as_ref().is_some_and(|before| before.failing),
        };
        let id = member.service.key.id.clone();
        state.unwanted.remove(&id);
        state.ours.insert(id.clone());
        state.wanted.insert(id, member.clone());
        (member, before)
    }

    fn forget(&self, id: &str) -> Whose {
        let mut state = self.lock();
        state.wanted.remove(id);
        if !state.ours.contains(id) {
            return Whose::Anyones;
        }
        state.unwanted.insert(id.to_owned(), None);
        Whose::Ours
    }

    /// Forgets what Consul has refused, and wants what the agent has instead.
    fn give_up(&self, member: &Member, before: Option<Member>) {
        let mut state = self.lock();
        let id = &member.service.key.id;
        if state
            .wanted
            .get(id)
            .is_some_and(|now| now.number == member.number)
        {
            state.wanted.remove(id);
            if let Some(before) = before {
                state.wanted.insert(before.service.key.id.clone(), before);
            }
        }
    }

    /// Whether an id is wanted, by whichever registration.
    pub(super) fn wants(&self, id: &str) -> bool {
        self.lock().wanted.contains_key(id)
    }

    fn is_wanted(&self, member: &Member) -> bool {
        let state = self.lock();
        let now = state.wanted.get(&member.service.key.id);
        now.is_some_and(|now| now.number == member.number)
    }

    /// Notes something of a member, if it is still that one.
    pub(super) fn change(&self, member: &Member, change: impl FnOnce(&mut Member)) {
        let mut state = self.lock();
        let now = state.wanted.get_mut(&member.service.key.id);
        if let Some(now) = now.filter(|now| now.number == member.number) {
            change(now);
        }
    }

    pub(super) fn all(&self) -> Vec<Member> {
        self.lock().wanted.values().cloned().collect()
    }

    /// Notes what the agent has, `None` if it cannot be told; returns what is to be taken back. What was deregistered is looked
    /// for as long as a call may be on its way, from the time on that the agent answers and does not have it.
    pub(super) fn looked(&self, found: Option<&AgentServices>, life: &str) -> Vec<String> {
        let (mut state, mut late) = (self.lock(), Vec::new());
        state.unwanted.retain(|id, gone| {
            let Some(found) = found else {
                *gone = None;
                return true;
            };
            let there = found.items.get(id);
            if there.is_some_and(|there| meta::is_of(&there.meta, life)) {
                late.push(id.clone());
                *gone = None;
                return true;
            }
            gone.get_or_insert_with(Instant::now).elapsed() <= 2 * CALL_TIMEOUT
        });
        late
    }

    /// Whether the search on other nodes has to be started; from then on it counts as running.
    pub(super) fn start_search(&self) -> bool {
        let mut state = self.lock();
        let needed = state.wanted.values().any(Member::is_unsearched);
        needed && !std::mem::replace(&mut state.searched, true)
    }

    /// One to be looked for on other nodes; if there is none, the search counts as ended.
    pub(super) fn unsearched(&self) -> Option<Member> {
        let mut state = self.lock();
        let next = state.wanted.values().find(|member| member.is_unsearched());
        let next = next.cloned();
        state.searched = next.is_some();
        next
    }

    /// Whether maintenance has to be started; from then on it counts as running.
    pub(super) fn start_maintenance(&self) -> bool {
        !std::mem::replace(&mut self.lock().maintained, true)
    }

    /// Whether maintenance has nothing to do; from then on it counts as ended.
    pub(super) fn end_maintenance(&self) -> bool {
        let mut state = self.lock();
        let idle = state.wanted.is_empty() && state.unwanted.is_empty();
        state.maintained = !idle;
        idle
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed by single calls, so a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
