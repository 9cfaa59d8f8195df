//! An upload as a stream of messages: first what is known before the file, then the file in chunks.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::content::Content;
use super::fields::Part;
use super::input::Input;
use super::shape::Shaped;
use super::{Kind, decoded, exhausted};
use crate::body::Body;
use crate::codec::Message;
use crate::error::{Code, Error, Result};
use crate::protocol::compression::Encoding;
use crate::protocol::webapi::multipart::{Event, PartHead};
use crate::protocol::wire::Wire;
use crate::stream::Streaming;

/// The longest chunk, in bytes.
const CHUNK: usize = 64 << 10;

/// Makes messages of a form or of a raw body, as their reader asks for them: nothing is read ahead.
pub(crate) fn messages<M: Message>(body: Body, wire: &Wire) -> Streaming<M> {
    let upload = wire.upload.as_deref();
    let Some((upload, shape)) = upload.and_then(|upload| Some((upload, upload.into?))) else {
        // Told apart when the request was let in.
        return Streaming::empty();
    };
    let size = match upload.kind {
        Kind::Raw { .. } => http_body::Body::size_hint(&body).exact(),
        Kind::Form { .. } => None,
    };
    let (body, failed) = match decoded(body, wire, &upload.bounds) {
        Ok(body) => (body, None),
        Err(error) => (Body::empty(), Some(error)),
    };
    let size = size.filter(|_| wire.encodings.request == Encoding::Identity);
    Streaming::new(Messages {
        input: Input::new(body, upload),
        shaped: Shaped::new(shape, wire.clone(), size),
        parts: Vec::new(),
        held: 0,
        state: State::Between,
        opened: false,
        content: Content::default(),
        rest: Bytes::new(),
        waited: false,
        failed,
    })
}

/// The messages of one upload.
struct Messages<M> {
    input: Input,
    shaped: Shaped<M>,
    /// The fields that came before the file.
    parts: Vec<Part>,
    /// How many bytes they have.
    held: usize,
    state: State,
    /// The first message is out.
    opened: bool,
    /// Of the field under way; or of the chunk.
    content: Content,
    /// What of the file has come and is in no chunk yet.
    rest: Bytes,
    /// The chunk has been held back once for more to come.
    waited: bool,
    /// What goes out when the chunk before it is out.
    failed: Option<Error>,
}

#[derive(Debug)]
enum State {
    /// Between parts.
    Between,
    Field(PartHead),
    /// In a file without a name: if it is empty too, there is none.
    Unnamed(PartHead),
    File,
    /// Nothing follows.
    Over,
}

impl<M: Message> Messages<M> {
    fn poll_message(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Option<M>>> {
        loop {
            if let Some(chunk) = self.whole_chunk() {
                return Poll::Ready(self.shaped.chunk(chunk).map(Some));
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            if matches!(self.state, State::Over) {
                return Poll::Ready(Ok(None));
            }
            let message = match self.input.poll_event(cx) {
                Poll::Ready(Ok(event)) => self.event(event)?,
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    self.last_chunk()?
                }
                Poll::Pending if self.content.len() > 0 && !self.waited => {
                    // The connection may have more for the chunk if it gets its turn.
                    self.waited = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // What has come is not held back for what may be long in coming.
                Poll::Pending => match self.last_chunk()? {
                    None => return Poll::Pending,
                    some => some,
                },
            };
            self.waited = false;
            if message.is_some() {
                return Poll::Ready(Ok(message));
            }
        }
    }

    /// Takes a chunk of full length, if there is one.
    fn whole_chunk(&mut self) -> Option<Bytes> {
        // Of a field the content may be longer than any chunk.
        if !matches!(self.state, State::File) {
            return None;
        }
        if self.content.len() == 0 && self.rest.len() >= CHUNK {
            return Some(self.rest.split_to(CHUNK));
        }
        let room = CHUNK - self.content.len();
        let piece = self.rest.split_to(room.min(self.rest.len()));
        if !piece.is_empty() {
            let more = room - piece.len();
            self.content.push(piece, more as u64);
        }
        (self.content.len() == CHUNK).then(|| self.content.take())
    }

    /// Takes what there is of a chunk.
    fn last_chunk(&mut self) -> Result<Option<M>> {
        if !matches!(self.state, State::File) || self.content.len() == 0 {
            return Ok(None);
        }
        let chunk = self.content.take();
        self.shaped.chunk(chunk).map(Some)
    }

    /// Takes an event; returns the message it completes.
    fn event(&mut self, event: Event) -> Result<Option<M>> {
        match (event, std::mem::replace(&mut self.state, State::Between)) {
            (Event::Part(head), _) => self.begin(head),
            (Event::Data(data), State::Field(head)) => {
                self.hold(data)?;
                self.state = State::Field(head);
                Ok(None)
            }
            (Event::PartEnd, State::Field(head)) => {
                let data = self.content.take();
                let part = Part { head, data };
                if !part.is_void()? {
                    self.parts.push(part);
                }
                Ok(None)
            }
            (Event::Data(data), State::Unnamed(head)) => {
                self.rest = data;
                self.open(&head).map(Some)
            }
            (Event::Data(data), _) => {
                self.state = State::File;
                self.rest = data;
                Ok(None)
            }
            (Event::PartEnd, State::File) => {
                self.state = State::File;
                let chunk = self.last_chunk();
                self.state = State::Between;
                chunk
            }
            (Event::PartEnd, _) => Ok(None),
            (Event::End, _) => {
                self.state = State::Over;
                match self.opened {
                    true => Ok(None),
                    false => self.shaped.first(&self.parts, None).map(Some),
                }
            }
        }
    }

    /// Begins a part.
    fn begin(&mut self, head: PartHead) -> Result<Option<M>> {
        let is_file = head.is_file() || self.shaped.is_chunk(&head.name);
        if is_file && head.unnamed {
            self.state = State::Unnamed(head);
            return Ok(None);
        }
        if is_file {
            return self.open(&head).map(Some);
        }
        if self.opened {
            let message = format!(
                "part {:?} comes after the file: fields come first, so that they are known when the file is read",
                head.name
            );
            return Err(Error::bare(Code::InvalidArgument, message));
        }
        self.state = State::Field(head);
        Ok(None)
    }

    /// Begins a file.
    fn open(&mut self, head: &PartHead) -> Result<M> {
        if self.opened && !self.shaped.many {
            let message = "a second file in a stream that takes one";
            return Err(Error::bare(Code::InvalidArgument, message));
        }
        self.opened = true;
        self.state = State::File;
        self.shaped.first(&self.parts, Some(head))
    }

    /// Adds to a field; together they may be as long as a message.
    fn hold(&mut self, data: Bytes) -> Result<()> {
        self.held += data.len();
        let limit = self.shaped.longest_message();
        if self.held > limit {
            let message = format!("the fields before the file are over the limit of {limit} bytes");
            return Err(exhausted(message));
        }
        self.content.push(data, (limit - self.held) as u64);
        Ok(())
    }
}

impl<M: Message> Stream for Messages<M> {
    type Item = Result<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let message = ready!(self.poll_message(cx));
        if message.is_err() {
            self.state = State::Over;
            self.rest = Bytes::new();
        }
        Poll::Ready(message.transpose())
    }
}
