//! Forms into messages: which part goes into which field, and what is refused.

mod limits;
mod memory;
mod streams;
mod wire;

use ezrpc::{Server, json};
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::upload::UploadsServer;
use ezrpc_tests::server::Running;
use ezrpc_tests::upload::{FormBody, Uploads, form_post, form_put};

const PUT: &str = "/e2e.upload.Uploads/Put";

fn server() -> Server {
    Server::new("uploads").add(UploadsServer::new(Uploads::default()))
}

async fn running() -> Running {
    Running::start(server()).await
}

/// Sends a form over both versions of HTTP; the status and the body of the answer.
async fn put(running: &Running, form: FormBody) -> (u16, String) {
    sent(running, form.post(PUT)).await
}

async fn sent(running: &Running, request: Request) -> (u16, String) {
    let one = request.clone().http1(running.addr).await;
    let two = request.http2(running.addr).await;
    // HTTP/1.1 may say that the connection is closed.
    assert_eq!((one.status, &one.body), (two.status, &two.body));
    let body = String::from_utf8_lossy(&one.body);
    (one.status, body.into_owned())
}

async fn ok(running: &Running, form: FormBody, expected: &str) {
    assert_eq!(put(running, form).await, (200, expected.to_owned()));
}

async fn refused(running: &Running, form: FormBody, status: u16, message: &str) {
    let (found, body) = put(running, form).await;
    let found_message = body.contains(message);
    assert!(
        found == status && found_message,
        "{found} {body}; not {status} {message}"
    );
}

#[tokio::test]
async fn u1_one_file_and_a_text() {
    let running = running().await;
    let form = FormBody::new().field("title", "Tea \u{8c37}").file(
        "file",
        "a b.png",
        "image/png",
        b"\x89PNG\r\n\x1a\n\0",
    );
    let file =
        r#"{"filename":"a b.png","contentType":"image/png","data":"iVBORw0KGgoA","size":"9"}"#;
    ok(
        &running,
        form,
        &format!(r#"{{"title":"Tea {}","file":{file}}}"#, '\u{8c37}'),
    )
    .await;
}

#[tokio::test]
async fn u1_whatever_is_like_a_file_takes_one() {
    let running = running().await;
    let form = FormBody::new()
        .file("body", "x", "text/csv", "1,2")
        .file("scan", "s.bin", "image/tiff", "s")
        .file("place.map", "m", "image/svg+xml", "<svg/>")
        .file("blob", "b", "image/png", "raw");
    let expected = r#"{"blob":"cmF3","body":{"contentType":"text/csv","data":"MSwy"},"place":{"map":{"filename":"m","contentType":"image/svg+xml","data":"PHN2Zy8+","size":"6"}},"scan":{"data":"cw==","contentType":"image/tiff","filename":"s.bin"}}"#;
    ok(&running, form, expected).await;
    // A file without a type; a field as a file.
    let head = "Content-Disposition: form-data; name=file; filename=x";
    let form = FormBody::new().part(head, "1").field("body", "2");
    let expected = r#"{"file":{"filename":"x","contentType":"application/octet-stream","data":"MQ==","size":"1"},"body":{"contentType":"text/plain","data":"Mg=="}}"#;
    ok(&running, form, expected).await;
}

#[tokio::test]
async fn u2_files_in_a_list() {
    let running = running().await;
    let form = FormBody::new()
        .file("files", "1", "a/b", "x")
        .file("blobs", "1", "a/b", "x")
        .file("files[]", "2", "a/b", "")
        .field("blobs[]", "y");
    let expected = r#"{"files":[{"filename":"1","contentType":"a/b","data":"eA==","size":"1"},{"filename":"2","contentType":"a/b"}],"blobs":["eA==","eQ=="]}"#;
    ok(&running, form, expected).await;
}

#[tokio::test]
async fn u3_bytes_from_a_text_are_raw() {
    let running = running().await;
    ok(
        &running,
        FormBody::new().field("blob", "aGk="),
        r#"{"blob":"YUdrPQ=="}"#,
    )
    .await;
    let form = FormBody::new().field("blob", b"\xff\0");
    ok(&running, form, r#"{"blob":"/wA="}"#).await;
    // Of JSON, too: a file may be.
    let form = FormBody::new().json("blob", "{}");
    ok(&running, form, r#"{"blob":"e30="}"#).await;
    let form = FormBody::new().file("file", "x.json", "application/json", "[1]");
    let file = r#"{"filename":"x.json","contentType":"application/json","data":"WzFd","size":"3"}"#;
    ok(&running, form, &format!(r#"{{"file":{file}}}"#)).await;
}

#[tokio::test]
async fn u4_json_for_one_field() {
    let running = running().await;
    let form = FormBody::new()
        .json("place", r#"{"name":"a","inner":{"name":"b"}}"#)
        .json("tags", r#"["a","b"]"#)
        .json("count", "7")
        .json("title", r#""x\ny""#)
        .json("sizes", r#"{"a":"1"}"#)
        .json("extra", r#"{"k":[null]}"#)
        .json("places", r#"[{"name":"c"}]"#)
        .json("places", r#"{"name":"d"}"#)
        .part(
            "Content-Disposition: form-data; name=taken; filename=t.json\r\nContent-Type: Application/JSON; charset=utf-8",
            r#""2026-01-02T03:04:05Z""#,
        );
    let expected = r#"{"title":"x\ny","count":7,"taken":"2026-01-02T03:04:05Z","extra":{"k":[null]},"tags":["a","b"],"sizes":{"a":"1"},"place":{"name":"a","inner":{"name":"b"}},"places":[{"name":"c"},{"name":"d"}]}"#;
    ok(&running, form, expected).await;
    for (name, value) in [
        ("place", "{"),
        ("place", "[]"),
        ("count", "x"),
        ("tags", "{}"),
    ] {
        refused(&running, FormBody::new().json(name, value), 400, name).await;
    }
}

#[tokio::test]
async fn u5_json_for_the_whole_message_comes_first() {
    let running = running().await;
    let form = FormBody::new()
        .field("title", "part")
        .json(
            "request",
            r#"{"title":"whole","count":3,"tags":["a"],"place":{"name":"x"}}"#,
        )
        .field("tags", "b")
        .field("place.inner.name", "y");
    let expected =
        r#"{"title":"part","count":3,"tags":["a","b"],"place":{"name":"x","inner":{"name":"y"}}}"#;
    ok(&running, form, expected).await;
    refused(
        &running,
        FormBody::new().json("request", "{"),
        400,
        "request",
    )
    .await;
    // Without the type it is a part nobody knows.
    ok(&running, FormBody::new().field("request", "{"), "{}").await;
}

#[tokio::test]
async fn u6_scalars_from_texts() {
    let running = running().await;
    let form = FormBody::new()
        .field("count", "-7")
        .field("public", "true")
        .field("color", "RED")
        .field("weight", "1.5e1")
        .field("taken", "2026-01-02T03:04:05+01:00")
        .field("note", "n")
        .field("sizes[a]", "1")
        .field("sizes[b]", "2")
        .field("extra", r#"{"k":1}"#)
        .field("user", "u");
    let expected = r#"{"count":-7,"public":true,"color":"RED","weight":15,"taken":"2026-01-02T02:04:05Z","note":"n","extra":{"k":1},"sizes":{"a":"1","b":"2"},"user":"u"}"#;
    ok(&running, form, expected).await;
    let bad = [
        ("count", "x"),
        ("count", "3000000000"),
        ("count", ""),
        ("public", "yes"),
        ("color", "red"),
        ("weight", "0x1"),
        ("taken", "yesterday"),
        ("sizes[a]", "x"),
        ("sizes", "1"),
        ("place", "x"),
        ("title.x", "x"),
    ];
    for (name, value) in bad {
        refused(
            &running,
            FormBody::new().field(name, value),
            400,
            name.split('.').next().unwrap(),
        )
        .await;
    }
    refused(
        &running,
        FormBody::new().field("title", b"\xff"),
        400,
        "not UTF-8",
    )
    .await;
    let both = FormBody::new().field("user", "u").field("team", "t");
    refused(&running, both, 400, "oneof").await;
}

#[tokio::test]
async fn u7_names_with_dots_and_of_both_spellings() {
    let running = running().await;
    let form = FormBody::new()
        .field("place.name", "a")
        .field("place.inner.inner.name", "b")
        .file("place.inner.map", "m", "a/b", "1");
    let map = r#"{"filename":"m","contentType":"a/b","data":"MQ==","size":"1"}"#;
    let expected =
        format!(r#"{{"place":{{"name":"a","inner":{{"inner":{{"name":"b"}},"map":{map}}}}}}}"#);
    ok(&running, form, &expected).await;
    let form = FormBody::new()
        .field("file.content_type", "a")
        .field("scan.contentType", "b");
    ok(
        &running,
        form,
        r#"{"file":{"contentType":"a"},"scan":{"contentType":"b"}}"#,
    )
    .await;
    refused(
        &running,
        FormBody::new().field("places.name", "x"),
        400,
        "places",
    )
    .await;
}

#[tokio::test]
async fn u8_the_path_counts_for_more_than_the_form_and_that_for_more_than_the_query() {
    let running = running().await;
    let form = || {
        FormBody::new()
            .field("album", "form")
            .json("request", r#"{"album":"json","title":"t"}"#)
            .file("blob", "x", "a/b", "1")
    };
    // The form is the whole message: no query beside it.
    let post = form().post("/v1/albums/a%2Fb/pictures?count=7&album=query");
    let expected = r#"{"title":"t","album":"a/b","blob":"MQ=="}"#;
    assert_eq!(sent(&running, post).await, (200, expected.to_owned()));
    let json = Request::json("/v1/albums/a/pictures", r#"{"album":"b","title":"t"}"#);
    let expected = r#"{"title":"t","album":"a"}"#;
    assert_eq!(sent(&running, json).await, (200, expected.to_owned()));
}

#[tokio::test]
async fn u8_a_form_for_one_field() {
    let running = running().await;
    let put = |form: FormBody, query: &str| {
        let path = format!("/v1/albums/a/cover{query}");
        form_put(&path).body(form.build())
    };
    let file = r#"{"filename":"x","contentType":"a/b","data":"MQ==","size":"1"}"#;
    // By the name of the field, or of what is in it.
    let form = FormBody::new()
        .file("file", "x", "a/b", "1")
        .field("title", "form");
    let expected =
        format!(r#"{{"title":"form","album":"a","file":{file},"count":7,"tags":["x","y"]}}"#);
    let request = put(form, "?count=7&title=query&tags=x&tags=y&album=query");
    assert_eq!(sent(&running, request).await, (200, expected));
    let form = FormBody::new()
        .field("filename", "x")
        .field("contentType", "a/b");
    let expected = r#"{"album":"a","file":{"filename":"x","contentType":"a/b"}}"#;
    assert_eq!(
        sent(&running, put(form, "")).await,
        (200, expected.to_owned())
    );
    for query in ["?count=x", "?count=1&count=2", "?title=%zz"] {
        assert_eq!(
            sent(&running, put(FormBody::new(), query)).await.0,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn errors_of_routes_have_the_shape_of_google_rpc() {
    let running = running().await;
    let path = "/v1/albums/a/pictures";
    let expected = r#"{"code":3,"message":"multipart: the body ends before the final boundary"}"#;
    let broken = FormBody::new().field("title", "x").so_far();
    assert_eq!(
        sent(&running, form_post(path).body(broken)).await,
        (400, expected.to_owned())
    );
    let none = Request::post(path).header("content-type", "multipart/form-data");
    let (status, body) = sent(&running, none).await;
    assert_eq!(status, 400);
    assert!(
        body.starts_with(r#"{"code":3,"message":"multipart: "#),
        "{body}"
    );
    let limited = server().upload(ezrpc::UploadLimits::new().total(10));
    let limited = Running::start(limited).await;
    let expected = r#"{"code":8,"message":"request body is over the limit of 10 bytes"}"#;
    let form = FormBody::new().field("title", "x").post(path);
    assert_eq!(sent(&limited, form).await, (413, expected.to_owned()));
}

#[tokio::test]
async fn u9_a_file_input_nobody_filled_is_absent() {
    let running = running().await;
    let form = FormBody::new()
        .file("file", "", "application/octet-stream", "")
        .file("files", "", "application/octet-stream", "")
        .field("title", "");
    ok(&running, form, "{}").await;
    // A name or content makes it a file.
    let form = FormBody::new()
        .file("file", "", "a/b", "x")
        .file("scan", "e", "a/b", "");
    let expected = r#"{"file":{"contentType":"a/b","data":"eA==","size":"1"},"scan":{"contentType":"a/b","filename":"e"}}"#;
    ok(&running, form, expected).await;
}

#[tokio::test]
async fn u10_unknown_parts_are_ignored_unless_strict() {
    let form = || {
        FormBody::new()
            .file("nope", "x", "a/b", vec![0; 100_000])
            .field("place.nope", "x")
            .field("title", "t")
    };
    ok(&running().await, form(), r#"{"title":"t"}"#).await;
    let strict = Running::start(server().json(json::Options::new().strict())).await;
    refused(&strict, form(), 400, "nope").await;
    refused(&strict, FormBody::new().field("", "x"), 400, "unknown part").await;
}

#[tokio::test]
async fn u11_a_field_given_twice_is_refused() {
    let running = running().await;
    for name in ["title", "file", "blob", "place.name", "body"] {
        let form = FormBody::new().field(name, "1").field(name, "2");
        refused(&running, form, 400, "twice").await;
    }
    let form = FormBody::new()
        .file("file", "a", "a/b", "")
        .file("file", "b", "a/b", "");
    refused(&running, form, 400, "twice").await;
}

/// What users of Kratos, go-zero and grpc-gateway report of uploads; the lists U have each at length.
#[tokio::test]
async fn item_11_forms_as_they_come_are_taken_or_refused_with_a_reason() {
    let running = running().await;
    let file = || FormBody::new().file("blob", "x", "a/b", "1");
    let whole = r#"{"title":"t","blob":"MQ=="}"#;
    // Text beside the file, and text that no field wants.
    let form = || file().field("title", "t").field("nobody", "x");
    ok(&running, form(), whole).await;
    let chunked = sent(&running, form().post(PUT).streamed()).await;
    assert_eq!(chunked, (200, whole.to_owned()));
    let two = file().file("blob", "y", "a/b", "2");
    refused(&running, two, 400, "blob").await;
    let no_boundary = Request::post(PUT).header("content-type", "multipart/form-data");
    let (status, text) = sent(&running, no_boundary.body(form().build())).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("boundary"), "{text}");
}
