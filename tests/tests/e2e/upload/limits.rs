//! Bounds of uploads, and what becomes of the connection.

use std::io::Write as _;
use std::time::Duration;

use ezrpc::{Code, UploadLimits};
use ezrpc_tests::http::{Http1, Http2, Request};
use ezrpc_tests::server::Running;
use ezrpc_tests::upload::{BOUNDARY, FormBody, form_post, patterned};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{PUT, refused, sent, server};

const IMPORT: &str = "/e2e.upload.Uploads/Import";

async fn limited(limits: UploadLimits) -> Running {
    Running::start(server().upload(limits)).await
}

/// A form of exactly this many bytes.
fn form_of(length: usize) -> FormBody {
    let empty = FormBody::new().file("blob", "x", "a/b", "").build().len();
    FormBody::new().file("blob", "x", "a/b", patterned(0, length - empty))
}

#[tokio::test]
async fn u19_parts_and_their_headers() {
    let running = limited(UploadLimits::new().parts(3)).await;
    let form = |parts: usize| (0..parts).fold(FormBody::new(), |form, _| form.field("tags", "a"));
    let (status, _) = sent(&running, form(3).post(PUT)).await;
    assert_eq!(status, 200);
    refused(&running, form(4), 413, "more than 3 parts").await;
    // Parts nobody knows count too.
    let unknown = (0..4).fold(FormBody::new(), |form, _| form.field("nope", ""));
    refused(&running, unknown, 413, "more than 3 parts").await;
    let name = "Content-Disposition: form-data; name=title";
    let lines = format!("{}{name}", "X: y\r\n".repeat(16));
    refused(
        &running,
        FormBody::new().part(&lines, ""),
        413,
        "16 header lines",
    )
    .await;
    let long = format!("X: {}\r\n{name}", "y".repeat(8 << 10));
    refused(&running, FormBody::new().part(&long, ""), 413, "8192 bytes").await;
}

#[tokio::test]
async fn u20_total_file_and_field_by_length_and_by_stream() {
    let limits = UploadLimits::new().total(10_000).file(5000).field(100);
    let running = limited(limits).await;
    let all = |form: FormBody| {
        let request = form.post(PUT);
        [request.clone(), request.streamed()]
    };
    let blob = |length: usize| FormBody::new().file("blob", "x", "a/b", patterned(0, length));
    let text = |length: usize| FormBody::new().field("title", "x".repeat(length));
    let files = |lengths: [usize; 2]| {
        let files = lengths.map(|length| patterned(0, length));
        files.iter().fold(FormBody::new(), |form, file| {
            form.file("blobs", "x", "a/b", file)
        })
    };
    for form in [blob(5000), text(100), files([4800, 4800])] {
        for request in all(form) {
            assert_eq!(sent(&running, request).await.0, 200);
        }
    }
    let total = "request body is over the limit of 10000 bytes";
    for (form, message) in [
        (
            blob(5001),
            r#"part \"blob\" is over the limit of 5000 bytes"#,
        ),
        (
            text(101),
            r#"part \"title\" is over the limit of 100 bytes"#,
        ),
        (files([4900, 4900]), total),
        (form_of(10_001), total),
    ] {
        for request in all(form) {
            let body = format!(r#"{{"code":"resource_exhausted","message":"{message}"}}"#);
            // A file that is too long is known to be before the form is.
            let (status, found) = sent(&running, request).await;
            assert_eq!(status, 413);
            assert!(found == body || message == total, "{found}, not {body}");
        }
    }
    let exact = Running::start(server().upload(UploadLimits::new().total(10_000))).await;
    assert_eq!(sent(&exact, form_of(10_000).post(PUT)).await.0, 200);
    assert_eq!(
        sent(&exact, form_of(10_000).post(PUT).streamed()).await.0,
        200
    );
    assert_eq!(sent(&exact, form_of(10_001).post(PUT)).await.0, 413);
    assert_eq!(
        sent(&exact, form_of(10_001).post(PUT).streamed()).await.0,
        413
    );
}

#[tokio::test]
async fn u20_streams_have_the_same_bounds() {
    let limits = UploadLimits::new().total(10_000).file(5000).field(100);
    let running = limited(limits).await;
    let file = |length: usize| FormBody::new().file("file", "x", "a/b", patterned(0, length));
    let raw = |length: usize| Request::post(IMPORT).body(patterned(0, length));
    for request in [file(5000).post(IMPORT), raw(5000), raw(5000).streamed()] {
        assert_eq!(request.clone().http1(running.addr).await.status, 200);
        assert_eq!(request.http2(running.addr).await.status, 200);
    }
    let fields = FormBody::new().field("title", "x".repeat(101));
    for request in [
        file(5001).post(IMPORT),
        file(5001).post(IMPORT).streamed(),
        file(20_000).post(IMPORT),
        fields.post(IMPORT),
        raw(5001),
        raw(5001).streamed(),
        raw(20_000),
    ] {
        let (status, body) = sent(&running, request).await;
        assert_eq!(status, 413, "{body}");
    }
}

#[tokio::test]
async fn limits_of_one_method() {
    let server = server()
        .upload(UploadLimits::new().total(1000))
        .upload_for(PUT, UploadLimits::new().total(2000));
    let running = Running::start(server).await;
    assert_eq!(sent(&running, form_of(2000).post(PUT)).await.0, 200);
    assert_eq!(sent(&running, form_of(2001).post(PUT)).await.0, 413);
    assert_eq!(sent(&running, form_of(1001).post(IMPORT)).await.0, 413);
}

#[tokio::test]
async fn limits_for_what_takes_no_uploads_are_a_mistake() {
    for path in [
        "/e2e.upload.Uploads/Plain",
        "/e2e.upload.Uploads/Nope",
        "Put",
    ] {
        let server = server().upload_for(path, UploadLimits::new());
        let error = server.bind("127.0.0.1:0").await.expect_err(path);
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(
            error.message().contains("/e2e.upload.Uploads/Put"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn u20_after_a_refusal_http1_is_closed_and_http2_goes_on() {
    let running = limited(UploadLimits::new().total(1000)).await;
    for declared in [true, false] {
        let body = form_of(100_000).build();
        let mut one = match declared {
            true => {
                let head = form_post(PUT).header("content-length", "100000");
                Http1::open(running.addr, &head).await
            }
            false => {
                let head = form_post(PUT).header("transfer-encoding", "chunked");
                let mut one = Http1::open(running.addr, &head).await;
                one.send_chunk(&body[..2000]).await;
                one
            }
        };
        assert_eq!(one.answer().await.status, 413);
        assert!(one.is_closed().await);

        let client = Http2::connect(running.addr).await;
        let mut two = client
            .open(&form_post(PUT), declared.then_some(100_000))
            .await;
        two.send(body.slice(..2000));
        let mut begun = two.begun().await.unwrap();
        assert_eq!(begun.answer.status, 413);
        // The server is done with the stream though the body is not over.
        let reset = std::future::poll_fn(|cx| begun.body.poll_reset(cx)).await;
        assert_eq!(reset.unwrap(), h2::Reason::NO_ERROR);
        while begun.data().await.unwrap().is_some() {}
        let mut next = client.open(&form_post(PUT), None).await;
        next.finish(FormBody::new().field("title", "t").build());
        assert_eq!(next.answer().await.unwrap().body, r#"{"title":"t"}"#);
    }
}

#[tokio::test]
async fn u21_who_asks_before_sending_is_refused_without_being_told_to_go_on() {
    let running = limited(UploadLimits::new().total(1000)).await;
    for path in [PUT, IMPORT] {
        let ask = |length: usize| {
            let head = form_post(path).header("content-length", &length.to_string());
            head.header("expect", "100-continue")
        };
        let mut refused = Http1::open(running.addr, &ask(1001)).await;
        assert_eq!(refused.head().await.status, 413);
        let form = FormBody::new().field("title", "t").build();
        let mut taken = Http1::open(running.addr, &ask(form.len())).await;
        assert_eq!(taken.head().await.status, 100);
        taken.send(&form).await;
        assert_eq!(taken.answer().await.status, 200);
    }
}

#[tokio::test]
async fn a_caller_who_stalls_is_408() {
    let running = limited(UploadLimits::new().idle(Duration::from_millis(50))).await;
    let begun = FormBody::new().field("title", "t").so_far();
    for path in [PUT, IMPORT] {
        let chunked = form_post(path).header("transfer-encoding", "chunked");
        let mut one = Http1::open(running.addr, &chunked).await;
        one.send_chunk(&begun).await;
        let answer = one.answer().await;
        assert_eq!(answer.status, 408);
        let body =
            r#"{"code":"deadline_exceeded","message":"nothing of the request body came for 50ms"}"#;
        assert_eq!(answer.body, body);
        let client = Http2::connect(running.addr).await;
        let mut two = client.open(&form_post(path), None).await;
        two.send(begun.clone());
        assert_eq!(two.answer().await.unwrap().status, 408);
    }
}

#[tokio::test]
async fn compressed_forms_count_as_what_comes_out() {
    let running = limited(UploadLimits::new().total(2000)).await;
    let gzip = |form: FormBody| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&form.build()).unwrap();
        let body = encoder.finish().unwrap();
        form_post(PUT).header("content-encoding", "gzip").body(body)
    };
    let form = FormBody::new().field("title", "t");
    assert_eq!(
        sent(&running, gzip(form)).await,
        (200, r#"{"title":"t"}"#.into())
    );
    let bomb = FormBody::new().file("blob", "x", "a/b", vec![0; 100_000]);
    let (status, body) = sent(&running, gzip(bomb)).await;
    assert_eq!(status, 413, "{body}");
    assert!(body.contains("limit of 2000 bytes"), "{body}");
    let junk = form_post(PUT)
        .header("content-encoding", "gzip")
        .body("junk");
    assert_eq!(sent(&running, junk).await.0, 400);
    let broken = form_post(PUT)
        .header("content-encoding", "br")
        .body(BOUNDARY);
    assert_eq!(sent(&running, broken).await.0, 415);
}
