//! Failures that follow one another: how long to wait between them, and one line of log for all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::agent::Outage;
use crate::error::Error;
use crate::random;

/// The first pause after a failure, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What all that is asked of one agent has in common: if it cannot be reached, one line says so.
#[derive(Debug)]
pub(super) struct Trouble {
    registry: String,
    streaks: Mutex<Streaks>,
}

/// How many streaks there are of each kind of outage.
#[derive(Debug, Default)]
struct Streaks {
    silent: usize,
    failing: usize,
}

impl Streaks {
    fn count(&mut self, outage: Outage) -> &mut usize {
        match outage {
            Outage::Silent => &mut self.silent,
            Outage::Failing => &mut self.failing,
        }
    }
}

impl Trouble {
    pub(super) fn new(registry: String) -> Arc<Self> {
        Arc::new(Self {
            registry,
            streaks: Mutex::default(),
        })
    }

    fn begins(&self, outage: Outage, what: &str, error: &Error) {
        let mut streaks = self.lock();
        let count = streaks.count(outage);
        *count += 1;
        let registry = &self.registry;
        match outage {
            _ if *count > 1 => {}
            Outage::Silent => {
                tracing::warn!(registry, what, %error, "the registry is away; what was known stands, and it is asked again");
            }
            Outage::Failing => {
                tracing::warn!(registry, what, %error, "the registry cannot answer; what was known stands, and it is asked again");
            }
        }
    }

    fn ends(&self, outage: Outage, answered: bool) {
        let mut streaks = self.lock();
        let count = streaks.count(outage);
        *count = count.saturating_sub(1);
        if answered && streaks.silent + streaks.failing == 0 {
            tracing::warn!(registry = self.registry, "the registry answers again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Streaks> {
        // Numbers are whole, whatever happens elsewhere.
        self.streaks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failures of one kind of question in a row.
#[derive(Debug)]
pub(super) struct Streak {
    trouble: Arc<Trouble>,
    what: String,
    failures: u32,
    /// Which outage it counts for; what is refused, or cannot be read, is none: each has its own reason.
    outage: Option<Outage>,
}

impl Streak {
    pub(super) fn new(trouble: &Arc<Trouble>, what: impl Into<String>) -> Self {
        Self {
            trouble: Arc::clone(trouble),
            what: what.into(),
            failures: 0,
            outage: None,
        }
    }

    /// Notes a failure, logs the first, and returns how long to wait.
    pub(super) fn failed(&mut self, error: &Error) -> Duration {
        let (first, outage) = (self.failures == 0, Outage::of(error));
        if first || outage != self.outage {
            // Another one of the two is no answer yet.
            self.leave(outage.is_none());
            match outage {
                Some(outage) => self.trouble.begins(outage, &self.what, error),
                None => {
                    let registry = &self.trouble.registry;
                    tracing::warn!(registry, what = self.what, %error, "the registry refuses; it is asked again");
                }
            }
        }
        self.outage = outage;
        self.failures = self.failures.saturating_add(1);
        pause(self.failures)
    }

    /// Notes an answer; returns whether failures came before it.
    pub(super) fn over(&mut self) -> bool {
        if self.failures == 0 {
            return false;
        }
        self.failures = 0;
        if self.outage.is_none() {
            let registry = &self.trouble.registry;
            tracing::warn!(registry, what = self.what, "the registry answers again");
        }
        self.leave(true);
        true
    }

    /// Whether the last question has failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    fn leave(&mut self, answered: bool) {
        if let Some(outage) = self.outage.take() {
            self.trouble.ends(outage, answered);
        }
    }
}

impl Drop for Streak {
    fn drop(&mut self) {
        self.leave(false);
    }
}

/// Doubles up to the longest; half of it is by chance, so that many do not ask at one time.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(10));
    jittered(doubled.min(LONGEST_PAUSE))
}

/// Between half of a time and all of it.
pub(super) fn jittered(time: Duration) -> Duration {
    let half = time / 2;
    // Times here are far below the 584 years that nanoseconds have room for.
    let range = usize::try_from(half.as_nanos())
        .unwrap_or(usize::MAX)
        .max(1);
    half + Duration::from_nanos(random::below(range) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        for (failures, longest) in [
            (1, 250),
            (2, 500),
            (3, 1000),
            (6, 5000),
            (4_000_000_000, 5000),
        ] {
            for _ in 0..100 {
                let pause = pause(failures).as_millis();
                assert!(
                    (longest / 2..=longest).contains(&pause),
                    "{failures}: {pause}"
                );
            }
        }
    }
}
