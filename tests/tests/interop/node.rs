//! Clients of browsers under node: connect-es and grpc-web, with descriptors read at run time.

use std::path::Path;

use ezrpc::Server;
use ezrpc_tests::conformance::Service;
use ezrpc_tests::proto::e2e::conformance::ConformanceServer;
use ezrpc_tests::server::Running;
use ezrpc_tests::tools;
use tokio::process::Command;

/// Writes the descriptors of the Conformance service and of what it imports.
fn write_descriptors(file: &Path) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let includes = [tests.join("protos"), tests.join("../options")];
    let mut compiler = protox::Compiler::new(includes).expect("folders");
    compiler.include_imports(true);
    compiler
        .open_file("e2e/conformance.proto")
        .expect("it compiles");
    std::fs::write(file, compiler.encode_file_descriptor_set()).expect("a file");
}

/// Runs a script against the Conformance service and returns what it prints.
async fn run(node: &Path, script: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = folder.path().join("descriptors.bin");
    write_descriptors(&descriptors);
    let server = Server::new("conformance").add(ConformanceServer::new(Service));
    let running = Running::start(server.edge()).await;
    let output = Command::new(node)
        .args(["-e", script, "--", &running.addr.to_string()])
        .arg(&descriptors)
        .output()
        .await
        .expect("node starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn connect_es_in_every_transport() {
    let Some(node) = tools::require_node("connect-es", "@connectrpc/connect-node") else {
        return;
    };
    let found = run(&node, include_str!("connect_es.cjs")).await;
    let calls = "true a, b c sent; FailedPrecondition não 谷 1 c; \
        Unimplemented Unimplemented is not implemented 0 null; a,b; (empty); \
        FailedPrecondition não 谷 0 c; DeadlineExceeded; get";
    let mut expected = String::new();
    for codec in ["proto", "json"] {
        for version in ["1.1", "2"] {
            let streams = match version {
                "2" => "; sum of 3; a,b",
                _ => "; sum of 3",
            };
            for protocol in ["connect", "connect get", "grpc-web"] {
                expected += &format!("{protocol} {codec} {version}: {calls}{streams}\n");
            }
        }
        expected += &format!("grpc {codec}: {calls}; sum of 3; a,b\n");
        for protocol in ["connect", "connect get", "grpc-web"] {
            expected += &format!("browser {protocol} {codec}: {calls}\n");
        }
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn grpc_web_in_both_formats() {
    let Some(node) = tools::require_node("grpc-web", "grpc-web") else {
        return;
    };
    let found = run(&node, include_str!("grpc_web.cjs")).await;
    let calls = "5000 x sent a c; FAILED_PRECONDITION não 谷 c; \
        UNIMPLEMENTED Unimplemented is not implemented undefined; a,b end; \
        a,b FAILED_PRECONDITION não 谷;  FAILED_PRECONDITION não 谷";
    assert_eq!(found, format!("text: {calls}\nbinary: {calls}\n"));
}
