//! Sends the messages of a request stream while the call goes on.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use h2::{Reason, SendStream};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::codec::Message;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::panics;
use crate::protocol::compression::Encoding;
use crate::protocol::grpc::frame;
use crate::stream::Streaming;

/// The task that sends a request stream; dropping it stops the task.
pub(super) struct Upload {
    task: AbortHandle,
    failed: oneshot::Receiver<Error>,
}

impl Upload {
    /// Starts sending.
    pub(super) fn start(
        context: Context,
        body: SendStream<Bytes>,
        messages: Streaming<Bytes>,
    ) -> Self {
        let (fail, failed) = oneshot::channel();
        let task = tokio::spawn(run(context, body, messages, fail)).abort_handle();
        Self { task, failed }
    }

    /// What made the caller's own stream end, which matters more than what the server says to that.
    pub(super) fn error(&mut self) -> Option<Error> {
        self.failed.try_recv().ok()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Encodes messages one by one, as they are sent.
pub(super) fn encoded<M: Message>(messages: Streaming<M>, encoding: Encoding) -> Streaming<Bytes> {
    Streaming::new(Encoded { messages, encoding })
}

struct Encoded<M> {
    messages: Streaming<M>,
    encoding: Encoding,
}

impl<M: Message> Stream for Encoded<M> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.messages).poll_next(cx));
        Poll::Ready(next.map(|message| frame::encode_in(self.encoding, &message?)))
    }
}

async fn run(
    context: Context,
    mut body: SendStream<Bytes>,
    mut messages: Streaming<Bytes>,
    fail: oneshot::Sender<Error>,
) {
    loop {
        let next = poll_fn(|cx| {
            // The server may have answered already.
            if body.poll_reset(cx).is_ready() {
                return Poll::Ready(None);
            }
            // After a panic the stream is never polled again.
            panics::catching(Some(&context), || Pin::new(&mut messages).poll_next(cx))
                .unwrap_or_else(|error| Poll::Ready(Some(Err(error))))
                .map(Some)
        });
        match next.await {
            None => return,
            Some(Some(Ok(data))) => {
                if send_all(&mut body, data).await.is_err() {
                    return;
                }
            }
            Some(Some(Err(error))) => {
                // Kept before the reset can be seen; nobody listens if the call is over.
                let _ = fail.send(error);
                body.send_reset(Reason::CANCEL);
                return;
            }
            Some(None) => {
                // If the stream has ended meanwhile, the response says how.
                let _ = body.send_data(Bytes::new(), true);
                return;
            }
        }
    }
}

/// Sends data as the peer's window lets it.
async fn send_all(body: &mut SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        body.reserve_capacity(data.len());
        let granted = match poll_fn(|cx| body.poll_capacity(cx)).await {
            Some(granted) => granted?,
            None => return Err(Reason::CANCEL.into()),
        };
        let piece = data.split_to(granted.min(data.len()));
        if !piece.is_empty() {
            body.send_data(piece, false)?;
        }
    }
    Ok(())
}
