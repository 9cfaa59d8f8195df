//! The one body type of requests and responses.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::context::Context;
use crate::protocol::compression::{Decoded, Encoding};

/// Any error, for bodies of foreign services.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or response. Foreign bodies are boxed, hyper's and our own are not.
pub struct Body {
    kind: Kind,
}

enum Kind {
    Empty,
    /// One frame, then trailers if any: a unary reply.
    Unary {
        data: Option<Bytes>,
        trailers: Option<HeaderMap>,
    },
    Incoming(hyper::body::Incoming),
    Foreign(UnsyncBoxBody<Bytes, BoxError>),
    /// Boxed, as it is rare and large.
    Decoded(Box<Decoded>),
    /// With the context of the call that wants to know how long it is; boxed, so that all others stay small.
    Metered(Box<(Kind, Context)>),
}

/// What can be a request's body: any [`http_body::Body`] of [`Bytes`].
pub trait RequestBody: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static {}

impl<B> RequestBody for B where B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static {}

impl Body {
    /// Makes an empty body.
    pub fn empty() -> Self {
        Self::of(Kind::Empty)
    }

    fn of(kind: Kind) -> Self {
        Self { kind }
    }

    /// Tells the context of the call how many bytes are read.
    pub(crate) fn metered(self, context: &Context) -> Self {
        Self::of(Kind::Metered(Box::new((self.kind, context.clone()))))
    }

    /// Makes a body of one piece.
    pub fn full(data: impl Into<Bytes>) -> Self {
        Self::unary(data.into(), None)
    }

    /// Wraps another body; a [`Body`] and hyper's are taken as they are.
    pub fn new<B: RequestBody>(body: B) -> Self {
        let mut body = Some(body);
        let any: &mut dyn Any = &mut body;
        if let Some(own) = any.downcast_mut::<Option<Self>>().and_then(Option::take) {
            return own;
        }
        let incoming = any.downcast_mut::<Option<hyper::body::Incoming>>();
        if let Some(incoming) = incoming.and_then(Option::take) {
            return Self::of(Kind::Incoming(incoming));
        }
        match body {
            Some(body) => Self::of(Kind::Foreign(body.map_err(Into::into).boxed_unsync())),
            None => Self::empty(),
        }
    }

    pub(crate) fn incoming(body: hyper::body::Incoming) -> Self {
        Self::of(Kind::Incoming(body))
    }

    /// Decompresses the body while it is read; at most `limit` bytes may come out, in any encoding.
    ///
    /// Its errors are [`Error`](crate::Error)s: `RESOURCE_EXHAUSTED` above the limit, `INVALID_ARGUMENT` for corrupt data.
    ///
    /// # Errors
    /// [`Code::Internal`](crate::Code::Internal) if there is no memory for a decoder.
    pub(crate) fn decoded(self, encoding: Encoding, limit: usize) -> crate::Result<Self> {
        let decoded = Decoded::new(self, encoding, limit)?;
        Ok(Self::of(Kind::Decoded(Box::new(decoded))))
    }

    pub(crate) fn unary(data: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self::of(Kind::Unary {
            data: (!data.is_empty()).then_some(data),
            trailers,
        })
    }

    /// Reads a little more of a request that has been answered already, then lets it go.
    ///
    /// Without that the caller is cut off at once, and callers that see this before they have read the answer never
    /// do: curl 7.88 over HTTP/2, anybody whose socket is closed with data in it.
    pub(crate) fn linger(mut self) {
        const BYTES: usize = 1 << 20;
        const TIME: Duration = Duration::from_millis(500);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.is_end_stream() {
            return;
        }
        let reading = async move {
            let mut left = BYTES;
            while left > 0
                && let Some(Ok(data)) = self.data().await
            {
                left = left.saturating_sub(data.len());
            }
        };
        runtime.spawn(tokio::time::timeout(TIME, reading));
    }

    /// Waits for the next piece of data; `None` at the end. Trailers are dropped.
    pub(crate) async fn data(&mut self) -> Option<Result<Bytes, BoxError>> {
        std::future::poll_fn(|cx| self.poll_data(cx)).await
    }

    pub(crate) fn poll_data(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            let Some(frame) = std::task::ready!(Pin::new(&mut *self).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(Err(_trailers)) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl Kind {
    fn poll_frame(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Kind::Empty => Poll::Ready(None),
            Kind::Unary { data, trailers } => {
                let frame = match data.take() {
                    Some(data) => Some(Frame::data(data)),
                    None => trailers.take().map(Frame::trailers),
                };
                Poll::Ready(frame.map(Ok))
            }
            Kind::Incoming(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Kind::Foreign(body) => Pin::new(body).poll_frame(cx),
            Kind::Decoded(body) => {
                let data = std::task::ready!(body.poll_data(cx));
                Poll::Ready(data.map(|data| data.map(Frame::data)))
            }
            Kind::Metered(metered) => {
                let frame = metered.0.poll_frame(cx);
                if let Poll::Ready(Some(Ok(frame))) = &frame
                    && let Some(data) = frame.data_ref()
                {
                    metered.1.count_received(data.len());
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Kind::Empty => true,
            Kind::Unary { data, trailers } => data.is_none() && trailers.is_none(),
            Kind::Incoming(body) => body.is_end_stream(),
            Kind::Foreign(body) => body.is_end_stream(),
            Kind::Decoded(body) => body.is_end(),
            Kind::Metered(metered) => metered.0.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Kind::Empty => SizeHint::with_exact(0),
            // No exact size before trailers: hyper would send a content-length, which gRPC has no use for.
            Kind::Unary {
                trailers: Some(_), ..
            } => SizeHint::default(),
            Kind::Unary { data, .. } => {
                SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64))
            }
            Kind::Incoming(body) => body.size_hint(),
            Kind::Foreign(body) => body.size_hint(),
            Kind::Decoded(_) => SizeHint::default(),
            Kind::Metered(metered) => metered.0.size_hint(),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.get_mut().kind.poll_frame(cx)
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        self.kind.is_end_stream()
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        self.kind.size_hint()
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
