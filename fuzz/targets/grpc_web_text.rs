//! gRPC-Web's bodies in base64.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::grpc_web_text(data));
