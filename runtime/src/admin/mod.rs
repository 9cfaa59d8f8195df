//! The port of whoever runs a process: metrics, health, build, methods, endpoints of channels, a CPU profile.

mod json;
mod pages;
#[cfg(feature = "profile")]
mod profile;
pub(crate) mod tables;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::SystemTime;

use http::{HeaderMap, Method, Request, Response};
use tokio::net::ToSocketAddrs;
use tower_service::Service as TowerService;

use crate::body::Body;
use crate::error::Result;
use crate::method::ServiceDesc;
use crate::protocol::headers::SEC_FETCH_SITE;
use crate::protocol::page::Page;
use crate::server::{Bound, Health, Server};

/// Serves what an operator asks a process, over HTTP and for no outsider: bind it to loopback, or to a network nobody else
/// is on. A [`Bound`] like any other, it runs in a [`Supervisor`](crate::Supervisor).
///
/// | path | what it answers |
/// |---|---|
/// | `/metrics` | Prometheus' text (feature `metrics`; [`Admin::bind`] installs the recorder) |
/// | `/health` | JSON: `serving` or `not_serving` for each service; 503 unless every server serves |
/// | `/build` | JSON: versions, target, what [`Admin::build`] was given, when the process began |
/// | `/methods` | JSON: the services of each server, their methods with shape, limits and routes |
/// | `/channels` | JSON: the endpoints of each channel of this process, and the calls under way there |
/// | `/profile?seconds=10` | where CPU time goes, as folded stacks for flame graphs (feature `profile`; of 1 to 60 s) |
///
/// It answers GET and HEAD, not to scripts of other sites in an operator's browser.
///
/// ```no_run
/// # async fn example(product: impl ezrpc::codegen::v1::Service) -> ezrpc::Result<()> {
/// use ezrpc::{Admin, Server, Supervisor};
/// let shop = Server::new("shop-product").add(product).bind("0.0.0.0:8080").await?;
/// let admin = Admin::new().server(&shop).bind("127.0.0.1:9090").await?;
/// Supervisor::new().server(admin).server(shop).run().await
/// # }
/// ```
#[must_use = "it answers nobody until it is bound and served"]
#[derive(Debug)]
pub struct Admin {
    state: State,
}

/// What pages are made of.
#[derive(Debug)]
struct State {
    servers: Vec<Shown>,
    build: Vec<(String, String)>,
    started: SystemTime,
    #[cfg(feature = "metrics")]
    metrics: Option<crate::Prometheus>,
}

/// A server as pages show it.
#[derive(Debug)]
struct Shown {
    name: String,
    address: SocketAddr,
    health: Health,
    services: Vec<&'static ServiceDesc>,
}

impl Default for Admin {
    fn default() -> Self {
        Self::new()
    }
}

impl Admin {
    /// Makes one that shows no server yet.
    pub fn new() -> Self {
        Self {
            state: State {
                servers: Vec::new(),
                build: Vec::new(),
                started: SystemTime::now(),
                #[cfg(feature = "metrics")]
                metrics: None,
            },
        }
    }

    /// Shows a server: its health and its methods.
    pub fn server(mut self, server: &Bound) -> Self {
        self.state.servers.push(Shown {
            name: server.name().to_owned(),
            address: server.local_addr(),
            health: server.health(),
            services: server.services().to_vec(),
        });
        self
    }

    /// Adds an entry to `/build`: `commit`, say.
    pub fn build(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.state.build.push((key.into(), value.into()));
        self
    }

    /// Binds the address; port 0 takes a free one. With feature `metrics`, records metrics from now on unless something
    /// else does: bind it before the first call.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub async fn bind(self, address: impl ToSocketAddrs + fmt::Debug) -> Result<Bound> {
        #[cfg_attr(
            not(feature = "metrics"),
            expect(unused_mut, reason = "there is no recorder")
        )]
        let mut state = self.state;
        #[cfg(feature = "metrics")]
        {
            state.metrics = crate::Prometheus::install().ok();
        }
        let pages = Pages(Arc::new(state));
        Server::new("admin")
            .nameless()
            .mount("/", pages)
            .bind(address)
            .await
    }
}

/// The pages as a tower service.
#[derive(Clone)]
struct Pages(Arc<State>);

impl TowerService<Request<Body>> for Pages {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            let (head, _body) = request.into_parts();
            let page = match head.method {
                Method::GET | Method::HEAD if is_elsewhere(&head.headers) => {
                    Page::nothing("not for the pages of other sites\n")
                }
                Method::GET | Method::HEAD => pages::find(&state, &head).await,
                _ => Page::wrong_method(),
            };
            Ok(page.response(&head.method))
        })
    }
}

/// Whether a browser asks because the page of another site told it to, which has no business here: it could have a
/// profile taken.
fn is_elsewhere(headers: &HeaderMap) -> bool {
    headers
        .get(SEC_FETCH_SITE)
        .is_some_and(|site| site == "cross-site")
}
