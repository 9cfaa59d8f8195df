//! What calls have shown of one endpoint: how long it takes to answer, and whether it fails them.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::clock::micros;
use crate::random;

/// How fast new latencies count: after this much time an old one counts half.
const HALF_LIFE: u64 = 700_000;
/// How fast a latency is forgotten when no calls come, so that who was slow once is asked again.
const IDLE_HALF_LIFE: u64 = 1_500_000;
/// Failures in a row after which an endpoint gets no calls for a while.
pub(super) const FAILURES: u32 = 5;
/// For how long, the first time; doubled each time it fails again right after.
const FIRST_PENALTY: Duration = Duration::from_secs(5);
const LONGEST_PENALTY: Duration = Duration::from_secs(120);

/// What calls have shown of one endpoint. A clock reading comes as an argument, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Milliseconds of the last change in the upper half, which may wrap; latency in microseconds in the lower.
    latency: AtomicU64,
    /// Failures of the transport since the last answer.
    failures: AtomicU32,
    /// Penalties since the last answer.
    penalties: AtomicU32,
    ejected_until: AtomicU64,
}

impl Health {
    /// Returns how long calls take there, by a moving average that fades when no calls come; 0 if nothing is known.
    pub(super) fn latency(&self, now: u64) -> u64 {
        let packed = self.latency.load(Ordering::Relaxed);
        if packed == 0 {
            return 0;
        }
        fade(packed & 0xffff_ffff, idle(packed, now), IDLE_HALF_LIFE)
    }

    /// Takes note that a call took so long. Of two at the same time one may be lost, which an average bears.
    pub(super) fn observe(&self, now: u64, took: u64) {
        let packed = self.latency.load(Ordering::Relaxed);
        let took = took.min(0xffff_ffff);
        let old = packed & 0xffff_ffff;
        // The old one's weight is what is left of it after the time since; none of what is new counts less than the
        // time that it took. The first one counts no more: it is slow for what is set up with it, not by nature.
        let since = match packed {
            0 => took,
            _ => idle(packed, now).max(took),
        };
        let left = fade(1 << 16, since, HALF_LIFE);
        let latency = (old * left + took * ((1 << 16) - left)) >> 16;
        // Never 0, which means that nothing is known.
        let packed = (now / 1000) << 32 | latency.max(1);
        self.latency.store(packed, Ordering::Relaxed);
    }

    /// Takes note that a call would have taken longer than this.
    pub(super) fn observe_at_least(&self, now: u64, took: u64) {
        if self.latency(now) < took {
            self.observe(now, took);
        }
    }

    /// Takes note of an answer: whatever has been is forgiven.
    pub(super) fn answered(&self) {
        // Read first: writes of all callers to one place are what costs.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.forgive();
        }
    }

    /// Forgets failures and penalties.
    pub(super) fn forgive(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.penalties.store(0, Ordering::Relaxed);
        self.ejected_until.store(0, Ordering::Relaxed);
    }

    /// Takes note of a failure of the transport; says whether it was one too many.
    pub(super) fn failed(&self) -> bool {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        before.saturating_add(1) >= FAILURES
    }

    /// Starts a penalty; returns how long it is. One more failure after its end starts the next, twice as long.
    pub(super) fn eject(&self, now: u64) -> Duration {
        let before = self.penalties.fetch_add(1, Ordering::Relaxed);
        let full = FIRST_PENALTY
            .saturating_mul(1 << before.min(16))
            .min(LONGEST_PENALTY);
        // A quarter more or less, so that clients do not come back in step.
        let jitter = random::below(full.as_micros() as usize / 2 + 1) as u64;
        let penalty = full * 3 / 4 + Duration::from_micros(jitter);
        let until = now.saturating_add(micros(penalty));
        self.ejected_until.store(until, Ordering::Relaxed);
        penalty
    }

    /// Whether it is to get no calls now.
    pub(super) fn is_ejected(&self, now: u64) -> bool {
        self.ejected_until.load(Ordering::Relaxed) > now
    }
}

/// Microseconds since the last change, in steps of a millisecond.
fn idle(packed: u64, now: u64) -> u64 {
    let (last, now) = ((packed >> 32) as u32, (now / 1000) as u32);
    let since = now.wrapping_sub(last);
    // Another thread may have written a later time.
    if since > u32::MAX / 2 {
        0
    } else {
        u64::from(since) * 1000
    }
}

/// Halves `value` once per half-life: exact at whole ones, straight lines between.
fn fade(value: u64, time: u64, half_life: u64) -> u64 {
    let (halves, rest) = (time / half_life, time % half_life);
    if halves >= 32 {
        return 0;
    }
    (value - value * rest / (2 * half_life)) >> halves
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn latencies_average_and_fade() {
        let health = Health::default();
        assert_eq!(health.latency(SECOND), 0);
        // The first one counts for the time it took, as if calls before it had taken none.
        health.observe(SECOND, HALF_LIFE / 10);
        let first = health.latency(SECOND);
        assert!(
            (HALF_LIFE / 210..HALF_LIFE / 190).contains(&first),
            "{first}"
        );
        // One half-life later the new one counts half.
        health.observe(SECOND + HALF_LIFE, 40_000 - first);
        assert_eq!(health.latency(SECOND + HALF_LIFE), 20_000);
        // A burst at one time hardly counts more than one of them.
        for _ in 0..3 {
            health.observe(SECOND + HALF_LIFE, 20_100);
        }
        let now = health.latency(SECOND + HALF_LIFE);
        assert!((20_000..20_050).contains(&now), "{now}");
        let later = SECOND + HALF_LIFE + IDLE_HALF_LIFE;
        assert_eq!(health.latency(later), now / 2);
        assert_eq!(health.latency(later + 100 * IDLE_HALF_LIFE), 0);
        // A call given up after that long is known to be no faster.
        health.observe_at_least(later, 5);
        assert_eq!(health.latency(later), now / 2);
        health.observe_at_least(later, 9 * SECOND);
        assert!(health.latency(later) > 8 * SECOND);
    }

    #[test]
    fn penalties_grow_until_an_answer() {
        let health = Health::default();
        for _ in 1..FAILURES {
            assert!(!health.failed());
        }
        assert!(health.failed());
        let within = |expected: u64, penalty: Duration| {
            let expected = Duration::from_secs(expected);
            assert!(
                penalty >= expected * 3 / 4 && penalty <= expected * 5 / 4,
                "{penalty:?}"
            );
        };
        let penalty = health.eject(SECOND);
        within(5, penalty);
        let end = SECOND + micros(penalty);
        assert!(health.is_ejected(end - 1) && !health.is_ejected(end));
        assert!(health.failed());
        within(10, health.eject(end));
        for _ in 0..40 {
            health.eject(end);
        }
        within(120, health.eject(end));
        health.answered();
        assert!(!health.is_ejected(end) && !health.failed());
        within(5, health.eject(end));
    }
}
