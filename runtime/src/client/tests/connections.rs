//! Connections: made when needed, made again, one per runtime, shared.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::fixture::*;
use crate::client::Channel;
use crate::context::Context;
use crate::error::{Code, Result};

#[tokio::test]
async fn nothing_is_connected_before_the_first_call_and_one_connection_serves_all() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::to(listener.local_addr().unwrap());
    let (echo, _events) = Echo::new("counted");
    let service = Arc::new(echo);
    let mut accepted = 0;
    let calls = async {
        let ctx = Context::background();
        let clones = [channel.clone(), channel.clone(), channel];
        let hello = |at: usize| say(&clones[at], &ctx, "hello");
        let all: [Result<Text>; 3] = tokio::join!(hello(0), hello(1), hello(2)).into();
        assert!(all.iter().all(Result::is_ok), "{all:?}");
    };
    let accepting = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            accepted += 1;
            tokio::spawn(super::foreign::serve_connection(
                stream,
                Arc::clone(&service),
            ));
        }
    };
    tokio::select! {
        () = calls => {}
        () = accepting => {}
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn the_last_channel_takes_its_connection_along() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::to(listener.local_addr().unwrap());
    let (echo, _events) = Echo::new("once");
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        super::foreign::serve_connection(stream, Arc::new(echo)).await;
    });
    say(&channel, &Context::background(), "hello")
        .await
        .unwrap();
    drop(channel);
    serving.await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_on_its_port_is_found_again() {
    let server = Served::named("first").await;
    let channel = server.channel();
    let ctx = Context::background();
    assert_eq!(say(&channel, &ctx, "name").await.unwrap(), text("first"));
    let address = server.stop().await;

    let refused = say(&channel, &ctx, "name").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);

    let (echo, events) = Echo::new("second");
    let _second = Served::serve(echo, events, address).await;
    // A method that may be repeated does not see that the old connection has gone.
    let name: Text = channel
        .unary(ECHO.method(4), &ctx, text("name"))
        .await
        .unwrap();
    assert_eq!(name, text("second"));
}

#[tokio::test]
async fn a_request_no_server_has_taken_is_sent_again() {
    // Each connection refuses its first request in another way, then a good server answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::to(listener.local_addr().unwrap());
    let (echo, _events) = Echo::new("third");
    let serving = async {
        super::foreign::refuse_stream(listener.accept().await.unwrap().0).await;
        super::foreign::go_away(listener.accept().await.unwrap().0).await;
        let (stream, _) = listener.accept().await.unwrap();
        super::foreign::serve_connection(stream, Arc::new(echo)).await;
    };
    let ctx = Context::background();
    tokio::select! {
        name = say(&channel, &ctx, "name") => assert_eq!(name.unwrap(), text("third")),
        () = serving => panic!("the connection ended before the reply"),
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_seen_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::to(listener.local_addr().unwrap());
    let ctx = Context::background();
    let breaking = async {
        let mut requests = 0;
        loop {
            requests += super::foreign::break_off(listener.accept().await.unwrap().0).await;
            if requests == 4 {
                break requests;
            }
        }
    };
    let calls = async {
        // Not repeatable: one request, one failure. Then a repeatable one: three requests.
        let once = code(say(&channel, &ctx, "hello").await);
        let read: Result<Text> = channel.unary(ECHO.method(4), &ctx, text("hello")).await;
        (once, code(read))
    };
    let (requests, codes) = tokio::join!(breaking, calls);
    assert_eq!(codes, (Code::Unavailable, Code::Unavailable));
    assert_eq!(requests, 4);
}

#[tokio::test]
async fn a_repeatable_call_is_repeated_until_its_reply_is_complete() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::to(listener.local_addr().unwrap());
    let (echo, _events) = Echo::new("third");
    tokio::spawn(async move {
        super::foreign::break_off_late(listener.accept().await.unwrap().0).await;
        super::foreign::break_off_late(listener.accept().await.unwrap().0).await;
        let (stream, _) = listener.accept().await.unwrap();
        super::foreign::serve_connection(stream, Arc::new(echo)).await;
    });
    let ctx = Context::background();
    assert_eq!(code(say(&channel, &ctx, "name").await), Code::Unavailable);
    let read: Result<Text> = channel.unary(ECHO.method(4), &ctx, text("name")).await;
    assert_eq!(read.unwrap(), text("third"));
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let channel = Channel::connect(&format!("http://{address}/")).unwrap();
    let error = say(&channel, &Context::background(), "hello")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let start = format!("cannot reach {address}: ");
    assert!(error.message().starts_with(&start), "{error:?}");
    for bad in [
        "",
        "host",
        "http://host",
        "ftp://host:1",
        "host:port",
        ":80",
    ] {
        assert_eq!(code(Channel::connect(bad)), Code::InvalidArgument, "{bad}");
    }
}

#[test]
fn a_process_wide_channel_outlives_runtimes() {
    let server_runtime = tokio::runtime::Runtime::new().unwrap();
    let server = server_runtime.block_on(Served::start());
    let channel = server.channel();
    let call = |channel: &Channel| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let ctx = Context::background();
            for _ in 0..10 {
                assert_eq!(say(channel, &ctx, "hello").await.unwrap(), text("hello"));
            }
        });
    };
    // One after the other, then ten at a time.
    call(&channel);
    call(&channel);
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| call(&channel));
        }
    });
}

#[test]
fn a_call_outside_a_runtime_is_an_error_no_panic() {
    let (echo, _events) = Echo::new("local");
    let ctx = Context::background();
    let limited = ctx.call().timeout(std::time::Duration::from_secs(9));
    let remote = Channel::connect("127.0.0.1:1").unwrap();
    let local = Channel::local(echo);
    for (channel, ctx, expected) in [
        (&remote, &ctx, Err(Code::Internal)),
        (&local, &limited, Err(Code::Internal)),
        (&local, &ctx, Ok(text("hello"))),
    ] {
        let mut call = std::pin::pin!(say(channel, ctx, "hello"));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(result) = call.as_mut().poll(&mut cx) else {
            panic!("nothing to wait for");
        };
        assert_eq!(result.map_err(|error| error.code()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_connections_and_answers_nothing_is_not_stormed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::to(listener.local_addr().unwrap());
    let ctx = Context::background();
    let mut accepted = 0;
    let accepting = async {
        loop {
            drop(listener.accept().await.unwrap());
            accepted += 1;
        }
    };
    let calling = async {
        let start = tokio::time::Instant::now();
        while start.elapsed() < std::time::Duration::from_secs(60) {
            assert_eq!(code(say(&channel, &ctx, "hello").await), Code::Unavailable);
            // A call fails at once while the endpoint is left alone, and time passes only while all wait.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = accepting => {}
        () = calling => {}
    }
    assert!((10..100).contains(&accepted), "{accepted}");
}
