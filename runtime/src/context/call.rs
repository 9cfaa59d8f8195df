//! The settings of one outgoing call: a child context made by `ctx.call()`.

use std::sync::Arc;
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

    /// Limits how many hops the calls made with this context may take, each counting as one; fewer that are left stay.
    #[must_use]
    pub fn hop_budget(self, hops: u32) -> Self {
        self.change(|inner| inner.hops = inner.hops.min(hops))
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

    /// Whether it was derived for calls, so that the reply's metadata belongs into it.
    pub(crate) fn is_call(&self) -> bool {
        self.inner.parent.is_some()
    }

    /// Makes the calls of a handler in this process find their servers where its caller's do.
    pub(crate) fn with_clients(self, clients: Option<Clients>) -> Self {
        match clients {
            Some(clients) => self.change(|inner| inner.clients = Some(clients)),
            None => self,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
