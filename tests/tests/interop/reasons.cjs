// Asks for a typed error and prints what it is to connect-es: code, message, and the ErrorInfo in its details.
// node reasons.cjs ADDRESS DESCRIPTOR_SET
const fs = require("node:fs");
const { createFileRegistry, fromBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { Code, ConnectError, createClient } = require("@connectrpc/connect");
const node = require("@connectrpc/connect-node");

const [address, file] = process.argv.slice(-2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(file)));
const service = registry.getService("e2e.reasons.Shop");
const failWith = registry.getEnum("e2e.reasons.ShopError").values.find((one) => one.name === "NOT_A_SIZE").number;

async function run(name, transport) {
  const shop = createClient(service, transport);
  const watch = async () => {
    for await (const _ of shop.watch({ failWith }));
  };
  for (const call of [() => shop.buy({ failWith }), watch]) {
    const error = await call().then(() => null, ConnectError.from);
    const [info] = error.findDetails(registry.getMessage("google.rpc.ErrorInfo"));
    const entries = Object.entries(info.metadata).sort().map(([key, value]) => `${key}=${value}`);
    console.log(`${name}: ${Code[error.code]} ${error.rawMessage} ${info.domain} ${info.reason} ${entries.join(" ")}`);
  }
}

async function main() {
  const options = { baseUrl: `http://${address}`, httpVersion: "2", jsonOptions: { registry } };
  await run("connect", node.createConnectTransport({ ...options, useBinaryFormat: false }));
  await run("grpc-web", node.createGrpcWebTransport(options));
  await run("grpc", node.createGrpcTransport(options));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
