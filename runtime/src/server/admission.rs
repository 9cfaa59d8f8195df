//! Whether a request to an RPC path is let in by its protocol, and how it and its reply stand on the wire.

use std::sync::Arc;

use http::{Method as HttpMethod, Response, Version};

use super::exchange::{Exchange, Target};
use crate::body::Body;
use crate::codec::Codec;
use crate::error::Error;
use crate::method::Shape;
use crate::protocol::compression::{self, Encodings};
use crate::protocol::content_type::ContentType;
use crate::protocol::form::{Form, Framing};
use crate::protocol::head::Compression;
use crate::protocol::webapi::binding::Binding;
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
    /// What a google.api.http route adds.
    pub(super) binding: Option<Box<Binding>>,
}

impl Admission {
    /// What a content type alone says.
    pub(super) fn of(content_type: ContentType) -> Self {
        let (framing, form, codec) = match content_type {
            ContentType::Grpc(codec) => (Framing::Grpc, Form::Grpc, codec),
            ContentType::GrpcWeb { codec, text } => (Framing::Grpc, Form::GrpcWeb { text }, codec),
            ContentType::Connect(codec) => (Framing::Connect, Form::Connect, codec),
            ContentType::Message(codec) => (Framing::Bare, Form::Bare, codec),
            ContentType::Missing | ContentType::Other => (Framing::Bare, Form::Bare, Codec::Json),
        };
        Self {
            protocol: content_type.protocol(),
            framing,
            form,
            codec,
            reply_codec: codec,
            encodings: Encodings::default(),
            binding: None,
        }
    }

    /// Takes up how request and reply are compressed; `None` if the request is in a way this build does not have.
    pub(super) fn encoded(mut self, said: Compression) -> Option<Self> {
        self.encodings = Encodings {
            request: said.sent?,
            reply: said.accepted,
        };
        Some(self)
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
        }
    }
}

impl Exchange<'_> {
    /// Lets the request in as its protocol asks, or answers it.
    pub(super) fn admit(&self, target: &Target<'_>) -> Result<Admission, Refusal> {
        match self.head.content_type.protocol() {
            Protocol::Grpc => self.admit_grpc(),
            Protocol::GrpcWeb | Protocol::Connect | Protocol::Webapi => self.admit_webapi(target),
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

    /// Admits messages that are compressed one by one.
    fn admit_messages(&self, said: Compression) -> Result<Admission, Refusal> {
        let admission = Admission::of(self.head.content_type);
        admission.encoded(said).ok_or_else(|| {
            let admission = Admission::of(self.head.content_type);
            let error = compression::unknown("message");
            let response = self.responder(&admission).error(&error, None);
            Box::new(grpc::server::accept_encodings(response))
        })
    }

    /// Admits a request whose body is one message.
    fn admit_webapi(&self, target: &Target<'_>) -> Result<Admission, Refusal> {
        match (self.request.method(), self.head.content_type) {
            (&HttpMethod::POST, ContentType::Message(_)) => {}
            (&HttpMethod::POST, _) => {
                let response = self.http_error(&webapi::wrong_type());
                return Err(Box::new(webapi::accept_post(response)));
            }
            _ => {
                let error = webapi::wrong_method(self.request.uri().path());
                return Err(Box::new(webapi::allow_post(self.http_error(&error))));
            }
        }
        // Before the handler runs, whose work would be for nothing.
        if target.method.shape() != Shape::Unary {
            return Err(Box::new(self.http_error(&webapi::no_streams())));
        }
        let admission = Admission::of(self.head.content_type);
        let encoded = admission.encoded(self.head.body);
        encoded.ok_or_else(|| {
            let response = self.http_error(&webapi::wrong_encoding(self.head.connect));
            Box::new(webapi::accept_encodings(response))
        })
    }

    /// An error with an HTTP status of its own, whatever the form of replies.
    pub(super) fn http_error(&self, error: &Error) -> Response<Body> {
        let options = &self.host.settings.json;
        webapi::error(self.shape(true), error, options, Default::default())
    }
}
