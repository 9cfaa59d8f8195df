//! One call to every instance of a service.

use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use tokio::time::sleep_until;

use super::attempts::{Attempts, Terms};
use super::balance::Balance;
use super::remote::Remote;
use crate::error::{Code, Error, Result};
use crate::protocol::reply::deadline_exceeded;

/// How many of the instances that have failed are named.
const NAMED: usize = 5;

impl Remote {
    /// Sends one encoded message to every instance; returns what the first one by address answers.
    ///
    /// # Errors
    /// That of the first one that has failed, with a text that says how many have.
    pub(super) async fn everywhere(self, data: Bytes) -> Result<Bytes> {
        let Attempts { group, nodes, .. } = &self.attempts;
        let mut calls = Vec::with_capacity(nodes.list().len());
        for node in nodes.list() {
            let mut plan = self.plan.clone();
            // The metadata is the first one's, as the reply is.
            plan.quiet = !calls.is_empty();
            let terms = Terms {
                only: Some(Arc::clone(node)),
                ..self.attempts.terms.clone()
            };
            let one = Self::new(plan, (Arc::clone(group), Arc::clone(nodes)), terms)?;
            calls.push(one.single(data.clone()));
        }
        let mut replies = all(calls, self.attempts.terms.deadline).await;
        if replies.iter().any(Result::is_err) {
            let addresses = nodes.list().iter().map(|node| &*node.address);
            return Err(some_failed(addresses.zip(replies).collect()));
        }
        // There is at least one endpoint, or there was no way to go.
        replies.swap_remove(0)
    }

    /// Refuses to spread what can only go to one instance.
    ///
    /// # Errors
    /// [`Code::FailedPrecondition`] if the channel broadcasts.
    pub(super) fn to_one(&self) -> Result<()> {
        self.attempts.terms.to_one()
    }
}

impl Terms {
    /// As [`Remote::to_one`].
    pub(super) fn to_one(&self) -> Result<()> {
        match self.balance {
            Balance::Broadcast => Err(Error::bare(
                Code::FailedPrecondition,
                "the channel broadcasts, and only unary calls can be: streams of many instances do not join into one; \
                 call through a channel of another Balance",
            )),
            _ => Ok(()),
        }
    }
}

fn some_failed(replies: Vec<(&str, Result<Bytes>)>) -> Error {
    let all = replies.len();
    let errors = replies
        .into_iter()
        .filter_map(|(address, reply)| Some((address, reply.err()?)));
    let mut errors: Vec<(&str, Error)> = errors.collect();
    let mut text = format!("{} of {all} instances failed: ", errors.len());
    for (at, (address, error)) in errors.iter().take(NAMED).enumerate() {
        let separator = if at == 0 { "" } else { "; " };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{address}: {error}");
    }
    if errors.len() > NAMED {
        text.push_str("; ..");
    }
    // The first one, as it is, but for the text. There is one, or this would not be called.
    let (_, first) = errors.swap_remove(0);
    first.with_message(text).inside()
}

/// Runs calls side by side to their ends, or to their deadline: who has not answered then is named as who has failed.
async fn all<F: Future<Output = Result<Bytes>>>(
    calls: Vec<F>,
    deadline: Option<Instant>,
) -> Vec<Result<Bytes>> {
    let mut running: Vec<Pin<Box<F>>> = calls.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<Result<Bytes>>> = running.iter().map(|_| None).collect();
    let mut alarm = deadline.map(|deadline| Box::pin(sleep_until(deadline.into())));
    poll_fn(|cx| {
        for (call, done) in running.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(reply) = call.as_mut().poll(cx)
            {
                *done = Some(reply);
            }
        }
        // Whichever timer has woken the task: the call as a whole has one of its own, and its error names nobody.
        let over = alarm.as_mut().is_some_and(|alarm| {
            alarm.as_mut().poll(cx).is_ready() || alarm.deadline() <= tokio::time::Instant::now()
        });
        match over || done.iter().all(Option::is_some) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    let late = |reply: Option<_>| reply.unwrap_or_else(|| Err(deadline_exceeded()));
    done.into_iter().map(late).collect()
}
