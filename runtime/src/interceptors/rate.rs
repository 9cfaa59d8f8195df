//! Limits how often methods are called: a token bucket for each method, or for each caller of it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prost::Message as _;

use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::google::rpc::RetryInfo;
use crate::interceptor::{Interceptor, Next};
use crate::reply::Reply;
use crate::wkt::Any;

/// The most callers that are told apart; beyond, those who have come last share a bucket.
const MAX_BUCKETS: usize = 10_000;
/// Where they share it.
const OTHERS: &str = "";

/// Refuses calls above a rate with [`Code::ResourceExhausted`] (429), a `google.rpc.RetryInfo` and, over HTTP, `Retry-After`.
///
/// ```
/// use std::time::Duration;
/// use ezrpc::{Server, interceptors::Rate};
/// // 100 calls a second of each method by each caller, 20 of them at once.
/// let server = Server::new("shop").interceptor(Rate::per_caller(100, Duration::from_secs(1)).burst(20));
/// ```
#[must_use]
pub struct Rate {
    by_caller: bool,
    /// From one token to the next.
    interval: Duration,
    burst: u32,
    buckets: Mutex<HashMap<(&'static str, String), Bucket>>,
}

/// When the bucket will be full again: one instant says all (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy)]
struct Bucket {
    full_at: Instant,
}

impl Rate {
    /// Lets each method be called so many times (at least 1) in a time, whoever calls. As many may come at once.
    pub fn per_method(calls: u32, time: Duration) -> Self {
        let calls = calls.max(1);
        Self {
            by_caller: false,
            interval: time / calls,
            burst: calls,
            buckets: Mutex::default(),
        }
    }

    /// The same for each caller: whom the authenticator has found, or the address of the socket, which behind a proxy is the
    /// proxy's. At most 10,000 are told apart.
    pub fn per_caller(calls: u32, time: Duration) -> Self {
        Self {
            by_caller: true,
            ..Self::per_method(calls, time)
        }
    }

    /// Sets how many calls may come at once (default: those of the whole time; at least 1).
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls.max(1);
        self
    }

    /// Takes a token at `now`.
    ///
    /// # Errors
    /// How long until there is one.
    fn take(&self, method: &'static str, caller: String, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (method, caller);
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&key) {
            // A full bucket is as good as none.
            buckets.retain(|_, bucket| bucket.full_at > now);
            if buckets.len() >= MAX_BUCKETS {
                key.1 = OTHERS.to_owned();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { full_at: now });
        let full_at = bucket.full_at.max(now) + self.interval;
        let room = self.interval.saturating_mul(self.burst);
        let wait = full_at.saturating_duration_since(now).saturating_sub(room);
        if !wait.is_zero() {
            return Err(wait);
        }
        bucket.full_at = full_at;
        Ok(())
    }
}

impl Interceptor for Rate {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        let method = ctx.method().map_or("", |method| method.path());
        let caller = match self.by_caller {
            false => OTHERS.to_owned(),
            true => caller(ctx),
        };
        match self.take(method, caller, Instant::now()) {
            Ok(()) => next.run().await,
            Err(wait) => Err(exhausted(method, wait)),
        }
    }
}

fn caller(ctx: &Context) -> String {
    match (ctx.principal(), ctx.peer()) {
        (Some(principal), _) => principal.name().to_owned(),
        (None, Some(peer)) => peer.ip().to_string(),
        (None, None) => OTHERS.to_owned(),
    }
}

fn exhausted(method: &str, wait: Duration) -> Error {
    let text = format!("{method} is called too often");
    let info = RetryInfo {
        retry_delay: Some(crate::wkt::Duration {
            // Of a time somebody has set, far below 2^63 s.
            seconds: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            // Below 10^9.
            nanos: wait.subsec_nanos() as i32,
        }),
    };
    Error::bare(Code::ResourceExhausted, text).with_detail(Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: info.encode_to_vec(),
    })
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate")
            .field("by_caller", &self.by_caller)
            .field("interval", &self.interval)
            .field("burst", &self.burst)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_with_time_up_to_the_burst() {
        let rate = Rate::per_caller(10, Duration::from_secs(1)).burst(2);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let take = |caller: &str, ms| rate.take("/a.B/C", caller.to_owned(), at(ms));
        let wait = |ms| Err(Duration::from_millis(ms));
        assert_eq!(
            [take("a", 0), take("a", 0), take("a", 0)],
            [Ok(()), Ok(()), wait(100)]
        );
        // Another caller has a bucket of its own.
        assert_eq!(take("b", 0), Ok(()));
        assert_eq!(
            [take("a", 60), take("a", 100), take("a", 100)],
            [wait(40), Ok(()), wait(100)]
        );
        // A long rest gives no more than the burst.
        assert_eq!(
            [take("a", 9000), take("a", 9000), take("a", 9000)],
            [Ok(()), Ok(()), wait(100)]
        );
    }

    #[test]
    fn callers_without_number_take_no_memory_without_bound() {
        let rate = Rate::per_caller(1, Duration::from_secs(1));
        let now = Instant::now();
        let take = |caller: usize, at| rate.take("/a.B/C", caller.to_string(), at);
        for caller in 0..MAX_BUCKETS {
            assert_eq!(take(caller, now), Ok(()));
        }
        assert_eq!(take(MAX_BUCKETS, now), Ok(()));
        assert!(take(MAX_BUCKETS + 1, now).is_err());
        assert_eq!(
            rate.buckets.lock().expect("no panic").len(),
            MAX_BUCKETS + 1
        );
        let later = now + Duration::from_secs(2);
        assert_eq!(take(MAX_BUCKETS + 1, later), Ok(()));
        assert_eq!(rate.buckets.lock().expect("no panic").len(), 1);
    }
}
