//! The table of google.api.http bindings.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::route(data));
