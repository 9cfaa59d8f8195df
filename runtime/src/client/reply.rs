//! What a gRPC server answers: head, messages, status.

use std::future::poll_fn;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};

use super::exchange::transport_error;
use crate::error::{Code, Error, Result};
use crate::protocol::compression::Encoding;
use crate::protocol::content_type::ContentType;
use crate::protocol::grpc::frame::{self, Decoder};
use crate::protocol::grpc::status;
use crate::protocol::headers::GRPC_ENCODING;

/// The messages of a response, then its status.
pub(super) struct Incoming {
    /// The headers, among them the status if there is nothing else.
    pub(super) headers: HeaderMap,
    pub(super) trailers: Option<HeaderMap>,
    /// Whether the connection has broken in the middle.
    pub(super) broken: bool,
    body: RecvStream,
    decoder: Decoder,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Messages,
    Trailers,
    Ended,
}

impl Incoming {
    /// Takes a response whose head has arrived.
    ///
    /// # Errors
    /// If it is not gRPC's, or is the whole answer and an error; the headers then stand for trailers.
    pub(super) fn new(
        response: Response<RecvStream>,
        max_message: usize,
    ) -> Result<Self, (Error, HeaderMap)> {
        let (head, body) = response.into_parts();
        let ended = body.is_end_stream();
        let mut checked = check_head(head.status, &head.headers);
        if ended && checked.is_ok() {
            checked = outcome(None, &head.headers);
        }
        match checked.and_then(|()| message_encoding(&head.headers)) {
            Ok(encoding) => Ok(Self {
                headers: head.headers,
                trailers: None,
                broken: false,
                body,
                decoder: Decoder::new(max_message, encoding),
                stage: if ended { Stage::Ended } else { Stage::Messages },
            }),
            Err(error) => Err((error, head.headers)),
        }
    }

    /// Takes the next message; at the end the status has been checked.
    pub(super) fn poll_next(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        let next = match self.stage {
            Stage::Messages => ready!(self.poll_message(cx)),
            Stage::Trailers => None,
            Stage::Ended => return Poll::Ready(None),
        };
        match next {
            Some(Ok(message)) => Poll::Ready(Some(Ok(message))),
            Some(Err(error)) => {
                self.stage = Stage::Ended;
                Poll::Ready(Some(Err(error)))
            }
            None => {
                self.stage = Stage::Trailers;
                let end = ready!(self.poll_end(cx));
                self.stage = Stage::Ended;
                Poll::Ready(end.err().map(Err))
            }
        }
    }

    fn poll_message(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            match self.decoder.next() {
                Ok(None) => {}
                Ok(Some(message)) => return Poll::Ready(Some(Ok(message))),
                // A reply that cannot be read is no fault of the caller's.
                Err(error) if error.code() == Code::InvalidArgument => {
                    return Poll::Ready(Some(Err(error.with_code(Code::Internal).inside())));
                }
                Err(error) => return Poll::Ready(Some(Err(error.inside()))),
            }
            match ready!(self.body.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Fails only for more than was received.
                    let _ = self.body.flow_control().release_capacity(data.len());
                    self.decoder.push(data);
                }
                Some(Err(error)) => {
                    self.broken = !error.is_reset();
                    return Poll::Ready(Some(Err(transport_error(&error))));
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn poll_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<()>> {
        match ready!(self.body.poll_trailers(cx)) {
            Ok(trailers) => self.trailers = trailers,
            Err(error) => {
                self.broken = !error.is_reset();
                return Poll::Ready(Err(transport_error(&error)));
            }
        }
        outcome(self.trailers.as_ref(), &self.headers)?;
        Poll::Ready(match self.decoder.is_empty() {
            true => Ok(()),
            false => Err(frame::truncated().inside()),
        })
    }

    /// Reads the one message of a reply.
    ///
    /// # Errors
    /// The server's, or [`Code::Internal`] for any other number of messages.
    pub(super) async fn one(&mut self) -> Result<Bytes> {
        let Some(message) = poll_fn(|cx| self.poll_next(cx)).await.transpose()? else {
            return Err(Error::bare(Code::Internal, "reply without a message").inside());
        };
        match poll_fn(|cx| self.poll_next(cx)).await.transpose()? {
            None => Ok(message),
            Some(_) => {
                let text = "reply of more than one message";
                Err(Error::bare(Code::Internal, text).inside())
            }
        }
    }
}

/// Checks that somebody answers who speaks gRPC.
fn check_head(status: StatusCode, headers: &HeaderMap) -> Result<()> {
    let content_type = headers.get(CONTENT_TYPE);
    let is_grpc = content_type
        .is_some_and(|value| matches!(ContentType::parse(value.as_bytes()), ContentType::Grpc(_)));
    // A gRPC server's own word counts more than the HTTP status a proxy may have put on it.
    if is_grpc && (status == StatusCode::OK || status::read(headers).is_some()) {
        return Ok(());
    }
    let shown = content_type.map_or("none".into(), |value| {
        String::from_utf8_lossy(value.as_bytes())
    });
    let text = format!("not a gRPC response: HTTP status {status}, content type {shown}");
    Err(Error::bare(Code::from_http_status(status.as_u16()), text).inside())
}

/// How the replies are compressed.
fn message_encoding(headers: &HeaderMap) -> Result<Encoding> {
    let Some(name) = headers.get(GRPC_ENCODING) else {
        return Ok(Encoding::Identity);
    };
    Encoding::parse(name.as_bytes()).ok_or_else(|| {
        let name = String::from_utf8_lossy(name.as_bytes());
        let text = format!("reply in message encoding `{name}`, which this build does not have");
        Error::bare(Code::Internal, text).inside()
    })
}

/// Reads the status from the trailers, or from the headers where a server put it there.
fn outcome(trailers: Option<&HeaderMap>, headers: &HeaderMap) -> Result<()> {
    let said = trailers
        .and_then(status::read)
        .or_else(|| status::read(headers));
    said.unwrap_or_else(|| Err(Error::bare(Code::Unknown, "response without a status").inside()))
}
