// Asks for typed errors and prints what they are to connect-es: code, message, the ErrorInfo in their details, and how many
// frames the DebugInfo tells of.
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

function described(error) {
  const [info] = error.findDetails(registry.getMessage("google.rpc.ErrorInfo"));
  const entries = Object.entries(info.metadata).sort().map(([key, value]) => `${key}=${value}`);
  const [debug] = error.findDetails(registry.getMessage("google.rpc.DebugInfo"));
  const leftOut = (debug?.stackEntries ?? []).map((entry) => entry.match(/^\.\.\. (\d+) frames left out/));
  const frames = leftOut.reduce((sum, match) => sum + (match ? Number(match[1]) : 1), 0);
  return `${Code[error.code]} ${info.domain} ${info.reason} ${entries.join(" ")} ${frames} frames, ${leftOut.some(Boolean)}: ${error.rawMessage}`;
}

async function run(name, transport) {
  const shop = createClient(service, transport);
  const watch = async (order) => {
    for await (const _ of shop.watch(order));
  };
  for (const order of [{ failWith }, { failWith, message: "long".repeat(25600), places: 500 }]) {
    for (const call of [shop.buy, watch]) {
      const error = await call(order).then(() => null, ConnectError.from);
      console.log(`${name}: ${described(error)}`);
    }
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
