//! Bounds and time limits.

use std::time::Duration;

use crate::server::Server;

impl Server {
    /// Sets the longest request message in bytes (default 4 MiB).
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    /// Sets the longest a call may take, whatever its caller asks for (default: no limit).
    pub fn max_timeout(mut self, limit: Duration) -> Self {
        self.max_timeout = Some(limit);
        self
    }

    /// Sets how many hops a call that comes here may still take (default 16). A caller may ask for fewer, not for more.
    ///
    /// A call made with the context of a handler has one less; with none left it fails with reason `LOOP_DETECTED`.
    pub fn hop_budget(mut self, hops: u32) -> Self {
        self.hop_budget = hops;
        self
    }

    /// Sets how long the server keeps serving after it has deregistered (default: as long as its registry says that
    /// clients take to know, [`Registry::propagation`](crate::discovery::Registry::propagation): 2 s with Consul, none
    /// with others and without a registry).
    pub fn drain_window(mut self, window: Duration) -> Self {
        self.lifecycle.drain_window = Some(window);
        self
    }

    /// Sets how long the registry may take to forget the services when the server ends (default 5 s).
    pub fn deregister_timeout(mut self, limit: Duration) -> Self {
        self.lifecycle.deregister_timeout = limit;
        self
    }

    /// Sets when calls still under way are cut off, counted from the end of the drain window (default 10 s).
    pub fn hard_deadline(mut self, limit: Duration) -> Self {
        self.lifecycle.hard_deadline = limit;
        self
    }
}
