//! G20: how a server ends.

use std::time::Duration;

use ezrpc::Server;
use ezrpc_tests::echo::{Echo, Event};
use ezrpc_tests::grpc::{self, head, say};
use ezrpc_tests::http::Http2;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;
use tokio::net::TcpStream;

#[tokio::test]
async fn g20_what_is_under_way_finishes_and_nothing_new_is_taken() {
    let running = Running::echo().await;
    let addr = running.addr;
    let connection = Http2::connect(addr).await;
    let mut chat = connection.open(&head("/e2e.Echo/Chat"), None).await;
    chat.send(say("before"));
    let mut begun = chat.begun().await.expect("a head");
    assert_eq!(
        begun.data().await.expect("no error"),
        Some(say("before").into())
    );

    let stopped = running.stop();
    // GOAWAY: the connection takes no new requests. Until it has come, they may still be served.
    loop {
        match connection.try_open(&head("/e2e.Echo/Say"), None).await {
            Err(error) if error.is_go_away() => break,
            Err(error) => panic!("{error}"),
            Ok(mut exchange) => {
                exchange.finish(say("hi"));
                match exchange.answer().await {
                    Ok(answer) => assert_eq!(grpc::status(&answer).0, 0),
                    Err(error) if error.is_go_away() || error.is_reset() => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
    // The call under way goes on, both ways.
    begun
        .body
        .send_data(say("after").into(), false)
        .expect("the stream is open");
    assert_eq!(
        begun.data().await.expect("no error"),
        Some(say("after").into())
    );
    begun
        .body
        .send_data(bytes::Bytes::new(), true)
        .expect("the stream is open");
    let answer = begun.rest().await.expect("no error");
    assert_eq!(grpc::status(&answer).0, 0);
    stopped.await.expect("the server ends well");
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn g20_what_does_not_finish_is_cut_off_at_the_hard_deadline() {
    let (echo, mut events) = Echo::watched();
    let server = Server::new("echo")
        .add(EchoServer::new(echo))
        .hard_deadline(Duration::from_millis(30));
    let running = Running::start(server).await;
    let mut call = Http2::connect(running.addr)
        .await
        .open(&head("/e2e.Echo/Say"), None)
        .await;
    call.finish(say("hang"));
    assert_eq!(events.recv().await, Some(Event::Hanging));
    running.stop().await.expect("the server ends well");
    assert_eq!(events.recv().await, Some(Event::Dropped(true)));
    assert!(call.answer().await.is_err());
}

#[tokio::test]
async fn g20_a_server_says_that_it_stops_while_it_still_serves() {
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .drain_window(Duration::from_millis(200));
    let running = Running::start(server).await;
    let connection = Http2::connect(running.addr).await;
    let mut watch = connection
        .open(&head("/grpc.health.v1.Health/Watch"), None)
        .await;
    watch.finish(grpc::frame(&[]));
    let mut watch = watch.begun().await.expect("a head");
    assert_eq!(
        watch.data().await.expect("no error"),
        Some(grpc::frame(&[8, 1]).into())
    );
    let stopped = running.stop();
    assert_eq!(
        watch.data().await.expect("no error"),
        Some(grpc::frame(&[8, 2]).into())
    );
    // Told, and within the window still served.
    let mut call = connection.open(&head("/e2e.Echo/Say"), None).await;
    call.finish(say("hi"));
    let answer = call.answer().await.expect("an answer");
    assert_eq!(grpc::status(&answer).0, 0);
    drop((watch, connection));
    stopped.await.expect("the server ends well");
}
