//! Writes the outcome of a call in the protocol it came by.

use std::pin::Pin;
use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::time::Sleep;

use super::compression::Encoding;
use super::form::Form;
use super::grpc::frame;
use super::stream_body::StreamBody;
use super::webapi::ErrorShape;
use super::webapi::metadata::{Placement, Trailers};
use super::wire::Settings;
use super::{Protocol, connect, grpc, webapi};
use crate::body::Body;
use crate::codec::Codec;
use crate::context::{Context, ReplyMetadata};
use crate::error::{Code, Error, Result};
use crate::reply::{EncodedStream, Raw, RawBody, Reply, ReplyKind};

/// How the caller of one request is answered.
#[derive(Debug, Clone)]
pub(crate) struct Responder {
    pub(crate) protocol: Protocol,
    pub(crate) form: Form,
    /// Of replies.
    pub(crate) codec: Codec,
    pub(crate) shape: ErrorShape,
    /// How replies may be compressed.
    pub(crate) encoding: Encoding,
    /// The request is a GET, whose reply caches may keep.
    pub(crate) cacheable: bool,
    /// Whether frames and causes may be told.
    pub(crate) trusted: bool,
    /// The caller speaks Connect, by its own word.
    pub(crate) connect: bool,
    /// The caller reads the trailers of HTTP.
    pub(crate) trailers: bool,
    pub(crate) settings: Arc<Settings>,
}

impl Responder {
    /// Writes the outcome of a call; a stream goes on under `deadline`.
    pub(crate) fn outcome(
        self,
        outcome: Result<Reply>,
        context: Context,
        deadline: Option<Pin<Box<Sleep>>>,
    ) -> Response<Body> {
        let kind = match outcome {
            Ok(reply) => reply.0,
            Err(error) => return self.error(&error, Some(&context)),
        };
        match kind {
            ReplyKind::Message(data) => {
                let metadata = context.take_reply();
                match self.form {
                    Form::Grpc(subtype) => {
                        grpc::server::message(subtype, data, self.encoding, metadata)
                    }
                    Form::GrpcWeb(media) => {
                        let mut response = media.message(self.codec, &data, metadata);
                        if frame::is_compressed(&data) {
                            grpc::server::describe(self.encoding, response.headers_mut());
                        }
                        response
                    }
                    Form::Connect => {
                        let mut response = connect::stream::message(self.codec, &data, metadata);
                        connect::stream::describe(self.encoding, response.headers_mut());
                        response
                    }
                    Form::Bare | Form::Lines | Form::Events | Form::Array | Form::Raw => {
                        let mut response = webapi::message(&self, data, metadata);
                        self.vary(&mut response);
                        response
                    }
                }
            }
            ReplyKind::Stream(stream) => self.stream(stream, context, deadline),
            ReplyKind::Raw(raw) => self.raw(*raw, context, deadline),
            ReplyKind::Local(_) => {
                let error = Error::bare(Code::Internal, "local reply to a remote call");
                self.error(&error, None)
            }
        }
    }

    fn stream(
        self,
        stream: EncodedStream,
        context: Context,
        deadline: Option<Pin<Box<Sleep>>>,
    ) -> Response<Body> {
        let mut metadata = context.take_reply();
        // Trailers set so far stay with the stream; those set later join them.
        context.restore_trailers(metadata.trailers.take());
        let head = self.stream_head(metadata);
        let body = StreamBody::new(stream, context, deadline, self);
        head.map(|()| Body::new(body))
    }

    /// Writes a body of any media type.
    fn raw(self, raw: Raw, context: Context, deadline: Option<Pin<Box<Sleep>>>) -> Response<Body> {
        let mut metadata = context.take_reply();
        match raw.body {
            RawBody::Whole(data) => {
                webapi::http_body::message(&self, (raw.content_type, data), metadata)
            }
            RawBody::Pieces(pieces) => {
                // Those set so far are for the end of the stream, which has no place for them.
                metadata.trailers = None;
                let (head, _) = webapi::http_body::head(&self, &raw.content_type, metadata);
                let body = StreamBody::new(pieces, context, deadline, self);
                head.map(|()| Body::new(body))
            }
        }
    }

    /// The head of a streaming reply.
    fn stream_head(&self, metadata: ReplyMetadata) -> Response<()> {
        match self.form {
            Form::GrpcWeb(media) => {
                let mut headers = media.head(self.codec, metadata.headers);
                grpc::server::describe(self.encoding, &mut headers);
                with_headers(headers)
            }
            Form::Connect => {
                let mut headers = connect::stream::head(self.codec, metadata.headers);
                connect::stream::describe(self.encoding, &mut headers);
                with_headers(headers)
            }
            Form::Grpc(subtype) => {
                let mut headers = grpc::server::head(subtype, metadata.headers);
                grpc::server::describe(self.encoding, &mut headers);
                with_headers(headers)
            }
            Form::Bare | Form::Lines | Form::Events | Form::Array | Form::Raw => {
                webapi::stream_head(self, metadata)
            }
        }
    }

    /// The HTTP status of a reply that goes well. To Connect and gRPC-Web all but 200 are errors.
    pub(crate) fn status(&self, metadata: &ReplyMetadata) -> StatusCode {
        match metadata.status {
            Some(status) if self.protocol == Protocol::Webapi && !self.connect => status,
            _ => StatusCode::OK,
        }
    }

    /// Where the metadata of a reply over HTTP goes.
    pub(crate) fn placement(&self) -> Placement {
        let route = self.shape == ErrorShape::Status;
        Placement {
            prefix_headers: route && self.settings.http.prefix_metadata,
            trailers: match (route, self.trailers) {
                (false, _) => Trailers::Connect,
                (true, false) => Trailers::Headers,
                (true, true) => Trailers::Real,
            },
        }
    }

    /// Tells caches that another caller may get another encoding.
    fn vary(&self, response: &mut Response<Body>) {
        if self.cacheable && !response.headers().contains_key(VARY) {
            let name = HeaderValue::from(ACCEPT_ENCODING);
            response.headers_mut().insert(VARY, name);
        }
    }

    /// Writes an error that no reply went before.
    pub(crate) fn error(&self, error: &Error, context: Option<&Context>) -> Response<Body> {
        let metadata: ReplyMetadata = context.map(Context::take_reply).unwrap_or_default();
        match self.form {
            Form::Grpc(subtype) => grpc::server::error(subtype, error, self.trusted, metadata),
            Form::GrpcWeb(media) => media.error(self.codec, error, metadata),
            Form::Connect => connect::stream::error(self.codec, error, metadata),
            Form::Bare | Form::Lines | Form::Events | Form::Array | Form::Raw => {
                let mut response = webapi::error(self, error, metadata);
                self.vary(&mut response);
                response
            }
        }
    }
}

fn with_headers(headers: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    response
}

/// The error of a call whose deadline has passed.
pub(crate) fn deadline_exceeded() -> Error {
    Error::bare(Code::DeadlineExceeded, "deadline exceeded")
}

/// The error of a call whose handler panicked; what it said is for the panic hook.
pub(crate) fn panicked() -> Error {
    Error::bare(Code::Internal, "internal error")
}
