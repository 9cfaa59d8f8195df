//! Limits how often methods are called: a token bucket for each method, or for each caller of it.

mod buckets;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prost::Message as _;
use tokio::time::Instant;

use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::google::rpc::RetryInfo;
use crate::interceptor::{Interceptor, Next};
use crate::reply::Reply;
use crate::wkt::Any;
use buckets::{Buckets, Caller, Terms};

/// Whose calls are never refused: a server that is busy is not one to restart.
const HEALTH: &str = "grpc.health.v1.Health";

/// Refuses calls above a rate with [`Code::ResourceExhausted`] (429), a `google.rpc.RetryInfo` and, over HTTP, `Retry-After`;
/// health checks never.
///
/// It runs after the [`Authenticator`](crate::Authenticator), as all interceptors do: it knows who calls, and does not
/// limit attempts to guess credentials.
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
    terms: Terms,
    buckets: Mutex<Buckets>,
}

impl Rate {
    /// Lets each method be called so many times (at least 1) in a time, whoever calls. As many may come at once.
    pub fn per_method(calls: u32, time: Duration) -> Self {
        Self {
            by_caller: false,
            terms: Terms::new(calls, time),
            buckets: Mutex::default(),
        }
    }

    /// The same for each caller: whom the authenticator has found, or the address of the socket, which behind a proxy is the
    /// proxy's; of IPv6 its first 64 bits. At most 10,000 are told apart, over all methods.
    pub fn per_caller(calls: u32, time: Duration) -> Self {
        Self {
            by_caller: true,
            ..Self::per_method(calls, time)
        }
    }

    /// Sets how many calls may come at once (default: those of the whole time; at least 1).
    pub fn burst(mut self, calls: u32) -> Self {
        self.terms.burst = calls.max(1);
        self
    }

    /// Takes a token at `now`.
    ///
    /// # Errors
    /// How long until there is one.
    fn take(&self, method: &'static str, caller: Caller, now: Instant) -> Result<(), Duration> {
        self.lock().take((method, caller), self.terms, now)
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        // A bucket is changed whole.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Interceptor for Rate {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        let Some(method) = ctx.method().filter(|method| method.service() != HEALTH) else {
            return next.run().await;
        };
        let caller = match self.by_caller {
            false => Caller::Anyone,
            true => caller(ctx),
        };
        match self.take(method.path(), caller, Instant::now()) {
            Ok(()) => next.run().await,
            Err(wait) => Err(exhausted(method.path(), wait)),
        }
    }
}

fn caller(ctx: &Context) -> Caller {
    match (ctx.principal(), ctx.peer()) {
        (Some(principal), _) => Caller::Named(principal.name().to_owned()),
        (None, Some(peer)) => Caller::at(peer.ip()),
        (None, None) => Caller::Anyone,
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
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}
