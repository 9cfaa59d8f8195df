//! The events of an upload, be it a form or a raw body, which is a form of one file.

use std::task::{Context as TaskContext, Poll, ready};

use super::form::Form;
use super::source::Source;
use super::{Kind, Upload};
use crate::body::Body;
use crate::error::Result;
use crate::protocol::webapi::multipart::{Event, PartHead};

/// Where events come from.
#[derive(Debug)]
pub(super) enum Input {
    Form(Box<Form>),
    Raw(Box<Raw>),
}

/// A body that is the file.
#[derive(Debug)]
pub(super) struct Raw {
    source: Source,
    /// Not told yet.
    head: Option<PartHead>,
    over: bool,
}

impl Input {
    pub(super) fn new(body: Body, upload: &Upload) -> Self {
        match &upload.kind {
            Kind::Form { boundary } => {
                Self::Form(Box::new(Form::new(body, boundary, upload.bounds)))
            }
            Kind::Raw {
                content_type,
                filename,
            } => Self::Raw(Box::new(Raw {
                source: Source::new(body, &upload.bounds),
                head: Some(PartHead::file(filename.clone(), content_type.clone())),
                over: false,
            })),
        }
    }

    /// Takes the next event; [`Event::End`] again and again at the end.
    ///
    /// # Errors
    /// As [`Form::poll_event`].
    pub(super) fn poll_event(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Event>> {
        let raw = match self {
            Self::Form(form) => return form.poll_event(cx),
            Self::Raw(raw) => raw,
        };
        if let Some(head) = raw.head.take() {
            return Poll::Ready(Ok(Event::Part(head)));
        }
        if raw.over {
            return Poll::Ready(Ok(Event::End));
        }
        Poll::Ready(match ready!(raw.source.poll_piece(cx)) {
            Ok(Some(piece)) => Ok(Event::Data(piece)),
            Ok(None) => {
                raw.over = true;
                Ok(Event::PartEnd)
            }
            Err(error) => Err(error),
        })
    }
}
