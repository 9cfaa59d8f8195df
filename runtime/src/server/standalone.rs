//! A generated server on its own, as a tower service in somebody else's server.

use std::sync::{Arc, OnceLock};

use http::Request;

use super::access::Policy;
use super::error_details;
use super::exchange::{Exchange, Host, Target};
use super::rest::{Matched, Rest, RouteOptions};
use super::running::ServeFuture;
use crate::body::{Body, RequestBody};
use crate::call::Service;
use crate::codec::json::{self, Types};
use crate::interceptor::Chain;
use crate::protocol::webapi;
use crate::protocol::wire::Settings;

/// What a generated server keeps to be served without a [`Server`](crate::Server) around it. Cheap to clone.
///
/// Defaults apply: 4 MiB a message, lenient JSON, no authenticator, so that enabled methods that are not
/// public answer 401.
#[derive(Debug, Clone, Default)]
pub struct Standalone {
    host: Arc<OnceLock<(Host, Rest)>>,
}

impl Standalone {
    /// Makes it; the host itself is built at the first request.
    pub fn new() -> Self {
        Self::default()
    }

    fn host(&self, service: &dyn Service) -> &(Host, Rest) {
        self.host.get_or_init(|| (host(service), routes(service)))
    }
}

fn host(service: &dyn Service) -> Host {
    Host {
        settings: Arc::new(Settings {
            max_message: super::MAX_MESSAGE,
            json: json::Options::new().lenient().types(Types::of(
                service.package().into_iter().chain([error_details()]),
            )),
            uploads: Default::default(),
            rules: Default::default(),
            http: webapi::Options::default(),
        }),
        chain: Arc::new(Chain::default()),
        policy: Policy::default(),
        edge: false,
        uncompressed: false,
        max_timeout: None,
        hop_budget: crate::context::DEFAULT_HOPS,
        cors: None,
        unlogged: false,
    }
}

/// The routes of a service. The generator has seen that they differ; otherwise it is served without them.
fn routes(service: &dyn Service) -> Rest {
    let options = RouteOptions::default();
    Rest::new([service.desc()].into_iter(), options).unwrap_or_else(|error| {
        tracing::error!(%error, service = service.desc().name(), "its routes are not served");
        Rest::empty()
    })
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
    let (host, rest) = standalone.host(service);
    let exchange = Exchange::new(host, request, None);
    let finish = exchange.finish();
    let desc = service.desc();
    let path = exchange.path();
    let rpc = desc.methods().iter().position(|m| m.path() == path);
    let target = |index| Target {
        service,
        index,
        method: desc.method(index),
    };
    let future = match rpc.map(target) {
        Some(target) if rest.is_empty() || !exchange.hides(target.method) => {
            exchange.start(&target)
        }
        rpc => match (rest.matched(&exchange, path), rpc) {
            (Matched::Call(bound, call), _) => {
                exchange.start_route(&target(bound.index), &bound, call)
            }
            (Matched::Answer(answer), _) => exchange.answer(answer),
            (Matched::Unknown, Some(target)) => exchange.start(&target),
            (Matched::Unknown, None) => exchange.unknown_path(),
        },
    };
    future.finished(finish)
}
