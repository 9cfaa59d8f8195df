//! HTTP with messages as bodies: replies, one or many, and what is refused.

pub(crate) mod array;
pub(crate) mod binding;
pub(crate) mod cors;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod http_body;
pub(crate) mod lines;
pub(crate) mod metadata;
pub(crate) mod multipart;
pub(crate) mod negotiate;
pub(crate) mod options;
pub(crate) mod query;
pub(crate) mod routes;
pub(crate) mod upload;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Response, StatusCode};

use crate::body::Body;
use crate::codec::Codec;
use crate::context::ReplyMetadata;
use crate::error::{Code, Error};
use crate::protocol::compression;
use crate::protocol::form::Form;
use crate::protocol::headers::{
    ACCEPT_POST, APPLICATION_JSON, APPLICATION_NDJSON, APPLICATION_OCTET_STREAM, APPLICATION_PROTO,
    TEXT_EVENT_STREAM, X_ACCEL_BUFFERING,
};
use crate::protocol::reply::Responder;
pub use errors::ErrorFormat;
pub(crate) use errors::{ErrorShape, connect_error, error, write_text};
pub(crate) use options::Options;
pub use options::StreamFormat;

/// Writes a reply of one message.
pub(crate) fn message(
    responder: &Responder,
    data: Bytes,
    metadata: ReplyMetadata,
) -> Response<Body> {
    let status = responder.status(&metadata);
    // Filled in place: it is large.
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(responder.codec));
    let trailers = metadata::write(metadata, responder.placement(), headers);
    if has_body(status) {
        let (data, encoding) = compression::pack(responder.encoding, data);
        compression::describe(encoding, headers);
        *response.body_mut() = Body::unary(data, trailers);
    } else {
        headers.remove(CONTENT_TYPE);
    }
    response
}

fn content_type(codec: Codec) -> HeaderValue {
    match codec {
        Codec::Json => APPLICATION_JSON,
        Codec::Proto => APPLICATION_PROTO,
    }
}

/// Whether a status lets a body follow.
fn has_body(status: StatusCode) -> bool {
    !matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    )
}

/// The head of a reply of many messages.
pub(crate) fn stream_head(responder: &Responder, mut metadata: ReplyMetadata) -> Response<()> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, stream_type(responder));
    // Those set so far are for the end of the stream, which has no place for them.
    metadata.trailers = None;
    let status = responder.status(&metadata);
    metadata::write(metadata, responder.placement(), &mut headers);
    if responder.form == Form::Events {
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-cache"));
        // Said to nginx, which would wait for more.
        headers
            .entry(X_ACCEL_BUFFERING)
            .or_insert(HeaderValue::from_static("no"));
    }
    let mut response = Response::new(());
    if has_body(status) {
        *response.status_mut() = status;
    }
    *response.headers_mut() = headers;
    response
}

fn stream_type(responder: &Responder) -> HeaderValue {
    match (responder.form, responder.settings.http.streams) {
        (Form::Events, _) => TEXT_EVENT_STREAM,
        // The first message would say more; nobody asks for one here.
        (Form::Raw, _) => APPLICATION_OCTET_STREAM,
        (Form::Lines, StreamFormat::Lines | StreamFormat::Array) => APPLICATION_NDJSON,
        _ => APPLICATION_JSON,
    }
}

/// Says which HTTP method the path takes.
pub(crate) fn allow_post(mut response: Response<Body>) -> Response<Body> {
    let post = HeaderValue::from_static("POST");
    response.headers_mut().insert(ALLOW, post);
    response
}

/// Says which HTTP methods the path takes, if its method has no side effects.
pub(crate) fn allow_get(mut response: Response<Body>) -> Response<Body> {
    let methods = HeaderValue::from_static("GET, POST");
    response.headers_mut().insert(ALLOW, methods);
    response
}

/// Says which media types the path takes.
pub(crate) fn accept_post(mut response: Response<Body>) -> Response<Body> {
    let types = HeaderValue::from_static("application/json, application/proto");
    response.headers_mut().insert(ACCEPT_POST, types);
    response
}

/// The error of an HTTP method other than POST.
pub(crate) fn wrong_method(path: &str) -> Error {
    Error::bare(Code::Unimplemented, format!("{path} takes POST")).with_http_status(405)
}

/// The error of a media type that is no message.
pub(crate) fn wrong_type() -> Error {
    let text = "send Content-Type: application/json";
    Error::bare(Code::InvalidArgument, text).with_http_status(415)
}

/// The error of a content encoding this build does not have; Connect has no status of its own for it.
pub(crate) fn wrong_encoding(connect: bool) -> Error {
    let error = compression::unknown("content");
    match connect {
        true => error,
        false => error.with_http_status(415),
    }
}

/// The error of a method that streams both ways.
pub(crate) fn no_bidi(path: &str) -> Error {
    Error::bare(
        Code::Unimplemented,
        format!("{path} streams both ways, which plain HTTP does not offer: use gRPC"),
    )
}

/// The error of a body of a method that streams, if it is of a type that cannot hold many messages.
pub(crate) fn wrong_stream_type() -> Error {
    let text =
        "this method streams: send Content-Type: application/json, or application/connect+proto";
    Error::bare(Code::InvalidArgument, text).with_http_status(415)
}

/// Says which media types the path of a method that streams takes.
pub(crate) fn accept_post_stream(mut response: Response<Body>) -> Response<Body> {
    let types = "application/json, application/connect+json, application/connect+proto";
    let types = HeaderValue::from_static(types);
    response.headers_mut().insert(ACCEPT_POST, types);
    response
}

/// Says which content encodings the path takes.
pub(crate) fn accept_encodings(mut response: Response<Body>) -> Response<Body> {
    let encodings = HeaderValue::from_static(compression::SUPPORTED);
    response.headers_mut().insert(ACCEPT_ENCODING, encodings);
    response
}
