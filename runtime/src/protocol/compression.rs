//! Compressed messages and bodies: gzip and zstd, each behind a feature of the crate's name.

mod body;
mod inflate;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue};

pub(crate) use body::Decoded;
use inflate::Inflate;

use crate::error::{Code, Error, Result};

/// The shortest reply worth compressing, in bytes.
pub(crate) const WORTH_IT: usize = 1024;

/// The encodings of this build, as servers list them: the best first.
pub(crate) const SUPPORTED: &str = match (cfg!(feature = "gzip"), cfg!(feature = "zstd")) {
    (true, true) => "gzip,zstd,identity",
    (true, false) => "gzip,identity",
    (false, true) => "zstd,identity",
    (false, false) => "identity",
};

/// How bytes are compressed. Only what this build can do has a variant: features `gzip` (default) and `zstd`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// Not at all.
    #[default]
    Identity,
    /// RFC 1952.
    #[cfg(feature = "gzip")]
    Gzip,
    /// RFC 8878.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Encoding {
    /// Reads `content-encoding`, `grpc-encoding` and the like; `None` for an encoding this build does not have.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        match value.trim_ascii() {
            b"" | b"identity" => Some(Self::Identity),
            #[cfg(feature = "gzip")]
            b"gzip" => Some(Self::Gzip),
            #[cfg(feature = "zstd")]
            b"zstd" => Some(Self::Zstd),
            name if name.iter().any(u8::is_ascii_uppercase) => {
                Self::parse(&name.to_ascii_lowercase())
            }
            // RFC 9110, 8.4.1.3.
            #[cfg(feature = "gzip")]
            b"x-gzip" => Some(Self::Gzip),
            _ => None,
        }
    }

    /// Picks from `accept-encoding`, `grpc-accept-encoding` and the like: the first compression this build has
    /// wins. Weights do not count, but for `q=0`, which forbids; identity is for lists without any other.
    pub(crate) fn accepted(list: &[u8]) -> Self {
        let mut names = list.split(|byte| *byte == b',');
        let first = names.find_map(|entry| {
            let mut parts = entry.split(|byte| *byte == b';');
            let encoding = Self::parse(parts.next()?)?;
            (encoding != Self::Identity && !parts.any(forbids)).then_some(encoding)
        });
        first.unwrap_or_default()
    }

    /// The name in headers.
    pub(crate) fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Identity => "identity",
            #[cfg(feature = "gzip")]
            Self::Gzip => "gzip",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
        })
    }

    /// This encoding for a reply that is worth it, else none at all.
    pub(crate) fn for_length(self, length: usize) -> Self {
        match length > WORTH_IT {
            true => self,
            false => Self::Identity,
        }
    }
}

/// How one call's messages are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Encodings {
    pub(crate) request: Encoding,
    /// What the caller takes; short replies are not compressed.
    pub(crate) reply: Encoding,
}

/// Whether a parameter is a weight of zero: `q=0`, `q=0.000`.
fn forbids(parameter: &[u8]) -> bool {
    let digits = match parameter.trim_ascii() {
        [b'q' | b'Q', b'=', digits @ ..] => digits,
        _ => return false,
    };
    digits.starts_with(b"0") && digits.iter().all(|byte| matches!(byte, b'0' | b'.'))
}

/// Compresses a whole message or body.
pub(crate) fn compress(encoding: Encoding, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress_after(encoding, data, &mut out);
    out
}

/// Compresses at the end of `out`.
pub(crate) fn compress_after(encoding: Encoding, data: &[u8], out: &mut Vec<u8>) {
    match encoding {
        Encoding::Identity => out.extend_from_slice(data),
        #[cfg(feature = "gzip")]
        Encoding::Gzip => {
            use std::io::Write as _;
            let level = flate2::Compression::fast();
            let mut writer = flate2::write::GzEncoder::new(out, level);
            // A vector takes everything.
            let _ = writer.write_all(data).and_then(|()| writer.try_finish());
        }
        #[cfg(feature = "zstd")]
        Encoding::Zstd => {
            // Fails for want of memory only; a vector takes everything.
            let _ = zstd::stream::copy_encode(data, out, zstd::DEFAULT_COMPRESSION_LEVEL);
        }
    }
}

/// Compresses the body of a reply, if that is worth it; says what came of it.
pub(crate) fn pack(encoding: Encoding, data: Bytes) -> (Bytes, Encoding) {
    let encoding = encoding.for_length(data.len());
    if encoding == Encoding::Identity {
        return (data, encoding);
    }
    let packed = compress(encoding, &data);
    match packed.len() < data.len() {
        true => (Bytes::from(packed), encoding),
        false => (data, Encoding::Identity),
    }
}

/// Says in a reply's headers how its body is compressed.
pub(crate) fn describe(encoding: Encoding, headers: &mut HeaderMap) {
    if encoding != Encoding::Identity {
        headers.insert(CONTENT_ENCODING, encoding.name());
        headers.append(VARY, HeaderValue::from(ACCEPT_ENCODING));
    }
}

/// The longest a message or body of `limit` bytes can be in `encoding`: what cannot be compressed gets longer.
pub(crate) fn longest(encoding: Encoding, limit: usize) -> usize {
    match encoding {
        Encoding::Identity => limit,
        #[cfg(any(feature = "gzip", feature = "zstd"))]
        _ => limit.saturating_add(limit / 128 + 128),
    }
}

/// Decompresses a whole message or body into at most `limit` bytes; nothing is what it is in every encoding.
///
/// The result is never allocated larger than `limit`; a zstd frame may take a window of 8 MiB beside it.
///
/// # Errors
/// [`Code::ResourceExhausted`] (413) above the limit, [`Code::InvalidArgument`] for what is not in this encoding.
pub(crate) fn decompress(encoding: Encoding, data: Bytes, limit: usize) -> Result<Bytes> {
    if encoding == Encoding::Identity || data.is_empty() {
        return match data.len() > limit {
            true => Err(too_large(limit)),
            false => Ok(data),
        };
    }
    let first = data.len().saturating_mul(4).max(512).min(limit);
    let mut inflate = Inflate::new(encoding)?;
    inflate.push(data);
    inflate.end();
    let (mut out, mut length) = (vec![0; first], 0);
    loop {
        if length == out.len() {
            if length == limit {
                // The end, or more than there is room for.
                return match inflate.read(&mut [0])? {
                    Some(0) => Ok(Bytes::from(out)),
                    _ => Err(too_large(limit)),
                };
            }
            let larger = out.len().saturating_mul(2).min(limit);
            out.reserve_exact(larger - length);
            out.resize(larger, 0);
        }
        match inflate.read(&mut out[length..])? {
            Some(0) | None => break,
            Some(read) => length += read,
        }
    }
    out.truncate(length);
    Ok(Bytes::from(out))
}

/// The error of a message or body that is longer than the limit.
pub(crate) fn too_large(limit: usize) -> Error {
    let text = format!("message is over the limit of {limit} bytes");
    Error::bare(Code::ResourceExhausted, text).with_http_status(413)
}

/// The error of an encoding this build does not have, of a `message` or of `content`.
pub(crate) fn unknown(of: &str) -> Error {
    let text = format!("{of} encoding not supported: send one of {SUPPORTED}");
    Error::bare(Code::Unimplemented, text).malformed()
}

#[cfg(test)]
mod tests;
