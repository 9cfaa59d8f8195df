//! A generated server on its own, as a tower service in somebody else's server.

use std::sync::{Arc, OnceLock};

use http::Request;

use super::access::Policy;
use super::exchange::{Exchange, Host, Target};
use super::running::ServeFuture;
use crate::body::{Body, RequestBody};
use crate::call::Service;
use crate::codec::json::{self, Types};
use crate::interceptor::Chain;
use crate::protocol::wire::Settings;

/// What a generated server keeps to be served without a [`Server`](crate::Server) around it. Cheap to clone.
///
/// Defaults apply: 4 MiB a message, lenient JSON, no authenticator, so that enabled methods that are not
/// public answer 401.
#[derive(Debug, Clone, Default)]
pub struct Standalone {
    host: Arc<OnceLock<Host>>,
}

impl Standalone {
    /// Makes it; the host itself is built at the first request.
    pub fn new() -> Self {
        Self::default()
    }

    fn host(&self, service: &dyn Service) -> &Host {
        self.host.get_or_init(|| Host {
            settings: Arc::new(Settings {
                max_message: super::MAX_MESSAGE,
                json: json::Options::new()
                    .lenient()
                    .types(Types::of(service.package())),
            }),
            chain: Arc::new(Chain::default()),
            policy: Policy::default(),
            edge: false,
            max_timeout: None,
        })
    }
}

/// Serves one request of a generated server; called by generated code.
pub fn serve<S: Service, B: RequestBody>(
    standalone: &Standalone,
    service: &S,
    request: Request<B>,
) -> ServeFuture {
    serve_dyn(standalone, service, request.map(Body::new))
}

fn serve_dyn(
    standalone: &Standalone,
    service: &dyn Service,
    request: Request<Body>,
) -> ServeFuture {
    let exchange = Exchange::new(standalone.host(service), request, None);
    let desc = service.desc();
    let path = exchange.path();
    match desc.methods().iter().position(|m| m.path() == path) {
        Some(index) => exchange.start(&Target {
            service,
            index,
            method: desc.method(index),
        }),
        None => exchange.unknown_path(),
    }
}
