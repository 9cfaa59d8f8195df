//! tonic's client against our server, over its own transport and over our channel.

use std::time::Duration;

use ezrpc::{Channel, Server};
use ezrpc_test_peers::e2e::echo_client::EchoClient;
use ezrpc_test_peers::e2e::{EchoReply, EchoRequest};
use ezrpc_test_peers::tonic::transport::Endpoint;
use ezrpc_test_peers::tonic::{Code, Request, Status};
use ezrpc_test_peers::{Any, tonic};
use ezrpc_tests::echo::{Echo, Event};
use ezrpc_tests::proto::e2e::EchoServer;
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

/// tonic's client over tonic's transport.
async fn over_tonic(running: &Running) -> EchoClient<tonic::transport::Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", running.addr)).expect("a URL");
    EchoClient::new(endpoint.connect().await.expect("the server listens"))
}

/// Runs a check with tonic's transport, and with our channel under tonic's client.
macro_rules! with_both_channels {
    ($running:expr, $check:ident) => {
        $check!(over_tonic(&$running).await);
        $check!(EchoClient::new(Channel::to($running.addr)));
    };
}

#[tokio::test]
async fn all_shapes() {
    let running = Running::echo().await;
    macro_rules! check {
        ($client:expr) => {
            let mut client = $client;
            let all = EchoRequest {
                number: 7,
                blob: vec![0, 255].into(),
                ..request("hi")
            };
            let expected = EchoReply {
                blob: vec![0, 255].into(),
                ..reply("hi", 7)
            };
            assert_eq!(client.say(all).await.unwrap().into_inner(), expected);
            client.nothing(()).await.unwrap();
            let mut replies = client.split(request("a b")).await.unwrap().into_inner();
            assert_eq!(replies.message().await.unwrap(), Some(reply("a", 0)));
            assert_eq!(replies.message().await.unwrap(), Some(reply("b", 1)));
            assert_eq!(replies.message().await.unwrap(), None);
            let reqs = tokio_stream::iter(["x", "y"].map(request));
            assert_eq!(
                client.join(reqs).await.unwrap().into_inner(),
                reply("x y", 2)
            );
            let (sender, reqs) = tokio::sync::mpsc::channel(1);
            let reqs = tokio_stream::wrappers::ReceiverStream::new(reqs);
            let (replies, ()) = tokio::join!(client.chat(reqs), async {
                sender.send(request("one")).await.expect("the client reads");
            });
            let mut replies = replies.unwrap().into_inner();
            assert_eq!(replies.message().await.unwrap(), Some(reply("one", 0)));
            sender.send(request("two")).await.expect("the client reads");
            assert_eq!(replies.message().await.unwrap(), Some(reply("two", 0)));
            drop(sender);
            assert_eq!(replies.message().await.unwrap(), None);
        };
    }
    with_both_channels!(running, check);
}

/// `google.rpc.Status`, as tonic's users decode it.
fn details(status: &Status) -> ezrpc::google::rpc::Status {
    ezrpc::google::rpc::Status::decode(status.details()).expect("google.rpc.Status")
}

#[tokio::test]
async fn errors_with_details() {
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .edge();
    let running = Running::start(server).await;
    macro_rules! check {
        ($client:expr) => {
            let mut client = $client;
            let detail = Any {
                type_url: "type.googleapis.com/no.such.Type".into(),
                value: vec![8, 1],
            };
            let failing = EchoRequest {
                fail_with: 9,
                detail: Some(detail),
                ..request("não agora")
            };
            let status = client.say(failing.clone()).await.unwrap_err();
            assert_eq!(
                (status.code(), status.message()),
                (Code::FailedPrecondition, "não agora")
            );
            let rpc = details(&status);
            assert_eq!((rpc.code, rpc.message.as_str()), (9, "não agora"));
            let types: Vec<&str> = rpc
                .details
                .iter()
                .map(|any| any.type_url.as_str())
                .collect();
            let info = "type.googleapis.com/google.rpc.ErrorInfo";
            assert_eq!(types, [info, "type.googleapis.com/no.such.Type"]);
            assert_eq!(rpc.details[1].value, [8, 1]);

            let mut replies = client.split(failing).await.unwrap().into_inner();
            assert_eq!(replies.message().await.unwrap(), Some(reply("não", 0)));
            assert_eq!(replies.message().await.unwrap(), Some(reply("agora", 1)));
            let status = replies.message().await.unwrap_err();
            assert_eq!(
                (status.code(), status.message()),
                (Code::FailedPrecondition, "não agora")
            );
            for number in 1..=16 {
                let failing = EchoRequest {
                    fail_with: number,
                    ..request("")
                };
                let status = client.say(failing).await.unwrap_err();
                assert_eq!(status.code(), Code::from_i32(number));
            }
        };
    }
    with_both_channels!(running, check);
}

#[tokio::test]
async fn metadata() {
    let running = Running::echo().await;
    macro_rules! check {
        ($client:expr) => {
            let mut client = $client;
            let mut with_metadata = Request::new(request("hi"));
            with_metadata
                .metadata_mut()
                .append("x-echo", "a".parse().expect("ASCII"));
            with_metadata
                .metadata_mut()
                .append("x-echo", "b".parse().expect("ASCII"));
            let binary = tonic::metadata::MetadataValue::from_bytes(&[0, 255]);
            with_metadata
                .metadata_mut()
                .append_bin("x-echo-bin", binary.clone());
            let response = client.say(with_metadata).await.unwrap();
            // Over our channel or tonic's: tonic merges the trailers into the response's metadata.
            for name in ["x-header", "x-trailer"] {
                let values = response.metadata().get_all(name).iter().collect::<Vec<_>>();
                assert_eq!(values, ["a", "b"]);
            }
            for name in ["x-header-bin", "x-trailer-bin"] {
                let value = response.metadata().get_bin(name).expect("it is sent back");
                assert_eq!(value.to_bytes().expect("base64"), &[0, 255][..]);
            }
        };
    }
    with_both_channels!(running, check);
}

#[tokio::test]
async fn deadlines_and_cancellation() {
    let (echo, mut events) = Echo::watched();
    let running = Running::start(Server::new("echo").add(EchoServer::new(echo))).await;
    macro_rules! check {
        ($client:expr) => {
            let mut client = $client;
            let mut late = Request::new(request("hang"));
            late.set_timeout(Duration::from_millis(300));
            // tonic's transport gives up by its own clock too, and calls that CANCELLED.
            let status = client.say(late).await.unwrap_err();
            assert!(
                matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
                "{status}"
            );
            assert_eq!(events.recv().await, Some(Event::Hanging));
            assert_eq!(events.recv().await, Some(Event::Dropped(true)));

            let mut late = Request::new(request("a hang"));
            late.set_timeout(Duration::from_millis(300));
            let mut replies = client.split(late).await.unwrap().into_inner();
            assert_eq!(replies.message().await.unwrap(), Some(reply("a", 0)));
            let status = replies.message().await.unwrap_err();
            assert!(
                matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
                "{status}"
            );
            assert_eq!(events.recv().await, Some(Event::Hanging));
            assert_eq!(events.recv().await, Some(Event::Dropped(true)));

            let mut minute = Request::new(request("remaining"));
            minute.set_timeout(Duration::from_secs(60));
            let left = client.say(minute).await.unwrap().into_inner().number;
            assert!((1..=60_000).contains(&left), "{left}");

            tokio::select! {
                biased;
                reply = client.say(request("hang")) => panic!("{reply:?}"),
                event = events.recv() => assert_eq!(event, Some(Event::Hanging)),
            }
            assert_eq!(events.recv().await, Some(Event::Dropped(true)));
        };
    }
    with_both_channels!(running, check);
}

#[tokio::test]
async fn messages_over_the_limits() {
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .max_message(1000);
    let running = Running::start(server).await;
    macro_rules! check {
        ($client:expr) => {
            let mut client = $client;
            let status = client.say(request(&"x".repeat(998))).await.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted);
            assert_eq!(
                status.message(),
                "message of 1001 bytes is over the limit of 1000"
            );
            assert_eq!(
                client.say(request("hi")).await.unwrap().into_inner(),
                reply("hi", 0)
            );
        };
    }
    with_both_channels!(running, check);
}

/// Peers take trailers of 8 to 16 KiB: an error of a long message is cut to fit. One of a long way: `reasons.rs`.
#[tokio::test]
async fn a_long_error_arrives_cut() {
    let running = Running::echo().await;
    macro_rules! check {
        ($client:expr) => {
            let mut client = $client;
            let long = EchoRequest {
                fail_with: 13,
                ..request(&"long ".repeat(20_000))
            };
            let status = client.say(long).await.unwrap_err();
            assert_eq!(status.code(), Code::Internal);
            assert!(status.message().starts_with("long long "), "{status}");
            assert!(status.message().len() < 4096, "{}", status.message().len());
            // The connection is none the worse for it.
            let said = client.say(request("hi")).await.unwrap().into_inner();
            assert_eq!(said, reply("hi", 0));
        };
    }
    with_both_channels!(running, check);
}
