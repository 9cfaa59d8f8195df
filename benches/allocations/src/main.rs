//! Counts the heap allocations of one in-process unary echo of a short string: the request is made beforehand, the
//! generated server is called as a tower service, and the reply's body and trailers are read to the end.
//!
//! With feature `observe` somebody listens: logs at warn, metrics, Sentry, spans.
//! The allocations of the handler's own string are in the count (the decoded request, which it gives back).

use std::convert::Infallible;
use std::fmt::Debug;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use prost::Message;
use tower_service::Service;

mod ours {
    ezrpc::include_protos!();
}

mod peer {
    #![allow(unreachable_pub, clippy::all)]
    tonic::include_proto!("bench");
}

struct Echo;

impl ours::bench::Echo for Echo {
    async fn say(
        &self,
        _ctx: &ezrpc::Context,
        req: ours::bench::Text,
    ) -> ezrpc::Result<ours::bench::Text> {
        Ok(req)
    }
}

#[tonic::async_trait]
impl peer::echo_server::Echo for Echo {
    async fn say(
        &self,
        request: tonic::Request<peer::Text>,
    ) -> Result<tonic::Response<peer::Text>, tonic::Status> {
        Ok(tonic::Response::new(request.into_inner()))
    }
}

const TEXT: &str = "hello";

fn request() -> Request<Full<Bytes>> {
    let message = peer::Text { text: TEXT.into() }.encode_to_vec();
    let mut frame = vec![
        0,
        0,
        0,
        0,
        u8::try_from(message.len()).expect("a short message"),
    ];
    frame.extend(message);
    Request::post("/bench.Echo/Say")
        .version(http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::from(frame))
        .expect("a valid request")
}

/// Calls the service, drains the reply and checks that it is the echo.
async fn call<S, B>(service: &mut S, request: Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: http_body_util::BodyExt<Data = Bytes, Error: Debug> + Unpin,
{
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .expect("ready");
    let mut response = service.call(request).await.expect("a reply");
    let mut text = false;
    let mut status = false;
    while let Some(frame) = response.frame().await {
        let frame = frame.expect("a frame");
        text |= frame
            .data_ref()
            .is_some_and(|data| data.ends_with(TEXT.as_bytes()));
        status |= frame
            .trailers_ref()
            .is_some_and(|trailers| trailers["grpc-status"] == "0");
    }
    assert!(text && status, "the echo came back");
}

/// The allocations of a call after a few to warm up.
fn count<S, B>(service: &mut S) -> u64
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: http_body_util::BodyExt<Data = Bytes, Error: Debug> + Unpin,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        for _ in 0..10 {
            call(service, request()).await;
        }
    });
    // The future lives on the stack of this thread: nothing but the call is counted.
    let request = request();
    let info = allocation_counter::measure(|| runtime.block_on(call(service, request)));
    info.count_total
}

/// Turns on what tells of calls.
#[cfg(feature = "observe")]
fn observe() {
    let logs = ezrpc::Logs::new().filter("warn").init();
    logs.expect("no other subscriber");
    ezrpc::Prometheus::install().expect("no other recorder");
    let spans = ezrpc::Otlp::new("bench").sample_ratio(0.0).init();
    std::mem::forget(spans.expect("no other provider"));
    std::mem::forget(ezrpc::Sentry::new("http://key@127.0.0.1:1/1").init());
}

#[cfg(not(feature = "observe"))]
fn observe() {}

fn main() {
    observe();
    println!("| in-process unary echo | heap allocations |");
    println!("|---|---|");
    let mut bare = peer::echo_server::EchoServer::new(Echo);
    println!("| tonic, generated server | {} |", count(&mut bare));
    let mut routes =
        tonic::service::Routes::new(peer::echo_server::EchoServer::new(Echo)).prepare();
    println!(
        "| tonic, its router | {} |",
        count(&mut Routed(&mut routes))
    );
    let mut server = ours::bench::EchoServer::new(Echo);
    println!("| ezrpc, generated server | {} |", count(&mut server));
    println!("| ezrpc, lookups in 10,000 routes | {} |", lookups());
}

/// The allocations of finding requests in a table of routes, up to the match.
fn lookups() -> u64 {
    let routes = bench_fixture::routes::routes();
    let requests: Vec<(&str, String)> = routes.iter().map(bench_fixture::routes::request).collect();
    let borrowed: Vec<(&str, &str)> = routes
        .iter()
        .map(|(method, template)| (*method, template.as_str()))
        .collect();
    let (table, left_out) = ezrpc::fuzzing::Routes::new(&borrowed);
    assert!(left_out.is_empty(), "the routes differ");
    let info = allocation_counter::measure(|| {
        for (method, path) in &requests {
            assert!(table.find(method, path).is_some());
            assert!(table.find(method, "/v1/projects/p/none").is_none());
        }
    });
    assert_eq!(info.count_total, 0, "a lookup allocates");
    info.count_total
}

/// tonic's router, which takes only its own body.
struct Routed<'a>(&'a mut tonic::service::Routes);

impl Service<Request<Full<Bytes>>> for Routed<'_> {
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = <tonic::service::Routes as Service<Request<Full<Bytes>>>>::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        Service::<Request<Full<Bytes>>>::poll_ready(self.0, cx)
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        self.0.call(request)
    }
}
