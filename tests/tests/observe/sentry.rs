//! Failed calls as Sentry's ingest endpoint sees them.

use std::time::Duration;

use ezrpc_tests::echo::{CAUSE, PANIC};
use ezrpc_tests::http::{Request, TRACE};
use ezrpc_tests::server::Running;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::ingest::ingest;
use super::two_hops;

/// On the requests of this test.
const MARK: (&str, &str) = ("user-agent", "observe-sentry (with bearer hunter2, inside)");

/// The process has one client, for one test at a time.
static CLIENT: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn one_event_for_a_failed_call_with_the_frames_of_all() {
    let _own = CLIENT.lock().await;
    let (addr, mut events) = ingest().await;
    let sentry = ezrpc::Sentry::new(format!("http://key@{addr}/1")).release("shop@1");
    let sentry = sentry.environment("test").init().expect("a DSN");
    let (front, _back) = two_hops().await;
    let echo = Running::echo().await;
    // Expected ones first: they must not come.
    let expected = Request::json("/e2e.Echo/Say", r#"{"failWith":5,"text":"gone"}"#);
    expected.header(MARK.0, MARK.1).http1(echo.addr).await;
    let bearer = Request::json("/e2e.Echo/Loop", "{}")
        .header("authorization", "Bearer hunter2")
        .header("referer", "https://x/?access_token=hunter2")
        .header(MARK.0, MARK.1)
        .traced();
    bearer.http1(front.addr).await;
    let cause = Request::json("/e2e.Echo/Say", &format!(r#"{{"text":"{CAUSE}"}}"#)).traced();
    cause.header(MARK.0, MARK.1).http1(echo.addr).await;
    tokio::task::spawn_blocking(move || drop(sentry))
        .await
        .expect("sent");
    let mut own = Vec::new();
    while own.len() < 2 {
        let event = tokio::time::timeout(Duration::from_secs(5), events.recv()).await;
        let event = event.expect("in time").expect("an event");
        // There is one client for the process, and other tests make calls.
        if event["tags"]["caller"] == "observe-sentry" {
            own.push(event);
        }
    }
    let [looped, said] = &own[..] else {
        panic!("{own:?}");
    };
    let frames = looped["exception"]["values"][0]["stacktrace"]["frames"]
        .as_array()
        .expect("frames");
    let functions: Vec<&Value> = frames.iter().map(|frame| &frame["function"]).collect();
    assert_eq!(functions, [&json!("e2e.Echo/Loop"); 4]);
    let innermost = frames.last().expect("a frame");
    assert_eq!(innermost["filename"], "tests/src/echo.rs");
    let line = innermost["lineno"].as_u64().expect("a line");
    let ty = format!("/e2e.Echo/Loop:e2e.Echo/Loop (tests/src/echo.rs:{line})");
    assert_eq!(looped["exception"]["values"][0]["type"], ty);
    let fingerprint = json!(["/e2e.Echo/Loop", "tests/src/echo.rs", "e2e.Echo/Loop"]);
    assert_eq!(looped["fingerprint"], fingerprint);
    let headers = looped["request"]["headers"].as_object().expect("headers");
    assert_eq!(
        headers[MARK.0],
        "observe-sentry (with bearer [Filtered], inside)"
    );
    // Those that may say who calls are not there.
    assert!(
        !headers.contains_key("authorization") && !headers.contains_key("referer"),
        "{headers:?}"
    );
    assert_eq!(looped["tags"]["trace_id"], TRACE);
    assert_eq!(looped["contexts"]["trace"]["trace_id"], TRACE);
    assert_eq!(looped["transaction"], "/e2e.Echo/Loop");
    assert_eq!(
        (&looped["release"], &looped["environment"]),
        (&json!("shop@1"), &json!("test"))
    );
    assert!(looped["tags"]["service"].is_string(), "{looped}");
    assert_ne!(looped["server_name"], looped["tags"]["service"]);
    assert!(!looped.to_string().contains("hunter2"), "{looped}");
    assert_eq!(
        said["exception"]["values"][0]["value"],
        "the password is hunter2"
    );
    assert_eq!(said["tags"]["code"], "unknown");
}

#[tokio::test]
async fn a_flood_of_one_error_is_a_few_events() {
    let _own = CLIENT.lock().await;
    let (addr, mut events) = ingest().await;
    let sentry = ezrpc::Sentry::new(format!("http://key@{addr}/1"));
    // Others, of tests that run beside this one, are nothing to it.
    let sentry = sentry.filter(|error| error.cause().is_some());
    let sentry = sentry.init().expect("a DSN");
    let echo = Running::echo().await;
    for _ in 0..60 {
        let cause = Request::json("/e2e.Echo/Say", &format!(r#"{{"text":"{CAUSE}"}}"#));
        let answer = cause.header("user-agent", "flood").http1(echo.addr).await;
        assert_eq!(answer.status, 500);
    }
    tokio::task::spawn_blocking(move || drop(sentry))
        .await
        .expect("sent");
    let mut own = 0;
    while let Ok(event) = events.try_recv() {
        own += usize::from(event["tags"]["caller"] == "flood");
    }
    // Tokens that other tests have taken were not for these; one more comes every 10 s.
    assert!((1..30).contains(&own), "{own}");
}

#[tokio::test]
async fn the_end_does_not_wait_for_an_endpoint_that_is_silent() {
    let _own = CLIENT.lock().await;
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = silent.local_addr().expect("an address");
    let sentry = ezrpc::Sentry::new(format!("http://key@{addr}/1"));
    let sentry = sentry.init().expect("a DSN");
    let echo = Running::echo().await;
    for _ in 0..3 {
        let panics = Request::json("/e2e.Echo/Say", &format!(r#"{{"text":"{PANIC}"}}"#));
        assert_eq!(panics.http1(echo.addr).await.status, 500);
    }
    let (_connection, _) = silent.accept().await.expect("a connection");
    let end = tokio::task::spawn_blocking(move || drop(sentry));
    // It has waited for ever.
    let end = tokio::time::timeout(Duration::from_secs(60), end).await;
    end.expect("an end").expect("no panic");
}
