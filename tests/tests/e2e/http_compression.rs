//! Compressed bodies over plain HTTP.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use ezrpc_tests::http::{Answer, Request};

use crate::http_headers::{CREATE, answer};
use crate::http_streams::{fixture, fixture_of, watch};

fn gzip(data: &[u8]) -> Bytes {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(data).expect("a vector takes it");
    writer.finish().expect("a vector takes it").into()
}

fn gunzip(data: &[u8]) -> String {
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(data);
    reader.read_to_string(&mut text).expect("gzip");
    text
}

/// JSON in gzip.
fn post(path: &str, body: impl Into<Bytes>) -> Request {
    Request::post(path)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(body)
}

#[tokio::test]
async fn compressed_requests_are_taken() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    let body = gzip(br#"{"text":"hi"}"#);
    let expected = answer(200, &[], r#"{"text":"hi"}"#);
    assert_eq!(post(CREATE, body.clone()).both(addr).await, expected);
    assert_eq!(
        post(CREATE, body.clone()).streamed().both(addr).await,
        expected
    );
    assert_eq!(post("/v1/items", body).both(addr).await, expected);
    let lines = gzip(&b"{\"number\":1}\n".repeat(3000));
    let expected = answer(200, &[], r#"{"count":"3000","sum":"3000"}"#);
    for path in ["/e2e.feed.Feed/Import", "/v1/feed:import"] {
        assert_eq!(post(path, lines.clone()).both(addr).await, expected);
        assert_eq!(
            post(path, lines.clone()).streamed().both(addr).await,
            expected
        );
    }
}

#[tokio::test]
async fn h94_a_bomb_is_413() {
    let fixture = fixture_of(|server| server.max_message(100 << 10)).await;
    let bomb = gzip(&[b' '; 64 << 20]);
    assert!(bomb.len() < 100 << 10, "{}", bomb.len());
    for path in [CREATE, "/v1/items"] {
        let found = post(path, bomb.clone()).both(fixture.running.addr).await;
        let body = match path {
            CREATE => {
                r#"{"code":"resource_exhausted","message":"message is over the limit of 102400 bytes"}"#
            }
            _ => r#"{"code":8,"message":"message is over the limit of 102400 bytes"}"#,
        };
        assert_eq!(found, answer(413, &[], body));
    }
    // One item of a stream is held to the same.
    let item = [b"{\"text\":\"", &[b'x'; 8 << 20][..], b"\"}"].concat();
    let found = post("/v1/feed:import", gzip(&item))
        .both(fixture.running.addr)
        .await;
    let body =
        r#"{"code":8,"message":"item 1 of the request body is over the limit of 102400 bytes"}"#;
    assert_eq!(found, answer(413, &[], body));
}

#[tokio::test]
async fn h97_bad_gzip_is_400() {
    let fixture = fixture().await;
    let good = gzip(br#"{"text":"hi"}"#);
    let mut torn = good.to_vec();
    torn.truncate(good.len() - 9);
    let mut wrong = good.to_vec();
    *wrong.last_mut().expect("a byte") ^= 1;
    for bad in [b"{\"text\":\"hi\"}".to_vec(), torn, wrong] {
        for path in [CREATE, "/v1/items", "/v1/feed:import"] {
            let found = post(path, bad.clone()).both(fixture.running.addr).await;
            assert!(found.starts_with("400\n"), "{path}: {found}");
        }
    }
}

#[tokio::test]
async fn unknown_encodings_are_415_with_accept_encoding() {
    let fixture = fixture().await;
    let request = Request::json("/v1/items", "{}").header("content-encoding", "br");
    let found = request.both(fixture.running.addr).await;
    assert!(found.starts_with("415\naccept-encoding: gzip,"), "{found}");
    assert!(
        found.contains(r#"{"code":12,"message":"content encoding"#),
        "{found}"
    );
}

fn is_compressed(answer: &Answer) -> bool {
    let gzip = answer.value("content-encoding") == "gzip";
    let varies = answer.value("vary").eq_ignore_ascii_case("accept-encoding");
    assert_eq!(gzip, varies, "{answer:?}");
    gzip
}

#[tokio::test]
async fn long_replies_are_compressed_for_those_who_take_it() {
    let fixture = fixture().await;
    let addr = fixture.running.addr;
    for (length, accept, compressed) in [
        (2000, "gzip", true),
        (2000, "br, gzip;q=0.5", true),
        (2000, "gzip;q=0", false),
        (2000, "br", false),
        (500, "gzip", false),
    ] {
        for path in [CREATE, "/v1/items"] {
            let json = format!(r#"{{"text":"{}"}}"#, "x".repeat(length));
            let request = Request::json(path, &json).header("accept-encoding", accept);
            for answer in [request.clone().http1(addr).await, request.http2(addr).await] {
                assert_eq!(is_compressed(&answer), compressed, "{length} {accept}");
                match compressed {
                    true => assert_eq!(gunzip(&answer.body), json),
                    false => assert_eq!(answer.body, json),
                }
            }
        }
    }
}

/// Compression would hold messages back.
#[tokio::test]
async fn streams_are_sent_as_they_are() {
    let fixture = fixture().await;
    let request = watch("a b").header("accept-encoding", "gzip");
    let found = request.both(fixture.running.addr).await;
    assert_eq!(found, watch("a b").both(fixture.running.addr).await);
}
