//! gRPC-Web: gRPC for callers that cannot read trailers, over any HTTP. They stand in a last frame of the body.
//!
//! Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>.

pub(crate) mod text;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};

use crate::base64::{self, Form};
use crate::body::Body;
use crate::codec::Codec;
use crate::context::ReplyMetadata;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::protocol::grpc;

/// The flag of the frame of trailers.
const TRAILERS: u8 = 0x80;

/// What a media type says beside the codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Media {
    /// In base64: `application/grpc-web-text`.
    pub(crate) text: bool,
    /// The codec is named: `+proto`.
    pub(crate) suffix: bool,
}

impl Media {
    /// Reads a media type in lower case.
    pub(crate) fn parse(media: &str) -> Option<(Self, Codec)> {
        let rest = media.strip_prefix("application/grpc-web")?;
        let (text, rest) = match rest.strip_prefix("-text") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (suffix, codec) = match rest {
            "" => (false, Codec::Proto),
            "+proto" => (true, Codec::Proto),
            "+json" => (true, Codec::Json),
            _ => return None,
        };
        Some((Self { text, suffix }, codec))
    }

    /// The type of replies: as the request's, but in base64 only if the caller accepts that, who may not say.
    pub(crate) fn accepted(mut self, accept: Option<&HeaderValue>) -> Self {
        let Some(accept) = accept.and_then(|value| value.to_str().ok()) else {
            return self;
        };
        let accept = accept.to_ascii_lowercase();
        let mut types = accept
            .split(',')
            .filter_map(|entry| Self::parse(entry.split(';').next().unwrap_or_default().trim()));
        if let Some((first, _)) = types.next() {
            self.text = first.text;
        }
        self
    }

    fn content_type(self, codec: Codec) -> HeaderValue {
        HeaderValue::from_static(match (self.text, codec, self.suffix) {
            (false, Codec::Proto, false) => "application/grpc-web",
            (false, Codec::Proto, true) => "application/grpc-web+proto",
            (false, Codec::Json, _) => "application/grpc-web+json",
            (true, Codec::Proto, false) => "application/grpc-web-text",
            (true, Codec::Proto, true) => "application/grpc-web-text+proto",
            (true, Codec::Json, _) => "application/grpc-web-text+json",
        })
    }

    /// The headers of a reply.
    pub(crate) fn head(self, codec: Codec, metadata: Option<Metadata>) -> HeaderMap {
        let mut headers = metadata.map(Metadata::into_headers).unwrap_or_default();
        headers.insert(CONTENT_TYPE, self.content_type(codec));
        headers
    }

    /// Writes a reply of one message, given in its frame.
    pub(crate) fn message(
        self,
        codec: Codec,
        frame: &[u8],
        metadata: ReplyMetadata,
    ) -> Response<Body> {
        let ReplyMetadata {
            headers, trailers, ..
        } = metadata;
        let trailers = trailers_frame(&grpc::server::trailers(Ok(()), false, of(trailers)));
        let body = [frame, &trailers].concat();
        let mut response = Response::new(Body::full(self.dress(body.into())));
        *response.headers_mut() = self.head(codec, headers);
        response
    }

    /// Writes an error that no reply went before: a body of trailers alone, which any caller can read.
    pub(crate) fn error(
        self,
        codec: Codec,
        error: &Error,
        metadata: ReplyMetadata,
    ) -> Response<Body> {
        let ReplyMetadata {
            headers, trailers, ..
        } = metadata;
        let mut response = Response::new(Body::full(self.end(Err(error), of(trailers))));
        *response.headers_mut() = self.head(codec, headers);
        response
    }

    /// The last piece of a stream of replies.
    pub(crate) fn end(self, outcome: Result<(), &Error>, metadata: ReplyMetadata) -> Bytes {
        let trailers = grpc::server::trailers(outcome, false, metadata);
        self.dress(trailers_frame(&trailers).into())
    }

    /// A piece of a body as it stands on the wire. In base64 each is padded by itself, so that none has to wait.
    pub(crate) fn dress(self, piece: Bytes) -> Bytes {
        match self.text {
            true => base64::encode(&piece, Form::Standard).into(),
            false => piece,
        }
    }
}

/// Metadata of trailers only.
fn of(trailers: Option<Metadata>) -> ReplyMetadata {
    ReplyMetadata {
        trailers,
        ..ReplyMetadata::default()
    }
}

/// Trailers as a frame: a block of HTTP/1.1 headers with lower-case names, without an empty line.
fn trailers_frame(trailers: &HeaderMap) -> Vec<u8> {
    let mut frame = vec![TRAILERS, 0, 0, 0, 0];
    for (name, value) in trailers {
        frame.extend_from_slice(name.as_str().as_bytes());
        frame.extend_from_slice(b": ");
        frame.extend_from_slice(value.as_bytes());
        frame.extend_from_slice(b"\r\n");
    }
    // A handler's metadata is in memory, far from 4 GiB.
    let length = u32::try_from(frame.len() - 5).unwrap_or(u32::MAX);
    frame[1..5].copy_from_slice(&length.to_be_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_go_there_and_back() {
        let rows = [
            ("application/grpc-web", Some((false, Codec::Proto))),
            ("application/grpc-web+proto", Some((false, Codec::Proto))),
            ("application/grpc-web+json", Some((false, Codec::Json))),
            ("application/grpc-web-text", Some((true, Codec::Proto))),
            (
                "application/grpc-web-text+proto",
                Some((true, Codec::Proto)),
            ),
            ("application/grpc-web-text+json", Some((true, Codec::Json))),
            ("application/grpc-webtext", None),
            ("application/grpc-web+thrift", None),
            ("application/grpc", None),
        ];
        for (media, expected) in rows {
            let parsed = Media::parse(media);
            let found = parsed.map(|(media, codec)| (media.text, codec));
            assert_eq!(found, expected, "{media}");
            if let Some((parsed, codec)) = parsed {
                assert_eq!(parsed.content_type(codec), media);
            }
        }
    }

    #[test]
    fn accept_says_whether_in_base64() {
        let (binary, _) = Media::parse("application/grpc-web+proto").expect("a type");
        let (text, _) = Media::parse("application/grpc-web-text").expect("a type");
        let accepted = |media: Media, accept: &'static str| {
            media.accepted(Some(&HeaderValue::from_static(accept))).text
        };
        assert!(accepted(binary, "application/grpc-web-text"));
        assert!(!accepted(text, "*/*, Application/gRPC-Web+proto;q=1"));
        assert!(accepted(text, "*/*") && !accepted(binary, "*/*"));
        assert!(text.accepted(None).text);
    }

    #[test]
    fn trailers_are_a_block_of_lines() {
        let mut trailers = grpc::status::ok();
        trailers.append("a", HeaderValue::from_static("1"));
        trailers.append("a", HeaderValue::from_static("2"));
        let frame = trailers_frame(&trailers);
        assert_eq!(frame[..5], [0x80, 0, 0, 0, 28]);
        assert_eq!(&frame[5..], b"grpc-status: 0\r\na: 1\r\na: 2\r\n");
    }
}
