//! What the end-to-end tests of ezrpc share.

/// Generated from `protos/`.
pub mod proto {
    ezrpc::include_protos!();
}
