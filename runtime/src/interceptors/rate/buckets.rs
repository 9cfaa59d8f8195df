//! Token buckets, as many as there are callers, up to a bound.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// The most buckets; beyond, those who have come last share one for each method.
pub(super) const MAX_BUCKETS: usize = 10_000;
/// The shortest time from one look for buckets that are full again to the next.
const PAUSE: Duration = Duration::from_millis(100);
/// Longer intervals are as good as this one, and would be more than instants can tell.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// Whose calls a bucket counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// All together: callers are not told apart, or nothing is known of this one.
    Anyone,
    /// Whom the authenticator has found.
    Named(String),
    /// A host by its address; of IPv6 the network, as one host has all of it.
    At(IpAddr),
    /// Those for whom there was no room.
    Others,
}

impl Caller {
    /// The host of an address.
    pub(super) fn at(address: IpAddr) -> Self {
        Self::At(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Ipv6Addr::from_bits(network).into()
            }
            v4 => v4,
        })
    }
}

/// How fast buckets fill, and how much they hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// From one token to the next.
    pub(super) interval: Duration,
    /// At least 1.
    pub(super) burst: u32,
}

impl Terms {
    /// So many tokens in a time.
    pub(super) fn new(tokens: u32, time: Duration) -> Self {
        let tokens = tokens.max(1);
        // Without time between tokens there would be no bound to them.
        let interval = (time / tokens).clamp(Duration::from_nanos(1), FOREVER);
        Self {
            interval,
            burst: tokens,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Buckets {
    /// When each will be full again: one instant says all (the generic cell rate algorithm).
    full_at: HashMap<(&'static str, Caller), Instant>,
    /// When it was last looked for those that can go.
    pruned: Option<Instant>,
}

impl Buckets {
    /// Takes a token at `now`.
    ///
    /// # Errors
    /// How long until there is one.
    pub(super) fn take(
        &mut self,
        key: (&'static str, Caller),
        terms: Terms,
        now: Instant,
    ) -> Result<(), Duration> {
        let key = self.place(key, terms, now);
        let bucket = self.full_at.entry(key).or_insert(now);
        let Some(full_at) = (*bucket).max(now).checked_add(terms.interval) else {
            return Err(terms.interval);
        };
        let room = terms.interval.saturating_mul(terms.burst);
        let wait = full_at.saturating_duration_since(now).saturating_sub(room);
        if !wait.is_zero() {
            return Err(wait);
        }
        *bucket = full_at;
        Ok(())
    }

    /// The key of the bucket that counts for a key.
    fn place(
        &mut self,
        key: (&'static str, Caller),
        terms: Terms,
        now: Instant,
    ) -> (&'static str, Caller) {
        if self.full_at.len() < MAX_BUCKETS || self.full_at.contains_key(&key) {
            return key;
        }
        let pause = terms.interval.max(PAUSE);
        let recent = |pruned| now.saturating_duration_since(pruned) < pause;
        // A look takes time for each bucket, which callers who come anew should not cause at will.
        if !self.pruned.is_some_and(recent) {
            self.pruned = Some(now);
            // A full bucket is as good as none.
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        match self.full_at.len() < MAX_BUCKETS {
            true => key,
            false => (key.0, Caller::Others),
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.full_at.len()
    }
}
