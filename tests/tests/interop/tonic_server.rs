//! Our client against tonic's server, alone and mounted on our port.

use std::time::Duration;

use ezrpc::wkt::Any;
use ezrpc::{Channel, Code, Context, Server, Streaming};
use ezrpc_test_peers::e2e::echo_server::EchoServer as TonicServer;
use ezrpc_test_peers::serve;
use ezrpc_tests::proto::e2e::{EchoClient, EchoReply, EchoRequest};
use ezrpc_tests::server::Running;

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

/// A client of tonic's server by itself, and of one mounted on a port of ours.
async fn clients() -> (Vec<EchoClient>, Running) {
    let (addr, _) = serve().await;
    let (echo, _) = ezrpc_test_peers::Echo::new();
    let running =
        Running::start(Server::new("front").mount("/e2e.Echo", TonicServer::new(echo))).await;
    let clients = [addr, running.addr].map(|addr| EchoClient::new(Channel::to(addr)));
    (clients.into(), running)
}

#[tokio::test]
async fn all_shapes() {
    let ctx = Context::background();
    let (clients, _running) = clients().await;
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
            .split(&ctx, request("a b"))
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        assert_eq!(words, [reply("a", 0), reply("b", 1)]);
        let reqs = Streaming::from_iter(["x", "y"].map(request));
        assert_eq!(client.join(&ctx, reqs).await.unwrap(), reply("x y", 2));
        let (sender, reqs) = Streaming::channel(1);
        let mut replies = client.chat(&ctx, reqs).await.unwrap();
        for word in ["one", "two"] {
            sender.send(Ok(request(word))).await.unwrap();
            assert_eq!(replies.message().await.unwrap(), Some(reply(word, 0)));
        }
        drop(sender);
        assert_eq!(replies.message().await.unwrap(), None);
    }
}

#[tokio::test]
async fn errors_with_details() {
    let ctx = Context::background();
    let (clients, _running) = clients().await;
    for client in clients {
        let detail = Any {
            type_url: "type.googleapis.com/no.such.Type".into(),
            value: vec![8, 1],
        };
        let failing = EchoRequest {
            fail_with: 9,
            detail: Some(detail.clone()),
            ..request("não agora")
        };
        let error = client.say(&ctx, failing.clone()).await.unwrap_err();
        let line = line!() - 1;
        assert_eq!(
            (error.code(), error.message()),
            (Code::FailedPrecondition, "não agora")
        );
        assert_eq!((error.reason(), error.details()), ("", &[detail][..]));
        let frames: Vec<String> = error.frames().iter().map(ToString::to_string).collect();
        assert_eq!(
            frames,
            [format!(
                "e2e.Echo/Say (tests/tests/interop/tonic_server.rs:{line})"
            )]
        );

        let mut replies = client.split(&ctx, failing).await.unwrap();
        assert_eq!(replies.message().await.unwrap(), Some(reply("não", 0)));
        assert_eq!(replies.message().await.unwrap(), Some(reply("agora", 1)));
        let error = replies.message().await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::FailedPrecondition, "não agora")
        );
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
async fn metadata() {
    let (clients, _running) = clients().await;
    for client in clients {
        let call = Context::background()
            .call()
            .header("x-echo", "a")
            .header("x-echo", "b");
        let call = call.header_bin("x-echo-bin", &[0, 255]);
        client.say(&call, request("hi")).await.unwrap();
        assert_eq!(
            call.reply_headers().get_all("x-header").collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(call.reply_headers().get_all_bin("x-header-bin"), [[0, 255]]);
    }
}

#[tokio::test]
async fn deadlines_and_cancellation() {
    let (addr, mut dropped) = serve().await;
    let client = EchoClient::new(Channel::to(addr));
    let call = Context::background()
        .call()
        .timeout(Duration::from_millis(300));
    let error = client.say(&call, request("hang")).await.unwrap_err();
    assert!(
        matches!(error.code(), Code::DeadlineExceeded | Code::Canceled),
        "{error:?}"
    );
    assert_eq!(dropped.recv().await, Some(()));

    let (sender, reqs) = Streaming::channel(1);
    let mut replies = client.chat(&Context::background(), reqs).await.unwrap();
    sender.send(Ok(request("one"))).await.unwrap();
    assert_eq!(replies.message().await.unwrap(), Some(reply("one", 0)));
    sender.send(Ok(request("hang"))).await.unwrap();
    drop(replies);
    // The server's handler goes, and with it the reader of the requests.
    sender.closed().await;
}
