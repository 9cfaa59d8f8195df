//! Constant load, and what became of each call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ezrpc::{Context, Error};
use ezrpc_tests::proto::fault::{WorkClient, WorkReply, WorkRequest};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How many calls are made one after the other, at the same time.
const WORKERS: u64 = 8;
/// Each of them makes one in that time: 400 calls a second together.
const PACE: Duration = Duration::from_millis(20);
/// How long one call may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// What calls do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The method may be repeated.
    Read,
    /// It may not.
    Do,
}

/// Load that goes on until it is stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    start: Instant,
}

struct Shared {
    client: WorkClient,
    ctx: Context,
    kind: Kind,
    stop: AtomicBool,
    made: AtomicU64,
    log: Mutex<Log>,
    moved: tokio::sync::Notify,
}

#[derive(Default)]
struct Log {
    latencies: Vec<Duration>,
    failures: Vec<String>,
    /// Calls answered by each instance.
    answered: BTreeMap<String, u64>,
}

/// What became of the calls of a load.
pub(crate) struct Report {
    pub(crate) calls: usize,
    pub(crate) failures: Vec<String>,
    pub(crate) answered: BTreeMap<String, u64>,
    latencies: Vec<Duration>,
    lasted: Duration,
}

impl Load {
    /// Starts calling.
    pub(crate) fn start(client: WorkClient, ctx: &Context, kind: Kind) -> Self {
        let shared = Arc::new(Shared {
            client,
            ctx: ctx.clone(),
            kind,
            stop: AtomicBool::new(false),
            made: AtomicU64::new(0),
            log: Mutex::default(),
            moved: tokio::sync::Notify::new(),
        });
        let workers = (0..WORKERS).map(|_| tokio::spawn(Arc::clone(&shared).work()));
        Self {
            workers: workers.collect(),
            shared,
            start: Instant::now(),
        }
    }

    /// Waits until so many more calls have come to an end.
    pub(crate) async fn more(&self, calls: u64) {
        let until = self.shared.made.load(Ordering::Relaxed) + calls;
        self.until(|shared| shared.made.load(Ordering::Relaxed) >= until)
            .await;
    }

    /// Waits until an instance has answered so many calls more; returns how long that took.
    pub(crate) async fn answered_by(&self, instance: &str, calls: u64) -> Duration {
        let start = Instant::now();
        let count = |shared: &Shared| {
            let log = shared.log.lock().unwrap();
            log.answered.get(instance).copied().unwrap_or(0)
        };
        let until = count(&self.shared) + calls;
        self.until(|shared| count(shared) >= until).await;
        start.elapsed()
    }

    /// How many calls have failed so far.
    pub(crate) fn failed(&self) -> usize {
        self.shared.log.lock().unwrap().failures.len()
    }

    async fn until(&self, is: impl Fn(&Shared) -> bool) {
        let all = async {
            loop {
                let moved = self.shared.moved.notified();
                if is(&self.shared) {
                    return;
                }
                moved.await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), all).await;
        in_time.expect("calls go on");
    }

    /// Stops calling, and says what has become of it.
    pub(crate) async fn stop(self) -> Report {
        self.shared.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.unwrap();
        }
        let lasted = self.start.elapsed();
        let mut log = std::mem::take(&mut *self.shared.log.lock().unwrap());
        log.latencies.sort_unstable();
        Report {
            calls: log.latencies.len(),
            failures: log.failures,
            answered: log.answered,
            latencies: log.latencies,
            lasted,
        }
    }
}

impl Shared {
    async fn work(self: Arc<Self>) {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.stop.load(Ordering::Relaxed) {
            pace.tick().await;
            let start = Instant::now();
            let outcome = self.call().await;
            self.write(start.elapsed(), outcome);
            self.made.fetch_add(1, Ordering::Relaxed);
            self.moved.notify_waiters();
        }
    }

    async fn call(&self) -> Result<WorkReply, Error> {
        let ctx = self.ctx.call().timeout(DEADLINE);
        let req = WorkRequest { millis: 2 };
        match self.kind {
            Kind::Read => self.client.read(&ctx, req).await,
            Kind::Do => self.client.r#do(&ctx, req).await,
        }
    }

    fn write(&self, took: Duration, outcome: Result<WorkReply, Error>) {
        let mut log = self.log.lock().unwrap();
        log.latencies.push(took);
        match outcome {
            Ok(reply) => *log.answered.entry(reply.instance).or_default() += 1,
            Err(error) => log.failures.push(format!("{error:?}")),
        }
    }
}

impl Report {
    /// The time within which that share of the calls came to an end.
    pub(crate) fn within(&self, share: f64) -> Duration {
        let nth = (self.latencies.len() as f64 * share) as usize;
        let nth = nth.min(self.latencies.len().saturating_sub(1));
        self.latencies.get(nth).copied().unwrap_or_default()
    }

    /// Prints the row of the table.
    pub(crate) fn print(&self, what: &str, converged: Option<Duration>) {
        let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        println!(
            "| {what} | {} | {} | {} | {} | {} | {} |",
            self.calls,
            self.failures.len(),
            millis(self.within(0.99)),
            millis(self.within(1.0)),
            converged.map_or("-".into(), millis),
            millis(self.lasted),
        );
    }

    /// Checks that no call has failed.
    pub(crate) fn all_succeeded(&self) {
        assert!(self.failures.is_empty(), "{:#?}", self.failures);
    }
}

/// How much of it the long form does, of what the short form does once.
pub(crate) fn is_long() -> bool {
    std::env::var_os("EZRPC_FAULT_LONG").is_some()
}
