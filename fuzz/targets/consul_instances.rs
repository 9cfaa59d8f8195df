//! What Consul answers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::consul_instances(data));
