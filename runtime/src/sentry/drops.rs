//! Says that events are lost, without saying it for each.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// From one line to the next.
const PAUSE: Duration = Duration::from_secs(60);

/// What was lost and not told yet.
#[derive(Debug, Default)]
pub(super) struct Drops(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    count: u64,
    told: Option<Instant>,
}

impl Drops {
    /// Warns of a lost event: of the first at once, of more once a minute with how many they were.
    pub(super) fn tell(&self, why: fmt::Arguments<'_>) {
        if let Some(dropped) = self.count(1, Instant::now()) {
            tracing::warn!(target: super::TARGET, dropped, %why, "events were not sent");
        }
    }

    /// Warns of all that were not told of, and of those that are lost now because it is the end.
    pub(super) fn end(&self, left: u64) {
        let mut untold = self.lock();
        let dropped = std::mem::take(&mut untold.count) + left;
        drop(untold);
        if dropped > 0 {
            tracing::warn!(target: super::TARGET, dropped, "events were not sent before the end");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Untold> {
        // Numbers are never left half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are to be told of now.
    fn count(&self, more: u64, now: Instant) -> Option<u64> {
        let mut untold = self.lock();
        untold.count += more;
        let recent = |told| now.saturating_duration_since(told) < PAUSE;
        if untold.told.is_some_and(recent) {
            return None;
        }
        untold.told = Some(now);
        Some(std::mem::take(&mut untold.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_together() {
        let (drops, start) = (Drops::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(drops.count(1, start), Some(1));
        assert_eq!(
            (drops.count(1, at(1)), drops.count(2, at(59))),
            (None, None)
        );
        assert_eq!(drops.count(1, at(60)), Some(4));
        assert_eq!(drops.count(1, at(61)), None);
    }
}
