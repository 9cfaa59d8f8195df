//! Certificates, as far as names go.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::certificate(data));
