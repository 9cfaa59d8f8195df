//! What build scripts meet: messages, files written, crates that share protos, and the parser itself.

#![allow(clippy::unwrap_used, reason = "a failed test says so")]

mod build_errors;
mod build_files;
mod extern_path;
mod oracle;
mod webapi_option;
