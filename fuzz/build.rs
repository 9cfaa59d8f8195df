//! Generates the service and the messages the targets use.

fn main() -> Result<(), ezrpc_build::Error> {
    ezrpc_build::compile(
        &["fuzz/fuzz.proto", "protojson/proto2.proto"],
        &["protos", "../tests/protos"],
    )
}
