//! The server: services of every protocol on one port, and its life from start to drained.

mod access;
mod admission;
mod build;
mod connection;
mod exchange;
mod health;
mod life;
mod lifecycle;
mod reflection;
mod rest;
mod router;
mod running;
mod seldom;
mod standalone;
mod supervisor;
mod upload;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::net::{TcpListener, ToSocketAddrs};
use tower_service::Service as TowerService;

pub use health::Health;
pub use lifecycle::Bound;
pub use rest::TrailingSlash;
pub use running::ServeFuture;
pub use standalone::{Standalone, serve};
pub use supervisor::{Stop, Supervisor};

use crate::body::{Body, BoxError};
use crate::call::Service;
use crate::codec::json::{self, Types};
use crate::descriptor::Package;
use crate::discovery::{Endpoint, Registry, check_address};
use crate::error::{Error, Result};
use crate::interceptor::{Chain, DynInterceptor, Interceptor};
use crate::method::ServiceDesc;
use crate::protocol::webapi;
use crate::protocol::webapi::binding::Rules;
use crate::protocol::webapi::cors::Cors;
use crate::protocol::webapi::upload::Uploads;
use crate::protocol::wire::Settings;
use access::Policy;
use connection::{ConnectionOptions, Http};
use exchange::Host;
use lifecycle::Enrolment;
use rest::{Rest, RouteOptions};
use router::{Mount, Router};

/// The longest request message by default: 4 MiB, as gRPC's.
const MAX_MESSAGE: usize = 4 << 20;

/// Serves any number of generated services, and grpc.health.v1, on one port.
///
/// gRPC over HTTP/2 and JSON over HTTP/1.1 and HTTP/2 are told apart by request, with TLS (`Server::tls`, feature
/// `tls`) or without (HTTP/2 with prior knowledge). By default it stops on SIGTERM or Ctrl-C, as [`Bound::serve`] describes.
///
/// ```no_run
/// # async fn example(product: impl ezrpc::codegen::v1::Service) -> ezrpc::Result<()> {
/// use ezrpc::Server;
/// let server = Server::new("shop-product").add(product).bind("127.0.0.1:0").await?;
/// println!("listening on {}", server.local_addr());
/// server.serve().await
/// # }
/// ```
#[must_use = "a server does nothing until it is bound and served"]
pub struct Server {
    name: String,
    services: Vec<Arc<dyn Service>>,
    interceptors: Vec<Arc<dyn DynInterceptor>>,
    chain: Chain,
    policy: Policy,
    edge: bool,
    unlogged: bool,
    /// The process is not called after it.
    nameless: bool,
    uncompressed: bool,
    prefix: String,
    mounts: Vec<(String, Mount)>,
    routes: RouteOptions,
    cors: Option<Cors>,
    registry: Option<Arc<dyn Registry>>,
    max_message: usize,
    uploads: Uploads,
    max_timeout: Option<Duration>,
    hop_budget: u32,
    json: json::Options,
    rules: Rules,
    http: webapi::Options,
    connection: ConnectionOptions,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ServerTls>,
    /// What the registry is told, if not the address bound.
    advertised: Option<String>,
    /// What else it is told; the address is put in when it is known.
    instance: Endpoint,
    reflection: bool,
    lifecycle: lifecycle::Options,
}

/// The types that details of errors usually have: known even if no service's protos import them.
fn error_details() -> &'static Package {
    crate::google::rpc::descriptors()
}

impl Server {
    /// Makes a server that calls itself `name` in logs, call paths and registries.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            services: Vec::new(),
            interceptors: Vec::new(),
            chain: Chain::default(),
            policy: Policy::default(),
            edge: false,
            unlogged: false,
            nameless: false,
            uncompressed: false,
            prefix: String::new(),
            mounts: Vec::new(),
            routes: RouteOptions::default(),
            cors: None,
            registry: None,
            max_message: MAX_MESSAGE,
            uploads: Uploads::default(),
            max_timeout: None,
            hop_budget: crate::context::DEFAULT_HOPS,
            json: json::Options::new().lenient(),
            rules: Rules::default(),
            http: webapi::Options::default(),
            connection: ConnectionOptions::default(),
            #[cfg(feature = "tls")]
            tls: None,
            advertised: None,
            instance: Endpoint::default(),
            reflection: false,
            lifecycle: lifecycle::Options::default(),
        }
    }

    /// Adds a generated server.
    #[expect(
        clippy::should_implement_trait,
        reason = "the word every server builder of the field has; nothing is summed"
    )]
    pub fn add(mut self, service: impl Service) -> Self {
        self.services.push(Arc::new(service));
        self
    }

    /// Mounts a tower service of another make (a tonic server, an axum router) at and below `path`.
    ///
    /// It gets the requests that name no method added here, by RPC path or by a route. `/` takes all the rest.
    pub fn mount<S, B>(mut self, path: impl Into<String>, service: S) -> Self
    where
        S: TowerService<Request<Body>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.mounts.push((path.into(), Mount::new(service)));
        self
    }

    /// Puts an interceptor around every call; the first added runs outermost.
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Binds the address; port 0 takes a free one.
    ///
    /// # Errors
    /// [`Code::Unknown`](crate::Code::Unknown) with the system's error, naming the address;
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if two services have the same name or
    /// two routes answer the same requests, a setting cannot be meant, or what
    /// [`Server::advertise`] was given is no address;
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if there is a registry and nothing to tell it.
    pub async fn bind(self, address: impl ToSocketAddrs + std::fmt::Debug) -> Result<Bound> {
        let shown = format!("{address:?}");
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| {
            Error::unknown(format!("cannot listen on {shown}: {error}")).with_cause(error)
        })?;
        self.listen(listener)
    }

    /// Serves on a listener bound elsewhere.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub fn listen(mut self, listener: TcpListener) -> Result<Bound> {
        let address = listener.local_addr()?;
        if !self.nameless {
            crate::protocol::outbound::identify(&self.name, &self.instance.version);
        }
        if self.http.challenge.is_none() {
            let text = "what Server::www_authenticate was given cannot stand in a header";
            return Err(Error::invalid_argument(text));
        }
        let descs = self.descs()?;
        self.check_uploads()?;
        let health = Health::new(descs.iter().map(|desc| desc.name()));
        self.services.push(Arc::new(health.clone()));
        if self.reflection {
            self.services.extend(reflection::both(&self.services));
        }
        let enrolment = self.enrolment(descs, address)?;
        let (name, connection, options) = (self.name.clone(), self.connection, self.lifecycle);
        #[cfg(feature = "tls")]
        let tls = self.tls.take().map(|tls| tls.acceptor()).transpose()?;
        let http = Http::new(connection, self.router()?);
        #[cfg(feature = "tls")]
        let http = http.over_tls(tls);
        Ok(Bound {
            http: Arc::new(http),
            name,
            address,
            listener,
            health,
            enrolment: Arc::new(enrolment),
            options,
        })
    }

    /// What the registry will be told.
    fn enrolment(
        &mut self,
        services: Vec<&'static ServiceDesc>,
        bound: SocketAddr,
    ) -> Result<Enrolment> {
        let registry = self.registry.take();
        let advertised = match &registry {
            Some(_) => self.advertised(bound)?,
            None => bound.to_string(),
        };
        let mut endpoint = std::mem::take(&mut self.instance);
        endpoint.address = advertised;
        Ok(Enrolment {
            server: self.name.clone(),
            registry,
            services,
            endpoint,
            #[cfg(feature = "tls")]
            tls: self.tls.is_some(),
            #[cfg(not(feature = "tls"))]
            tls: false,
        })
    }

    /// The address the registry will be told.
    fn advertised(&self, bound: SocketAddr) -> Result<String> {
        let Some(address) = &self.advertised else {
            if bound.ip().is_unspecified() {
                return Err(Error::failed_precondition(format!(
                    "server {} is bound to {bound}, an address nobody can call: say what to register with \
                     Server::advertise",
                    self.name
                )));
            }
            return Ok(bound.to_string());
        };
        let address = match address.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, bound.port()).to_string(),
            Err(_) if address.contains(':') => address.clone(),
            Err(_) => format!("{address}:{}", bound.port()),
        };
        check_address(&address)?;
        Ok(address)
    }

    /// The facts of the services added, each name once.
    fn descs(&self) -> Result<Vec<&'static ServiceDesc>> {
        let mut descs: Vec<&'static ServiceDesc> = Vec::new();
        for service in &self.services {
            let desc = service.desc();
            let name = desc.name();
            if descs.iter().any(|known| known.name() == name) {
                return Err(Error::invalid_argument(format!(
                    "service {name} is added twice to server {}",
                    self.name
                )));
            }
            descs.push(desc);
        }
        Ok(descs)
    }

    fn router(self) -> Result<Router> {
        let packages = self.services.iter().filter_map(|s| s.package());
        let types = Types::of(packages.chain([error_details()]));
        let chain = Chain {
            interceptors: self.interceptors,
            ..self.chain
        };
        let host = Host {
            settings: Arc::new(Settings {
                max_message: self.max_message,
                json: self.json.types(types),
                uploads: self.uploads,
                rules: self.rules,
                http: self.http,
            }),
            chain: Arc::new(chain),
            policy: self.policy,
            edge: self.edge,
            unlogged: self.unlogged,
            uncompressed: self.uncompressed,
            max_timeout: self.max_timeout,
            hop_budget: self.hop_budget,
            cors: self
                .cors
                .map(|cors| cors.policy().map(Arc::new))
                .transpose()?,
        };
        let rest = Rest::new(
            self.services.iter().map(|service| service.desc()),
            self.routes,
        )?;
        lifecycle::warn_fail_closed(&self.name, self.policy, &self.services);
        let mut router = Router::new(host, self.prefix, self.services, rest);
        router.mount(self.mounts);
        Ok(router)
    }

    /// Binds and serves until the process is told to stop.
    ///
    /// # Errors
    /// As [`Server::bind`] and [`Bound::serve`].
    pub async fn serve(self, address: impl ToSocketAddrs + std::fmt::Debug) -> Result<()> {
        self.bind(address).await?.serve().await
    }
}
