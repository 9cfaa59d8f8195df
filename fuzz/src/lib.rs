//! What the fuzz targets share.

pub mod checks;

/// Generated from `protos/`.
pub mod proto {
    ezrpc::include_protos!();
}
