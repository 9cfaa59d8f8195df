//! Time as the balancer counts it: microseconds in one number, so that it fits into atomics.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// Before all that is counted: a runtime with a paused clock may lag behind the one that asked first.
const HEAD_START: Duration = Duration::from_secs(3600);

fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(|| {
        // Not tokio's now, which a test may have moved.
        let now = std::time::Instant::now();
        now.checked_sub(HEAD_START).unwrap_or(now).into()
    })
}

/// Returns the time now.
pub(super) fn now() -> u64 {
    at(Instant::now())
}

/// Returns an instant as such a number.
pub(super) fn at(instant: Instant) -> u64 {
    micros(instant.saturating_duration_since(epoch()))
}

/// Returns the instant of such a number.
pub(super) fn instant(micros: u64) -> Instant {
    epoch() + Duration::from_micros(micros)
}

/// Returns a duration as such a number; one that is too long for it counts as thousands of years.
pub(super) fn micros(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000);
    seconds.saturating_add(duration.subsec_micros().into())
}
