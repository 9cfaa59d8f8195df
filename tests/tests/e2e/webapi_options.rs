//! What `(ezbuy.webapi)` opens: list W of the specification, over real sockets and both HTTP versions.

use ezrpc::{Context, Result, Server};
use ezrpc_tests::grpc::{self, frame};
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::options::{Defaults, DefaultsServer, Flags, FlagsServer, Got, Sent};
use ezrpc_tests::server::Running;
use prost::Message;

struct Service;

/// Answers with the text, and how long the data is.
fn got(req: &Sent) -> Result<Got> {
    Ok(Got {
        text: format!("{}+{}", req.text, req.data.len()),
    })
}

macro_rules! all_alike {
    ($interface:ident: $($method:ident)*) => {
        impl $interface for Service {
            $(async fn $method(&self, _: &Context, req: Sent) -> Result<Got> {
                got(&req)
            })*
        }
    };
}

all_alike!(Flags: bare enabled public upload all bound bound_public both);
all_alike!(Defaults: inherits closed off form);

fn server() -> Server {
    Server::new("options")
        .add(FlagsServer::new(Service))
        .add(DefaultsServer::new(Service))
}

async fn start() -> Running {
    Running::start(server().allow_anonymous()).await
}

/// The status, and what the body says.
fn brief(text: &str) -> String {
    let (head, body) = text.split_once("\n\n").expect("an empty line");
    let status = head.lines().next().expect("a status");
    format!("{status} {body}")
}

/// Sends `{"text":"hi"}` as JSON.
async fn json(running: &Running, path: &str) -> String {
    let request = Request::json(path, r#"{"text":"hi"}"#);
    brief(&request.both(running.addr).await)
}

/// Sends the same as a form with a file.
async fn form(running: &Running, path: &str) -> String {
    let body = "--b\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\nhi\r\n\
                --b\r\ncontent-disposition: form-data; name=\"data\"; filename=\"x\"\r\n\r\n123\r\n--b--\r\n";
    let request = Request::post(path)
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body);
    brief(&request.both(running.addr).await)
}

async fn get(running: &Running, path: &str) -> String {
    brief(&Request::new("GET", path).both(running.addr).await)
}

const SERVED: &str = r#"200 {"text":"hi+0"}"#;
const UPLOADED: &str = r#"200 {"text":"hi+3"}"#;
const NOT_A_FORM: &str = "415 ";

/// What a path nobody may see answers, at an RPC path.
fn hidden(path: &str) -> String {
    format!(r#"404 {{"code":"not_found","message":"no route for {path}"}}"#)
}

#[tokio::test]
async fn w1_each_flag_alone_and_combined() {
    let running = start().await;
    let flags = |method: &str| format!("/e2e.options.Flags/{method}");
    for method in ["Bare", "Bound", "BoundPublic"] {
        let path = flags(method);
        assert_eq!(json(&running, &path).await, hidden(&path));
        assert_eq!(form(&running, &path).await, hidden(&path));
    }
    for method in ["Enabled", "Public", "Upload", "All", "Both"] {
        assert_eq!(json(&running, &flags(method)).await, SERVED, "{method}");
    }
    for method in ["Upload", "All"] {
        assert_eq!(form(&running, &flags(method)).await, UPLOADED, "{method}");
    }
    for method in ["Enabled", "Public", "Both"] {
        let answer = form(&running, &flags(method)).await;
        assert!(answer.starts_with(NOT_A_FORM), "{method}: {answer}");
    }
}

#[tokio::test]
async fn w1_public_is_for_everybody_and_the_rest_fails_closed() {
    let running = Running::start(server()).await;
    for (method, expected) in [
        ("Enabled", "401"),
        ("Public", "200"),
        ("Upload", "401"),
        ("All", "200"),
        ("Both", "200"),
    ] {
        let answer = json(&running, &format!("/e2e.options.Flags/{method}")).await;
        assert!(answer.starts_with(expected), "{method}: {answer}");
    }
    assert!(get(&running, "/v1/bound/hi").await.starts_with("401 "));
    assert_eq!(get(&running, "/v1/bound-public/hi").await, SERVED);
}

#[tokio::test]
async fn w2_a_service_speaks_for_its_methods_and_they_for_themselves() {
    let running = Running::start(server()).await;
    let defaults = |method: &str| format!("/e2e.options.Defaults/{method}");
    assert_eq!(json(&running, &defaults("Inherits")).await, SERVED);
    assert_eq!(json(&running, &defaults("Form")).await, SERVED);
    assert_eq!(form(&running, &defaults("Form")).await, UPLOADED);
    let closed = json(&running, &defaults("Closed")).await;
    assert!(closed.starts_with("401 "), "{closed}");
    // An explicit false also hides the annotated route.
    assert_eq!(
        json(&running, &defaults("Off")).await,
        hidden(&defaults("Off"))
    );
    assert_eq!(
        get(&running, "/v1/off/hi").await,
        r#"404 {"code":5,"message":"no route for /v1/off/hi"}"#
    );
}

#[tokio::test]
async fn w3_a_prefix_moves_every_way_in_but_grpc() {
    let running = Running::start(server().prefix("/api")).await;
    assert_eq!(
        json(&running, "/api/e2e.options.Flags/Public").await,
        SERVED
    );
    assert_eq!(get(&running, "/api/v1/both/hi").await, SERVED);
    assert_eq!(form(&running, "/api/e2e.options.Flags/All").await, UPLOADED);
    assert_eq!(
        json(&running, "/e2e.options.Flags/Public").await,
        r#"404 {"code":5,"message":"no route for /e2e.options.Flags/Public"}"#
    );
    assert_eq!(
        get(&running, "/v1/both/hi").await,
        r#"404 {"code":5,"message":"no route for /v1/both/hi"}"#
    );
    let sent = Sent {
        text: "hi".to_owned(),
        ..Sent::default()
    };
    let call = |path: &'static str| {
        let body = frame(&sent.encode_to_vec());
        async move { grpc::call(running.addr, &grpc::head(path), body).await }
    };
    assert_eq!(grpc::status(&call("/e2e.options.Flags/Bare").await).0, 0);
    let moved = call("/api/e2e.options.Flags/Bare").await;
    assert_eq!(grpc::status(&moved).0, 12);
}

#[tokio::test]
async fn w6_enabled_and_annotated_is_reachable_both_ways() {
    let running = Running::start(server()).await;
    assert_eq!(json(&running, "/e2e.options.Flags/Both").await, SERVED);
    assert_eq!(get(&running, "/v1/both/hi").await, SERVED);
    // Each way in has its own methods and its own form of errors.
    assert_eq!(
        json(&running, "/v1/both/hi").await,
        r#"405 {"code":12,"message":"/v1/both/hi does not take POST, but GET, HEAD, OPTIONS"}"#
    );
    assert_eq!(
        get(&running, "/e2e.options.Flags/Both").await,
        r#"405 {"code":"unimplemented","message":"/e2e.options.Flags/Both takes POST"}"#
    );
}
