//! Whether a request to an RPC path is let in by its protocol, and how it and its reply stand on the wire.

use std::sync::Arc;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{Method as HttpMethod, Request, Response, Version};

use super::exchange::{Exchange, Target};
use crate::body::Body;
use crate::codec::Codec;
use crate::error::Error;
use crate::method::{Idempotency, Method, Shape};
use crate::protocol::compression::{self, Encoding, Encodings};
use crate::protocol::connect::{get, stream};
use crate::protocol::content_type::ContentType;
use crate::protocol::form::{Form, Framing};
use crate::protocol::grpc_web::{Media, text};
use crate::protocol::head::Compression;
use crate::protocol::webapi::binding::Binding;
use crate::protocol::webapi::negotiate;
use crate::protocol::webapi::upload::Upload;
use crate::protocol::wire::{Settings, Wire};
use crate::protocol::{Protocol, grpc, webapi};

/// The response of a request that is not let in; boxed, as it is rare and large.
pub(super) type Refusal = Box<Response<Body>>;

/// How a request and its reply stand on the wire, once that is settled.
pub(super) struct Admission {
    pub(super) protocol: Protocol,
    pub(super) framing: Framing,
    pub(super) form: Form,
    pub(super) codec: Codec,
    pub(super) reply_codec: Codec,
    pub(super) encodings: Encodings,
    pub(super) source: Source,
    /// What a google.api.http route adds.
    pub(super) binding: Option<Box<Binding>>,
    /// How the body is a form or a file, if it is.
    pub(super) upload: Option<Box<Upload>>,
}

/// Where the bytes of the request are.
#[derive(Default)]
pub(super) enum Source {
    #[default]
    Body,
    /// In the body, in base64.
    Text,
    /// In the query of a GET; boxed, as it is rare.
    Query(Box<Bytes>),
}

impl Source {
    /// The body that the call reads.
    #[inline]
    pub(super) fn body(self, body: Body) -> Body {
        match self {
            Self::Body => body,
            Self::Text => text::Decoded::body(body),
            Self::Query(message) => get::Query::body(*message, body),
        }
    }
}

impl Admission {
    /// What a content type alone says.
    pub(super) fn of(content_type: ContentType) -> Self {
        let (framing, form, codec) = match content_type {
            ContentType::Grpc(subtype) => (Framing::Grpc, Form::Grpc(subtype), subtype.codec()),
            ContentType::GrpcWeb(media, codec) => (Framing::Grpc, Form::GrpcWeb(media), codec),
            ContentType::Connect(codec) => (Framing::Connect, Form::Connect, codec),
            ContentType::Message(codec) => (Framing::Bare, Form::Bare, codec),
            ContentType::Lines | ContentType::Form | ContentType::Missing | ContentType::Other => {
                (Framing::Bare, Form::Bare, Codec::Json)
            }
        };
        Self {
            protocol: content_type.protocol(),
            framing,
            form,
            codec,
            reply_codec: codec,
            encodings: Encodings::default(),
            source: Source::default(),
            binding: None,
            upload: None,
        }
    }

    /// What a content type says on a path that nobody serves, where Connect's streams have no form of their own.
    pub(super) fn nowhere(content_type: ContentType) -> Self {
        let admission = Self::of(content_type);
        match admission.form {
            Form::Connect => Self {
                form: Form::Bare,
                ..admission
            },
            _ => admission,
        }
    }

    /// Takes up how request and reply are compressed; `None` if the request is in a way this build does not have.
    #[inline]
    pub(super) fn encoded(mut self, said: Compression) -> Option<Self> {
        self.encodings = Encodings {
            request: said.sent?,
            reply: said.accepted,
        };
        Some(self)
    }

    /// Changes what stands for the sides of a method that stream over plain HTTP.
    pub(super) fn stream(
        &mut self,
        method: &Method,
        request: &Request<Body>,
        options: &webapi::Options,
    ) {
        if takes_stream(method) && self.framing == Framing::Bare {
            self.framing = Framing::Lines;
        }
        if matches!(
            method.shape(),
            Shape::ServerStreaming | Shape::BidiStreaming
        ) {
            let query = request.uri().query();
            self.form = negotiate::stream_form(request.headers(), query, options);
        }
    }

    /// How messages are read and written; `connect` if the caller says that it speaks Connect.
    pub(super) fn wire(self, settings: &Arc<Settings>, connect: bool) -> Wire {
        Wire {
            framing: self.framing,
            form: self.form,
            codec: self.codec,
            reply_codec: self.reply_codec,
            encodings: self.encodings,
            connect,
            settings: Arc::clone(settings),
            binding: self.binding,
            upload: self.upload,
        }
    }
}

/// The HTTP methods of an RPC path.
fn rpc_methods(method: &Method) -> &'static [&'static str] {
    match takes_get(method) {
        true => &["GET", "OPTIONS", "POST"],
        false => &["OPTIONS", "POST"],
    }
}

/// Whether the requests of a method are a stream.
pub(super) fn takes_stream(method: &Method) -> bool {
    matches!(
        method.shape(),
        Shape::ClientStreaming | Shape::BidiStreaming
    )
}

impl Exchange<'_> {
    /// Lets the request in as its protocol asks, or answers it.
    pub(super) fn admit(&self, target: &Target<'_>) -> Result<Admission, Refusal> {
        match self.head.content_type {
            ContentType::Grpc(_) => self.admit_grpc(),
            ContentType::GrpcWeb(media, _) => self.admit_grpc_web(target, media),
            ContentType::Connect(_) => self.admit_connect(target),
            _ if self.request.method() == HttpMethod::GET && takes_get(target.method) => {
                self.admit_get()
            }
            _ => self.admit_webapi(target),
        }
    }

    fn admit_grpc(&self) -> Result<Admission, Refusal> {
        if self.request.version() < Version::HTTP_2 {
            return Err(Box::new(grpc::server::wrong_version()));
        }
        if self.request.method() != HttpMethod::POST {
            return Err(Box::new(webapi::allow_post(grpc::server::wrong_method())));
        }
        self.admit_messages(self.head.grpc)
    }

    fn admit_grpc_web(&self, target: &Target<'_>, media: Media) -> Result<Admission, Refusal> {
        if self.request.method() != HttpMethod::POST {
            return Err(Box::new(webapi::allow_post(grpc::server::wrong_method())));
        }
        self.check_bidi(target)?;
        let mut admission = self.admit_messages(self.head.grpc)?;
        let accept = self.request.headers().get(ACCEPT);
        admission.form = Form::GrpcWeb(media.accepted(accept));
        if media.text {
            admission.source = Source::Text;
        }
        Ok(admission)
    }

    fn admit_connect(&self, target: &Target<'_>) -> Result<Admission, Refusal> {
        if self.request.method() != HttpMethod::POST {
            return Err(self.wrong_method(target));
        }
        if target.method.shape() == Shape::Unary {
            let response = self.http_error(&webapi::wrong_type());
            return Err(Box::new(webapi::accept_post(response)));
        }
        self.check_bidi(target)?;
        self.admit_messages(self.head.envelopes)
    }

    /// Over HTTP/1.1 nobody can answer while the request is still under way.
    fn check_bidi(&self, target: &Target<'_>) -> Result<(), Refusal> {
        let bidi = target.method.shape() == Shape::BidiStreaming;
        match bidi && self.request.version() < Version::HTTP_2 {
            true => Err(Box::new(stream::wrong_version())),
            false => Ok(()),
        }
    }

    /// Admits messages that are compressed one by one, and not their body as a whole.
    fn admit_messages(&self, said: Compression) -> Result<Admission, Refusal> {
        let admission = Admission::of(self.head.content_type);
        let whole = self.head.body.sent == Some(Encoding::Identity);
        let encoded = if whole { admission.encoded(said) } else { None };
        encoded.ok_or_else(|| {
            let admission = Admission::of(self.head.content_type);
            let error = compression::unknown("message");
            let mut response = self.responder(&admission).error(&error, None);
            match admission.protocol {
                Protocol::Connect => stream::accept_encodings(response.headers_mut()),
                _ => response = grpc::server::accept_encodings(response),
            }
            Box::new(response)
        })
    }

    /// Admits a message in the query.
    fn admit_get(&self) -> Result<Admission, Refusal> {
        let query = get::Query::parse(self.request.uri().query().unwrap_or_default());
        let query = query.map_err(|error| Box::new(self.http_error(&error)))?;
        let mut admission = Admission::of(ContentType::Message(query.codec));
        admission.encodings = Encodings {
            request: query.encoding,
            reply: self.head.body.accepted,
        };
        admission.source = Source::Query(Box::new(query.message));
        Ok(admission)
    }

    /// Admits a request whose body is one message.
    fn admit_webapi(&self, target: &Target<'_>) -> Result<Admission, Refusal> {
        let upload = match self.request.method() {
            &HttpMethod::POST => self.admit_upload(target.method, "*"),
            _ => Ok(None),
        };
        let upload = upload.map_err(|error| Box::new(self.http_error(&error)))?;
        if let Some(admission) = upload {
            return self.admit_encoded(admission);
        }
        let streams = target.method.shape() != Shape::Unary;
        match (self.request.method(), self.head.content_type) {
            (&HttpMethod::POST, ContentType::Message(Codec::Json)) => {}
            (&HttpMethod::POST, ContentType::Message(Codec::Proto)) if !streams => {}
            (&HttpMethod::POST, ContentType::Lines) if takes_stream(target.method) => {}
            (&HttpMethod::POST, _) if streams => {
                let response = self.http_error(&webapi::wrong_stream_type());
                return Err(Box::new(webapi::accept_post_stream(response)));
            }
            (&HttpMethod::POST, _) => {
                let response = self.http_error(&webapi::wrong_type());
                return Err(Box::new(webapi::accept_post(response)));
            }
            (&HttpMethod::OPTIONS, _) => {
                return Err(Box::new(self.options(rpc_methods(target.method))));
            }
            _ => return Err(self.wrong_method(target)),
        }
        // Before the handler runs, whose work would be for nothing.
        if target.method.shape() == Shape::BidiStreaming {
            let error = webapi::no_bidi(target.method.path());
            return Err(Box::new(self.http_error(&error)));
        }
        let mut admission = Admission::of(self.head.content_type);
        admission.stream(target.method, &self.request, &self.host.settings.http);
        self.admit_encoded(admission)
    }

    /// Admits a body that is compressed as a whole.
    fn admit_encoded(&self, admission: Admission) -> Result<Admission, Refusal> {
        let encoded = admission.encoded(self.head.body);
        encoded.ok_or_else(|| {
            let response = self.http_error(&webapi::wrong_encoding(self.head.connect));
            Box::new(webapi::accept_encodings(response))
        })
    }

    fn wrong_method(&self, target: &Target<'_>) -> Refusal {
        let error = webapi::wrong_method(self.request.uri().path());
        let response = self.http_error(&error);
        Box::new(match takes_get(target.method) {
            true => webapi::allow_get(response),
            false => webapi::allow_post(response),
        })
    }

    /// An error with an HTTP status of its own, whatever the form of replies.
    pub(super) fn http_error(&self, error: &Error) -> Response<Body> {
        let admission = Admission::of(self.head.content_type);
        webapi::error(&self.responder(&admission), error, Default::default())
    }
}

/// Whether a method may be called by GET.
fn takes_get(method: &Method) -> bool {
    method.shape() == Shape::Unary && method.idempotency() == Idempotency::NoSideEffects
}
