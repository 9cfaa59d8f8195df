//! The first bytes of a peer that speaks something else than was expected.

use std::io::{Error as IoError, ErrorKind, Result};

/// What a TLS server says to HTTP/1.1 without TLS.
#[cfg(feature = "tls")]
pub(crate) const NEEDS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\nconnection: close\r\ncontent-length: 36\r\n\r\n\
    this port speaks TLS: use https://.\n";

/// What a TLS server says to HTTP/2 without TLS: an alert that the message was unexpected.
#[cfg(feature = "tls")]
pub(crate) const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 10];

/// Checks that it is HTTP/2 a server says first.
///
/// # Errors
/// What it speaks instead, as far as that is known.
pub(crate) fn expect_http2(first: &[u8]) -> Result<()> {
    let said = match first {
        [21, 3, ..] => "the server speaks TLS: connect with https://",
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => {
            "the server speaks HTTP/1.1 only, and gRPC needs HTTP/2"
        }
        _ => return Ok(()),
    };
    Err(IoError::new(ErrorKind::InvalidData, said))
}
