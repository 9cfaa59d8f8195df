//! Typed errors as clients of other makes read them, from a service that another one is in front of.

use std::path::{Path, PathBuf};

use ezrpc::{Channel, Server};
use ezrpc_tests::proto::e2e::reasons::{ShopClient, ShopServer};
use ezrpc_tests::reasons::Shop;
use ezrpc_tests::server::Running;
use ezrpc_tests::tools;
use tokio::process::Command;

const FILE: &str = "e2e/reasons.proto";
const ERROR: &str = "not a size e2e.shop NOT_A_SIZE ezrpcCode=4220001 failWith=5";

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
    assert_eq!(found, format!("INVALID_ARGUMENT {ERROR}\n").repeat(2));
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
    let lines = ["connect", "grpc-web", "grpc"]
        .map(|protocol| format!("{protocol}: InvalidArgument {ERROR}\n").repeat(2));
    assert_eq!(found, lines.concat());
}
