//! G8: gRPC beside what else a port speaks. G19: many streams at once.

use std::sync::Arc;
use std::time::Duration;

use ezrpc::{Context, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::grpc::{self, frame, head, say};
use ezrpc_tests::http::{Answer, Exchange, Http2, Request};
use ezrpc_tests::proto::e2e::{EchoRequest, EchoServer};
use ezrpc_tests::server::Running;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::SAY;

/// Every type of gRPC-Web with its parameters, and plain HTTP/1.1, on the paths of gRPC.
#[tokio::test]
async fn g8_what_is_not_grpc_is_not_refused_as_grpc() {
    let addr = Running::echo().await.addr;
    for media in [
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web; charset=utf-8",
        "Application/grpc-web+Proto;x=y",
    ] {
        let request = Request::post(SAY)
            .header("content-type", media)
            .body(say("hi"));
        let answer = request.clone().http1(addr).await;
        assert_eq!(answer.status, 200, "{media}");
        assert!(answer.body.starts_with(&say("hi")), "{media}");
        assert!(answer.body.ends_with(b"grpc-status: 0\r\n"), "{media}");
        assert_eq!(request.http2(addr).await.body, answer.body);
    }
    let json = frame(br#"{"text":"hi"}"#);
    let request = Request::post(SAY).header("content-type", "application/grpc-web+json");
    let answer = request.body(json.clone()).http1(addr).await;
    assert!(answer.body.starts_with(&json), "{answer:?}");
    let answer = Request::json(SAY, r#"{"text":"hi"}"#).both(addr).await;
    assert!(
        answer.starts_with("200\n") && answer.ends_with(r#"{"text":"hi"}"#),
        "{answer}"
    );
}

/// Ten connections with a thousand streams each, all of them open at the same time.
#[tokio::test]
async fn g19_ten_thousand_streams() {
    let running = Running::echo().await;
    let all_open = Arc::new(Barrier::new(10_000));
    let mut chats = JoinSet::new();
    for _ in 0..10 {
        let connection = Http2::connect(running.addr).await;
        for _ in 0..1000 {
            let exchange = connection.open(&head("/e2e.Echo/Chat"), None).await;
            chats.spawn(chat(exchange, Arc::clone(&all_open)));
        }
    }
    let mut done = 0;
    while let Some(chat) = chats.join_next().await {
        let answer = chat.expect("no panic").expect("an answer");
        assert_eq!(
            (&answer.body[..], grpc::status(&answer).0),
            (&say("two")[..], 0)
        );
        done += 1;
    }
    assert_eq!(done, 10_000);
}

/// One message, an answer, and another once everybody has got that far.
async fn chat(mut exchange: Exchange, all_open: Arc<Barrier>) -> Result<Answer, h2::Error> {
    exchange.send(say("one"));
    let mut begun = exchange.begun().await?;
    assert_eq!(begun.data().await?, Some(say("one").into()));
    all_open.wait().await;
    begun.body.send_data(say("two").into(), true)?;
    begun.rest().await
}

/// Calls over the limit of a connection wait for those before them.
#[tokio::test]
async fn g19_streams_over_the_limit_wait() {
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .max_streams(10);
    let running = Running::start(server).await;
    let connection = Http2::connect(running.addr).await;
    // Once it has answered, the client knows the limit.
    let mut first = connection.open(&head(SAY), None).await;
    first.finish(say("hi"));
    first.answer().await.expect("an answer");
    let calls: Vec<_> = (0..500)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let mut exchange = connection.open(&head(SAY), None).await;
                exchange.finish(say("hi"));
                exchange.answer().await
            })
        })
        .collect();
    for call in calls {
        let answer = call.await.expect("no panic").expect("an answer");
        assert_eq!(grpc::status(&answer).0, 0);
    }
}

/// A handler that is held up by its caller holds up its requests, however small they are, and nobody is cut off.
#[tokio::test]
async fn g19_small_messages_wait_for_slow_handlers() {
    let running = Running::echo().await;
    let connection = Http2::connect(running.addr).await;
    let mut exchange = connection.open(&head("/e2e.Echo/Chat"), None).await;
    let messages = 30_000;
    let mut begun = {
        // The replies fill the window of this side, and the server's handler waits.
        for _ in 0..messages {
            exchange.send(say("x"));
        }
        exchange.end();
        exchange.begun().await.expect("a head")
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut read = 0;
    while let Some(data) = begun.data().await.expect("no error") {
        read += data.len();
    }
    assert_eq!(read, messages * say("x").len());
}

/// The same the other way: a caller who reads slowly.
#[tokio::test]
async fn g19_small_replies_wait_for_slow_callers() {
    let running = Running::echo().await;
    let ctx = Context::background();
    let text = "x ".repeat(30_000);
    let request = EchoRequest {
        text,
        ..EchoRequest::default()
    };
    let replies = running
        .client()
        .split(&ctx, request)
        .await
        .expect("a stream");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let replies = replies.collect().await.expect("no error");
    assert_eq!(replies.len(), 30_000);
}
