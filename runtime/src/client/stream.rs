//! Streams of replies as the caller reads them: under the call's limits, errors with the call's place.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::call::{Plan, Site, Watchdog};
use super::place::Place;
use super::reply::Incoming;
use super::upload::Upload;
use crate::codec::{Message, proto};
use crate::error::{Code, Result};
use crate::observe::Sending;

/// A stream of encoded replies from a connection; dropping it resets the HTTP/2 stream.
pub(super) struct Download {
    /// `None` once it has ended, so that connection and counts are free before the stream is dropped.
    open: Option<Open>,
    plan: Plan,
}

struct Open {
    incoming: Incoming,
    watchdog: Watchdog,
    upload: Option<Upload>,
    place: Place,
}

impl Download {
    pub(super) fn new(
        plan: Plan,
        incoming: Incoming,
        place: Place,
        upload: Option<Upload>,
    ) -> Self {
        if plan.ctx.is_call() {
            // The headers are there; the trailers follow.
            plan.set_reply(incoming.headers.clone(), None);
        }
        Self {
            open: Some(Open {
                incoming,
                watchdog: plan.watchdog(),
                upload,
                place,
            }),
            plan,
        }
    }

    fn poll_next(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(open) = &mut self.open else {
            return Poll::Ready(None);
        };
        let next = ready!(open.poll_next(cx));
        if !matches!(next, Some(Ok(_)))
            && let Some(ended) = self.open.take()
        {
            if ended.incoming.broken {
                ended.place.lost();
            }
            let Incoming {
                headers, trailers, ..
            } = ended.incoming;
            self.plan.set_reply(headers, trailers);
        }
        Poll::Ready(next)
    }
}

impl Open {
    fn poll_next(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        // First, so that a stream that is always ready ends too.
        if let Poll::Ready(error) = self.watchdog.poll(cx) {
            return Poll::Ready(Some(Err(error)));
        }
        let next = ready!(self.incoming.poll_next(cx));
        Poll::Ready(next.map(|message| {
            message.map_err(|error| {
                let own = self.upload.as_mut().and_then(Upload::error);
                own.unwrap_or(error)
            })
        }))
    }
}

/// The messages of a [`Download`].
pub(super) struct Decoded<M> {
    download: Download,
    messages: PhantomData<fn() -> M>,
}

impl<M: Message> Decoded<M> {
    pub(super) fn new(download: Download) -> Self {
        Self {
            download,
            messages: PhantomData,
        }
    }
}

impl<M: Message> Stream for Decoded<M> {
    type Item = Result<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let Some(data) = ready!(self.download.poll_next(cx)) else {
            return Poll::Ready(None);
        };
        let message = data.and_then(decode);
        if message.is_err() {
            // What follows a reply that cannot be read means nothing.
            self.download.open = None;
        }
        Poll::Ready(Some(message))
    }
}

/// Decodes a reply.
pub(super) fn decode<M: Message>(data: Bytes) -> Result<M> {
    proto::decode(data, Code::Internal)
}

/// Records where the call was made in the errors of its replies.
pub(super) struct Placed<S> {
    pub(super) replies: S,
    pub(super) site: Site,
    pub(super) sending: Sending,
}

impl<M, S: Stream<Item = Result<M>> + Unpin> Stream for Placed<S> {
    type Item = Result<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.replies).poll_next(cx));
        let next = next.map(|message| message.map_err(|error| self.site.passed(error)));
        match &next {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.sending.end(Err(error)),
            None => self.sending.end(Ok(())),
        }
        Poll::Ready(next)
    }
}
