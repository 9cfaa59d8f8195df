//! Text of a .proto file through parser and generator.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::proto_source(data));
