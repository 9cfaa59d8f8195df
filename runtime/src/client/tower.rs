//! The channel as a tower service, so that a client of another make (tonic's) can be driven by it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use futures_core::Stream;
use h2::RecvStream;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response, Version};
use http_body::{Body as HttpBody, Frame};
use tokio::runtime::Handle;
use tokio::time::timeout_at;
use tower_service::Service as TowerService;

use super::Channel;
use super::attempts::{Attempts, Open};
use super::call::{no_runtime, uri};
use super::endpoint::Origin;
use super::exchange::Failure;
use super::group::Route;
use super::place::Place;
use super::upload::Upload;
use crate::body::{Body, RequestBody};
use crate::context::Context;
use crate::error::{Code, Error, Result, StdErrorOf};
use crate::protocol::headers::strip_connection;
use crate::protocol::reply::deadline_exceeded;
use crate::server::{Standalone, serve};
use crate::stream::Streaming;

impl<B: RequestBody> TowerService<Request<B>> for Channel {
    type Response = Response<Body>;
    type Error = StdErrorOf;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, StdErrorOf>> + Send>>;

    /// Is always ready: a call waits for its connection.
    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), StdErrorOf>> {
        Poll::Ready(Ok(()))
    }

    /// Sends a request as it is to an endpoint of the channel.
    ///
    /// What HTTP/2 forbids is left out: `connection` and the like. A [`Context`] in the request's extensions says which
    /// registry a discovered channel asks, the key of the call, and until when the response must have begun.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let channel = self.clone();
        let request = request.map(Body::new);
        Box::pin(async move { forward(&channel, request).await.map_err(Error::into_std) })
    }
}

async fn forward(channel: &Channel, request: Request<Body>) -> Result<Response<Body>> {
    let ctx = request.extensions().get::<Context>();
    let Some(deadline) = ctx.and_then(Context::deadline) else {
        return exchange(channel, request, None).await;
    };
    if Handle::try_current().is_err() {
        return Err(no_runtime());
    }
    let work = exchange(channel, request, Some(deadline));
    let response = timeout_at(deadline.into(), work).await;
    response.unwrap_or_else(|_| Err(deadline_exceeded()))
}

async fn exchange(
    channel: &Channel,
    request: Request<Body>,
    deadline: Option<Instant>,
) -> Result<Response<Body>> {
    let (mut head, body) = request.into_parts();
    let ctx = head.extensions.get::<Context>();
    let key = ctx.and_then(|ctx| ctx.outgoing()?.key.as_deref());
    let terms = channel.terms(deadline, key);
    let clients = ctx.and_then(Context::clients);
    let (group, nodes) = match channel.route(clients, deadline).await? {
        Route::Remote(group, nodes) => (group, nodes),
        Route::Local(service) => {
            let request = Request::from_parts(head, body);
            let Ok(response) = serve(&Standalone::new(), &service, request).await;
            return Ok(response);
        }
    };
    terms.to_one()?;
    strip_connection(&mut head.headers);
    let mut attempts = Attempts::new(group, nodes, terms)?;
    let open = attempts.open(|origin| Ok(request_to(origin, &head)));
    let Open { sent, mut place } = open.await?;
    // It may be.
    place.uploads();
    let (upload, response) = sent.split();
    let upload = Upload::start(Context::background(), upload, Streaming::new(Pieces(body)));
    let response = place.response(response).await;
    let response = response.map_err(Failure::into_error)?;
    Ok(response.map(|body| {
        Body::new(Received {
            body,
            data_ended: false,
            failed: false,
            _upload: upload,
            place,
        })
    }))
}

fn request_to(origin: &Origin, head: &Parts) -> Request<()> {
    let path = head.uri.path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut request = Request::new(());
    *request.method_mut() = head.method.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri(origin, path);
    *request.headers_mut() = head.headers.clone();
    request
}

/// A request body as the pieces it comes in; trailers, which gRPC's have not, are left out.
struct Pieces(Body);

impl Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(self.0.poll_data(cx));
        Poll::Ready(piece.map(|piece| {
            piece.map_err(|error| Error::bare(Code::Canceled, format!("request body: {error}")))
        }))
    }
}

/// A response body, with what lasts as long as it is read.
struct Received {
    body: RecvStream,
    /// Only the trailers are left.
    data_ended: bool,
    /// Nothing is left: h2 would go on to repeat its error.
    failed: bool,
    _upload: Upload,
    place: Place,
}

impl Received {
    fn fail(&mut self, error: &h2::Error) {
        self.failed = true;
        if !error.is_reset() {
            self.place.lost();
        }
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        if !self.data_ended {
            if let Some(data) = ready!(self.body.poll_data(cx)) {
                match &data {
                    // Fails only for more than was received.
                    Ok(data) => drop(self.body.flow_control().release_capacity(data.len())),
                    Err(error) => self.fail(error),
                }
                return Poll::Ready(Some(data.map(Frame::data)));
            }
            self.data_ended = true;
        }
        let trailers = ready!(self.body.poll_trailers(cx));
        if let Err(error) = &trailers {
            self.fail(error);
        }
        Poll::Ready(
            trailers
                .transpose()
                .map(|trailers| trailers.map(Frame::trailers)),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
