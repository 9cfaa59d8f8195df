//! The fields that documents name.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::field_names(data));
