//! What the end-to-end tests of ezrpc share.

pub mod conformance;
pub mod consul;
pub mod echo;
pub mod feed;
pub mod frames;
pub mod grpc;
pub mod http;
pub mod reasons;
pub mod registry_suite;
pub mod rest;
pub mod routing;
pub mod server;
pub mod tools;
pub mod upload;

/// Generated from `protos/`.
pub mod proto {
    ezrpc::include_protos!();
}

/// Generated from `protos/sharing/shop.proto`, with the types of another crate.
pub mod sharing {
    include!(concat!(env!("OUT_DIR"), "/sharing/mod.rs"));
}
