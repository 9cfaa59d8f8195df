//! What a `Content-Type` says about a request.

use crate::codec::Codec;
use crate::protocol::Protocol;
use crate::protocol::grpc_web::Media;

/// A request's media type, as far as it decides what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// No header.
    Missing,
    /// `application/grpc`, `+proto` or `+json`.
    Grpc(Subtype),
    /// `application/grpc-web` or `-web-text`, bare or with `+proto` or `+json`.
    GrpcWeb(Media, Codec),
    /// `application/connect+proto` or `+json`.
    Connect(Codec),
    /// `application/json` or `application/proto`, in UTF-8.
    Message(Codec),
    /// `application/x-www-form-urlencoded`
    Form,
    /// Many JSON values: `application/x-ndjson` and its other names.
    Lines,
    /// Anything else, more than one header included.
    Other,
}

/// What follows `application/grpc`; a reply has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subtype {
    /// Nothing, which is protobuf.
    Unsaid,
    /// `+proto`
    Proto,
    /// `+json`
    Json,
}

impl Subtype {
    /// How messages are written.
    pub(crate) fn codec(self) -> Codec {
        match self {
            Self::Unsaid | Self::Proto => Codec::Proto,
            Self::Json => Codec::Json,
        }
    }
}

impl ContentType {
    /// The protocol it belongs to.
    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Grpc(_) => Protocol::Grpc,
            Self::GrpcWeb(..) => Protocol::GrpcWeb,
            Self::Connect(_) => Protocol::Connect,
            Self::Message(_) | Self::Lines | Self::Form | Self::Missing | Self::Other => {
                Protocol::Webapi
            }
        }
    }

    /// Reads a header value. Media types are compared without case; parameters other than a charset do not count.
    pub(crate) fn parse(value: &[u8]) -> Self {
        match value {
            // What nearly every client sends.
            b"application/grpc" => return Self::Grpc(Subtype::Unsaid),
            b"application/json" => return Self::Message(Codec::Json),
            _ => {}
        }
        let Ok(text) = std::str::from_utf8(value) else {
            return Self::Other;
        };
        let (media, parameters) = text.split_once(';').unwrap_or((text, ""));
        let media = media.trim().to_ascii_lowercase();
        if !is_utf8(parameters) {
            return Self::Other;
        }
        match media.as_str() {
            "application/grpc" => Self::Grpc(Subtype::Unsaid),
            "application/grpc+proto" => Self::Grpc(Subtype::Proto),
            "application/grpc+json" => Self::Grpc(Subtype::Json),
            "application/connect+proto" => Self::Connect(Codec::Proto),
            "application/connect+json" => Self::Connect(Codec::Json),
            "application/json" => Self::Message(Codec::Json),
            "application/proto" | "application/protobuf" | "application/x-protobuf" => {
                Self::Message(Codec::Proto)
            }
            "application/x-www-form-urlencoded" => Self::Form,
            "application/x-ndjson" | "application/jsonl" | "application/ndjson" => Self::Lines,
            _ if media.starts_with("application/grpc") => {
                let web = Media::parse(&media);
                web.map_or(Self::Other, |(media, codec)| Self::GrpcWeb(media, codec))
            }
            // RFC 6839: any type with this suffix is JSON.
            _ if media.ends_with("+json") => Self::Message(Codec::Json),
            _ => Self::Other,
        }
    }
}

/// Whether the parameters leave the charset at UTF-8.
fn is_utf8(parameters: &str) -> bool {
    parameters.split(';').all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(text: bool, suffix: bool) -> Media {
        Media { text, suffix }
    }

    #[test]
    fn media_types() {
        let rows = [
            ("application/grpc", ContentType::Grpc(Subtype::Unsaid)),
            ("application/grpc+proto", ContentType::Grpc(Subtype::Proto)),
            ("application/grpc; x=y", ContentType::Grpc(Subtype::Unsaid)),
            ("application/grpc+json", ContentType::Grpc(Subtype::Json)),
            ("application/grpc+foo", ContentType::Other),
            ("application/grpcfoo", ContentType::Other),
            (
                "application/grpc-web",
                ContentType::GrpcWeb(web(false, false), Codec::Proto),
            ),
            (
                "Application/gRPC-Web-Text+proto; charset=utf-8",
                ContentType::GrpcWeb(web(true, true), Codec::Proto),
            ),
            (
                "application/grpc-web+json",
                ContentType::GrpcWeb(web(false, true), Codec::Json),
            ),
            ("application/grpc-web+foo", ContentType::Other),
            ("application/grpc-webfoo", ContentType::Other),
            (
                "application/connect+proto",
                ContentType::Connect(Codec::Proto),
            ),
            (
                "application/connect+json",
                ContentType::Connect(Codec::Json),
            ),
            ("application/connect", ContentType::Other),
            ("application/connect+foo", ContentType::Other),
            ("application/json", ContentType::Message(Codec::Json)),
            (
                "Application/JSON; Charset=\"UTF-8\"",
                ContentType::Message(Codec::Json),
            ),
            ("application/json; charset=latin1", ContentType::Other),
            (
                "application/vnd.shop+json",
                ContentType::Message(Codec::Json),
            ),
            ("application/x-protobuf", ContentType::Message(Codec::Proto)),
            ("application/x-www-form-urlencoded", ContentType::Form),
            ("multipart/form-data; boundary=x", ContentType::Other),
            ("application/x-ndjson", ContentType::Lines),
            ("application/jsonl; charset=utf-8", ContentType::Lines),
            ("text/plain", ContentType::Other),
            ("", ContentType::Other),
        ];
        for (text, expected) in rows {
            assert_eq!(ContentType::parse(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(ContentType::parse(b"\xff"), ContentType::Other);
    }
}
