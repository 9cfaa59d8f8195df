//! Clients of browsers, under node: connect-es and grpc-web.

use std::path::Path;
use std::process::Command;

use ezrpc_tests::tools;

use crate::{Shop, text};

const CONNECT_ES: &str = r#"
const fs = require("node:fs");
const { createFileRegistry, fromBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { Code, ConnectError, createClient } = require("@connectrpc/connect");
const node = require("@connectrpc/connect-node");
const web = require("@connectrpc/connect-web");

const [address, file] = process.argv.slice(-2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(file)));
const service = registry.getService("common.Product");
const baseUrl = `http://${address}`;

async function run(name, transport) {
  const product = createClient(service, transport);
  const reply = await product.get({ id: 2n });
  const error = await product.get({ id: 404n }).then(() => null, ConnectError.from);
  let event, events;
  await new Promise((onHeader) => {
    events = product.watch({}, { onHeader })[Symbol.asyncIterator]();
    event = events.next();
  });
  const staff = { headers: { authorization: "Bearer staff-me" } };
  await product.update({ info: { id: 3n, price: 90 }, mask: { paths: ["price"] } }, staff);
  const { info } = (await event).value;
  await events.return?.();
  console.log(`${name}: ${reply.info.name}; ${Code[error.code]} ${error.rawMessage}; ${info.name} ${info.price}`);
}

(async () => {
  for (const httpVersion of ["1.1", "2"]) {
    await run(`connect ${httpVersion}`, node.createConnectTransport({ baseUrl, httpVersion }));
    await run(`grpc-web ${httpVersion}`, node.createGrpcWebTransport({ baseUrl, httpVersion }));
  }
  await run("grpc", node.createGrpcTransport({ baseUrl }));
  await run("browser connect", web.createConnectTransport({ baseUrl, useHttpGet: true }));
  await run("browser grpc-web", web.createGrpcWebTransport({ baseUrl }));
  process.exit(0);
})();
"#;

const GRPC_WEB: &str = r#"
const fs = require("node:fs");
global.XMLHttpRequest = require("xhr2").XMLHttpRequest;
const { create, createFileRegistry, fromBinary, toBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { GrpcWebClientBase, MethodDescriptor, MethodType } = require("grpc-web");

const [address, file] = process.argv.slice(-2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(file)));
const get = registry.getService("common.Product").methods.find((method) => method.name === "Get");
const path = "/common.Product/Get";
const descriptor = new MethodDescriptor(
  path, MethodType.UNARY, Object, Object,
  (message) => toBinary(get.input, message), (data) => fromBinary(get.output, data),
);

(async () => {
  for (const format of ["binary", "text"]) {
    const client = new GrpcWebClientBase({ format });
    const call = (id) => new Promise((resolve) => {
      const request = create(get.input, { id });
      client.rpcCall(`http://${address}${path}`, request, {}, descriptor, (error, reply) => resolve(error ?? reply));
    });
    const reply = await call(2n);
    const error = await call(404n);
    console.log(`${format}: ${reply.info.name}; ${error.code} ${error.message}`);
  }
  process.exit(0);
})();
"#;

/// Writes the descriptors of the product service and of what it imports.
fn write_descriptors(file: &Path) {
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
    std::fs::write(file, compiler.encode_file_descriptor_set()).expect("a file");
}

/// Runs a script against the product service of a shop, and returns what it prints.
fn run(node: &Path, script: &str) -> String {
    let shop = Shop::start();
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = folder.path().join("descriptors.bin");
    write_descriptors(&descriptors);
    let output = Command::new(node)
        .args(["-e", script, "--", &shop.product])
        .arg(&descriptors)
        .output();
    text(output.expect("node starts"))
}

#[test]
fn connect_es_in_node_and_as_a_browser_has_it() {
    let Some(node) = tools::require_node("connect-es", "@connectrpc/connect-node") else {
        return;
    };
    let transports = [
        "connect 1.1",
        "grpc-web 1.1",
        "connect 2",
        "grpc-web 2",
        "grpc",
        "browser connect",
        "browser grpc-web",
    ];
    let seen = "Yixing teapot; NotFound product not found; Bamboo flute 90";
    let expected: String = transports
        .iter()
        .map(|transport| format!("{transport}: {seen}\n"))
        .collect();
    assert_eq!(run(&node, CONNECT_ES), expected);
}

#[test]
fn grpc_web_in_both_formats() {
    let Some(node) = tools::require_node("grpc-web", "grpc-web") else {
        return;
    };
    let seen = "Yixing teapot; 5 product not found";
    assert_eq!(
        run(&node, GRPC_WEB),
        format!("binary: {seen}\ntext: {seen}\n")
    );
}
