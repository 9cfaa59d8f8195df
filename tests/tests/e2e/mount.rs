//! Services of other makes on our port, and ours within theirs.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use ezrpc::{Channel, Context, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::grpc::{self, say};
use ezrpc_tests::http::{Http2, Request};
use ezrpc_tests::proto::e2e::{EchoClient, EchoRequest, EchoServer};
use ezrpc_tests::server::Running;

/// A tower service as tonic makes them: gRPC under its own path.
mod tonic_like {
    use std::convert::Infallible;
    use std::future::{Ready, ready};
    use std::task::{Context, Poll};

    use ezrpc::Body;
    use tower_service::Service;

    /// Answers every call as unimplemented, saying who it is.
    #[derive(Clone)]
    pub(super) struct Foreign;

    impl Service<http::Request<Body>> for Foreign {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: http::Request<Body>) -> Self::Future {
            let mut response = http::Response::new(Body::empty());
            let headers = response.headers_mut();
            headers.insert("content-type", "application/grpc".parse().expect("a value"));
            headers.insert("grpc-status", "12".parse().expect("a value"));
            let path = format!("foreign {}", request.uri().path());
            headers.insert("grpc-message", path.parse().expect("a value"));
            ready(Ok(response))
        }
    }
}

fn router() -> Router {
    let shown = |Path(name): Path<String>| async move { format!("hello {name}") };
    Router::new().route("/hello/{name}", get(shown))
}

/// The Echo service, a foreign gRPC service and an axum router on one port.
async fn all_on_one_port() -> Running {
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    Running::start(
        server
            .mount("/foreign.Service", tonic_like::Foreign)
            .mount("/", router()),
    )
    .await
}

const HELLO: &str = "200\ncontent-length: 9\ncontent-type: text/plain; charset=utf-8\n\nhello ann";

#[tokio::test]
async fn others_on_our_port() {
    let addr = all_on_one_port().await.addr;
    // One connection of each kind serves all of them.
    let connection = Http2::connect(addr).await;
    let send = async |request: Request, body: Vec<u8>| {
        let mut exchange = connection.open(&request, None).await;
        exchange.finish(body);
        exchange.answer().await.expect("an answer")
    };
    let foreign = send(grpc::head("/foreign.Service/Do"), say("")).await;
    assert_eq!(
        foreign.text(),
        "200\ncontent-type: application/grpc\ngrpc-message: foreign /foreign.Service/Do\ngrpc-status: 12\n\n"
    );
    let ours = send(grpc::head("/e2e.Echo/Say"), say("hi")).await;
    assert_eq!(
        grpc::text(&ours),
        "200\ncontent-type: application/grpc\n\n[hi]\ngrpc-status: 0\n"
    );
    assert_eq!(
        send(Request::new("GET", "/hello/ann"), Vec::new())
            .await
            .text(),
        HELLO
    );

    assert_eq!(Request::new("GET", "/hello/ann").both(addr).await, HELLO);
    let json = Request::json("/e2e.Echo/Say", r#"{"text":"hi"}"#)
        .both(addr)
        .await;
    assert_eq!(
        json,
        "200\ncontent-length: 13\ncontent-type: application/json\n\n{\"text\":\"hi\"}"
    );
    // axum's own 404, not ours: it takes all the rest.
    assert_eq!(Request::new("GET", "/nothing").both(addr).await, "404\n\n");
    assert_eq!(
        Request::new("GET", "/foreign.ServiceX").both(addr).await,
        "404\n\n"
    );
}

#[tokio::test]
async fn without_a_mount_for_the_rest_it_is_ours() {
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .mount("/hello", router());
    let addr = Running::start(server).await.addr;
    assert_eq!(Request::new("GET", "/hello/ann").both(addr).await, HELLO);
    let body = r#"{"code":5,"message":"no route for /helloo"}"#;
    let expected = format!(
        "404\ncontent-length: {}\ncontent-type: application/json\n\n{body}",
        body.len()
    );
    assert_eq!(Request::new("GET", "/helloo").both(addr).await, expected);
}

/// A generated server is a tower service: all of it works within somebody else's server.
#[tokio::test]
async fn ours_within_axum() {
    let service = EchoServer::new(Echo::default());
    let app = router().route_service("/e2e.Echo/{method}", service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });

    assert_eq!(Request::new("GET", "/hello/ann").both(addr).await, HELLO);
    let client = EchoClient::new(Channel::to(addr));
    let (ctx, request) = (
        Context::background(),
        EchoRequest {
            text: "a b".into(),
            ..EchoRequest::default()
        },
    );
    assert_eq!(client.say(&ctx, request.clone()).await.unwrap().text, "a b");
    let words = client
        .split(&ctx, request)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(
        words
            .iter()
            .map(|reply| reply.text.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    let json = Request::json("/e2e.Echo/Say", r#"{"text":"hi"}"#)
        .both(addr)
        .await;
    assert_eq!(
        json,
        "200\ncontent-length: 13\ncontent-type: application/json\n\n{\"text\":\"hi\"}"
    );
    // The defaults of a server alone: what is not public is closed, what is not enabled is not there.
    assert!(
        Request::json("/e2e.Echo/Closed", "{}")
            .both(addr)
            .await
            .starts_with("401\n")
    );
    assert!(
        Request::json("/e2e.Echo/Hidden", "{}")
            .both(addr)
            .await
            .starts_with("404\n")
    );
    assert!(
        Request::json("/e2e.Echo/Nope", "{}")
            .both(addr)
            .await
            .starts_with("404\n")
    );
}
