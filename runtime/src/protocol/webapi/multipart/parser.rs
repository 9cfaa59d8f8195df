//! Takes a form apart: bytes of the body in, events out.

use bytes::{Buf, Bytes};

use super::delimiter::{Delimiter, Found};
use super::head::HeadReader;
use super::{PartHead, malformed, too_much};
use crate::error::Result;

/// What comes next in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A part begins.
    Part(PartHead),
    /// Content of the part: a slice of a piece that was pushed, never empty.
    Data(Bytes),
    /// The part is over.
    PartEnd,
    /// The form is over; nothing follows.
    End,
}

/// Takes a form apart, wherever the cuts between pieces fall. Holds one piece, one header block, one delimiter line.
#[derive(Debug)]
pub(crate) struct Parser {
    delimiter: Delimiter,
    state: State,
    /// What was pushed last and is not used up.
    piece: Bytes,
    /// No more pieces come.
    finished: bool,
    head: HeadReader,
    /// What follows the boundary on its line.
    tail: Vec<u8>,
    parts: usize,
    max_parts: usize,
    /// Inside a part: what is no delimiter is content.
    in_part: bool,
    /// Found with the event before it.
    next: Option<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Looking for the next delimiter.
    Search,
    /// Behind a boundary, on its line.
    Tail,
    /// In the header block of a part.
    Head,
    /// Behind the last delimiter, which nobody was told yet.
    Over,
    /// What follows it means nothing.
    Epilogue,
}

/// The most bytes between a boundary and the end of its line.
const MAX_TAIL: usize = 128;

impl Parser {
    /// Makes a parser of a form with this boundary, as [`boundary`](super::boundary) reads it, of at most `max_parts` parts.
    pub(crate) fn new(boundary: &str, max_parts: usize) -> Self {
        Self {
            delimiter: Delimiter::new(boundary),
            state: State::Search,
            piece: Bytes::new(),
            finished: false,
            head: HeadReader::default(),
            tail: Vec::new(),
            parts: 0,
            max_parts,
            in_part: false,
            next: None,
        }
    }

    /// Adds a piece of the body; all events of the one before must have been taken.
    pub(crate) fn push(&mut self, piece: Bytes) {
        debug_assert!(self.piece.is_empty(), "events of the last piece are left");
        self.piece = piece;
    }

    /// Says that the body is over.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// Returns whether the body is over.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Takes the next event; `None` if it needs another piece, or after [`Event::End`].
    ///
    /// # Errors
    /// HTTP status 400 for a body that is no form or breaks off, 413 over a bound; nothing follows it.
    pub(crate) fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.next.take() {
                return Ok(Some(event));
            }
            match (self.state, self.piece.is_empty()) {
                (State::Over, _) => {
                    self.state = State::Epilogue;
                    return Ok(Some(Event::End));
                }
                (State::Epilogue, _) => {
                    self.piece.clear();
                    return Ok(None);
                }
                (_, true) if !self.finished => return Ok(None),
                (_, true) => self.break_off()?,
                (State::Search, _) => self.search(),
                (State::Tail, _) => self.tail()?,
                (State::Head, _) => self.head()?,
            }
        }
    }

    /// Goes on to the next delimiter or the end of the piece.
    fn search(&mut self) {
        let (data, found) = self.delimiter.search(&mut self.piece);
        if found == Found::Whole {
            self.state = State::Tail;
        }
        self.data(data.unwrap_or_default());
    }

    /// Tells of content; the preamble is none.
    fn data(&mut self, data: Bytes) {
        if self.in_part && !data.is_empty() {
            self.next = Some(Event::Data(data));
        }
    }

    /// Reads on behind a boundary: `--` after the last, then white space and a line end.
    fn tail(&mut self) -> Result<()> {
        while let Some(&byte) = self.piece.first() {
            if !continues(&self.tail, byte) {
                self.not_a_delimiter();
                return Ok(());
            }
            self.piece.advance(1);
            self.tail.push(byte);
            if byte == b'\n' {
                return self.delimited();
            }
        }
        Ok(())
    }

    /// Takes a boundary that is not alone on its line for content.
    fn not_a_delimiter(&mut self) {
        self.state = State::Search;
        let held = self.delimiter.restart();
        let tail = std::mem::take(&mut self.tail);
        match tail.is_empty() {
            true => self.data(held),
            false => self.data(Bytes::from([&held, tail.as_slice()].concat())),
        }
    }

    /// Ends the part before a delimiter line, and begins the next.
    fn delimited(&mut self) -> Result<()> {
        if std::mem::take(&mut self.in_part) {
            self.next = Some(Event::PartEnd);
        }
        let last = self.tail.starts_with(b"--");
        self.delimiter.next_part(self.tail.ends_with(b"\r\n"));
        self.tail.clear();
        if last {
            self.state = State::Over;
            return Ok(());
        }
        self.state = State::Head;
        self.parts += 1;
        if self.parts > self.max_parts {
            return Err(too_much(format!("more than {} parts", self.max_parts)));
        }
        Ok(())
    }

    /// Reads on in a header block.
    fn head(&mut self) -> Result<()> {
        while !self.piece.is_empty() {
            let taken = self.head.take(&self.piece)?;
            self.piece.advance(taken);
            if let Some(head) = self.head.line()? {
                self.in_part = true;
                self.state = State::Search;
                self.next = Some(Event::Part(head));
                break;
            }
        }
        Ok(())
    }

    /// Deals with the end of the body: after the last delimiter no line end need follow.
    fn break_off(&mut self) -> Result<()> {
        match self.state {
            State::Tail if self.tail.starts_with(b"--") => self.delimited(),
            State::Search | State::Tail if self.parts == 0 => {
                Err(malformed("the boundary of Content-Type is not in the body"))
            }
            _ => Err(malformed("the body ends before the final boundary")),
        }
    }
}

/// Whether a byte may follow `tail` on the line of a boundary: `--` of the last one, white space, CR, LF.
fn continues(tail: &[u8], byte: u8) -> bool {
    if tail.len() >= MAX_TAIL {
        return false;
    }
    match (tail, byte) {
        ([] | [b'-'], b'-') => true,
        // One hyphen begins two; LF alone may follow CR.
        ([b'-'], _) => false,
        (_, b'\n') => true,
        ([.., b'\r'], _) => false,
        (_, b' ' | b'\t' | b'\r') => true,
        _ => false,
    }
}
