//! One request and its response: head, access, call, deadline.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use http::header::CONTENT_LENGTH;
use http::{Method as HttpMethod, Request, Response, Version};
use tokio::time::Sleep;

use super::access::{Access, Policy, fail_closed};
use crate::body::Body;
use crate::call::{Call, CallFuture, Service};
use crate::codec::Codec;
use crate::context::{Context, Inbound};
use crate::error::{Code, Error};
use crate::interceptor::Chain;
use crate::metadata::Metadata;
use crate::method::{Method, Shape, Timeout};
use crate::protocol::content_type::ContentType;
use crate::protocol::head::Head;
use crate::protocol::reply::{Responder, deadline_exceeded, panicked};
use crate::protocol::webapi::{self, ErrorShape};
use crate::protocol::wire::{Framing, Settings, Wire};
use crate::protocol::{Protocol, grpc};

/// How one server treats its calls.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) settings: Arc<Settings>,
    pub(crate) chain: Arc<Chain>,
    pub(crate) policy: Policy,
    /// Callers are outside the trust boundary whatever they speak.
    pub(crate) edge: bool,
    /// The longest a call may take, whatever the caller asks for.
    pub(crate) max_timeout: Option<Duration>,
}

/// A request with what its head says.
pub(crate) struct Exchange<'a> {
    host: &'a Host,
    request: Request<Body>,
    head: Head,
    peer: Option<SocketAddr>,
}

/// The method a path names.
pub(crate) struct Target<'a> {
    pub(crate) service: &'a dyn Service,
    pub(crate) index: usize,
    pub(crate) method: &'static Method,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(host: &'a Host, request: Request<Body>, peer: Option<SocketAddr>) -> Self {
        let head = Head::read(request.headers());
        Self {
            host,
            request,
            head,
            peer,
        }
    }

    /// Whether the request says it is gRPC.
    pub(crate) fn is_grpc(&self) -> bool {
        matches!(self.head.content_type, ContentType::Grpc(_))
    }

    pub(crate) fn path(&self) -> &str {
        self.request.uri().path()
    }

    pub(crate) fn into_request(self) -> Request<Body> {
        self.request
    }

    /// Answers a path nobody serves.
    pub(crate) fn unknown_path(self) -> ServeFuture {
        let path = self.request.uri().path();
        if let ContentType::Grpc(codec) = self.head.content_type {
            if self.request.version() < Version::HTTP_2 {
                return ServeFuture::ready(grpc::server::wrong_version());
            }
            let error = Error::bare(Code::Unimplemented, format!("unknown method {path}"));
            return self.refuse(Protocol::Grpc, codec, &error);
        }
        let error = Error::bare(Code::NotFound, format!("no route for {path}"));
        let options = &self.host.settings.json;
        let response = webapi::error(self.shape(false), &error, options, Default::default());
        self.refused(response)
    }

    /// Sends a refusal as a response to HEAD too: hyper leaves its body in over HTTP/2, which peers then reset.
    fn refused(&self, mut response: Response<Body>) -> ServeFuture {
        if self.request.method() == HttpMethod::HEAD
            && let Some(length) = http_body::Body::size_hint(response.body()).exact()
        {
            *response.body_mut() = Body::empty();
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        ServeFuture::ready(response)
    }

    /// Starts the call of a method, or refuses it.
    pub(crate) fn start(self, target: &Target<'_>) -> ServeFuture {
        match self.head.content_type {
            ContentType::Grpc(codec) => self.grpc(target, codec),
            _ => self.webapi(target),
        }
    }

    fn grpc(self, target: &Target<'_>, codec: Codec) -> ServeFuture {
        if self.request.version() < Version::HTTP_2 {
            return ServeFuture::ready(grpc::server::wrong_version());
        }
        if self.request.method() != HttpMethod::POST {
            return ServeFuture::ready(webapi::allow_post(grpc::server::wrong_method()));
        }
        if self.head.encoded {
            let error = Error::bare(
                Code::Unimplemented,
                "message encoding not supported: only identity is",
            );
            let response = self.responder(Protocol::Grpc, codec).error(&error, None);
            return ServeFuture::ready(grpc::server::accept_identity(response));
        }
        self.run(target, Protocol::Grpc, codec)
    }

    fn webapi(self, target: &Target<'_>) -> ServeFuture {
        let access = self
            .host
            .policy
            .access(Protocol::Webapi, target.method.web());
        // As the caller wrote it, prefix and all.
        let path = self.request.uri().path();
        let refused = match (access, self.request.method(), self.head.content_type) {
            (Access::Hidden, _, _) => Error::bare(Code::NotFound, format!("no route for {path}")),
            (_, &HttpMethod::POST, ContentType::Message(codec)) => {
                return self.webapi_call(target, access, codec);
            }
            (_, &HttpMethod::POST, _) => {
                return self.reject(&webapi::wrong_type(), webapi::accept_post);
            }
            _ => return self.reject(&webapi::wrong_method(path), webapi::allow_post),
        };
        self.reject(&refused, |response| response)
    }

    fn webapi_call(self, target: &Target<'_>, access: Access, codec: Codec) -> ServeFuture {
        if access == Access::FailClosed {
            let error = fail_closed(target.method.path());
            return self.reject(&error, |response| response);
        }
        // Before the handler runs, whose work would be for nothing.
        if target.method.shape() != Shape::Unary {
            return self.reject(&webapi::no_streams(), |response| response);
        }
        if self.head.encoded {
            return self.reject(&webapi::wrong_encoding(), webapi::accept_identity);
        }
        self.run(target, Protocol::Webapi, codec)
    }

    /// Refuses a webapi request on an RPC path.
    fn reject(
        &self,
        error: &Error,
        dress: impl FnOnce(Response<Body>) -> Response<Body>,
    ) -> ServeFuture {
        let options = &self.host.settings.json;
        let response = webapi::error(self.shape(true), error, options, Default::default());
        self.refused(dress(response))
    }

    fn refuse(&self, protocol: Protocol, codec: Codec, error: &Error) -> ServeFuture {
        ServeFuture::ready(self.responder(protocol, codec).error(error, None))
    }

    fn shape(&self, rpc_path: bool) -> ErrorShape {
        match rpc_path || self.head.connect {
            true => ErrorShape::Connect,
            false => ErrorShape::Status,
        }
    }

    fn responder(&self, protocol: Protocol, codec: Codec) -> Responder {
        Responder {
            protocol,
            codec,
            shape: self.shape(true),
            trusted: protocol.is_trusted() && !self.host.edge,
            settings: Arc::clone(&self.host.settings),
        }
    }

    fn run(self, target: &Target<'_>, protocol: Protocol, codec: Codec) -> ServeFuture {
        if let Err(error) = self.head.check() {
            return self.refuse(protocol, codec, &error);
        }
        if self.head.timeout == Some(Duration::ZERO) {
            return self.refuse(protocol, codec, &deadline_exceeded());
        }
        let access = match self.host.policy.access(protocol, target.method.web()) {
            // Probes have no credentials.
            Access::Verified if super::health::is_health(target.method) => Access::Open,
            access => access,
        };
        let responder = self.responder(protocol, codec);
        let start = Instant::now();
        let deadline = self
            .time_limit(target.method)
            .and_then(|limit| start.checked_add(limit));
        let (head, body) = self.request.into_parts();
        let context = Context::inbound(Inbound {
            method: target.method,
            deadline,
            hops: self.head.hops,
            peer: self.peer,
            start,
            metadata: Metadata::from_headers(head.headers),
        });
        let wire = Wire {
            framing: match protocol {
                Protocol::Grpc => Framing::Grpc,
                Protocol::Webapi => Framing::Bare,
            },
            codec,
            settings: Arc::clone(&self.host.settings),
        };
        let call = Call::wire(context.clone(), target.method, body, wire);
        let call = target.service.call(target.index, call);
        let call = self.host.chain.around(&context, access.credentials(), call);
        ServeFuture::running(Running {
            call,
            context,
            responder: Some(responder),
            deadline: deadline.map(|at| Box::pin(tokio::time::sleep_until(at.into()))),
        })
    }

    /// The shortest of what the caller, the schema and the server allow.
    fn time_limit(&self, method: &Method) -> Option<Duration> {
        let schema = match method.timeout() {
            Timeout::Limit(limit) => Some(limit),
            Timeout::Unset | Timeout::None => None,
        };
        [self.head.timeout, schema, self.host.max_timeout]
            .into_iter()
            .flatten()
            .min()
    }
}

/// The response of one request, under way.
pub struct ServeFuture {
    state: State,
}

enum State {
    Ready(Option<Response<Body>>),
    Running(Running),
    Foreign(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

struct Running {
    call: CallFuture,
    context: Context,
    /// Taken when the response is written.
    responder: Option<Responder>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl ServeFuture {
    pub(crate) fn ready(response: Response<Body>) -> Self {
        Self {
            state: State::Ready(Some(response)),
        }
    }

    fn running(running: Running) -> Self {
        Self {
            state: State::Running(running),
        }
    }

    pub(crate) fn foreign(response: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        Self {
            state: State::Foreign(Box::pin(response)),
        }
    }
}

impl Running {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Response<Body>> {
        // After a panic the call is never polled again, so that nothing sees it half done.
        let call = AssertUnwindSafe(|| self.call.as_mut().poll(cx));
        let outcome = match catch_unwind(call).unwrap_or_else(|_| Poll::Ready(Err(panicked()))) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => {
                let Some(deadline) = &mut self.deadline else {
                    return Poll::Pending;
                };
                std::task::ready!(deadline.as_mut().poll(cx));
                self.context.cancel();
                Err(deadline_exceeded())
            }
        };
        match self.responder.take() {
            Some(responder) => {
                let context = self.context.clone();
                Poll::Ready(responder.outcome(outcome, context, self.deadline.take()))
            }
            // Polled again after it was ready.
            None => Poll::Pending,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Dropped before it answered: the caller is gone.
        if self.responder.is_some() {
            self.context.cancel();
        }
    }
}

impl Future for ServeFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let response = match &mut self.state {
            State::Ready(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            State::Running(running) => running.poll(cx),
            State::Foreign(response) => response.as_mut().poll(cx),
        };
        response.map(Ok)
    }
}

impl fmt::Debug for ServeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeFuture").finish_non_exhaustive()
    }
}
