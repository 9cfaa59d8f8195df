//! Forms and raw bodies into streams of messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ezrpc::{Code, Server};
use ezrpc_tests::http::{Answer, Http1, Http2, Request};
use ezrpc_tests::proto::e2e::upload::{
    FlatRequest, ImportRequest, Meta, Stored, UploadsClient, UploadsServer, import_request::Part,
};
use ezrpc_tests::server::Running;
use ezrpc_tests::upload::{Event, FormBody, Uploads, form_post, patterned};
use tokio::sync::{Semaphore, mpsc};

use super::{running, sent};

const IMPORT: &str = "/e2e.upload.Uploads/Import";
const APPEND: &str = "/e2e.upload.Uploads/Append";
const STORE: &str = "/e2e.upload.Uploads/Store";
const KEEP: &str = "/e2e.upload.Uploads/Keep";

/// What a handler saw.
async fn stored(running: &Running, request: Request) -> Stored {
    let one = seen(&request.clone().http1(running.addr).await);
    let two = seen(&request.http2(running.addr).await);
    // How pieces of the body come depends on the moment.
    let longest = one.longest.max(two.longest);
    let whole = |stored: Stored| Stored {
        longest,
        chunks: 0,
        ..stored
    };
    let (one, two) = (whole(one), whole(two));
    assert_eq!(one, two);
    one
}

fn seen(answer: &Answer) -> Stored {
    let body = &answer.body;
    assert_eq!(answer.status, 200, "{}", answer.text());
    ezrpc::json::Options::new().from_slice(body).unwrap()
}

/// The first messages and the contents of files.
fn files(stored: &Stored) -> Vec<(&str, &str)> {
    let content = stored
        .content
        .iter()
        .map(|data| std::str::from_utf8(data).unwrap());
    stored
        .first
        .iter()
        .map(String::as_str)
        .zip(content)
        .collect()
}

async fn watched() -> (Running, mpsc::UnboundedReceiver<Event>) {
    let (service, events) = Uploads::watched();
    let server = Server::new("uploads").add(UploadsServer::new(service));
    (Running::start(server).await, events)
}

async fn first(events: &mut mpsc::UnboundedReceiver<Event>) -> String {
    match events.recv().await {
        Some(Event::First(first)) => first,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_oneof_of_meta_and_chunks() {
    let running = running().await;
    let form = FormBody::new()
        .field("title", "t")
        .field("tags", "a")
        .field("meta.tags[]", "b")
        .json("number", "7")
        .field("nope", "x")
        .file("file", "x.bin", "image/png", "content");
    let stored = stored(&running, form.post(IMPORT)).await;
    let meta = r#"{"meta":{"title":"t","filename":"x.bin","contentType":"image/png","number":7,"tags":["a","b"]}}"#;
    assert_eq!(files(&stored), [(meta, "content")]);
}

#[tokio::test]
async fn each_file_of_a_oneof_begins_with_a_message_of_its_own() {
    let running = running().await;
    let form = FormBody::new()
        .json("request", r#"{"title":"t","number":1}"#)
        .field("number", "2")
        .file("a", "1", "a/b", "one")
        .file("b", "", "a/b", "")
        .file("c", "2", "c/d", "")
        .file("d", "3", "e/f", "three");
    let stored = stored(&running, form.post(IMPORT)).await;
    let meta = |name: &str, media: &str| {
        format!(
            r#"{{"meta":{{"title":"t","filename":"{name}","contentType":"{media}","number":2}}}}"#
        )
    };
    let (one, two, three) = (meta("1", "a/b"), meta("2", "c/d"), meta("3", "e/f"));
    let expected = [
        (one.as_str(), "one"),
        (two.as_str(), ""),
        (three.as_str(), "three"),
    ];
    assert_eq!(files(&stored), expected);
}

#[tokio::test]
async fn a_form_without_a_file_is_a_first_message_alone() {
    let running = running().await;
    for (path, form, first) in [
        (IMPORT, FormBody::new(), r#"{"meta":{}}"#),
        (
            IMPORT,
            FormBody::new().field("title", "t"),
            r#"{"meta":{"title":"t"}}"#,
        ),
        (
            IMPORT,
            FormBody::new().file("x", "", "a/b", ""),
            r#"{"meta":{}}"#,
        ),
        (
            APPEND,
            FormBody::new().field("name", "n"),
            r#"{"name":"n"}"#,
        ),
        (STORE, FormBody::new(), "{}"),
        (
            KEEP,
            FormBody::new().field("title", "t"),
            r#"{"title":"t"}"#,
        ),
    ] {
        assert_eq!(
            files(&stored(&running, form.post(path)).await),
            [(first, "")]
        );
    }
}

#[tokio::test]
async fn the_other_shapes() {
    let running = running().await;
    let form = || {
        FormBody::new()
            .field("name", "n")
            .field("title", "t")
            .file("f", "x", "a/b", "1")
    };
    for (path, first) in [
        (APPEND, r#"{"name":"n","filename":"x","contentType":"a/b"}"#),
        (STORE, r#"{"contentType":"a/b"}"#),
        (
            KEEP,
            r#"{"title":"t","file":{"contentType":"a/b"},"filename":"x"}"#,
        ),
    ] {
        assert_eq!(
            files(&stored(&running, form().post(path)).await),
            [(first, "1")]
        );
        // They have no place for what a second one is called.
        let (status, body) = sent(&running, form().file("g", "y", "a/b", "2").post(path)).await;
        assert_eq!(status, 400);
        assert!(body.contains("a second file"), "{body}");
    }
    // The field for the file is one also without a file name.
    for (path, name) in [(APPEND, "data"), (KEEP, "file"), (IMPORT, "chunk")] {
        let form =
            FormBody::new().part(&format!("Content-Disposition: form-data; name={name}"), "1");
        assert_eq!(stored(&running, form.post(path)).await.content, ["1"]);
    }
}

#[tokio::test]
async fn chunks_are_64_kib_at_most_and_all_arrive() {
    let running = running().await;
    for length in [0, 1, 65_535, 65_536, 65_537, 1_000_000] {
        let form = FormBody::new().file("file", "x", "a/b", patterned(0, length));
        let form = stored(&running, form.post(IMPORT)).await;
        let raw = Request::post(IMPORT).body(patterned(0, length));
        let streamed = stored(&running, raw.clone().streamed()).await;
        for stored in [form, stored(&running, raw).await, streamed] {
            assert_eq!(stored.size, [i64::try_from(length).unwrap()]);
            assert!(
                stored.pattern && stored.longest <= 65_536,
                "{}",
                stored.longest
            );
        }
    }
}

#[tokio::test]
async fn u26_a_field_after_the_file_is_refused() {
    let running = running().await;
    let form = FormBody::new()
        .file("file", "x", "a/b", "1")
        .field("title", "t");
    let (status, body) = sent(&running, form.post(IMPORT)).await;
    assert_eq!(status, 400);
    assert!(
        body.contains(r#"part \"title\" comes after the file"#),
        "{body}"
    );
}

#[tokio::test]
async fn bad_fields_are_refused_before_the_file_is_read() {
    let running = running().await;
    for (name, value) in [("number", "x"), ("title", "1")] {
        let form = FormBody::new()
            .field("title", "0")
            .field(name, value)
            .file("f", "x", "a/b", "1");
        let (status, body) = sent(&running, form.post(IMPORT)).await;
        assert_eq!(status, 400);
        assert!(body.contains(name), "{body}");
    }
}

#[tokio::test]
async fn u27_a_raw_body_of_any_type() {
    let running = running().await;
    let raw = |path: &str, media: &str| {
        Request::post(path)
            .header("content-type", media)
            .header(
                "content-disposition",
                "attachment; filename*=UTF-8''..%2F%E8%B0%B7.bin",
            )
            .body("content")
    };
    for media in [
        "application/octet-stream",
        "image/png",
        "application/json",
        "text/plain; charset=koi8-r",
    ] {
        let import = stored(&running, raw(IMPORT, media)).await;
        let meta = format!(
            "{{\"meta\":{{\"filename\":\"\u{8c37}.bin\",\"contentType\":\"{media}\",\"size\":\"7\"}}}}"
        );
        assert_eq!(files(&import), [(meta.as_str(), "content")]);
    }
    let append = stored(&running, raw(APPEND, "a/b")).await;
    let first = "{\"filename\":\"\u{8c37}.bin\",\"contentType\":\"a/b\"}";
    assert_eq!(files(&append), [(first, "content")]);
    // Nothing said, nothing sent.
    let nothing = stored(&running, Request::post(IMPORT)).await;
    let meta = r#"{"meta":{"contentType":"application/octet-stream"}}"#;
    assert_eq!(files(&nothing), [(meta, "")]);
}

#[tokio::test]
async fn u8_u27_what_path_and_query_say() {
    let running = running().await;
    let put = Request::new(
        "PUT",
        "/v1/imports/a%20b?meta.title=t&meta.number=7&meta.name=query",
    );
    let stored_raw = stored(&running, put.body("1")).await;
    let meta = r#"{"meta":{"name":"a b","title":"t","contentType":"application/octet-stream","size":"1","number":7}}"#;
    assert_eq!(files(&stored_raw), [(meta, "1")]);
    let form = FormBody::new()
        .field("name", "part")
        .field("title", "t")
        .file("f", "x", "a/b", "1");
    let form = form.post("/v1/logs/path:append");
    let first = r#"{"name":"path","filename":"x","contentType":"a/b"}"#;
    assert_eq!(files(&stored(&running, form).await), [(first, "1")]);
}

#[tokio::test]
async fn u23_a_slow_handler_holds_the_sender_back() {
    const TOTAL: usize = 16 << 20;
    // What HTTP/2's windows and the sockets let go ahead.
    const AHEAD: usize = 4 << 20;
    let gate = Arc::new(Semaphore::new(0));
    let (service, mut events) = Uploads::watched();
    let service = service.gated(Arc::clone(&gate));
    let running = Running::start(Server::new("uploads").add(UploadsServer::new(service))).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let client = Http2::connect(running.addr).await;
    let mut exchange = client.open(&Request::post(STORE), None).await;
    let counter = Arc::clone(&sent);
    let sending = tokio::spawn(async move {
        for piece in patterned(0, TOTAL).chunks(1 << 14) {
            exchange.send_as_taken(piece.to_vec().into()).await.unwrap();
            counter.fetch_add(piece.len(), Ordering::SeqCst);
        }
        exchange.end();
        exchange.answer().await.unwrap()
    });
    gate.add_permits(1);
    first(&mut events).await;
    let mut taken = 0;
    while taken < TOTAL {
        gate.add_permits(1);
        let Some(Event::Chunk(length)) = events.recv().await else {
            panic!("no chunk after {taken} bytes");
        };
        taken += length;
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent <= taken + AHEAD, "{sent} bytes sent, {taken} taken");
    }
    gate.add_permits(1);
    let answer = sending.await.unwrap();
    let stored = seen(&answer);
    assert_eq!((stored.size, stored.pattern), (vec![16 << 20], true));
}

#[tokio::test]
async fn u24_a_caller_who_goes_is_cancelled_in_the_stream() {
    let (running, mut events) = watched().await;
    let part = FormBody::new().file("file", "x", "a/b", "12345").so_far();
    // The line end may belong to what follows.
    let cancelled = [Event::Chunk(5), Event::End(Some(Code::Canceled))];

    let chunked = form_post(IMPORT).header("transfer-encoding", "chunked");
    let mut one = Http1::open(running.addr, &chunked).await;
    one.send_chunk(&part).await;
    first(&mut events).await;
    assert_eq!(events.recv().await.as_ref(), Some(&cancelled[0]));
    drop(one);
    assert_eq!(events.recv().await.as_ref(), Some(&cancelled[1]));

    let client = Http2::connect(running.addr).await;
    let mut two = client.open(&form_post(IMPORT), None).await;
    two.send(part);
    first(&mut events).await;
    assert_eq!(events.recv().await.as_ref(), Some(&cancelled[0]));
    two.reset();
    assert_eq!(events.recv().await.as_ref(), Some(&cancelled[1]));
}

#[tokio::test]
async fn u25_a_handler_that_answers_early_is_heard_at_once() {
    let running = running().await;
    for (title, status) in [("early", 200), ("refuse", 403)] {
        // The body is under way and does not end.
        let begun = FormBody::new()
            .field("title", title)
            .file("f", "x", "a/b", "1")
            .so_far();
        let chunked = form_post(IMPORT).header("transfer-encoding", "chunked");
        let mut one = Http1::open(running.addr, &chunked).await;
        one.send_chunk(&begun).await;
        assert_eq!(one.answer().await.status, status);
        assert!(one.is_closed().await);
        let client = Http2::connect(running.addr).await;
        let mut two = client.open(&form_post(IMPORT), None).await;
        two.send(begun);
        assert_eq!(two.answer().await.unwrap().status, status);
        // The connection goes on.
        let next = client.open(&Request::post(STORE), Some(0)).await;
        let mut next = next;
        next.end();
        assert_eq!(next.answer().await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn u32_grpc_clients_of_the_stream_see_no_difference() {
    let running = running().await;
    let client = UploadsClient::new(ezrpc::Channel::to(running.addr));
    let ctx = ezrpc::Context::background();
    let meta = Meta {
        title: "t".into(),
        ..Meta::default()
    };
    let parts = [
        Part::Meta(meta),
        Part::Chunk("1".into()),
        Part::Chunk("2".into()),
    ];
    let messages = parts.map(|part| ImportRequest { part: Some(part) });
    let messages = ezrpc::Streaming::from_iter(messages);
    let stored = client.import(&ctx, messages).await.unwrap();
    assert_eq!(files(&stored), [(r#"{"meta":{"title":"t"}}"#, "12")]);
    let empty = ezrpc::Streaming::<FlatRequest>::empty();
    assert_eq!(client.append(&ctx, empty).await.unwrap().first.len(), 0);
}
