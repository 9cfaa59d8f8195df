//! Discovered channels with settings of their own, and instances that are slow, new, or not there.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{Instant, advance};

use super::fixture::*;
use crate::client::{Balance, Channel};
use crate::context::Context;
use crate::discovery::{Endpoint, Fixed, Memory, Registration, Registry};
use crate::error::{Code, Result};

static CHANNEL: Channel = Channel::discover("test.v1.Echo");

async fn register(memory: &Memory, address: impl ToString) {
    let endpoint = Endpoint::new(address.to_string());
    let registration = Registration::new(ECHO.name(), endpoint);
    memory.register(registration).await.unwrap();
}

/// Three servers and the context that finds them.
async fn three() -> (Memory, Context, [Served; 3]) {
    let memory = Memory::new();
    let servers = [
        Served::named("a").await,
        Served::named("b").await,
        Served::named("c").await,
    ];
    for server in &servers {
        register(&memory, server.address).await;
    }
    let ctx = Context::background().with_registry(memory.clone());
    (memory, ctx, servers)
}

#[tokio::test]
async fn channels_of_the_same_settings_share_connections() {
    let (_memory, ctx, _servers) = three().await;
    let clients = ctx.clients().unwrap();
    say(&CHANNEL.clone().balance(Balance::RoundRobin), &ctx, "name")
        .await
        .unwrap();
    let group = |channel: &Channel| clients.group(ECHO.name(), channel.options.means.as_deref());
    let default = group(&CHANNEL);
    assert!(Arc::ptr_eq(&default, &group(&Channel::discovered(&ECHO))));
    assert!(Arc::ptr_eq(
        &default,
        &group(&CHANNEL.clone().slow_start(Duration::ZERO))
    ));
    let second = Duration::from_secs(1);
    let own = || CHANNEL.clone().keepalive(second, second);
    assert!(!Arc::ptr_eq(&default, &group(&own())));
    assert!(Arc::ptr_eq(&group(&own()), &group(&own())));
    // Zero is off, not all the time.
    let off = group(&CHANNEL.clone().keepalive(Duration::ZERO, second));
    assert_eq!(off.transport().keepalive, None);
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn groups_with_tls_live_as_long_as_their_channel() {
    use std::sync::Weak;

    use crate::client::transport::Transport;

    let ctx = Context::background().with_registry(Memory::new());
    let clients = ctx.clients().unwrap();
    let group = |channel: &Channel| {
        Arc::downgrade(&clients.group(ECHO.name(), channel.options.means.as_deref()))
    };
    let new = || {
        let mut channel = CHANNEL.clone();
        let transport = Transport::default().with_default_tls();
        channel.options.means = Some(Arc::new(transport.into()));
        channel
    };
    let (one, other) = (new(), new());
    let of_one = group(&one);
    assert!(!Weak::ptr_eq(&of_one, &group(&other)));
    let copy = one.clone();
    assert!(Weak::ptr_eq(&of_one, &group(&copy)));
    drop(one);
    assert!(Weak::ptr_eq(&of_one, &group(&copy)));
    drop(copy);
    assert_eq!(of_one.strong_count(), 0);
    assert_eq!(group(&other).strong_count(), 1);
}

#[tokio::test]
async fn a_key_goes_to_one_instance_and_turns_to_all() {
    let (_memory, ctx, _servers) = three().await;
    let hashed = CHANNEL.clone().balance(Balance::ConsistentHash);
    let mut met = std::collections::BTreeSet::new();
    for user in 0..20 {
        let call = ctx.call().key(format!("user {user}"));
        let first = say(&hashed, &call, "name").await.unwrap();
        for _ in 0..3 {
            assert_eq!(say(&hashed, &call, "name").await.unwrap(), first);
        }
        met.insert(first.text);
    }
    assert_eq!(met.len(), 3);

    let turns = CHANNEL.clone().balance(Balance::RoundRobin);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..30 {
        let name = say(&turns, &ctx, "name").await.unwrap().text;
        *counts.entry(name).or_insert(0) += 1;
    }
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_new_instance_takes_calls_within_a_second() {
    let (memory, ctx, _servers) = three().await;
    let name = || say(&CHANNEL, &ctx, "name");
    for _ in 0..20 {
        name().await.unwrap();
    }
    let new = Served::named("new").await;
    register(&memory, new.address).await;
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(1) {
        calls += usize::from(name().await.unwrap() == text("new"));
        advance(Duration::from_millis(1)).await;
    }
    assert!((1..200).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_swallows_connections_delays_no_call_of_a_busy_channel() {
    // The system takes the connection, and nobody ever looks at it: as with a frozen process.
    let frozen = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (memory, ctx, _servers) = three().await;
    say(&CHANNEL, &ctx, "name").await.unwrap();
    register(&memory, frozen.local_addr().unwrap()).await;
    for _ in 0..200 {
        let start = Instant::now();
        say(&CHANNEL, &ctx, "name").await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(10));
        advance(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_call_does_not_wait_for_one_that_swallows_connections() {
    for _ in 0..10 {
        let frozen = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Served::named("alive").await;
        let memory = Memory::new();
        register(&memory, frozen.local_addr().unwrap()).await;
        register(&memory, server.address).await;
        let ctx = Context::background().with_registry(memory.clone());
        let start = Instant::now();
        let limited = ctx.call().timeout(Duration::from_secs(2));
        assert_eq!(
            say(&CHANNEL, &limited, "name").await.unwrap(),
            text("alive")
        );
        assert!(start.elapsed() < Duration::from_millis(300));
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_waits_for_a_connection_longer_than_its_deadline() {
    let frozen = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = frozen.local_addr().unwrap();
    let ctx = Context::background().timeout(Duration::from_secs(1));
    let start = Instant::now();
    let error = say(&Channel::to(address), &ctx, "hello").await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(
        error.message(),
        format!("cannot reach {address}: no connection until the deadline of the call")
    );
    assert!(start.elapsed() < Duration::from_millis(1010));
    // Without one, as long as connecting may take.
    let channel = Channel::to(address).connect_timeout(Duration::from_secs(3));
    let error = say(&channel, &Context::background(), "hello")
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Code::Unavailable,
            &*format!("cannot reach {address}: no connection within 3s")
        )
    );
}

#[tokio::test]
async fn item_17_the_schema_limits_calls_of_discovered_channels_too() {
    let (_memory, ctx, _servers) = three().await;
    let hurry: Result<Text> = CHANNEL.unary(ECHO.method(5), &ctx, text("hang")).await;
    assert_eq!(code(hurry), Code::DeadlineExceeded);
    // `none` in the schema: the channel's limit does not count.
    let short = CHANNEL.clone().timeout(Duration::from_millis(1));
    let patient: Text = short
        .unary(ECHO.method(6), &ctx, text("left"))
        .await
        .unwrap();
    assert_eq!(patient.number, -1);
}

#[tokio::test]
async fn item_21_ipv6_addresses_are_addresses() {
    let (echo, events) = Echo::new("six");
    let Ok(free) = TcpListener::bind("[::1]:0").await else {
        eprintln!("skipped: no IPv6 on this machine");
        return;
    };
    let address = free.local_addr().unwrap();
    drop(free);
    let _server = Served::serve(echo, events, address).await;
    let fixed = Fixed::parse(&format!("test.v1.Echo=[::1]:{}", address.port())).unwrap();
    let ctx = Context::background().with_registry(fixed);
    assert_eq!(say(&CHANNEL, &ctx, "name").await.unwrap(), text("six"));
}
