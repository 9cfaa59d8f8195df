//! The channel as a tower service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full, StreamBody};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tower_service::Service as _;

use super::fixture::*;
use super::foreign::{break_off_late, serve_connection};
use crate::body::Body;
use crate::client::Channel;
use crate::client::connection::Sender;
use crate::client::exchange::{Failure, send};
use crate::client::group::Route;
use crate::context::Context;
use crate::discovery::Memory;
use crate::protocol::grpc::frame;
use crate::protocol::reply::deadline_exceeded;

fn request<B>(body: B) -> Request<B> {
    let request = Request::post("http://ignored/test.v1.Echo/Say").version(Version::HTTP_2);
    let request = request
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    request.body(body).unwrap()
}

async fn reply(response: Response<Body>) -> (Text, String) {
    let body = response.into_body().collect().await.unwrap();
    let status = body.trailers().unwrap()["grpc-status"]
        .to_str()
        .unwrap()
        .to_owned();
    let data = body.to_bytes();
    (Text::decode(data.slice(5..)).unwrap(), status)
}

#[tokio::test]
async fn requests_go_as_they_are_and_replies_come_with_trailers() {
    let server = Served::start().await;
    let mut channel = server.channel();
    let expected = (text("hello"), "0".to_owned());
    let message = frame::encode(&text("hello")).unwrap();
    let response = channel
        .call(request(Full::new(message.clone())))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(reply(response).await, expected);

    // A body that comes in pieces.
    let pieces: Vec<_> = message
        .chunks(3)
        .map(|piece| Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    let body = StreamBody::new(Pieces(pieces.into_iter()));
    assert_eq!(
        reply(channel.call(request(body)).await.unwrap()).await,
        expected
    );

    let (echo, _events) = Echo::new("local");
    let body = Full::new(message.clone());
    let response = Channel::local(echo.clone())
        .call(request(body))
        .await
        .unwrap();
    assert_eq!(reply(response).await, expected);

    let mut discovered = request(Full::new(message));
    let registry = Memory::new().with_service(echo);
    let ctx = Context::background().with_registry(registry);
    discovered.extensions_mut().insert(ctx);
    let response = Channel::discovered(&ECHO).call(discovered).await.unwrap();
    assert_eq!(reply(response).await, expected);
}

/// A server whose connections are counted.
async fn counted() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let (echo, _events) = Echo::new("counted");
    let echo = Arc::new(echo);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve_connection(stream, Arc::clone(&echo)));
        }
    });
    (address, connections)
}

#[tokio::test]
async fn headers_of_http1_are_left_out_and_bad_requests_cost_no_connection() {
    let (address, connections) = counted().await;
    let mut channel = Channel::to(address);
    let message = frame::encode(&text("hello")).unwrap();
    let mut old = request(Full::new(message));
    for (name, value) in [
        ("connection", "keep-alive"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
    ] {
        old.headers_mut().append(name, value.parse().unwrap());
    }
    let response = channel.call(old).await.unwrap();
    assert_eq!(reply(response).await, (text("hello"), "0".to_owned()));

    // One that h2 does not send.
    let ctx = Context::background();
    let mut sender = connection(&channel).await;
    let mut bad = Request::new(());
    *bad.uri_mut() = format!("http://{address}/").parse().unwrap();
    *bad.version_mut() = Version::HTTP_2;
    bad.headers_mut()
        .insert("connection", "close".parse().unwrap());
    let failure = send(&mut sender, bad).err().unwrap();
    assert!(matches!(failure, Failure::Own(_)), "{failure:?}");
    say(&channel, &ctx, "hello").await.unwrap();
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// The channel's open connection.
async fn connection(channel: &Channel) -> Sender {
    let Ok(Route::Remote(_, nodes)) = channel.route(None, None).await else {
        panic!("a channel to an address has one");
    };
    let slot = nodes.list()[0].slot(Handle::current().id());
    slot.lease().unwrap().sender
}

#[tokio::test]
async fn a_context_limits_the_wait_for_the_response() {
    let server = Served::start().await;
    let mut channel = server.channel();
    let message = frame::encode(&text("hang")).unwrap();
    let mut hanging = request(Full::new(message));
    let ctx = Context::background();
    let limited = ctx.call().timeout(Duration::from_millis(50));
    hanging.extensions_mut().insert(Context::clone(&limited));
    let error = channel.call(hanging).await.unwrap_err();
    assert_eq!(error.to_string(), deadline_exceeded().to_string());
}

#[tokio::test]
async fn a_connection_that_breaks_in_a_reply_counts_against_its_instance() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut channel = Channel::to(listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            break_off_late(listener.accept().await.unwrap().0).await;
        }
    });
    let response = channel.call(request(Body::empty())).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    let Ok(Route::Remote(_, nodes)) = channel.route(None, None).await else {
        panic!("a channel to an address has one");
    };
    // It is the fifth in a row.
    let failed: Vec<bool> = (0..4).map(|_| nodes.list()[0].health.failed()).collect();
    assert_eq!(failed, [false, false, false, true]);
}

#[tokio::test]
async fn errors_are_std_errors() {
    let mut channel = Channel::connect("127.0.0.1:1").unwrap();
    let error = channel.call(request(Body::empty())).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot reach 127.0.0.1:1: "));
}

struct Pieces<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Pieces<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}
