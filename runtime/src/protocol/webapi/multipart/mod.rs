//! multipart/form-data (RFC 7578): pieces of a body in, parts out. Pure: no I/O, no clock.
//!
//! Own code and not `multer`, which refuses bodies whose lines end in LF alone, has no bound on a part's header
//! block that one can set, and copies what a piece already holds in one run.

mod boundary;
mod delimiter;
mod disposition;
mod head;
mod params;
mod parser;
#[cfg(test)]
mod tests;

pub(crate) use boundary::{boundary, is_form};
pub(crate) use disposition::Disposition;
pub(crate) use head::{PartHead, check_charset};
pub(crate) use parser::{Event, Parser};

use crate::error::{Code, Error};

/// The longest boundary, in characters (RFC 2046).
const MAX_BOUNDARY: usize = 70;
/// The most header lines of one part.
const MAX_HEADER_LINES: usize = 16;
/// The longest header block of one part, in bytes.
const MAX_HEADER_BYTES: usize = 8 << 10;

/// The error of a body that is no form.
#[cold]
fn malformed(message: impl Into<String>) -> Error {
    Error::bare(
        Code::InvalidArgument,
        format!("multipart: {}", message.into()),
    )
}

/// The error of a form over one of the bounds.
#[cold]
fn too_much(message: impl Into<String>) -> Error {
    let message = format!("multipart: {}", message.into());
    Error::bare(Code::ResourceExhausted, message).with_http_status(413)
}

/// The error of text in another charset than UTF-8.
#[cold]
pub(crate) fn wrong_charset(charset: &str) -> Error {
    let message = format!("multipart: charset {charset:?} is not supported: send UTF-8");
    Error::bare(Code::InvalidArgument, message).with_http_status(415)
}
