//! Writes the outcome of a call in the protocol it came by.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body as HttpBody, Frame};
use tokio::task::AbortHandle;
use tokio::time::{Sleep, sleep_until};

use super::wire::Settings;
use super::{Protocol, grpc, webapi};
use crate::body::{Body, BoxError};
use crate::codec::Codec;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::reply::{EncodedStream, Reply, ReplyKind};

/// How the caller of one request is answered.
#[derive(Debug, Clone)]
pub(crate) struct Responder {
    pub(crate) protocol: Protocol,
    pub(crate) codec: Codec,
    pub(crate) shape: webapi::ErrorShape,
    /// Whether frames and causes may be told.
    pub(crate) trusted: bool,
    pub(crate) settings: Arc<Settings>,
}

impl Responder {
    /// Writes the outcome of a call; a stream goes on under `deadline`.
    pub(crate) fn outcome(
        self,
        outcome: Result<Reply>,
        context: Context,
        deadline: Option<Pin<Box<Sleep>>>,
    ) -> Response<Body> {
        let kind = match outcome {
            Ok(reply) => reply.0,
            Err(error) => return self.error(&error, Some(&context)),
        };
        let metadata = context.take_reply();
        match (kind, self.protocol) {
            (ReplyKind::Message(data), Protocol::Grpc) => {
                grpc::server::message(self.codec, data, metadata)
            }
            (ReplyKind::Message(data), Protocol::Webapi) => {
                webapi::message(self.codec, data, metadata)
            }
            (ReplyKind::Stream(stream), Protocol::Grpc) => {
                // Trailers set so far stay with the stream; those set later join them.
                let head = grpc::server::head(self.codec, metadata.headers);
                context.restore_trailers(metadata.trailers);
                let mut response = Response::new(Body::new(StreamBody::new(
                    stream,
                    context,
                    deadline,
                    self.trusted,
                )));
                *response.headers_mut() = head;
                response
            }
            (ReplyKind::Stream(_), Protocol::Webapi) => self.error(&webapi::no_streams(), None),
            (ReplyKind::Raw(_) | ReplyKind::Local(_), _) => {
                let error = Error::bare(Code::Internal, "local reply to a remote call");
                self.error(&error, None)
            }
        }
    }

    /// Writes an error.
    pub(crate) fn error(&self, error: &Error, context: Option<&Context>) -> Response<Body> {
        let metadata = context.map(Context::take_reply).unwrap_or_default();
        match self.protocol {
            Protocol::Grpc => grpc::server::error(self.codec, error, self.trusted, metadata),
            Protocol::Webapi => webapi::error(self.shape, error, &self.settings.json, metadata),
        }
    }
}

/// The error of a call whose deadline has passed.
pub(crate) fn deadline_exceeded() -> Error {
    Error::bare(Code::DeadlineExceeded, "deadline exceeded")
}

/// The error of a call whose handler panicked; what it said is for the panic hook.
pub(crate) fn panicked() -> Error {
    Error::bare(Code::Internal, "internal error")
}

/// The replies of a handler; `None` once they are over.
type Replies = Arc<Mutex<Option<EncodedStream>>>;

/// The body of a streaming gRPC reply: messages, then trailers.
struct StreamBody {
    replies: Replies,
    /// The trailers are out.
    ended: bool,
    context: Context,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Ends the replies at the deadline also while a caller who does not read keeps the body from being polled.
    watchdog: Option<AbortHandle>,
    trusted: bool,
}

impl StreamBody {
    fn new(
        replies: EncodedStream,
        context: Context,
        deadline: Option<Pin<Box<Sleep>>>,
        trusted: bool,
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
            trusted,
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
            Some(Ok(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        self.end();
        let metadata = self.context.take_reply();
        let trailers =
            grpc::server::trailers(outcome.as_ref().map(|&()| ()), self.trusted, metadata);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
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
        let mut body = StreamBody::new(replies, context.clone(), Some(deadline), true);
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
