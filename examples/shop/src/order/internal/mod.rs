//! What nobody outside the order service sees.

use std::sync::atomic::{AtomicI64, Ordering};

/// Order numbers, counted from 1.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    last: AtomicI64,
}

impl Numbers {
    pub(super) fn next(&self) -> i64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}
