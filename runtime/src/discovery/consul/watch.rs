//! Follows one service: by a blocking query of its own or, beyond so many, by one shared by all the others.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};

use super::agent::Answer;
use super::answers;
use super::cache;
use super::connection::Connection;
use super::core::Core;
use super::instances;
use super::names;
use super::overflow::Ticket;
use super::pace::Pace;
use super::query::{self, Index};
use super::trouble::{Streak, jittered};
use crate::discovery::{Publisher, Snapshot};
use crate::error::Result;

/// How many answers may follow one another at once, and how far apart they are then.
const BURST: u32 = 5;
const EVERY: Duration = Duration::from_millis(200);
/// How long an empty list is not believed after the servers have lost their state, or may have: instances register again
/// within it.
const REBUILT: Duration = Duration::from_secs(10);
/// How often a service without a query of its own is read if nothing is heard of it.
const REFRESH: Duration = Duration::from_secs(60);
/// How long its first read waits for the shared query, so that no change falls between the two.
const READY: Duration = Duration::from_secs(2);

/// Feeds a watch until it is dropped.
pub(super) async fn follow(core: Arc<Core>, service: String, publisher: Publisher) {
    let watcher = Watcher::new(core, &service, &publisher);
    tokio::select! {
        () = publisher.closed() => {}
        // Dropping it closes its connection.
        () = watcher.run() => {}
    }
}

/// Asks for the instances of a service once.
///
/// # Errors
/// As [`Agent::call`](super::agent::Agent::call).
pub(super) async fn get(core: &Core, service: &str) -> Result<Snapshot> {
    let call = query::instances(&core.config, &names::service(service));
    let answer = core.agent.call(call).await?;
    let found = answers::items(&answer.body)?;
    Ok(instances::snapshot(&found, &core.config))
}

struct Watcher<'p> {
    core: Arc<Core>,
    /// In Consul.
    name: String,
    publisher: &'p Publisher,
    how: How,
    index: Index,
    pace: Pace,
    streak: Streak,
    last: Option<Snapshot>,
    /// Whether the watch has a problem to be taken back.
    failed: bool,
    /// Whether an earlier process's snapshot was looked for.
    looked_on_disk: bool,
    /// Until when an empty list is not believed.
    rebuilding: Option<Instant>,
    /// An empty list is being waited out.
    waits: bool,
}

/// How news of the service comes.
enum How {
    /// By its own blocking query.
    Own {
        _permit: OwnedSemaphorePermit,
        line: Option<Connection>,
    },
    /// By reading it when the query of all checks says that it has changed.
    Shared { ticket: Ticket, read: bool },
}

impl<'p> Watcher<'p> {
    fn new(core: Arc<Core>, service: &str, publisher: &'p Publisher) -> Self {
        let name = names::service(service);
        let how = match Arc::clone(&core.own_queries).try_acquire_owned() {
            Ok(permit) => How::own(permit),
            Err(_) => How::Shared {
                ticket: core.overflow.enroll(&core, &name),
                read: false,
            },
        };
        Self {
            streak: Streak::new(&core.trouble, service),
            core,
            name,
            publisher,
            how,
            index: Index::default(),
            pace: Pace::new(BURST, EVERY),
            last: None,
            failed: false,
            looked_on_disk: false,
            rebuilding: None,
            waits: false,
        }
    }

    async fn run(mut self) {
        loop {
            self.pace.take().await;
            match self.ask().await {
                Ok((answer, reading)) => {
                    let began = Instant::now();
                    self.answered(&answer);
                    self.pace.rest(reading + began.elapsed());
                }
                Err(error) => {
                    let pause = self.streak.failed(&error);
                    self.index.failed();
                    self.failed = true;
                    if let How::Shared { read, .. } = &mut self.how {
                        *read = false;
                    }
                    self.start_from_disk();
                    self.publisher.failing(error.message());
                    sleep(pause).await;
                }
            }
        }
    }

    /// Returns the answer, and how long reading it took.
    async fn ask(&mut self) -> Result<(Found, Duration)> {
        let patience = self.patience();
        if self.wait_for_news(patience).await {
            self.index = Index::default();
        }
        let call = query::instances(&self.core.config, &self.name);
        let answer = match &mut self.how {
            How::Own { line, .. } => {
                let call = query::blocking(call, &self.index, self.core.config.wait.min(patience));
                self.core.agent.query(line, call).await?
            }
            How::Shared { .. } => self.core.agent.call(call).await?,
        };
        let began = Instant::now();
        Found::read(answer).map(|found| (found, began.elapsed()))
    }

    /// How long to wait for news: less while an empty list is waited out.
    fn patience(&self) -> Duration {
        let until = self.rebuilding.filter(|_| self.waits);
        let left = until.map(|until| until - Instant::now());
        left.map_or(Duration::MAX, |left| left.max(Duration::from_secs(1)))
    }

    /// Waits until a service without a query of its own is to be read; returns whether it has got one.
    async fn wait_for_news(&mut self, patience: Duration) -> bool {
        let How::Shared { ticket, read } = &mut self.how else {
            return false;
        };
        if !*read {
            // If both fail, the shared query finds out when that is over, for all.
            let failing = self.streak.is_failing();
            ticket.ready(if failing { REFRESH } else { READY }).await;
            *read = true;
            return false;
        }
        let refresh = Instant::now() + jittered(REFRESH).min(patience);
        tokio::select! {
            () = ticket.changed() => false,
            () = sleep_until(refresh) => false,
            permit = Arc::clone(&self.core.own_queries).acquire_owned() => match permit {
                Ok(permit) => {
                    self.how = How::own(permit);
                    true
                }
                // Never so: the semaphore is not closed.
                Err(_) => pending().await,
            },
        }
    }

    fn answered(&mut self, found: &Found) {
        let now = Instant::now();
        let doubted = now + REBUILT;
        self.rebuilding = self.rebuilding.filter(|until| now < *until);
        if self.streak.over() {
            // A restarted agent without a disk may have come to a higher index. Only once, or failures now and then would
            // put it off for ever.
            self.rebuilding.get_or_insert(doubted);
        }
        if self.index.answered(found.index) {
            self.rebuilding = Some(doubted);
        }
        let snapshot = instances::snapshot(&found.instances, &self.core.config);
        self.waits = self.is_in_doubt(&snapshot);
        if self.waits {
            return;
        }
        // An agent that is back may say first what the servers have kept, and then that no check has run: the doubt lasts.
        let known = self
            .last
            .as_ref()
            .is_some_and(|last| instances::same(last, &snapshot));
        if !known {
            cache::write(&self.core.config, &self.name, &found.body);
        }
        // After a failure it is said again, which takes the failure back.
        if std::mem::take(&mut self.failed) || !known {
            self.publisher.publish(snapshot.clone());
            self.last = Some(snapshot);
        }
    }

    /// Whether nobody is left of those who were known, and that may be because the servers have lost their state, or because
    /// the agent has restarted: it takes its checks for critical until it has run them.
    fn is_in_doubt(&self, snapshot: &Snapshot) -> bool {
        let before = self.last.as_ref().is_some_and(|last| !last.is_empty());
        snapshot.is_empty() && before && self.rebuilding.is_some()
    }

    /// Publishes what an earlier process knew, if nothing is known yet.
    fn start_from_disk(&mut self) {
        if self.last.is_some() || std::mem::replace(&mut self.looked_on_disk, true) {
            return;
        }
        if let Some(found) = cache::read(&self.core.config, &self.name) {
            let snapshot = instances::snapshot(&found, &self.core.config);
            self.publisher.publish(snapshot.clone());
            self.last = Some(snapshot);
        }
    }
}

impl How {
    fn own(permit: OwnedSemaphorePermit) -> Self {
        Self::Own {
            _permit: permit,
            line: None,
        }
    }
}

/// An answer about a service, read.
struct Found {
    index: u64,
    instances: super::types::answers::Instances,
    body: Bytes,
}

impl Found {
    fn read(answer: Answer) -> Result<Self> {
        Ok(Self {
            index: answer.index,
            instances: answers::items(&answer.body)?,
            body: answer.body,
        })
    }
}
