//! The body of an upload, piece by piece: bounded, and not waited for without end.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep};

use super::{Bounds, too_large};
use crate::body::Body;
use crate::error::{Code, Error, Result};
use crate::protocol::grpc::frame::body_error;

/// The pieces of a body.
#[derive(Debug)]
pub(super) struct Source {
    body: Body,
    read: u64,
    limit: u64,
    idle: Duration,
    /// Made when a piece is waited for the first time.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Source {
    pub(super) fn new(body: Body, bounds: &Bounds) -> Self {
        Self {
            body,
            read: 0,
            limit: bounds.total,
            idle: bounds.idle,
            timer: None,
            waiting: false,
        }
    }

    /// How many bytes may still come.
    pub(super) fn left(&self) -> u64 {
        let declared = http_body::Body::size_hint(&self.body).upper();
        (self.limit - self.read).min(declared.unwrap_or(u64::MAX))
    }

    /// Takes the next piece; `None` at the end.
    ///
    /// # Errors
    /// HTTP status 413 over the limit, 408 if nothing comes for too long; [`Code::Canceled`] if the caller is gone.
    pub(super) fn poll_piece(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Option<Bytes>>> {
        let Poll::Ready(piece) = self.body.poll_data(cx) else {
            return self.poll_patience(cx).map(Err);
        };
        self.waiting = false;
        let Some(piece) = piece else {
            return Poll::Ready(Ok(None));
        };
        let piece = piece.map_err(|error| body_error(&error))?;
        self.read += piece.len() as u64;
        if self.read > self.limit {
            self.read = self.limit;
            return Poll::Ready(Err(too_large(self.limit)));
        }
        Poll::Ready(Ok(Some(piece)))
    }

    /// Waits for the end of patience.
    fn poll_patience(&mut self, cx: &mut TaskContext<'_>) -> Poll<Error> {
        let idle = self.idle;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(idle)));
        if !std::mem::replace(&mut self.waiting, true) {
            // Far away if the sum is too large for the clock.
            let far = Duration::from_secs(86_400 * 365);
            let now = Instant::now();
            timer
                .as_mut()
                .reset(now.checked_add(idle).unwrap_or(now + far));
        }
        timer.as_mut().poll(cx).map(|()| {
            let message = format!("nothing of the request body came for {idle:?}");
            Error::bare(Code::DeadlineExceeded, message).with_http_status(408)
        })
    }
}
