//! The calls this process makes, watched from the first attempt to the end of the reply's stream.

use http::HeaderValue;

#[cfg(feature = "metrics")]
use super::gone;
use crate::context::Context;
use crate::error::Error;
use crate::method::Method;

/// One call to another service. Dropped before it is told how the call ended, it takes the caller for gone.
///
/// Nothing is in it, and nothing is done, without the features that would tell of it.
#[derive(Default)]
pub(crate) struct Sending {
    #[cfg(feature = "metrics")]
    metrics: Option<(&'static super::metrics::Stats, std::time::Instant)>,
}

impl Sending {
    /// Begins to watch a call that is made with `context`.
    #[inline]
    #[cfg_attr(
        not(feature = "metrics"),
        expect(unused_variables, reason = "nobody is told")
    )]
    pub(crate) fn start(context: &Context, method: &'static Method) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            metrics: {
                let stats = super::metrics::Stats::of(super::metrics::Side::Client, method);
                stats.begin();
                Some((stats, std::time::Instant::now()))
            },
        }
    }

    /// The `traceparent` of the call, if its span is recorded.
    #[inline]
    pub(crate) fn traceparent(&self) -> Option<HeaderValue> {
        None
    }

    /// Tells how the call ended; only the first time counts.
    #[inline]
    #[cfg_attr(
        not(feature = "metrics"),
        expect(unused_variables, reason = "nobody is told")
    )]
    pub(crate) fn end(&mut self, outcome: Result<(), &Error>) {
        #[cfg(feature = "metrics")]
        if let Some((stats, start)) = self.metrics.take() {
            stats.end(outcome, start.elapsed());
        }
    }
}

impl Drop for Sending {
    #[inline]
    fn drop(&mut self) {
        #[cfg(feature = "metrics")]
        if self.metrics.is_some() {
            self.end(Err(&gone()));
        }
    }
}
