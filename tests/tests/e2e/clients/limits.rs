//! Deadlines, cancellation, and the hop budget.

use std::time::Duration;

use ezrpc::{Code, Context, Server, Streaming};
use ezrpc_tests::echo::{Echo, Event, PANIC};
use ezrpc_tests::grpc;
use ezrpc_tests::http::TRACE;
use ezrpc_tests::proto::e2e::{EchoClient, EchoServer};
use ezrpc_tests::server::Running;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{both, reply, request};

const SOON: Duration = Duration::from_millis(300);

/// A client over a socket and one in the process, each with what its handlers tell.
async fn watched() -> (Vec<(EchoClient, UnboundedReceiver<Event>)>, Running) {
    let (echo, events) = Echo::watched();
    let running = Running::start(Server::new("echo").add(EchoServer::new(echo))).await;
    let (echo, local_events) = Echo::watched();
    let clients = vec![
        (running.client(), events),
        (EchoClient::local(echo), local_events),
    ];
    (clients, running)
}

#[tokio::test]
async fn a_handler_sees_what_is_left() {
    let (clients, _running) = both().await;
    for client in clients {
        let minute = Context::background()
            .call()
            .timeout(Duration::from_secs(60));
        let left = client
            .say(&minute, request("remaining"))
            .await
            .unwrap()
            .number;
        assert!((1..=60_000).contains(&left), "{left}");
        let none = client
            .say(&Context::background(), request("remaining"))
            .await
            .unwrap();
        assert_eq!(none, reply("remaining", -1));
        // The schema's 400 ms are the shortest.
        let left = client
            .slow(&minute, request("remaining"))
            .await
            .unwrap()
            .number;
        assert!((0..=400).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn deadlines_of_unary_calls() {
    let (clients, _running) = watched().await;
    for (client, mut events) in clients {
        let call = Context::background().call().timeout(SOON);
        let error = client.say(&call, request("hang")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::DeadlineExceeded, "deadline exceeded")
        );
        assert_eq!(events.recv().await, Some(Event::Hanging));
        assert!(matches!(events.recv().await, Some(Event::Dropped(_))));
        // The schema's, where the caller has none.
        let error = client
            .slow(&Context::background(), request("hang"))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        // Passed before the call: no handler runs.
        let past = Context::background().call().timeout(Duration::ZERO);
        let error = client.say(&past, request("hi")).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn deadlines_of_streams() {
    let (clients, _running) = watched().await;
    for (client, mut events) in clients {
        let call = Context::background().call().timeout(SOON);
        let mut replies = client.split(&call, request("a hang")).await.unwrap();
        assert_eq!(replies.message().await.unwrap(), Some(reply("a", 0)));
        let error = replies.message().await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::DeadlineExceeded, "deadline exceeded")
        );
        assert_eq!(replies.message().await.unwrap(), None);
        drop(replies);
        assert_eq!(events.recv().await, Some(Event::Hanging));
        assert_eq!(events.recv().await, Some(Event::Dropped(true)));

        let call = Context::background().call().timeout(SOON);
        let (_sender, reqs) = Streaming::channel(1);
        let error = client.join(&call, reqs).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
    }
}

/// A call that is dropped, or a stream, ends the handler.
#[tokio::test]
async fn dropping_a_call_cancels_it() {
    let (clients, _running) = watched().await;
    for (client, mut events) in clients {
        let ctx = Context::background();
        tokio::select! {
            biased;
            reply = client.say(&ctx, request("hang")) => panic!("{reply:?}"),
            event = events.recv() => assert_eq!(event, Some(Event::Hanging)),
        }
        assert!(matches!(events.recv().await, Some(Event::Dropped(_))));

        let mut replies = client.split(&ctx, request("a hang")).await.unwrap();
        assert_eq!(replies.message().await.unwrap(), Some(reply("a", 0)));
        assert_eq!(events.recv().await, Some(Event::Hanging));
        drop(replies);
        assert_eq!(events.recv().await, Some(Event::Dropped(true)));
    }
}

/// Calls made by a handler end when the handler's caller goes.
#[tokio::test]
async fn a_caller_who_goes_cancels_the_calls_behind() {
    let (behind, mut events) = Echo::watched();
    let behind = Running::start(Server::new("behind").add(EchoServer::new(behind))).await;
    let front = Running::start(Server::new("front").add(EchoServer::new(behind.client()))).await;
    let (ctx, client) = (Context::background(), front.client());
    tokio::select! {
        biased;
        reply = client.say(&ctx, request("hang")) => panic!("{reply:?}"),
        event = events.recv() => assert_eq!(event, Some(Event::Hanging)),
    }
    assert_eq!(events.recv().await, Some(Event::Dropped(true)));
    // The deadline goes along too.
    let call = ctx.call().timeout(Duration::from_secs(60));
    let left = client
        .say(&call, request("remaining"))
        .await
        .unwrap()
        .number;
    assert!((1..=60_000).contains(&left), "{left}");
}

/// A calls A: remotely, and within the process.
#[tokio::test]
async fn a_loop_ends_at_the_hop_budget() {
    let echo = Echo::default();
    let running = Running::start(Server::new("echo").add(EchoServer::new(echo.clone()))).await;
    echo.call_next(running.client());
    let local = Echo::default();
    let local_client = EchoClient::local(local.clone());
    local.call_next(local_client.clone());
    for client in [running.client(), local_client] {
        let error = client
            .r#loop(&Context::background(), request("round"))
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.http_status()), (Code::Aborted, 508));
        assert_eq!((error.domain(), error.reason()), ("ezrpc", "LOOP_DETECTED"));
        let (text, path) = error.message().rsplit_once(": ").expect("a path");
        assert_eq!(
            text,
            "hop budget is used up, the calls probably go in a circle"
        );
        let mut path = path.split(';');
        // The caller, which is no server, names itself after the test program.
        assert!(path.next().is_some_and(|name| !name.is_empty()));
        assert_eq!(path.collect::<Vec<_>>(), ["e2e.Echo"; 17]);
    }
}

/// The budget is an option of servers and of calls; who asks for more than a server gives has what it gives.
#[tokio::test]
async fn hop_budgets_may_be_smaller_and_larger() {
    for (budget, call, absurd, passed) in [
        (4, None, None, 6),
        (40, Some(2), None, 3),
        (4, None, Some("4000000000"), 6),
        (4, None, Some("-1"), 6),
        (20, None, Some("2"), 4),
        // A caller of ours that says nothing has 16; it may say more than that.
        (40, None, None, 17),
        (40, Some(30), None, 31),
    ] {
        let echo = Echo::default();
        let server = Server::new("echo").add(EchoServer::new(echo.clone()));
        let running = Running::start(server.hop_budget(budget)).await;
        echo.call_next(running.client());
        let ctx = Context::background().call();
        let ctx = match call {
            Some(hops) => ctx.hop_budget(hops),
            None => ctx,
        };
        let message = match absurd {
            None => running
                .client()
                .r#loop(&ctx, request("round"))
                .await
                .unwrap_err()
                .to_string(),
            Some(ttl) => {
                let head = grpc::head("/e2e.Echo/Loop").header("ezrpc-ttl", ttl);
                let answer = grpc::call(running.addr, &head, grpc::frame(b"")).await;
                grpc::status(&answer).1
            }
        };
        assert_eq!(
            message.matches("e2e.Echo").count(),
            passed,
            "{budget} {call:?} {absurd:?}: {message}"
        );
    }
}

/// Over HTTP the loop is 508, and says nothing of what is inside; nobody outside says where the calls come from.
#[tokio::test]
async fn a_loop_over_http_is_508() {
    let echo = Echo::default();
    let running = Running::start(Server::new("echo").add(EchoServer::new(echo.clone()))).await;
    echo.call_next(EchoClient::local(echo.clone()));
    let request = ezrpc_tests::http::Request::json("/e2e.Echo/Loop", "{}")
        .header("ezrpc-path", "spoofed")
        .traced();
    let answer = request.both(running.addr).await;
    assert!(answer.starts_with("508\n"), "{answer}");
    let info = "Cg1MT09QX0RFVEVDVEVEEgVlenJwYxoQCgllenJwY0NvZGUSAzUwOA";
    let body = format!(
        r#"{{"code":"aborted","message":"aborted (id {TRACE})","details":[{{"type":"google.rpc.ErrorInfo","value":"{info}"}}]}}"#
    );
    assert!(answer.ends_with(&body), "{answer}");
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_call_alone() {
    let ctx = Context::background();
    let (clients, _running) = both().await;
    for client in clients {
        for (text, code) in [(PANIC, Some(Code::Internal)), ("hi", None)] {
            let error = client.say(&ctx, request(text)).await.err();
            assert_eq!(error.map(|error| error.code()), code);
        }
    }
}
