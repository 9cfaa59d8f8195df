//! Clients of other makers against the shop as it is started by hand: curl, Python's grpcio, connect-es.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use ezrpc_tests::tools;

/// `shop serve` on free ports; ends with the test.
struct Shop {
    process: Child,
    product: String,
    order: String,
    /// Held open: the shop goes on printing.
    _output: BufReader<ChildStdout>,
}

impl Shop {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(["serve", "127.0.0.1:0", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the shop starts");
        let output = process.stdout.take().expect("a pipe");
        let mut first = String::new();
        let mut output = BufReader::new(output);
        output.read_line(&mut first).expect("its first line");
        // `common.Product on ADDRESS, trade.Order on ADDRESS; stop with Ctrl-C. Try:`
        let address = |service: &str| {
            let (_, rest) = first.split_once(service).expect("the service's name");
            let end = rest.find([',', ';']).expect("the end of the address");
            rest[..end].to_owned()
        };
        Self {
            product: address("common.Product on "),
            order: address("trade.Order on "),
            process,
            _output: output,
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Nothing can be done about a process that is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(output: Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn curl_as_the_readme_shows_it() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let shop = Shop::start();
    let post = |address: &str, path: &str, more: &[&str]| {
        let mut curl = Command::new(&curl);
        curl.args(["-s", "--noproxy", "*", "-w", " %{http_code}"])
            .args(["-H", "content-type: application/json"])
            .args(more)
            .arg(format!("http://{address}{path}"));
        // Times of day differ from run to run.
        let shown = text(curl.output().expect("curl starts"));
        match shown.split_once(",\"updatedAt\":\"") {
            Some((before, rest)) => {
                let (_, after) = rest.split_once('"').expect("the end of the time");
                format!("{before}{after}")
            }
            None => shown,
        }
    };
    let update = r#"{"info": {"id": "1", "price": 99}, "mask": "price"}"#;
    let staff = ["-H", "authorization: Bearer staff-me"];
    assert_eq!(
        post(
            &shop.product,
            "/common.Product/Get",
            &["-d", r#"{"id": "2"}"#]
        ),
        r#"{"info":{"id":"2","name":"Yixing teapot","tags":["tea","pottery"],"price":399}} 200"#
    );
    assert_eq!(
        post(
            &shop.product,
            "/common.Product/Search",
            &["-d", r#"{"text": "flute"}"#]
        ),
        r#"{"items":[{"id":"3","name":"Bamboo flute","tags":["music","bamboo"],"price":88}]} 200"#
    );
    assert_eq!(
        post(&shop.product, "/common.Product/Update", &["-d", update]),
        r#"{"code":"unauthenticated","message":"this method needs credentials"} 401"#
    );
    assert_eq!(
        post(
            &shop.product,
            "/common.Product/Update",
            &[&["-d", update], &staff[..]].concat()
        ),
        r#"{"id":"1","name":"谷雨龙井 Longjing tea","tags":["tea","green"],"price":99} 200"#
    );
    assert_eq!(
        post(
            &shop.order,
            "/trade.Order/Place",
            &["-d", r#"{"items": [{"productId": "1", "count": 2}]}"#]
        ),
        r#"{"orderId":"1","total":198,"products":[{"id":"1","name":"谷雨龙井 Longjing tea","tags":["tea","green"],"price":99}]} 200"#
    );
}

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

#[test]
fn connect_es_calls_the_shop_as_a_browser_does() {
    let Some(node) = tools::require_node("connect-es", "@connectrpc/connect-web") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let includes = [
        here.join("proto"),
        here.join("../../protoc-gen-ezrpc/protos"),
    ];
    let mut compiler = protox::Compiler::new(includes).expect("folders");
    compiler.include_imports(true);
    compiler
        .open_file("common/product.proto")
        .expect("it compiles");
    let descriptors = folder.path().join("descriptors.bin");
    std::fs::write(&descriptors, compiler.encode_file_descriptor_set()).expect("a file");

    let shop = Shop::start();
    let output = Command::new(node)
        .args(["-e", include_str!("browser.cjs"), "--", &shop.product])
        .arg(&descriptors)
        .output();
    let rest = "Yixing teapot; NotFound product not found; \
        Unauthenticated this method needs credentials";
    let expected =
        format!("connect: {rest}; 98\nconnect proto: {rest}; 97\ngrpc-web: {rest}; 96\n");
    assert_eq!(text(output.expect("node starts")), expected);
}
