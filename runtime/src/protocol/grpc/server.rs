//! Replies of gRPC calls.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::{frame, status};
use crate::body::Body;
use crate::context::ReplyMetadata;
use crate::error::Error;
use crate::protocol::compression::{self, Encoding};
use crate::protocol::content_type::Subtype;
use crate::protocol::headers::{
    APPLICATION_GRPC, APPLICATION_GRPC_JSON, GRPC_ACCEPT_ENCODING, GRPC_ENCODING,
};

/// Writes a reply of one message.
pub(crate) fn message(
    subtype: Subtype,
    data: Bytes,
    encoding: Encoding,
    metadata: ReplyMetadata,
) -> Response<Body> {
    let compressed = frame::is_compressed(&data);
    let mut trailers = status::ok();
    append(
        &mut trailers,
        metadata.trailers.map(crate::Metadata::into_headers),
    );
    let mut response = Response::new(Body::unary(data, Some(trailers)));
    *response.headers_mut() = head(subtype, metadata.headers);
    if compressed {
        describe(encoding, response.headers_mut());
    }
    response
}

/// Says how messages are compressed, and how the caller's may be.
pub(crate) fn describe(encoding: Encoding, headers: &mut HeaderMap) {
    if encoding != Encoding::Identity {
        headers.insert(GRPC_ENCODING, encoding.name());
        let encodings = HeaderValue::from_static(compression::SUPPORTED);
        headers.insert(GRPC_ACCEPT_ENCODING, encodings);
    }
}

/// The headers of a reply.
pub(crate) fn head(subtype: Subtype, metadata: Option<crate::Metadata>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(CONTENT_TYPE, content_type(subtype));
    append(&mut headers, metadata.map(crate::Metadata::into_headers));
    headers
}

/// Writes an error: as the only header block (Trailers-Only), unless the handler has set headers of its own.
pub(crate) fn error(
    subtype: Subtype,
    error: &Error,
    trusted: bool,
    metadata: ReplyMetadata,
) -> Response<Body> {
    let ReplyMetadata {
        headers, trailers, ..
    } = metadata;
    let apart = headers.is_some();
    let mut head = head(subtype, headers);
    let mut end = trailers
        .map(crate::Metadata::into_headers)
        .unwrap_or_default();
    status::write(error, trusted, &mut end);
    let body = match apart {
        true => Body::unary(Bytes::new(), Some(end)),
        false => {
            append(&mut head, Some(end));
            Body::empty()
        }
    };
    let mut response = Response::new(body);
    *response.headers_mut() = head;
    response
}

/// The trailers of a stream of replies.
pub(crate) fn trailers(
    outcome: Result<(), &Error>,
    trusted: bool,
    metadata: ReplyMetadata,
) -> HeaderMap {
    let mut trailers = status::ok();
    append(
        &mut trailers,
        metadata.trailers.map(crate::Metadata::into_headers),
    );
    if let Err(error) = outcome {
        status::write(error, trusted, &mut trailers);
    }
    trailers
}

/// Answers gRPC over HTTP/1.1, which has no way to say more.
pub(crate) fn wrong_version() -> Response<Body> {
    bare(StatusCode::HTTP_VERSION_NOT_SUPPORTED)
}

/// Answers an HTTP method other than POST.
pub(crate) fn wrong_method() -> Response<Body> {
    bare(StatusCode::METHOD_NOT_ALLOWED)
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Says which message encodings the server takes.
pub(crate) fn accept_encodings(mut response: Response<Body>) -> Response<Body> {
    let encodings = HeaderValue::from_static(compression::SUPPORTED);
    response
        .headers_mut()
        .insert(GRPC_ACCEPT_ENCODING, encodings);
    response
}

fn content_type(subtype: Subtype) -> HeaderValue {
    match subtype {
        Subtype::Unsaid => APPLICATION_GRPC,
        Subtype::Proto => HeaderValue::from_static("application/grpc+proto"),
        Subtype::Json => APPLICATION_GRPC_JSON,
    }
}

fn append(headers: &mut HeaderMap, more: Option<HeaderMap>) {
    if let Some(more) = more {
        // Not `extend`: that would replace values of one name by the first of the other.
        for (name, value) in &more {
            headers.append(name, value.clone());
        }
    }
}
