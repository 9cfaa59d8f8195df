//! The process-wide client: it outlives the runtimes that use it, and a test puts what it likes behind it.

use std::sync::OnceLock;

use ezrpc::discovery::{Memory, Registry};
use ezrpc::{Code, Context, Server, set_default_registry};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::{self, EchoServer};
use ezrpc_tests::server::Running;

use super::{frames, reply, request};

/// Starts the one server of the process, on a runtime of its own, behind the default registry.
fn serve() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let registry = Memory::new();
        // Fails where the environment of the tests has chosen before; nothing here does.
        set_default_registry(registry.clone()).expect("nobody has called yet");
        let (started, waiting) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let mut watch = registry.watch("e2e.Echo");
                let server = Server::new("echo").add(EchoServer::new(Echo::named("global ")));
                let _running = Running::start(server.registry(registry)).await;
                while watch
                    .next()
                    .await
                    .is_some_and(|endpoints| endpoints.is_empty())
                {}
                started.send(()).expect("the test waits");
                std::future::pending::<()>().await;
            });
        });
        waiting.recv().expect("the server starts");
    });
}

async fn call() {
    serve();
    let ctx = Context::background();
    for _ in 0..3 {
        assert_eq!(
            e2e::echo().say(&ctx, request("hi")).await.unwrap(),
            reply("global hi", 0)
        );
    }
    let words = e2e::echo()
        .split(&ctx, request("a b"))
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(words, [reply("a", 0), reply("b", 1)]);
}

/// Ten tests, each with a runtime of its own, use one client.
macro_rules! ten {
    ($($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            call().await;
        }
    )*};
}
ten! { one two three four five six seven eight nine }

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_with_threads() {
    let calls: Vec<_> = (0..20).map(|_| tokio::spawn(call())).collect();
    for call in calls {
        call.await.unwrap();
    }
}

#[test]
fn one_runtime_after_another() {
    for _ in 0..3 {
        tokio::runtime::Runtime::new().unwrap().block_on(call());
    }
}

#[tokio::test]
async fn a_context_swaps_the_service() {
    serve();
    let fake = Memory::new().with_service(EchoServer::new(Echo::named("fake ")));
    let ctx = Context::background().with_registry(fake);
    assert_eq!(
        e2e::echo().say(&ctx, request("hi")).await.unwrap(),
        reply("fake hi", 0)
    );
    // Calls derived from it too, and no other.
    assert_eq!(
        e2e::echo().say(&ctx.call(), request("hi")).await.unwrap(),
        reply("fake hi", 0)
    );
    call().await;
    // A server found by another registry.
    let running =
        Running::start(Server::new("echo").add(EchoServer::new(Echo::named("other ")))).await;
    let other = ezrpc::discovery::Fixed::new().service("e2e.Echo", running.addr.to_string());
    let ctx = Context::background().with_registry(other);
    assert_eq!(
        e2e::echo().say(&ctx, request("hi")).await.unwrap(),
        reply("other hi", 0)
    );
}

/// The calls of a fake's handler find their servers where the fake was found.
#[tokio::test]
async fn a_swapped_service_calls_within_its_registry() {
    let ctx = Context::background()
        .with_registry(Memory::new().with_service(EchoServer::new(Echo::default())));
    let error = e2e::echo().r#loop(&ctx, request("")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.reason()),
        (Code::Aborted, "LOOP_DETECTED")
    );
}

#[tokio::test]
async fn nobody_found_says_which_registry_was_asked() {
    let ctx = Context::background().with_registry(Memory::new());
    let error = e2e::echo().say(&ctx, request("hi")).await.unwrap_err();
    let line = line!() - 1;
    assert_eq!(error.code(), Code::Unavailable);
    let expected = "no endpoint of e2e.Echo: registry `memory` knows 0 of it, also after 5s; choose another registry with EZRPC_REGISTRY \
                    (memory, fixed:<service>=<host:port>,.., consul://<host:port>), ezrpc::set_default_registry or Context::with_registry";
    assert_eq!(error.message(), expected);
    assert_eq!(
        frames(&error),
        [format!(
            "e2e.Echo/Say (tests/tests/e2e/clients/process_wide.rs:{line})"
        )]
    );
}

/// A server that has gone is no longer found.
#[tokio::test]
async fn a_stopped_server_is_forgotten() {
    let registry = Memory::new();
    let mut watch = registry.watch("e2e.Echo");
    let server = Server::new("echo")
        .add(EchoServer::new(Echo::default()))
        .registry(registry.clone());
    let running = Running::start(server).await;
    let ctx = Context::background().with_registry(registry);
    while watch
        .next()
        .await
        .is_some_and(|endpoints| endpoints.is_empty())
    {}
    assert_eq!(
        e2e::echo().say(&ctx, request("hi")).await.unwrap(),
        reply("hi", 0)
    );
    running.stop().await.unwrap();
    let error = e2e::echo().say(&ctx, request("hi")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
}
