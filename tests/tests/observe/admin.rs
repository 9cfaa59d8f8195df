//! The pages of the admin port.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ezrpc::{Admin, Context, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::request;

/// A server of Echo, bound and not yet served, and an admin port that shows it.
async fn admin() -> (ezrpc::Bound, std::net::SocketAddr) {
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = server.listen(listener).expect("one service");
    let admin = Admin::new().server(&server).build("commit", "abc");
    let admin = admin.bind("127.0.0.1:0").await.expect("a free port");
    let addr = admin.local_addr();
    tokio::spawn(admin.serve_until(std::future::pending()));
    (server, addr)
}

async fn page(addr: std::net::SocketAddr, path: &str) -> (u16, String) {
    let answer = Request::new("GET", path).http1(addr).await;
    (
        answer.status,
        String::from_utf8_lossy(&answer.body).into_owned(),
    )
}

async fn json_of(addr: std::net::SocketAddr, path: &str) -> Value {
    let (_, text) = page(addr, path).await;
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn health_of_servers_and_services() {
    let (server, addr) = admin().await;
    let health = |status: &str, echo: &str| {
        let address = server.local_addr();
        format!(
            r#"{{"status":"{status}","servers":[{{"name":"echo","address":"{address}","services":{{"e2e.Echo":"{echo}"}}}}]}}"#
        )
    };
    assert_eq!(
        page(addr, "/health").await,
        (200, health("serving", "serving"))
    );
    server.health().set("e2e.Echo", false);
    assert_eq!(
        page(addr, "/health").await,
        (200, health("serving", "not_serving"))
    );
    server.health().set("", false);
    assert_eq!(
        page(addr, "/health").await,
        (503, health("not_serving", "not_serving"))
    );
}

#[tokio::test]
async fn build_and_methods() {
    let (_server, addr) = admin().await;
    let build = json_of(addr, "/build").await;
    assert_eq!(
        (&build["commit"], &build["ezrpc"]),
        (&json!("abc"), &json!("0.1.0"))
    );
    // The admin port, bound by other tests too, does not name the process.
    assert_ne!(build["service"], "admin");
    let methods = json_of(addr, "/methods").await;
    let echo = &methods[0]["services"][0];
    assert_eq!(
        (&methods[0]["name"], &echo["name"]),
        (&json!("echo"), &json!("e2e.Echo"))
    );
    let expected = [
        json!({"path": "/e2e.Echo/Say", "shape": "unary", "http": true, "public": true}),
        json!({"path": "/e2e.Echo/Closed", "shape": "unary", "http": true}),
        json!({"path": "/e2e.Echo/Hidden", "shape": "unary"}),
        json!({"path": "/e2e.Echo/Slow", "shape": "unary", "timeout": "400ms", "http": true, "public": true}),
    ];
    assert_eq!(echo["methods"].as_array().expect("an array")[..4], expected);
}

#[tokio::test]
async fn channels_with_their_endpoints() {
    let (_server, addr) = admin().await;
    let running = Running::echo().await;
    let client = running.client();
    client
        .say(&Context::background(), request("hi"))
        .await
        .expect("a reply");
    let address = running.addr.to_string();
    let own = async || {
        let channels = json_of(addr, "/channels").await;
        let channels = channels.as_array().expect("an array").clone();
        channels
            .into_iter()
            .find(|channel| channel["channel"] == *address)
    };
    let expected = json!({
        "channel": address,
        "endpoints": [{"address": address, "weight": "1", "in_flight": "0"}],
    });
    assert_eq!(own().await, Some(expected));
    drop(client);
    assert_eq!(own().await, None);
}

/// Other tests do not call `Nothing`.
#[tokio::test]
async fn metrics_and_what_is_not_there() {
    let (_server, addr) = admin().await;
    let running = Running::echo().await;
    running
        .client()
        .nothing(&Context::background(), ())
        .await
        .expect("a reply");
    let (status, text) = page(addr, "/metrics").await;
    let line = "ezrpc_server_requests_total{code=\"ok\",method=\"/e2e.Echo/Nothing\"} 1\n";
    assert!(status == 200 && text.contains(line), "{text}");
    let answer = Request::post("/metrics").http1(addr).await;
    assert_eq!((answer.status, answer.value("allow")), (405, "GET, HEAD"));
    assert_eq!(
        page(addr, "/no").await,
        (404, "no such page; / has them all\n".to_owned())
    );
}

#[tokio::test]
async fn who_may_ask_and_how() {
    let (_server, addr) = admin().await;
    let ask = async |verb: &str, site: &str| {
        let request = Request::new(verb, "/build").header("sec-fetch-site", site);
        request.http1(addr).await
    };
    for verb in ["POST", "OPTIONS", "TRACE", "DELETE"] {
        let answer = ask(verb, "none").await;
        let seen = (answer.status, answer.value("allow"), answer.body.len());
        assert_eq!(seen, (405, "GET, HEAD", 0), "{verb}");
    }
    for (site, status) in [("none", 200), ("same-origin", 200), ("cross-site", 404)] {
        assert_eq!(ask("GET", site).await.status, status, "{site}");
    }
}

#[tokio::test]
async fn a_profile_of_what_runs() {
    let (_server, addr) = admin().await;
    for seconds in ["0", "61", "x"] {
        let path = format!("/profile?seconds={seconds}");
        assert_eq!(
            page(addr, &path).await,
            (400, "seconds is 1 to 60\n".into())
        );
    }
    // One at a time: this one takes none.
    let head = Request::new("HEAD", "/profile?seconds=60");
    assert_eq!(head.http1(addr).await.status, 200);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let busy = thread::Builder::new().name("busy-one".to_owned());
    let busy = busy.spawn(move || while !stopped.load(Ordering::Relaxed) {});
    let (status, text) = page(addr, "/profile?seconds=1").await;
    stop.store(true, Ordering::Relaxed);
    busy.expect("a thread").join().expect("no panic");
    assert!(status == 200 && text.contains("busy-one;"), "{text}");
}
