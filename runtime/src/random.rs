//! Numbers for picking endpoints, jitter and trace ids: fast, unpredictable enough to spread load, no secret.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    // The standard library's hash keys are the system's randomness, without a crate for it.
    static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(std::thread::current().id()));
}

/// Returns the next number of this thread (splitmix64).
pub(crate) fn next() -> u64 {
    STATE.with(|state| {
        let seed = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(seed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Returns a number below `bound`, which is at least 1.
pub(crate) fn below(bound: usize) -> usize {
    // The upper half of a widening product: even enough for bounds far below 2^64, and no division.
    ((u128::from(next()) * bound as u128) >> 64) as usize
}
