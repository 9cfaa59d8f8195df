//! What a request's headers say to the framework, read in one pass.

use std::time::Duration;

use http::HeaderMap;

use crate::context::DEFAULT_HOPS;
use crate::error::{Code, Error, Result};
use crate::protocol::compression::Encoding;
use crate::protocol::content_type::ContentType;
use crate::protocol::grpc::timeout;

/// The framework's own part of a request's headers.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) content_type: ContentType,
    /// The shortest time limit sent.
    pub(crate) timeout: Option<Duration>,
    /// A time limit that cannot be read.
    bad_timeout: bool,
    /// Of a body: `content-encoding`, `accept-encoding`.
    pub(crate) body: Compression,
    /// Of messages in gRPC and gRPC-Web: `grpc-encoding`, `grpc-accept-encoding`.
    pub(crate) grpc: Compression,
    /// Of messages in Connect's streams: `connect-content-encoding`, `connect-accept-encoding`.
    pub(crate) envelopes: Compression,
    /// `Connect-Protocol-Version` was sent.
    pub(crate) connect: bool,
    /// With another version than 1.
    bad_version: bool,
    pub(crate) hops: u32,
}

/// How the request says it is compressed, and how its reply may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compression {
    /// `None`: in a way this build does not have.
    pub(crate) sent: Option<Encoding>,
    pub(crate) accepted: Encoding,
}

impl Compression {
    pub(crate) const NONE: Self = Self {
        sent: Some(Encoding::Identity),
        accepted: Encoding::Identity,
    };

    fn set_sent(&mut self, value: &[u8]) {
        self.sent = match self.sent {
            Some(Encoding::Identity) => Encoding::parse(value),
            // One within the other.
            _ => None,
        };
    }

    fn set_accepted(&mut self, value: &[u8]) {
        if self.accepted == Encoding::Identity {
            self.accepted = Encoding::accepted(value);
        }
    }
}

impl Head {
    /// Reads the headers; what is wrong is kept until it is known how to say it.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let mut head = Self {
            content_type: ContentType::Missing,
            timeout: None,
            bad_timeout: false,
            body: Compression::NONE,
            grpc: Compression::NONE,
            envelopes: Compression::NONE,
            connect: false,
            bad_version: false,
            hops: DEFAULT_HOPS,
        };
        for (name, value) in headers {
            let value = value.as_bytes();
            match name.as_str() {
                "content-type" => head.set_content_type(value),
                "grpc-timeout" => head.set_timeout(timeout::parse(value)),
                "connect-timeout-ms" => head.set_timeout(milliseconds(value)),
                "content-encoding" => head.body.set_sent(value),
                "accept-encoding" => head.body.set_accepted(value),
                "grpc-encoding" => head.grpc.set_sent(value),
                "grpc-accept-encoding" => head.grpc.set_accepted(value),
                "connect-content-encoding" => head.envelopes.set_sent(value),
                "connect-accept-encoding" => head.envelopes.set_accepted(value),
                "connect-protocol-version" => {
                    head.connect = true;
                    head.bad_version |= value != b"1";
                }
                "ezrpc-ttl" => head.hops = hops(value),
                _ => {}
            }
        }
        head
    }

    fn set_content_type(&mut self, value: &[u8]) {
        self.content_type = match self.content_type {
            ContentType::Missing => ContentType::parse(value),
            // Two types: which one counts is not ours to guess.
            _ => ContentType::Other,
        };
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.bad_timeout |= timeout.is_none();
        self.timeout = match (self.timeout, timeout) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
    }

    /// Checks what every protocol refuses.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] for a malformed timeout, or another Connect than version 1.
    pub(crate) fn check(&self) -> Result<()> {
        if self.bad_timeout {
            return Err(Error::bare(
                Code::InvalidArgument,
                "malformed timeout: grpc-timeout takes 1 to 8 digits and one of H M S m u n, \
                 connect-timeout-ms 1 to 10 digits",
            ));
        }
        if self.bad_version {
            let text = "connect-protocol-version must be 1";
            return Err(Error::bare(Code::InvalidArgument, text));
        }
        Ok(())
    }
}

/// `Connect-Timeout-Ms`: at most ten digits.
fn milliseconds(value: &[u8]) -> Option<Duration> {
    if value.is_empty() || value.len() > 10 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    Some(Duration::from_millis(text.parse().ok()?))
}

/// The hop budget, never above the default: nobody outside can raise it.
fn hops(value: &[u8]) -> u32 {
    let number = std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok());
    number.map_or(DEFAULT_HOPS, |hops: u32| hops.min(DEFAULT_HOPS))
}
