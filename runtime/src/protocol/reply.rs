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
use crate::observe::{Caller, Watch};
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
    /// The request is a HEAD: the caller takes no body.
    pub(crate) head: bool,
    /// Whether frames and causes may be told.
    pub(crate) trusted: bool,
    /// The caller speaks Connect, by its own word.
    pub(crate) connect: bool,
    /// The caller reads the trailers of HTTP.
    pub(crate) trailers: bool,
    pub(crate) settings: Arc<Settings>,
}

/// A call whose handler has answered, perhaps with a stream that goes on.
pub(crate) struct Underway {
    pub(crate) context: Context,
    pub(crate) deadline: Option<Pin<Box<Sleep>>>,
    /// Taken when the call is over; `None` if nobody is told.
    pub(crate) watch: Option<Box<Watch>>,
}

impl Underway {
    /// Tells that the call is over.
    pub(crate) fn end(&mut self, outcome: Result<(), &Error>, sent: usize) {
        if let Some(watch) = self.watch.take() {
            watch.end(outcome, sent as u64);
        }
    }
}

impl Responder {
    /// What is told of the caller.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            protocol: self.protocol.name(self.connect),
            trusted: self.trusted,
            probe: false,
        }
    }

    /// Writes the outcome of a call; a stream goes on as the call does.
    pub(crate) fn outcome(self, outcome: Result<Reply>, mut call: Underway) -> Response<Body> {
        let kind = match outcome {
            Ok(reply) => reply.0,
            Err(mut error) => {
                self.leaves(&mut error, &call.context);
                call.end(Err(&error), 0);
                return self.error(&error, Some(&call.context));
            }
        };
        match kind {
            ReplyKind::Message(data) => {
                call.end(Ok(()), data.len());
                let metadata = call.context.take_reply();
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
            ReplyKind::Stream(stream) => self.stream(stream, call),
            ReplyKind::Raw(raw) => self.raw(*raw, call),
            ReplyKind::Local(_) => {
                let error = Error::bare(Code::Internal, "local reply to a remote call");
                call.end(Err(&error), 0);
                self.error(&error, None)
            }
        }
    }

    /// Readies an error for a caller outside the trust boundary: what it may not read is found in the logs by an id.
    pub(crate) fn leaves(&self, error: &mut Error, context: &Context) {
        if !self.trusted {
            error.identify(|| context.trace_id());
        }
    }

    fn stream(self, stream: EncodedStream, call: Underway) -> Response<Body> {
        let mut metadata = call.context.take_reply();
        // Trailers set so far stay with the stream; those set later join them.
        call.context.restore_trailers(metadata.trailers.take());
        let head = self.stream_head(metadata);
        let body = StreamBody::new(stream, call, self);
        head.map(|()| Body::new(body))
    }

    /// Writes a body of any media type.
    fn raw(self, raw: Raw, mut call: Underway) -> Response<Body> {
        let mut metadata = call.context.take_reply();
        match raw.body {
            RawBody::Whole(data) => {
                call.end(Ok(()), data.len());
                webapi::http_body::message(&self, (raw.content_type, data), metadata)
            }
            RawBody::Pieces(pieces) => {
                // Those set so far are for the end of the stream, which has no place for them.
                metadata.trailers = None;
                let (head, _) = webapi::http_body::head(&self, &raw.content_type, metadata);
                let body = StreamBody::new(pieces, call, self);
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
