//! Writes the outcome of a call in the protocol it came by.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body as HttpBody, Frame};
use tokio::time::Sleep;

use super::wire::{EncodedStream, Settings};
use super::{Protocol, grpc, webapi};
use crate::body::{Body, BoxError};
use crate::codec::Codec;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::server::call::{Reply, ReplyKind};

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
                let mut response = Response::new(Body::new(StreamBody {
                    stream: Some(stream),
                    context,
                    deadline,
                    trusted: self.trusted,
                }));
                *response.headers_mut() = head;
                response
            }
            (ReplyKind::Stream(_), Protocol::Webapi) => self.error(&webapi::no_streams(), None),
            (ReplyKind::Local(_), _) => {
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

/// The body of a streaming gRPC reply: messages, then trailers.
struct StreamBody {
    /// `None` once the trailers are out.
    stream: Option<EncodedStream>,
    context: Context,
    deadline: Option<Pin<Box<Sleep>>>,
    trusted: bool,
}

impl StreamBody {
    fn poll_message(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        // First, so that a stream that is always ready ends too.
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            self.context.cancel();
            return Poll::Ready(Some(Err(deadline_exceeded())));
        }
        match &mut self.stream {
            Some(stream) => {
                // After an error the stream is never polled again, so that nothing sees it half done.
                let next = AssertUnwindSafe(|| stream.as_mut().poll_next(cx));
                catch_unwind(next).unwrap_or_else(|_| Poll::Ready(Some(Err(panicked()))))
            }
            None => Poll::Ready(None),
        }
    }
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.stream.is_none() {
            return Poll::Ready(None);
        }
        let outcome = match std::task::ready!(self.poll_message(cx)) {
            Some(Ok(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        self.stream = None;
        let metadata = self.context.take_reply();
        let trailers =
            grpc::server::trailers(outcome.as_ref().map(|&()| ()), self.trusted, metadata);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_none()
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        if self.stream.is_some() {
            self.context.cancel();
        }
    }
}
