//! Keeps what is wanted and what the agent has in step: an agent that has restarted may have lost everything.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::agent::{Call, Outage};
use super::answers;
use super::config::{Check, SHORTEST_KEEP};
use super::core::Core;
use super::members::{self, Member};
use super::names::escape;
use super::query;
use super::strays;
use super::trouble::{Streak, jittered};
use super::types::answers::{AgentChecks, AgentServices};
use crate::error::{Code, Error, Result};

/// How long an agent that cannot be reached is left alone, at most.
const SOON: Duration = Duration::from_secs(1);

/// Starts maintenance, unless it runs.
pub(super) fn start(core: &Arc<Core>) {
    if core.members.start_maintenance() {
        tokio::spawn(maintain(Arc::clone(core)));
    }
}

async fn maintain(core: Arc<Core>) {
    let mut streak = Streak::new(&core.trouble, "registrations");
    while !core.members.end_maintenance() {
        let every = jittered(every(&core));
        let pause = match round(&core).await {
            Ok(()) => {
                streak.over();
                every
            }
            Err(error) => {
                // What is refused for one keeps no heartbeat of another.
                let pause = streak.failed(&error).min(every);
                let away = Outage::of(&error).is_some();
                // Who comes back has perhaps lost everything.
                if away { pause.min(SOON) } else { pause }
            }
        };
        // In time or poked, the next round comes.
        _ = timeout(pause, core.members.poked.notified()).await;
    }
}

/// Time enough for three heartbeats.
fn every(core: &Core) -> Duration {
    let every = match core.config.check {
        Check::Ttl(ttl) => core.config.keep.min(ttl / 3),
        Check::Grpc { .. } => core.config.keep,
    };
    every.max(SHORTEST_KEEP)
}

/// Looks at what the agent has and mends it. What goes wrong with one instance does not keep the others; only an agent that
/// is silent is left alone.
///
/// # Errors
/// The last that went wrong.
async fn round(core: &Arc<Core>) -> Result<()> {
    // Before the agent is asked: one that comes meanwhile need not be there yet.
    let members = core.members.all();
    let mut outcome = Ok(());
    let services = services(core).await;
    let late = core.members.looked(services.as_ref().ok(), &core.life);
    let services = note(&mut outcome, services)?;
    let checks = note(&mut outcome, checks(core, &members).await)?.flatten();
    for id in late {
        note(&mut outcome, members::take_back_late(core, &id).await)?;
    }
    for mut member in members {
        let key = &member.service.key;
        let check = checks.as_ref().and_then(|all| all.items.get(&key.check()));
        if let Some(check) = check {
            let failing = check.status != "passing";
            core.members.change(&member, |now| now.failing = failing);
            member.failing = failing;
        }
        let services = services.as_ref();
        let there = services.is_none_or(|all| all.items.contains_key(&member.service.key.id));
        note(&mut outcome, keep(core, &member, there).await)?;
    }
    // Beside the rounds: an agent of another node that does not answer takes longer than heartbeats have.
    if core.members.start_search() {
        tokio::spawn(strays::search(Arc::clone(core)));
    }
    outcome
}

/// Takes what came of one step of a round, and keeps its error.
///
/// # Errors
/// Those that end the round: the agent is silent.
fn note<T>(outcome: &mut Result<()>, result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if Outage::of(&error) == Some(Outage::Silent) => Err(error),
        Err(error) => {
            *outcome = Err(error);
            Ok(None)
        }
    }
}

async fn services(core: &Core) -> Result<AgentServices> {
    let path = query::within(&core.config, "/v1/agent/services".to_owned());
    let answer = core.agent.call(Call::get(path).first()).await?;
    answers::items(&answer.body)
}

/// The state of the checks that the agent makes; `None` if it makes none.
async fn checks(core: &Core, members: &[Member]) -> Result<Option<AgentChecks>> {
    if members.is_empty() || !matches!(core.config.check, Check::Grpc { .. }) {
        return Ok(None);
    }
    let path = query::within(&core.config, "/v1/agent/checks".to_owned());
    let answer = core.agent.call(Call::get(path).first()).await?;
    answers::items(&answer.body).map(Some)
}

/// Sees to one instance.
async fn keep(core: &Core, member: &Member, there: bool) -> Result<()> {
    if !there && members::write(core, member).await? && member.taken {
        let id = &member.service.key.id;
        match member.failing {
            // Consul removes such by itself after a time. It is not shown to clients before it is well.
            true => tracing::warn!(
                id,
                "the agent has no more the instance, which did not pass its check: registered again, as one that does not"
            ),
            false => tracing::warn!(id, "the agent had lost the registration: registered again"),
        }
    }
    // Rounds that were asked for come between those that are due.
    let due = |ttl: Duration| member.beat.is_none_or(|beat| beat.elapsed() >= ttl / 6);
    if matches!(core.config.check, Check::Ttl(ttl) if due(ttl)) {
        heartbeat(core, member).await?;
        let now = Some(Instant::now());
        core.members.change(member, |member| member.beat = now);
    }
    Ok(())
}

/// Says that the instance lives. An agent that does not know the check has lost the instance.
async fn heartbeat(core: &Core, member: &Member) -> Result<()> {
    match pass(core, member).await {
        Err(error) if error.code() == Code::NotFound => {
            if members::write(core, member).await? {
                let id = &member.service.key.id;
                tracing::warn!(id, "the agent had lost the check: registered again");
            }
            Ok(())
        }
        other => other,
    }
}

async fn pass(core: &Core, member: &Member) -> Result<(), Error> {
    let path = format!(
        "/v1/agent/check/pass/{}",
        escape(&member.service.key.check())
    );
    let call = Call::put(query::within(&core.config, path), "");
    core.agent.call(call).await.map(|_| ())
}
