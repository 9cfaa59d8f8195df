//! Failed calls as events of Sentry: one for each, sent by the server where the error leaves, with the frames of all
//! processes.

mod event;
mod scrub;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ::sentry::{Client, ClientOptions, apply_defaults};

use crate::error::{Error, Result};
use crate::observe::Ended;

/// Where events go; one for the process.
static CLIENT: RwLock<Option<Arc<Client>>> = RwLock::new(None);

/// Sends an event to Sentry for each failed call whose error leaves: its caller is outside the trust boundary or no
/// handler of ours.
///
/// Expected errors are left out: those with an HTTP status below 500, and those with a reason
/// ([`Error::with_reason`]). An event has the frames of all processes the error passed, is grouped by method and
/// innermost frame (its file and its RPC, not its line and not the message), has the fields of the call's context as
/// `field.<key>`, and its request's headers without credentials.
///
/// ```no_run
/// # fn main() -> ezrpc::Result<()> {
/// let _sentry = ezrpc::Sentry::new("https://key@sentry.example/1").release("shop@1.4.2").init()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `init`"]
pub struct Sentry {
    dsn: String,
    release: Option<String>,
    environment: Option<String>,
}

/// Sends until it is dropped, which waits for events under way for at most 2 seconds.
#[must_use = "nothing is sent once it is dropped"]
pub struct SentryGuard {
    client: Arc<Client>,
}

impl Sentry {
    /// Sends to the project of a DSN, by HTTPS or HTTP; empty: to that of `SENTRY_DSN`.
    pub fn new(dsn: impl Into<String>) -> Self {
        Self {
            dsn: dsn.into(),
            release: None,
            environment: None,
        }
    }

    /// Sets the release events belong to; by default that of `SENTRY_RELEASE`.
    pub fn release(mut self, release: impl Into<String>) -> Self {
        self.release = Some(release.into());
        self
    }

    /// Sets the environment; by default that of `SENTRY_ENVIRONMENT`, or `production` (`development` in debug builds).
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Begins to send, for the whole process. Panics tell their line from now on, as after
    /// [`record_panics`](crate::record_panics). Without any DSN nothing is sent.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the DSN cannot be read.
    pub fn init(self) -> Result<SentryGuard> {
        let mut options = ClientOptions::new();
        if !self.dsn.is_empty() {
            let dsn = self.dsn.parse();
            options.dsn = Some(dsn.map_err(|error| {
                Error::invalid_argument(format!(
                    "Sentry's DSN: {error}; it is like https://key@host/1"
                ))
            })?);
        }
        options.release = self.release.map(Into::into);
        options.environment = self.environment.map(Into::into);
        options.shutdown_timeout = Duration::from_secs(2);
        let client = Arc::new(Client::from_config(apply_defaults(options)));
        crate::record_panics();
        let mut own = CLIENT.write().unwrap_or_else(PoisonError::into_inner);
        *own = Some(Arc::clone(&client));
        Ok(SentryGuard { client })
    }
}

impl Drop for SentryGuard {
    fn drop(&mut self) {
        let mut own = CLIENT.write().unwrap_or_else(PoisonError::into_inner);
        if own
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, &self.client))
        {
            *own = None;
        }
        drop(own);
        self.client.close(None);
    }
}

impl fmt::Debug for SentryGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentryGuard").finish_non_exhaustive()
    }
}

/// Sends an error that goes no further.
pub(crate) fn send(ended: &Ended<'_>, error: &Error) {
    let client = CLIENT
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some(client) = client.filter(|client| client.is_enabled()) {
        client.capture_event(event::of(ended, error), None);
    }
}
