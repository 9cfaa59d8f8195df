//! One call to every instance.

use super::fixture::*;
use crate::client::{Balance, Channel};
use crate::context::Context;
use crate::discovery::Fixed;
use crate::error::{Code, Result};
use crate::stream::Streaming;

static CHANNEL: Channel = Channel::discover("test.v1.Echo");

#[tokio::test]
async fn every_instance_gets_the_call_and_the_first_one_answers() {
    let mut servers = Vec::new();
    for name in ["one", "two", "three"] {
        servers.push(Served::named(name).await);
    }
    servers.sort_by_key(|server| server.address.to_string());
    let fixed = servers.iter().fold(Fixed::new(), |fixed, server| {
        fixed.all(server.address.to_string())
    });
    let ctx = Context::background().with_registry(fixed);
    let channel = CHANNEL.clone().balance(Balance::Broadcast);
    let first = Channel::to(servers[0].address);
    let expected = say(&first, &ctx, "name").await.unwrap();
    assert_eq!(say(&channel, &ctx, "name").await.unwrap(), expected);

    // All are reached at the same time: each begins before any has ended.
    let (call, ()) = tokio::join!(
        async {
            let limited = ctx.call().timeout(std::time::Duration::from_secs(5));
            tokio::select! {
                reply = say(&channel, &limited, "hang") => panic!("{reply:?}"),
                () = async {
                    for server in &mut servers {
                        assert_eq!(server.events.recv().await, Some(Event::Hanging));
                    }
                } => {}
            }
        },
        async {}
    );
    let () = call;

    let call = ctx.call();
    let error = say(&channel, &call, "fail").await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::NotFound, "NO_TEXT"));
    let all: Vec<String> = servers
        .iter()
        .map(|server| format!("{}: no such text", server.address))
        .collect();
    let expected = format!("3 of 3 instances failed: {}", all.join("; "));
    assert_eq!(error.message(), expected);
    // Addresses are nobody's business outside.
    assert_eq!(error.public_message(), "not found");
}

#[tokio::test]
async fn one_that_fails_is_named() {
    let alive = Served::named("alive").await;
    let gone = Served::named("gone").await.stop().await;
    let fixed = Fixed::new()
        .all(alive.address.to_string())
        .all(gone.to_string());
    let ctx = Context::background().with_registry(fixed);
    let channel = CHANNEL.clone().balance(Balance::Broadcast);
    let error = say(&channel, &ctx, "name").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let expected =
        format!("1 of 2 instances failed: {gone}: cannot reach test.v1.Echo at {gone}: ");
    assert!(
        error.message().starts_with(&expected),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn who_has_not_answered_in_time_is_named() {
    let alive = Served::named("alive").await;
    // Takes connections and says nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap();
    for (what, late) in [("hang", alive.address), ("name", silent)] {
        let fixed = Fixed::new()
            .all(alive.address.to_string())
            .all(silent.to_string());
        let ctx = Context::background().with_registry(fixed);
        let channel = CHANNEL.clone().balance(Balance::Broadcast);
        let call = ctx.call().timeout(std::time::Duration::from_millis(100));
        let error = say(&channel, &call, what).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
        let message = error.message();
        assert!(message.contains(" of 2 instances failed: "), "{message}");
        assert!(message.contains(&format!("{late}: ")), "{message}");
    }
}

#[tokio::test]
async fn streams_are_refused() {
    let server = Served::start().await;
    let fixed = Fixed::new().all(server.address.to_string());
    let ctx = Context::background().with_registry(fixed);
    let channel = CHANNEL.clone().balance(Balance::Broadcast);
    let numbers = Streaming::from_iter([number(1)]);
    let sum: Result<Text> = channel
        .client_streaming(ECHO.method(2), &ctx, numbers)
        .await;
    assert_eq!(code(sum), Code::FailedPrecondition);
    let error = count(&channel, &ctx, number(1)).await.unwrap_err();
    assert_eq!(
        error.message(),
        "the channel broadcasts, and only unary calls can be: streams of many instances do not join into one; call \
         through a channel of another Balance"
    );
    // A service in this process is all instances there are.
    let (echo, _events) = Echo::new("local");
    let local = Channel::local(echo).balance(Balance::Broadcast);
    assert_eq!(say(&local, &ctx, "name").await.unwrap(), text("local"));
}
