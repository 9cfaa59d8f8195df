//! gRPC as it stands on the wire, by a raw HTTP/2 client.

mod drain;
mod encodings;
mod health;
mod many;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use ezrpc::wkt::Any;
use ezrpc::{Server, json};
use ezrpc_tests::echo::{Echo, Event};
use ezrpc_tests::grpc::{self, flagged, frame, head, say};
use ezrpc_tests::http::{Answer, Http2, Request, TRACE};
use ezrpc_tests::proto::e2e::{EchoReply, EchoRequest, EchoServer};
use ezrpc_tests::server::Running;
use prost::Message;

const SAY: &str = "/e2e.Echo/Say";
const HEAD: &str = "200\ncontent-type: application/grpc\n";

fn server() -> Server {
    Server::new("echo").add(EchoServer::new(Echo::default()))
}

/// The answer that carries replies with these texts.
fn replies(texts: &[&str]) -> String {
    let texts: String = texts.iter().map(|text| format!("[{text}]")).collect();
    format!("{HEAD}\n{texts}\ngrpc-status: 0\n")
}

/// A refusal in the headers alone.
fn refused(code: u8, message: &str) -> String {
    format!("{HEAD}grpc-message: {message}\ngrpc-status: {code}\n\n")
}

async fn call(addr: SocketAddr, path: &str, body: impl Into<Bytes>) -> String {
    grpc::text(&grpc::call(addr, &head(path), body).await)
}

#[tokio::test]
async fn all_shapes() {
    let addr = Running::echo().await.addr;
    assert_eq!(call(addr, SAY, say("hi")).await, replies(&["hi"]));
    assert_eq!(
        call(addr, "/e2e.Echo/Split", say("a b c")).await,
        replies(&["a", "b", "c"])
    );
    assert_eq!(call(addr, "/e2e.Echo/Split", say("")).await, replies(&[]));
    let two = [say("a"), say("b")].concat();
    assert_eq!(
        call(addr, "/e2e.Echo/Join", two.clone()).await,
        replies(&["a b"])
    );
    assert_eq!(call(addr, "/e2e.Echo/Join", "").await, replies(&[""]));
    assert_eq!(
        call(addr, "/e2e.Echo/Chat", two).await,
        replies(&["a", "b"])
    );
    assert_eq!(call(addr, "/e2e.Echo/Chat", "").await, replies(&[]));
}

#[tokio::test]
async fn a_stream_that_fails_has_its_replies_and_its_status() {
    let addr = Running::start(server().edge()).await.addr;
    let request = EchoRequest {
        text: "a b".into(),
        fail_with: 9,
        ..EchoRequest::default()
    };
    let answer = grpc::call(
        addr,
        &head("/e2e.Echo/Split"),
        frame(&request.encode_to_vec()),
    )
    .await;
    let details = answer.value("grpc-status-details-bin");
    let trailers =
        format!("grpc-message: a b\ngrpc-status: 9\ngrpc-status-details-bin: {details}\n");
    assert_eq!(grpc::text(&answer), format!("{HEAD}\n[a][b]\n{trailers}"));
}

/// G1, G2: exactly one request message, whatever follows within the stream.
#[tokio::test]
async fn g1_g2_methods_of_one_request_take_exactly_one() {
    let addr = Running::echo().await.addr;
    for path in [SAY, "/e2e.Echo/Split"] {
        let none = call(addr, path, "").await;
        assert_eq!(
            none,
            refused(12, "no request message for a method that takes one")
        );
        let two = call(addr, path, [say("a"), say("b")].concat()).await;
        assert_eq!(
            two,
            refused(
                12,
                "more than one request message for a method that takes one"
            )
        );
        // Two frames, the second by itself.
        let mut exchange = Http2::connect(addr).await.open(&head(path), None).await;
        exchange.send(say("a"));
        exchange.send(say("b"));
        exchange.end();
        let answer = exchange.answer().await.expect("an answer");
        assert_eq!(grpc::text(&answer), two);
    }
}

/// G3, G13: RESOURCE_EXHAUSTED, and decided by the prefix, before the message is there.
#[tokio::test]
async fn g3_g13_messages_up_to_the_limit() {
    let addr = Running::start(server().edge().max_message(1000)).await.addr;
    let request = |length: usize| {
        let text = "x".repeat(length - 3);
        (text.clone(), say(&text))
    };
    let (text, body) = request(1000);
    assert_eq!(body.len(), 5 + 1000);
    assert_eq!(call(addr, SAY, body.clone()).await, replies(&[&text]));
    assert_eq!(
        call(addr, "/e2e.Echo/Join", body.repeat(3)).await,
        replies(&[&[text.as_str(); 3].join(" ")])
    );
    let too_long = refused(8, "message of 1001 bytes is over the limit of 1000");
    for path in [SAY, "/e2e.Echo/Split", "/e2e.Echo/Join"] {
        assert_eq!(call(addr, path, request(1001).1).await, too_long, "{path}");
    }
    // The prefix alone is enough; the stream stays open.
    let mut exchange = Http2::connect(addr).await.open(&head(SAY), None).await;
    exchange.send(request(1001).1[..5].to_vec());
    assert_eq!(
        grpc::text(&exchange.answer().await.expect("an answer")),
        too_long
    );
    let huge = [&[0, 255, 255, 255, 255][..], b"x"].concat();
    assert_eq!(
        call(addr, SAY, huge).await,
        refused(8, "message of 4294967295 bytes is over the limit of 1000")
    );
}

/// The default is 4 MiB, to the byte.
#[tokio::test]
async fn g13_the_default_limit() {
    let addr = Running::echo().await.addr;
    let limit = 4 << 20;
    let overhead = say(&"x".repeat(limit - 100)).len() - 5 - (limit - 100);
    let text = "x".repeat(limit - overhead);
    let answer = grpc::call(addr, &head(SAY), say(&text)).await;
    assert_eq!((grpc::status(&answer).0, answer.body.len()), (0, limit + 5));
    let answer = grpc::call(addr, &head(SAY), say(&format!("{text}x"))).await;
    assert_eq!(
        grpc::text(&answer),
        refused(8, "message of 4194305 bytes is over the limit of 4194304")
    );
}

#[tokio::test]
async fn g13_frames_that_are_wrong() {
    let addr = Running::echo().await.addr;
    let cases: [(Vec<u8>, u8, &str); 5] = [
        (
            flagged(1, b"x"),
            13,
            "compressed message without a message encoding",
        ),
        (flagged(2, b"x"), 13, "message flag 2 is neither 0 nor 1"),
        (vec![0, 0, 0], 13, "body ends in the middle of a message"),
        (
            vec![0, 0, 0, 0, 9, 1],
            13,
            "body ends in the middle of a message",
        ),
        (frame(b"\xff\xff"), 13, ""),
    ];
    for (body, code, message) in cases {
        for path in [SAY, "/e2e.Echo/Join"] {
            let answer = grpc::call(addr, &head(path), body.clone()).await;
            let (found, text) = grpc::status(&answer);
            assert_eq!(found, u16::from(code), "{path} {body:?}: {text}");
            if !message.is_empty() {
                assert_eq!(text, message, "{path} {body:?}");
            }
        }
    }
}

/// G14, but for what compression does to long messages: see the conformance tests.
#[tokio::test]
async fn g14_message_encodings() {
    let addr = Running::echo().await.addr;
    let request = |encoding: &str| head(SAY).header("grpc-encoding", encoding);
    let answer = grpc::call(addr, &request("identity"), say("hi")).await;
    assert_eq!(grpc::text(&answer), replies(&["hi"]));
    let answer = grpc::call(addr, &request("identity"), flagged(1, b"x")).await;
    assert_eq!(
        grpc::text(&answer),
        refused(13, "compressed message without a message encoding")
    );
    let answer = grpc::call(addr, &request("snappy"), flagged(1, b"x")).await;
    let message = "message encoding not supported: send one of gzip,identity";
    assert_eq!(
        grpc::text(&answer),
        format!(
            "{HEAD}grpc-accept-encoding: gzip,identity\ngrpc-message: {message}\ngrpc-status: 12\n\n"
        )
    );
    let answer = grpc::call(
        addr,
        &head(SAY).header("grpc-accept-encoding", "gzip"),
        say("hi"),
    )
    .await;
    assert_eq!(grpc::text(&answer), replies(&["hi"]));
}

/// G4: over the handler and over the stream of replies; G17's half that no client asks for.
#[tokio::test]
async fn g4_deadlines_end_handlers_and_streams() {
    let (echo, mut events) = Echo::watched();
    let addr = Running::start(Server::new("echo").add(EchoServer::new(echo)))
        .await
        .addr;
    let soon = |path: &str| head(path).header("grpc-timeout", "300m");
    let answer = grpc::call(addr, &soon(SAY), say("hang")).await;
    assert_eq!(grpc::text(&answer), refused(4, "deadline exceeded"));
    assert_eq!(events.recv().await, Some(Event::Hanging));
    assert_eq!(events.recv().await, Some(Event::Dropped(true)));

    let answer = grpc::call(addr, &soon("/e2e.Echo/Split"), say("a hang")).await;
    let trailers = "grpc-message: deadline exceeded\ngrpc-status: 4\n";
    assert_eq!(grpc::text(&answer), format!("{HEAD}\n[a]\n{trailers}"));
    assert_eq!(events.recv().await, Some(Event::Hanging));
    assert_eq!(events.recv().await, Some(Event::Dropped(true)));

    // A client stream whose caller says nothing more.
    let mut exchange = Http2::connect(addr)
        .await
        .open(&soon("/e2e.Echo/Join"), None)
        .await;
    exchange.send(say("a"));
    let answer = exchange.answer().await.expect("an answer");
    assert_eq!(grpc::text(&answer), refused(4, "deadline exceeded"));
    // The schema's limit, and the server's, where the caller has none.
    assert_eq!(
        call(addr, "/e2e.Echo/Slow", say("hang")).await,
        refused(4, "deadline exceeded")
    );
    let limited = Running::start(server().max_timeout(Duration::from_millis(300))).await;
    let answer = grpc::call(
        limited.addr,
        &head(SAY).header("grpc-timeout", "1H"),
        say("hang"),
    )
    .await;
    assert_eq!(grpc::text(&answer), refused(4, "deadline exceeded"));
}

/// G5, G9.
#[tokio::test]
async fn g5_g9_timeouts_as_text() {
    let addr = Running::echo().await.addr;
    let send = async |timeout: &str, text: &str| {
        grpc::text(&grpc::call(addr, &head(SAY).header("grpc-timeout", timeout), say(text)).await)
    };
    for good in [
        "1H",
        "17M",
        "19S",
        "99999m",
        "99999999u",
        "99999999H",
        "00000001H",
        "99999999n",
    ] {
        assert_eq!(send(good, "hi").await, replies(&["hi"]), "{good}");
    }
    for passed in ["0n", "0u", "0m", "0S", "0M", "0H", "00000000S"] {
        assert_eq!(
            send(passed, "hi").await,
            refused(4, "deadline exceeded"),
            "{passed}"
        );
    }
    for short in ["1000000n", "1000u", "1m"] {
        assert_eq!(
            send(short, "hang").await,
            refused(4, "deadline exceeded"),
            "{short}"
        );
    }
    let malformed = "malformed timeout: grpc-timeout takes 1 to 8 digits and one of H M S m u n, \
                     connect-timeout-ms 1 to 10 digits, x-server-timeout seconds as a decimal number";
    for bad in [
        "",
        "5",
        "S",
        "5X",
        "-1S",
        "+1S",
        "1.5S",
        "123456789S",
        "1 S",
        "1SS",
        "٣S",
    ] {
        assert_eq!(send(bad, "hi").await, refused(3, malformed), "{bad}");
    }
}

/// G6: POST only, gRPC's content types only, HTTP/2 only.
#[tokio::test]
async fn g6_wrong_methods_types_and_versions() {
    let addr = Running::echo().await.addr;
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        let request = Request::new(method, SAY).header("content-type", "application/grpc");
        assert_eq!(
            request.http2(addr).await.text(),
            "405\nallow: POST\n\n",
            "{method}"
        );
    }
    let request = head(SAY).body(say("hi"));
    assert_eq!(
        request.http1(addr).await.text(),
        "505\ncontent-length: 0\n\n"
    );
    assert_eq!(
        head("/no.Such/Path").http1(addr).await.text(),
        "505\ncontent-length: 0\n\n"
    );
}

/// G15.
#[tokio::test]
async fn g7_g15_content_types() {
    let addr = Running::echo().await.addr;
    let send = async |media: &str, body: Vec<u8>| -> Answer {
        let request = Request::post(SAY).header("content-type", media);
        grpc::call(addr, &request, body).await
    };
    for (media, mirrored) in [
        ("application/grpc", "application/grpc"),
        ("application/grpc+proto", "application/grpc+proto"),
        ("application/grpc;x=y", "application/grpc"),
        ("Application/GRPC+Proto; x=y", "application/grpc+proto"),
        ("Application/GRPC", "application/grpc"),
    ] {
        let expected = replies(&["hi"]).replace("application/grpc", mirrored);
        assert_eq!(
            grpc::text(&send(media, say("hi")).await),
            expected,
            "{media}"
        );
        // Refusals and streams too.
        assert_eq!(send(media, vec![]).await.value("content-type"), mirrored);
        let split = Request::post("/e2e.Echo/Split").header("content-type", media);
        let answer = grpc::call(addr, &split, say("a b")).await;
        assert_eq!(answer.value("content-type"), mirrored);
    }
    let reply = frame(br#"{"text":"hi"}"#);
    for media in [
        "application/grpc+json",
        "application/grpc+json; charset=utf-8",
    ] {
        let answer = send(media, reply.clone()).await;
        assert_eq!(answer.body, reply);
        assert_eq!(
            Answer {
                body: Bytes::new(),
                ..answer
            }
            .text(),
            "200\ncontent-type: application/grpc+json\n\n\ngrpc-status: 0\n"
        );
    }
    let bad = send("application/grpc+json", frame(b"{")).await;
    assert_eq!(bad.value("content-type"), "application/grpc+json");
    assert_eq!(grpc::status(&bad).0, 3);
    for media in [
        "application/grpcfoo",
        "application/grpc+foo",
        "image/jpeg",
        "application/grpc-web+foo",
        "application/grpc+",
        "application/grpc+proto+json",
        "application/grpc+JSONP",
        "application/grpc/proto",
        "text/grpc",
    ] {
        assert_eq!(send(media, say("hi")).await.status, 415, "{media}");
    }
}

/// G10: padded, unpadded and joined on the way in; unpadded and by themselves on the way out.
#[tokio::test]
async fn g10_binary_metadata() {
    let addr = Running::echo().await.addr;
    let table: [(&[&str], &[&str]); 8] = [
        (&["AAEC/w"], &["AAEC/w"]),
        (&["AAEC/w=="], &["AAEC/w"]),
        (&["YQ,Yg=="], &["YQ", "Yg"]),
        (&["YQ", "Yg"], &["YQ", "Yg"]),
        (&["YQ , Yg"], &["YQ", "Yg"]),
        (&[""], &[""]),
        (&["!!!"], &[]),
        (&["!!!,YQ"], &["YQ"]),
    ];
    for (sent, expected) in table {
        let request = sent
            .iter()
            .fold(head(SAY), |head, value| head.header("x-echo-bin", value));
        let answer = grpc::call(addr, &request, say("")).await;
        let lines = |name: &str| {
            expected
                .iter()
                .map(|value| format!("{name}: {value}\n"))
                .collect::<String>()
        };
        let expected = format!(
            "{HEAD}{}\n[]\ngrpc-status: 0\n{}",
            lines("x-header-bin"),
            lines("x-trailer-bin")
        );
        assert_eq!(grpc::text(&answer), expected, "{sent:?}");
    }
}

#[tokio::test]
async fn g10_text_metadata_keeps_its_order_and_bad_values_fail_nothing() {
    let addr = Running::echo().await.addr;
    let request = head(SAY)
        .header("x-echo", "b")
        .header("x-echo", "a")
        .header("x-echo", "é")
        .header("X-Echo", "");
    let answer = grpc::call(addr, &request, say("")).await;
    let headers = "x-header: b\nx-header: a\nx-header: \n";
    let trailers = headers.replace("header", "trailer");
    assert_eq!(
        grpc::text(&answer),
        format!("{HEAD}{headers}\n[]\ngrpc-status: 0\n{trailers}")
    );
}

/// G11: every byte of a message comes through escapes; what is no escape stays as it is.
#[tokio::test]
async fn g11_messages_are_percent_encoded() {
    let addr = Running::start(server().edge()).await.addr;
    let all: String = (0..=255u8).map(char::from).collect();
    let request = EchoRequest {
        fail_with: 2,
        text: all.clone(),
        ..EchoRequest::default()
    };
    let answer = grpc::call(addr, &head(SAY), frame(&request.encode_to_vec())).await;
    let expected: String = all
        .bytes()
        .map(|byte| match byte {
            b'%' => "%25".to_owned(),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    assert_eq!(grpc::status(&answer), (2, expected));
    assert_eq!(grpc::details(&answer).message, all);
}

/// G12: details of types that nobody knows, in google.rpc.Status with the same code and message.
#[tokio::test]
async fn g12_details_are_kept() {
    let addr = Running::start(server().edge()).await.addr;
    let detail = Any {
        type_url: "type.googleapis.com/no.such.Type".into(),
        value: vec![8, 1],
    };
    let request = EchoRequest {
        fail_with: 5,
        text: "gone".into(),
        number: 7,
        detail: Some(detail.clone()),
        ..EchoRequest::default()
    };
    let answer = grpc::call(addr, &head(SAY), frame(&request.encode_to_vec())).await;
    let status = grpc::details(&answer);
    let info = ezrpc::google::rpc::ErrorInfo {
        reason: "ASKED_FOR".into(),
        domain: "e2e".into(),
        metadata: [("number".to_owned(), "7".to_owned())].into(),
    };
    let info = Any {
        type_url: "type.googleapis.com/google.rpc.ErrorInfo".into(),
        value: info.encode_to_vec(),
    };
    assert_eq!((status.code, status.message.as_str()), (5, "gone"));
    assert_eq!(status.details, [info, detail]);
    let value = answer.value("grpc-status-details-bin").to_owned();
    assert!(!value.contains('='), "{value}");
    let expected =
        format!("{HEAD}grpc-message: gone\ngrpc-status: 5\ngrpc-status-details-bin: {value}\n\n");
    assert_eq!(grpc::text(&answer), expected);
}

/// Causes and frames go to gRPC peers, and not out of a server at the edge.
#[tokio::test]
async fn causes_and_frames_stay_within_the_trust_boundary() {
    let inside = Running::echo().await.addr;
    let answer = grpc::call(inside, &head(SAY), say("cause")).await;
    assert_eq!(
        grpc::status(&answer),
        (2, "the password is hunter2".to_owned())
    );
    assert_eq!(grpc::details(&answer).details.len(), 1);
    let edge = Running::start(server().edge()).await.addr;
    let answer = grpc::call(edge, &head(SAY).traced(), say("cause")).await;
    assert_eq!(
        grpc::text(&answer),
        refused(2, &format!("unknown error (id {TRACE})"))
    );
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_call_alone() {
    let addr = Running::echo().await.addr;
    let connection = Http2::connect(addr).await;
    let send = async |text| {
        let mut exchange = connection.open(&head(SAY).traced(), None).await;
        exchange.finish(say(text));
        exchange.answer().await.expect("an answer")
    };
    // Among services the text is no secret; the id is that of the log.
    let answer = send("panic").await;
    let said = format!("panic: the handler panics (id {TRACE})");
    assert_eq!(grpc::status(&answer), (13, said));
    assert_eq!(grpc::text(&send("hi").await), replies(&["hi"]));
}

/// G16.
#[tokio::test]
async fn g16_messages_in_frames_of_one_byte() {
    let addr = Running::echo().await.addr;
    for (path, expected) in [
        (SAY, vec!["hi"]),
        ("/e2e.Echo/Join", vec!["hi you"]),
        ("/e2e.Echo/Chat", vec!["hi", "you"]),
    ] {
        let mut body = say("hi");
        if path != SAY {
            body.extend(say("you"));
        }
        let mut exchange = Http2::connect(addr).await.open(&head(path), None).await;
        for byte in body {
            exchange.send(vec![byte]);
        }
        exchange.end();
        assert_eq!(
            grpc::text(&exchange.answer().await.expect("an answer")),
            replies(&expected)
        );
    }
}

/// G17: a reset drops the handler, or the stream it has returned.
#[tokio::test]
async fn g17_a_caller_who_goes_ends_the_handler() {
    let (echo, mut events) = Echo::watched();
    let addr = Running::start(Server::new("echo").add(EchoServer::new(echo)))
        .await
        .addr;
    let connection = Http2::connect(addr).await;
    for path in [SAY, "/e2e.Echo/Split", "/e2e.Echo/Join"] {
        let mut exchange = connection.open(&head(path), None).await;
        exchange.finish(say("hang"));
        assert_eq!(events.recv().await, Some(Event::Hanging), "{path}");
        exchange.reset();
        assert_eq!(events.recv().await, Some(Event::Dropped(true)), "{path}");
    }
    // The connection lives.
    let mut exchange = connection.open(&head(SAY), None).await;
    exchange.finish(say("hi"));
    assert_eq!(
        grpc::text(&exchange.answer().await.expect("an answer")),
        replies(&["hi"])
    );
}

/// A connection that breaks is every caller on it going.
#[tokio::test]
async fn g17_a_connection_that_breaks_ends_its_handlers() {
    let (echo, mut events) = Echo::watched();
    let addr = Running::start(Server::new("echo").add(EchoServer::new(echo)))
        .await
        .addr;
    let caller = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let mut exchange = Http2::connect(addr)
                .await
                .open(&head("/e2e.Echo/Split"), None)
                .await;
            exchange.finish(say("a hang"));
            let mut begun = exchange.begun().await.expect("a head");
            begun.data().await.expect("a reply");
        });
        // The runtime ends, and the socket with it.
    });
    assert_eq!(events.recv().await, Some(Event::Hanging));
    assert_eq!(events.recv().await, Some(Event::Dropped(true)));
    caller.join().expect("no panic");
}

#[tokio::test]
async fn g6_unknown_methods_are_unimplemented() {
    let addr = Running::echo().await.addr;
    for path in ["/e2e.Echo/Nope", "/e2e.Nope/Say", "/", "/e2e.Echo/Say/more"] {
        assert_eq!(
            call(addr, path, say("hi")).await,
            refused(12, &format!("unknown method {path}"))
        );
    }
}

/// The first bytes of a reply need not wait for the request to end.
#[tokio::test]
async fn bidi_replies_while_the_request_is_open() {
    let addr = Running::echo().await.addr;
    let mut exchange = Http2::connect(addr)
        .await
        .open(&head("/e2e.Echo/Chat"), None)
        .await;
    exchange.send(say("one"));
    let mut begun = exchange.begun().await.expect("a head");
    for word in ["one", "two", "three"] {
        if word != "one" {
            begun
                .body
                .send_data(say(word).into(), false)
                .expect("the stream is open");
        }
        let data = begun.data().await.expect("no error").expect("a reply");
        let reply = EchoReply::decode(&grpc::messages(&data)[0][..]).expect("a reply");
        assert_eq!(reply.text, word);
    }
    begun
        .body
        .send_data(Bytes::new(), true)
        .expect("the stream is open");
    let answer = begun.rest().await.expect("no error");
    assert_eq!(grpc::text(&answer), replies(&[]));
}

#[tokio::test]
async fn a_header_block_over_the_limit_is_431() {
    let addr = Running::start(server().max_headers(8 << 10)).await.addr;
    let request = head(SAY).header("x-long", &"x".repeat(9 << 10));
    let mut exchange = Http2::connect(addr).await.open(&request, None).await;
    exchange.finish(say("hi"));
    assert_eq!(
        exchange.answer().await.expect("an answer").text(),
        "431\n\n"
    );
}

#[tokio::test]
async fn g7_json_options_hold_for_grpc_json_too() {
    let addr = Running::start(server().json(json::Options::new().emit_defaults()))
        .await
        .addr;
    let request = Request::post(SAY).header("content-type", "application/grpc+json");
    let answer = grpc::call(addr, &request, frame(b"{}")).await;
    assert_eq!(
        grpc::messages(&answer.body),
        [r#"{"text":"","number":"0","blob":""}"#]
    );
}
