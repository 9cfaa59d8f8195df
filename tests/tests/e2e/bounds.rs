//! How long connections live and how much they may ask for.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use ezrpc::discovery::Memory;
use ezrpc::{Channel, Code, Context, Interceptor, Next, Reply, Result, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::frames::{self, END_HEADERS, END_STREAM, PREFACE, Raw, frame, kind};
use ezrpc_tests::grpc::{self, head, say};
use ezrpc_tests::http::{Http2, Request};
use ezrpc_tests::proto::e2e::{EchoClient, EchoRequest, EchoServer};
use ezrpc_tests::server::Running;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

const SOON: Duration = Duration::from_millis(40);

/// Says in a header where the caller's connection comes from.
struct Port;

impl Interceptor for Port {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        let port = ctx.peer().map_or(0, |peer| peer.port());
        ctx.reply().header("x-port", port.to_string())?;
        next.run().await
    }
}

fn server() -> Server {
    Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .interceptor(Port)
}

/// Calls once; the port of the connection.
async fn call(client: &EchoClient) -> Result<u16> {
    let ctx = Context::background();
    let call = ctx.call();
    client.say(&call, EchoRequest::default()).await?;
    Ok(call
        .reply_headers()
        .get("x-port")
        .unwrap_or_default()
        .parse()?)
}

#[tokio::test]
async fn heads_that_do_not_come_in_time_end_the_connection() {
    let running = Running::start(server().header_timeout(SOON)).await;
    let half_head = b"POST /e2e.Echo/Say HTTP/1.1\r\nhost: x\r\n";
    for said in [&b""[..], b"P", b"PRI", &PREFACE[..23], b"GET", half_head] {
        let mut raw = Raw::connect(running.addr).await;
        raw.send(said).await;
        let answer = raw.closed().await;
        let text = String::from_utf8_lossy(&answer);
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 408 "),
            "{text}"
        );
    }
    // A drip is not better than silence.
    let mut raw = Raw::connect(running.addr).await;
    while raw.send(b"P").await {
        tokio::time::sleep(SOON / 4).await;
    }
}

#[tokio::test]
async fn a_preface_in_pieces_is_one() {
    let running = Running::start(server()).await;
    let mut raw = Raw::connect(running.addr).await;
    for byte in PREFACE {
        raw.send(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    raw.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
    assert_eq!(
        raw.next().await.map(|frame| frame.kind),
        Some(kind::SETTINGS)
    );
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone() {
    let running = Running::start(server().keepalive(SOON, SOON)).await;
    let mut dead = Raw::http2(running.addr).await;
    let mut pings = 0;
    while let Some(frame) = dead.next().await {
        pings += u32::from(frame.kind == kind::PING);
    }
    assert!(pings > 0);
    // One that does answer stays.
    let running = Running::start(server().keepalive(SOON, Duration::from_secs(20))).await;
    let alive = Http2::connect(running.addr).await;
    for _ in 0..3 {
        let mut exchange = alive.open(&head("/e2e.Echo/Say"), None).await;
        exchange.finish(say("hi"));
        assert_eq!(grpc::status(&exchange.answer().await.unwrap()).0, 0);
        tokio::time::sleep(SOON * 2).await;
    }
}

#[tokio::test]
async fn calls_go_on_while_connections_grow_old() {
    let running = Running::start(server().max_connection_age(SOON)).await;
    let client = running.client();
    let mut ports = BTreeSet::new();
    while ports.len() < 4 {
        let calls: Vec<_> = (0..8).map(|_| call(&client)).collect();
        for call in calls {
            ports.insert(call.await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_call_outlives_its_connections_age_until_the_grace_is_over() {
    for grace in [None, Some(SOON)] {
        // Long enough for what comes before.
        let mut server = server().max_connection_age(SOON * 20);
        if let Some(grace) = grace {
            server = server.max_connection_age_grace(grace);
        }
        let running = Running::start(server).await;
        let connection = Http2::connect(running.addr).await;
        let mut chat = connection.open(&head("/e2e.Echo/Chat"), None).await;
        chat.send(say("before"));
        let mut begun = chat.begun().await.unwrap();
        assert!(begun.data().await.unwrap().is_some());
        // Until the connection takes no more.
        while let Ok(mut next) = connection.try_open(&head("/e2e.Echo/Say"), None).await {
            next.finish(say("hi"));
            let _ = next.answer().await;
        }
        if grace.is_some() {
            assert!(begun.rest().await.is_err());
            continue;
        }
        begun.body.send_data(say("after").into(), true).unwrap();
        let answer = begun.rest().await.unwrap();
        assert_eq!(grpc::status(&answer).0, 0);
    }
}

#[tokio::test]
async fn a_connection_nobody_uses_is_closed_and_made_again() {
    let running = Running::start(server().max_connection_idle(SOON)).await;
    let mut idle = Raw::http2(running.addr).await;
    let goaway = loop {
        let frame = idle.next().await.expect("it is told before");
        if frame.kind == kind::GOAWAY {
            break frame;
        }
    };
    assert_eq!(goaway.payload[4..8], [0; 4], "NO_ERROR");
    let client = running.client();
    let mut ports = BTreeSet::new();
    while ports.len() < 3 {
        ports.insert(call(&client).await.unwrap());
        tokio::time::sleep(SOON * 3).await;
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait() {
    let running = Running::start(server().max_connections(1)).await;
    let first = Http2::connect(running.addr).await;
    let mut exchange = first.open(&head("/e2e.Echo/Say"), None).await;
    exchange.finish(say("hi"));
    exchange.answer().await.unwrap();
    let mut second = Raw::connect(running.addr).await;
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    second.send(request).await;
    let answer = tokio::time::timeout(SOON, second.0.readable()).await;
    assert!(answer.is_err(), "it is not its turn");
    drop(first);
    assert!(second.closed().await.starts_with(b"HTTP/1.1 404 "));
}

/// CVE-2023-44487.
#[tokio::test]
async fn streams_reset_at_once_end_the_connection() {
    let running = Running::start(server()).await;
    let mut raw = Raw::http2(running.addr).await;
    let block = frames::request("/e2e.Echo/Say");
    let mut flood = Vec::new();
    for stream in (1..200_001).step_by(2) {
        flood.extend(frame(kind::HEADERS, END_HEADERS, stream, &block));
        flood.extend(frame(kind::RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    raw.send(&flood).await;
    // ENHANCE_YOUR_CALM, unless what was sent after it broke the connection first.
    let reason = raw.goaway().await;
    assert!(matches!(reason, Some(11) | None), "{reason:?}");
    assert!(call(&running.client()).await.is_ok());
}

/// Header blocks that never end are cut off at the limit, whatever they are sent in.
#[tokio::test]
async fn a_flood_of_continuation_ends_the_connection() {
    let running = Running::start(server()).await;
    let mut raw = Raw::http2(running.addr).await;
    raw.send(&frame(
        kind::HEADERS,
        0,
        1,
        &frames::request("/e2e.Echo/Say"),
    ))
    .await;
    let more = frame(
        kind::CONTINUATION,
        0,
        1,
        &frames::field("x-more", &"x".repeat(100)),
    );
    let mut sent = 0;
    while sent < 100_000 && raw.send(&more).await {
        sent += 1;
    }
    assert!(sent < 100_000, "the server takes it all");
    assert!(call(&running.client()).await.is_ok());
}

/// Pings and settings are answered one by one; who does not read the answers is not read on.
#[tokio::test]
async fn floods_of_pings_and_settings_are_bounded() {
    let running = Running::start(server()).await;
    for flood in [
        frame(kind::PING, 0, 0, &[0; 8]),
        frame(kind::SETTINGS, 0, 0, &[]),
    ] {
        let mut raw = Raw::http2(running.addr).await;
        let batch = flood.repeat(1000);
        // Until the server takes no more: what it would say has filled the sockets both ways.
        while let Ok(true) = tokio::time::timeout(SOON * 5, raw.send(&batch)).await {}
        assert!(call(&running.client()).await.is_ok());
    }
}

#[tokio::test]
async fn a_window_holds_back_bodies_nobody_reads() {
    let running = Running::start(server().windows(100_000, 100_000)).await;
    let mut raw = Raw::http2(running.addr).await;
    let block = frames::request("/e2e.Echo/Chat");
    raw.send(&frame(kind::HEADERS, END_HEADERS, 1, &block))
        .await;
    let settings = raw.next().await.unwrap();
    assert_eq!(settings.kind, kind::SETTINGS);
    let window = settings.payload.chunks(6).find(|pair| pair[..2] == [0, 4]);
    assert_eq!(
        window.map(|pair| pair[2..].to_vec()),
        Some(100_000_u32.to_be_bytes().to_vec())
    );
    raw.send(&frame(kind::DATA, END_STREAM, 1, &[])).await;
}

/// A server that speaks HTTP/2 and then says nothing: connections it has taken.
async fn mute() -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let settings = frame(kind::SETTINGS, 0, 0, &[]);
            let _ = stream.write_all(&settings).await;
            kept.push(stream);
        }
    });
    (addr, task)
}

#[tokio::test]
async fn a_server_that_answers_no_ping_is_given_up() {
    let (addr, _task) = mute().await;
    let client = EchoClient::new(Channel::to(addr).keepalive(SOON, SOON));
    let error = call(&client).await.expect_err("nobody answers");
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().starts_with("connection: "),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn pings_leave_calls_alone_that_take_long() {
    let running = Running::start(server()).await;
    let channel = Channel::to(running.addr).keepalive(SOON / 4, Duration::from_secs(20));
    let ctx = Context::background();
    let hanging = EchoRequest {
        text: "hang".into(),
        ..EchoRequest::default()
    };
    let call = ctx.call().timeout(SOON * 5);
    let error = EchoClient::new(channel)
        .say(&call, hanging)
        .await
        .expect_err("it hangs");
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn connecting_has_a_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The system connects; the handshake of TLS gets no answer.
    let url = format!("https://{}", listener.local_addr().unwrap());
    let ca = ezrpc::ClientTls::new().ca(super::tls::an_authority());
    let channel = Channel::connect(&url)
        .unwrap()
        .tls(ca)
        .unwrap()
        .connect_timeout(SOON);
    let error = call(&EchoClient::new(channel))
        .await
        .expect_err("nobody answers");
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().contains("no connection within 40ms"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn what_is_advertised_is_registered() {
    for (advertised, registered) in [("127.0.0.1", None), ("localhost:80", Some("localhost:80"))] {
        let registry = Memory::new();
        let server = server().registry(registry.clone()).advertise(advertised);
        let bound = server.bind("0.0.0.0:0").await.unwrap();
        let expected = registered.map_or_else(
            || format!("127.0.0.1:{}", bound.local_addr().port()),
            str::to_owned,
        );
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(bound.serve_until(async { drop(stopped.await) }));
        let mut watch = ezrpc::discovery::Registry::watch(&registry, "e2e.Echo");
        let found = loop {
            let snapshot = watch.next().await.expect("a snapshot");
            if let Some(endpoint) = snapshot.first() {
                break endpoint.address.clone();
            }
        };
        assert_eq!(found, expected);
        drop(stop);
        task.await.unwrap().unwrap();
    }
    let nowhere = server().registry(Memory::new()).bind("0.0.0.0:0").await;
    let error = nowhere.map(|_| ()).expect_err("nobody can call it");
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(
        error.message().contains("Server::advertise"),
        "{}",
        error.message()
    );
    let bad = server()
        .registry(Memory::new())
        .advertise("a b")
        .bind("127.0.0.1:0")
        .await;
    assert_eq!(
        bad.map(|_| ()).map_err(|error| error.code()),
        Err(Code::InvalidArgument)
    );
}

/// Not a test by itself: the process with few sockets that the next test talks to.
#[tokio::test]
async fn serves_with_few_sockets() {
    if std::env::var_os("EZRPC_TEST_FEW").is_none() {
        return;
    }
    let bound = server().bind("127.0.0.1:0").await.unwrap();
    println!("\nlistening on {}", bound.local_addr());
    bound.serve().await.unwrap();
}

/// Out of sockets the server neither ends nor spins, and goes on when there are some again.
#[cfg(unix)]
#[tokio::test]
async fn a_server_out_of_sockets_goes_on_later() {
    let test = std::env::current_exe().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\""])
        .arg(test)
        .args(["--exact", "bounds::serves_with_few_sockets", "--nocapture"])
        .env("EZRPC_TEST_FEW", "1")
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
    let mut taken = Vec::new();
    for _ in 0..60 {
        taken.push(TcpStream::connect(addr).await.unwrap());
    }
    let mut last = Raw::connect(addr).await;
    last.send(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    let mut byte = [0];
    let early = tokio::time::timeout(SOON * 3, last.0.read(&mut byte)).await;
    assert!(early.is_err(), "there is no socket for it");
    drop(taken);
    assert!(last.closed().await.starts_with(b"HTTP/1.1 404 "));
    for _ in 0..60 {
        let answer = Request::json("/e2e.Echo/Say", "{}").http1(addr).await;
        assert_eq!(answer.status, 200);
    }
}
