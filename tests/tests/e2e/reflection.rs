//! grpc.reflection.v1 and v1alpha, asked over raw HTTP/2; the answers are read by prost-types.

use std::collections::BTreeSet;

use ezrpc::Server;
use ezrpc_tests::echo::Echo;
use ezrpc_tests::grpc::{self, head};
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;
use prost::Message;
use prost_types::FileDescriptorProto;

const PATHS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// A response as far as it is looked at; numbers are those of the protocol.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "2")]
    original: Option<Asked>,
    #[prost(message, optional, tag = "4")]
    files: Option<Files>,
    #[prost(message, optional, tag = "5")]
    numbers: Option<Numbers>,
    #[prost(message, optional, tag = "6")]
    services: Option<Services>,
    #[prost(message, optional, tag = "7")]
    error: Option<Failure>,
}

#[derive(Clone, PartialEq, Message)]
struct Asked {
    #[prost(string, optional, tag = "3")]
    file: Option<String>,
    #[prost(string, optional, tag = "4")]
    symbol: Option<String>,
    #[prost(message, optional, tag = "5")]
    extension: Option<Extension>,
    #[prost(string, optional, tag = "6")]
    numbers: Option<String>,
    #[prost(string, optional, tag = "7")]
    services: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Extension {
    #[prost(string, tag = "1")]
    message: String,
    #[prost(int32, tag = "2")]
    number: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    encoded: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Numbers {
    #[prost(string, tag = "1")]
    message: String,
    #[prost(int32, repeated, tag = "2")]
    numbers: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    services: Vec<Service>,
}

#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Failure {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn file(path: &str) -> Asked {
    Asked {
        file: Some(path.into()),
        ..Asked::default()
    }
}

fn symbol(name: &str) -> Asked {
    Asked {
        symbol: Some(name.into()),
        ..Asked::default()
    }
}

fn extension(message: &str, number: i32) -> Asked {
    let extension = Extension {
        message: message.into(),
        number,
    };
    Asked {
        extension: Some(extension),
        ..Asked::default()
    }
}

fn numbers(message: &str) -> Asked {
    Asked {
        numbers: Some(message.into()),
        ..Asked::default()
    }
}

async fn server() -> Running {
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    Running::start(server.reflection()).await
}

/// Asks on one stream, of both versions, which answer the same.
async fn ask(running: &Running, all: &[Asked]) -> Vec<Response> {
    let body: Vec<u8> = all
        .iter()
        .flat_map(|asked| grpc::frame(&asked.encode_to_vec()))
        .collect();
    let mut answers = Vec::new();
    for path in PATHS {
        let answer = grpc::call(running.addr, &head(path), body.clone()).await;
        assert_eq!(grpc::status(&answer), (0, String::new()));
        let messages = grpc::messages(&answer.body);
        let read = |message: &bytes::Bytes| Response::decode(&message[..]).unwrap();
        answers.push(messages.iter().map(read).collect::<Vec<_>>());
    }
    assert_eq!(answers[0], answers[1]);
    let asked: Vec<_> = answers[0]
        .iter()
        .map(|answer| answer.original.clone().unwrap())
        .collect();
    assert_eq!(asked, all);
    answers.swap_remove(0)
}

/// The names of the files in an answer.
fn names(answer: &Response) -> Vec<String> {
    let files = answer.files.as_ref().expect("files");
    let name = |file: &Vec<u8>| {
        let file = FileDescriptorProto::decode(&file[..]).expect("a descriptor");
        file.name().to_owned()
    };
    files.encoded.iter().map(name).collect()
}

#[tokio::test]
async fn reflection_lists_services() {
    let running = server().await;
    let list = Asked {
        services: Some("*".into()),
        ..Asked::default()
    };
    let answers = ask(&running, &[list]).await;
    let services = answers[0].services.clone().unwrap().services;
    let found: Vec<&str> = services
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    let expected = [
        "e2e.Echo",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn reflection_finds_files_by_what_is_in_them() {
    let running = server().await;
    for (asked, first) in [
        (file("e2e/echo.proto"), "e2e/echo.proto"),
        (symbol("e2e.Echo"), "e2e/echo.proto"),
        (symbol(".e2e.Echo"), "e2e/echo.proto"),
        (symbol("e2e.Echo.Say"), "e2e/echo.proto"),
        (symbol("e2e.EchoRequest"), "e2e/echo.proto"),
        (symbol("e2e.EchoRequest.text"), "e2e/echo.proto"),
        (symbol("google.protobuf.Any"), "google/protobuf/any.proto"),
        (
            symbol("google.protobuf.FieldDescriptorProto.Type"),
            "google/protobuf/descriptor.proto",
        ),
        (
            symbol("google.protobuf.FieldDescriptorProto.TYPE_INT32"),
            "google/protobuf/descriptor.proto",
        ),
        (
            symbol("google.protobuf.Value.kind"),
            "google/protobuf/struct.proto",
        ),
        (symbol("ezbuy.webapi"), "ezbuy/option.proto"),
        (
            symbol("grpc.health.v1.Health.Watch"),
            "grpc/health/v1/health.proto",
        ),
        (
            symbol("grpc.reflection.v1alpha.ServerReflection"),
            "grpc/reflection/v1alpha/reflection.proto",
        ),
        (
            extension("google.protobuf.MethodOptions", 711_845),
            "ezbuy/option.proto",
        ),
        (
            file("google/protobuf/descriptor.proto"),
            "google/protobuf/descriptor.proto",
        ),
    ] {
        let answers = ask(&running, std::slice::from_ref(&asked)).await;
        assert_eq!(names(&answers[0])[0], first, "{asked:?}");
    }
}

/// Whoever has a file has what it imports, once on each stream.
#[tokio::test]
async fn reflection_sends_imports_along() {
    let running = server().await;
    let asked = [
        symbol("e2e.Echo"),
        symbol("google.protobuf.Any"),
        symbol("e2e.Echo"),
    ];
    let answers = ask(&running, &asked).await;
    let all: BTreeSet<String> = names(&answers[0]).into_iter().collect();
    let files = answers[0].files.as_ref().unwrap();
    assert_eq!(all.len(), files.encoded.len(), "each once");
    for encoded in &files.encoded {
        let file = FileDescriptorProto::decode(&encoded[..]).unwrap();
        for import in &file.dependency {
            assert!(
                all.contains(import),
                "{import} of {} is not there",
                file.name()
            );
        }
    }
    assert!(all.contains("google/protobuf/descriptor.proto"));
    assert_eq!(names(&answers[1]), ["google/protobuf/any.proto"]);
    assert_eq!(names(&answers[2]), ["e2e/echo.proto"]);
}

#[tokio::test]
async fn reflection_knows_extensions() {
    let running = server().await;
    let asked = [
        numbers("google.protobuf.MethodOptions"),
        numbers("e2e.EchoRequest"),
        numbers("no.Such"),
    ];
    let answers = ask(&running, &asked).await;
    let found = answers[0].numbers.clone().unwrap();
    assert_eq!(found.message, "google.protobuf.MethodOptions");
    assert!(found.numbers.contains(&711_845), "{found:?}");
    assert!(answers[1].numbers.clone().unwrap().numbers.is_empty());
    assert_eq!(answers[2].error.clone().unwrap().code, 5);
}

#[tokio::test]
async fn reflection_says_what_it_does_not_know() {
    let running = server().await;
    let asked = [
        file("no/such.proto"),
        symbol("no.Such"),
        extension("no.Such", 1),
        extension("google.protobuf.MethodOptions", 1),
        Asked::default(),
        symbol("e2e.Echo"),
    ];
    let answers = ask(&running, &asked).await;
    let errors: Vec<_> = answers.into_iter().map(|answer| answer.error).collect();
    let failure = |code, message: &str| {
        Some(Failure {
            code,
            message: message.into(),
        })
    };
    let expected = [
        failure(5, "no/such.proto is not known here"),
        failure(5, "no.Such is not known here"),
        failure(5, "no.Such [1] is not known here"),
        failure(5, "google.protobuf.MethodOptions [1] is not known here"),
        failure(3, "the request asks for nothing"),
        None,
    ];
    assert_eq!(errors, expected);
}

#[tokio::test]
async fn reflection_is_there_when_asked_for_and_for_grpc_alone() {
    let running = Running::echo().await;
    for path in PATHS {
        let answer = grpc::call(running.addr, &head(path), grpc::frame(&[])).await;
        assert_eq!(grpc::status(&answer).0, 12);
    }
    let running = server().await;
    for path in PATHS {
        let answer = Request::json(path, "{}").http1(running.addr).await;
        assert_eq!(answer.status, 404);
    }
}
