//! Forms on the wire: boundaries, cuts, names, charsets; and what else such methods take.

use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::upload::{Form, UploadsClient};
use ezrpc_tests::server::Running;
use ezrpc_tests::upload::{BOUNDARY, FormBody, form_post};

use super::{PUT, ok, refused, running, sent, server};

#[tokio::test]
async fn u12_u13_boundaries() {
    let running = running().await;
    let long = |n: usize| format!("multipart/form-data; boundary={}", "b".repeat(n));
    let body = |n: usize| {
        let boundary = "b".repeat(n);
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=title\r\n\r\nx\r\n--{boundary}--"
        )
    };
    let send =
        |media: &str, body: String| Request::post(PUT).header("content-type", media).body(body);
    let (status, text) = sent(&running, send(&long(70), body(70))).await;
    assert_eq!((status, text.as_str()), (200, r#"{"title":"x"}"#));
    let bad = [
        "multipart/form-data".to_owned(),
        "multipart/form-data; boundary=".to_owned(),
        "multipart/form-data; boundary=\"a".to_owned(),
        long(71),
    ];
    for media in bad {
        let (status, text) = sent(&running, send(&media, body(71))).await;
        assert_eq!(status, 400, "{media}");
        assert!(
            text.contains("boundary") || text.contains("malformed"),
            "{text}"
        );
    }
    // Not the one in the body.
    let (status, text) = sent(&running, send(&long(9), body(8))).await;
    assert_eq!(status, 400);
    let expected = r#"{"code":"invalid_argument","message":"multipart: the boundary of Content-Type is not in the body"}"#;
    assert_eq!(text, expected);
}

#[tokio::test]
async fn u14_content_with_the_boundary_in_it_byte_by_byte() {
    use ezrpc_tests::http::{Http1, Http2};
    let running = running().await;
    let content = format!("{BOUNDARY}\r\n--{BOUNDARY}x\r\n--{BOUNDARY}-\r\n\r\r\n--");
    let body = FormBody::new()
        .field("title", &content)
        .field("count", "1")
        .build();
    let expected = format!(
        r#"{{"title":{},"count":1}}"#,
        serde_json::to_string(&content).unwrap()
    );
    let head = form_post(PUT);
    let chunked = head.clone().header("transfer-encoding", "chunked");
    let mut one = Http1::open(running.addr, &chunked).await;
    for byte in body.chunks(1) {
        one.send_chunk(byte).await;
    }
    one.send_chunk(b"").await;
    assert_eq!(one.answer().await.body, expected);
    let client = Http2::connect(running.addr).await;
    let mut two = client.open(&head, None).await;
    for at in 0..body.len() {
        two.send(body.slice(at..at + 1));
    }
    two.end();
    assert_eq!(two.answer().await.unwrap().body, expected);
}

#[tokio::test]
async fn u15_a_form_that_breaks_off_is_refused() {
    let running = running().await;
    let whole = FormBody::new().field("title", "abc").build();
    // All but its last line end, which need not be there.
    let enough = whole.len() - 2;
    for length in [0, 1, 20, enough - 3, enough - 1] {
        let request = form_post(PUT).body(whole.slice(..length));
        let (status, text) = sent(&running, request).await;
        assert_eq!(status, 400, "{length}: {text}");
    }
    let request = form_post(PUT).body(whole.slice(..enough));
    assert_eq!(
        sent(&running, request).await,
        (200, r#"{"title":"abc"}"#.into())
    );
}

#[tokio::test]
async fn u16_preamble_epilogue_and_lf() {
    let running = running().await;
    let form = FormBody::new().field("title", "abc").build();
    let form = String::from_utf8(form.to_vec()).unwrap();
    for body in [
        format!("a preamble\r\n{form}an epilogue\r\n--{BOUNDARY}\r\n"),
        format!("\r\n{form}"),
        form.replace("\r\n", "\n"),
    ] {
        let request = form_post(PUT).body(body);
        assert_eq!(
            sent(&running, request).await,
            (200, r#"{"title":"abc"}"#.into())
        );
    }
}

#[tokio::test]
async fn u17_u18_file_names() {
    let running = running().await;
    let rows = [
        ("filename=x; filename*=UTF-8''%E8%B0%B7", "\u{8c37}"),
        ("filename=\"\u{8c37}.png\"", "\u{8c37}.png"),
        ("filename=\"a%22b.png\"", "a\\\"b.png"),
        (r#"filename="a\"b.png""#, "a\\\"b.png"),
        ("filename=\"../../x\"", "x"),
        (r#"filename="C:\dir\x""#, "x"),
        ("filename*=UTF-8''..%2F..%5Cx%00", "x"),
    ];
    for (sent, expected) in rows {
        let head =
            format!("Content-Disposition: form-data; name=\"file\"; {sent}\r\nContent-Type: a/b");
        let expected = format!(
            r#"{{"file":{{"filename":"{expected}","contentType":"a/b","data":"MQ==","size":"1"}}}}"#
        );
        ok(&running, FormBody::new().part(&head, "1"), &expected).await;
    }
}

#[tokio::test]
async fn charsets_are_utf_8_or_415() {
    let running = running().await;
    let text = |charset: &str| {
        let head = format!(
            "Content-Disposition: form-data; name=title\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64"
        );
        FormBody::new().part(&head, "x")
    };
    ok(&running, text("UTF-8"), r#"{"title":"x"}"#).await;
    ok(&running, text("us-ascii"), r#"{"title":"x"}"#).await;
    refused(&running, text("iso-8859-1"), 415, "charset").await;
    let form = FormBody::new()
        .field("_charset_", "utf-8")
        .field("title", "x");
    ok(&running, form, r#"{"title":"x"}"#).await;
    refused(
        &running,
        FormBody::new().field("_charset_", "koi8-r"),
        415,
        "charset",
    )
    .await;
    // The bytes of a file are its own affair.
    let form = FormBody::new().file("blob", "x", "text/plain; charset=koi8-r", b"\xc1");
    ok(&running, form, r#"{"blob":"wQ=="}"#).await;
}

#[tokio::test]
async fn u28_the_same_method_takes_messages_unless_told_not_to() {
    let body = r#"{"title":"t","file":{"filename":"f","data":"MQ=="}}"#;
    let running = running().await;
    let answer = sent(&running, Request::json(PUT, body)).await;
    assert_eq!(answer, (200, body.to_owned()));
    let form = Form {
        title: "t".into(),
        ..Form::default()
    };
    let proto = Request::post(PUT).header("content-type", "application/proto");
    let proto = proto.body(prost::Message::encode_to_vec(&form));
    assert_eq!(
        sent(&running, proto.clone()).await,
        (200, "\n\u{1}t".into())
    );
    let only = Running::start(server().upload_only()).await;
    for request in [Request::json(PUT, body), proto] {
        let (status, text) = sent(&only, request).await;
        assert_eq!(status, 415);
        let expected =
            r#"{"code":"invalid_argument","message":"send Content-Type: multipart/form-data"}"#;
        assert_eq!(text, expected);
    }
    ok(
        &only,
        FormBody::new().field("title", "t"),
        r#"{"title":"t"}"#,
    )
    .await;
    // Methods that take no uploads are not meant.
    let plain = Request::json("/e2e.upload.Uploads/Plain", "{}");
    assert_eq!(sent(&only, plain).await, (200, "{}".into()));
}

#[tokio::test]
async fn u31_a_form_to_a_method_without_uploads_is_415() {
    let running = running().await;
    let form = FormBody::new().field("title", "t");
    let (status, text) = sent(&running, form.post("/e2e.upload.Uploads/Plain")).await;
    assert_eq!(status, 415);
    assert!(text.contains("application/json"), "{text}");
    let other = Request::post(PUT).header("content-type", "multipart/mixed; boundary=x");
    assert_eq!(sent(&running, other).await.0, 415);
}

#[tokio::test]
async fn u32_grpc_clients_of_the_method_see_no_difference() {
    let running = running().await;
    let client = UploadsClient::new(ezrpc::Channel::to(running.addr));
    let form = Form {
        title: "t".into(),
        blob: "b".into(),
        ..Form::default()
    };
    let ctx = ezrpc::Context::background();
    assert_eq!(client.put(&ctx, form.clone()).await.unwrap(), form);
}
