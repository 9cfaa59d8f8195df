//! What must hold for any bytes, one function per target. All of them panic at a violation, and none may at input.
//!
//! Also compiled by `tests/tests/corpora.rs`, which runs them on the seeds; `crate::proto` is what `fuzz/protos` makes.

mod bind;
mod browser;
mod consul;
mod generator;
mod json;
mod lines;
mod route;
mod upload;
mod wire;

pub use bind::{binding, field_names};
pub use browser::{connect_envelope, connect_get, grpc_web_text};
pub use consul::consul_instances;
pub use generator::{comments, params, path_template, plugin_request, proto_source};
pub use json::{json_proto2, json_reader, json_writer};
pub use lines::json_values;
pub use route::route;
pub use upload::multipart;
pub use wire::{certificate, grpc_frame, headers, request, trailers};
