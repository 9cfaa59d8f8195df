//! Python's grpcio, with code that its own protoc generated.

use std::path::Path;
use std::process::Command;

use ezrpc_tests::tools;

use crate::{Shop, text};

const SCRIPT: &str = r#"
import sys, grpc
from common import product_pb2 as pb, product_pb2_grpc
from trade import order_pb2, order_pb2_grpc

product = product_pb2_grpc.ProductStub(grpc.insecure_channel(sys.argv[1]))
order = order_pb2_grpc.OrderStub(grpc.insecure_channel(sys.argv[2]))

print("get:", product.Get(pb.ProductGet(id=2), timeout=60).info.name)
try:
    product.Get(pb.ProductGet(id=404), timeout=60)
except grpc.RpcError as error:
    print("missing:", error.code().name, error.details())
events = product.Watch(pb.ProductWatch(), timeout=60)
# The stream is open once its headers are here.
events.initial_metadata()
rows = [pb.ProductRow(name="Inkstone", price=66), pb.ProductRow(name="Silk fan", price=12)]
print("import:", list(product.Import(iter(rows), timeout=60).ids))
print("watch:", [(e.kind, e.info.name) for _, e in zip(rows, events)])
events.cancel()
item = order_pb2.OrderPlace.Item(product_id=3, count=2)
print("place:", order.Place(order_pb2.OrderPlace(items=[item]), timeout=60).total)
"#;

#[test]
fn grpcio_calls_both_services() {
    let Some(python) = tools::require_grpcio() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut protoc = Command::new(&python);
    protoc
        .args([
            "-m",
            "grpc_tools.protoc",
            "-Iproto",
            "-I../../protoc-gen-ezrpc/protos",
        ])
        .args([
            "common/product.proto",
            "trade/order.proto",
            "ezbuy/file.proto",
            "ezbuy/option.proto",
        ])
        .arg(format!("--python_out={}", folder.path().display()))
        .arg(format!("--grpc_python_out={}", folder.path().display()));
    text(protoc.current_dir(here).output().expect("Python starts"));

    let shop = Shop::start();
    let output = Command::new(&python)
        .args(["-c", SCRIPT, &shop.product, &shop.order])
        .env("PYTHONPATH", folder.path())
        .output();
    let expected = "\
get: Yixing teapot
missing: NOT_FOUND product not found
import: [4, 5]
watch: [(1, 'Inkstone'), (1, 'Silk fan')]
place: 176.0
";
    assert_eq!(text(output.expect("Python starts")), expected);
}
