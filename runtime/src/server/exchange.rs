//! One request: which protocol it speaks, whether it is let in, and the start of its call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, Version};
use tokio::time::Instant;

use super::access::{Access, Policy, fail_closed};
use super::admission::{Admission, Source};
use super::running::{Finish, Running, ServeFuture};
use crate::body::Body;
use crate::call::{Call, Service};
use crate::context::{ByCaller, Context, Inbound};
use crate::error::{Code, Error};
use crate::interceptor::Chain;
use crate::metadata::Metadata;
use crate::method::{Method, Route, Timeout};
use crate::observe::{self, Caller, Passed, Watch};
use crate::panics::Shielded;
use crate::protocol::compression::Encoding;
use crate::protocol::content_type::ContentType;
use crate::protocol::head::Head;
use crate::protocol::reply::{Responder, Underway, deadline_exceeded};
use crate::protocol::webapi::cors::CorsPolicy;
use crate::protocol::webapi::{self, ErrorShape};
use crate::protocol::wire::{Settings, Wire};
use crate::protocol::{Protocol, grpc, headers};
use crate::reply::Reply;

/// How one server treats its calls.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) settings: Arc<Settings>,
    pub(crate) chain: Arc<Chain>,
    pub(crate) policy: Policy,
    /// Callers are outside the trust boundary whatever they speak.
    pub(crate) edge: bool,
    /// Replies are not compressed, whatever the caller accepts.
    pub(crate) uncompressed: bool,
    /// The longest a call may take, whatever the caller asks for.
    pub(crate) max_timeout: Option<Duration>,
    /// The largest hop budget, and that of calls that say nothing of it.
    pub(crate) hop_budget: u32,
    /// Whom browsers may let in.
    pub(crate) cors: Option<Arc<CorsPolicy>>,
    /// Nobody is told of calls.
    pub(crate) unlogged: bool,
}

impl Host {
    /// Begins to watch a call, if anybody is told of it.
    fn watch(&self, context: &Context, responder: &Responder) -> Option<Box<Watch>> {
        if self.unlogged {
            return None;
        }
        Watch::start(context, || Caller {
            probe: context.method().is_some_and(super::health::is_health),
            ..responder.caller()
        })
    }
}

/// A request with what its head says.
pub(crate) struct Exchange<'a> {
    pub(super) host: &'a Host,
    pub(super) request: Request<Body>,
    pub(super) head: Head,
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

    /// What is done to whatever response the request gets.
    pub(super) fn finish(&self) -> Option<Box<Finish>> {
        Finish::of(&self.request, self.host.cors.as_ref())
    }

    pub(crate) fn path(&self) -> &str {
        self.request.uri().path()
    }

    pub(crate) fn into_request(self) -> Request<Body> {
        self.request
    }

    /// Answers without a call.
    pub(super) fn answered(self, response: Response<Body>) -> ServeFuture {
        if !self.host.unlogged {
            let request = Passed {
                verb: self.request.method(),
                path: self.path(),
                protocol: self.head.content_type.protocol().name(self.head.connect),
                peer: self.peer,
            };
            observe::passed(&request, response.status());
        }
        self.request.into_body().linger();
        ServeFuture::ready(response)
    }

    /// Answers a path nobody serves.
    pub(crate) fn unknown_path(self) -> ServeFuture {
        let path = self.request.uri().path();
        let protocol = self.head.content_type.protocol();
        if protocol == Protocol::Grpc && self.request.version() < Version::HTTP_2 {
            return self.answered(grpc::server::wrong_version());
        }
        let error = unknown(protocol, path);
        let mut responder = self.responder(&Admission::nowhere(self.head.content_type));
        responder.shape = self.shape(false);
        let response = responder.error(&error, None);
        self.answered(response)
    }

    /// Whether the path of the method is as if it were not there.
    pub(super) fn hides(&self, method: &Method) -> bool {
        let protocol = self.head.content_type.protocol();
        self.host.policy.access(protocol, method.web()) == Access::Hidden
    }

    /// Whether the request is neither of gRPC, nor gRPC-Web, nor a stream of Connect.
    pub(super) fn is_plain(&self) -> bool {
        self.head.content_type.protocol() == Protocol::Webapi
    }

    /// Starts the call of the method that the RPC path names, or refuses it.
    pub(crate) fn start(self, target: &Target<'_>) -> ServeFuture {
        let protocol = self.head.content_type.protocol();
        let access = self.host.policy.access(protocol, target.method.web());
        if access == Access::Hidden {
            // The caller must not learn it; whoever runs the server may.
            tracing::debug!(
                method = target.method.path(),
                "404: not enabled over HTTP; set `enable` in its (ezbuy.webapi), or call Server::expose_all"
            );
            let admission = Admission::nowhere(self.head.content_type);
            // The path as the caller wrote it, prefix and all.
            let error = unknown(protocol, self.request.uri().path());
            let response = self.responder(&admission).error(&error, None);
            return self.answered(response);
        }
        match self.admit(target) {
            Ok(admission) => self.run(target, access, admission),
            Err(response) => self.answered(*response),
        }
    }

    pub(super) fn shape(&self, rpc_path: bool) -> ErrorShape {
        let connect = self.head.content_type.protocol() == Protocol::Connect;
        match rpc_path || connect || self.head.connect {
            true => ErrorShape::Connect,
            false => ErrorShape::Status,
        }
    }

    /// What answers a call.
    pub(super) fn responder(&self, admission: &Admission) -> Responder {
        Responder {
            protocol: admission.protocol,
            form: admission.form,
            codec: admission.reply_codec,
            shape: self.shape(admission.binding.is_none()),
            encoding: admission.encodings.reply,
            cacheable: matches!(admission.source, Source::Query(_)),
            head: self.request.method() == http::Method::HEAD,
            trusted: admission.protocol.is_trusted() && !self.host.edge,
            connect: self.head.connect,
            trailers: self.head.trailers,
            settings: Arc::clone(&self.host.settings),
        }
    }

    /// The call's hop budget: nobody outside can raise it.
    fn hops(&self) -> u32 {
        let most = self.host.hop_budget;
        self.head.hops.map_or(most, |hops| hops.min(most))
    }

    pub(super) fn run(
        mut self,
        target: &Target<'_>,
        access: Access,
        mut admission: Admission,
    ) -> ServeFuture {
        if self.host.uncompressed {
            admission.encodings.reply = Encoding::Identity;
        }
        let responder = self.responder(&admission);
        let refusal = self.refusal(target, access, admission.protocol);
        let idle = self.idle(target.method, &admission);
        let route = admission.binding.as_ref().map(|binding| binding.route);
        let (host, connect) = (self.host, self.head.connect);
        let (context, body) = self.into_context((target.method, route), responder.trusted);
        let watch = host.watch(&context, &responder);
        if let Some(error) = refusal {
            body.linger();
            let call = Underway {
                context,
                deadline: None,
                watch,
            };
            return ServeFuture::ready(responder.outcome(Err(error), call));
        }
        let body = match &watch {
            Some(watch) if watch.counts() => body.metered(&context),
            _ => body,
        };
        let ready = Ready {
            context,
            body: std::mem::take(&mut admission.source).body(body),
            wire: admission.wire(&host.settings, connect),
            idle,
            access,
            responder,
            watch,
        };
        ready.start(target, &host.chain)
    }

    /// The context of a call, and the request's body.
    fn into_context(
        self,
        (method, route): (&'static Method, Option<&'static Route>),
        trusted: bool,
    ) -> (Context, Body) {
        // By the runtime's clock, which a test may have paused.
        let start = Instant::now().into_std();
        let limit = self.time_limit(method);
        let hops = self.hops();
        let by_caller = ByCaller {
            deadline: limit.is_some() && limit == self.head.timeout,
            hops: hops < self.host.hop_budget,
        };
        let (mut head, body) = self.request.into_parts();
        if self.head.path && !trusted {
            // Anybody can say where a call comes from.
            head.headers.remove(headers::EZRPC_PATH);
        }
        let context = Context::inbound(Inbound {
            method,
            route,
            deadline: limit.and_then(|limit| start.checked_add(limit)),
            by_caller,
            hops,
            peer: self.peer,
            certificates: head.extensions.get().cloned(),
            start,
            metadata: Metadata::from_headers(head.headers),
        });
        (context, body)
    }

    /// What is wrong with a request that its protocol has admitted.
    fn refusal(
        &mut self,
        target: &Target<'_>,
        access: Access,
        protocol: Protocol,
    ) -> Option<Error> {
        if access == Access::FailClosed {
            return Some(fail_closed(target.method.path()));
        }
        if let Err(error) = self.head.check() {
            return Some(error);
        }
        if self.head.special_metadata
            && protocol != Protocol::Grpc
            && let Err(error) = webapi::metadata::normalise(self.request.headers_mut())
        {
            return Some(error);
        }
        (self.head.timeout == Some(Duration::ZERO)).then(deadline_exceeded)
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

/// A call that may start.
struct Ready {
    context: Context,
    body: Body,
    wire: Wire,
    /// What stands for the reply of a call that need not be made.
    idle: Option<Reply>,
    access: Access,
    responder: Responder,
    watch: Option<Box<Watch>>,
}

impl Ready {
    #[inline]
    fn start(self, target: &Target<'_>, chain: &Arc<Chain>) -> ServeFuture {
        let context = self.context;
        let call = match self.idle {
            None => {
                let call = Call::wire(context.clone(), target.method, self.body, self.wire);
                target.service.call(target.index, call)
            }
            Some(reply) => Box::pin(std::future::ready(Ok(reply))),
        };
        let credentials = match self.access {
            // Probes have no credentials.
            Access::Verified if super::health::is_health(target.method) => Access::Open,
            access => access,
        };
        let call = chain.around(&context, credentials.credentials(), call);
        let deadline = context.deadline();
        ServeFuture::running(Running {
            call: Shielded::new(call),
            context,
            responder: Some(self.responder),
            deadline: deadline.map(|at| Box::pin(tokio::time::sleep_until(at.into()))),
            watch: self.watch,
        })
    }
}

/// The error of a path that no method stands at, or none the caller may see.
fn unknown(protocol: Protocol, path: &str) -> Error {
    match protocol {
        Protocol::Grpc | Protocol::GrpcWeb => {
            Error::bare(Code::Unimplemented, format!("unknown method {path}"))
        }
        Protocol::Connect | Protocol::Webapi => {
            Error::bare(Code::NotFound, format!("no route for {path}"))
        }
    }
}
