//! Which errors become events, and how many of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use ::sentry::Client;

use super::drops::Drops;
use super::event;
use super::flood::{self, Flood};
use crate::error::Error;
use crate::observe::Ended;
use crate::protocol::outbound;

/// Whether an error is to be sent.
pub(super) type Filter = Arc<dyn Fn(&Error) -> bool + Send + Sync>;

/// Sends the errors of this process.
pub(super) struct Sender {
    client: Client,
    /// Of 1.
    sample_rate: f32,
    filter: Option<Filter>,
    flood: Flood,
    drops: Drops,
}

impl Sender {
    pub(super) fn new(client: Client, sample_rate: f32, filter: Option<Filter>) -> Self {
        Self {
            client,
            sample_rate,
            filter,
            flood: Flood::default(),
            drops: Drops::default(),
        }
    }

    /// Sends the error of a call, if it is one to send and there are not too many like it.
    pub(super) fn send(&self, ended: &Ended<'_>, error: &Error) {
        // Chosen before they are counted: what is left out on purpose is not said to be similar.
        let sampled = || self.client.sample_should_send(self.sample_rate);
        if !self.client.is_enabled() || !self.wants(error) || !sampled() {
            return;
        }
        let kind = event::fingerprint(ended.method(), error);
        let Some(similar) = self.flood.pass(&kind.join("\n"), Instant::now()) else {
            let (burst, pause) = (flood::BURST, flood::INTERVAL);
            return self.drops.tell(format_args!(
                "too many are alike: {burst} at once are sent, then one every {pause:?}"
            ));
        };
        let mut event = event::of(ended, error, kind);
        if similar > 0 {
            event.extra.insert("similar".to_owned(), similar.into());
        }
        // Not known before the first server is bound.
        let version = outbound::version();
        if self.client.options().release.is_none() && !version.is_empty() {
            event.release = Some(format!("{}@{version}", outbound::name()).into());
        }
        self.client.capture_event(event, None);
    }

    fn wants(&self, error: &Error) -> bool {
        let asked = |filter: &Filter| {
            // The code of the user must not end a connection.
            catch_unwind(AssertUnwindSafe(|| filter(error))).unwrap_or(true)
        };
        self.filter.as_ref().is_none_or(asked)
    }

    /// Waits until all is sent, for so long at most, and sends nothing more.
    pub(super) fn close(&self, patience: std::time::Duration) {
        self.client.close(Some(patience));
        self.drops.end(0);
    }
}
