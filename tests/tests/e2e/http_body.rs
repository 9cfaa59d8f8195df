//! google.api.HttpBody: bodies of any media type, both ways.

use ezrpc::Server;
use ezrpc_tests::http::{Http1, Http2, Request};
use ezrpc_tests::proto::e2e::rest::BodiesServer;
use ezrpc_tests::rest::{Files, PIECE};
use ezrpc_tests::server::Running;
use ezrpc_tests::tools::require;
use ezrpc_tests::upload::patterned;

use super::rest_binding::sent;

async fn running() -> Running {
    Running::start(Server::new("files").add(BodiesServer::new(Files))).await
}

#[tokio::test]
async fn h60_any_body_is_taken_as_it_is() {
    let running = running().await;
    let rows: [(&str, &[u8], &str); 5] = [
        (
            "image/png",
            b"\x89PNG\0\xff",
            r#"{"contentType":"image/png","size":"6","data":"iVBORwD/"}"#,
        ),
        (
            "application/json; charset=latin1",
            b"{broken",
            r#"{"contentType":"application/json; charset=latin1","size":"7","data":"e2Jyb2tlbg=="}"#,
        ),
        (
            "application/json",
            b"null",
            r#"{"contentType":"application/json","size":"4","data":"bnVsbA=="}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            b"a=b",
            r#"{"contentType":"application/x-www-form-urlencoded","size":"3","data":"YT1i"}"#,
        ),
        (
            "application/proto",
            b"\xff",
            r#"{"contentType":"application/proto","size":"1","data":"/w=="}"#,
        ),
    ];
    for (media, data, expected) in rows {
        let request = Request::post("/v1/raw")
            .header("content-type", media)
            .header("accept", "application/json");
        let answer = sent(&running, request.body(data)).await;
        assert_eq!(answer, (200, expected.to_owned()), "{media}");
    }
    let answer = sent(&running, Request::post("/v1/raw").body("x")).await;
    assert_eq!(answer, (200, r#"{"size":"1","data":"eA=="}"#.to_owned()));
    assert_eq!(
        sent(&running, Request::post("/v1/raw")).await,
        (200, "{}".to_owned())
    );
}

#[tokio::test]
async fn h61_a_download_has_its_type_and_length() {
    let running = running().await;
    for (name, media) in [
        ("page", "text/html; charset=utf-8"),
        ("untyped", "application/octet-stream"),
        ("odd", "application/octet-stream"),
        ("empty", "application/octet-stream"),
    ] {
        let request =
            || Request::new("GET", &format!("/v1/raw/{name}")).header("accept-encoding", "gzip");
        for answer in [
            request().http1(running.addr).await,
            request().http2(running.addr).await,
        ] {
            let expected: &[u8] = match name {
                "page" => b"<p>\0\xff</p>",
                "untyped" => b"\x01\x02",
                "odd" => b"x",
                _ => b"",
            };
            assert_eq!((answer.status, answer.value("content-type")), (200, media));
            assert_eq!(answer.value("content-length"), expected.len().to_string());
            assert_eq!((&*answer.body, answer.value("x-name")), (expected, name));
        }
    }
    let (status, body) = sent(&running, Request::new("GET", "/v1/raw/none")).await;
    assert_eq!(
        (status, body.as_str()),
        (404, r#"{"code":5,"message":"no such file"}"#)
    );
}

#[tokio::test]
async fn h61_a_field_that_is_the_response() {
    let running = running().await;
    let answer = Request::new("GET", "/v1/files/page")
        .http1(running.addr)
        .await;
    assert_eq!(
        (answer.value("content-type"), &*answer.body),
        ("text/html; charset=utf-8", &b"<p>\0\xff</p>"[..])
    );
    let answer = Request::new("GET", "/v1/files/unset")
        .http2(running.addr)
        .await;
    assert_eq!(
        (answer.status, answer.value("content-type"), &*answer.body),
        (200, "application/octet-stream", &b""[..])
    );
}

#[tokio::test]
async fn h62_a_stream_is_its_bytes_and_nothing_between() {
    let running = running().await;
    let size = 5 << 20;
    let request = || Request::new("GET", &format!("/v1/streams/{size}"));
    for answer in [
        request().http1(running.addr).await,
        request().http2(running.addr).await,
    ] {
        assert_eq!(
            (answer.status, answer.value("content-type")),
            (200, "video/mp4")
        );
        assert_eq!(answer.body.len(), size);
        assert!(answer.body == patterned(0, size), "the bytes differ");
    }
    let answer = sent(&running, Request::new("GET", "/v1/streams/0")).await;
    assert_eq!(answer, (200, String::new()));
}

#[tokio::test]
async fn h62_an_error_before_the_first_piece_has_a_status() {
    let running = running().await;
    let answer = sent(
        &running,
        Request::new("GET", "/v1/streams/0?fail_early=true"),
    )
    .await;
    assert_eq!(
        answer,
        (
            503,
            r#"{"code":14,"message":"the disk is gone"}"#.to_owned()
        )
    );
}

#[tokio::test]
async fn h63_a_stream_that_fails_breaks_off() {
    let running = running().await;
    let request = Request::new("GET", "/v1/streams/100000?fail=true");
    let mut http1 = Http1::open(running.addr, &request).await;
    let mut answer = http1.head().await;
    assert!(!http1.rest(&mut answer).await, "no last chunk");
    assert_eq!(answer.body, patterned(0, 100_000));
    let http2 = Http2::connect(running.addr).await;
    let mut exchange = http2.open(&request, None).await;
    exchange.end();
    let error = exchange.answer().await.unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR));
}

#[tokio::test]
async fn h63_curl_sees_it() {
    let Some(curl) = require("curl") else {
        return;
    };
    let running = running().await;
    let url = format!("http://{}/v1/streams/{}?fail=true", running.addr, 3 * PIECE);
    for (option, code) in [("--http1.1", 18), ("--http2-prior-knowledge", 92)] {
        let run = tokio::process::Command::new(&curl)
            .args(["-sS", option, "-o", "/dev/null", &url])
            .output();
        assert_eq!(run.await.unwrap().status.code(), Some(code), "{option}");
    }
}

#[tokio::test]
async fn h64_a_body_beside_path_and_query() {
    let running = running().await;
    let request = Request::new(
        "PUT",
        "/v1/files/a%2Fb?note=hi&content.content_type=x&name=y",
    )
    .header("content-type", "text/csv")
    .body("1,2");
    assert_eq!(
        sent(&running, request).await,
        (
            200,
            r#"{"name":"a/b","contentType":"text/csv","size":"3","note":"hi","data":"MSwy"}"#
                .to_owned()
        )
    );
    let (status, _) = sent(
        &running,
        Request::new("PUT", "/v1/files/a?note=%zz").body("1,2"),
    )
    .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn h60_a_body_over_the_limit_is_413() {
    let server = Server::new("files")
        .add(BodiesServer::new(Files))
        .max_message(1000);
    let running = Running::start(server).await;
    let (status, _) = sent(&running, Request::post("/v1/raw").body(vec![0; 1000])).await;
    assert_eq!(status, 200);
    let (status, _) = sent(&running, Request::post("/v1/raw").body(vec![0; 1001])).await;
    assert_eq!(status, 413);
}
