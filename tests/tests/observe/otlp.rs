//! Spans as a collector of OpenTelemetry's gets them, from a process of its own, as there is one provider for each.

use std::process::{Output, Stdio};
use std::time::Duration;

use ezrpc::codegen::v1::Message;
use ezrpc_tests::proto::otlp::value::Kind as ValueKind;
use ezrpc_tests::proto::otlp::{Attribute, Export, Kind, ResourceSpans, Span};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::mpsc;

/// Makes the calls with these variables, to the end.
async fn run(variables: &[(&str, &str)]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_traced_calls"));
    let own = |name: &str| name.starts_with("OTEL_") || name.to_lowercase().ends_with("_proxy");
    for (name, _) in std::env::vars().filter(|(name, _)| own(name)) {
        program.env_remove(name);
    }
    let program = program
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), program).await;
    output.expect("it ends by itself").expect("it starts")
}

/// A collector that takes what it is sent.
async fn collector() -> (String, mpsc::UnboundedReceiver<Export>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (exports, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(collect(stream, exports.clone()));
        }
    });
    (url, received)
}

async fn collect(mut stream: TcpStream, exports: mpsc::UnboundedSender<Export>) {
    let mut data = Vec::new();
    while stream.read_buf(&mut data).await.is_ok_and(|read| read > 0) {
        if let Some(export) = export(&mut data) {
            let _ = exports.send(export);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.expect("it is still there");
        }
    }
}

/// Takes one request off the data, once it is there.
fn export(data: &mut Vec<u8>) -> Option<Export> {
    let end = data.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&data[..end]).to_ascii_lowercase();
    assert!(head.starts_with("post /v1/traces "), "{head}");
    let value = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    assert_eq!(value("content-type"), Some("application/x-protobuf"));
    assert_eq!(value("x-key"), Some("7"));
    let length: usize = value("content-length")?.parse().expect("a length");
    (data.len() >= end + length).then(|| {
        let body: Vec<u8> = data.drain(..end + length).skip(end).collect();
        Export::decode(&body[..]).expect("an export")
    })
}

/// `key=value` of all, in one line.
fn attributes(all: &[Attribute]) -> String {
    let text = |one: &Attribute| match one.value.as_ref().and_then(|value| value.kind.as_ref()) {
        Some(ValueKind::Text(text)) => format!("{}={text}", one.key),
        Some(ValueKind::Number(number)) => format!("{}={number}", one.key),
        None => panic!("{one:?}"),
    };
    all.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_collector_gets_the_spans_of_all_hops() {
    let (url, mut exports) = collector().await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=7"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=not this,zone=b"),
        ("OTEL_SERVICE_NAME", "shop"),
    ];
    let output = run(&variables).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let mut resources: Vec<ResourceSpans> = Vec::new();
    let mut spans: Vec<Span> = Vec::new();
    // All have come: it has ended.
    while let Ok(export) = exports.try_recv() {
        resources.extend(export.resource_spans);
    }
    for resource in &resources {
        let of = attributes(&resource.resource.as_ref().expect("a resource").attributes);
        assert!(
            of.contains("service.name=shop") && of.contains("zone=b"),
            "{of}"
        );
        for scope in &resource.scope_spans {
            let name = scope.scope.as_ref().expect("a scope");
            assert_eq!(
                (&*name.name, &*name.version),
                ("ezrpc", env!("CARGO_PKG_VERSION"))
            );
            spans.extend(scope.spans.iter().cloned());
        }
    }
    check(spans, &printed);
}

/// One is the child of the other: client, server, client, server, client.
fn check(spans: Vec<Span>, printed: &str) {
    let printed: Vec<&str> = printed.split_whitespace().collect();
    let [trace, front, back] = printed[..] else {
        panic!("{printed:?}");
    };
    assert_eq!(spans.len(), 5);
    let mut parent: &[u8] = &[];
    // The port of whom a client calls.
    for called in [Some(front), None, Some(back), None, Some("1")] {
        let mut children = spans.iter().filter(|span| span.parent_span_id == parent);
        let span = children.next().expect("a child");
        let kind = called.map_or(Kind::Server, |_| Kind::Client);
        let named = (span.kind(), &*span.name, hex(&span.trace_id));
        assert_eq!(named, (kind, "e2e.Echo/Loop", trace.to_owned()));
        let status = span.status.as_ref().expect("a status");
        assert_eq!(status.code, 2);
        assert!(status.message.contains("127.0.0.1:1"), "{status:?}");
        let told = attributes(&span.attributes);
        let start = "rpc.system.name=grpc rpc.method=e2e.Echo/Loop";
        let peer = match called {
            Some(port) => format!("{start} server.address=127.0.0.1 server.port={port} "),
            None => format!("{start} client.address=127.0.0.1 network.peer.address=127.0.0.1 "),
        };
        assert!(told.starts_with(&peer), "{told}");
        let end = " rpc.response.status_code=UNAVAILABLE error.type=UNAVAILABLE";
        assert!(told.ends_with(end), "{told}");
        parent = &span.span_id;
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_keeps_no_process() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        // Longer than the test waits.
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
    ];
    let output = run(&variables).await;
    assert!(output.status.success(), "{output:?}");
    let logged = String::from_utf8_lossy(&output.stderr);
    assert!(logged.contains("the last spans may be lost"), "{logged}");
}

#[tokio::test]
async fn what_the_variables_say_is_checked_and_a_collector_that_is_not_there_is_told_of() {
    let wrong = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
    ];
    for (name, value) in wrong {
        let output = run(&[(name, value)]).await;
        assert!(!output.status.success(), "{output:?}");
        let logged = String::from_utf8_lossy(&output.stderr);
        assert!(logged.contains(name), "{logged}");
    }
    let output = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]).await;
    assert!(output.status.success(), "{output:?}");
    let logged = String::from_utf8_lossy(&output.stderr);
    let warnings = logged
        .matches("spans cannot be sent and may be lost")
        .count();
    assert_eq!(warnings, 1, "{logged}");
}

#[tokio::test]
async fn nothing_is_recorded_where_the_variables_say_so() {
    let (url, mut exports) = collector().await;
    let variables = [
        ("OTEL_SDK_DISABLED", "True"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=7"),
    ];
    let output = run(&variables).await;
    assert!(output.status.success(), "{output:?}");
    // It has ended, and the guard waits for what is sent.
    exports.try_recv().expect_err("nothing");
    let logged = String::from_utf8_lossy(&output.stderr);
    assert!(!logged.contains("ezrpc::otlp"), "{logged}");
}
