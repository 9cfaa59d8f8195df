//! The channel as a tower service, so that a client of another make (tonic's) can be driven by it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use h2::RecvStream;
use http::uri::PathAndQuery;
use http::{Request, Response, Version};
use http_body::{Body as HttpBody, Frame};
use tower_service::Service as TowerService;

use super::Channel;
use super::attempts::{Attempts, Open};
use super::call::uri;
use super::exchange::Failure;
use super::group::Route;
use super::place::Place;
use super::upload::Upload;
use crate::body::{Body, RequestBody};
use crate::context::Context;
use crate::error::{Code, Error, Result, StdErrorOf};
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
    /// A discovered channel asks the registry of the [`Context`] in the request's extensions, if there is one.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let channel = self.clone();
        let request = request.map(Body::new);
        Box::pin(async move { forward(&channel, request).await.map_err(Error::into_std) })
    }
}

async fn forward(channel: &Channel, request: Request<Body>) -> Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let clients = head.extensions.get::<Context>().and_then(Context::clients);
    let terms = channel.terms(None, None);
    let (group, nodes) = match channel.route(clients, None).await? {
        Route::Remote(group, nodes) => (group, nodes),
        Route::Local(service) => {
            let request = Request::from_parts(head, body);
            let Ok(response) = serve(&Standalone::new(), &service, request).await;
            return Ok(response);
        }
    };
    let path = head.uri.path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    terms.to_one()?;
    let mut attempts = Attempts::new(group, nodes, terms)?;
    let Open { sent, mut place } = attempts
        .open(|origin| {
            let mut request = Request::new(());
            *request.method_mut() = head.method.clone();
            *request.version_mut() = Version::HTTP_2;
            *request.uri_mut() = uri(origin, path.clone());
            *request.headers_mut() = head.headers.clone();
            Ok(request)
        })
        .await?;
    let (upload, response) = sent.split();
    let upload = Upload::start(upload, Streaming::new(Pieces(body)));
    let response = place.response(response).await;
    let response = response.map_err(Failure::into_error)?;
    Ok(response.map(|body| {
        Body::new(Received {
            body,
            data_ended: false,
            failed: false,
            _upload: upload,
            _place: place,
        })
    }))
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
    _place: Place,
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
                self.failed = data.is_err();
                if let Ok(data) = &data {
                    // Fails only for more than was received.
                    let _ = self.body.flow_control().release_capacity(data.len());
                }
                return Poll::Ready(Some(data.map(Frame::data)));
            }
            self.data_ended = true;
        }
        let trailers = ready!(self.body.poll_trailers(cx));
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
