//! Who may call what: every cell of the table in the design, section 3, over real sockets.

use std::net::SocketAddr;

use ezrpc::{Authenticator, Context, Error, Principal, Result, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::grpc::{self, say};
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;

/// Knows Ann, bars Bob, and calls anything else bad credentials.
pub(crate) struct Doorman;

impl Authenticator for Doorman {
    async fn authenticate(&self, ctx: &Context) -> Result<Option<Principal>> {
        match ctx.metadata().get("authorization") {
            None => Ok(None),
            Some("Bearer ann") => Ok(Some(Principal::new("ann"))),
            Some("Bearer bob") => Err(Error::permission_denied("bob may not")),
            Some(_) => Err(Error::unauthenticated("who is that?")),
        }
    }
}

fn server() -> Server {
    Server::new("echo").add(EchoServer::new(Echo::default()))
}

/// The methods not enabled, enabled, and enabled + public.
const METHODS: [&str; 3] = ["Hidden", "Closed", "Say"];

/// What came of a call, in a word.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Served,
    /// Served, and the handler knows who calls.
    ServedTo(String),
    Hidden,
    FailClosed,
    NoCredentials,
    BadCredentials,
    Denied,
}

use Seen::{BadCredentials, Denied, FailClosed, NoCredentials, Served};

fn ann() -> Seen {
    Seen::ServedTo("ann".to_owned())
}

/// Calls one method over HTTP with credentials, both versions, and checks the whole answer.
async fn http(addr: SocketAddr, prefix: &str, method: &str, credentials: Option<&str>) -> Seen {
    let path = format!("{prefix}/e2e.Echo/{method}");
    let mut request = Request::json(&path, r#"{"text":"hi"}"#);
    if let Some(name) = credentials {
        request = request.header("authorization", &format!("Bearer {name}"));
    }
    let text = request.both(addr).await;
    seen(&text, &path, &format!("/e2e.Echo/{method}"))
}

fn seen(text: &str, path: &str, rpc: &str) -> Seen {
    let refused = |status: u16, challenge: &str, body: String| {
        format!(
            "{status}\ncontent-length: {}\ncontent-type: application/json\n{challenge}\n{body}",
            body.len()
        )
    };
    let unauthenticated = |message: &str| {
        refused(
            401,
            "www-authenticate: Bearer\n",
            format!(r#"{{"code":"unauthenticated","message":"{message}"}}"#),
        )
    };
    let fail_closed = format!(
        "{rpc} is enabled over HTTP but this server has no authenticator: mark the method `public: true` in its \
         (ezbuy.webapi) option, give the server one with `Server::authenticator`, or call `Server::allow_anonymous`"
    );
    let served = "200\ncontent-length: 13\ncontent-type: application/json\n";
    let answers = [
        (Served, format!("{served}\n{{\"text\":\"hi\"}}")),
        (
            ann(),
            format!("{served}x-principal: ann\n\n{{\"text\":\"hi\"}}"),
        ),
        (
            Seen::Hidden,
            refused(
                404,
                "",
                format!(r#"{{"code":"not_found","message":"no route for {path}"}}"#),
            ),
        ),
        (FailClosed, unauthenticated(&fail_closed)),
        (
            NoCredentials,
            unauthenticated("this method needs credentials"),
        ),
        (BadCredentials, unauthenticated("who is that?")),
        (
            Denied,
            refused(
                403,
                "",
                r#"{"code":"permission_denied","message":"bob may not"}"#.to_owned(),
            ),
        ),
    ];
    let found = answers.into_iter().find(|(_, answer)| answer == text);
    found
        .unwrap_or_else(|| panic!("unexpected answer of {path}:\n{text}"))
        .0
}

/// Calls one method over gRPC with credentials.
async fn over_grpc(addr: SocketAddr, method: &str, credentials: Option<&str>) -> Seen {
    let mut head = grpc::head(&format!("/e2e.Echo/{method}"));
    if let Some(name) = credentials {
        head = head.header("authorization", &format!("Bearer {name}"));
    }
    let answer = grpc::call(addr, &head, say("hi")).await;
    let head = "200\ncontent-type: application/grpc\n";
    match grpc::text(&answer).as_str() {
        text if text == format!("{head}\n[hi]\ngrpc-status: 0\n") => Served,
        text if text == format!("{head}x-principal: ann\n\n[hi]\ngrpc-status: 0\n") => ann(),
        text if text
            == format!(
                "{head}grpc-message: this method needs credentials\ngrpc-status: 16\n\n"
            ) =>
        {
            NoCredentials
        }
        _ => match (answer.status, grpc::status(&answer)) {
            (200, (16, message)) if message == "who is that?" => BadCredentials,
            (200, (7, message)) if message == "bob may not" => Denied,
            _ => panic!("unexpected answer of {method}: {}", grpc::text(&answer)),
        },
    }
}

/// For every method: without credentials, then Ann, Bob, and somebody unknown.
pub(crate) const CALLERS: [Option<&str>; 4] = [None, Some("ann"), Some("bob"), Some("eve")];

async fn check_http(server: Server, expected: [[Seen; 4]; 3]) {
    let running = Running::start(server).await;
    for (method, row) in METHODS.into_iter().zip(expected) {
        for (caller, expected) in CALLERS.into_iter().zip(row) {
            assert_eq!(
                http(running.addr, "", method, caller).await,
                expected,
                "{method} by {caller:?}"
            );
        }
    }
}

async fn check_grpc(server: Server, expected: [Seen; 4]) {
    let running = Running::start(server).await;
    for (caller, expected) in CALLERS.into_iter().zip(expected) {
        for method in METHODS {
            assert_eq!(
                over_grpc(running.addr, method, caller).await,
                expected,
                "{method} by {caller:?}"
            );
        }
    }
}

#[tokio::test]
async fn w4_http_without_an_authenticator() {
    let hidden = [Seen::Hidden, Seen::Hidden, Seen::Hidden, Seen::Hidden];
    let closed = [FailClosed, FailClosed, FailClosed, FailClosed];
    check_http(server(), [hidden, closed, [Served, Served, Served, Served]]).await;
}

#[tokio::test]
async fn w4_http_without_an_authenticator_expose_all_changes_nothing() {
    let hidden = [Seen::Hidden, Seen::Hidden, Seen::Hidden, Seen::Hidden];
    let closed = [FailClosed, FailClosed, FailClosed, FailClosed];
    check_http(
        server().expose_all(),
        [hidden, closed, [Served, Served, Served, Served]],
    )
    .await;
}

#[tokio::test]
async fn w4_http_with_anonymous_callers_allowed() {
    let hidden = [Seen::Hidden, Seen::Hidden, Seen::Hidden, Seen::Hidden];
    let open = || [Served, Served, Served, Served];
    check_http(server().allow_anonymous(), [hidden, open(), open()]).await;
}

#[tokio::test]
async fn w4_http_with_an_authenticator() {
    let hidden = [Seen::Hidden, Seen::Hidden, Seen::Hidden, Seen::Hidden];
    let closed = [NoCredentials, ann(), Denied, BadCredentials];
    // Credentials, when sent, must be good on public methods too.
    let public = [Served, ann(), Denied, BadCredentials];
    check_http(server().authenticator(Doorman), [hidden, closed, public]).await;
}

#[tokio::test]
async fn w4_http_with_an_authenticator_and_all_exposed() {
    let closed = || [NoCredentials, ann(), Denied, BadCredentials];
    let public = [Served, ann(), Denied, BadCredentials];
    check_http(
        server().authenticator(Doorman).expose_all(),
        [closed(), closed(), public],
    )
    .await;
}

#[tokio::test]
async fn w4_an_authenticator_and_anonymous_callers_allowed_is_its_verdict() {
    let hidden = [Seen::Hidden, Seen::Hidden, Seen::Hidden, Seen::Hidden];
    let closed = [NoCredentials, ann(), Denied, BadCredentials];
    let public = [Served, ann(), Denied, BadCredentials];
    check_http(
        server().authenticator(Doorman).allow_anonymous(),
        [hidden, closed, public],
    )
    .await;
}

#[tokio::test]
async fn w4_grpc_is_served_whatever_the_schema_says() {
    check_grpc(server(), [Served, Served, Served, Served]).await;
    // Not judged at all: nobody is let in by name either.
    check_grpc(
        server().authenticator(Doorman),
        [Served, Served, Served, Served],
    )
    .await;
    check_grpc(server().auth_all(), [Served, Served, Served, Served]).await;
}

#[tokio::test]
async fn w4_grpc_with_auth_all_is_judged() {
    let judged = [NoCredentials, ann(), Denied, BadCredentials];
    check_grpc(server().authenticator(Doorman).auth_all(), judged).await;
    // Probes have no credentials.
    let running = Running::start(server().authenticator(Doorman).auth_all()).await;
    let check = grpc::head("/grpc.health.v1.Health/Check");
    let answer = grpc::call(running.addr, &check, grpc::frame(&[])).await;
    assert_eq!(grpc::status(&answer).0, 0);
}

#[tokio::test]
async fn w3_a_prefix_moves_http_and_not_grpc() {
    let running = Running::start(server().prefix("/api").authenticator(Doorman)).await;
    for prefix in ["api", "/api/"] {
        let same = Running::start(server().prefix(prefix)).await;
        assert_eq!(http(same.addr, "/api", "Say", None).await, Served);
    }
    let cells = [
        ("Say", None, Served),
        ("Closed", Some("ann"), ann()),
        ("Closed", None, NoCredentials),
    ];
    for (method, caller, expected) in cells {
        assert_eq!(http(running.addr, "/api", method, caller).await, expected);
    }
    assert_eq!(
        http(running.addr, "/api", "Hidden", Some("ann")).await,
        Seen::Hidden
    );
    assert_eq!(over_grpc(running.addr, "Say", None).await, Served);

    for path in ["/e2e.Echo/Say", "/apie2e.Echo/Say"] {
        let body = format!(r#"{{"code":5,"message":"no route for {path}"}}"#);
        let expected = format!(
            "404\ncontent-length: {}\ncontent-type: application/json\n\n{body}",
            body.len()
        );
        assert_eq!(Request::json(path, "{}").both(running.addr).await, expected);
    }
    let answer = grpc::call(running.addr, &grpc::head("/api/e2e.Echo/Say"), say("hi")).await;
    assert_eq!(
        grpc::status(&answer),
        (12, "unknown method /api/e2e.Echo/Say".to_owned())
    );
}
