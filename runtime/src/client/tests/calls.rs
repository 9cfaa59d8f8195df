//! The four shapes, local and remote alike: replies, errors, metadata, frames.

use super::fixture::*;
use crate::client::Channel;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::interceptor::{Interceptor, Next};
use crate::reply::Reply;
use crate::stream::Streaming;

/// Runs a test on a channel to a server and on one to the service itself.
macro_rules! on_both {
    ($($name:ident => $test:ident;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn remote() {
                let server = Served::start().await;
                $test(server.channel()).await;
            }

            #[tokio::test]
            async fn local() {
                let (echo, _events) = Echo::new("echo");
                $test(Channel::local(echo)).await;
            }
        }
    )*};
}

on_both! {
    all_shapes => answers;
    errors => fails;
    streams_that_fail => fails_late;
    metadata => carries_metadata;
    hop_budget => counts_hops;
    interceptors => intercepts;
    unknown_methods => knows_not;
}

async fn answers(channel: Channel) {
    let ctx = Context::background();
    assert_eq!(say(&channel, &ctx, "hello").await.unwrap(), text("hello"));
    let big = say(&channel, &ctx, "big").await.unwrap();
    assert_eq!(big.text.len(), 100_000);

    let replies = count(&channel, &ctx, number(3)).await.unwrap();
    let expected: Vec<Text> = (1..=3).map(number).collect();
    assert_eq!(replies.collect().await.unwrap(), expected);
    let none = count(&channel, &ctx, number(0)).await.unwrap();
    assert_eq!(none.collect().await.unwrap(), []);

    let numbers = Streaming::from_iter((1..=1000).map(number));
    let sum: Text = channel
        .client_streaming(ECHO.method(2), &ctx, numbers)
        .await
        .unwrap();
    assert_eq!(sum, number(500_500));

    // Ping-pong: each reply is read before the next request is made.
    let (requests, stream) = Streaming::channel(1);
    let mut replies: Streaming<Text> = channel
        .bidi_streaming(ECHO.method(3), &ctx, stream)
        .await
        .unwrap();
    for word in ["a", "b", "c"] {
        requests.send(Ok(text(word))).await.unwrap();
        let reply = replies.message().await.unwrap();
        assert_eq!(reply, Some(text(&format!("<{word}>"))));
    }
    drop(requests);
    assert_eq!(replies.message().await.unwrap(), None);
    assert_eq!(replies.message().await.unwrap(), None);
}

async fn fails(channel: Channel) {
    let ctx = Context::background();
    let (line, call) = (line!(), say(&channel, &ctx, "fail"));
    let error = call.await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::NotFound, "no such text")
    );
    assert_eq!((error.domain(), error.reason()), ("test", "NO_TEXT"));
    assert_eq!(error.metadata()["text"], "fail");
    let frames: Vec<String> = error.frames().iter().map(ToString::to_string).collect();
    assert_eq!(frames.len(), 3, "{frames:?}");
    assert!(frames[0].contains("fixture.rs:"), "{frames:?}");
    assert_eq!(frames[1], "test.v1.Echo/Say");
    let here = format!("test.v1.Echo/Say (runtime/src/client/tests/calls.rs:{line})");
    assert_eq!(frames[2], here);

    let error = count(&channel, &ctx, text("fail")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::FailedPrecondition, "not now")
    );

    // The server answers while the request stream is still open.
    let (requests, stream) = Streaming::channel(1);
    requests.send(Ok(text("stop"))).await.unwrap();
    let sum: Result<Text> = channel.client_streaming(ECHO.method(2), &ctx, stream).await;
    assert_eq!(code(sum), Code::OutOfRange);

    // The caller's own stream fails: that is what it gets to see.
    let own = Streaming::new(Once(Some(Err(Error::data_loss("disk")))));
    let sum: Result<Text> = channel.client_streaming(ECHO.method(2), &ctx, own).await;
    let error = sum.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::DataLoss, "disk"));
}

/// A stream of one item.
pub(super) struct Once(pub(super) Option<Result<Text>>);

impl futures_core::Stream for Once {
    type Item = Result<Text>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take())
    }
}

async fn fails_late(channel: Channel) {
    let ctx = Context::background().call();
    let mut replies = count(&channel, &ctx, text("late")).await.unwrap();
    assert_eq!(replies.message().await.unwrap(), Some(number(1)));
    let error = replies.message().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Aborted, "in the middle")
    );
    let last = error.frames().last().unwrap().to_string();
    assert!(last.starts_with("test.v1.Echo/Count ("), "{last}");
    assert_eq!(replies.message().await.unwrap(), None);
    assert_eq!(ctx.reply_trailers().get("x-tail"), Some("late"));
}

async fn carries_metadata(channel: Channel) {
    let ctx = Context::background();
    let call = ctx
        .call()
        .header("x-shop", "7")
        .header("x-shop", "8")
        .header_bin("x-raw-bin", &[0, 255]);
    let seen = say(&channel, &call, "metadata").await.unwrap().text;
    let mut lines: Vec<&str> = seen.lines().collect();
    lines.sort_unstable();
    // What is the transport's own differs.
    lines.retain(|line| !line.starts_with("user-agent: "));
    assert!(lines[0].starts_with("traceparent: 00-"), "{lines:?}");
    assert_eq!(lines[1..], ["x-raw-bin: AP8", "x-shop: 7", "x-shop: 8"]);
    assert_eq!(call.reply_headers().get("x-head"), Some("1"));
    assert_eq!(call.reply_trailers().get("x-tail"), Some("2"));
    assert!(ctx.reply_headers().is_empty());

    let call = ctx.call();
    let mut replies = count(&channel, &call, number(1)).await.unwrap();
    assert_eq!(call.reply_headers().get("x-head"), Some("1"));
    while replies.message().await.unwrap().is_some() {}
    assert_eq!(call.reply_trailers().get("x-tail"), Some("2"));

    let bad = ctx.call().header("grpc-status", "0");
    assert_eq!(
        code(say(&channel, &bad, "hello").await),
        Code::InvalidArgument
    );
}

async fn counts_hops(channel: Channel) {
    let ctx = Context::background();
    assert_eq!(say(&channel, &ctx, "hops").await.unwrap(), number(15));
    // A service that calls the other kind, which calls itself until the budget ends.
    let mut ring = channel;
    for _ in 0..20 {
        let (echo, _events) = Echo::new("ring");
        ring = Channel::local(echo.calling(ring));
    }
    let error = say(&ring, &ctx, "again").await.unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
    assert_eq!((error.domain(), error.reason()), ("ezrpc", "LOOP_DETECTED"));
    assert_eq!(error.http_status(), 508);
    let name = crate::protocol::outbound::name();
    let expected = format!(
        "hop budget is used up, the calls probably go in a circle: ({name}){}",
        ";test.v1.Echo".repeat(17)
    );
    assert_eq!(error.message(), expected);
}

/// Answers for the service where the text says so, and counts the rest.
struct Guard;

impl Interceptor for Guard {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        match ctx.metadata().get("x-refuse") {
            Some(_) => Err(Error::permission_denied("refused here")),
            None => next.run().await,
        }
    }
}

async fn intercepts(channel: Channel) {
    let channel = channel.interceptor(Guard);
    let ctx = Context::background();
    assert_eq!(say(&channel, &ctx, "hello").await.unwrap(), text("hello"));
    let replies = count(&channel, &ctx, number(2)).await.unwrap();
    assert_eq!(replies.collect().await.unwrap(), [number(1), number(2)]);
    assert_eq!(code(say(&channel, &ctx, "fail").await), Code::NotFound);
    let refused = ctx.call().header("x-refuse", "1");
    let error = say(&channel, &refused, "hello").await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::PermissionDenied, "refused here")
    );
}

async fn knows_not(channel: Channel) {
    use crate::method::{Method, Shape};
    static OTHER: Method = Method::new("/test.v1.Echo/Other", Shape::Unary);
    let ctx = Context::background();
    let reply: Result<Text> = channel.unary(&OTHER, &ctx, text("x")).await;
    assert_eq!(code(reply), Code::Unimplemented);
}

/// A request stream with a mistake in it.
struct Panics;

impl futures_core::Stream for Panics {
    type Item = Result<Text>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        panic!("in the caller's stream")
    }
}

#[tokio::test]
async fn a_request_stream_that_panics_fails_its_call() {
    let server = Served::start().await;
    let ctx = Context::background();
    let sum: Result<Text> = server
        .channel()
        .client_streaming(ECHO.method(2), &ctx, Streaming::new(Panics))
        .await;
    assert_eq!(code(sum), Code::Internal);
}
