//! JSON text into a message of proto2.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::json_proto2(data));
