//! What the end-to-end tests of ezrpc share.

pub mod echo;
pub mod grpc;
pub mod http;
pub mod server;
pub mod tools;

/// Generated from `protos/`.
pub mod proto {
    ezrpc::include_protos!();
}
