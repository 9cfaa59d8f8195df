//! The settings of one outgoing call: a child context made by `ctx.call()`.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Context, Inner};
use crate::discovery::{Clients, Registry};
use crate::error::Result;
use crate::metadata::Metadata;

/// What one call sends beside what it inherits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outgoing {
    pub(crate) metadata: Metadata,
    /// What consistent hashing picks by.
    pub(crate) key: Option<String>,
    /// The metadata could not be taken; said when the call is made.
    pub(crate) error: Option<String>,
}

impl Context {
    /// Derives a context for one call's own settings; the reply's metadata is read from it afterwards.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ezrpc::Context;
    /// let ctx = Context::background();
    /// let call = ctx.call().timeout(Duration::from_millis(200)).header("x-shop", "7");
    /// assert!(call.remaining().is_some());
    /// ```
    #[must_use]
    pub fn call(&self) -> Self {
        let mut inner = Inner::new(Instant::now());
        inner.method = self.inner.method;
        inner.route = self.inner.route;
        inner.deadline = self.inner.deadline;
        inner.hops = self.inner.hops;
        inner.parent = Some(self.clone());
        Self::from_inner(inner)
    }

    /// Limits the call to `timeout` from now; a deadline that is nearer stays.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        // A timeout too long for the clock is no limit.
        // By the runtime's clock, which a test may have paused.
        let now = tokio::time::Instant::now().into_std();
        let deadline = now.checked_add(timeout);
        self.change(|inner| {
            inner.deadline = match (inner.deadline, deadline) {
                (Some(old), Some(new)) => Some(old.min(new)),
                (old, new) => old.or(new),
            };
        })
    }

    /// Limits how many hops the calls made with this context may take, each counting as one. Of a handler's, fewer that are
    /// left stay; a job may take more than the 16 that are the default, up to what servers allow
    /// ([`Server::hop_budget`](crate::Server::hop_budget)).
    #[must_use]
    pub fn hop_budget(self, hops: u32) -> Self {
        let is_job = self.origin().method().is_none();
        self.change(|inner| inner.hops = if is_job { hops } else { inner.hops.min(hops) })
    }

    /// Adds a header to the calls made with this context. A name or value that cannot be sent fails the call.
    #[must_use]
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.add(|metadata| metadata.append(name, value))
    }

    /// Adds a `-bin` header to the calls made with this context.
    #[must_use]
    pub fn header_bin(self, name: &str, value: &[u8]) -> Self {
        self.add(|metadata| metadata.append_bin(name, value))
    }

    /// Sets the key by which consistent hashing picks an instance.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.change(|inner| inner.outgoing.get_or_insert_default().key = Some(key.into()))
    }

    /// Makes calls with this context, and those derived from it, find their servers in `registry`.
    ///
    /// This is how a test swaps the servers behind the process-wide clients.
    #[must_use]
    pub fn with_registry(self, registry: impl Registry) -> Self {
        self.change(|inner| inner.clients = Some(Clients::new(Arc::new(registry))))
    }

    /// Returns the headers of the reply to the call made with this context; empty before.
    pub fn reply_headers(&self) -> Metadata {
        super::lock(&self.inner.reply)
            .headers
            .clone()
            .unwrap_or_default()
    }

    /// Returns the trailers of the reply to the unary call made with this context; empty before.
    pub fn reply_trailers(&self) -> Metadata {
        super::lock(&self.inner.reply)
            .trailers
            .clone()
            .unwrap_or_default()
    }

    pub(crate) fn outgoing(&self) -> Option<&Outgoing> {
        self.inner.outgoing.as_deref()
    }

    /// The context this one was derived from in the first place: of the request being served, or of a job.
    pub(crate) fn origin(&self) -> &Self {
        let mut context = self;
        while let Some(parent) = &context.inner.parent {
            context = parent;
        }
        context
    }

    /// This context and those it was derived from, the origin last.
    pub(super) fn line(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |context| context.inner.parent.as_ref())
    }

    /// Whether it was derived for calls, so that the reply's metadata belongs into it.
    pub(crate) fn is_call(&self) -> bool {
        self.inner.parent.is_some()
    }

    /// Gives a handler in this process what its caller has and no header says: fields, who calls, the registry.
    pub(crate) fn inherit(self, caller: &Self) -> Self {
        self.change(|inner| {
            let origin = &caller.origin().inner;
            inner.peer = origin.peer;
            inner.certificates.clone_from(&origin.certificates);
            inner.principal.clone_from(&origin.principal);
            inner.fields = Mutex::new(caller.fields());
            inner.clients = caller.clients().cloned();
        })
    }

    fn add(self, entry: impl FnOnce(&mut Metadata) -> Result<()>) -> Self {
        self.change(|inner| {
            let outgoing = inner.outgoing.get_or_insert_default();
            if let Err(error) = entry(&mut outgoing.metadata) {
                outgoing.error.get_or_insert(error.to_string());
            }
        })
    }

    /// Changes this context, or a child of it with the same settings if others hold it too.
    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if Arc::get_mut(&mut self.inner).is_none() {
            let settings = self.inner.outgoing.clone();
            self = self.call();
            if let Some(inner) = Arc::get_mut(&mut self.inner) {
                inner.outgoing = settings;
            }
        }
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            change(inner);
        }
        self
    }
}

impl Drop for Inner {
    /// Drops a long line of contexts one by one and not one within the other, for which the stack may be too small.
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(context) = parent {
            parent = Arc::into_inner(context.inner).and_then(|mut inner| inner.parent.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_contexts_may_be_long() {
        let mut ctx = Context::background();
        for _ in 0..200_000 {
            ctx = ctx.call();
        }
        assert!(ctx.fields().is_empty() && !ctx.is_cancelled() && ctx.clients().is_none());
    }

    #[test]
    fn a_job_sets_its_budget() {
        let job = Context::background().hop_budget(64);
        assert_eq!(job.hops(), 64);
        assert_eq!(job.call().hop_budget(3).hops(), 3);
    }

    #[test]
    fn a_shared_context_keeps_its_settings_when_changed() {
        let call = Context::background().call().header("x-a", "1");
        let other = call
            .clone()
            .timeout(Duration::from_secs(1))
            .header("x-b", "2");
        let sent = |ctx: &Context| -> Vec<(String, String)> {
            let outgoing = ctx.outgoing().expect("settings");
            let entries = outgoing.metadata.iter();
            entries.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
        };
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(sent(&call), [pair("x-a", "1")]);
        assert_eq!(sent(&other), [pair("x-a", "1"), pair("x-b", "2")]);
    }
}
