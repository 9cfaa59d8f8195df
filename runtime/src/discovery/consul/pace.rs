//! How fast questions may follow one another: a few at once, then at a steady pace.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much longer than work the rest after it is.
const SHARE: u32 = 9;

/// A bucket of permissions that fills up while nobody takes any.
#[derive(Debug)]
pub(super) struct Pace {
    burst: u32,
    every: Duration,
    /// When the bucket is full again.
    full: Instant,
    /// When the next one is allowed at the earliest.
    rested: Instant,
}

impl Pace {
    /// Allows `burst` at once, and one more `every` so often.
    pub(super) fn new(burst: u32, every: Duration) -> Self {
        Self {
            burst,
            every,
            full: Instant::now(),
            rested: Instant::now(),
        }
    }

    /// Waits until one more is allowed.
    pub(super) async fn take(&mut self) {
        let now = Instant::now();
        self.full = self.full.max(now) + self.every;
        let allowed = (self.full - self.every * self.burst).max(self.rested);
        if allowed > now {
            sleep_until(allowed).await;
        }
    }

    /// Makes the next one wait after work that has just been done, so that such work takes at most a tenth of the time; the
    /// bucket stays as full as it is.
    pub(super) fn rest(&mut self, work: Duration) {
        self.rested = Instant::now() + work * SHARE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_few_come_at_once_the_rest_in_turn() {
        let mut pace = Pace::new(3, Duration::from_secs(1));
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..6 {
            pace.take().await;
            times.push(start.elapsed().as_secs());
        }
        assert_eq!(times, [0, 0, 0, 1, 2, 3]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let start = Instant::now();
        for _ in 0..3 {
            pace.take().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.rest(Duration::from_secs(1));
        pace.take().await;
        assert_eq!(start.elapsed().as_secs(), 9);
        // It takes nothing out of the bucket.
        pace.take().await;
        pace.take().await;
        assert_eq!(start.elapsed().as_secs(), 9);
    }
}
