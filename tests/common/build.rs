//! Generates the shared proto.

#![allow(clippy::unwrap_used, reason = "as a user's build script does")]

fn main() {
    ezrpc_build::compile(&["sharing/common.proto"], &["../protos"]).unwrap();
}
