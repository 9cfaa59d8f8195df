// connect-es against the Conformance service: node's transports and, by node's fetch, the browser's.
// node connect_es.cjs ADDRESS DESCRIPTOR_SET
const fs = require("node:fs");
const { createFileRegistry, fromBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { Code, ConnectError, createClient } = require("@connectrpc/connect");
const node = require("@connectrpc/connect-node");
const web = require("@connectrpc/connect-web");

const [address, file] = process.argv.slice(-2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(file)));
const service = registry.getService("e2e.conformance.Conformance");
const failureInfo = registry.getMessage("e2e.conformance.RequestInfo");
const baseUrl = `http://${address}`;
const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);

const definition = (more) => ({
  headers: [{ name: "x-header", value: ["a", "b"] }],
  trailers: [{ name: "x-trailer", value: ["c"] }],
  ...more,
});
const ok = (data) => definition({ response: { case: "data", value: bytes(data) } });
const failing = { code: 9, message: "não 谷", details: [] };

async function unary(client) {
  let seen = [];
  const options = {
    headers: { "x-sent": "sent" },
    onHeader: (headers) => seen.push(headers.get("x-header")),
    onTrailer: (trailers) => seen.push(trailers.get("x-trailer")),
  };
  const long = "long ".repeat(1000);
  const reply = await client.unary({ definition: ok(long), data: bytes(long) }, options);
  const sent = reply.payload.info.headers.find((header) => header.name === "x-sent");
  return `${text(reply.payload.data) === long} ${seen.join(" ")} ${sent.value}`;
}

async function error(call) {
  try {
    await call();
    return "no error";
  } catch (caught) {
    const error = ConnectError.from(caught);
    const info = error.findDetails(failureInfo);
    return `${Code[error.code]} ${error.rawMessage} ${info.length} ${error.metadata.get("x-trailer")}`;
  }
}

async function collect(stream) {
  const replies = [];
  for await (const reply of stream) replies.push(text(reply.payload.data));
  return replies.join(",");
}

async function* requests(list) {
  yield* list;
}

async function run(name, transport, { clientStreams, bidi }) {
  const client = createClient(service, transport);
  const results = [await unary(client)];
  const failingUnary = definition({ response: { case: "error", value: failing } });
  results.push(await error(() => client.unary({ definition: failingUnary })));
  results.push(await error(() => client.unimplemented({})));
  const data = ["a", "b"].map(bytes);
  results.push(await collect(client.serverStream({ definition: definition({ data }) })));
  results.push(await collect(client.serverStream({ definition: definition({}) })) + "(empty)");
  const failingStream = definition({ data, error: failing });
  results.push(await error(() => collect(client.serverStream({ definition: failingStream }))));
  const late = definition({ data, delayMs: 2000 });
  const limit = { timeoutMs: 200 };
  results.push((await error(() => collect(client.serverStream({ definition: late }, limit)))).split(" ")[0]);
  const idempotent = await client.idempotentUnary({ definition: ok("get") });
  results.push(text(idempotent.payload.data));
  if (clientStreams) {
    const reply = await client.clientStream(requests([{ definition: ok("sum") }, {}, {}]));
    results.push(`${text(reply.payload.data)} of ${reply.payload.info.requests.length}`);
  }
  if (bidi) {
    const first = { definition: definition({ data }), fullDuplex: true };
    results.push(await collect(client.bidiStream(requests([first, {}]))));
  }
  console.log(`${name}: ${results.join("; ")}`);
}

async function main() {
  for (const useBinaryFormat of [true, false]) {
    const codec = useBinaryFormat ? "proto" : "json";
    for (const httpVersion of ["1.1", "2"]) {
      const jsonOptions = { registry };
      const compression = { sendCompression: node.compressionGzip, compressMinBytes: 1 };
      const common = { baseUrl, httpVersion, useBinaryFormat, jsonOptions, ...compression };
      const http2 = httpVersion === "2";
      const caps = { clientStreams: true, bidi: http2 };
      await run(`connect ${codec} ${httpVersion}`, node.createConnectTransport(common), caps);
      const get = { ...common, useHttpGet: true };
      await run(`connect get ${codec} ${httpVersion}`, node.createConnectTransport(get), caps);
      await run(`grpc-web ${codec} ${httpVersion}`, node.createGrpcWebTransport(common), caps);
      if (http2) await run(`grpc ${codec}`, node.createGrpcTransport(common), caps);
    }
    const browser = { baseUrl, useBinaryFormat, jsonOptions: { registry } };
    await run(`browser connect ${codec}`, web.createConnectTransport(browser), {});
    const get = { ...browser, useHttpGet: true };
    await run(`browser connect get ${codec}`, web.createConnectTransport(get), {});
    await run(`browser grpc-web ${codec}`, web.createGrpcWebTransport(browser), {});
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
