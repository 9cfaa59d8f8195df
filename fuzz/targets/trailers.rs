//! Trailers of replies: status, message, details.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::trailers(data));
