//! The channel: what generated clients call through.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;

use super::call::{Plan, Site};
use super::group::{Group, Route};
use super::local;
use super::remote::Remote;
use super::stream::{Decoded, Placed, decode};
use super::transport::Transport;
use super::upload::encoded;
use crate::call::Service;
use crate::codec::Message;
use crate::context::Context;
use crate::discovery::{Clients, check_address, default_clients};
use crate::error::Result;
use crate::interceptor::{Chain, Interceptor};
use crate::method::{Method, ServiceDesc};
use crate::protocol::compression::Encoding;
use crate::protocol::grpc::frame;
use crate::stream::Streaming;

/// The longest reply by default: 4 MiB, as gRPC's.
const MAX_MESSAGE: usize = 4 << 20;

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
    target: Target,
    options: Options,
}

#[derive(Clone)]
enum Target {
    Remote(Arc<Group>),
    Local(Arc<dyn Service>),
    Discovered(&'static ServiceDesc),
}

/// What holds for all calls of a channel.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) max_message: usize,
    pub(super) compress: Option<Encoding>,
    chain: Option<Arc<Chain>>,
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
            },
        }
    }

    /// Makes a channel to `http://host:port` or `host:port`, gRPC over HTTP/2 without TLS, or to `https://host:port`,
    /// with TLS as [`Channel::tls`] or the features say (needs feature `tls`; the port may be left out: 443).
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if it is no such address, or TLS is not compiled in.
    pub fn connect(url: &str) -> Result<Self> {
        if let Some(address) = url.strip_prefix("https://") {
            return secure(address);
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

    fn fixed(address: impl Into<String>, transport: Transport) -> Self {
        Self::new(Target::Remote(Arc::new(Group::fixed(address, transport))))
    }

    /// Makes a channel to a generated server in this process, without a socket and without encoding.
    pub fn local(service: impl Service) -> Self {
        Self::new(Target::Local(Arc::new(service)))
    }

    /// Makes the channel of a process-wide client: each call asks its context's registry or the default one.
    #[doc(hidden)]
    pub const fn discovered(service: &'static ServiceDesc) -> Self {
        Self::new(Target::Discovered(service))
    }

    /// Limits calls that neither their context nor the schema limits (default: no limit).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets the longest reply message in bytes (default 4 MiB).
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.options.max_message = bytes;
        self
    }

    /// Compresses request messages of more than 1 KiB, and takes compressed replies (default: neither).
    ///
    /// With [`Encoding::Identity`] requests go as they are. A server that does not have the encoding answers with
    /// [`Code::Unimplemented`](crate::Code::Unimplemented).
    ///
    /// ```
    /// # #[cfg(feature = "gzip")] {
    /// use ezrpc::{Channel, Encoding};
    /// let channel = Channel::connect("http://127.0.0.1:8080")?.compress(Encoding::Gzip);
    /// # }
    /// # Ok::<(), ezrpc::Error>(())
    /// ```
    #[must_use]
    pub fn compress(mut self, encoding: Encoding) -> Self {
        self.options.compress = Some(encoding);
        self
    }

    /// Puts an interceptor around every call, local ones too; the first added runs outermost.
    ///
    /// It sees the call as the server will: method, deadline, and the metadata about to be sent.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        let mut chain = self.options.chain.as_deref().cloned().unwrap_or_default();
        chain.interceptors.push(Arc::new(interceptor));
        self.options.chain = Some(Arc::new(chain));
        self
    }

    /// Connects with TLS, and with these settings of it. Only for channels to an address.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if a certificate, a key or the domain cannot be read;
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if nobody would be trusted.
    #[cfg(feature = "tls")]
    pub fn tls(self, tls: crate::tls::ClientTls) -> Result<Self> {
        let connector = tls.connector()?;
        Ok(self.with_transport(|transport| transport.set_tls(connector)))
    }

    /// Sets how long connecting may take, with TLS its handshake included (default 5 s). Only for channels to an
    /// address.
    #[must_use]
    pub fn connect_timeout(self, limit: Duration) -> Self {
        self.with_transport(|transport| transport.connect_timeout = limit)
    }

    /// Pings the server when calls are under way and it has said nothing for `interval`; without an answer within
    /// `timeout` the connection is given up and its calls fail (default: no pings). Only for channels to an address.
    ///
    /// gRPC servers of other makes take pings every five minutes and close connections with more. Without pings a
    /// server that is gone is found by the system: what it does not acknowledge for 30 s ends the connection (on
    /// Linux), and a connection on which nothing is sent is probed after 60 s.
    #[must_use]
    pub fn keepalive(self, interval: Duration, timeout: Duration) -> Self {
        self.with_transport(|transport| transport.keepalive = Some((interval, timeout)))
    }

    fn with_transport(mut self, change: impl FnOnce(&mut Transport)) -> Self {
        if let Target::Remote(group) = &self.target {
            self.target = Target::Remote(Arc::new(group.with_transport(change)));
        }
        self
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
        }
    }
}

/// A channel to an address that speaks TLS.
#[cfg(feature = "tls")]
fn secure(address: &str) -> Result<Channel> {
    let address = address.strip_suffix('/').unwrap_or(address);
    // An IPv6 address without a port ends in a bracket.
    let has_port = address
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']'));
    let address = match has_port {
        true => address.to_owned(),
        false => format!("{address}:443"),
    };
    check_address(&address)?;
    Ok(Channel::fixed(
        address,
        Transport::default().with_default_tls(),
    ))
}

#[cfg(not(feature = "tls"))]
fn secure(address: &str) -> Result<Channel> {
    Err(crate::error::Error::bare(
        crate::error::Code::InvalidArgument,
        format!("https://{address} needs TLS: turn on ezrpc's feature `tls`"),
    ))
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
        let call = self.call(method, ctx, Location::caller());
        async move {
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        local::one(&call.plan, call.chain(), &*service, request).await
                    }
                    Way::Remote(remote) => {
                        let data = frame::encode_in(call.encoding(), &request)?;
                        decode(call.around(remote.unary(data)).await?)
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
        let call = self.call(method, ctx, Location::caller());
        async move {
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        let replies = local::many(&call.plan, call.chain(), &*service, request);
                        Ok(call.placed(replies.await?))
                    }
                    Way::Remote(remote) => {
                        let data = frame::encode_in(call.encoding(), &request)?;
                        let download = call.around(remote.server_streaming(data)).await?;
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
        let call = self.call(method, ctx, Location::caller());
        async move {
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        local::one(&call.plan, call.chain(), &*service, requests).await
                    }
                    Way::Remote(remote) => {
                        let messages = encoded(requests, call.encoding());
                        decode(call.around(remote.client_streaming(messages)).await?)
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
        let call = self.call(method, ctx, Location::caller());
        async move {
            let work = async {
                match call.way().await? {
                    Way::Local(service) => {
                        let replies = local::many(&call.plan, call.chain(), &*service, requests);
                        Ok(call.placed(replies.await?))
                    }
                    Way::Remote(remote) => {
                        let messages = encoded(requests, call.encoding());
                        let download = call.around(remote.bidi_streaming(messages)).await?;
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
}

/// Where a call goes, once that is known.
enum Way {
    Local(Arc<dyn Service>),
    Remote(Remote),
}

impl Channel {
    /// Finds out where a call goes now.
    pub(super) async fn route(&self, clients: Option<&Clients>) -> Result<Route> {
        let group = match &self.target {
            Target::Local(service) => return Ok(Route::Local(Arc::clone(service))),
            Target::Remote(group) => Arc::clone(group),
            Target::Discovered(service) => match clients {
                Some(clients) => clients.group(service.name()),
                None => default_clients()?.group(service.name()),
            },
        };
        group.route().await
    }
}

impl Call<'_> {
    async fn way(&self) -> Result<Way> {
        match self.channel.route(self.plan.ctx.clients()).await? {
            Route::Local(service) => Ok(Way::Local(service)),
            Route::Remote(group, nodes) => {
                Remote::new(self.plan.clone(), group, nodes).map(Way::Remote)
            }
        }
    }

    fn encoding(&self) -> Encoding {
        self.plan.compress.unwrap_or_default()
    }

    fn chain(&self) -> Option<&Arc<Chain>> {
        self.channel.options.chain.as_ref()
    }

    /// Runs a remote call within the interceptors, if there are any.
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
        let site = self.site;
        Streaming::new(Placed { replies, site })
    }

    fn end<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.site.passed(error))
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Remote(group) => write!(f, "Channel({})", group.address()),
            Target::Local(service) => write!(f, "Channel(local {})", service.desc().name()),
            Target::Discovered(service) => write!(f, "Channel(discovered {})", service.name()),
        }
    }
}
