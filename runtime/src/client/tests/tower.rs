//! The channel as a tower service.

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full, StreamBody};
use prost::Message as _;
use tower_service::Service as _;

use super::fixture::*;
use crate::body::Body;
use crate::client::Channel;
use crate::context::Context;
use crate::discovery::Memory;
use crate::protocol::grpc::frame;

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
