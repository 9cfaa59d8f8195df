//! Finds who serves a request: our services by RPC path, then by route, then mounted ones by prefix.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasherDefault, Hasher};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response};
use tower_service::Service as TowerService;

use super::exchange::{Exchange, Host, Target};
use super::rest::{Matched, Rest};
use super::running::ServeFuture;
use crate::body::{Body, BoxError};
use crate::call::Service;

/// Everything one port serves.
pub(crate) struct Router {
    pub(crate) host: Host,
    services: Vec<Arc<dyn Service>>,
    /// RPC path -> service and method number.
    methods: HashMap<&'static str, (usize, usize), BuildHasherDefault<PathHasher>>,
    /// google.api.http routes.
    rest: Rest,
    /// What stands before paths over HTTP: empty, or like `/api`.
    prefix: String,
    /// Services of another make, by path prefix, longest first; the last one may be for everything else.
    mounts: Vec<(String, Mount)>,
}

impl Router {
    pub(crate) fn new(
        host: Host,
        prefix: String,
        services: Vec<Arc<dyn Service>>,
        rest: Rest,
    ) -> Self {
        let mut methods = HashMap::default();
        for (number, service) in services.iter().enumerate() {
            for (index, method) in service.desc().methods().iter().enumerate() {
                methods.insert(method.path(), (number, index));
            }
        }
        Self {
            host,
            services,
            methods,
            rest,
            prefix,
            mounts: Vec::new(),
        }
    }

    pub(crate) fn mount(&mut self, mounts: Vec<(String, Mount)>) {
        self.mounts = mounts;
        self.mounts
            .sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    }

    pub(crate) fn serve(&self, request: Request<Body>, peer: Option<SocketAddr>) -> ServeFuture {
        let exchange = Exchange::new(&self.host, request, peer);
        let finish = exchange.finish();
        self.dispatch(exchange).finished(finish)
    }

    fn dispatch(&self, exchange: Exchange<'_>) -> ServeFuture {
        // gRPC clients know no prefix; everything a browser can reach lives under it.
        let path = match exchange.is_grpc() {
            true => Some(exchange.path()),
            false => exchange.path().strip_prefix(self.prefix.as_str()),
        };
        let rpc = path.and_then(|path| self.methods.get(path));
        let rpc = rpc.map(|&(number, index)| self.target(number, index));
        if let Some(target) = &rpc
            && (self.rest.is_empty() || !exchange.hides(target.method))
        {
            return exchange.start(target);
        }
        let mount = self.mount_of(exchange.path());
        let matched = match path {
            // Then a path nobody can read is the mount's to refuse.
            Some(_) if self.rest.is_empty() && mount.is_some() => Matched::Unknown,
            Some(path) => self.rest.matched(&exchange, path),
            None => Matched::Unknown,
        };
        match (matched, rpc, mount) {
            (Matched::Call(bound, call), ..) => {
                exchange.start_route(&self.target(bound.service, bound.index), &bound, call)
            }
            (Matched::Answer(answer), ..) => exchange.answer(answer),
            (Matched::Unknown, Some(target), _) => exchange.start(&target),
            (Matched::Unknown, None, Some(mount)) => mount.serve(exchange.into_request()),
            (Matched::Unknown, None, None) => exchange.unknown_path(),
        }
    }

    fn target(&self, number: usize, index: usize) -> Target<'_> {
        let service = &*self.services[number];
        Target {
            service,
            index,
            method: service.desc().method(index),
        }
    }

    fn mount_of(&self, path: &str) -> Option<&Mount> {
        let found = self.mounts.iter().find(|(prefix, _)| under(path, prefix));
        found.map(|(_, mount)| mount)
    }
}

/// Whether `path` is `prefix` or stands below it.
fn under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
        || prefix.is_empty()
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("methods", &self.methods.len())
            .field("prefix", &self.prefix)
            .field("mounts", &self.mounts.len())
            .finish_non_exhaustive()
    }
}

/// FNV-1a. The table's keys are written by generated code, so nobody outside can make them collide.
pub(crate) struct PathHasher(u64);

impl Default for PathHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for PathHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Eight bytes at a time: paths of 20 to 60 bytes in a few steps.
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x0000_0100_0000_01b3_u64 | 0x9e37_0000_0000_0000);
        }
        self.0 ^= self.0 >> 32;
    }
}

type ForeignFuture = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// A tower service of another make.
#[derive(Clone)]
pub(crate) struct Mount {
    start: Arc<dyn Fn(Request<Body>) -> ForeignFuture + Send + Sync>,
}

impl Mount {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: TowerService<Request<Body>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        // A mutex only because tower services need not be Sync; it is held for a clone.
        let service = Mutex::new(service);
        Self {
            start: Arc::new(move |request| {
                let mut service = service
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                Box::pin(async move {
                    let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
                    let Ok(response) = service.call(request).await;
                    response.map(Body::new)
                })
            }),
        }
    }

    fn serve(&self, request: Request<Body>) -> ServeFuture {
        ServeFuture::foreign((self.start)(request))
    }
}
