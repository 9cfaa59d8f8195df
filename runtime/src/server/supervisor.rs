//! Several servers and background tasks that live and end together.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use super::lifecycle::{Bound, until_told};
use crate::error::{Code, Error, Result};

/// How long a task may take by default to end once it is told to.
const TASK_GRACE: Duration = Duration::from_secs(10);

/// Runs servers and background tasks that live and end together.
///
/// Parts start in the order in which they were added and stop in the reverse order, each when the one before it has
/// ended: what was added first is there for all others to the last. They are told to stop by SIGTERM or Ctrl-C, or when
/// one of them fails or panics. A task that ends well ends alone.
///
/// ```no_run
/// # async fn example(product: impl ezrpc::codegen::v1::Service, admin: impl ezrpc::codegen::v1::Service) -> ezrpc::Result<()> {
/// use std::time::Duration;
/// use ezrpc::{Server, Supervisor};
/// Supervisor::new()
///     .task("reindex", |mut stop| async move {
///         while !stop.within(Duration::from_secs(60)).await {
///             // one round of work
///         }
///         Ok(())
///     })
///     .server(Server::new("shop-product").add(product).bind("0.0.0.0:8080").await?)
///     .server(Server::new("shop-admin").add(admin).bind("127.0.0.1:8081").await?)
///     .run()
///     .await
/// # }
/// ```
#[must_use = "a supervisor does nothing until it is run"]
pub struct Supervisor {
    parts: Vec<Part>,
    grace: Duration,
}

struct Part {
    name: String,
    start: Box<dyn FnOnce(Stop) -> Work + Send>,
    /// A server ends by itself at its hard deadline; a task may have to be made to.
    is_task: bool,
}

type Work = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Tells a task of a [`Supervisor`] that it is to end. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop {
    /// The sender is dropped when the task is to end.
    told: watch::Receiver<()>,
}

impl Stop {
    /// Completes when the task is to end.
    pub async fn requested(&mut self) {
        // Nothing is ever sent.
        let _ = self.told.changed().await;
    }

    /// Returns whether the task is to end.
    pub fn is_requested(&self) -> bool {
        self.told.has_changed().is_err()
    }

    /// Waits for `pause`, or until the task is to end; returns whether it is.
    pub async fn within(&mut self, pause: Duration) -> bool {
        timeout(pause, self.requested()).await.is_ok()
    }
}

impl Supervisor {
    /// Makes one without parts.
    pub fn new() -> Self {
        Self {
            parts: Vec::new(),
            grace: TASK_GRACE,
        }
    }

    /// Adds a server.
    pub fn server(self, bound: Bound) -> Self {
        let name = bound.title();
        self.part(name, false, |mut stop| {
            Box::pin(bound.serve_until(async move { stop.requested().await }))
        })
    }

    /// Adds a background task, called `name` in logs and errors.
    pub fn task<F, Fut>(self, name: impl Into<String>, task: F) -> Self
    where
        F: FnOnce(Stop) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let name = format!("task {}", name.into());
        self.part(name, true, |stop| Box::pin(task(stop)))
    }

    /// Sets how long a task may take to end once it is told to (default 10 s); then it is dropped. Servers have hard
    /// deadlines of their own.
    pub fn task_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    fn part(
        mut self,
        name: String,
        is_task: bool,
        start: impl FnOnce(Stop) -> Work + Send + 'static,
    ) -> Self {
        self.parts.push(Part {
            name,
            start: Box::new(start),
            is_task,
        });
        self
    }

    /// Runs all parts until SIGTERM or Ctrl-C, until one fails, or until all have ended. A second signal ends the
    /// process at once, with status 128 and the signal's number.
    ///
    /// # Errors
    /// That of the part that failed first; those of others are logged. [`Code::Internal`] for one that panicked.
    pub async fn run(self) -> Result<()> {
        until_told(|stop| self.run_until(stop)).await
    }

    /// Runs all parts until `stop` completes, until one fails, or until all have ended.
    ///
    /// # Errors
    /// As [`Supervisor::run`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<()> {
        let grace = self.grace;
        let mut running: Vec<Running> = self.parts.into_iter().map(Running::start).collect();
        let mut stop = pin!(stop);
        let mut outcome = poll_fn(|cx| {
            if let Poll::Ready(outcome) = poll_parts(&mut running, cx) {
                return Poll::Ready(outcome);
            }
            stop.as_mut().poll(cx).map(Ok)
        })
        .await;
        while let Some(part) = running.pop() {
            let ended = part.stop(grace).await;
            match (&outcome, ended) {
                (Ok(()), Err(error)) => outcome = Err(error),
                // The first one is what the caller gets.
                (Err(_), Err(error)) => tracing::error!(?error, "failed while stopping"),
                (_, Ok(())) => {}
            }
        }
        outcome
    }
}

impl Default for Supervisor {
    fn default() -> Self {
        Self::new()
    }
}

/// Lets go of the parts that have ended; ready when one has failed, or none is left.
fn poll_parts(running: &mut Vec<Running>, cx: &mut TaskContext<'_>) -> Poll<Result<()>> {
    let mut failed = None;
    running.retain_mut(|part| match part.poll(cx) {
        Poll::Pending => true,
        Poll::Ready(Ok(())) => false,
        Poll::Ready(Err(error)) => {
            tracing::error!(part = part.name, ?error, "failed: the others are stopped");
            failed.get_or_insert(error);
            false
        }
    });
    match failed {
        Some(error) => Poll::Ready(Err(error)),
        None if running.is_empty() => Poll::Ready(Ok(())),
        None => Poll::Pending,
    }
}

/// A part that runs. Dropped, it is dropped with what it does.
struct Running {
    name: String,
    work: JoinHandle<Result<()>>,
    stop: Option<watch::Sender<()>>,
    is_task: bool,
}

impl Running {
    fn start(part: Part) -> Self {
        let (stop, told) = watch::channel(());
        Self {
            name: part.name,
            // Inside the task, for the closure may panic too.
            work: tokio::spawn(async move { (part.start)(Stop { told }).await }),
            stop: Some(stop),
            is_task: part.is_task,
        }
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<()>> {
        let ended = Pin::new(&mut self.work).poll(cx);
        ended.map(|ended| ended.unwrap_or_else(|error| Err(self.broken(&error))))
    }

    /// Has it end, and waits until it has.
    async fn stop(mut self, grace: Duration) -> Result<()> {
        self.stop = None;
        tracing::debug!(part = self.name, "stopping");
        let limit = match self.is_task {
            true => grace,
            false => Duration::MAX,
        };
        match timeout(limit, poll_fn(|cx| self.poll(cx))).await {
            Ok(ended) => ended,
            Err(_) => {
                tracing::warn!(
                    part = self.name,
                    ?grace,
                    "dropped: it has not ended in time"
                );
                Ok(())
            }
        }
    }

    fn broken(&self, error: &JoinError) -> Error {
        let what = match error.is_panic() {
            true => "panicked",
            false => "was cancelled",
        };
        Error::bare(Code::Internal, format!("{} {what}", self.name))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.work.abort();
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.parts.iter().map(|part| &part.name))
            .finish()
    }
}

#[cfg(test)]
mod tests;
