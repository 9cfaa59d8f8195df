//! One call on its way to a handler: what generated dispatch works with.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;

use crate::body::Body;
use crate::codec::Message;
use crate::context::Context;
use crate::descriptor::Package;
use crate::error::{Code, Error, Frame, Result};
use crate::method::{Method, ServiceDesc};
use crate::protocol::wire::Wire;
use crate::reply::{Reply, ReplyKind};
use crate::stream::Streaming;

/// A generated server: facts, and a dispatch by method number. Implemented by generated code only.
pub trait Service: Send + Sync + 'static {
    /// Returns the facts of the service.
    fn desc(&self) -> &'static ServiceDesc;

    /// Returns the descriptors of the service's package, if they were generated.
    fn package(&self) -> Option<&'static Package> {
        None
    }

    /// Starts the call of the method with this number.
    fn call(&self, method: usize, call: Call) -> CallFuture;
}

impl<S: Service + ?Sized> Service for Arc<S> {
    fn desc(&self) -> &'static ServiceDesc {
        (**self).desc()
    }

    fn package(&self) -> Option<&'static Package> {
        (**self).package()
    }

    fn call(&self, method: usize, call: Call) -> CallFuture {
        (**self).call(method, call)
    }
}

/// The one boxed future of a call: decode, handler, encode.
pub type CallFuture = Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;

/// One call, its request not yet read.
#[derive(Debug)]
pub struct Call {
    context: Context,
    method: &'static Method,
    request: Request,
}

#[derive(Debug)]
enum Request {
    /// Bytes from a socket.
    Wire { body: Body, wire: Wire },
    /// A message or a stream of messages of this process.
    Local(Box<dyn Any + Send>),
}

impl Call {
    pub(crate) fn wire(context: Context, method: &'static Method, body: Body, wire: Wire) -> Self {
        Self {
            context,
            method,
            request: Request::Wire { body, wire },
        }
    }

    /// Makes a call within this process: `request` is the message, or the [`Streaming`] of messages.
    pub(crate) fn local(
        context: Context,
        method: &'static Method,
        request: impl Any + Send,
    ) -> Self {
        Self {
            context,
            method,
            request: Request::Local(Box::new(request)),
        }
    }

    /// Serves one request with one reply.
    pub fn unary<Req, Rep, F, Fut>(self, handler: F) -> CallFuture
    where
        Req: Message,
        Rep: Message,
        F: FnOnce(Context, Req) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Rep>> + Send,
    {
        Box::pin(async move {
            let method = self.method;
            let (context, request, encoder) = self.one().await?;
            let reply = handler(context, request).await;
            encoder.one(reply.map_err(|error| passed(error, method))?)
        })
    }

    /// Serves one request with a stream of replies.
    pub fn server_streaming<Req, Rep, F, Fut>(self, handler: F) -> CallFuture
    where
        Req: Message,
        Rep: Message,
        F: FnOnce(Context, Req) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Streaming<Rep>>> + Send,
    {
        Box::pin(async move {
            let method = self.method;
            let (context, request, encoder) = self.one().await?;
            let reply = handler(context, request).await;
            let replies = reply.map_err(|error| passed(error, method))?;
            encoder.many(Passing::stream(replies, method)).await
        })
    }

    /// Serves a stream of requests with one reply.
    pub fn client_streaming<Req, Rep, F, Fut>(self, handler: F) -> CallFuture
    where
        Req: Message,
        Rep: Message,
        F: FnOnce(Context, Streaming<Req>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Rep>> + Send,
    {
        Box::pin(async move {
            let method = self.method;
            let (context, requests, encoder) = self.many()?;
            let reply = handler(context, requests).await;
            encoder.one(reply.map_err(|error| passed(error, method))?)
        })
    }

    /// Serves a stream of requests with a stream of replies.
    pub fn bidi_streaming<Req, Rep, F, Fut>(self, handler: F) -> CallFuture
    where
        Req: Message,
        Rep: Message,
        F: FnOnce(Context, Streaming<Req>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Streaming<Rep>>> + Send,
    {
        Box::pin(async move {
            let method = self.method;
            let (context, requests, encoder) = self.many()?;
            let reply = handler(context, requests).await;
            let replies = reply.map_err(|error| passed(error, method))?;
            encoder.many(Passing::stream(replies, method)).await
        })
    }

    /// Answers a method number the service does not have.
    pub fn unimplemented(self) -> CallFuture {
        let path = self.method.path();
        Box::pin(async move {
            Err(Error::bare(
                Code::Unimplemented,
                format!("{path} is not implemented"),
            ))
        })
    }

    async fn one<Req: Message>(self) -> Result<(Context, Req, Encoder)> {
        match self.request {
            Request::Wire { mut body, wire } => match wire.read_one(&mut body).await {
                Ok(request) => Ok((self.context, request, Encoder::Wire(wire))),
                Err(error) => {
                    body.linger();
                    Err(error)
                }
            },
            Request::Local(request) => Ok((self.context, unbox(request)?, Encoder::Local)),
        }
    }

    fn many<Req: Message>(self) -> Result<(Context, Streaming<Req>, Encoder)> {
        match self.request {
            Request::Wire { body, wire } => {
                let requests = wire.read_many(body)?;
                Ok((self.context, requests, Encoder::Wire(wire)))
            }
            Request::Local(requests) => Ok((self.context, unbox(requests)?, Encoder::Local)),
        }
    }
}

/// Where the reply goes.
enum Encoder {
    Wire(Wire),
    Local,
}

impl Encoder {
    fn one<Rep: Message>(self, reply: Rep) -> Result<Reply> {
        Ok(Reply(match self {
            Encoder::Wire(wire) => wire.reply(reply)?,
            Encoder::Local => ReplyKind::Local(Box::new(reply)),
        }))
    }

    async fn many<Rep: Message>(self, replies: Streaming<Rep>) -> Result<Reply> {
        Ok(Reply(match self {
            Encoder::Wire(wire) => wire.replies(replies).await?,
            Encoder::Local => ReplyKind::Local(Box::new(replies)),
        }))
    }
}

/// Takes a local request out of its box; both sides are generated from one proto, so that it fits.
fn unbox<T: 'static>(request: Box<dyn Any + Send>) -> Result<T> {
    match request.downcast::<T>() {
        Ok(request) => Ok(*request),
        Err(_) => Err(Error::bare(
            Code::Internal,
            "local call with a request of another type: client and server were generated from different protos",
        )),
    }
}

/// The replies of a handler, whose error passes it as one without a stream does.
struct Passing<T> {
    replies: Streaming<T>,
    method: &'static Method,
}

impl<T: Send + 'static> Passing<T> {
    fn stream(replies: Streaming<T>, method: &'static Method) -> Streaming<T> {
        Streaming::new(Self { replies, method })
    }
}

impl<T: Send + 'static> Stream for Passing<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let method = self.method;
        let next = Pin::new(&mut self.replies).poll_next(cx);
        next.map_err(|error| passed(error, method))
    }
}

/// Adds the handler's frame to an error that passes it.
fn passed(mut error: Error, method: &'static Method) -> Error {
    error.push_frame(Frame::handler(method.path().trim_start_matches('/')));
    error
}
