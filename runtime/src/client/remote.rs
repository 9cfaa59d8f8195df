//! Remote calls of the four shapes.

use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, Response};

use super::attempts::{Attempts, Open};
use super::call::Plan;
use super::endpoint::{InFlight, Node};
use super::group::Group;
use super::reply::Incoming;
use super::stream::Download;
use super::upload::Upload;
use crate::error::Result;
use crate::method::Idempotency;
use crate::stream::Streaming;

/// One call to endpoints of a group.
pub(super) struct Remote {
    plan: Plan,
    attempts: Attempts,
}

impl Remote {
    /// Prepares a call to one of `nodes`, which the group has just named.
    ///
    /// # Errors
    /// As [`Attempts::new`].
    pub(super) fn new(plan: Plan, group: Arc<Group>, nodes: Arc<[Arc<Node>]>) -> Result<Self> {
        let attempts = Attempts::new(group, nodes)?;
        Ok(Self { plan, attempts })
    }

    /// Sends one encoded message, returns the one that answers it.
    pub(super) async fn unary(mut self, data: Bytes) -> Result<Bytes> {
        let (incoming, _in_flight) = self.exchange(data).await?;
        self.one(incoming).await
    }

    /// Sends one encoded message, returns the stream that answers it.
    pub(super) async fn server_streaming(mut self, data: Bytes) -> Result<Download> {
        let (incoming, in_flight) = self.exchange(data).await?;
        Ok(Download::new(self.plan, incoming, in_flight, None))
    }

    /// Sends a stream of encoded messages, returns the one message that answers it.
    pub(super) async fn client_streaming(mut self, messages: Streaming<Bytes>) -> Result<Bytes> {
        let (incoming, _in_flight, mut upload) = self.upload(messages).await?;
        let message = self.one(incoming).await;
        message.map_err(|error| upload.error().unwrap_or(error))
    }

    /// Sends a stream of encoded messages, returns the stream that answers it.
    pub(super) async fn bidi_streaming(mut self, messages: Streaming<Bytes>) -> Result<Download> {
        let (incoming, in_flight, upload) = self.upload(messages).await?;
        Ok(Download::new(self.plan, incoming, in_flight, Some(upload)))
    }

    async fn one(&self, mut incoming: Incoming) -> Result<Bytes> {
        let message = incoming.one().await;
        self.plan.set_reply(incoming.headers, incoming.trailers);
        message
    }

    /// Sends a request of one message until a server has taken it, and waits for the response to begin.
    async fn exchange(&mut self, data: Bytes) -> Result<(Incoming, InFlight)> {
        let repeatable = self.plan.method.idempotency() != Idempotency::Unknown;
        loop {
            let Open { mut sent, place } = self.open().await?;
            sent.finish(data.clone());
            match place.response(sent.response()).await {
                Ok(response) => return Ok((self.incoming(response)?, place.in_flight)),
                Err(failure) => self.attempts.again(place, failure, repeatable)?,
            }
        }
    }

    /// Sends a request stream and waits for the response to begin. What was taken from it cannot be sent again.
    async fn upload(&mut self, messages: Streaming<Bytes>) -> Result<(Incoming, InFlight, Upload)> {
        let Open { sent, place } = self.open().await?;
        let (body, response) = sent.split();
        let mut upload = Upload::start(body, messages);
        let incoming = match place.response(response).await {
            Ok(response) => self.incoming(response),
            Err(failure) => Err(failure.into_error()),
        };
        match incoming {
            Ok(incoming) => Ok((incoming, place.in_flight, upload)),
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
