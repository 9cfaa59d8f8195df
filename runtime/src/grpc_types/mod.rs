//! Messages and descriptors of gRPC's own services, printed by our own generator from `runtime/protos/`.

use crate::descriptor::Package;

#[allow(
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    dead_code,
    missing_debug_implementations,
    missing_docs,
    rustdoc::all,
    unreachable_pub
)]
pub(crate) mod health {
    include!("grpc.health.v1.rs");
}

#[allow(
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    dead_code,
    missing_debug_implementations,
    missing_docs,
    rustdoc::all,
    unreachable_pub
)]
pub(crate) mod reflection {
    include!("grpc.reflection.v1.rs");
}

/// The descriptors of reflection's older version, whose messages are the same.
pub(crate) fn reflection_v1alpha() -> &'static Package {
    use crate::codegen::v1 as __rt;

    const {
        &Package {
            name: "grpc.reflection.v1alpha",
            files: include!("grpc.reflection.v1alpha.desc.rs"),
            types: &[],
            imports: &[],
        }
    }
}
