//! Which `google.api.http` binding a request belongs to: templates, the table of them, and what they capture.
//!
//! Nothing here knows of sockets or messages. The rules are those of `google/api/http.proto`; where that leaves a
//! choice, the comment at the code says which was made.

mod captures;
mod escape;
mod table;
mod template;
mod tree;

pub use captures::PathDecoding;
pub(crate) use captures::{BadCapture, Decoding};
pub(crate) use table::{Found, Table};
pub(crate) use template::BadTemplate;

#[cfg(test)]
mod tests;
