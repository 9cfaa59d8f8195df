//! `Product.Get` by ezrpc with its defaults: descriptors, health and the interceptor chain in place.
//!
//! `Product.Find` is the same with five fields to read, on its RPC path and by a google.api.http route.
//! With `--observe` (feature `observe`) somebody listens: logs at warn, metrics, Sentry, spans; nothing is sampled and
//! nothing fails.
//! With `--chain` the chain is not empty: an authenticator that lets everybody in, for gRPC too, and an interceptor.

mod proto {
    ezrpc::include_protos!();
}

use bench_fixture as fixture;
use ezrpc::{Authenticator, Context, Interceptor, Next, Principal, Reply, Result, Server, wkt};
use proto::common::{Product, ProductFind, ProductGet, ProductGetResp, ProductInfo, ProductServer};

struct Shop {
    product: ProductInfo,
}

impl Product for Shop {
    async fn get(&self, _ctx: &Context, req: ProductGet) -> Result<ProductGetResp> {
        let mut info = self.product.clone();
        info.id = req.id;
        Ok(ProductGetResp { info: Some(info) })
    }

    async fn find(&self, _ctx: &Context, req: ProductFind) -> Result<ProductGetResp> {
        let mut info = self.product.clone();
        info.id = req.id;
        Ok(ProductGetResp { info: Some(info) })
    }
}

fn product() -> ProductInfo {
    ProductInfo {
        id: 0,
        name: fixture::NAME.into(),
        tags: fixture::TAGS.map(String::from).into(),
        price: fixture::PRICE,
        attrs: fixture::ATTRS
            .map(|(key, value)| (key.into(), value.into()))
            .into(),
        updated_at: Some(wkt::Timestamp {
            seconds: fixture::UPDATED_AT_SECONDS,
            nanos: 0,
        }),
    }
}

struct Everybody;

impl Authenticator for Everybody {
    async fn authenticate(&self, _ctx: &Context) -> Result<Option<Principal>> {
        Ok(Some(Principal::new("bench")))
    }
}

struct PassOn;

impl Interceptor for PassOn {
    async fn intercept(&self, _ctx: &Context, next: Next<'_>) -> Result<Reply> {
        next.run().await
    }
}

/// Turns on what tells of calls; what comes back keeps it on.
#[cfg(feature = "observe")]
fn observe() -> impl Sized {
    let logs = ezrpc::Logs::new().filter("warn").init();
    logs.expect("no other subscriber");
    let metrics = ezrpc::Prometheus::install();
    let spans = ezrpc::Otlp::new("bench").sample_ratio(0.0).init();
    let sentry = ezrpc::Sentry::new("http://key@127.0.0.1:1/1").init();
    let (metrics, spans) = (
        metrics.expect("no other recorder"),
        spans.expect("no other provider"),
    );
    (metrics, spans, sentry.expect("a DSN"))
}

#[cfg(not(feature = "observe"))]
fn observe() {
    panic!("--observe needs the feature `observe`");
}

fn main() {
    let _observed = std::env::args()
        .any(|argument| argument == "--observe")
        .then(observe);
    let chain = std::env::args().any(|argument| argument == "--chain");
    fixture::run(async move |listener| {
        let mut server = Server::new("bench").add(ProductServer::new(Shop { product: product() }));
        if chain {
            server = server
                .authenticator(Everybody)
                .auth_all()
                .interceptor(PassOn);
        }
        let bound = server.listen(listener).expect("one service");
        bound.serve().await.expect("ezrpc serves");
    });
}
