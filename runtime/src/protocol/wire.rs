//! How the messages of one call stand on the wire: framing and codec.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::body::Body;
use crate::codec::{Codec, Message, json, proto};
use crate::error::{Code, Error, Result};
use crate::protocol::compression::{self, Encoding, Encodings};
use crate::protocol::form::{Form, Framing};
use crate::protocol::grpc::frame;
use crate::protocol::webapi::binding::{Binding, Rules};
use crate::protocol::webapi::upload::{self, Upload, Uploads};
use crate::protocol::webapi::{self, array, events, lines};
use crate::reply::{EncodedStream, ReplyKind};
use crate::stream::Streaming;

/// What every call of a server shares.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The longest request message taken, in bytes.
    pub(crate) max_message: usize,
    /// How JSON is read and written.
    pub(crate) json: json::Options,
    pub(crate) uploads: Uploads,
    /// How requests of google.api.http routes are taken.
    pub(crate) rules: Rules,
    /// How HTTP callers are answered.
    pub(crate) http: webapi::Options,
}

/// Framing, codec and limits of one call.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) framing: Framing,
    pub(crate) form: Form,
    /// Of requests.
    pub(crate) codec: Codec,
    pub(crate) reply_codec: Codec,
    pub(crate) encodings: Encodings,
    /// The caller says that it speaks Connect: codes have no HTTP status but their own.
    pub(crate) connect: bool,
    pub(crate) settings: Arc<Settings>,
    /// What a google.api.http route adds; boxed, as RPC paths have none.
    pub(crate) binding: Option<Box<Binding>>,
    /// How the body is a form or a file, if it is.
    pub(crate) upload: Option<Box<Upload>>,
}

impl Wire {
    pub(crate) async fn read_one<M: Message>(&self, body: &mut Body) -> Result<M> {
        let data = match self.framing {
            Framing::Grpc | Framing::Connect => frame::read_one(body, self.decoder()).await?,
            Framing::Bare | Framing::Lines => {
                self.read_bare(body).await.map_err(|e| self.own_status(e))?
            }
            Framing::Upload => {
                // Boxed, so that the future of a call without an upload stays below what malloc has at hand.
                return Box::pin(upload::message(std::mem::take(body), self)).await;
            }
        };
        self.decode_item(data)
    }

    /// Decodes a message of a body, or of a part of it.
    pub(crate) fn decode_item<M: Message>(&self, data: Bytes) -> Result<M> {
        match &self.binding {
            None => self.decode(data),
            Some(binding) => binding.message(data, self),
        }
    }

    /// Reads a body that is one message, and decompresses it.
    async fn read_bare(&self, body: &mut Body) -> Result<Bytes> {
        let (limit, encoding) = (self.settings.max_message, self.encodings.request);
        let data = read_whole(body, compression::longest(encoding, limit)).await?;
        compression::decompress(encoding, data, limit)
    }

    /// Connect knows no status of its own for a body that is too large.
    fn own_status(&self, error: Error) -> Error {
        match self.connect && error.code() == Code::ResourceExhausted {
            true => error.with_http_status(0),
            false => error,
        }
    }

    fn decoder(&self) -> frame::Decoder {
        frame::Decoder::new(self.settings.max_message, self.encodings.request)
    }

    pub(crate) fn read_many<M: Message>(&self, body: Body) -> Result<Streaming<M>> {
        match self.framing {
            Framing::Lines => return lines::read(body, self.clone()),
            Framing::Upload => return Ok(upload::messages(body, self)),
            Framing::Grpc | Framing::Connect | Framing::Bare => {}
        }
        Ok(Streaming::new(Requests {
            body,
            decoder: self.decoder(),
            wire: self.clone(),
            done: false,
            messages: std::marker::PhantomData,
        }))
    }

    fn decode<M: Message>(&self, data: Bytes) -> Result<M> {
        match self.codec {
            Codec::Proto => proto::decode(data, self.bad_request()),
            Codec::Json => self
                .settings
                .json
                .from_slice(&data)
                .map_err(|error| Error::bare(Code::InvalidArgument, error.to_string())),
        }
    }

    /// gRPC calls undecodable bytes an internal error, HTTP the caller's fault.
    fn bad_request(&self) -> Code {
        match self.framing {
            Framing::Grpc => Code::Internal,
            Framing::Connect | Framing::Bare | Framing::Lines | Framing::Upload => {
                Code::InvalidArgument
            }
        }
    }

    /// The field of the reply that is the body: empty for the whole.
    fn response_field(&self) -> &'static str {
        let binding = self.binding.as_ref();
        binding.map_or("", |binding| binding.route.response_field())
    }

    /// Encodes the reply of a call that has one.
    pub(crate) fn reply<M: Message>(&self, reply: M) -> Result<ReplyKind> {
        match &self.binding {
            None => self.encode(&reply).map(ReplyKind::Message),
            Some(binding) => binding.reply(reply, self),
        }
    }

    /// Encodes the replies of a call that streams them.
    pub(crate) async fn replies<M: Message>(self, replies: Streaming<M>) -> Result<ReplyKind> {
        match &self.binding {
            Some(binding) if binding.route.is_raw_response() => {
                let raw = webapi::http_body::pieces(replies, binding.route).await?;
                Ok(ReplyKind::Raw(Box::new(raw)))
            }
            _ => Ok(ReplyKind::Stream(self.encode_stream(replies))),
        }
    }

    pub(crate) fn encode<M: Message>(&self, message: &M) -> Result<Bytes> {
        match (self.form, self.reply_codec) {
            (Form::Grpc(_) | Form::GrpcWeb(_) | Form::Connect, codec) => {
                self.encode_frame(codec, message)
            }
            (Form::Bare | Form::Raw, Codec::Proto) => {
                Ok(Bytes::from(proto::encode_after(0, message)))
            }
            (Form::Bare | Form::Raw, Codec::Json) => Ok(Bytes::from(
                self.settings.json.document(self.json(message)?),
            )),
            // There is no other codec for these.
            (Form::Lines, _) => Ok(lines::reply(&self.json(message)?)),
            (Form::Events, _) => Ok(events::reply(&self.json(message)?)),
            (Form::Array, _) => Ok(array::reply(&self.json(message)?)),
        }
    }

    fn encode_frame<M: Message>(&self, codec: Codec, message: &M) -> Result<Bytes> {
        let encoding = self.encodings.reply;
        match codec {
            Codec::Proto if encoding == Encoding::Identity => frame::encode(message),
            Codec::Proto => frame::pack(encoding, &proto::encode_after(0, message)),
            Codec::Json => frame::pack(encoding, &self.json(message)?),
        }
    }

    /// A reply in one line of JSON: the message, or the field of it that the route sends.
    fn json<M: Message>(&self, message: &M) -> Result<Vec<u8>> {
        let options = &self.settings.json;
        let json = match self.response_field() {
            "" => options.to_line(message),
            field => options.field_to_vec(message, field),
        };
        json.map_err(|error| Error::bare(Code::Internal, error.to_string()))
    }

    fn encode_stream<M: Message>(self, replies: Streaming<M>) -> EncodedStream {
        Box::pin(Replies {
            replies,
            wire: self,
        })
    }
}

/// Reads a body that is one message.
async fn read_whole(body: &mut Body, limit: usize) -> Result<Bytes> {
    let declared = http_body::Body::size_hint(body).lower();
    if declared > limit as u64 {
        return Err(too_large(limit));
    }
    let mut whole = Bytes::new();
    let mut joined = bytes::BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data.map_err(|error| frame::body_error(&error))?;
        if whole.len() + joined.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        if whole.is_empty() && joined.is_empty() {
            whole = data;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut whole));
            joined.extend_from_slice(&data);
        }
        if http_body::Body::is_end_stream(body) {
            break;
        }
    }
    Ok(if joined.is_empty() {
        whole
    } else {
        joined.freeze()
    })
}

fn too_large(limit: usize) -> Error {
    Error::bare(
        Code::ResourceExhausted,
        format!("request body is over the limit of {limit} bytes"),
    )
    .with_http_status(413)
}

/// The messages of a request body.
struct Requests<M> {
    body: Body,
    decoder: frame::Decoder,
    wire: Wire,
    done: bool,
    messages: std::marker::PhantomData<fn() -> M>,
}

impl<M: Message> Requests<M> {
    fn poll_message(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<M>>> {
        loop {
            match self.decoder.next() {
                Ok(Some(data)) => return Poll::Ready(Some(self.wire.decode(data))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match ready!(self.body.poll_data(cx)) {
                Some(Ok(data)) => self.decoder.push(data),
                Some(Err(error)) => return Poll::Ready(Some(Err(frame::body_error(&error)))),
                None if self.decoder.is_empty() => return Poll::Ready(None),
                None => return Poll::Ready(Some(Err(frame::truncated()))),
            }
        }
    }
}

impl<M: Message> Stream for Requests<M> {
    type Item = Result<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        let item = ready!(self.poll_message(cx));
        // After an error the bytes that follow mean nothing.
        self.done = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

/// The replies of a handler, encoded one by one.
struct Replies<M> {
    replies: Streaming<M>,
    wire: Wire,
}

impl<M: Message> Stream for Replies<M> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.replies).poll_next(cx));
        Poll::Ready(item.map(|message| self.wire.encode(&message?)))
    }
}
