//! google.api.HttpBody in replies: bytes of any media type, as they are.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};

use crate::body::Body;
use crate::codec::Message;
use crate::codec::json::{self, bind};
use crate::context::ReplyMetadata;
use crate::error::Result;
use crate::google::api::HttpBody;
use crate::method::Route;
use crate::protocol::headers::APPLICATION_OCTET_STREAM;
use crate::protocol::reply::Responder;
use crate::reply::{Raw, RawBody};
use crate::stream::Streaming;

/// Writes a reply that is one body.
pub(crate) fn message(
    responder: &Responder,
    (content_type, data): (String, Bytes),
    metadata: ReplyMetadata,
) -> Response<Body> {
    let (mut head, trailers) = head(responder, &content_type, metadata);
    if !super::has_body(head.status()) {
        head.headers_mut().remove(CONTENT_TYPE);
        return head.map(|()| Body::empty());
    }
    // Also that of nothing, which HTTP/2 would leave out, and beside trailers.
    let length = HeaderValue::from(data.len());
    head.headers_mut().insert(CONTENT_LENGTH, length);
    head.map(|()| Body::unary(data, trailers))
}

/// The head of a response with a body of a media type (default: bytes of no kind), and its trailers.
pub(crate) fn head(
    responder: &Responder,
    content_type: &str,
    metadata: ReplyMetadata,
) -> (Response<()>, Option<HeaderMap>) {
    let value = match content_type {
        "" => None,
        text => HeaderValue::from_str(text).ok(),
    };
    let mut response = Response::new(());
    *response.status_mut() = responder.status(&metadata);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, value.unwrap_or(APPLICATION_OCTET_STREAM));
    let trailers = super::metadata::write(metadata, responder.placement(), headers);
    (response, trailers)
}

/// The body that a reply is, or has in its `response_body`.
pub(crate) fn whole<M: Message>(reply: M, route: &Route) -> Raw {
    let HttpBody {
        content_type, data, ..
    } = take(reply, route);
    Raw {
        content_type,
        body: RawBody::Whole(data),
    }
}

/// The bodies of replies, one after the other; waits for the first, which has the media type.
///
/// # Errors
/// That of the first reply, if it is one.
pub(crate) async fn pieces<M: Message>(
    mut replies: Streaming<M>,
    route: &'static Route,
) -> Result<Raw> {
    let first = std::future::poll_fn(|cx| Pin::new(&mut replies).poll_next(cx)).await;
    let HttpBody {
        content_type, data, ..
    } = match first {
        Some(reply) => take(reply?, route),
        None => HttpBody::default(),
    };
    let pieces = Pieces {
        first: Some(data),
        replies,
        route,
    };
    Ok(Raw {
        content_type,
        body: RawBody::Pieces(Box::pin(pieces)),
    })
}

fn take<M: Message>(mut reply: M, route: &Route) -> HttpBody {
    let taken = match route.response_field() {
        "" => {
            let reply: &mut dyn Any = &mut reply;
            reply.downcast_mut::<HttpBody>().map(std::mem::take)
        }
        field => bind::take_http_body(&mut reply, field, &json::Options::new()),
    };
    taken.unwrap_or_default()
}

struct Pieces<M> {
    first: Option<Bytes>,
    replies: Streaming<M>,
    route: &'static Route,
}

impl<M: Message> Stream for Pieces<M> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let next = ready!(Pin::new(&mut self.replies).poll_next(cx));
        let route = self.route;
        Poll::Ready(next.map(|reply| reply.map(|reply| take(reply, route).data)))
    }
}
