//! Who may call what over gRPC-Web and Connect's streams: the cells of the access table that `access` leaves out.

use std::net::SocketAddr;

use ezrpc::{Context, Result, Server, Streaming};
use ezrpc_tests::grpc::frame;
use ezrpc_tests::http::{Answer, Request};
use ezrpc_tests::proto::e2e::options::{Got, Sent, Streams, StreamsServer};
use ezrpc_tests::server::Running;

use crate::access::{CALLERS, Doorman};

struct Service;

/// Answers once, with who calls.
async fn answer(ctx: &Context) -> Result<Streaming<Got>> {
    let text = ctx.principal().map_or("nobody", |who| who.name());
    Ok(Streaming::from_iter([Got {
        text: text.to_owned(),
    }]))
}

impl Streams for Service {
    async fn bare(&self, ctx: &Context, _: Sent) -> Result<Streaming<Got>> {
        answer(ctx).await
    }

    async fn enabled(&self, ctx: &Context, _: Sent) -> Result<Streaming<Got>> {
        answer(ctx).await
    }

    async fn public(&self, ctx: &Context, _: Sent) -> Result<Streaming<Got>> {
        answer(ctx).await
    }
}

/// What came of a call: the name the handler saw, or the code.
fn seen(protocol: &str, answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    if body.contains("{\"text\":\"") {
        let (_, rest) = body.split_once("{\"text\":\"").expect("a text");
        return rest.split('"').next().unwrap_or_default().to_owned();
    }
    match protocol {
        "application/grpc-web+json" => {
            // In the frame of trailers.
            let (_, rest) = body.split_once("grpc-status: ").unwrap_or(("", "none"));
            format!("code {}", rest.split("\r\n").next().unwrap_or_default())
        }
        _ => {
            let (_, rest) = body.split_once("\"code\":\"").unwrap_or(("", "none\""));
            rest.split('"').next().unwrap_or_default().to_owned()
        }
    }
}

async fn call(addr: SocketAddr, protocol: &str, method: &str, caller: Option<&str>) -> String {
    let mut request = Request::post(&format!("/e2e.options.Streams/{method}"))
        .header("content-type", protocol)
        .body(frame(b"{}"));
    if let Some(name) = caller {
        request = request.header("authorization", &format!("Bearer {name}"));
    }
    let one = seen(protocol, &request.clone().http1(addr).await);
    let two = seen(protocol, &request.http2(addr).await);
    assert_eq!(one, two, "HTTP/1.1 and HTTP/2 differ");
    one
}

/// What each protocol calls what came of a call.
fn words(protocol: &str, cell: &str) -> String {
    let codes = [
        ("hidden", "code 12", "not_found"),
        ("unauthenticated", "code 16", "unauthenticated"),
        ("denied", "code 7", "permission_denied"),
    ];
    let code = codes.iter().find(|(name, ..)| *name == cell);
    let word = match (code, protocol) {
        (Some((_, grpc, _)), "application/grpc-web+json") => grpc,
        (Some((.., connect)), _) => connect,
        (None, _) => cell,
    };
    word.to_owned()
}

/// Checks all methods and callers: not enabled, enabled, enabled and public; nobody, Ann, Bob, somebody unknown.
async fn check(server: impl Fn() -> Server, expected: [[&str; 4]; 3]) {
    let server = server().add(StreamsServer::new(Service));
    let running = Running::start(server).await;
    for protocol in ["application/grpc-web+json", "application/connect+json"] {
        for (method, row) in ["Bare", "Enabled", "Public"].into_iter().zip(expected) {
            for (caller, cell) in CALLERS.into_iter().zip(row) {
                assert_eq!(
                    call(running.addr, protocol, method, caller).await,
                    words(protocol, cell),
                    "{protocol} {method} by {caller:?}"
                );
            }
        }
    }
}

const HIDDEN: [&str; 4] = ["hidden"; 4];
const REFUSED: [&str; 4] = ["unauthenticated"; 4];
const ANYBODY: [&str; 4] = ["nobody"; 4];
const JUDGED: [&str; 4] = ["unauthenticated", "ann", "denied", "unauthenticated"];
const JUDGED_IF_SENT: [&str; 4] = ["nobody", "ann", "denied", "unauthenticated"];

fn server() -> Server {
    Server::new("streams")
}

#[tokio::test]
async fn w4_web_streams_without_an_authenticator() {
    check(server, [HIDDEN, REFUSED, ANYBODY]).await;
    check(|| server().expose_all(), [HIDDEN, REFUSED, ANYBODY]).await;
    check(|| server().allow_anonymous(), [HIDDEN, ANYBODY, ANYBODY]).await;
}

#[tokio::test]
async fn w4_web_streams_with_an_authenticator() {
    let guarded = || server().authenticator(Doorman);
    check(guarded, [HIDDEN, JUDGED, JUDGED_IF_SENT]).await;
    check(|| guarded().expose_all(), [JUDGED, JUDGED, JUDGED_IF_SENT]).await;
    check(
        || guarded().allow_anonymous(),
        [HIDDEN, JUDGED, JUDGED_IF_SENT],
    )
    .await;
}
