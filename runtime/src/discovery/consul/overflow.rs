//! One query for all checks of the catalog, which tells the services that have none of their own when to be read.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::answers;
use super::core::Core;
use super::pace::Pace;
use super::query::{self, Index};
use super::trouble::Streak;
use super::types::answers::Checks;

/// How many answers may follow one another at once, and how far apart they are then: each has all checks there are.
const BURST: u32 = 2;
const EVERY: Duration = Duration::from_millis(500);

/// The services that share the query.
#[derive(Default)]
pub(super) struct Overflow {
    state: Mutex<State>,
    /// Somebody has left.
    left: Notify,
}

#[derive(Default)]
struct State {
    /// By the name in Consul; two watches may follow one service.
    enrolled: HashMap<String, Vec<Arc<Notify>>>,
    /// Whether the query was answered when it was last asked; `None` if it does not run.
    running: Option<watch::Receiver<bool>>,
}

/// A service's part in the query; dropping it ends that.
pub(super) struct Ticket {
    core: Arc<Core>,
    name: String,
    changed: Arc<Notify>,
    ready: watch::Receiver<bool>,
}

impl Ticket {
    /// Waits until the query is answered, not for longer than this.
    pub(super) async fn ready(&mut self, patience: Duration) {
        // Whether in time or not, the service is read then.
        _ = timeout(patience, self.ready.wait_for(|ready| *ready)).await;
    }

    /// Waits until the service has changed since this was last awaited.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.core.overflow.leave(&self.name, &self.changed);
    }
}

impl Overflow {
    /// Takes a service in, and starts the query if it does not run.
    pub(super) fn enroll(&self, core: &Arc<Core>, name: &str) -> Ticket {
        let changed = Arc::new(Notify::new());
        let mut state = self.lock();
        let all = state.enrolled.entry(name.to_owned()).or_default();
        all.push(Arc::clone(&changed));
        let ready = state.running.get_or_insert_with(|| {
            let (sender, receiver) = watch::channel(false);
            tokio::spawn(run(Arc::clone(core), sender));
            receiver
        });
        Ticket {
            core: Arc::clone(core),
            name: name.to_owned(),
            changed,
            ready: ready.clone(),
        }
    }

    fn leave(&self, name: &str, changed: &Arc<Notify>) {
        let mut state = self.lock();
        if let Some(all) = state.enrolled.get_mut(name) {
            all.retain(|one| !Arc::ptr_eq(one, changed));
            if all.is_empty() {
                state.enrolled.remove(name);
            }
        }
        self.left.notify_one();
    }

    fn wake<'n>(&self, names: impl Iterator<Item = &'n String>) {
        let state = self.lock();
        for changed in names.filter_map(|name| state.enrolled.get(name)).flatten() {
            changed.notify_one();
        }
    }

    /// Completes when nobody is left; the query is then marked as one that does not run.
    async fn deserted(&self) {
        loop {
            {
                let mut state = self.lock();
                if state.enrolled.is_empty() {
                    state.running = None;
                    return;
                }
            }
            self.left.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed by single calls, so a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the query while somebody needs it.
async fn run(core: Arc<Core>, ready: watch::Sender<bool>) {
    tokio::select! {
        // First, so that one who comes after this has ended starts it anew.
        biased;
        () = core.overflow.deserted() => {}
        () = follow(&core, &ready) => {}
    }
}

async fn follow(core: &Core, ready: &watch::Sender<bool>) {
    let (mut index, mut line) = (Index::default(), None);
    let mut pace = Pace::new(BURST, EVERY);
    let mut streak = Streak::new(&core.trouble, "all checks");
    let mut before: Option<Prints> = None;
    loop {
        pace.take().await;
        let call = query::blocking(query::checks(&core.config), &index, core.config.wait);
        let answer = core.agent.query(&mut line, call).await;
        let began = Instant::now();
        let read = answer.and_then(|answer| Ok((answer.index, answers::items(&answer.body)?)));
        match read {
            Ok((answered, checks)) => {
                streak.over();
                index.answered(answered);
                let now = prints(&checks);
                if let Some(before) = &before {
                    core.overflow.wake(changed(before, &now));
                }
                before = Some(now);
                ready.send_replace(true);
                pace.rest(began.elapsed());
            }
            Err(error) => {
                index.failed();
                // So that not all who share it find out for themselves.
                ready.send_replace(false);
                sleep(streak.failed(&error)).await;
            }
        }
    }
}

/// A number for the checks of each service.
type Prints = HashMap<String, u64>;

/// Sums up the checks of each service, those of the nodes it is on included.
fn prints(checks: &Checks) -> Prints {
    let (mut prints, mut nodes) = (Prints::new(), HashMap::<&str, Node<'_>>::new());
    for check in &checks.items {
        let node = nodes.entry(&check.node).or_default();
        let mut hash = DefaultHasher::new();
        check.hash(&mut hash);
        match check.service_name.is_empty() {
            // Sums, for the order of checks means nothing.
            true => node.sum = node.sum.wrapping_add(hash.finish()),
            false => {
                node.services.insert(&check.service_name);
                let sum = prints.entry(check.service_name.clone()).or_default();
                *sum = sum.wrapping_add(hash.finish());
            }
        }
    }
    for node in nodes.values() {
        for service in &node.services {
            if let Some(sum) = prints.get_mut(*service) {
                *sum = sum.wrapping_add(node.sum);
            }
        }
    }
    prints
}

/// The services of which something is new, gone or different.
fn changed<'p>(before: &'p Prints, now: &'p Prints) -> impl Iterator<Item = &'p String> {
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    let other = now
        .iter()
        .filter(|(name, print)| before.get(*name) != Some(print));
    gone.chain(other.map(|(name, _)| name))
}

/// The node's own checks, and the services on it that have checks.
#[derive(Default)]
struct Node<'a> {
    sum: u64,
    services: HashSet<&'a str>,
}
