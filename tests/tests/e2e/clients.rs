//! Generated clients against generated servers, over a socket and within the process.

mod compression;
mod limits;
mod process_wide;

use ezrpc::wkt::Any;
use ezrpc::{Channel, Code, Context, Error, Frame, Interceptor, Next, Reply, Result, Streaming};
use ezrpc_tests::echo::{CAUSE_LINE, Echo, FAIL_LINE};
use ezrpc_tests::proto::e2e::{self, EchoClient, EchoReply, EchoRequest};
use ezrpc_tests::server::Running;
use prost::Message;

fn request(text: &str) -> EchoRequest {
    EchoRequest {
        text: text.to_owned(),
        ..EchoRequest::default()
    }
}

fn reply(text: &str, number: i64) -> EchoReply {
    EchoReply {
        text: text.to_owned(),
        number,
        ..EchoReply::default()
    }
}

/// One client over a socket, one in the process; the server lives as long as the test.
async fn both() -> ([EchoClient; 2], Running) {
    let running = Running::echo().await;
    (
        [running.client(), EchoClient::local(Echo::default())],
        running,
    )
}

fn frames(error: &Error) -> Vec<String> {
    error.frames().iter().map(Frame::to_string).collect()
}

#[tokio::test]
async fn all_shapes() {
    let ctx = Context::background();
    let (clients, _running) = both().await;
    for client in clients {
        let all = EchoRequest {
            number: 7,
            blob: vec![0, 255].into(),
            ..request("hi")
        };
        let expected = EchoReply {
            blob: vec![0, 255].into(),
            ..reply("hi", 7)
        };
        assert_eq!(client.say(&ctx, all).await.unwrap(), expected);
        client.nothing(&ctx, ()).await.unwrap();
        let words = client
            .split(&ctx, request("a b c"))
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        assert_eq!(words, [reply("a", 0), reply("b", 1), reply("c", 2)]);
        let reqs = Streaming::from_iter(["x", "y"].map(request));
        assert_eq!(client.join(&ctx, reqs).await.unwrap(), reply("x y", 2));
        assert_eq!(
            client.join(&ctx, Streaming::empty()).await.unwrap(),
            reply("", 0)
        );
        let (sender, reqs) = Streaming::channel(1);
        let mut replies = client.chat(&ctx, reqs).await.unwrap();
        for word in ["one", "two"] {
            sender.send(Ok(request(word))).await.unwrap();
            assert_eq!(replies.message().await.unwrap(), Some(reply(word, 0)));
        }
        drop(sender);
        assert_eq!(replies.message().await.unwrap(), None);
        assert_eq!(replies.message().await.unwrap(), None);
    }
}

/// The trait's methods are the inherent ones: code can be generic over where a service lives.
#[tokio::test]
async fn clients_are_services() {
    async fn say<E: e2e::Echo>(echo: &E) -> String {
        echo.say(&Context::background(), request("hi"))
            .await
            .unwrap()
            .text
    }
    let running = Running::echo().await;
    assert_eq!(say(&running.client()).await, "hi");
    assert_eq!(say(&Echo::named("direct ")).await, "direct hi");
    // A client can be served in turn.
    assert_eq!(say(&EchoClient::local(running.client())).await, "hi");
}

#[tokio::test]
async fn errors_come_back_whole() {
    let ctx = Context::background();
    let (clients, _running) = both().await;
    for client in clients {
        let detail = Any {
            type_url: "type.googleapis.com/no.such.Type".into(),
            value: vec![8, 1],
        };
        let failing = EchoRequest {
            fail_with: 9,
            number: 3,
            detail: Some(detail.clone()),
            ..request("not now")
        };
        let error = client.say(&ctx, failing).await.unwrap_err();
        let line = line!() - 1;
        assert_eq!(
            (error.code(), error.message()),
            (Code::FailedPrecondition, "not now")
        );
        assert_eq!((error.domain(), error.reason()), ("e2e", "ASKED_FOR"));
        assert_eq!(
            error.metadata(),
            &[("number".to_owned(), "3".to_owned())].into()
        );
        assert_eq!(error.details(), [detail]);
        let expected = [
            format!("tests/src/echo.rs:{FAIL_LINE}"),
            "e2e.Echo/Say".to_owned(),
            format!("e2e.Echo/Say (tests/tests/e2e/clients.rs:{line})"),
        ];
        assert_eq!(frames(&error), expected);
    }
}

#[tokio::test]
async fn every_code_comes_back() {
    let ctx = Context::background();
    let (clients, _running) = both().await;
    for client in clients {
        for number in 1..=16 {
            let failing = EchoRequest {
                fail_with: number,
                ..request("")
            };
            let error = client.say(&ctx, failing).await.unwrap_err();
            assert_eq!(Some(error.code()), Code::from_number(number.into()));
        }
    }
}

#[tokio::test]
async fn errors_of_streams_carry_the_call_site() {
    let ctx = Context::background();
    let (clients, _running) = both().await;
    for client in clients {
        let failing = EchoRequest {
            fail_with: 15,
            ..request("a")
        };
        let mut replies = client.split(&ctx, failing.clone()).await.unwrap();
        let line = line!() - 1;
        assert_eq!(replies.message().await.unwrap(), Some(reply("a", 0)));
        let error = replies.message().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::DataLoss, "a"));
        let frames = frames(&error);
        assert_eq!(frames[0], format!("tests/src/echo.rs:{FAIL_LINE}"));
        let last = format!("e2e.Echo/Split (tests/tests/e2e/clients.rs:{line})");
        assert_eq!(frames.last(), Some(&last));
        assert_eq!(replies.message().await.unwrap(), None);
        let error = client
            .join(&ctx, Streaming::from_iter([failing]))
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::DataLoss, "a"));
    }
}

/// What a caller puts into a request stream as an error ends the call with that error.
#[tokio::test]
async fn errors_in_a_request_stream_end_the_call() {
    let ctx = Context::background();
    let (clients, _running) = both().await;
    for client in clients {
        let (sender, reqs) = Streaming::channel(2);
        sender.send(Ok(request("a"))).await.unwrap();
        sender
            .send(Err(Error::data_loss("the file ends here")))
            .await
            .unwrap();
        drop(sender);
        let error = client.join(&ctx, reqs).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::DataLoss, "the file ends here")
        );
    }
}

#[tokio::test]
async fn a_cause_reaches_trusted_peers_and_says_where() {
    let ctx = Context::background();
    let (clients, _running) = both().await;
    for client in clients {
        let error = client.say(&ctx, request("cause")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.to_string()),
            (Code::Unknown, "the password is hunter2".to_owned())
        );
        assert_eq!(frames(&error)[0], format!("tests/src/echo.rs:{CAUSE_LINE}"));
    }
}

#[tokio::test]
async fn metadata_goes_both_ways() {
    let (clients, _running) = both().await;
    for client in clients {
        let call = Context::background()
            .call()
            .header("x-echo", "a")
            .header("x-echo", "b");
        let call = call.header_bin("x-echo-bin", &[0, 255]);
        client.say(&call, request("hi")).await.unwrap();
        let (headers, trailers) = (call.reply_headers(), call.reply_trailers());
        assert_eq!(headers.get_all("x-header").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(
            trailers.get_all("x-trailer").collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(headers.get_all_bin("x-header-bin"), [[0, 255]]);
        assert_eq!(trailers.get_all_bin("x-trailer-bin"), [[0, 255]]);

        let call = Context::background().call().header("x-echo", "c");
        let mut replies = client.split(&call, request("a")).await.unwrap();
        assert_eq!(call.reply_headers().get("x-header"), Some("c"));
        assert_eq!(replies.message().await.unwrap(), Some(reply("a", 0)));
        assert_eq!(replies.message().await.unwrap(), None);
        assert_eq!(call.reply_trailers().get("x-trailer"), Some("c"));

        let call = Context::background().call().header("x-echo", "d");
        client
            .say(
                &call,
                EchoRequest {
                    fail_with: 3,
                    ..request("")
                },
            )
            .await
            .unwrap_err();
        assert_eq!(call.reply_trailers().get("x-trailer"), Some("d"));
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_sent_fails_the_call() {
    let (clients, _running) = both().await;
    for client in clients {
        let call = Context::background().call().header("grpc-status", "0");
        let error = client.say(&call, request("hi")).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert_eq!(
            error.message(),
            "metadata name `grpc-status` is reserved by the protocols"
        );
    }
}

/// Sends a header, refuses one text, and counts nothing else.
struct Stamp;

impl Interceptor for Stamp {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        let path = ctx.method().map_or("", |method| method.path());
        match ctx.metadata().get("x-refuse") {
            Some(why) => Err(Error::permission_denied(format!("{path}: {why}"))),
            None => next.run().await,
        }
    }
}

#[tokio::test]
async fn interceptors_of_a_channel_run_for_remote_and_local_calls() {
    let running = Running::echo().await;
    let local = Channel::local(e2e::EchoServer::new(Echo::default()));
    for channel in [Channel::to(running.addr), local] {
        let client = EchoClient::new(channel.interceptor(Stamp));
        let ctx = Context::background();
        assert_eq!(
            client.say(&ctx, request("hi")).await.unwrap(),
            reply("hi", 0)
        );
        let words = client
            .split(&ctx, request("a"))
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        assert_eq!(words, [reply("a", 0)]);
        let call = ctx.call().header("x-refuse", "no");
        let error = client.say(&call, request("hi")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::PermissionDenied, "/e2e.Echo/Say: no")
        );
        let error = client.split(&call, request("hi")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::PermissionDenied, "/e2e.Echo/Split: no")
        );
    }
}

/// A local call neither encodes nor copies: the reply's bytes are the request's.
#[tokio::test]
async fn a_local_call_does_not_encode() {
    let blob = bytes::Bytes::from(vec![7; 64]);
    let at = blob.as_ptr();
    let client = EchoClient::local(Echo::default());
    let reply = client
        .say(
            &Context::background(),
            EchoRequest {
                blob,
                ..request("")
            },
        )
        .await
        .unwrap();
    assert_eq!(reply.blob.as_ptr(), at);
}

/// The default limit of a reply, to the byte.
#[tokio::test]
async fn a_reply_over_the_limit_is_refused() {
    let running = Running::echo().await;
    let client = EchoClient::new(Channel::to(running.addr).max_message(1000));
    let fits = "x".repeat(1000 - 3);
    assert_eq!(reply(&fits, 0).encoded_len(), 1000);
    assert_eq!(
        client
            .say(&Context::background(), request(&fits))
            .await
            .unwrap()
            .text,
        fits
    );
    let error = client
        .say(&Context::background(), request(&format!("{fits}x")))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(
        error.message(),
        "message of 1001 bytes is over the limit of 1000"
    );
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_says_where() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let client = EchoClient::new(Channel::to(addr));
    let error = client
        .say(&Context::background(), request("hi"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().contains(&addr.to_string()),
        "{}",
        error.message()
    );
}
