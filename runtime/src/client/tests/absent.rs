//! Calls that find nobody: how long they wait, for what, and what they are told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::fixture::*;
use crate::client::Channel;
use crate::context::Context;
use crate::discovery::{
    BoxFuture, Endpoint, Fixed, Memory, Publisher, Registration, Registry, Snapshot, Watch,
};
use crate::error::{Code, Result};

static CHANNEL: Channel = Channel::discover("test.v1.Echo");
const HELP: &str = "; choose another registry with EZRPC_REGISTRY (memory, fixed:<service>=<host:port>,.., consul://<host:port>), \
                    ezrpc::set_default_registry or Context::with_registry";

/// A registry whose watches a test feeds by hand.
#[derive(Clone, Default)]
struct ByHand(Arc<Mutex<Vec<Publisher>>>);

impl ByHand {
    fn feed(&self, feed: impl Fn(&Publisher)) {
        self.0.lock().unwrap().iter().for_each(feed);
    }
}

impl Registry for ByHand {
    fn register(&self, _: Registration) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    fn deregister<'a>(&'a self, _: &'a str, _: &'a Endpoint) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async { Ok(Snapshot::new([])) })
    }
    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn watch(&self, _: &str) -> Watch {
        let (publisher, watch) = Watch::channel();
        self.0.lock().unwrap().push(publisher);
        watch
    }
    fn describe(&self) -> String {
        "by hand".into()
    }
}

fn endpoint(server: &Served) -> Endpoint {
    Endpoint::new(server.address.to_string())
}

#[tokio::test]
async fn item_01_the_last_instance_goes_and_calls_wait_for_the_next() {
    let memory = Memory::new();
    let ctx = Context::background().with_registry(memory.clone());
    let registration = |server: &Served| Registration::new(ECHO.name(), endpoint(server));
    let one = Served::named("one").await;
    memory.register(registration(&one)).await.unwrap();
    assert_eq!(say(&CHANNEL, &ctx, "name").await.unwrap(), text("one"));

    let gone = endpoint(&one);
    memory.deregister(ECHO.name(), &gone).await.unwrap();
    let fast = CHANNEL.clone().fail_fast();
    assert_eq!(code(say(&fast, &ctx, "name").await), Code::Unavailable);

    let two = Served::named("two").await;
    let (name, ()) = tokio::join!(say(&CHANNEL, &ctx, "name"), async {
        memory.register(registration(&two)).await.unwrap();
    });
    assert_eq!(name.unwrap(), text("two"));
}

#[tokio::test]
async fn item_05_a_call_may_come_before_the_registry_answers() {
    let registry = ByHand::default();
    let ctx = Context::background().with_registry(registry.clone());
    let server = Served::named("late").await;
    let fast = CHANNEL.clone().fail_fast();
    // Who does not wait for instances waits for the registry.
    let (name, other, ()) = tokio::join!(
        say(&CHANNEL, &ctx, "name"),
        say(&fast, &ctx, "name"),
        async {
            registry.feed(|watch| watch.failing("starting"));
            registry.feed(|watch| watch.publish(Snapshot::from([endpoint(&server)])));
        }
    );
    assert_eq!(name.unwrap(), text("late"));
    assert_eq!(other.unwrap(), text("late"));
}

#[tokio::test(start_paused = true)]
async fn item_05_a_call_waits_until_its_deadline_or_five_seconds() {
    let ctx = Context::background().with_registry(Memory::new());
    let start = Instant::now();
    let error = say(&CHANNEL, &ctx, "hello").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let expected = "no endpoint of test.v1.Echo: registry `memory` knows 0 of it, also after 5s";
    assert_eq!(error.message(), format!("{expected}{HELP}"));
    assert_eq!(start.elapsed().as_secs(), 5);

    let registry = ByHand::default();
    let ctx = Context::background().with_registry(registry.clone());
    let limited = ctx.call().timeout(Duration::from_millis(300));
    let (error, ()) = tokio::join!(say(&CHANNEL, &limited, "hello"), async {
        registry.feed(|watch| watch.failing("connection refused"));
    });
    let error = error.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    let expected = "no endpoint of test.v1.Echo: registry `by hand` has not answered (and does not answer \
                    now: connection refused), also after 30";
    assert!(error.message().starts_with(expected), "{}", error.message());

    // Nothing can come of a list that is over.
    let fixed = Fixed::new().service("other.Service", "127.0.0.1:1");
    let ctx = Context::background().with_registry(fixed);
    let start = Instant::now();
    assert_eq!(code(say(&CHANNEL, &ctx, "hello").await), Code::Unavailable);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn item_06_the_error_says_how_many_were_known_passing_and_left() {
    let registry = ByHand::default();
    let ctx = Context::background().with_registry(registry.clone());
    let fast = CHANNEL.clone().fail_fast();
    let (error, ()) = tokio::join!(say(&fast, &ctx, "hello"), async {
        registry.feed(|watch| watch.publish(Snapshot::new([]).out_of(3, 1)));
    });
    let expected = "no endpoint of test.v1.Echo: registry `by hand` knows 3 of it, 1 passing, 0 left after filters";
    assert_eq!(error.unwrap_err().message(), format!("{expected}{HELP}"));
}
