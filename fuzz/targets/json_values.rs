//! Bodies of many JSON values.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::json_values(data));
