//! Instances that fail calls: what counts against them, for how long, and how often calls are sent again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::time::{Instant, advance};

use super::calls::Once;
use super::fixture::*;
use crate::client::Channel;
use crate::client::endpoint::Node;
use crate::client::group::Group;
use crate::client::transport::Transport;
use crate::context::Context;
use crate::discovery::Fixed;
use crate::error::{Code, Error, Result};
use crate::stream::Streaming;

static CHANNEL: Channel = Channel::discover("test.v1.Echo");

/// A server that resets the stream of each request, and counts them.
async fn resetting() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    counted.fetch_add(1, Ordering::Relaxed);
                    respond.send_reset(h2::Reason::INTERNAL_ERROR);
                }
            });
        }
    });
    (address, requests)
}

/// A server that greets and then says nothing, and counts its connections.
async fn mute() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            // Frozen from the second connection on.
            if counted.fetch_add(1, Ordering::Relaxed) == 0 {
                stream
                    .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
                    .await
                    .unwrap();
            }
            kept.push(stream);
        }
    });
    (address, connections)
}

fn found_at(addresses: &[SocketAddr]) -> Context {
    let fixed = addresses.iter().fold(Fixed::new(), |fixed, address| {
        fixed.all(address.to_string())
    });
    Context::background().with_registry(fixed)
}

/// The only instance that calls of this context find.
fn node(ctx: &Context) -> Arc<Node> {
    let group = ctx.clients().unwrap().group(ECHO.name(), None);
    Arc::clone(&group.current().unwrap().list()[0])
}

#[tokio::test(start_paused = true)]
async fn who_fails_five_in_a_row_gets_no_calls_for_a_while() {
    let (bad, requests) = resetting().await;
    let good = [Served::start().await, Served::start().await];
    let ctx = found_at(&[bad, good[0].address, good[1].address]);
    let mut failed = 0;
    for _ in 0..1000 {
        failed += usize::from(say(&CHANNEL, &ctx, "hello").await.is_err());
        advance(Duration::from_millis(1)).await;
    }
    // It was asked five times, and then left alone for more than a second.
    assert_eq!((failed, requests.load(Ordering::Relaxed)), (5, 5));
    // Tried again, it fails at once; and is left alone for longer.
    advance(Duration::from_secs(7)).await;
    for _ in 0..1000 {
        failed += usize::from(say(&CHANNEL, &ctx, "hello").await.is_err());
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(failed, 6);
}

#[tokio::test]
async fn half_of_them_are_asked_whatever_they_do() {
    let (one, first) = resetting().await;
    let (two, second) = resetting().await;
    let ctx = found_at(&[one, two]);
    for _ in 0..100 {
        let error = say(&CHANNEL, &ctx, "hello").await.unwrap_err();
        // Their own error, not that there is nobody.
        assert_eq!(error.code(), Code::Internal);
    }
    let counts = [&first, &second].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counts[0] + counts[1], 100);
    assert!(counts.iter().max() > Some(&80), "{counts:?}");
}

#[test]
fn of_two_that_fail_at_once_one_is_left() {
    for _ in 0..200 {
        let fixed = Fixed::new().all("127.0.0.1:1").all("127.0.0.1:2");
        let group = Group::discovered(ECHO.name(), Arc::new(fixed), Transport::default());
        let group = Arc::new(group);
        let nodes = group.current().unwrap();
        let barrier = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for node in nodes.list() {
                scope.spawn(|| {
                    barrier.wait();
                    group.eject(node);
                });
            }
        });
        let now = crate::client::clock::now();
        let ejected = |node: &&Arc<Node>| node.health.is_ejected(now);
        assert_eq!(nodes.list().iter().filter(ejected).count(), 1);
    }
}

#[tokio::test]
async fn errors_of_the_service_are_answers() {
    let server = Served::start().await;
    let ctx = found_at(&[server.address]);
    for _ in 0..20 {
        assert_eq!(code(say(&CHANNEL, &ctx, "fail").await), Code::NotFound);
    }
    // The caller's own stream fails: no fault of the server's.
    for _ in 0..20 {
        let own = Streaming::new(Once(Some(Err(Error::data_loss("disk")))));
        let sum: Result<Text> = CHANNEL.client_streaming(ECHO.method(2), &ctx, own).await;
        assert_eq!(code(sum), Code::DataLoss);
    }
    assert!(!node(&ctx).health.failed());
}

#[tokio::test]
async fn retries_have_a_budget() {
    let (bad, requests) = resetting().await;
    let channel = Channel::to(bad);
    let ctx = Context::background();
    let calls = 20;
    for _ in 0..calls {
        // A method that may be repeated.
        let read: Result<Text> = channel.unary(ECHO.method(4), &ctx, text("hello")).await;
        assert_eq!(code(read), Code::Internal);
    }
    // 10 at first, and one for five calls.
    assert_eq!(requests.load(Ordering::Relaxed), calls + 10 + calls / 5);
}

#[tokio::test]
async fn a_refused_stream_costs_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::to(listener.local_addr().unwrap());
    let mut calls = 0;
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            calls += 1;
            respond.send_reset(h2::Reason::REFUSED_STREAM);
        }
    };
    let ctx = Context::background();
    tokio::select! {
        said = say(&channel, &ctx, "hello") => assert_eq!(code(said), Code::Unavailable),
        () = serving => panic!("the connection ended"),
    }
    // All attempts, on one connection.
    assert_eq!(calls, 5);
}

#[tokio::test]
async fn a_server_says_how_many_streams_it_takes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ctx = found_at(&[listener.local_addr().unwrap()]);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut builder = h2::server::Builder::new();
        let builder = builder.max_concurrent_streams(3);
        let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let _ = respond.send_response(Response::new(()), true);
        }
    });
    let slot = |ctx: &Context| node(ctx).slot(Handle::current().id());
    assert_eq!(slot(&ctx).streams(), u32::MAX);
    // No answer of gRPC's, but one.
    assert_eq!(code(say(&CHANNEL, &ctx, "hello").await), Code::Unknown);
    assert_eq!(slot(&ctx).streams(), 3);
}

#[tokio::test]
async fn a_retry_goes_elsewhere() {
    let (bad, requests) = resetting().await;
    let good = Served::named("good").await;
    let ctx = found_at(&[bad, good.address]);
    for _ in 0..20 {
        let name: Text = CHANNEL
            .unary(ECHO.method(4), &ctx, text("name"))
            .await
            .unwrap();
        assert_eq!(name, text("good"));
    }
    assert!(requests.load(Ordering::Relaxed) <= 5);
}

#[tokio::test]
async fn item_19_a_cancel_does_not_count_against_an_instance() {
    let mut servers = [Served::start().await, Served::start().await];
    let ctx = found_at(&[servers[0].address, servers[1].address]);
    let limited = ctx.call().timeout(Duration::from_secs(60));
    for ctx in [&ctx, &limited] {
        for _ in 0..10 {
            let [one, two] = &mut servers;
            tokio::select! {
                reply = say(&CHANNEL, ctx, "hang") => panic!("{reply:?}"),
                // The handler has begun; then the caller loses patience.
                _ = one.events.recv() => {}
                _ = two.events.recv() => {}
            }
        }
    }
    let group = ctx.clients().unwrap().group(ECHO.name(), None);
    for node in group.current().unwrap().list() {
        let now = crate::client::clock::now();
        assert_eq!((node.load(), node.health.latency(now)), (0, 0));
        assert!(!node.health.failed());
    }
}

#[tokio::test]
async fn item_18_deadlines_over_before_the_call_trip_nothing_and_who_recovers_is_used_again() {
    let server = Served::start().await;
    let ctx = found_at(&[server.address]);
    say(&CHANNEL, &ctx, "hello").await.unwrap();
    for _ in 0..20 {
        let call = ctx.call().timeout(Duration::ZERO);
        let late = say(&CHANNEL, &call, "hello").await;
        assert_eq!(code(late), Code::DeadlineExceeded);
    }
    let (node, now) = (node(&ctx), crate::client::clock::now());
    assert!(!node.health.failed());
    // Left alone for a while, not for longer than it fails.
    node.health.eject(now);
    assert!(node.health.is_ejected(now));
    say(&CHANNEL, &ctx, "hello").await.unwrap();
    assert!(!node.health.is_ejected(now));
}

#[tokio::test]
async fn a_request_stream_that_is_fed_nothing_does_not_count_against_an_instance() {
    let server = Served::start().await;
    let ctx = found_at(&[server.address]);
    say(&CHANNEL, &ctx, "hello").await.unwrap();
    let calls = (0..5).map(|_| async {
        let (_feed, numbers) = Streaming::<Text>::channel(1);
        let call = ctx.call().timeout(Duration::from_millis(50));
        let method = ECHO.method(2);
        let sum: Result<Text> = CHANNEL.client_streaming(method, &call, numbers).await;
        assert_eq!(code(sum), Code::DeadlineExceeded);
    });
    for call in calls {
        call.await;
    }
    assert!(!node(&ctx).health.failed());
}

#[tokio::test(start_paused = true)]
async fn item_19_a_deadline_that_passes_counts_as_slow() {
    let (bad, _) = mute().await;
    let good = Served::start().await;
    let ctx = found_at(&[bad, good.address]);
    let mut slow = 0;
    for _ in 0..50 {
        let call = ctx.call().timeout(Duration::from_secs(1));
        slow += usize::from(say(&CHANNEL, &call, "hello").await.is_err());
    }
    assert!((1..5).contains(&slow), "{slow}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_freezes_gets_no_calls_after_interval_and_timeout() {
    let (frozen, connections) = mute().await;
    let good = Served::start().await;
    let ctx = found_at(&[frozen, good.address]);
    let channel = CHANNEL.clone().balance(crate::client::Balance::RoundRobin);
    let deadline = Duration::from_secs(1);
    let (start, mut last_failed) = (Instant::now(), Duration::ZERO);
    let mut failed = 0;
    while start.elapsed() < Duration::from_secs(60) {
        let began = Instant::now();
        let call = ctx.call().timeout(deadline);
        if say(&channel, &call, "hello").await.is_err() {
            last_failed = start.elapsed();
            failed += 1;
        }
        // No call takes longer than its deadline.
        assert!(
            began.elapsed() <= deadline + Duration::from_millis(2),
            "{:?}",
            began.elapsed()
        );
        advance(Duration::from_millis(50)).await;
    }
    assert!(
        failed > 0 && last_failed <= Duration::from_secs(16),
        "{failed} {last_failed:?}"
    );
    // It was tried again, and took the connection, but did not greet.
    assert!(connections.load(Ordering::Relaxed) > 1);
}
