// The shop as a page in a browser calls it: connect-es by Connect and gRPC-Web, over node's fetch.
// node browser.cjs PRODUCT_ADDRESS DESCRIPTOR_SET
const fs = require("node:fs");
const { createFileRegistry, fromBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { Code, ConnectError, createClient } = require("@connectrpc/connect");
const { createConnectTransport, createGrpcWebTransport } = require("@connectrpc/connect-web");

const [address, file] = process.argv.slice(-2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(file)));
const product = registry.getService("common.Product");

async function failed(call) {
  try {
    await call;
    return "no error";
  } catch (caught) {
    const error = ConnectError.from(caught);
    return `${Code[error.code]} ${error.rawMessage}`;
  }
}

// Changes a price once the stream of changes is open, and waits for the change.
async function watched(client, price, headers) {
  const open = Promise.withResolvers?.() ?? {};
  open.promise ??= new Promise((resolve) => (open.resolve = resolve));
  const events = client.watch({ id: 1n }, { onHeader: () => open.resolve() });
  const first = events[Symbol.asyncIterator]().next();
  await open.promise;
  await client.update({ info: { id: 1n, price }, mask: { paths: ["price"] } }, { headers });
  return (await first).value.info.price;
}

async function run(name, transport, price) {
  const client = createClient(product, transport);
  const found = await client.get({ id: 2n });
  const results = [found.info.name];
  results.push(await failed(client.get({ id: 404n })));
  const update = { info: { id: 1n, price: 1 }, mask: { paths: ["price"] } };
  results.push(await failed(client.update(update)));
  results.push(await watched(client, price, { authorization: "Bearer staff-me" }));
  console.log(`${name}: ${results.join("; ")}`);
}

async function main() {
  const baseUrl = `http://${address}`;
  await run("connect", createConnectTransport({ baseUrl, useHttpGet: true }), 98);
  await run("connect proto", createConnectTransport({ baseUrl, useBinaryFormat: true }), 97);
  await run("grpc-web", createGrpcWebTransport({ baseUrl }), 96);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
