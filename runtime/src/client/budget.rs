//! How many calls may be sent again: a share of all calls, so that retries do not make a bad hour worse.
//!
//! The first retry of a call that no server has seen is free: a server that goes says so to many calls at once.

use std::sync::atomic::{AtomicU32, Ordering};

/// What a retry takes; each call puts in 1, so that one in five may be a retry.
const COST: u32 = 5;
/// What there is at the start: 10 retries.
const START: u32 = 10 * COST;
/// What there is at most: 100 retries.
const MOST: u32 = 100 * COST;

/// The retries that the calls of one service may make.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(START))
    }
}

impl Budget {
    /// Counts a call.
    pub(super) fn deposit(&self) {
        // As a rule it is full, and all callers only read.
        if self.0.load(Ordering::Relaxed) < MOST {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes what a retry costs, if there is as much.
    pub(super) fn withdraw(&self) -> bool {
        let take = |left: u32| left.checked_sub(COST);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_five_may_be_a_retry() {
        let budget = Budget::default();
        let granted = |budget: &Budget| (0..1000).filter(|_| budget.withdraw()).count();
        assert_eq!(granted(&budget), 10);
        (0..50).for_each(|_| budget.deposit());
        assert_eq!(granted(&budget), 10);
        (0..10_000).for_each(|_| budget.deposit());
        assert_eq!(granted(&budget), 100);
    }
}
