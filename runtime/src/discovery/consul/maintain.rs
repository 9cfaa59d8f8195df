//! Keeps what is wanted and what the agent has in step: an agent that has restarted may have lost everything.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::agent::Call;
use super::answers;
use super::config::Check;
use super::core::Core;
use super::members::{self, Member};
use super::names::escape;
use super::query;
use super::strays;
use super::trouble::{Streak, jittered};
use super::types::answers::AgentServices;
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
                let pause = streak.failed(&error);
                let away = error.code() == Code::Unavailable;
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
    match core.config.check {
        Check::Ttl(ttl) => core.config.keep.min(ttl / 3),
        Check::Grpc { .. } => core.config.keep,
    }
}

/// Looks at what the agent has and mends it. What goes wrong with one instance does not keep the others.
///
/// # Errors
/// The last that went wrong.
async fn round(core: &Core) -> Result<()> {
    let path = query::within(&core.config, "/v1/agent/services".to_owned());
    let answer = core.agent.call(Call::get(path)).await?;
    let found: AgentServices = answers::items(&answer.body)?;
    let mut outcome = Ok(());
    let mut note = |result: Result<()>| {
        let away = matches!(&result, Err(error) if error.code() == Code::Unavailable);
        if result.is_err() {
            outcome = result;
        }
        away
    };
    for id in core.members.unwanted() {
        let away = match found.items.contains_key(&id) {
            true => note(members::take_back(core, &id).await),
            false => {
                core.members.is_gone(&id);
                false
            }
        };
        if away {
            return outcome;
        }
    }
    for member in core.members.all() {
        let there = found.items.contains_key(&member.service.key.id);
        if note(keep(core, &member, there).await) {
            return outcome;
        }
    }
    outcome
}

/// Sees to one instance.
async fn keep(core: &Core, member: &Member, there: bool) -> Result<()> {
    let id = &member.service.key.id;
    if !there {
        members::write(core, member).await?;
        if member.taken {
            tracing::warn!(id, "the agent had lost the registration: registered again");
        }
    }
    // Rounds that were asked for come between those that are due.
    let due = |ttl: Duration| member.beat.is_none_or(|beat| beat.elapsed() >= ttl / 6);
    if matches!(core.config.check, Check::Ttl(ttl) if due(ttl)) {
        heartbeat(core, member).await?;
        let now = Some(Instant::now());
        core.members.change(member, |member| member.beat = now);
    }
    if !member.alone {
        strays::remove(core, &member.service.key).await?;
        core.members.change(member, |member| member.alone = true);
    }
    Ok(())
}

/// Says that the instance lives. An agent that does not know the check has lost the instance.
async fn heartbeat(core: &Core, member: &Member) -> Result<()> {
    match pass(core, member).await {
        Err(error) if error.code() == Code::NotFound => {
            members::write(core, member).await?;
            let id = &member.service.key.id;
            tracing::warn!(id, "the agent had lost the check: registered again");
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
