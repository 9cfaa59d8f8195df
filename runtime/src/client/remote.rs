//! Calls over connections: finding one that takes the request, sending, and trying again what was not seen.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, Response};
use tokio::runtime::{self, Handle};
use tokio::time::{Instant, sleep_until};

use super::balance;
use super::call::{Plan, until};
use super::connection::{Lease, Unreachable};
use super::endpoint::{InFlight, Node};
use super::exchange::{self, Failure, Sent};
use super::group::{Group, Route};
use super::reply::Incoming;
use super::stream::Download;
use super::upload::Upload;
use crate::error::{Code, Error, Result};
use crate::method::Idempotency;
use crate::stream::Streaming;

/// How often a request is sent again that no server has seen.
const RETRIES: u32 = 2;
/// How long a call waits for endpoints that have just failed.
const RETRY_WAIT: Duration = Duration::from_millis(250);

/// One call to endpoints of a group.
pub(super) struct Remote {
    plan: Plan,
    group: Arc<Group>,
    nodes: Arc<[Arc<Node>]>,
    runtime: runtime::Id,
    retries: u32,
    /// Where it failed last.
    failed: Option<Arc<Node>>,
}

/// A request whose head is on its way, and what it counts against.
struct Open {
    sent: Sent,
    in_flight: InFlight,
}

impl Remote {
    /// Prepares a call to one of `nodes`.
    ///
    /// # Errors
    /// [`Code::Internal`] outside a tokio runtime.
    pub(super) fn new(plan: Plan, group: Arc<Group>, nodes: Arc<[Arc<Node>]>) -> Result<Self> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::bare(
                Code::Internal,
                "a remote call needs a tokio runtime to run in",
            ));
        };
        Ok(Self {
            plan,
            group,
            nodes,
            runtime: runtime.id(),
            retries: RETRIES,
            failed: None,
        })
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
        loop {
            let Open {
                mut sent,
                in_flight,
            } = self.open().await?;
            sent.finish(data.clone());
            let failure = match sent.response().await {
                Ok(response) => return Ok((self.incoming(response)?, in_flight)),
                Err(failure) => failure,
            };
            let repeatable = match failure {
                Failure::Unseen(_) => true,
                Failure::Broken(_) => self.plan.method.idempotency() != Idempotency::Unknown,
            };
            if !repeatable || !self.again(in_flight.node()) {
                return Err(failure.into_error());
            }
        }
    }

    /// Sends a request stream and waits for the response to begin. What was taken from the stream cannot be sent again.
    async fn upload(&mut self, messages: Streaming<Bytes>) -> Result<(Incoming, InFlight, Upload)> {
        let Open { sent, in_flight } = self.open().await?;
        let (body, response) = sent.split();
        let mut upload = Upload::start(body, messages);
        let incoming = match response.await {
            Ok(response) => self.incoming(response),
            Err(failure) => Err(failure.into_error()),
        };
        match incoming {
            Ok(incoming) => Ok((incoming, in_flight, upload)),
            Err(error) => Err(upload.error().unwrap_or(error)),
        }
    }

    fn incoming(&self, response: Response<RecvStream>) -> Result<Incoming> {
        Incoming::new(response, self.plan.max_message).map_err(|(error, trailers)| {
            self.plan.set_reply(HeaderMap::new(), Some(trailers));
            error
        })
    }

    /// Takes note of a failure; says whether another attempt may be made.
    fn again(&mut self, node: &Arc<Node>) -> bool {
        self.failed = Some(Arc::clone(node));
        let again = self.retries > 0;
        self.retries = self.retries.saturating_sub(1);
        again
    }

    /// Sends the request's head on a connection that takes it.
    async fn open(&mut self) -> Result<Open> {
        loop {
            if self.failed.is_some() {
                self.look_again().await?;
            }
            let Some(node) = balance::pick(&self.nodes, self.runtime, self.failed.as_ref()) else {
                return Err(Error::bare(Code::Unavailable, "no endpoint"));
            };
            let node = Arc::clone(node);
            let slot = node.slot(self.runtime);
            let mut lease: Lease = match slot.open().await {
                Ok(lease) => lease,
                Err(unreachable) => {
                    self.unreachable(&node, &unreachable).await?;
                    continue;
                }
            };
            let in_flight = InFlight::new(&node);
            match exchange::send(&mut lease.sender, self.plan.request(&node.authority)?) {
                Ok(sent) => return Ok(Open { sent, in_flight }),
                Err(failure) => {
                    slot.retire(&lease);
                    if !self.again(&node) {
                        return Err(failure.into_error());
                    }
                }
            }
        }
    }

    /// Takes what the registry has said since.
    async fn look_again(&mut self) -> Result<()> {
        if let Route::Remote(nodes) = self.group.route().await? {
            self.nodes = nodes;
        }
        Ok(())
    }

    /// Waits until it is worth trying again, or gives up.
    async fn unreachable(&mut self, node: &Arc<Node>, why: &Unreachable) -> Result<()> {
        let again = self.again(node);
        // `None` if one of them can be tried at once.
        let soonest: Option<Instant> = self
            .nodes
            .iter()
            .map(|node| node.down_until(self.runtime))
            .min()
            .flatten();
        match soonest {
            Some(at) if again && until(at) <= RETRY_WAIT => {
                sleep_until(at).await;
                Ok(())
            }
            None if again => Ok(()),
            _ => Err(self.group.unreachable(node, &why.error)),
        }
    }
}
