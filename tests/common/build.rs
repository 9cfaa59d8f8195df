//! Generates the shared proto.

fn main() {
    ezrpc_build::compile(&["sharing/common.proto"], &["../protos"]).unwrap();
}
