//! Consul's JSON as messages, printed by our own generator from `runtime/protos/consul/`.

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
pub(crate) mod answers {
    include!("consul.answers.rs");
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
pub(crate) mod requests {
    include!("consul.requests.rs");
}
