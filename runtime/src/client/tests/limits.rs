//! Deadlines, cancellation and sizes.

use std::time::Duration;

use super::fixture::*;
use crate::client::Channel;
use crate::context::{Context, Inbound};
use crate::error::{Code, Result};
use crate::metadata::Metadata;
use crate::stream::Streaming;

const SHORT: Duration = Duration::from_millis(5);

/// The context of a request being served, as a handler has it.
fn serving() -> Context {
    Context::inbound(Inbound {
        route: None,
        method: ECHO.method(0),
        deadline: None,
        by_caller: Default::default(),
        hops: 9,
        peer: None,
        certificates: None,
        start: std::time::Instant::now(),
        metadata: Metadata::new(),
    })
}

async fn both() -> [(
    Channel,
    Box<dyn Send>,
    tokio::sync::mpsc::UnboundedReceiver<Event>,
); 2] {
    let mut server = Served::start().await;
    let (_, idle) = tokio::sync::mpsc::unbounded_channel();
    let events = std::mem::replace(&mut server.events, idle);
    let (echo, local_events) = Echo::new("echo");
    [
        (server.channel(), Box::new(server), events),
        (Channel::local(echo), Box::new(()), local_events),
    ]
}

#[tokio::test]
async fn a_deadline_ends_a_call_on_both_sides() {
    for (channel, _server, mut events) in both().await {
        // Longer until the handler is reached in time, however slow the machine.
        let mut timeout = SHORT;
        loop {
            let ctx = Context::background().timeout(timeout);
            assert_eq!(
                code(say(&channel, &ctx, "hang").await),
                Code::DeadlineExceeded
            );
            // Passed before it begins.
            assert_eq!(
                code(say(&channel, &ctx, "hello").await),
                Code::DeadlineExceeded
            );
            if events.try_recv() == Ok(Event::Hanging) {
                break;
            }
            timeout *= 2;
        }
        while events.recv().await != Some(Event::Dropped) {}
    }
}

#[tokio::test]
async fn schema_and_channel_limit_too_and_the_shortest_counts() {
    for (channel, _server, _events) in both().await {
        let ctx = Context::background();
        let hurry: Result<Text> = channel.unary(ECHO.method(5), &ctx, text("hang")).await;
        assert_eq!(code(hurry), Code::DeadlineExceeded);

        let channel = channel.timeout(Duration::from_secs(30));
        let left = |reply: Text| reply.number;
        let own = left(say(&channel, &ctx, "left").await.unwrap());
        assert!((1..=30_000).contains(&own), "{own}");
        let ten = ctx.call().timeout(Duration::from_secs(10));
        let own = left(say(&channel, &ten, "left").await.unwrap());
        assert!((1..=10_000).contains(&own), "{own}");
        // `none` in the schema: the channel's default does not count, the caller's deadline does.
        let patient: Text = channel
            .unary(ECHO.method(6), &ctx, text("left"))
            .await
            .unwrap();
        assert_eq!(left(patient), -1);
        let patient: Text = channel
            .unary(ECHO.method(6), &ten, text("left"))
            .await
            .unwrap();
        assert!((1..=10_000).contains(&left(patient)));
    }
}

#[tokio::test]
async fn a_deadline_ends_a_stream() {
    for (channel, _server, mut events) in both().await {
        let mut timeout = SHORT;
        let mut replies = loop {
            let ctx = Context::background().timeout(timeout);
            if let Ok(mut replies) = count(&channel, &ctx, text("hang")).await
                && replies.message().await.is_ok()
            {
                break replies;
            }
            timeout *= 2;
        };
        assert_eq!(code(replies.message().await), Code::DeadlineExceeded);
        assert_eq!(replies.message().await.unwrap(), None);
        while events.recv().await != Some(Event::Dropped) {}
    }
}

#[tokio::test]
async fn dropping_a_call_drops_its_handler() {
    for (channel, _server, mut events) in both().await {
        let call = tokio::spawn(async move {
            let ctx = Context::background();
            say(&channel, &ctx, "hang").await
        });
        assert_eq!(events.recv().await, Some(Event::Hanging));
        call.abort();
        let mut seen = [events.recv().await, events.recv().await];
        seen.sort_by_key(|event| *event == Some(Event::Cancelled));
        assert_eq!(seen, [Some(Event::Dropped), Some(Event::Cancelled)]);
    }
}

#[tokio::test]
async fn dropping_a_stream_ends_it_at_the_server() {
    for (channel, _server, mut events) in both().await {
        let ctx = Context::background();
        let mut replies = count(&channel, &ctx, text("hang")).await.unwrap();
        assert_eq!(replies.message().await.unwrap(), Some(number(1)));
        drop(replies);
        assert_eq!(events.recv().await, Some(Event::Hanging));
        assert_eq!(events.recv().await, Some(Event::Dropped));
    }
}

#[tokio::test]
async fn a_caller_who_goes_takes_the_calls_along() {
    for (channel, _server, mut events) in both().await {
        let ctx = serving();
        let child = ctx.call();
        let (call, ()) = tokio::join!(say(&channel, &child, "hang"), async {
            assert_eq!(events.recv().await, Some(Event::Hanging));
            ctx.cancel();
        });
        assert_eq!(code(call), Code::Canceled);
        assert_eq!(code(say(&channel, &ctx, "hello").await), Code::Canceled);

        let ctx = serving();
        let mut replies = count(&channel, &ctx, number(2)).await.unwrap();
        assert_eq!(replies.message().await.unwrap(), Some(number(1)));
        ctx.cancel();
        assert_eq!(code(replies.message().await), Code::Canceled);
    }
}

#[tokio::test]
async fn a_request_stream_stops_with_its_call() {
    for (channel, _server, _events) in both().await {
        let (requests, stream) = Streaming::channel(1);
        let ctx = Context::background();
        let replies: Streaming<Text> = channel
            .bidi_streaming(ECHO.method(3), &ctx, stream)
            .await
            .unwrap();
        drop(replies);
        // The handler may take what is there before it learns that nobody reads.
        while requests.send(Ok(text("more"))).await.is_ok() {}
    }
}

#[tokio::test]
async fn a_reply_over_the_limit_is_refused() {
    let server = Served::start().await;
    let channel = server.channel().max_message(1000);
    let ctx = Context::background();
    assert_eq!(
        code(say(&channel, &ctx, "big").await),
        Code::ResourceExhausted
    );
    assert_eq!(say(&channel, &ctx, "small").await.unwrap(), text("small"));
}

#[tokio::test]
async fn a_request_larger_than_the_window_is_sent_as_the_server_reads() {
    let server = Served::start().await;
    let channel = server.channel();
    let ctx = Context::background();
    let large = Text {
        text: "y".repeat(300_000),
        number: 1,
    };
    let reply: Text = channel
        .unary(ECHO.method(0), &ctx, large.clone())
        .await
        .unwrap();
    assert_eq!(reply, large);
    let many = Streaming::from_iter(std::iter::repeat_n(large, 5));
    let sum: Text = channel
        .client_streaming(ECHO.method(2), &ctx, many)
        .await
        .unwrap();
    assert_eq!(sum, number(5));
}
