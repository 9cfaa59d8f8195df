// grpc-web, the browser's client of gRPC's makers, against the Conformance service, on an XMLHttpRequest for node.
// node grpc_web.cjs ADDRESS DESCRIPTOR_SET
const fs = require("node:fs");
global.XMLHttpRequest = require("xhr2").XMLHttpRequest;
const { create, createFileRegistry, fromBinary, toBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { GrpcWebClientBase, MethodDescriptor, MethodType, StatusCode } = require("grpc-web");

const [address, file] = process.argv.slice(-2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(file)));
const service = registry.getService("e2e.conformance.Conformance");
const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);

function method(name) {
  const desc = service.methods.find((method) => method.name === name);
  const type = desc.methodKind === "unary" ? MethodType.UNARY : MethodType.SERVER_STREAMING;
  return {
    path: `http://${address}/${service.typeName}/${name}`,
    request: (init) => create(desc.input, init),
    descriptor: new MethodDescriptor(
      `/${service.typeName}/${name}`,
      type,
      Object,
      Object,
      (message) => toBinary(desc.input, message),
      (data) => fromBinary(desc.output, data),
    ),
  };
}

const statusName = (code) => Object.keys(StatusCode).find((name) => StatusCode[name] === code);

function unary(client, name, init, metadata = {}) {
  const { path, request, descriptor } = method(name);
  return new Promise((resolve) => {
    const seen = [];
    const call = client.rpcCall(path, request(init), metadata, descriptor, (error, reply) => {
      if (error) resolve(`${statusName(error.code)} ${error.message} ${error.metadata["x-trailer"]}`);
      else {
        const data = text(reply.payload.data);
        const sent = reply.payload.info.headers.find((header) => header.name === "x-sent");
        // The trailers, and with them the headers, come after the reply.
        setImmediate(() => resolve(`${data.length} ${data[0]} ${sent?.value} ${seen.sort().join(" ")}`));
      }
    });
    call.on("metadata", (headers) => seen.push(headers["x-header"]));
    call.on("status", (status) => seen.push(status.metadata?.["x-trailer"]));
  });
}

function stream(client, name, init, metadata = {}) {
  const { path, request, descriptor } = method(name);
  return new Promise((resolve) => {
    const seen = [];
    const call = client.serverStreaming(path, request(init), metadata, descriptor);
    call.on("data", (reply) => seen.push(text(reply.payload.data)));
    call.on("error", (error) => resolve(`${seen.join(",")} ${statusName(error.code)} ${error.message}`));
    call.on("end", () => resolve(`${seen.join(",")} end`));
  });
}

const definition = (more) => ({
  headers: [{ name: "x-header", value: ["a"] }],
  trailers: [{ name: "x-trailer", value: ["c"] }],
  ...more,
});

async function main() {
  const failing = { code: 9, message: "não 谷" };
  const data = ["a", "b"].map(bytes);
  for (const format of ["text", "binary"]) {
    const client = new GrpcWebClientBase({ format });
    const results = [];
    const long = { response: { case: "data", value: bytes("x".repeat(5000)) } };
    results.push(await unary(client, "Unary", { definition: definition(long) }, { "x-sent": "sent" }));
    const error = { response: { case: "error", value: failing } };
    results.push(await unary(client, "Unary", { definition: definition(error) }));
    results.push(await unary(client, "Unimplemented", {}));
    results.push(await stream(client, "ServerStream", { definition: definition({ data }) }));
    results.push(await stream(client, "ServerStream", { definition: definition({ data, error: failing }) }));
    results.push(await stream(client, "ServerStream", { definition: definition({ error: failing }) }));
    console.log(`${format}: ${results.join("; ")}`);
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
