//! The channel: what generated clients call through.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::attempts::Terms;
use super::balance::{Balance, hash};
use super::call::{Plan, Site};
use super::clock;
use super::group::{Group, Patience, Route};
use super::local;
use super::remote::Remote;
use super::stream::{Decoded, Placed, decode};
use super::transport::Transport;
use super::upload::encoded;
use crate::call::Service;
use crate::codec::Message;
use crate::context::Context;
use crate::discovery::{Clients, Means, check_address, default_clients};
use crate::error::Result;
use crate::interceptor::Chain;
use crate::method::{Method, ServiceDesc};
use crate::observe::{Callee, Sending};
use crate::protocol::compression::Encoding;
use crate::protocol::grpc::frame;
use crate::stream::Streaming;

/// The longest reply by default: 4 MiB, as gRPC's.
const MAX_MESSAGE: usize = 4 << 20;
/// How long a new endpoint takes to its full share by default.
const SLOW_START: Duration = Duration::from_secs(10);

/// The way to a service: to an address, to what a registry knows, or to an implementation in this process.
///
/// Cheap to clone; clones share connections. Nothing is connected before the first call, and lost
/// connections are made again.
///
/// ```no_run
/// use ezrpc::Channel;
/// let channel = Channel::connect("http://127.0.0.1:8080")?;
/// // let product = ProductClient::new(channel);
/// # Ok::<(), ezrpc::Error>(())
/// ```
#[derive(Clone)]
pub struct Channel {
    pub(super) target: Target,
    pub(super) options: Options,
}

#[derive(Clone)]
pub(super) enum Target {
    Remote(Arc<Group>),
    Local(Arc<dyn Service>),
    /// By full proto name.
    Discovered(&'static str),
}

/// What holds for all calls of a channel.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) max_message: usize,
    pub(super) compress: Option<Encoding>,
    pub(super) chain: Option<Arc<Chain>>,
    pub(super) balance: Balance,
    pub(super) slow_start: Duration,
    pub(super) fail_fast: bool,
    /// How a discovered channel connects, if not as by default; one to an address has it with the address.
    pub(super) means: Option<Arc<Means>>,
}

impl Channel {
    const fn new(target: Target) -> Self {
        Self {
            target,
            options: Options {
                timeout: None,
                max_message: MAX_MESSAGE,
                compress: None,
                chain: None,
                balance: Balance::LeastLoaded,
                slow_start: SLOW_START,
                fail_fast: false,
                means: None,
            },
        }
    }

    /// Makes a channel to `http://host:port` or `host:port`, gRPC over HTTP/2 without TLS, or to `https://host:port`,
    /// with TLS as `Channel::tls` or the features say (needs feature `tls`; the port may be left out: 443).
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if it is no such address, or TLS is not compiled in.
    pub fn connect(url: &str) -> Result<Self> {
        if let Some(address) = url.strip_prefix("https://") {
            return super::settings::secure(address);
        }
        let address = url.strip_prefix("http://").unwrap_or(url);
        let address = address.strip_suffix('/').unwrap_or(address);
        check_address(address)?;
        Ok(Self::fixed(address, Transport::default()))
    }

    /// Makes a channel to a socket address.
    pub fn to(address: SocketAddr) -> Self {
        Self::fixed(address.to_string(), Transport::default())
    }

    pub(super) fn fixed(address: impl Into<String>, transport: Transport) -> Self {
        Self::new(Target::Remote(Group::fixed(address, transport).shown()))
    }

    /// Makes a channel to a generated server in this process, without a socket and without encoding.
    pub fn local(service: impl Service) -> Self {
        Self::new(Target::Local(Arc::new(service)))
    }

    /// Makes a channel to the instances of a service, by its full proto name: each call asks its context's registry or
    /// the default one.
    ///
    /// It is what stands behind the process-wide clients, for one with other settings. Channels that connect in the
    /// same way (keepalive, time limit) share connections, also with the process-wide clients; with TLS only clones of
    /// one channel do, and their connections end with the last of them: make it once, not for each call.
    ///
    /// ```
    /// use ezrpc::{Balance, Channel};
    /// let channel = Channel::discover("shop.v1.Product").balance(Balance::ConsistentHash);
    /// // let product = ProductClient::new(channel);
    /// // product.get(&ctx.call().key("12345"), request).await
    /// ```
    pub const fn discover(service: &'static str) -> Self {
        Self::new(Target::Discovered(service))
    }

    /// Makes the channel of a process-wide client.
    #[doc(hidden)]
    pub const fn discovered(service: &'static ServiceDesc) -> Self {
        Self::discover(service.name())
    }

    fn call<'a>(
        &'a self,
        method: &'static Method,
        ctx: &Context,
        at: &'static Location<'static>,
    ) -> Call<'a> {
        Call {
            channel: self,
            plan: Plan::new(&self.options, method, ctx),
            site: Site { method, at },
            sending: Mutex::default(),
        }
    }
}

/// The four shapes, as generated clients call them. Each is one thin generic layer around what is compiled once.
/// No lifetime joins channel and context: generated trait impls have one for each.
#[doc(hidden)]
impl Channel {
    /// One request, one reply.
    #[track_caller]
    pub fn unary<Req: Message, Rep: Message>(
        &self,
        method: &'static Method,
        ctx: &Context,
        request: Req,
    ) -> impl Future<Output = Result<Rep>> + Send {
        let mut call = self.call(method, ctx, Location::caller());
        async move {
            call.begin();
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        local::one(&call.plan, call.chain(), &*service, request).await
                    }
                    Way::Remote(remote) => {
                        let data = frame::encode_in(call.encoding(), &request)?;
                        decode(call.around(Box::pin(remote.unary(data))).await?)
                    }
                }
            };
            call.end(call.plan.limit(work).await)
        }
    }

    /// One request, a stream of replies.
    #[track_caller]
    pub fn server_streaming<Req: Message, Rep: Message>(
        &self,
        method: &'static Method,
        ctx: &Context,
        request: Req,
    ) -> impl Future<Output = Result<Streaming<Rep>>> + Send {
        let mut call = self.call(method, ctx, Location::caller());
        async move {
            call.begin();
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        let replies = local::many(&call.plan, call.chain(), &*service, request);
                        Ok(call.placed(replies.await?))
                    }
                    Way::Remote(remote) => {
                        let data = frame::encode_in(call.encoding(), &request)?;
                        let download = call.around(Box::pin(remote.server_streaming(data))).await?;
                        Ok(call.placed(Decoded::new(download)))
                    }
                }
            };
            call.end(call.plan.limit(work).await)
        }
    }

    /// A stream of requests, one reply.
    #[track_caller]
    pub fn client_streaming<Req: Message, Rep: Message>(
        &self,
        method: &'static Method,
        ctx: &Context,
        requests: Streaming<Req>,
    ) -> impl Future<Output = Result<Rep>> + Send {
        let mut call = self.call(method, ctx, Location::caller());
        async move {
            call.begin();
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        local::one(&call.plan, call.chain(), &*service, requests).await
                    }
                    Way::Remote(remote) => {
                        let messages = encoded(requests, call.encoding());
                        decode(
                            call.around(Box::pin(remote.client_streaming(messages)))
                                .await?,
                        )
                    }
                }
            };
            call.end(call.plan.limit(work).await)
        }
    }

    /// Streams both ways.
    #[track_caller]
    pub fn bidi_streaming<Req: Message, Rep: Message>(
        &self,
        method: &'static Method,
        ctx: &Context,
        requests: Streaming<Req>,
    ) -> impl Future<Output = Result<Streaming<Rep>>> + Send {
        let mut call = self.call(method, ctx, Location::caller());
        async move {
            call.begin();
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        let replies = local::many(&call.plan, call.chain(), &*service, requests);
                        Ok(call.placed(replies.await?))
                    }
                    Way::Remote(remote) => {
                        let messages = encoded(requests, call.encoding());
                        let download = call
                            .around(Box::pin(remote.bidi_streaming(messages)))
                            .await?;
                        Ok(call.placed(Decoded::new(download)))
                    }
                }
            };
            call.end(call.plan.limit(work).await)
        }
    }
}

/// One call through a channel.
struct Call<'a> {
    channel: &'a Channel,
    plan: Plan,
    site: Site,
    /// Goes over to the stream of replies, if there is one. Nobody else has it, so that the lock is free.
    sending: Mutex<Sending>,
}

/// Where a call goes, once that is known.
enum Way {
    Local(Arc<dyn Service>),
    Remote(Remote),
}

impl Channel {
    /// Finds out where a call with this deadline goes now.
    pub(super) async fn route(
        &self,
        clients: Option<&Clients>,
        deadline: Option<Instant>,
    ) -> Result<Route> {
        let group = match &self.target {
            Target::Local(service) => return Ok(Route::Local(Arc::clone(service))),
            Target::Remote(group) => Arc::clone(group),
            Target::Discovered(service) => {
                let clients = match clients {
                    Some(clients) => clients,
                    None => default_clients()?,
                };
                clients.group(service, self.options.means.as_deref())
            }
        };
        let patience = match deadline {
            _ if self.options.fail_fast => Patience::None,
            Some(deadline) => Patience::Until(deadline),
            None => Patience::Some,
        };
        group.route(patience).await
    }

    /// Whom its calls are for, as far as that is known before one is picked.
    fn callee(&self) -> Callee {
        match &self.target {
            Target::Remote(group) => Callee::Address(group.address()),
            Target::Local(_) => Callee::Local,
            Target::Discovered(service) => Callee::Service(service),
        }
    }

    /// What the attempts of a call with this deadline and key go by.
    pub(super) fn terms(&self, deadline: Option<Instant>, key: Option<&str>) -> Terms {
        Terms {
            balance: self.options.balance,
            key: key.map(|key| hash(key.as_bytes())),
            slow_start: clock::micros(self.options.slow_start),
            deadline,
            only: None,
        }
    }
}

impl Call<'_> {
    /// Begins to watch the call: once it is polled, as one that is not is none, and as only then its caller's span is
    /// current.
    fn begin(&mut self) {
        let Plan { ctx, method, .. } = &self.plan;
        let sending = Sending::start(ctx, method, || self.channel.callee());
        self.plan.trace = sending.trace().map(Arc::new);
        self.sending = Mutex::new(sending);
    }

    async fn way(&self) -> Result<Way> {
        let Plan { ctx, deadline, .. } = &self.plan;
        match self.channel.route(ctx.clients(), *deadline).await? {
            Route::Local(service) => Ok(Way::Local(service)),
            Route::Remote(group, nodes) => {
                let key = ctx.outgoing().and_then(|outgoing| outgoing.key.as_deref());
                let terms = self.channel.terms(*deadline, key);
                Remote::new(self.plan.clone(), (group, nodes), terms).map(Way::Remote)
            }
        }
    }

    fn encoding(&self) -> Encoding {
        self.plan.compress.unwrap_or_default()
    }

    fn chain(&self) -> Option<&Arc<Chain>> {
        self.channel.options.chain.as_ref()
    }

    /// Runs a remote call within the interceptors, if there are any. It comes boxed: a service in this process that calls
    /// itself should not run out of stack before it runs out of hops, for the sake of calls that it does not make.
    async fn around<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self.chain() {
            None => call.await,
            Some(chain) => local::intercepted(&self.plan, chain, call).await,
        }
    }

    fn placed<M: Message>(
        &self,
        replies: impl Stream<Item = Result<M>> + Unpin + Send + 'static,
    ) -> Streaming<M> {
        let (site, sending) = (self.site, std::mem::take(&mut *self.sending()));
        Streaming::new(Placed {
            replies,
            site,
            sending,
        })
    }

    fn end<T>(&self, result: Result<T>) -> Result<T> {
        let result = result.map_err(|error| self.site.passed(error));
        // Of a stream it is the start; what watches it has gone along, unless there is none.
        self.sending().end(result.as_ref().map(|_| ()));
        result
    }

    fn sending(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Remote(group) => write!(f, "Channel({})", group.address()),
            Target::Local(service) => write!(f, "Channel(local {})", service.desc().name()),
            Target::Discovered(service) => write!(f, "Channel(discovered {service})"),
        }
    }
}
