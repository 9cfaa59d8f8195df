//! Generates the service as ezrpc's users do.

fn main() {
    ezrpc_build::compile(&["common.proto"], &["../../proto"]).unwrap();
}
