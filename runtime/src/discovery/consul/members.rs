//! The instances this process wants to be registered, and the writes that make it so.
//!
//! Who deregisters takes the instance from what is wanted first and waits for a write under way: so nothing that runs in the
//! background can bring it back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::Instant;

use super::agent::{CALL_TIMEOUT, Call};
use super::core::Core;
use super::maintain;
use super::names::escape;
use super::query;
use super::register::{self, Key, Service};
use super::strays;
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
    /// Deregistered here, and when: a registration that was on its way may reach the agent yet.
    unwanted: BTreeMap<String, Instant>,
    /// How many registrations there have been.
    count: u64,
    maintained: bool,
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
}

/// Registers an instance. If the agent cannot be reached, that is done as soon as it can be.
///
/// # Errors
/// What Consul refuses.
pub(super) async fn register(core: Arc<Core>, registration: Registration) -> Result<()> {
    let service = Arc::new(register::service(&registration, &core.config)?);
    let member = core.members.want(Arc::clone(&service));
    let written = write(&core, &member).await;
    if let Err(error) = written
        && error.code() != Code::Unavailable
    {
        core.members.give_up(&member);
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
    core.members.forget(&key.id);
    let taken_back = take_back(&core, &key.id).await;
    // Should the agent have it still, or get it by a request that was on its way.
    maintain::start(&core);
    taken_back?;
    strays::settle(&core, &key).await
}

/// Writes what is wanted to the agent, unless it is not wanted any more.
///
/// # Errors
/// As [`Agent::call`](super::agent::Agent::call).
pub(super) async fn write(core: &Core, member: &Member) -> Result<()> {
    let _writing = core.members.writing.lock().await;
    if !core.members.is_wanted(member) {
        return Ok(());
    }
    let path = "/v1/agent/service/register?replace-existing-checks=true".to_owned();
    let call = Call::put(
        query::within(&core.config, path),
        member.service.body.clone(),
    );
    core.agent.call(call).await?;
    core.members.change(member, |member| member.taken = true);
    Ok(())
}

/// Removes an id from the agent, unless it is wanted again; it is no error if it is not there.
///
/// # Errors
/// As [`Agent::call`](super::agent::Agent::call).
pub(super) async fn take_back(core: &Core, id: &str) -> Result<()> {
    let _writing = core.members.writing.lock().await;
    if core.members.lock().wanted.contains_key(id) {
        return Ok(());
    }
    let path = format!("/v1/agent/service/deregister/{}", escape(id));
    let call = Call::put(query::within(&core.config, path), "");
    match core.agent.call(call).await {
        Err(error) if error.code() != Code::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Members {
    fn want(&self, service: Arc<Service>) -> Member {
        let mut state = self.lock();
        state.count += 1;
        let member = Member {
            number: state.count,
            service,
            taken: false,
            alone: false,
            beat: None,
        };
        let id = member.service.key.id.clone();
        state.unwanted.remove(&id);
        state.wanted.insert(id, member.clone());
        member
    }

    fn forget(&self, id: &str) {
        let mut state = self.lock();
        state.wanted.remove(id);
        state.unwanted.insert(id.to_owned(), Instant::now());
    }

    /// Forgets what Consul has refused.
    fn give_up(&self, member: &Member) {
        let mut state = self.lock();
        let id = &member.service.key.id;
        if state
            .wanted
            .get(id)
            .is_some_and(|now| now.number == member.number)
        {
            state.wanted.remove(id);
        }
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

    pub(super) fn unwanted(&self) -> Vec<String> {
        self.lock().unwanted.keys().cloned().collect()
    }

    /// Notes that the agent does not have an id that is not wanted; it is looked for as long as a call may be on its way.
    pub(super) fn is_gone(&self, id: &str) {
        let mut state = self.lock();
        let since = state.unwanted.get(id);
        if since.is_some_and(|since| since.elapsed() > 2 * CALL_TIMEOUT) {
            state.unwanted.remove(id);
        }
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
