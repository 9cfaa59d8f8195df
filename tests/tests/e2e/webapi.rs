//! Plain HTTP: JSON and protobuf bodies, and every refusal with its whole answer.

use std::time::Duration;

use ezrpc::wkt::Any;
use ezrpc::{Server, json};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::http::{Request, TRACE};
use ezrpc_tests::proto::e2e::{EchoReply, EchoRequest, EchoServer};
use ezrpc_tests::server::Running;
use prost::Message;

const SAY: &str = "/e2e.Echo/Say";

fn server() -> Server {
    Server::new("echo").add(EchoServer::new(Echo::default()))
}

async fn running() -> Running {
    Running::start(server()).await
}

/// A whole answer in JSON; `headers` are lines that sort after `content-type`.
fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "{status}\ncontent-length: {}\ncontent-type: application/json\n{headers}\n{body}",
        body.len()
    )
}

/// The same with lines that sort before `content-length`.
fn answer_after(status: u16, headers: &str, body: &str) -> String {
    answer(status, "", body).replacen("content-length", &format!("{headers}content-length"), 1)
}

#[tokio::test]
async fn an_unknown_path_is_404_as_a_google_rpc_status() {
    let running = running().await;
    for path in [
        "/",
        "/e2e.Echo",
        "/e2e.Echo/Nope",
        "/e2e.Echo/Say/",
        "/e2e.echo/Say",
        "/no/such?x=1",
    ] {
        let bare = path.split('?').next().unwrap_or_default();
        let expected = answer(
            404,
            "",
            &format!(r#"{{"code":5,"message":"no route for {bare}"}}"#),
        );
        assert_eq!(Request::json(path, "{}").both(running.addr).await, expected);
        assert_eq!(Request::new("GET", path).both(running.addr).await, expected);
    }
}

#[tokio::test]
async fn an_unknown_path_asked_for_by_connect_is_404_in_its_shape() {
    let request = Request::json("/e2e.Echo/Nope", "{}").header("connect-protocol-version", "1");
    let body = r#"{"code":"not_found","message":"no route for /e2e.Echo/Nope"}"#;
    assert_eq!(
        request.both(running().await.addr).await,
        answer(404, "", body)
    );
}

#[tokio::test]
async fn a_registered_path_not_enabled_is_404_in_connect_shape_for_every_method() {
    let running = running().await;
    let body = r#"{"code":"not_found","message":"no route for /e2e.Echo/Hidden"}"#;
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let request = Request::new(method, "/e2e.Echo/Hidden");
        assert_eq!(request.both(running.addr).await, answer(404, "", body));
    }
}

#[tokio::test]
async fn other_methods_than_post_are_405_with_allow() {
    let running = running().await;
    let body = r#"{"code":"unimplemented","message":"/e2e.Echo/Say takes POST"}"#;
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let request = Request::new(method, SAY).header("content-type", "application/json");
        assert_eq!(
            request.both(running.addr).await,
            answer_after(405, "allow: POST\n", body),
            "{method}"
        );
    }
    let head = Request::new("HEAD", SAY).both(running.addr).await;
    assert_eq!(
        head,
        answer_after(405, "allow: POST\n", body).replace(body, "")
    );
    let options = Request::new("OPTIONS", SAY).both(running.addr).await;
    assert_eq!(options, "204\nallow: OPTIONS, POST\n\n");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_by_length_and_by_streaming() {
    let running = Running::start(server().max_message(5000)).await;
    let message = "request body is over the limit of 5000 bytes";
    let refused = answer(
        413,
        "",
        &format!(r#"{{"code":"resource_exhausted","message":"{message}"}}"#),
    );
    let request = |length: usize| {
        let text = "x".repeat(length - r#"{"text":""}"#.len());
        Request::json(SAY, &format!(r#"{{"text":"{text}"}}"#))
    };
    let kept = |length: usize| {
        answer(
            200,
            "",
            &format!(r#"{{"text":"{}"}}"#, "x".repeat(length - 11)),
        )
    };
    assert_eq!(request(5000).both(running.addr).await, kept(5000));
    assert_eq!(
        request(5000).streamed().both(running.addr).await,
        kept(5000)
    );
    assert_eq!(request(5001).both(running.addr).await, refused);
    assert_eq!(request(5001).streamed().both(running.addr).await, refused);
}

/// RESOURCE_EXHAUSTED by itself is no 413.
#[tokio::test]
async fn a_handler_that_is_exhausted_is_429() {
    let request = Request::json(SAY, r#"{"failWith":8,"text":"too many"}"#);
    let body = r#"{"code":"resource_exhausted","message":"too many","details":[DETAIL]}"#;
    let body = body.replace("DETAIL", &connect_info("0"));
    assert_eq!(
        request.both(running().await.addr).await,
        answer(429, "", &body)
    );
}

/// The ErrorInfo of the Echo service in Connect's shape.
fn connect_info(number: &str) -> String {
    let info = ezrpc::google::rpc::ErrorInfo {
        reason: "ASKED_FOR".into(),
        domain: "e2e".into(),
        metadata: [("number".to_owned(), number.to_owned())].into(),
    };
    format!(
        r#"{{"type":"google.rpc.ErrorInfo","value":"{}"}}"#,
        base64(&info.encode_to_vec())
    )
}

/// Base64 without padding, by the JSON codec: bytes of a message, padding cut.
fn base64(bytes: &[u8]) -> String {
    let request = EchoRequest {
        blob: bytes.to_vec().into(),
        ..EchoRequest::default()
    };
    let text = json::Options::new().to_vec(&request).expect("JSON");
    let text = String::from_utf8(text).expect("text");
    text.trim_start_matches(r#"{"blob":""#)
        .trim_end_matches(r#""}"#)
        .trim_end_matches('=')
        .to_owned()
}

#[tokio::test]
async fn other_media_types_are_415_with_accept_post() {
    let running = running().await;
    let body = r#"{"code":"invalid_argument","message":"send Content-Type: application/json"}"#;
    let expected = answer_after(
        415,
        "accept-post: application/json, application/proto\n",
        body,
    );
    let types = [
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/json",
        "application/grpcfoo",
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "application",
        "",
    ];
    for media in types {
        let request = Request::post(SAY).header("content-type", media).body("{}");
        assert_eq!(request.both(running.addr).await, expected, "{media}");
    }
    let twice = Request::json(SAY, "{}").header("content-type", "application/json");
    assert_eq!(twice.both(running.addr).await, expected);
    assert_eq!(
        Request::post(SAY).body("{}").both(running.addr).await,
        expected
    );
}

#[tokio::test]
async fn media_types_that_are_json() {
    let running = running().await;
    let types = [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json ; profile=x",
        "application/vnd.shop+json",
    ];
    for media in types {
        let request = Request::post(SAY)
            .header("content-type", media)
            .body(r#"{"text":"é"}"#);
        assert_eq!(
            request.both(running.addr).await,
            answer(200, "", r#"{"text":"é"}"#),
            "{media}"
        );
    }
}

#[tokio::test]
async fn unknown_content_encodings_are_415_with_accept_encoding() {
    let running = running().await;
    let text = "content encoding not supported: send one of gzip,identity";
    let body = format!(r#"{{"code":"unimplemented","message":"{text}"}}"#);
    for encoding in ["br", "deflate", "gzip, gzip"] {
        let request = Request::json(SAY, "{}").header("content-encoding", encoding);
        assert_eq!(
            request.both(running.addr).await,
            answer_after(415, "accept-encoding: gzip,identity\n", &body)
        );
    }
    let request = Request::json(SAY, "{}").header("content-encoding", "Identity");
    assert_eq!(request.both(running.addr).await, answer(200, "", "{}"));
}

#[tokio::test]
async fn bad_json_is_400_with_its_place() {
    let running = running().await;
    let cases = [
        (
            "",
            "expected an object, found the end of the text at line 1 column 1",
        ),
        (
            "{\"text\":\n \"a\",}",
            "expected a key in double quotes, found `}` at line 2 column 6",
        ),
        (
            r#"{"text":1}"#,
            "text: expected a string, found 1 at line 1 column 9",
        ),
        (
            r#"{"number":"x"}"#,
            r#"number: expected a number, found \"x\" at line 1 column 11"#,
        ),
        (
            r#"{"text":"a"} x"#,
            "expected the end of the text, found x at line 1 column 14",
        ),
        ("null", "expected an object, found null at line 1 column 1"),
        (
            "[]",
            "expected an object, found an array at line 1 column 1",
        ),
        (
            "{\"text\":\"\u{1}\"}",
            "text: a control character needs an escape here at line 1 column 10",
        ),
    ];
    for (body, message) in cases {
        let expected = format!(r#"{{"code":"invalid_argument","message":"{message}"}}"#);
        let found = Request::json(SAY, body).both(running.addr).await;
        assert_eq!(found, answer(400, "", &expected), "{body}");
    }
}

#[tokio::test]
async fn a_deep_body_is_400_and_not_a_crash() {
    let deep = format!(
        r#"{{"no_such":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let text = Request::json(SAY, &deep).both(running().await.addr).await;
    assert!(text.starts_with("400\n"), "{text}");
}

#[tokio::test]
async fn unknown_members_are_ignored_unless_strict() {
    let lenient = running().await;
    let request = Request::json(SAY, r#"{"nope":{"a":[1,{}]},"text":"a"}"#);
    assert_eq!(
        request.clone().both(lenient.addr).await,
        answer(200, "", r#"{"text":"a"}"#)
    );
    let strict = Running::start(server().json(json::Options::new().strict())).await;
    let text = request.both(strict.addr).await;
    let body =
        r#"{"code":"invalid_argument","message":"unknown field \"nope\" at line 1 column 2"}"#;
    assert_eq!(text, answer(400, "", body));
}

#[tokio::test]
async fn both_names_of_a_field_are_read_and_64_bit_numbers_are_exact() {
    let running = running().await;
    let expected = answer(200, "", r#"{"number":"9007199254740993"}"#);
    for body in [
        r#"{"number":9007199254740993}"#,
        r#"{"number":"9007199254740993"}"#,
    ] {
        assert_eq!(Request::json(SAY, body).both(running.addr).await, expected);
    }
    for body in [r#"{"fail_with":5}"#, r#"{"failWith":"5"}"#] {
        assert!(
            Request::json(SAY, body)
                .both(running.addr)
                .await
                .starts_with("404\n")
        );
    }
}

#[tokio::test]
async fn empty_is_an_empty_object() {
    let running = running().await;
    let request = Request::json("/e2e.Echo/Nothing", "{}");
    assert_eq!(request.both(running.addr).await, answer(200, "", "{}"));
    let request = Request::post("/e2e.Echo/Nothing").header("content-type", "application/proto");
    let expected = "200\ncontent-type: application/proto\n\n";
    assert_eq!(request.both(running.addr).await, expected);
}

#[tokio::test]
async fn protobuf_bodies() {
    let running = running().await;
    let request = EchoRequest {
        text: "hi".into(),
        number: 7,
        ..EchoRequest::default()
    }
    .encode_to_vec();
    let reply = EchoReply {
        text: "hi".into(),
        number: 7,
        ..EchoReply::default()
    }
    .encode_to_vec();
    for media in [
        "application/proto",
        "application/protobuf",
        "application/x-protobuf",
    ] {
        let post = Request::post(SAY).header("content-type", media);
        let expected = "200\ncontent-length: 6\ncontent-type: application/proto\n\n";
        assert_eq!(
            post.clone().body(request.clone()).both(running.addr).await,
            format!("{expected}{}", text(&reply))
        );
        // No body is the default message.
        let expected = "200\ncontent-type: application/proto\n\n";
        assert_eq!(post.clone().both(running.addr).await, expected);
        let bad = post.body("\u{7}rubbish").both(running.addr).await;
        assert!(
            bad.starts_with("400\n") && bad.contains(r#"{"code":"invalid_argument","message":""#),
            "{bad}"
        );
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const CODES: [(i32, &str, u16); 16] = [
    (1, "canceled", 499),
    (2, "unknown", 500),
    (3, "invalid_argument", 400),
    (4, "deadline_exceeded", 504),
    (5, "not_found", 404),
    (6, "already_exists", 409),
    (7, "permission_denied", 403),
    (8, "resource_exhausted", 429),
    (9, "failed_precondition", 400),
    (10, "aborted", 409),
    (11, "out_of_range", 400),
    (12, "unimplemented", 501),
    (13, "internal", 500),
    (14, "unavailable", 503),
    (15, "data_loss", 500),
    (16, "unauthenticated", 401),
];

#[tokio::test]
async fn every_code_has_its_status_and_body() {
    let running = running().await;
    for (number, name, status) in CODES {
        let request = Request::json(
            SAY,
            &format!(r#"{{"failWith":{number},"text":"why \"x\"","number":"{number}"}}"#),
        );
        let info = connect_info(&number.to_string());
        let body = format!(r#"{{"code":"{name}","message":"why \"x\"","details":[{info}]}}"#);
        let challenge = if status == 401 {
            "www-authenticate: Bearer\n"
        } else {
            ""
        };
        assert_eq!(
            request.both(running.addr).await,
            answer(status, challenge, &body)
        );
    }
}

#[tokio::test]
async fn details_known_and_unknown() {
    let running = running().await;
    let known = EchoReply {
        text: "detail".into(),
        ..EchoReply::default()
    };
    let details = [
        ("e2e.EchoReply", known.encode_to_vec()),
        ("no.such.Type", vec![8, 1]),
    ];
    for (name, value) in details {
        let detail = Any {
            type_url: format!("type.googleapis.com/{name}"),
            value: value.clone(),
        };
        let request = EchoRequest {
            fail_with: 5,
            text: "gone".into(),
            detail: Some(detail),
            ..EchoRequest::default()
        };
        let post = Request::post(SAY)
            .header("content-type", "application/proto")
            .body(request.encode_to_vec());
        let detail = format!(r#"{{"type":"{name}","value":"{}"}}"#, base64(&value));
        let details = format!("{},{detail}", connect_info("0"));
        let body = format!(r#"{{"code":"not_found","message":"gone","details":[{details}]}}"#);
        // An error is JSON whatever the request was.
        assert_eq!(post.both(running.addr).await, answer(404, "", &body));
    }
}

#[tokio::test]
async fn no_cause_and_no_frame_leaves() {
    let body = format!(r#"{{"code":"unknown","message":"unknown error (id {TRACE})"}}"#);
    let request = Request::json(SAY, r#"{"text":"cause"}"#).traced();
    assert_eq!(
        request.both(running().await.addr).await,
        answer(500, "", &body)
    );
}

#[tokio::test]
async fn a_panic_is_500_and_the_server_lives() {
    let running = running().await;
    let request = Request::json(SAY, r#"{"text":"panic"}"#).traced();
    let body = format!(r#"{{"code":"internal","message":"internal error (id {TRACE})"}}"#);
    assert_eq!(request.both(running.addr).await, answer(500, "", &body));
    assert_eq!(
        Request::json(SAY, "{}").both(running.addr).await,
        answer(200, "", "{}")
    );
}

#[tokio::test]
async fn metadata_of_the_reply_is_headers_and_trailer_headers() {
    let running = running().await;
    let request = |body: &str| {
        let request = Request::json(SAY, body)
            .header("x-echo", "a")
            .header("x-echo", "b");
        request.header("x-echo-bin", "AAEC/w==")
    };
    let lines = "trailer-x-trailer: a\ntrailer-x-trailer: b\ntrailer-x-trailer-bin: AAEC/w\n\
                 x-header: a\nx-header: b\nx-header-bin: AAEC/w\n";
    assert_eq!(
        request("{}").both(running.addr).await,
        answer(200, lines, "{}")
    );
    let body = format!(
        r#"{{"code":"not_found","details":[{}]}}"#,
        connect_info("0")
    );
    assert_eq!(
        request(r#"{"failWith":5}"#).both(running.addr).await,
        answer(404, lines, &body)
    );
}

const LATE: &str = r#"{"code":"deadline_exceeded","message":"deadline exceeded"}"#;

#[tokio::test]
async fn time_limits_of_the_caller_the_schema_and_the_server_are_504() {
    let running = running().await;
    let hang = |path: &str| Request::json(path, r#"{"text":"hang"}"#);
    let late = answer(504, "", LATE);
    assert_eq!(
        hang(SAY)
            .header("connect-timeout-ms", "20")
            .both(running.addr)
            .await,
        late
    );
    assert_eq!(
        hang(SAY)
            .header("grpc-timeout", "20m")
            .both(running.addr)
            .await,
        late
    );
    assert_eq!(hang("/e2e.Echo/Slow").both(running.addr).await, late);
    // The shortest wins, in either order.
    let both = hang(SAY)
        .header("connect-timeout-ms", "3600000")
        .header("grpc-timeout", "20m");
    assert_eq!(both.both(running.addr).await, late);
    let both = hang("/e2e.Echo/Slow").header("connect-timeout-ms", "3600000");
    assert_eq!(both.both(running.addr).await, late);
    let limited = Running::start(server().max_timeout(Duration::from_millis(20))).await;
    assert_eq!(
        hang(SAY)
            .header("connect-timeout-ms", "3600000")
            .both(limited.addr)
            .await,
        late
    );
    assert_eq!(hang(SAY).both(limited.addr).await, late);
}

/// No handler runs, so it needs none that hangs.
#[tokio::test]
async fn a_timeout_of_zero_has_passed() {
    let running = running().await;
    for (name, value) in [
        ("connect-timeout-ms", "0"),
        ("grpc-timeout", "0n"),
        ("grpc-timeout", "0S"),
    ] {
        let request = Request::json(SAY, "{}").header(name, value);
        assert_eq!(request.both(running.addr).await, answer(504, "", LATE));
    }
}

#[tokio::test]
async fn timeouts_that_cannot_be_read_are_400() {
    let running = running().await;
    let message = "malformed timeout: grpc-timeout takes 1 to 8 digits and one of H M S m u n, \
                   connect-timeout-ms 1 to 10 digits, x-server-timeout seconds as a decimal number";
    let body = format!(r#"{{"code":"invalid_argument","message":"{message}"}}"#);
    let bad = [
        ("connect-timeout-ms", "12345678901"),
        ("connect-timeout-ms", "-1"),
        ("connect-timeout-ms", "1.5"),
        ("connect-timeout-ms", "1s"),
        ("connect-timeout-ms", ""),
        ("grpc-timeout", "5X"),
        ("grpc-timeout", "1234567890123456n"),
    ];
    for (name, value) in bad {
        let request = Request::json(SAY, "{}").header(name, value);
        assert_eq!(
            request.both(running.addr).await,
            answer(400, "", &body),
            "{name}: {value}"
        );
    }
    let longest = Request::json(SAY, "{}")
        .header("connect-timeout-ms", "9999999999")
        .header("grpc-timeout", "99999999H");
    assert_eq!(longest.both(running.addr).await, answer(200, "", "{}"));
}

#[tokio::test]
async fn a_handler_reads_what_is_left() {
    let running = running().await;
    let request =
        Request::json(SAY, r#"{"text":"remaining"}"#).header("connect-timeout-ms", "60000");
    let reply = request.http1(running.addr).await;
    let reply: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    let left: i64 = reply["number"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a number");
    assert!((1..=60_000).contains(&left), "{left}");
}

/// One connection serves one request after another, refused ones among them.
#[tokio::test]
async fn grpc_and_json_share_a_connection() {
    use ezrpc_tests::grpc;
    use ezrpc_tests::http::Http2;
    let connection = Http2::connect(running().await.addr).await;
    for _ in 0..2 {
        let mut call = connection.open(&grpc::head(SAY), None).await;
        call.finish(grpc::say("hi"));
        let reply = call.answer().await.expect("an answer");
        assert_eq!(
            grpc::text(&reply),
            "200\ncontent-type: application/grpc\n\n[hi]\ngrpc-status: 0\n"
        );
        let mut call = connection.open(&Request::json(SAY, ""), None).await;
        call.finish(r#"{"text":"hi"}"#);
        let reply = call.answer().await.expect("an answer");
        assert_eq!(reply.text(), answer(200, "", r#"{"text":"hi"}"#));
    }
}
