//! The body of a streaming reply: messages as they come, then how the call ended.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tokio::task::AbortHandle;
use tokio::time::{Sleep, sleep_until};

use super::form::Form;
use super::reply::{Responder, deadline_exceeded, panicked};
use super::{connect, grpc};
use crate::body::BoxError;
use crate::context::Context;
use crate::error::Result;
use crate::reply::EncodedStream;

/// The replies of a handler; `None` once they are over.
type Replies = Arc<Mutex<Option<EncodedStream>>>;

/// The body of a streaming reply.
pub(super) struct StreamBody {
    replies: Replies,
    /// The outcome is out.
    ended: bool,
    context: Context,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Ends the replies at the deadline also while a caller who does not read keeps the body from being polled.
    watchdog: Option<AbortHandle>,
    responder: Responder,
}

impl StreamBody {
    pub(super) fn new(
        replies: EncodedStream,
        context: Context,
        deadline: Option<Pin<Box<Sleep>>>,
        responder: Responder,
    ) -> Self {
        let replies = Arc::new(Mutex::new(Some(replies)));
        let watchdog = deadline.as_ref().map(|deadline| {
            let (at, replies, context) =
                (deadline.deadline(), Arc::clone(&replies), context.clone());
            let watching = async move {
                sleep_until(at).await;
                context.cancel();
                end(&replies);
            };
            tokio::spawn(watching).abort_handle()
        });
        Self {
            replies,
            ended: false,
            context,
            deadline,
            watchdog,
            responder,
        }
    }

    fn poll_message(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        // First, so that a stream that is always ready ends too.
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            self.context.cancel();
            return Poll::Ready(Some(Err(deadline_exceeded())));
        }
        match &mut *lock(&self.replies) {
            Some(replies) => {
                // After an error the stream is never polled again, so that nothing sees it half done.
                let next = AssertUnwindSafe(|| replies.as_mut().poll_next(cx));
                catch_unwind(next).unwrap_or_else(|_| Poll::Ready(Some(Err(panicked()))))
            }
            None => Poll::Ready(Some(Err(deadline_exceeded()))),
        }
    }

    /// What tells the caller how the call ended.
    fn outcome(&self, outcome: Result<()>) -> Option<Result<Frame<Bytes>, BoxError>> {
        let metadata = self.context.take_reply();
        let outcome = outcome.as_ref().map(|&()| ());
        match self.responder.form {
            Form::GrpcWeb(media) => Some(Ok(Frame::data(media.end(outcome, metadata)))),
            Form::Connect => {
                let end = connect::stream::end(outcome, metadata.trailers);
                Some(Ok(Frame::data(end)))
            }
            Form::Grpc | Form::Bare => {
                let trusted = self.responder.trusted;
                let trailers = grpc::server::trailers(outcome, trusted, metadata);
                Some(Ok(Frame::trailers(trailers)))
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        end(&self.replies);
        if let Some(watchdog) = &self.watchdog {
            watchdog.abort();
        }
    }
}

fn lock(replies: &Replies) -> MutexGuard<'_, Option<EncodedStream>> {
    // Panics of the stream are caught while it is held.
    replies.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops the replies, outside the lock.
fn end(replies: &Replies) {
    let replies = lock(replies).take();
    drop(replies);
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let outcome = match std::task::ready!(self.poll_message(cx)) {
            Some(Ok(data)) => {
                let data = self.responder.form.dress(data);
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        self.end();
        Poll::Ready(self.outcome(outcome))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        if !self.ended {
            self.context.cancel();
            self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_core::Stream;
    use tokio::sync::mpsc;
    use tokio::time::sleep;

    use super::*;
    use crate::codec::{Codec, json};
    use crate::error::Code;
    use crate::protocol::Protocol;
    use crate::protocol::compression::Encoding;
    use crate::protocol::webapi::ErrorShape;
    use crate::protocol::wire::Settings;

    fn responder() -> Responder {
        Responder {
            protocol: Protocol::Grpc,
            form: Form::Grpc,
            codec: Codec::Proto,
            shape: ErrorShape::Connect,
            encoding: Encoding::Identity,
            cacheable: false,
            trusted: true,
            settings: Arc::new(Settings {
                max_message: 100,
                json: json::Options::new(),
                uploads: Default::default(),
                rules: Default::default(),
            }),
        }
    }

    /// Replies without an end, which tell when they are dropped.
    struct Endless(#[expect(dead_code, reason = "dropped")] mpsc::Sender<()>);

    impl Stream for Endless {
        type Item = Result<Bytes>;

        fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Ok(Bytes::from_static(b"frame"))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_nobody_reads_ends_at_its_deadline() {
        let (sender, mut dropped) = mpsc::channel(1);
        let context = Context::background();
        let deadline = Box::pin(sleep(Duration::from_millis(200)));
        let replies = Box::pin(Endless(sender));
        let mut body = StreamBody::new(replies, context.clone(), Some(deadline), responder());
        assert_eq!(dropped.recv().await, None);
        assert!(context.is_cancelled());
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let trailers = frame.and_then(Result::ok).map(Frame::into_trailers);
        let outcome = trailers
            .and_then(Result::ok)
            .and_then(|t| grpc::status::read(&t));
        let code = outcome.and_then(Result::err).map(|error| error.code());
        assert_eq!(code, Some(Code::DeadlineExceeded));
        assert!(body.is_end_stream());
    }
}
