//! A compressed body that is read as it comes.

use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;

use super::inflate::Inflate;
use super::{Encoding, too_large};
use crate::body::{Body, BoxError};
use crate::error::{Error, Result};

/// What is decompressed at a time, so that a small piece cannot turn into a large one.
const PIECE: usize = 16 << 10;

/// The data of a compressed body.
pub(crate) struct Decoded {
    body: Body,
    inflate: Inflate,
    /// Bytes that may still come out.
    left: usize,
    limit: usize,
    ended: bool,
}

impl Decoded {
    /// Reads `body`, of which at most `limit` bytes may come out.
    ///
    /// # Errors
    /// As [`Inflate::new`].
    pub(crate) fn new(body: Body, encoding: Encoding, limit: usize) -> Result<Self> {
        Ok(Self {
            body,
            inflate: Inflate::new(encoding)?,
            left: limit,
            limit,
            ended: false,
        })
    }

    /// Whether all of it has been read.
    pub(crate) fn is_end(&self) -> bool {
        self.ended
    }

    /// The next piece; after an error comes the end.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = ready!(self.poll_piece(cx)).transpose();
        self.ended = !matches!(piece, Some(Ok(_)));
        Poll::Ready(piece)
    }

    fn poll_piece(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Option<Bytes>, BoxError>> {
        let boxed = |error: Error| -> BoxError { error.into_std().into() };
        loop {
            if let Some(piece) = self.inflate_piece().map_err(boxed)? {
                return Poll::Ready(Ok((!piece.is_empty()).then(|| piece.into())));
            }
            match ready!(self.body.poll_data(cx)) {
                Some(data) => self.inflate.push(data?),
                None => self.inflate.end(),
            }
        }
    }

    /// What comes out of the input at hand, empty at the end; `None` if more input is needed.
    fn inflate_piece(&mut self) -> Result<Option<Vec<u8>>> {
        // One byte over what is left tells the end from too much.
        let mut piece = vec![0; PIECE.min(self.left.saturating_add(1))];
        let Some(read) = self.inflate.read(&mut piece)? else {
            return Ok(None);
        };
        if read > self.left {
            return Err(too_large(self.limit));
        }
        self.left -= read;
        piece.truncate(read);
        Ok(Some(piece))
    }
}
