//! The events of a form as its body comes, each part within its bound.

use std::task::{Context as TaskContext, Poll, ready};

use super::source::Source;
use super::{Bounds, too_large_part};
use crate::body::Body;
use crate::error::Result;
use crate::protocol::webapi::multipart::{Event, Parser, PartHead};

/// A form under way.
#[derive(Debug)]
pub(super) struct Form {
    source: Source,
    parser: Parser,
    bounds: Bounds,
    /// How many bytes the part under way has had.
    part: u64,
    /// How many it may have.
    limit: u64,
    name: String,
}

impl Form {
    pub(super) fn new(body: Body, boundary: &str, bounds: Bounds) -> Self {
        Self {
            source: Source::new(body, &bounds),
            parser: Parser::new(boundary, bounds.parts),
            bounds,
            part: 0,
            limit: 0,
            name: String::new(),
        }
    }

    /// How many bytes of the part under way may still come.
    pub(super) fn left(&self) -> u64 {
        self.source.left().min(self.limit - self.part)
    }

    /// Takes the next event; [`Event::End`] comes when the body is over, and again after that.
    ///
    /// # Errors
    /// Those of [`Parser`] and [`Source`]; HTTP status 413 for a part over its bound.
    pub(super) fn poll_event(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Event>> {
        loop {
            match self.parser.next()? {
                // To the end of the body, so that the connection can go on.
                None | Some(Event::End) => {}
                Some(event) => {
                    self.count(&event)?;
                    return Poll::Ready(Ok(event));
                }
            }
            if self.parser.is_finished() {
                return Poll::Ready(Ok(Event::End));
            }
            match ready!(self.source.poll_piece(cx))? {
                Some(piece) => self.parser.push(piece),
                None => self.parser.finish(),
            }
        }
    }

    fn count(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Part(head) => self.begin(head),
            Event::Data(data) => self.part += data.len() as u64,
            Event::PartEnd | Event::End => {}
        }
        if self.part > self.limit {
            return Err(too_large_part(&self.name, self.limit));
        }
        Ok(())
    }

    fn begin(&mut self, head: &PartHead) {
        self.name.clone_from(&head.name);
        self.part = 0;
        self.limit = match head.is_file() {
            true => self.bounds.file,
            false => self.bounds.field,
        };
    }
}
