//! What a request's headers say to the framework, read in one pass.

use std::time::Duration;

use http::HeaderMap;

use crate::error::{Code, Error, Result};
use crate::protocol::Protocol;
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
    /// A `grpc-timeout` of more digits than gRPC takes.
    long_timeout: bool,
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
    /// `TE: trailers`: the caller reads real trailers.
    pub(crate) trailers: bool,
    /// There is metadata that HTTP has rules for: [`webapi::metadata`](super::webapi::metadata).
    pub(crate) special_metadata: bool,
    /// As the caller has it: the server bounds it.
    pub(crate) hops: Option<u32>,
    /// There is a call path.
    pub(crate) path: bool,
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
            long_timeout: false,
            body: Compression::NONE,
            grpc: Compression::NONE,
            envelopes: Compression::NONE,
            connect: false,
            bad_version: false,
            trailers: false,
            special_metadata: false,
            hops: None,
            path: false,
        };
        let mut seconds = None;
        for (name, value) in headers {
            let (name, value) = (name.as_str(), value.as_bytes());
            // By the first letter: most headers are none of these.
            match name.as_bytes().first() {
                Some(b'c') => head.read_connection_or_content(name, value),
                Some(b'g') => head.read_grpc(name, value),
                Some(b'a') if name == "accept-encoding" => head.body.set_accepted(value),
                Some(b'e') => head.read_own(name, value),
                Some(b't') if name == "te" => head.trailers |= lists(value, "trailers"),
                Some(b'x') if name == "x-server-timeout" => seconds = Some(value),
                _ => {}
            }
            head.special_metadata |= name.ends_with("-bin");
        }
        // To gRPC it is metadata like any other.
        if let Some(value) = seconds
            && !matches!(head.content_type, ContentType::Grpc(_))
        {
            head.set_timeout(float_seconds(value));
        }
        head
    }

    fn read_own(&mut self, name: &str, value: &[u8]) {
        match name {
            // Of several the smallest.
            "ezrpc-ttl" => self.hops = self.hops.into_iter().chain(hops(value)).min(),
            "ezrpc-path" => self.path = true,
            _ => {}
        }
    }

    fn read_connection_or_content(&mut self, name: &str, value: &[u8]) {
        match name {
            "content-type" => self.set_content_type(value),
            "content-encoding" => self.body.set_sent(value),
            "connection" => self.special_metadata |= names_headers(value),
            "connect-timeout-ms" => self.set_timeout(milliseconds(value)),
            "connect-content-encoding" => self.envelopes.set_sent(value),
            "connect-accept-encoding" => self.envelopes.set_accepted(value),
            "connect-protocol-version" => {
                self.connect = true;
                self.bad_version |= value != b"1";
            }
            _ => {}
        }
    }

    fn read_grpc(&mut self, name: &str, value: &[u8]) {
        match name {
            "grpc-timeout" => {
                self.long_timeout |= value.len() > timeout::DIGITS + 1;
                self.set_timeout(timeout::parse_long(value));
            }
            "grpc-encoding" => self.grpc.set_sent(value),
            "grpc-accept-encoding" => self.grpc.set_accepted(value),
            _ => self.special_metadata |= name.starts_with("grpc-metadata-"),
        }
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
        let grpc = matches!(
            self.content_type.protocol(),
            Protocol::Grpc | Protocol::GrpcWeb
        );
        if self.bad_timeout || (self.long_timeout && grpc) {
            return Err(Error::bare(
                Code::InvalidArgument,
                "malformed timeout: grpc-timeout takes 1 to 8 digits and one of H M S m u n, \
                 connect-timeout-ms 1 to 10 digits, x-server-timeout seconds as a decimal number",
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

/// `X-Server-Timeout`: seconds, as a decimal number.
fn float_seconds(value: &[u8]) -> Option<Duration> {
    let digits = value.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    let seconds: f64 = text.parse().ok()?;
    // Too long for the clock is no limit.
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// Whether a comma list has `item`; parameters of the items do not count.
fn lists(value: &[u8], item: &str) -> bool {
    value.split(|byte| *byte == b',').any(|entry| {
        let entry = entry.split(|byte| *byte == b';').next();
        entry.is_some_and(|entry| entry.trim_ascii().eq_ignore_ascii_case(item.as_bytes()))
    })
}

/// Whether `Connection` says more than what becomes of the connection.
fn names_headers(value: &[u8]) -> bool {
    !value.eq_ignore_ascii_case(b"keep-alive") && !value.eq_ignore_ascii_case(b"close")
}

/// The hop budget; what is no number counts as nothing said.
fn hops(value: &[u8]) -> Option<u32> {
    // The parser takes a sign too.
    let digits = value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> Head {
        let headers = headers.iter().map(|(name, value)| {
            let value = http::HeaderValue::from_static(value);
            (http::HeaderName::from_static(name), value)
        });
        Head::read(&headers.collect())
    }

    #[test]
    fn h87_the_shortest_time_limit_wins() {
        let all = [
            ("grpc-timeout", "2S"),
            ("connect-timeout-ms", "1500"),
            ("x-server-timeout", "0.25"),
        ];
        let limits: Vec<_> = (1..=3).map(|n| read(&all[..n]).timeout).collect();
        assert_eq!(
            limits,
            [2000, 1500, 250].map(|ms| Some(Duration::from_millis(ms)))
        );
        let reversed: Vec<_> = all.into_iter().rev().collect();
        assert_eq!(read(&reversed).timeout, Some(Duration::from_millis(250)));
    }

    #[test]
    fn h87_seconds_are_a_decimal_number() {
        for (text, millis) in [
            ("1", 1000),
            ("0", 0),
            ("1.5", 1500),
            (".5", 500),
            ("2.", 2000),
        ] {
            let head = read(&[("x-server-timeout", text)]);
            assert_eq!(head.timeout, Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "", ".", "-1", "+1", "1e3", "inf", "NaN", "1s", "1.2.3", " 1",
        ] {
            assert!(
                read(&[("x-server-timeout", text)]).check().is_err(),
                "{text:?}"
            );
        }
        let head = read(&[("x-server-timeout", "99999999999999999999999")]);
        assert_eq!(head.timeout, Some(Duration::MAX));
        assert!(head.check().is_ok());
    }

    #[test]
    fn grpc_takes_seconds_for_metadata() {
        let head = read(&[
            ("content-type", "application/grpc"),
            ("x-server-timeout", "rubbish"),
        ]);
        assert!(head.check().is_ok() && head.timeout.is_none());
    }

    #[test]
    fn flags_of_the_connection_and_of_metadata() {
        assert!(read(&[("te", "gzip, trailers;q=0.5")]).trailers);
        assert!(!read(&[("te", "gzip")]).trailers);
        for (name, value) in [
            ("connection", "keep-alive, x-private"),
            ("x-key-bin", "AQ"),
            ("grpc-metadata-a", "1"),
        ] {
            assert!(read(&[(name, value)]).special_metadata, "{name}");
        }
        for (name, value) in [("connection", "Keep-Alive"), ("x-binary", "1")] {
            assert!(!read(&[(name, value)]).special_metadata, "{name}");
        }
    }
}
