//! Clients and servers of another make that ezrpc's tests talk to.

mod echo;

/// The Echo service as tonic generates it.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "not our code"
)]
pub mod e2e {
    tonic::include_proto!("e2e");
}

/// The Shop service, which fails for reasons.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "not our code"
)]
pub mod reasons {
    tonic::include_proto!("e2e.reasons");
}

pub use echo::{Echo, serve};
pub use prost_types::Any;
pub use tonic;
