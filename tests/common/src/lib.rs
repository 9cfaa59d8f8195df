//! The crate of a proto that another crate uses through `extern_path`.

/// Generated from `sharing/common.proto`.
pub mod proto {
    ezrpc::include_protos!();
}
