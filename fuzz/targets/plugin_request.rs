//! CodeGeneratorRequests through the plugin.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ezrpc_fuzz::checks::plugin_request(data));
