//! HTTP with one message as the body: replies and errors.

pub(crate) mod binding;
pub(crate) mod cors;
pub(crate) mod http_body;
pub(crate) mod multipart;
pub(crate) mod query;
pub(crate) mod routes;
pub(crate) mod upload;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::base64::{self, Form};
use crate::body::Body;
use crate::codec::Codec;
use crate::codec::json;
use crate::context::ReplyMetadata;
use crate::error::{Code, Error};
use crate::protocol::compression::{self, Encoding};
use crate::protocol::grpc::status::error_info;
use crate::protocol::headers::{ACCEPT_POST, APPLICATION_JSON, APPLICATION_PROTO, trailer_name};
use crate::wkt::Any;

/// How an error stands in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    /// `{"code":"not_found","message":..,"details":[{"type":..,"value":..}]}`
    Connect,
    /// ProtoJSON of google.rpc.Status.
    Status,
}

/// Writes a reply of one message.
pub(crate) fn message(
    codec: Codec,
    data: Bytes,
    accepted: Encoding,
    metadata: ReplyMetadata,
) -> Response<Body> {
    let (data, encoding) = compression::pack(accepted, data);
    let mut response = Response::new(Body::full(data));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        match codec {
            Codec::Json => APPLICATION_JSON,
            Codec::Proto => APPLICATION_PROTO,
        },
    );
    compression::describe(encoding, headers);
    add_metadata(&mut response, &metadata);
    response
}

fn add_metadata(response: &mut Response<Body>, metadata: &ReplyMetadata) {
    let headers = response.headers_mut();
    for (name, value) in metadata.headers.iter().flat_map(|m| m.headers()) {
        headers.append(name, value.clone());
    }
    for (name, value) in metadata.trailers.iter().flat_map(|m| m.headers()) {
        if let Some(name) = trailer_name(name) {
            headers.append(name, value.clone());
        }
    }
}

/// Writes an error; nothing internal leaves.
pub(crate) fn error(
    shape: ErrorShape,
    error: &Error,
    options: &json::Options,
    metadata: ReplyMetadata,
) -> Response<Body> {
    let body = match shape {
        ErrorShape::Connect => connect_error(error),
        ErrorShape::Status => status_error(error, options),
    };
    let mut response = Response::new(Body::full(body));
    *response.status_mut() =
        StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, APPLICATION_JSON);
    if error.code() == Code::Unauthenticated {
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    add_metadata(&mut response, &metadata);
    response
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

fn details(error: &Error) -> impl Iterator<Item = Any> {
    error_info(error)
        .into_iter()
        .chain(error.details().iter().cloned())
}

/// Source: <https://connectrpc.com/docs/protocol#error-end-stream>.
pub(crate) fn connect_error(error: &Error) -> Vec<u8> {
    let mut out = format!("{{\"code\":\"{}\"", error.code()).into_bytes();
    let message = error.public_message();
    if !message.is_empty() {
        out.extend_from_slice(b",\"message\":");
        write_text(&mut out, message);
    }
    let mut opened = false;
    for detail in details(error) {
        out.extend_from_slice(if opened { b"," } else { b",\"details\":[" });
        opened = true;
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        out.extend_from_slice(b"{\"type\":");
        write_text(&mut out, name);
        out.extend_from_slice(b",\"value\":");
        write_text(
            &mut out,
            &base64::encode(&detail.value, Form::StandardUnpadded),
        );
        out.push(b'}');
    }
    out.extend_from_slice(if opened { b"]}" } else { b"}" });
    out
}

fn status_error(error: &Error, options: &json::Options) -> Vec<u8> {
    let mut out = format!("{{\"code\":{}", error.code().number()).into_bytes();
    let message = error.public_message();
    if !message.is_empty() {
        out.extend_from_slice(b",\"message\":");
        write_text(&mut out, message);
    }
    let mut opened = false;
    for detail in details(error) {
        out.extend_from_slice(if opened { b"," } else { b",\"details\":[" });
        opened = true;
        match options.to_vec(&detail) {
            Ok(text) => out.extend_from_slice(&text),
            Err(_) => unknown_detail(&mut out, &detail),
        }
    }
    out.extend_from_slice(if opened { b"]}" } else { b"}" });
    out
}

/// A detail of a type not known here must not fail the error: its bytes stand for it.
fn unknown_detail(out: &mut Vec<u8>, detail: &Any) {
    out.extend_from_slice(b"{\"@type\":");
    write_text(out, &detail.type_url);
    out.extend_from_slice(b",\"value\":");
    write_text(out, &base64::encode(&detail.value, Form::Standard));
    out.push(b'}');
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

/// The error of a method that streams.
pub(crate) fn no_streams() -> Error {
    Error::bare(
        Code::Unimplemented,
        "streaming methods are not offered over plain HTTP: use gRPC",
    )
}

/// Says which content encodings the path takes.
pub(crate) fn accept_encodings(mut response: Response<Body>) -> Response<Body> {
    let encodings = HeaderValue::from_static(compression::SUPPORTED);
    response.headers_mut().insert(ACCEPT_ENCODING, encodings);
    response
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    // A string is the message google.protobuf.StringValue; writing one cannot fail.
    let _ = json::Options::new().append(&text.to_owned(), out);
}
