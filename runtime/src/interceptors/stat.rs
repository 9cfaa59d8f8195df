//! Counts calls by method, for programs without a metrics system.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::error::Result;
use crate::interceptor::{Interceptor, Next};
use crate::reply::Reply;

/// Counts calls, errors and time by method. Clones share the counts: keep one, give the server the other.
///
/// With feature `metrics` every server counts this and more by itself, for Prometheus.
///
/// ```
/// use ezrpc::{Server, interceptors::Stat};
/// let stat = Stat::new();
/// let server = Server::new("shop").interceptor(stat.clone());
/// assert_eq!(stat.all(), []);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Stat {
    methods: Arc<Mutex<BTreeMap<&'static str, MethodStat>>>,
}

/// What has come of the calls of one method. A call that streams its reply ends when the stream begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodStat {
    /// The method: `/common.Product/Get`.
    pub method: &'static str,
    /// Calls that have ended.
    pub calls: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// Calls under way.
    pub in_flight: u64,
    /// How long those that ended took together.
    pub total: Duration,
    /// How long the longest took.
    pub longest: Duration,
}

impl Stat {
    /// Makes one that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the counts as of now, by method; those never called are not there.
    pub fn all(&self) -> Vec<MethodStat> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, MethodStat>> {
        // Numbers are never left half changed.
        self.methods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Interceptor for Stat {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        let mut call = Counted::begin(self, ctx.method().map_or("", |method| method.path()));
        let outcome = next.run().await;
        call.failed = outcome.is_err();
        outcome
    }
}

/// One call under way; one that is dropped before it has answered has failed.
struct Counted<'a> {
    stat: &'a Stat,
    method: &'static str,
    start: Instant,
    failed: bool,
}

impl<'a> Counted<'a> {
    fn begin(stat: &'a Stat, method: &'static str) -> Self {
        let mut methods = stat.lock();
        let counts = methods.entry(method).or_insert(MethodStat {
            method,
            calls: 0,
            errors: 0,
            in_flight: 0,
            total: Duration::ZERO,
            longest: Duration::ZERO,
        });
        counts.in_flight += 1;
        Self {
            stat,
            method,
            start: Instant::now(),
            failed: true,
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let took = self.start.elapsed();
        if let Some(counts) = self.stat.lock().get_mut(self.method) {
            counts.in_flight -= 1;
            counts.calls += 1;
            counts.errors += u64::from(self.failed);
            counts.total += took;
            counts.longest = counts.longest.max(took);
        }
    }
}
