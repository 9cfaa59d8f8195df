//! Failures that follow one another: how long to wait between them, and one line of log for all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Code, Error};
use crate::random;

/// The first pause after a failure, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What all that is asked of one agent has in common: if it cannot be reached, one line says so.
#[derive(Debug)]
pub(super) struct Trouble {
    registry: String,
    /// How many streaks there are for which nobody answers.
    away: Mutex<usize>,
}

impl Trouble {
    pub(super) fn new(registry: String) -> Arc<Self> {
        Arc::new(Self {
            registry,
            away: Mutex::new(0),
        })
    }

    fn begins(&self, what: &str, error: &Error) {
        let mut away = self.lock();
        *away += 1;
        if *away == 1 {
            let registry = &self.registry;
            tracing::warn!(registry, what, %error, "the registry is away; what was known stands, and it is asked again");
        }
    }

    fn ends(&self, answered: bool) {
        let mut away = self.lock();
        *away = away.saturating_sub(1);
        if *away == 0 && answered {
            tracing::warn!(registry = self.registry, "the registry answers again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        // A number is whole, whatever happens elsewhere.
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failures of one kind of question in a row.
#[derive(Debug)]
pub(super) struct Streak {
    trouble: Arc<Trouble>,
    what: String,
    failures: u32,
    /// Whether it counts among those for which nobody answers; others are refused, each for its own reason.
    away: bool,
}

impl Streak {
    pub(super) fn new(trouble: &Arc<Trouble>, what: impl Into<String>) -> Self {
        Self {
            trouble: Arc::clone(trouble),
            what: what.into(),
            failures: 0,
            away: false,
        }
    }

    /// Notes a failure, logs the first, and returns how long to wait.
    pub(super) fn failed(&mut self, error: &Error) -> Duration {
        let (first, away) = (self.failures == 0, error.code() == Code::Unavailable);
        if away && !self.away {
            self.trouble.begins(&self.what, error);
        } else if !away && (first || self.away) {
            self.leave(true);
            let registry = &self.trouble.registry;
            tracing::warn!(registry, what = self.what, %error, "the registry refuses; it is asked again");
        }
        self.away = away;
        self.failures = self.failures.saturating_add(1);
        pause(self.failures)
    }

    /// Notes an answer; returns whether failures came before it.
    pub(super) fn over(&mut self) -> bool {
        if self.failures == 0 {
            return false;
        }
        self.failures = 0;
        if !self.away {
            let registry = &self.trouble.registry;
            tracing::warn!(registry, what = self.what, "the registry answers again");
        }
        self.leave(true);
        true
    }

    fn leave(&mut self, answered: bool) {
        if std::mem::take(&mut self.away) {
            self.trouble.ends(answered);
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
