//! Many messages in a body of JSON. Requests: one a line, one behind the other, or the items of an array. Replies: a line
//! `{"result":..}` each, as grpc-gateway has it.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use futures_core::Stream;

use crate::body::Body;
use crate::codec::Message;
use crate::error::{Code, Error, Result};
use crate::protocol::compression::Encoding;
use crate::protocol::grpc::frame::body_error;
use crate::protocol::wire::Wire;
use crate::stream::Streaming;

/// Writes one message of a reply.
pub(crate) fn reply(json: &[u8]) -> Bytes {
    Bytes::from([b"{\"result\":", json, b"}\n"].concat())
}

/// Writes the end of a reply that went wrong: `{"error":..}`.
pub(crate) fn error(mut object: Vec<u8>) -> Bytes {
    object.push(b'\n');
    Bytes::from(object)
}

/// Cuts a body into its JSON values. What is inside a value is for its reader to judge.
#[derive(Debug)]
pub(crate) struct Splitter {
    /// The longest value, in bytes.
    limit: usize,
    /// Starts with the value under way, if there is one.
    buffer: BytesMut,
    place: Place,
    /// How many bytes of the value under way have been looked at.
    seen: usize,
    /// Objects and arrays open in it.
    depth: usize,
    text: Text,
    /// Values begun so far.
    items: u64,
}

/// Where in the body the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before everything.
    Start,
    /// Between values that are no items of an array.
    Between,
    /// Behind `[`.
    Opened,
    /// Behind the comma between two items.
    Comma,
    /// Behind an item.
    Behind,
    /// Behind `]`.
    Closed,
    /// In a value.
    Inside {
        /// That is an item.
        item: bool,
    },
}

/// Whether the next byte stands in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    /// Behind a backslash.
    Escaped,
}

impl Splitter {
    /// Makes a splitter that refuses values longer than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: BytesMut::new(),
            place: Place::Start,
            seen: 0,
            depth: 0,
            text: Text::Outside,
            items: 0,
        }
    }

    /// Adds a piece of the body; all values of those before should have been taken.
    pub(crate) fn push(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// How many values have begun.
    pub(crate) fn items(&self) -> u64 {
        self.items
    }

    /// Takes the next whole value, or says that more data is needed.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] for what cannot be a sequence of values, [`Code::ResourceExhausted`] over the limit.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Place::Inside { item } = self.place {
                return self.rest_of_value(item);
            }
            let space = self.buffer.iter().take_while(|b| is_space(**b)).count();
            self.buffer.advance(space);
            let Some(&byte) = self.buffer.first() else {
                return Ok(None);
            };
            self.place = match (self.place, byte) {
                (Place::Start, b'[') => Place::Opened,
                (Place::Behind, b',') => Place::Comma,
                (Place::Behind | Place::Opened, b']') => Place::Closed,
                (Place::Behind, _) => return Err(self.bad("is not followed by `,` or `]`")),
                (Place::Closed, _) => return Err(self.bad("was the last: the array has ended")),
                (place, _) => {
                    self.items += 1;
                    if matches!(byte, b',' | b':' | b']' | b'}') {
                        return Err(self.bad("does not start like a JSON value"));
                    }
                    let item = matches!(place, Place::Opened | Place::Comma);
                    self.place = Place::Inside { item };
                    continue;
                }
            };
            self.buffer.advance(1);
        }
    }

    fn rest_of_value(&mut self, item: bool) -> Result<Option<Bytes>> {
        let end = self.find_end();
        if end.unwrap_or(self.seen) > self.limit {
            return Err(self.too_large());
        }
        Ok(end.map(|length| self.take(length, item)))
    }

    fn take(&mut self, length: usize, item: bool) -> Bytes {
        self.place = match item {
            true => Place::Behind,
            false => Place::Between,
        };
        (self.seen, self.text) = (0, Text::Outside);
        self.buffer.split_to(length).freeze()
    }

    /// Looks on for the end of the value that the buffer starts with; returns its length.
    fn find_end(&mut self) -> Option<usize> {
        while let Some(&byte) = self.buffer.get(self.seen) {
            // Outside all brackets and quotes but behind the start: in a number or a word.
            let bare = self.depth == 0 && self.seen > 0;
            match (self.text, byte) {
                (Text::Escaped, _) => self.text = Text::Inside,
                (Text::Inside, b'\\') => self.text = Text::Escaped,
                (Text::Inside, b'"') => {
                    self.text = Text::Outside;
                    if self.depth == 0 {
                        return Some(self.seen + 1);
                    }
                }
                (Text::Inside, _) => {}
                (Text::Outside, b'"' | b'{' | b'[' | b'}' | b']' | b',' | b':') if bare => {
                    return Some(self.seen);
                }
                (Text::Outside, byte) if bare && is_space(byte) => return Some(self.seen),
                (Text::Outside, b'"') => self.text = Text::Inside,
                (Text::Outside, b'{' | b'[') => self.depth += 1,
                (Text::Outside, b'}' | b']') => {
                    // More were opened: a value does not start with these.
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(self.seen + 1);
                    }
                }
                (Text::Outside, _) => {}
            }
            self.seen += 1;
        }
        None
    }

    /// Takes what is left at the end of the body: a number or word that nothing needs to follow.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] if the body ends too early.
    pub(crate) fn finish(&mut self) -> Result<Option<Bytes>> {
        match self.place {
            Place::Start | Place::Between | Place::Closed => Ok(None),
            Place::Inside { item: false } if self.depth == 0 && self.text == Text::Outside => {
                Ok(Some(self.take(self.seen, false)))
            }
            Place::Inside { .. } => {
                Err(self.bad("is cut short: the body ends in the middle of it"))
            }
            Place::Opened | Place::Comma | Place::Behind => Err(Error::bare(
                Code::InvalidArgument,
                "the request body ends before the `]` of its array",
            )),
        }
    }

    fn bad(&self, what: &str) -> Error {
        Error::bare(
            Code::InvalidArgument,
            format!("item {} of the request body {what}", self.items),
        )
    }

    fn too_large(&self) -> Error {
        let (item, limit) = (self.items, self.limit);
        Error::bare(
            Code::ResourceExhausted,
            format!("item {item} of the request body is over the limit of {limit} bytes"),
        )
        .with_http_status(413)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Reads the messages of a body as the handler asks for them.
pub(crate) fn read<M: Message>(body: Body, wire: Wire) -> Result<Streaming<M>> {
    let encoding = wire.encodings.request;
    let body = if encoding == Encoding::Identity {
        body
    } else {
        // Each item has a limit, all of them together have none.
        body.decoded(encoding, usize::MAX)?
    };
    Ok(Streaming::new(Requests {
        body,
        splitter: Splitter::new(wire.settings.max_message),
        wire,
        done: false,
        messages: PhantomData,
    }))
}

struct Requests<M> {
    body: Body,
    splitter: Splitter,
    wire: Wire,
    done: bool,
    messages: PhantomData<fn() -> M>,
}

impl<M: Message> Requests<M> {
    fn poll_message(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<M>>> {
        loop {
            match self.splitter.next() {
                Ok(Some(value)) => return Poll::Ready(Some(self.decode(value))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match ready!(self.body.poll_data(cx)) {
                Some(Ok(data)) => self.splitter.push(&data),
                Some(Err(error)) => return Poll::Ready(Some(Err(body_error(&error)))),
                None => {
                    let last = self.splitter.finish().transpose();
                    return Poll::Ready(last.map(|value| self.decode(value?)));
                }
            }
        }
    }

    fn decode(&self, value: Bytes) -> Result<M> {
        self.wire.decode_item(value).map_err(|error| {
            let item = self.splitter.items();
            let text = format!("item {item} of the request body: {}", error.message());
            Error::bare(error.code(), text)
        })
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

#[cfg(test)]
mod tests;
