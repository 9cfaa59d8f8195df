//! Connections and processes: requests one after another, bodies nobody reads, SIGTERM.

use std::net::SocketAddr;
use std::process::Stdio;

use ezrpc::Server;
use ezrpc_tests::echo::Echo;
use ezrpc_tests::grpc::{self, head, say};
use ezrpc_tests::http::{Http2, Request};
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

fn server() -> Server {
    Server::new("echo").add(EchoServer::new(Echo::default()))
}

/// Sends all of it at once and reads until the server closes; only what does not change from day to day.
async fn exchange(addr: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.expect("the server listens");
    // The server may close before it has taken all.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    // A reset after the answer, for the rest nobody read, ends it too.
    while matches!(stream.read_buf(&mut answer).await, Ok(1..)) {}
    let answer = String::from_utf8(answer).expect("text");
    let kept = answer
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("date: "));
    kept.collect::<String>().replace("\r\n", "\n")
}

fn post(body: &str, more: &str) -> String {
    let length = body.len();
    format!(
        "POST /e2e.Echo/Say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\r\n{body}"
    )
}

fn ok(body: &str, more: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\ncontent-type: application/json\n{more}content-length: {}\n\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn requests_one_after_another_and_at_once() {
    let addr = Running::echo().await.addr;
    let last = post(r#"{"text":"c"}"#, "connection: close\r\n");
    let all = [
        post(r#"{"text":"a"}"#, ""),
        post(r#"{"text":"b"}"#, ""),
        last,
    ]
    .concat();
    let expected = [
        ok(r#"{"text":"a"}"#, ""),
        ok(r#"{"text":"b"}"#, ""),
        ok(r#"{"text":"c"}"#, "connection: close\n"),
    ];
    assert_eq!(exchange(addr, &all).await, expected.concat());
}

/// A refusal that leaves the body unread is answered, and what follows on the connection is not taken for a request.
#[tokio::test]
async fn refused_bodies_are_never_read_as_requests() {
    let addr = Running::start(server().max_message(100)).await.addr;
    let smuggled = post("{}", "");
    let long = post(&format!("{}{smuggled}", "x".repeat(1 << 20)), "");
    let answer = exchange(addr, &long).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 Payload Too Large\n"),
        "{answer}"
    );
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn an_absolute_target_is_the_same_path() {
    let addr = Running::echo().await.addr;
    let text =
        post("{}", "connection: close\r\n").replace("/e2e.Echo", "http://shop.example/e2e.Echo");
    assert_eq!(exchange(addr, &text).await, ok("{}", "connection: close\n"));
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let addr = Running::echo().await.addr;
    let answer = exchange(addr, "hello\r\n\r\n").await;
    assert_eq!(
        answer,
        "HTTP/1.1 400 Bad Request\nconnection: close\ncontent-length: 0\n\n"
    );
}

#[tokio::test]
async fn a_header_block_over_the_limit_is_431() {
    let addr = Running::start(server().max_headers(8 << 10)).await.addr;
    let text = post("{}", &format!("x-long: {}\r\n", "x".repeat(64 << 10)));
    let answer = exchange(addr, &text).await;
    assert!(
        answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\n"),
        "{answer}"
    );
}

/// Many calls at once on one connection, more than it may have open.
#[tokio::test]
async fn a_thousand_calls_on_one_connection() {
    let addr = Running::start(server().max_streams(50)).await.addr;
    let client = ezrpc_tests::proto::e2e::EchoClient::new(ezrpc::Channel::to(addr));
    let calls: Vec<_> = (0..1000)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let request = ezrpc_tests::proto::e2e::EchoRequest {
                    number,
                    ..Default::default()
                };
                client
                    .say(&ezrpc::Context::background(), request)
                    .await
                    .map(|reply| reply.number)
            })
        })
        .collect();
    for (number, call) in (0..).zip(calls) {
        assert_eq!(call.await.unwrap().unwrap(), number);
    }
}

/// Not a test by itself: the process that `sigterm_ends_a_process_without_losing_a_call` stops.
#[tokio::test]
async fn serves_for_another_test() {
    if std::env::var_os("EZRPC_TEST_SERVE").is_none() {
        return;
    }
    let bound = server().bind("127.0.0.1:0").await.unwrap();
    println!("\nlistening on {}", bound.local_addr());
    bound.serve().await.unwrap();
    println!("\nended");
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_ends_a_process_without_losing_a_call() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "connections::serves_for_another_test",
            "--nocapture",
        ])
        .env("EZRPC_TEST_SERVE", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let addr: SocketAddr = loop {
        let line = lines.next_line().await.unwrap().expect("it listens");
        if let Some(addr) = line.strip_prefix("listening on ") {
            break addr.parse().unwrap();
        }
    };
    // An answer shows that it serves, so that it also hears signals.
    assert!(
        Request::json("/e2e.Echo/Say", "{}")
            .both(addr)
            .await
            .starts_with("200\n")
    );
    let mut chat = Http2::connect(addr)
        .await
        .open(&head("/e2e.Echo/Chat"), None)
        .await;
    chat.send(say("before"));
    let mut begun = chat.begun().await.unwrap();
    assert_eq!(begun.data().await.unwrap(), Some(say("before").into()));

    let pid = child.id().expect("it runs").to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .unwrap()
            .success()
    );
    // Nobody new gets in once the listener is closed.
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    begun.body.send_data(say("after").into(), true).unwrap();
    let answer = begun.rest().await.unwrap();
    assert_eq!(
        grpc::text(&answer),
        "200\ncontent-type: application/grpc\n\n[after]\ngrpc-status: 0\n"
    );
    let mut ended = false;
    while let Some(line) = lines.next_line().await.unwrap() {
        ended |= line == "ended";
    }
    assert!(ended && child.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_connection_that_says_nothing_does_not_hold_up_the_end() {
    // Were the server to wait for it, this test would not end.
    let forever = std::time::Duration::from_secs(1 << 20);
    let running = Running::start(server().hard_deadline(forever)).await;
    let mut silent = TcpStream::connect(running.addr)
        .await
        .expect("the server listens");
    // Accepted in order: once this one is answered the first is being waited for.
    assert!(
        exchange(running.addr, &post("{}", "connection: close\r\n"))
            .await
            .starts_with("HTTP/1.1 200")
    );
    running.stop().await.expect("the server ends well");
    let mut rest = Vec::new();
    // Closed or reset.
    let _ = silent.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
}
