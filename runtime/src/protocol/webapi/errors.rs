//! Errors over HTTP: status, headers and JSON.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use prost::Message as _;

use super::metadata;
use crate::base64::{self, Form};
use crate::body::Body;
use crate::codec::json;
use crate::context::ReplyMetadata;
use crate::error::{Code, Error};
use crate::google::rpc::RetryInfo;
use crate::protocol::grpc::status::{error_info, is_debug};
use crate::protocol::headers::APPLICATION_JSON;
use crate::protocol::reply::Responder;
use crate::protocol::wire::Settings;
use crate::wkt::Any;

/// How an error stands in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    /// `{"code":"not_found","message":..,"details":[{"type":..,"value":..}]}`
    Connect,
    /// ProtoJSON of google.rpc.Status, or what [`ErrorFormat`] says.
    Status,
}

/// How errors look on google.api.http routes, and on paths that nobody serves.
///
/// On RPC paths they have Connect's form always, `{"code":"not_found","message":..,"details":[..]}`.
///
/// ```
/// use ezrpc::{ErrorFormat, Server};
/// let server = Server::new("shop").error_format(ErrorFormat::aip193());
/// ```
#[derive(Clone, Default)]
pub struct ErrorFormat {
    kind: Kind,
}

type Rewrite = dyn Fn(&Error, Response<Body>) -> Response<Body> + Send + Sync;

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Status,
    Aip193,
    Custom(Arc<Rewrite>),
}

impl ErrorFormat {
    /// google.rpc.Status in ProtoJSON (the default): `{"code":5,"message":"..","details":[{"@type":..}]}`.
    pub fn status() -> Self {
        Self::default()
    }

    /// That of Google's public APIs: `{"error":{"code":404,"message":"..","status":"NOT_FOUND","details":[..]}}`.
    ///
    /// Source: <https://google.aip.dev/193>.
    pub fn aip193() -> Self {
        Self { kind: Kind::Aip193 }
    }

    /// A form of your own: `rewrite` gets the error and the answer as [`ErrorFormat::status`] makes it, and may
    /// replace its status, headers and body.
    ///
    /// The error holds its cause and the places it passed, which callers should not get to know:
    /// [`Error::public_message`] may be told. A `rewrite` that panics leaves the answer as it was. In a stream that has begun,
    /// errors are google.rpc.Status.
    ///
    /// ```
    /// use ezrpc::{Body, ErrorFormat, Server};
    /// let format = ErrorFormat::custom(|error, mut response| {
    ///     *response.body_mut() = Body::full(format!(r#"{{"reason":"{}"}}"#, error.reason()));
    ///     response
    /// });
    /// let server = Server::new("shop").error_format(format);
    /// ```
    pub fn custom(
        rewrite: impl Fn(&Error, Response<Body>) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        Self {
            kind: Kind::Custom(Arc::new(rewrite)),
        }
    }
}

impl fmt::Debug for ErrorFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Status => "ErrorFormat::status",
            Kind::Aip193 => "ErrorFormat::aip193",
            Kind::Custom(_) => "ErrorFormat::custom",
        })
    }
}

/// Writes an error; nothing internal leaves.
pub(crate) fn error(
    responder: &Responder,
    error: &Error,
    metadata: ReplyMetadata,
) -> Response<Body> {
    let settings = &*responder.settings;
    let body = body(responder.shape, error, settings);
    let response = respond(responder, error, body, metadata);
    match &settings.http.errors.kind {
        Kind::Custom(rewrite) if responder.shape == ErrorShape::Status => {
            let rewritten = AssertUnwindSafe(|| rewrite(error, response));
            catch_unwind(rewritten).unwrap_or_else(|_| {
                let body = body_of_status(error, &settings.json);
                respond(responder, error, body, ReplyMetadata::default())
            })
        }
        _ => response,
    }
}

fn respond(
    responder: &Responder,
    error: &Error,
    body: Vec<u8>,
    metadata: ReplyMetadata,
) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, APPLICATION_JSON);
    if error.code() == Code::Unauthenticated
        && let Some(challenge) = &responder.settings.http.challenge
    {
        headers.insert(WWW_AUTHENTICATE, challenge.clone());
    }
    if let Some(seconds) = retry_after(error) {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    let trailers = metadata::write(metadata, responder.placement(), &mut headers);
    let mut response = Response::new(Body::unary(body.into(), trailers));
    *response.status_mut() =
        StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// An error as the whole body of a response.
fn body(shape: ErrorShape, error: &Error, settings: &Settings) -> Vec<u8> {
    match (shape, &settings.http.errors.kind) {
        (ErrorShape::Connect, _) => connect_error(error),
        (ErrorShape::Status, Kind::Aip193) => body_of_aip193(error, &settings.json),
        (ErrorShape::Status, Kind::Status | Kind::Custom(_)) => {
            body_of_status(error, &settings.json)
        }
    }
}

/// An error as the last object of a stream: `{"error":..}`.
pub(crate) fn last_of_stream(shape: ErrorShape, error: &Error, settings: &Settings) -> Vec<u8> {
    let body = body(shape, error, settings);
    match (shape, &settings.http.errors.kind) {
        // It is such an object itself.
        (ErrorShape::Status, Kind::Aip193) => body,
        _ => [b"{\"error\":", &body[..], b"}"].concat(),
    }
}

/// An error as the data of an event.
pub(crate) fn event(shape: ErrorShape, error: &Error, settings: &Settings) -> Vec<u8> {
    body(shape, error, settings)
}

/// Source: <https://connectrpc.com/docs/protocol#error-end-stream>.
pub(crate) fn connect_error(error: &Error) -> Vec<u8> {
    let mut out = format!("{{\"code\":\"{}\"", error.code()).into_bytes();
    write_message(&mut out, error);
    write_details(&mut out, error, |out, detail| {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        out.extend_from_slice(b"{\"type\":");
        write_text(out, name);
        out.extend_from_slice(b",\"value\":");
        write_text(out, &base64::encode(&detail.value, Form::StandardUnpadded));
        out.push(b'}');
    });
    out.push(b'}');
    out
}

fn body_of_status(error: &Error, options: &json::Options) -> Vec<u8> {
    let mut out = format!("{{\"code\":{}", error.code().number()).into_bytes();
    write_message(&mut out, error);
    write_details(&mut out, error, |out, detail| any(out, detail, options));
    out.push(b'}');
    out
}

fn body_of_aip193(error: &Error, options: &json::Options) -> Vec<u8> {
    let mut out = format!("{{\"error\":{{\"code\":{}", error.http_status()).into_bytes();
    write_message(&mut out, error);
    out.extend_from_slice(b",\"status\":\"");
    let name = match error.code() {
        // Spelled with one l elsewhere.
        Code::Canceled => "CANCELLED".to_owned(),
        code => code.name().to_ascii_uppercase(),
    };
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
    write_details(&mut out, error, |out, detail| any(out, detail, options));
    out.extend_from_slice(b"}}");
    out
}

fn write_message(out: &mut Vec<u8>, error: &Error) {
    let message = error.public_message();
    if !message.is_empty() {
        out.extend_from_slice(b",\"message\":");
        write_text(out, &message);
    }
}

/// Writes the details, ErrorInfo first, unless there are none.
fn write_details(out: &mut Vec<u8>, error: &Error, write: impl Fn(&mut Vec<u8>, &Any)) {
    let info = error_info(error);
    // Not even those a service has made itself: frames stay within the trust boundary.
    let details = error.details().iter().filter(|detail| !is_debug(detail));
    let mut opened = false;
    for detail in info.iter().chain(details) {
        out.extend_from_slice(if opened { b"," } else { b",\"details\":[" });
        opened = true;
        write(out, detail);
    }
    if opened {
        out.push(b']');
    }
}

/// Writes a detail; one of a type not known here must not fail the error, so its bytes stand for it.
fn any(out: &mut Vec<u8>, detail: &Any, options: &json::Options) {
    if options.append_line(detail, out).is_ok() {
        return;
    }
    out.extend_from_slice(b"{\"@type\":");
    write_text(out, &detail.type_url);
    out.extend_from_slice(b",\"value\":");
    write_text(out, &base64::encode(&detail.value, Form::Standard));
    out.push(b'}');
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    // A string is the message google.protobuf.StringValue; writing one cannot fail.
    let _ = json::Options::new().append(&text.to_owned(), out);
}

/// The whole seconds that google.rpc.RetryInfo asks a caller to wait.
fn retry_after(error: &Error) -> Option<u64> {
    let is_it = |detail: &&Any| detail.type_url.ends_with("/google.rpc.RetryInfo");
    let detail = error.details().iter().find(is_it)?;
    let delay = RetryInfo::decode(&detail.value[..]).ok()?.retry_delay?;
    let started = u64::from(delay.nanos > 0);
    Some(u64::try_from(delay.seconds).ok()? + started)
}
