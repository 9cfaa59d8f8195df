//! Calls under load while servers and Consul come, go, freeze and die. Real Consul, real processes.
//!
//! The short form runs with `cargo test`; `scripts/soak.sh` runs the long one and prints the table.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod consul_away;
mod fleet;
mod instances;
mod load;
mod signals;
