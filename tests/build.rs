//! Generates the protos the tests share.

fn main() {
    ezrpc_build::Build::new()
        .include("protos")
        .include("../fuzz/protos")
        .proto("e2e/echo.proto")
        .proto("fuzz/fuzz.proto")
        .proto("protobuf_test_messages/test_messages_proto3.proto")
        .run()
        .unwrap();
}
