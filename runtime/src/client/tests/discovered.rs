//! Clients that find their servers in a registry.

use super::fixture::*;
use crate::client::Channel;
use crate::context::Context;
use crate::discovery::{Endpoint, Fixed, Memory, Registration, Registry, set_default_registry};
use crate::error::Code;

/// As generated code holds it.
static CHANNEL: Channel = Channel::discovered(&ECHO);

#[tokio::test]
async fn a_context_carries_its_registry() {
    let (echo, _events) = Echo::new("fake");
    let ctx = Context::background().with_registry(Memory::new().with_service(echo));
    assert_eq!(say(&CHANNEL, &ctx, "name").await.unwrap(), text("fake"));
    let server = Served::named("server").await;
    let fixed = Fixed::new().all(server.address.to_string());
    let other = Context::background().with_registry(fixed);
    assert_eq!(say(&CHANNEL, &other, "name").await.unwrap(), text("server"));
    // Derived contexts go the same way.
    assert_eq!(
        say(&CHANNEL, &ctx.call(), "name").await.unwrap(),
        text("fake")
    );
}

#[tokio::test]
async fn a_service_of_this_process_calls_on_by_its_callers_registry() {
    let (inner, _events) = Echo::new("inner");
    let (outer, _events) = Echo::new("outer");
    // `outer` calls through the discovered channel, whose registry only the test's context knows.
    let registry = Memory::new().with_service(inner);
    let ctx = Context::background().with_registry(registry);
    let outer = Channel::local(outer.calling(CHANNEL.clone()));
    assert_eq!(say(&outer, &ctx, "again").await.unwrap(), text("end"));
}

#[tokio::test]
async fn what_the_registry_says_later_counts() {
    let memory = Memory::new();
    let ctx = Context::background().with_registry(memory.clone());
    let channel = CHANNEL.clone().fail_fast();
    let name = || say(&channel, &ctx, "name");
    assert_eq!(code(name().await), Code::Unavailable);

    let one = Served::named("one").await;
    let two = Served::named("two").await;
    let endpoint = |server: &Served| Endpoint::new(server.address.to_string());
    memory
        .register(Registration::new(ECHO.name(), endpoint(&one)))
        .await
        .unwrap();
    assert_eq!(name().await.unwrap(), text("one"));
    memory
        .register(Registration::new(ECHO.name(), endpoint(&two)))
        .await
        .unwrap();
    memory
        .deregister(ECHO.name(), &endpoint(&one))
        .await
        .unwrap();
    assert_eq!(name().await.unwrap(), text("two"));
    memory
        .deregister(ECHO.name(), &endpoint(&two))
        .await
        .unwrap();
    assert_eq!(code(name().await), Code::Unavailable);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_costs_no_call() {
    let memory = Memory::new();
    let ctx = Context::background().with_registry(memory.clone());
    let alive = Served::named("alive").await;
    let gone = Served::named("gone").await.stop().await;
    for address in [alive.address, gone] {
        let endpoint = Endpoint::new(address.to_string());
        memory
            .register(Registration::new(ECHO.name(), endpoint))
            .await
            .unwrap();
    }
    for _ in 0..50 {
        assert_eq!(say(&CHANNEL, &ctx, "name").await.unwrap(), text("alive"));
    }
}

#[tokio::test]
async fn who_finds_nobody_is_told_where_was_asked_and_what_to_do() {
    let ctx = Context::background().with_registry(Memory::new());
    let fast = CHANNEL.clone().fail_fast();
    let error = say(&fast, &ctx, "hello").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(
        error.message(),
        "no endpoint of test.v1.Echo: registry `memory` knows 0 of it; choose another registry with \
         EZRPC_REGISTRY (memory, fixed:<service>=<host:port>,.., consul://<host:port>), ezrpc::set_default_registry or \
         Context::with_registry"
    );

    let fixed = Fixed::new().all("127.0.0.1:1");
    let ctx = Context::background().with_registry(fixed);
    let error = say(&CHANNEL, &ctx, "hello").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let refused = std::net::TcpStream::connect("127.0.0.1:1").unwrap_err();
    assert_eq!(
        error.message(),
        format!(
            "cannot reach test.v1.Echo at 127.0.0.1:1: {refused} (registry `fixed:127.0.0.1:1` knows 1 \
             endpoint of it)"
        )
    );
}

/// The default registry is the process's: every test that needs it sets the same one.
fn default_memory() -> Memory {
    static DEFAULT: std::sync::OnceLock<Memory> = std::sync::OnceLock::new();
    let memory = DEFAULT.get_or_init(|| {
        let (echo, _events) = Echo::new("default");
        let memory = Memory::new().with_service(echo);
        set_default_registry(memory.clone()).unwrap();
        memory
    });
    memory.clone()
}

#[tokio::test]
async fn the_default_registry_is_set_once() {
    default_memory();
    let name = say(&CHANNEL, &Context::background(), "name").await.unwrap();
    assert_eq!(name, text("default"));
    assert_eq!(
        code(set_default_registry(Memory::new())),
        Code::FailedPrecondition
    );
}

/// Ten tests, each its own runtime, all by the process-wide client, in parallel.
macro_rules! tens {
    ($($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            static SERVICE: crate::ServiceDesc = crate::ServiceDesc::new("test.v1.Ten", ECHO_METHODS);
            static TEN: Channel = Channel::discovered(&SERVICE);
            let server = ten_server();
            let endpoint = Endpoint::new(server.to_string());
            default_memory().register(Registration::new("test.v1.Ten", endpoint)).await.unwrap();
            for _ in 0..20 {
                let reply = say(&TEN, &Context::background(), "name").await.unwrap();
                assert_eq!(reply, text("ten"));
            }
        }
    )*};
}

const ECHO_METHODS: &[crate::Method] = &[];

/// A server that lives in a runtime of its own.
fn ten_server() -> std::net::SocketAddr {
    static SERVER: std::sync::OnceLock<std::net::SocketAddr> = std::sync::OnceLock::new();
    *SERVER.get_or_init(|| {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let server = Served::named("ten").await;
                tell.send(server.address).unwrap();
                std::future::pending::<()>().await;
            });
        });
        told.recv().unwrap()
    })
}

mod ten {
    use super::*;

    tens! { one two three four five six seven eight nine ten }
}
