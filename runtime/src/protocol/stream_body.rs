//! The body of a streaming reply: messages as they come, then how the call ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tokio::task::AbortHandle;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::form::Form;
use super::reply::{Responder, Underway, deadline_exceeded};
use super::webapi::{array, errors, events, lines};
use super::{connect, grpc};
use crate::body::BoxError;
use crate::context::Context;
use crate::error::Result;
use crate::observe::gone;
use crate::panics::{self, Shielded};
use crate::reply::EncodedStream;

/// The replies of a handler; `None` once they are over.
type Replies = Arc<Mutex<Option<EncodedStream>>>;

/// The body of a streaming reply.
pub(super) struct StreamBody {
    replies: Replies,
    /// The outcome is out.
    ended: bool,
    call: Underway,
    /// Bytes of the messages so far.
    sent: usize,
    /// Ends the replies at the deadline also while a caller who does not read keeps the body from being polled.
    watchdog: Option<AbortHandle>,
    responder: Responder,
    /// What an array has so far.
    array: Array,
    /// What breaks the response off once all before it is on its way.
    broken: Option<BoxError>,
    /// Runs out when nothing has been said for a while; of events only.
    heartbeat: Option<Pin<Box<Sleep>>>,
}

/// How far the text of an array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Array {
    Nothing,
    Opened,
    Begun,
}

impl StreamBody {
    pub(super) fn new(replies: EncodedStream, call: Underway, responder: Responder) -> Self {
        let replies = Arc::new(Mutex::new(Some(replies)));
        let watchdog = call.deadline.as_ref().map(|deadline| {
            let at = deadline.deadline();
            let (replies, context) = (Arc::clone(&replies), call.context.clone());
            let watching = async move {
                sleep_until(at).await;
                context.cancel();
                end(&replies, &context);
            };
            tokio::spawn(watching).abort_handle()
        });
        let heartbeat =
            (responder.form == Form::Events).then(|| Box::pin(sleep(events::HEARTBEAT)));
        Self {
            replies,
            ended: false,
            call,
            sent: 0,
            watchdog,
            responder,
            array: Array::Nothing,
            broken: None,
            heartbeat,
        }
    }

    fn poll_message(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        // First, so that a stream that is always ready ends too.
        if let Some(deadline) = &mut self.call.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            self.call.context.cancel();
            return Poll::Ready(Some(Err(deadline_exceeded())));
        }
        let context = &self.call.context;
        match &mut *lock(&self.replies) {
            // After an error the stream is never polled again.
            Some(replies) => panics::catching(Some(context), || replies.as_mut().poll_next(cx))
                .unwrap_or_else(|error| Poll::Ready(Some(Err(error)))),
            None => Poll::Ready(Some(Err(deadline_exceeded()))),
        }
    }

    /// A message as it follows on what was sent before.
    fn message(&mut self, data: Bytes) -> Bytes {
        self.sent += data.len();
        if let Some(heartbeat) = &mut self.heartbeat {
            let next = Instant::now() + events::HEARTBEAT;
            heartbeat.as_mut().reset(next);
        }
        match self.responder.form {
            Form::Array if self.array == Array::Opened => {
                self.array = Array::Begun;
                array::first(data)
            }
            form => form.dress(data),
        }
    }

    /// What is sent while no message comes.
    fn poll_idle(&mut self, cx: &mut TaskContext<'_>) -> Poll<Bytes> {
        let Some(heartbeat) = &mut self.heartbeat else {
            return Poll::Pending;
        };
        std::task::ready!(heartbeat.as_mut().poll(cx));
        let next = Instant::now() + events::HEARTBEAT;
        heartbeat.as_mut().reset(next);
        Poll::Ready(events::COMMENT)
    }

    /// What tells the caller how the call ended.
    fn outcome(&mut self, mut outcome: Result<()>) -> Option<Result<Frame<Bytes>, BoxError>> {
        if let Err(error) = &mut outcome {
            self.responder.leaves(error, &self.call.context);
        }
        self.call.end(outcome.as_ref().map(|&()| ()), self.sent);
        let metadata = self.call.context.take_reply();
        let (shape, settings) = (self.responder.shape, &*self.responder.settings);
        let data = match (self.responder.form, outcome) {
            (Form::Lines, Ok(())) => return None,
            (Form::Lines, Err(error)) => {
                lines::error(errors::last_of_stream(shape, &error, settings))
            }
            (Form::Events, Ok(())) => events::END,
            (Form::Events, Err(error)) => events::error(&errors::event(shape, &error, settings)),
            (Form::Array, Ok(())) => array::CLOSE,
            // Breaks the response off: there is no place for an error in an array of messages.
            (Form::Array, Err(error)) => return Some(Err(error.into_std().into())),
            (Form::GrpcWeb(media), outcome) => media.end(outcome.as_ref().map(|&()| ()), metadata),
            (Form::Connect, outcome) => {
                connect::stream::end(outcome.as_ref().map(|&()| ()), metadata.trailers)
            }
            // Nor in the bytes of a file.
            (Form::Raw, Err(error)) => return Some(Err(error.into_std().into())),
            (Form::Raw, Ok(())) => return None,
            (Form::Grpc(_) | Form::Bare, outcome) => {
                let outcome = outcome.as_ref().map(|&()| ());
                let trusted = self.responder.trusted;
                let trailers = grpc::server::trailers(outcome, trusted, metadata);
                return Some(Ok(Frame::trailers(trailers)));
            }
        };
        Some(Ok(Frame::data(data)))
    }

    fn end(&mut self) {
        self.ended = true;
        end(&self.replies, &self.call.context);
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
fn end(replies: &Replies, context: &Context) {
    let replies = lock(replies).take();
    Shielded::new(replies).end(Some(context));
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        if self.responder.form == Form::Array && self.array == Array::Nothing {
            self.array = Array::Opened;
            return Poll::Ready(Some(Ok(Frame::data(array::OPEN))));
        }
        let outcome = match self.poll_message(cx) {
            Poll::Ready(Some(Ok(data))) => {
                return Poll::Ready(Some(Ok(Frame::data(self.message(data)))));
            }
            Poll::Ready(Some(Err(error))) => Err(error),
            Poll::Ready(None) => Ok(()),
            Poll::Pending => return self.poll_idle(cx).map(|data| Some(Ok(Frame::data(data)))),
        };
        self.end();
        let outcome = self.outcome(outcome);
        if let Some(Err(error)) = outcome {
            // An error takes what is not sent yet with it, the head even; a moment later it is sent.
            self.broken = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(outcome)
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.broken.is_none()
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        if !self.ended {
            self.call.context.cancel();
            self.end();
            match self.responder.head {
                true => self.call.end(Ok(()), 0),
                false => self.call.end(Err(&gone()), self.sent),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_core::Stream;
    use tokio::sync::mpsc;

    use super::*;
    use crate::codec::{Codec, json};
    use crate::error::Code;
    use crate::protocol::Protocol;
    use crate::protocol::compression::Encoding;
    use crate::protocol::content_type::Subtype;
    use crate::protocol::webapi::{ErrorShape, Options};
    use crate::protocol::wire::Settings;

    fn responder(protocol: Protocol, form: Form) -> Responder {
        Responder {
            protocol,
            form,
            codec: Codec::Json,
            shape: ErrorShape::Status,
            encoding: Encoding::Identity,
            cacheable: false,
            head: false,
            trusted: true,
            connect: false,
            trailers: false,
            settings: Arc::new(Settings {
                max_message: 100,
                json: json::Options::new(),
                uploads: Default::default(),
                rules: Default::default(),
                http: Options::default(),
            }),
        }
    }

    fn call(context: Context, deadline: Option<Pin<Box<Sleep>>>) -> Underway {
        Underway {
            context,
            deadline,
            watch: None,
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
        let grpc = responder(Protocol::Grpc, Form::Grpc(Subtype::Unsaid));
        let mut body = StreamBody::new(replies, call(context.clone(), Some(deadline)), grpc);
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

    /// A body of what `sender` sends, encoded.
    fn body(form: Form) -> (mpsc::Sender<Result<Bytes>>, StreamBody) {
        let (sender, replies) = crate::Streaming::channel(1);
        let responder = responder(Protocol::Webapi, form);
        let replies = Box::pin(replies);
        (
            sender,
            StreamBody::new(replies, call(Context::background(), None), responder),
        )
    }

    /// The next piece; `None` at the end.
    async fn next(body: &mut StreamBody) -> Option<String> {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
        let data = frame.ok()?.into_data().ok()?;
        Some(String::from_utf8_lossy(&data).into_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn h75_a_heartbeat_after_every_fifteen_idle_seconds() {
        let (sender, mut body) = body(Form::Events);
        let start = Instant::now();
        let seconds = || start.elapsed().as_secs_f64().round();
        assert_eq!(next(&mut body).await.as_deref(), Some(":\n\n"));
        assert_eq!(seconds(), 15.0);
        assert_eq!(next(&mut body).await.as_deref(), Some(":\n\n"));
        assert_eq!(seconds(), 30.0);
        sleep(Duration::from_secs(10)).await;
        sender.send(Ok(events::reply(b"{}"))).await.expect("room");
        assert_eq!(next(&mut body).await.as_deref(), Some("data: {}\n\n"));
        assert_eq!(seconds(), 40.0);
        // Fifteen seconds from the message, not from the comment before it.
        assert_eq!(next(&mut body).await.as_deref(), Some(":\n\n"));
        assert_eq!(seconds(), 55.0);
        drop(sender);
        let end = next(&mut body).await;
        assert_eq!(end.as_deref(), Some("event: end\ndata: {}\n\n"));
        assert!(body.is_end_stream());
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn lines_and_arrays_have_no_heartbeat() {
        for form in [Form::Lines, Form::Array] {
            let (_sender, mut body) = body(form);
            if form == Form::Array {
                assert_eq!(next(&mut body).await.as_deref(), Some("["));
            }
            let hour = tokio::time::timeout(Duration::from_secs(3600), next(&mut body)).await;
            assert!(hour.is_err(), "{form:?}: {hour:?}");
        }
    }
}
