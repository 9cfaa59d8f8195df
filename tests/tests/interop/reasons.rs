//! Typed errors as clients of other makes read them, from a service that another one is in front of.

use std::path::{Path, PathBuf};

use ezrpc::google::rpc::{DebugInfo, ErrorInfo, Status};
use ezrpc::{Channel, Server};
use ezrpc_test_peers::reasons::Order;
use ezrpc_test_peers::reasons::shop_client::ShopClient as PeerClient;
use ezrpc_test_peers::tonic::Code;
use ezrpc_test_peers::tonic::transport::Endpoint;
use ezrpc_tests::proto::e2e::reasons::{ShopClient, ShopServer};
use ezrpc_tests::reasons::Shop;
use ezrpc_tests::server::Running;
use ezrpc_tests::tools;
use prost::Message;
use tokio::process::Command;

const FILE: &str = "e2e/reasons.proto";
const ERROR: &str = "e2e.shop NOT_A_SIZE ezrpcCode=4220001 failWith=5";
/// What trailers between the two services have room for, of a message.
const ROOM: usize = 1536;

/// What is printed of an error, and of one that has come a long way and says a lot; twice, as of a stream too.
fn lines(start: &str, frames: [&str; 2]) -> String {
    let long = "long".repeat(ROOM / 4);
    ["", &long]
        .into_iter()
        .zip(frames)
        .map(|(message, frames)| {
            let message = if message.is_empty() {
                "not a size"
            } else {
                message
            };
            format!("{start} {ERROR} {frames}: {message}\n").repeat(2)
        })
        .collect()
}

/// One that fails, and one in front of it.
async fn chain() -> [Running; 2] {
    let serve = |shop| Running::start(Server::new("shop").add(ShopServer::new(shop)));
    let last = serve(Shop::default()).await;
    let first = Shop::in_front_of(ShopClient::new(Channel::to(last.addr)));
    let first = serve(first).await;
    [last, first]
}

fn includes() -> [PathBuf; 3] {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["protos", "../options", "../protoc-gen-ezrpc/protos"].map(|folder| tests.join(folder))
}

/// Runs a program to its end and returns what it prints.
async fn printed(program: &mut Command) -> String {
    let output = program.output().await.expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn grpcio_reads_the_error_info() {
    let Some(python) = tools::require_grpcio() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut protoc = Command::new(&python);
    protoc.args(["-m", "grpc_tools.protoc", FILE, "ezbuy/option.proto"]);
    protoc.args(includes().map(|folder| format!("-I{}", folder.display())));
    protoc.arg(format!("--python_out={}", folder.path().display()));
    protoc.arg(format!("--grpc_python_out={}", folder.path().display()));
    assert_eq!(printed(&mut protoc).await, "");
    let [_last, first] = chain().await;
    let mut script = Command::new(&python);
    script.args(["-c", include_str!("reasons.py"), &first.addr.to_string()]);
    let found = printed(script.env("PYTHONPATH", folder.path())).await;
    // The line, two handlers and the call between them; the long one passes 500 lines more.
    assert_eq!(
        found,
        lines("INVALID_ARGUMENT", ["4 frames, False", "504 frames, True"])
    );
}

#[tokio::test]
async fn connect_es_reads_the_error_info() {
    let Some(node) = tools::require_node("connect-es", "@connectrpc/connect-node") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = folder.path().join("descriptors.bin");
    let mut compiler = protox::Compiler::new(includes()).expect("folders");
    compiler.include_imports(true);
    for file in [FILE, "google/rpc/error_details.proto"] {
        compiler.open_file(file).expect("it compiles");
    }
    std::fs::write(&descriptors, compiler.encode_file_descriptor_set()).expect("a file");
    let [_last, first] = chain().await;
    let mut script = Command::new(&node);
    script.args(["-e", include_str!("reasons.cjs"), "--"]);
    let found = printed(script.arg(first.addr.to_string()).arg(&descriptors)).await;
    let outside = ["0 frames, false"; 2];
    let expected = [
        lines("connect: InvalidArgument", outside),
        lines("grpc-web: InvalidArgument", outside),
        lines(
            "grpc: InvalidArgument",
            ["4 frames, false", "504 frames, true"],
        ),
    ];
    assert_eq!(found, expected.concat());
}

#[tokio::test]
async fn tonic_reads_the_details() {
    let [_last, first] = chain().await;
    let endpoint = Endpoint::from_shared(format!("http://{}", first.addr)).unwrap();
    let mut client = PeerClient::new(endpoint.connect().await.unwrap());
    let order = |message: String, places| Order {
        fail_with: 5,
        message,
        places,
    };
    for (order, frames) in [
        (order(String::new(), 0), 4),
        (order("long".repeat(25_600), 500), 504),
    ] {
        let status = client.buy(order.clone()).await.unwrap_err();
        let mut orders = client.watch(order).await.unwrap().into_inner();
        assert_eq!(orders.message().await.unwrap(), Some(Order::default()));
        for status in [status, orders.message().await.unwrap_err()] {
            assert_eq!(status.code(), Code::InvalidArgument);
            let details = Status::decode(status.details()).unwrap().details;
            let info = ErrorInfo::decode(&details[0].value[..]).unwrap();
            assert_eq!((&*info.domain, &*info.reason), ("e2e.shop", "NOT_A_SIZE"));
            let debug = DebugInfo::decode(&details[1].value[..]).unwrap();
            let left_out =
                |entry: &String| entry.strip_prefix("... ")?.split(' ').next()?.parse().ok();
            let counted = debug
                .stack_entries
                .iter()
                .map(|entry| left_out(entry).unwrap_or(1));
            assert_eq!(counted.sum::<usize>(), frames, "{debug:?}");
        }
    }
}
