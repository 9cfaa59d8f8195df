//! A flag that is set once and can be waited for.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

pub(super) struct Cancel {
    set: AtomicBool,
    changed: Notify,
}

impl Cancel {
    pub(super) const fn new() -> Self {
        Self {
            set: AtomicBool::new(false),
            changed: Notify::const_new(),
        }
    }

    pub(super) fn set(&self) {
        self.set.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    pub(super) async fn wait(&self) {
        // Registered before the flag is read, so that no change is missed between the two.
        let changed = self.changed.notified();
        if !self.is_set() {
            changed.await;
        }
    }
}
