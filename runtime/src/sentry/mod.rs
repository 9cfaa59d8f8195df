//! Failed calls as events of Sentry: one for each, sent by the server where the error leaves, with the frames of all
//! processes.

mod drops;
mod event;
mod flood;
mod host;
mod post;
mod scrub;
mod sender;
mod transport;

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ::sentry::types::Dsn;
use ::sentry::{Client, ClientOptions, apply_defaults};

use crate::error::{Error, Result};
use crate::observe::Ended;
use sender::{Filter, Sender};

/// Of log events that tell of events not sent.
const TARGET: &str = "ezrpc::sentry";
/// The variable that says where events go.
const DSN: &str = "SENTRY_DSN";
/// How long the end waits for events under way.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where events go; one for the process.
static SENDER: RwLock<Option<Arc<Sender>>> = RwLock::new(None);

/// Sends an event to Sentry for each failed call whose error leaves: its caller is outside the trust boundary or no
/// handler of ours.
///
/// Expected errors are left out: those that are declared in the proto ([`Error::number`]), and those with an HTTP status
/// below 500. An event has the frames of all processes the error passed, is grouped by method and
/// innermost frame (its file and its RPC, not its line and not the message), has the fields of the call's context as
/// `field.<key>`, and of its request's headers those that are harmless. What looks like a credential is taken out.
///
/// Of errors of one group 20 are sent at once, then one every 10 seconds; its extra `similar` is how many were not since the
/// one before. What could not be sent is told in the log, target `ezrpc::sentry`.
///
/// ```no_run
/// # fn main() -> ezrpc::Result<()> {
/// let _sentry = ezrpc::Sentry::new("https://key@sentry.example/1").release("shop@1.4.2").init()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before `init`"]
pub struct Sentry {
    dsn: String,
    release: Option<String>,
    environment: Option<String>,
    sample_rate: f32,
    filter: Option<Filter>,
}

/// Sends until it is dropped, which waits for events under way for at most 2 seconds, whether Sentry answers or not.
#[must_use = "nothing is sent once it is dropped"]
pub struct SentryGuard {
    sender: Arc<Sender>,
}

impl Sentry {
    /// Sends to the project of a DSN, by HTTPS or HTTP; empty: to that of `SENTRY_DSN`.
    pub fn new(dsn: impl Into<String>) -> Self {
        Self {
            dsn: dsn.into(),
            release: None,
            environment: None,
            sample_rate: 1.0,
            filter: None,
        }
    }

    /// Sets the release events belong to; by default that of `SENTRY_RELEASE`, or name and version of the process's
    /// first server: `shop-product@1.4.2`.
    pub fn release(mut self, release: impl Into<String>) -> Self {
        self.release = Some(release.into());
        self
    }

    /// Sets the environment; by default that of `SENTRY_ENVIRONMENT`, or `production` (`development` in debug builds).
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Sets which share of errors is sent, 0 to 1 (default: 1, all).
    pub fn sample_rate(mut self, share: f32) -> Self {
        self.sample_rate = share;
        self
    }

    /// Sends only errors for which `wanted` is true, of those that are not expected (default: all of them).
    ///
    /// ```
    /// use ezrpc::{Code, Sentry};
    /// let sentry = Sentry::new("").filter(|error| error.code() != Code::Unavailable);
    /// ```
    pub fn filter(mut self, wanted: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(wanted));
        self
    }

    /// Begins to send, for the whole process. Panics tell their line from now on, as after
    /// [`record_panics`](crate::record_panics). Without any DSN nothing is sent.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the DSN cannot be read, also that of `SENTRY_DSN`.
    pub fn init(self) -> Result<SentryGuard> {
        let mut options = ClientOptions::new();
        options.dsn = dsn(&self.dsn, std::env::var_os(DSN))?;
        options.release = self.release.map(Into::into);
        options.environment = self.environment.map(Into::into);
        options.transport = Some(Arc::new(transport::Factory));
        let client = Client::from_config(apply_defaults(options));
        let sender = Arc::new(Sender::new(client, self.sample_rate, self.filter));
        crate::record_panics();
        let mut own = SENDER.write().unwrap_or_else(PoisonError::into_inner);
        *own = Some(Arc::clone(&sender));
        Ok(SentryGuard { sender })
    }
}

/// The DSN that is given, or else that of the variable; the crate `sentry` takes a variable it cannot read for none.
fn dsn(given: &str, variable: Option<OsString>) -> Result<Option<Dsn>> {
    let variable = variable.unwrap_or_default();
    let variable = variable.to_string_lossy();
    let (what, text) = match given {
        "" => (DSN, variable.as_ref()),
        given => ("Sentry's DSN", given),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let dsn = text.parse().map_err(|error| {
        Error::invalid_argument(format!("{what}: {error}; it is like https://key@host/1"))
    })?;
    Ok(Some(dsn))
}

impl Drop for SentryGuard {
    fn drop(&mut self) {
        let mut own = SENDER.write().unwrap_or_else(PoisonError::into_inner);
        if own
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, &self.sender))
        {
            *own = None;
        }
        drop(own);
        // Waits no longer than that, whatever becomes of them: see `transport`.
        self.sender.close(PATIENCE);
    }
}

impl fmt::Debug for Sentry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the DSN, which has a key in it.
        f.debug_struct("Sentry")
            .field("release", &self.release)
            .field("environment", &self.environment)
            .field("sample_rate", &self.sample_rate)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SentryGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentryGuard").finish_non_exhaustive()
    }
}

/// Sends an error that goes no further.
pub(crate) fn send(ended: &Ended<'_>, error: &Error) {
    // Not held while the filter, which is the user's, is asked.
    let sender = SENDER
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some(sender) = sender {
        sender.send(ended, error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_that_cannot_be_read_is_told_with_where_it_is_from() {
        let read = |given: &str, variable: &str| dsn(given, Some(variable.into()));
        let host = |given: &str, variable: &str| {
            let dsn = read(given, variable).expect("none that is wrong");
            dsn.map(|dsn| dsn.host().to_owned())
        };
        let (own, theirs) = ("https://key@own/1", "https://key@theirs/1");
        assert_eq!(host("", ""), None);
        assert_eq!(host("", theirs).as_deref(), Some("theirs"));
        assert_eq!(host(own, theirs).as_deref(), Some("own"));
        // Not asked then.
        assert_eq!(host(own, "wrong").as_deref(), Some("own"));
        for (given, variable, start) in [
            ("", "wrong", "SENTRY_DSN: "),
            ("wrong", theirs, "Sentry's DSN: "),
        ] {
            let error = read(given, variable).expect_err("refused");
            assert_eq!(error.code(), crate::Code::InvalidArgument);
            assert!(error.message().starts_with(start), "{error}");
        }
    }
}
