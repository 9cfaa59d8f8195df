//! Pages of other origins: what a browser asks before it lets them call, and what it lets them read.

use std::time::Duration;

use ezrpc::{Cors, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::http::{Answer, Request};
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::proto::e2e::routing::RoutesServer;
use ezrpc_tests::routing::Echoes;
use ezrpc_tests::server::Running;

const PAGE: &str = "https://shop.example";

const VARY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

async fn running(cors: Cors) -> Running {
    let server = Server::new("cors")
        .add(RoutesServer::new(Echoes))
        .add(EchoServer::new(Echo::default()));
    Running::start(server.cors(cors)).await
}

fn preflight(path: &str, method: &str, headers: &str) -> Request {
    Request::new("OPTIONS", path)
        .header("origin", PAGE)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers)
}

/// What a preflight is answered with, for a path of these HTTP methods.
fn allowed(methods: &str, more_headers: &str) -> String {
    format!(
        "204\n\
         access-control-allow-headers: content-type, authorization, connect-protocol-version, connect-timeout-ms, \
         grpc-timeout, x-grpc-web, x-user-agent{more_headers}\n\
         access-control-allow-methods: {methods}\n\
         access-control-allow-origin: {PAGE}\n\
         access-control-expose-headers: grpc-status, grpc-message, grpc-status-details-bin\n\
         access-control-max-age: 7200\n\
         allow: {methods}\n\
         vary: {VARY}\n\n"
    )
}

fn origin(answer: &Answer) -> &str {
    answer.value("access-control-allow-origin")
}

#[tokio::test]
async fn h98_preflights_for_routes_connect_and_grpc_web() {
    let running = running(Cors::new().origin(PAGE).allow_header("X-Shop")).await;
    let rows = [
        (
            "/v1/items/x",
            "PUT",
            "content-type",
            "GET, HEAD, OPTIONS, PUT",
        ),
        (
            "/foo/bar",
            "POST",
            "content-type",
            "GET, HEAD, OPTIONS, POST",
        ),
        // What is asked for is not there; the browser sees that.
        ("/foo/x/baz", "PUT", "content-type", "DELETE, OPTIONS"),
        // A method of its own for OPTIONS is not asked.
        ("/kinds/x", "PUT", "", "GET, HEAD, OPTIONS, PURGE, TRACE"),
        (
            "/e2e.Echo/Say",
            "POST",
            "content-type,connect-protocol-version",
            "OPTIONS, POST",
        ),
        (
            "/e2e.Echo/Say",
            "POST",
            "content-type,x-grpc-web,x-user-agent",
            "OPTIONS, POST",
        ),
        (
            "/e2e.routing.Routes/Enabled",
            "GET",
            "",
            "GET, OPTIONS, POST",
        ),
    ];
    for (path, method, headers, methods) in rows {
        let answer = preflight(path, method, headers).both(running.addr).await;
        assert_eq!(answer, allowed(methods, ", x-shop"), "{path} {method}");
    }
    let any = preflight("/any/x", "BREW", "").both(running.addr).await;
    assert_eq!(
        any,
        allowed("BREW", ", x-shop").replace("allow: BREW\n", "")
    );
}

#[tokio::test]
async fn h98_a_json_post_from_a_page_works() {
    let running = running(Cors::new().origin(PAGE).expose_header("x-request-id")).await;
    let answer = Request::json("/foo/x", "{}")
        .header("origin", PAGE)
        .both(running.addr)
        .await;
    let expected = format!(
        "200\n\
         access-control-allow-origin: {PAGE}\n\
         access-control-expose-headers: grpc-status, grpc-message, grpc-status-details-bin, x-request-id\n\
         content-length: 49\n\
         content-type: application/json\n\
         vary: Origin\n\n\
         {{\"rpc\":\"PostFoo\",\"template\":\"/foo/{{id}}\",\"id\":\"x\"}}"
    );
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn h98_errors_can_be_read_too() {
    let running = running(Cors::new().origin(PAGE)).await;
    for (method, path, status) in [
        ("GET", "/none", 404),
        ("DELETE", "/v1/items/x", 405),
        ("GET", "/v1/items/%", 400),
    ] {
        let answer = Request::new(method, path)
            .header("origin", PAGE)
            .http1(running.addr)
            .await;
        assert_eq!(
            (answer.status, origin(&answer), answer.value("vary")),
            (status, PAGE, "Origin")
        );
    }
    let unary = Request::json("/e2e.Echo/Say", "{")
        .header("origin", PAGE)
        .http2(running.addr)
        .await;
    assert_eq!((unary.status, origin(&unary)), (400, PAGE));
}

#[tokio::test]
async fn h98_unknown_paths_have_no_preflight() {
    let running = running(Cors::new().origin(PAGE)).await;
    let answer = preflight("/none", "POST", "").http1(running.addr).await;
    assert_eq!(
        (answer.status, answer.value("access-control-allow-methods")),
        (404, "")
    );
    let answer = preflight("/e2e.Echo/Hidden", "POST", "")
        .http1(running.addr)
        .await;
    assert_eq!(
        (answer.status, answer.value("access-control-allow-methods")),
        (404, "")
    );
}

#[tokio::test]
async fn h99_credentials_are_a_choice() {
    let without = running(Cors::new().origin(PAGE)).await;
    let answer = preflight("/v1/items/x", "PUT", "")
        .http1(without.addr)
        .await;
    assert_eq!(answer.value("access-control-allow-credentials"), "");
    let with = running(
        Cors::new()
            .origin(PAGE)
            .credentials()
            .max_age(Duration::from_secs(5)),
    )
    .await;
    let answer = preflight("/v1/items/x", "PUT", "").http1(with.addr).await;
    let age = answer.value("access-control-max-age");
    assert_eq!(
        (
            answer.value("access-control-allow-credentials"),
            origin(&answer),
            age
        ),
        ("true", PAGE, "5")
    );
    let answer = Request::new("GET", "/v1/items/x")
        .header("origin", PAGE)
        .http1(with.addr)
        .await;
    assert_eq!(
        (
            answer.value("access-control-allow-credentials"),
            origin(&answer)
        ),
        ("true", PAGE)
    );
    let refused = Server::new("x")
        .cors(Cors::new().any_origin().credentials())
        .bind("127.0.0.1:0")
        .await;
    let error = refused.map(drop).unwrap_err().to_string();
    assert!(error.contains("credentials for all origins"), "{error}");
}

#[tokio::test]
async fn h99_other_origins_are_told_nothing() {
    let running = running(
        Cors::new()
            .origin("https://other.example")
            .origin("https://*.shop.example"),
    )
    .await;
    let answer = preflight("/v1/items/x", "PUT", "").both(running.addr).await;
    assert_eq!(
        answer,
        format!("204\nallow: GET, HEAD, OPTIONS, PUT\nvary: {VARY}\n\n")
    );
    let get = Request::new("GET", "/v1/items/x");
    let answer = get.clone().header("origin", PAGE).http1(running.addr).await;
    assert_eq!(
        (answer.status, origin(&answer), answer.value("vary")),
        (200, "", "Origin")
    );
    // Caches must not give this answer to a page.
    let answer = get.clone().http1(running.addr).await;
    assert_eq!(
        (answer.status, origin(&answer), answer.value("vary")),
        (200, "", "Origin")
    );
    for (page, expected) in [
        ("https://a.shop.example", true),
        ("null", false),
        ("https://a.shop.example.evil", false),
    ] {
        let answer = get.clone().header("origin", page).http1(running.addr).await;
        assert_eq!(origin(&answer), if expected { page } else { "" });
    }
}

#[tokio::test]
async fn h99_any_origin() {
    let running = running(Cors::new().any_origin()).await;
    for page in [PAGE, "null", "http://localhost:3000"] {
        let answer = Request::new("GET", "/v1/items/x")
            .header("origin", page)
            .http2(running.addr)
            .await;
        assert_eq!((origin(&answer), answer.value("vary")), (page, "Origin"));
    }
}

#[tokio::test]
async fn h99_off_by_default() {
    let running = Running::start(Server::new("x").add(RoutesServer::new(Echoes))).await;
    let answer = preflight("/v1/items/x", "PUT", "").both(running.addr).await;
    assert_eq!(answer, "204\nallow: GET, HEAD, OPTIONS, PUT\n\n");
    let answer = Request::new("GET", "/v1/items/x")
        .header("origin", PAGE)
        .http1(running.addr)
        .await;
    assert_eq!((origin(&answer), answer.value("vary")), ("", ""));
}
