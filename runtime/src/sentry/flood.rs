//! Many errors of one kind become few events, which say how many they stand for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many events of a kind go out at once.
pub(super) const BURST: u32 = 20;
/// How long until one more may.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);
/// The most kinds that are told apart; beyond, the newest share a bucket.
const MAX_KINDS: usize = 1000;
/// Where they share it: a fingerprint is never empty.
const OTHERS: &str = "";

/// A token bucket for each fingerprint.
#[derive(Debug, Default)]
pub(super) struct Flood(Mutex<HashMap<String, Bucket>>);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// When it is full again.
    full_at: Instant,
    /// How many events found it empty, since one did not.
    dropped: u64,
}

impl Flood {
    /// Whether an event of a kind may be sent at `now`, and how many of its kind were not since the last.
    pub(super) fn pass(&self, kind: &str, now: Instant) -> Option<u64> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = place(&mut buckets, kind, now);
        let bucket = buckets.entry(kind.to_owned()).or_insert(Bucket {
            full_at: now,
            dropped: 0,
        });
        let full_at = bucket.full_at.max(now) + INTERVAL;
        if full_at.saturating_duration_since(now) > INTERVAL * BURST {
            bucket.dropped += 1;
            return None;
        }
        bucket.full_at = full_at;
        Some(std::mem::take(&mut bucket.dropped))
    }
}

/// The key of the bucket that counts for a kind.
fn place<'a>(buckets: &mut HashMap<String, Bucket>, kind: &'a str, now: Instant) -> &'a str {
    if buckets.len() < MAX_KINDS || buckets.contains_key(kind) {
        return kind;
    }
    // A full bucket is as good as none.
    buckets.retain(|_, bucket| bucket.full_at > now);
    match buckets.len() < MAX_KINDS {
        true => kind,
        false => OTHERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_event_says_how_many_were_not_sent() {
        let (flood, start) = (Flood::default(), Instant::now());
        let pass = |kind, seconds| flood.pass(kind, start + Duration::from_secs(seconds));
        for _ in 0..BURST {
            assert_eq!(pass("a", 0), Some(0));
        }
        assert_eq!([pass("a", 0), pass("a", 9)], [None, None]);
        // Another kind has a bucket of its own.
        assert_eq!(pass("b", 9), Some(0));
        assert_eq!([pass("a", 10), pass("a", 10)], [Some(2), None]);
        assert_eq!([pass("a", 1000), pass("a", 1000)], [Some(1), Some(0)]);
    }

    #[test]
    fn kinds_without_number_take_no_memory_without_bound() {
        let (flood, start) = (Flood::default(), Instant::now());
        let len = || flood.0.lock().expect("no panic").len();
        for kind in 0..2 * MAX_KINDS {
            flood.pass(&kind.to_string(), start);
        }
        assert_eq!(len(), MAX_KINDS + 1);
        assert!(flood.pass("more", start).is_none());
        assert!(flood.pass("more", start + INTERVAL * BURST).is_some());
        assert_eq!(len(), 1);
    }
}
