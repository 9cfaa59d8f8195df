//! Tools that know nothing of our protos but what reflection tells them.

use std::process::Output;

use ezrpc::Server;
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;
use ezrpc_tests::tools;
use tokio::process::Command;

async fn server() -> Running {
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    Running::start(server.reflection()).await
}

fn succeeded(output: Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs `buf curl`; `None` without buf.
async fn buf_curl(running: &Running, args: &[&str], path: &str) -> Option<String> {
    let buf = tools::require("buf")?;
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(buf)
        .args(["curl", "--http2-prior-knowledge", "--protocol", "grpc"])
        .args(args)
        .arg(format!("http://{}{path}", running.addr))
        // Neither a module nor a cache of somebody's.
        .current_dir(folder.path())
        .env("BUF_CACHE_DIR", folder.path())
        .output()
        .await;
    Some(succeeded(output.expect("buf starts")))
}

#[tokio::test]
async fn g18_buf_curl_lists_and_calls() {
    let running = server().await;
    for version in ["grpc-v1", "grpc-v1alpha"] {
        let reflect = ["--reflect-protocol", version];
        let list = [&reflect[..], &["--list-services"]].concat();
        let Some(found) = buf_curl(&running, &list, "").await else {
            return;
        };
        let expected = "e2e.Echo\ngrpc.health.v1.Health\ngrpc.reflection.v1.ServerReflection\n\
            grpc.reflection.v1alpha.ServerReflection\n";
        assert_eq!(found, expected);
        let list = [&reflect[..], &["--list-methods"]].concat();
        let found = buf_curl(&running, &list, "").await.expect("buf is there");
        assert!(found.contains("e2e.Echo/Say\n"), "{found}");
        let data = [&reflect[..], &["--data", r#"{"text":"hi","number":"7"}"#]].concat();
        let found = buf_curl(&running, &data, "/e2e.Echo/Say").await;
        let found = found
            .expect("buf is there")
            .split_whitespace()
            .collect::<String>();
        assert_eq!(found, r#"{"text":"hi","number":"7"}"#);
        let data = [&reflect[..], &["--data", r#"{"service":"e2e.Echo"}"#]].concat();
        let found = buf_curl(&running, &data, "/grpc.health.v1.Health/Check").await;
        let found = found
            .expect("buf is there")
            .split_whitespace()
            .collect::<String>();
        assert_eq!(found, r#"{"status":"SERVING"}"#);
    }
}

const SCRIPT: &str = r#"
import sys
import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

channel = grpc.insecure_channel(sys.argv[1])
database = ProtoReflectionDescriptorDatabase(channel)
print("\n".join(sorted(database.get_services())))
pool = descriptor_pool.DescriptorPool(database)
say = pool.FindServiceByName("e2e.Echo").FindMethodByName("Say")
request = message_factory.GetMessageClass(say.input_type)
reply = message_factory.GetMessageClass(say.output_type)
call = channel.unary_unary("/e2e.Echo/Say", request.SerializeToString, reply.FromString)
print(json_format.MessageToJson(call(request(text="hi", number=7)), indent=None))
print(pool.FindFieldByName("e2e.EchoRequest.text").number)
print(pool.FindExtensionByName("ezbuy.webapi").number)
print(sorted(database.FindAllExtensionNumbers("google.protobuf.ServiceOptions")))
"#;

#[tokio::test]
async fn g18_grpcio_reflects() {
    let Some(python) = tools::require_grpcio() else {
        return;
    };
    let running = server().await;
    let output = Command::new(python)
        .args(["-c", SCRIPT, &running.addr.to_string()])
        .output()
        .await;
    let found = succeeded(output.expect("Python starts"));
    let expected = "e2e.Echo
grpc.health.v1.Health
grpc.reflection.v1.ServerReflection
grpc.reflection.v1alpha.ServerReflection
{\"text\": \"hi\", \"number\": \"7\"}
1
711845
[711845]
";
    assert_eq!(found, expected);
}
