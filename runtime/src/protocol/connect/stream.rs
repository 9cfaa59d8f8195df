//! Connect's streams: envelopes, the last of which says how the call ended. The HTTP status is always 200.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::body::Body;
use crate::codec::Codec;
use crate::context::ReplyMetadata;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::protocol::compression::{self, Encoding};
use crate::protocol::headers::{
    APPLICATION_CONNECT_JSON, APPLICATION_CONNECT_PROTO, CONNECT_ACCEPT_ENCODING,
    CONNECT_CONTENT_ENCODING,
};
use crate::protocol::webapi::{connect_error, write_text};

/// The flag of the last envelope.
const END: u8 = 2;

/// The headers of a reply.
pub(crate) fn head(codec: Codec, metadata: Option<Metadata>) -> HeaderMap {
    let mut headers = metadata.map(Metadata::into_headers).unwrap_or_default();
    let media = match codec {
        Codec::Proto => APPLICATION_CONNECT_PROTO,
        Codec::Json => APPLICATION_CONNECT_JSON,
    };
    headers.insert(CONTENT_TYPE, media);
    headers
}

/// Says how messages are compressed, and how the caller's may be.
pub(crate) fn describe(encoding: Encoding, headers: &mut HeaderMap) {
    if encoding != Encoding::Identity {
        headers.insert(CONNECT_CONTENT_ENCODING, encoding.name());
        accept_encodings(headers);
    }
}

/// Says which message encodings the server takes.
pub(crate) fn accept_encodings(headers: &mut HeaderMap) {
    let encodings = HeaderValue::from_static(compression::SUPPORTED);
    headers.insert(CONNECT_ACCEPT_ENCODING, encodings);
}

/// Writes the reply of a stream of requests, given in its envelope.
pub(crate) fn message(codec: Codec, envelope: &[u8], metadata: ReplyMetadata) -> Response<Body> {
    let end = end(Ok(()), metadata.trailers);
    let mut response = Response::new(Body::full([envelope, &end].concat()));
    *response.headers_mut() = head(codec, metadata.headers);
    response
}

/// Writes an error that no reply went before.
pub(crate) fn error(codec: Codec, error: &Error, metadata: ReplyMetadata) -> Response<Body> {
    let mut response = Response::new(Body::full(end(Err(error), metadata.trailers)));
    *response.headers_mut() = head(codec, metadata.headers);
    response
}

/// The last envelope: `{"error":{..},"metadata":{"name":["value"]}}`, both left out where there is none.
pub(crate) fn end(outcome: Result<(), &Error>, trailers: Option<Metadata>) -> Bytes {
    let mut out = vec![END, 0, 0, 0, 0];
    out.push(b'{');
    if let Err(error) = outcome {
        out.extend_from_slice(b"\"error\":");
        out.extend_from_slice(&connect_error(error));
    }
    let trailers = trailers.map(Metadata::into_headers).unwrap_or_default();
    if !trailers.is_empty() {
        out.extend_from_slice(if outcome.is_err() { b"," } else { b"" });
        write_metadata(&mut out, &trailers);
    }
    out.push(b'}');
    // A handler's metadata is in memory, far from 4 GiB.
    let length = u32::try_from(out.len() - 5).unwrap_or(u32::MAX);
    out[1..5].copy_from_slice(&length.to_be_bytes());
    out.into()
}

fn write_metadata(out: &mut Vec<u8>, trailers: &HeaderMap) {
    out.extend_from_slice(b"\"metadata\":{");
    for (nth, name) in trailers.keys().enumerate() {
        out.extend_from_slice(if nth > 0 { b"," } else { b"" });
        write_text(out, name.as_str());
        out.extend_from_slice(b":[");
        for (nth, value) in trailers.get_all(name).iter().enumerate() {
            out.extend_from_slice(if nth > 0 { b"," } else { b"" });
            write_text(out, &String::from_utf8_lossy(value.as_bytes()));
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// Answers a call with streams both ways over HTTP/1.1, which cannot carry one within the other.
pub(crate) fn wrong_version() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn the_last_envelope() {
        let text = |outcome, trailers| {
            let bytes = end(outcome, trailers);
            assert_eq!(bytes[0], END);
            assert_eq!(bytes[1..5], (bytes.len() as u32 - 5).to_be_bytes());
            String::from_utf8(bytes[5..].to_vec()).expect("text")
        };
        assert_eq!(text(Ok(()), None), "{}");
        let mut trailers = Metadata::new();
        trailers.append("a", "x \"y\"").expect("metadata");
        trailers.append("b", "").expect("metadata");
        trailers.append("a", "z").expect("metadata");
        let metadata = r#""metadata":{"a":["x \"y\"","z"],"b":[""]}"#;
        let with = Some(trailers);
        assert_eq!(text(Ok(()), with.clone()), format!("{{{metadata}}}"));
        let error = Error::bare(Code::Canceled, "");
        assert_eq!(text(Err(&error), None), r#"{"error":{"code":"canceled"}}"#);
        let both = format!(r#"{{"error":{{"code":"canceled"}},{metadata}}}"#);
        assert_eq!(text(Err(&error), with), both);
    }
}
