//! End-to-end tests of ezrpc.
