//! Remote calls of the four shapes.

use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, Response};

use super::attempts::{Attempts, Open, Terms};
use super::balance::Balance;
use super::call::Plan;
use super::exchange::Failure;
use super::group::Group;
use super::nodes::Nodes;
use super::place::Place;
use super::reply::Incoming;
use super::stream::Download;
use super::upload::Upload;
use crate::error::Result;
use crate::method::Idempotency;
use crate::stream::Streaming;

/// One call to endpoints of a group.
pub(super) struct Remote {
    pub(super) plan: Plan,
    pub(super) attempts: Attempts,
}

impl Remote {
    /// Prepares a call to one of `nodes`, which the group has just named.
    ///
    /// # Errors
    /// As [`Attempts::new`].
    pub(super) fn new(
        plan: Plan,
        (group, nodes): (Arc<Group>, Arc<Nodes>),
        terms: Terms,
    ) -> Result<Self> {
        let attempts = Attempts::new(group, nodes, terms)?;
        Ok(Self { plan, attempts })
    }

    /// Sends one encoded message, returns the one that answers it.
    pub(super) async fn unary(self, data: Bytes) -> Result<Bytes> {
        match self.attempts.terms.balance {
            // Boxed, as it is rare: calls need not carry its state about.
            Balance::Broadcast => Box::pin(self.everywhere(data)).await,
            _ => self.single(data).await,
        }
    }

    /// The same at one instance. A call that may be repeated is, until the reply is complete; a stream, which is handed
    /// out as it comes, only until its head.
    pub(super) async fn single(mut self, data: Bytes) -> Result<Bytes> {
        loop {
            let (mut incoming, place) = self.exchange(&data).await?;
            match incoming.one().await {
                // Nothing of the reply has reached the caller.
                Err(error) if incoming.broken && self.is_repeatable() => {
                    place.lost();
                    self.attempts.again(place, Failure::Lost(error), true)?;
                }
                message => {
                    self.ended(incoming, &place);
                    return message;
                }
            }
        }
    }

    /// Sends one encoded message, returns the stream that answers it.
    pub(super) async fn server_streaming(mut self, data: Bytes) -> Result<Download> {
        self.to_one()?;
        let (incoming, place) = self.exchange(&data).await?;
        Ok(Download::new(self.plan, incoming, place, None))
    }

    /// Sends a stream of encoded messages, returns the one message that answers it.
    pub(super) async fn client_streaming(mut self, messages: Streaming<Bytes>) -> Result<Bytes> {
        self.to_one()?;
        let (mut incoming, place, mut upload) = self.upload(messages).await?;
        let message = incoming.one().await;
        self.ended(incoming, &place);
        message.map_err(|error| upload.error().unwrap_or(error))
    }

    /// Sends a stream of encoded messages, returns the stream that answers it.
    pub(super) async fn bidi_streaming(mut self, messages: Streaming<Bytes>) -> Result<Download> {
        self.to_one()?;
        let (incoming, place, upload) = self.upload(messages).await?;
        Ok(Download::new(self.plan, incoming, place, Some(upload)))
    }

    /// Takes note of how a reply of one message has ended.
    fn ended(&self, incoming: Incoming, place: &Place) {
        if incoming.broken {
            place.lost();
        }
        self.plan.set_reply(incoming.headers, incoming.trailers);
    }

    /// Whether a request may be sent again that a server may have acted on.
    fn is_repeatable(&self) -> bool {
        self.plan.method.idempotency() != Idempotency::Unknown
    }

    /// Sends a request of one message until a server has taken it, and waits for the response to begin.
    async fn exchange(&mut self, data: &Bytes) -> Result<(Incoming, Place)> {
        loop {
            let Open {
                mut sent,
                mut place,
            } = self.open().await?;
            sent.finish(data.clone());
            match place.response(sent.response()).await {
                Ok(response) => return Ok((self.incoming(response)?, place)),
                Err(failure) => self.attempts.again(place, failure, self.is_repeatable())?,
            }
        }
    }

    /// Sends a request stream and waits for the response to begin. What was taken from it cannot be sent again.
    async fn upload(&mut self, messages: Streaming<Bytes>) -> Result<(Incoming, Place, Upload)> {
        let Open { sent, mut place } = self.open().await?;
        place.uploads();
        place.untimed();
        let (body, response) = sent.split();
        let mut upload = Upload::start(self.plan.ctx.clone(), body, messages);
        let incoming = match place.response(response).await {
            Ok(response) => self.incoming(response),
            Err(failure) => Err(failure.into_error()),
        };
        match incoming {
            Ok(incoming) => Ok((incoming, place, upload)),
            Err(error) => Err(upload.error().unwrap_or(error)),
        }
    }

    async fn open(&mut self) -> Result<Open> {
        let Self { plan, attempts } = self;
        attempts.open(|origin| plan.request(origin)).await
    }

    fn incoming(&self, response: Response<RecvStream>) -> Result<Incoming> {
        Incoming::new(response, self.plan.max_message).map_err(|(error, trailers)| {
            self.plan.set_reply(HeaderMap::new(), Some(trailers));
            error
        })
    }
}
