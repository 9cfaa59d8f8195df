//! What an operator sees.

use crate::server::Server;

impl Server {
    /// Tells nobody of calls: no access and error events, no metrics, no spans, nothing to Sentry.
    ///
    /// By default each call has an event `ezrpc::access` at level info (health probes: debug) with the fields `method`,
    /// `protocol`, `code`, `latency_ms`, `request_bytes`, `response_bytes`, `peer`, `caller`, `trace_id` and `fields`,
    /// those the handler has set. A call that failed has an event `ezrpc::error` too, with `stack`, `status`, `reason`
    /// and `cause`: at level error, or info if it is an expected one (declared in the proto, or an HTTP status below 500). It is told
    /// once, by the outermost server: not if the caller is a handler that calls over gRPC, whose own server tells it with the frames of both.
    /// Where no subscriber wants an event, nothing is computed for it.
    pub fn unlogged(mut self) -> Self {
        self.unlogged = true;
        self
    }

    /// Leaves the process to be called after another of its servers.
    pub(crate) fn nameless(mut self) -> Self {
        self.nameless = true;
        self
    }
}
