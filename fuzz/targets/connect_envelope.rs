//! Connect's envelopes and gRPC's frames, compressed.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::connect_envelope(data));
