//! Errors over plain HTTP: statuses, bodies and headers, whatever raises them.

mod routes;

use ezrpc::google::rpc::{BadRequest, RetryInfo, bad_request::FieldViolation};
use ezrpc::wkt::{Any, Duration};
use ezrpc::{Body, ErrorFormat, Server};
use ezrpc_tests::http::{Http1, Http2, Request, TRACE};
use ezrpc_tests::proto::e2e::feed::Item;
use ezrpc_tests::tools;
use prost::Message;

use crate::http_headers::{CREATE, answer};
use crate::http_streams::{PATIENCE, fixture, fixture_of};

/// A call that fails with these details.
fn failing(code: i32, details: Vec<Any>) -> Request {
    let item = Item {
        text: "why".into(),
        fail_with: code,
        details,
        ..Item::default()
    };
    let request = Request::post(CREATE).header("content-type", "application/proto");
    request.body(item.encode_to_vec())
}

fn any(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec(),
    }
}

fn retry(seconds: i64, nanos: i32) -> Any {
    let retry_delay = Some(Duration { seconds, nanos });
    any("google.rpc.RetryInfo", &RetryInfo { retry_delay })
}

#[tokio::test]
async fn h90_every_code_has_its_status() {
    let fixture = fixture().await;
    let statuses = [
        499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
    ];
    for (code, status) in (1..).zip(statuses) {
        let found = failing(code, Vec::new()).both(fixture.running.addr).await;
        assert!(found.starts_with(&format!("{status}\n")), "{code}: {found}");
    }
    // A code nobody knows is UNKNOWN, 500; no code is no error.
    let found = failing(99, Vec::new()).both(fixture.running.addr).await;
    let body = r#"{"code":"unknown","message":"why"}"#;
    assert_eq!(found, answer(500, &[], body));
    let found = failing(0, Vec::new()).both(fixture.running.addr).await;
    assert!(found.starts_with("200\n"), "{found}");
}

#[tokio::test]
async fn h90_retry_after_comes_from_retry_info() {
    let fixture = fixture().await;
    for (seconds, nanos, header) in [
        (7, 0, "retry-after: 7\n"),
        (0, 1, "retry-after: 1\n"),
        (1, 500_000_000, "retry-after: 2\n"),
        (0, 0, "retry-after: 0\n"),
        (-1, 0, ""),
    ] {
        let found = failing(14, vec![retry(seconds, nanos)]);
        let found = found.both(fixture.running.addr).await;
        let line = found.lines().find(|line| line.starts_with("retry-after"));
        assert_eq!(line.unwrap_or_default(), header.trim_end(), "{found}");
    }
}

#[tokio::test]
async fn h91_details_known_and_unknown() {
    let fixture = fixture().await;
    let violation = FieldViolation {
        field: "name".into(),
        description: "is missing".into(),
        ..FieldViolation::default()
    };
    let bad = BadRequest {
        field_violations: vec![violation],
    };
    let unknown = Any {
        type_url: "type.googleapis.com/no.such.Type".into(),
        value: vec![255, 1],
    };
    let details = vec![any("google.rpc.BadRequest", &bad), unknown];
    let body = r#"{"code":"invalid_argument","message":"why","details":[{"type":"google.rpc.BadRequest","value":"ChIKBG5hbWUSCmlzIG1pc3Npbmc"},{"type":"no.such.Type","value":"/wE"}]}"#;
    let found = failing(3, details).both(fixture.running.addr).await;
    assert_eq!(found, answer(400, &[], body));
}

#[tokio::test]
async fn h92_a_panic_says_nothing() {
    let fixture = fixture().await;
    let request = Request::json(CREATE, r#"{"text":"panic"}"#).traced();
    let body = format!(r#"{{"code":"internal","message":"internal error (id {TRACE})"}}"#);
    let addr = fixture.running.addr;
    assert_eq!(request.both(addr).await, answer(500, &[], &body));
    let found = Request::json(CREATE, "{}").both(addr).await;
    assert_eq!(found, answer(200, &[], "{}"));
}

const TOO_LARGE: &str =
    r#"{"code":"resource_exhausted","message":"request body is over the limit of 5000 bytes"}"#;

fn limited(server: Server) -> Server {
    server.max_message(5000)
}

#[tokio::test]
async fn h93_too_large_is_413_and_the_connection_goes_on_or_closes() {
    let fixture = fixture_of(limited).await;
    let addr = fixture.running.addr;
    let large = Request::json(CREATE, &format!(r#"{{"text":"{}"}}"#, "x".repeat(5000)));
    let expected = answer(413, &[], TOO_LARGE);
    assert_eq!(large.clone().both(addr).await, expected);
    assert_eq!(large.clone().streamed().both(addr).await, expected);

    // HTTP/2: other calls on the connection are not touched.
    let client = Http2::connect(addr).await;
    for request in [&large, &Request::json(CREATE, "{}"), &large] {
        let mut exchange = client.open(request, Some(request.payload().len())).await;
        exchange.finish(request.payload());
        let status = exchange.answer().await.expect("an answer").status;
        let expected = if request.payload().len() > 2 {
            413
        } else {
            200
        };
        assert_eq!(status, expected);
    }
    // The answer comes whole, though the caller is in the middle of what the window holds back.
    let huge = Request::json(CREATE, &"x".repeat(3 << 20));
    let mut exchange = client.open(&huge, None).await;
    exchange.send(huge.payload());
    let answer = exchange.answer().await.expect("an answer");
    assert_eq!(answer.text(), expected);
    // HTTP/1.1: the answer comes before a body that is never sent, and then either side may end it.
    let head = Request::post(CREATE)
        .header("content-type", "application/json")
        .header("content-length", "1000000");
    let mut connection = Http1::open(addr, &head).await;
    assert_eq!(connection.answer().await.text(), expected);
    assert!(
        tokio::time::timeout(PATIENCE, connection.is_closed())
            .await
            .expect("in time")
    );
}

#[tokio::test]
async fn h93_curl_reads_the_413() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let fixture = fixture_of(limited).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("body.json");
    let text = "x".repeat(3 << 20);
    std::fs::write(&file, format!(r#"{{"text":"{text}"}}"#)).expect("a file");
    for arguments in [
        &["--http1.1"][..],
        &["--http1.1", "--header", "transfer-encoding: chunked"],
        &["--http2-prior-knowledge"],
    ] {
        let output = tokio::process::Command::new(&curl)
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "60",
                "--noproxy",
                "*",
            ])
            .args(["--header", "content-type: application/json"])
            .args(arguments)
            .args(["--write-out", "\n%{http_code}", "--data-binary"])
            .arg(format!("@{}", file.display()))
            .arg(format!("http://{}{CREATE}", fixture.running.addr))
            .output()
            .await
            .expect("curl starts");
        let found = String::from_utf8_lossy(&output.stdout);
        assert_eq!(found, format!("{TOO_LARGE}\n413"), "{output:?}");
    }
}

/// A path nobody serves answers in the form of routes.
const NOWHERE: &str = "/v9/nowhere";

#[tokio::test]
async fn h95_forms_of_errors() {
    let status = fixture_of(|server| server.error_format(ErrorFormat::status())).await;
    let body = r#"{"code":5,"message":"no route for /v9/nowhere"}"#;
    let nowhere = || Request::new("GET", NOWHERE);
    assert_eq!(
        nowhere().both(status.running.addr).await,
        answer(404, &[], body)
    );
    let aip = fixture_of(|server| server.error_format(ErrorFormat::aip193())).await;
    let body =
        r#"{"error":{"code":404,"message":"no route for /v9/nowhere","status":"NOT_FOUND"}}"#;
    assert_eq!(
        nowhere().both(aip.running.addr).await,
        answer(404, &[], body)
    );
    // RPC paths speak Connect.
    let body = r#"{"code":"canceled","message":"why"}"#;
    assert_eq!(
        failing(1, Vec::new()).both(aip.running.addr).await,
        answer(499, &[], body)
    );
}

#[tokio::test]
async fn h95_a_form_of_ones_own() {
    let format = ErrorFormat::custom(|error, mut response| {
        assert!(!error.message().ends_with("panic"), "as a bug would");
        *response.body_mut() = Body::full(format!("{}!", error.message()));
        let headers = response.headers_mut();
        headers.insert("content-type", "text/plain".parse().expect("a value"));
        headers.insert("x-mine", "1".parse().expect("a value"));
        response
    });
    let fixture = fixture_of(|server| server.error_format(format)).await;
    let addr = fixture.running.addr;
    let found = Request::new("GET", NOWHERE).both(addr).await;
    let body = "no route for /v9/nowhere!";
    let expected = answer(404, &["x-mine: 1"], body).replace("application/json", "text/plain");
    assert_eq!(found, expected);
    // What it does to itself it does not do to the answer.
    let found = Request::new("GET", "/v9/panic").both(addr).await;
    let body = r#"{"code":5,"message":"no route for /v9/panic"}"#;
    assert_eq!(found, answer(404, &[], body));
}

#[tokio::test]
async fn h96_the_challenge() {
    let fixture = fixture().await;
    let body = r#"{"code":"unauthenticated","message":"why"}"#;
    assert_eq!(
        failing(16, Vec::new()).both(fixture.running.addr).await,
        answer(401, &["www-authenticate: Bearer"], body)
    );
    let challenge = r#"Bearer realm="shop", error="invalid_token""#;
    let own = fixture_of(|server| server.www_authenticate(challenge)).await;
    assert_eq!(
        failing(16, Vec::new()).both(own.running.addr).await,
        answer(401, &[&format!("www-authenticate: {challenge}")], body)
    );
    let bad = Server::new("x")
        .www_authenticate("a\nb")
        .bind("127.0.0.1:0");
    let error = bad.await.expect_err("no header");
    assert_eq!(
        error.message(),
        "what Server::www_authenticate was given cannot stand in a header"
    );
}
