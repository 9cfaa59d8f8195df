//! Generates the protos the tests share.

#![allow(clippy::unwrap_used, reason = "as a user's build script does")]

fn main() {
    ezrpc_build::Build::new()
        .include("protos")
        .include("../fuzz/protos")
        .proto("e2e/conformance.proto")
        .proto("e2e/echo.proto")
        .proto("e2e/reasons.proto")
        .proto("e2e/rest.proto")
        .proto("e2e/upload.proto")
        .proto("e2e/feed.proto")
        .proto("e2e/options.proto")
        .proto("e2e/routing.proto")
        .proto("fault/work.proto")
        .proto("fuzz/fuzz.proto")
        .proto("otlp/trace.proto")
        .proto("stack/chain.proto")
        .proto("protobuf_test_messages/test_messages_proto3.proto")
        .proto("protojson/proto2.proto")
        .run()
        .unwrap();
    // In a folder of its own, beside what `include_protos!` reads.
    let out = std::env::var_os("OUT_DIR").map(std::path::PathBuf::from);
    ezrpc_build::Build::new()
        .include("protos")
        .proto("sharing/shop.proto")
        .extern_path(
            ".sharing.common",
            "::ezrpc_test_common::proto::sharing::common",
        )
        .out_dir(out.unwrap().join("sharing"))
        .run()
        .unwrap();
}
