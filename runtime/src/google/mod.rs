//! Types of the public google APIs that the protocols use.

pub mod rpc;
