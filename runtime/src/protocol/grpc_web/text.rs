//! Bodies in base64: `application/grpc-web-text`.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use http_body::Frame;

use crate::base64;
use crate::body::{Body, BoxError};
use crate::error::{Code, Error, Result};

/// Decodes base64 that comes in pieces. There may be padding within, where a piece of the sender ended.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Digits of a group of four that is not complete.
    rest: Vec<u8>,
}

impl Decoder {
    /// Decodes the groups that are complete with `piece`.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] for anything but base64.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<u8>> {
        // Either alphabet, and both: whether they mix must not depend on how the body is cut.
        self.rest.extend(piece.iter().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        }));
        let whole = self.rest.len() / 4 * 4;
        let (mut out, mut from) = (Vec::with_capacity(whole / 4 * 3), 0);
        while from < whole {
            let text = &self.rest[from..whole];
            let padding = text.iter().position(|byte| *byte == b'=');
            let end = padding.map_or(text.len(), |at| (at / 4 + 1) * 4);
            out.extend_from_slice(&decode(&text[..end])?);
            from += end;
        }
        self.rest.drain(..whole);
        Ok(out)
    }

    /// Decodes what is left, whose padding may be missing.
    ///
    /// # Errors
    /// As [`Decoder::push`].
    pub(crate) fn end(&mut self) -> Result<Vec<u8>> {
        decode(&std::mem::take(&mut self.rest))
    }
}

fn decode(text: &[u8]) -> Result<Vec<u8>> {
    base64::decode(text)
        .ok_or_else(|| Error::bare(Code::InvalidArgument, "the request's body is not base64"))
}

/// A body that is decoded while it is read.
pub(crate) struct Decoded {
    body: Body,
    decoder: Decoder,
    ended: bool,
}

impl Decoded {
    /// Reads `body` as base64.
    pub(crate) fn body(body: Body) -> Body {
        Body::new(Self {
            body,
            decoder: Decoder::default(),
            ended: false,
        })
    }
}

impl http_body::Body for Decoded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while !self.ended {
            let decoded = match ready!(self.body.poll_data(cx)) {
                Some(Ok(piece)) => self.decoder.push(&piece),
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.ended = true;
                    self.decoder.end()
                }
            };
            self.ended |= decoded.is_err();
            match decoded {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Poll::Ready(Some(Ok(Frame::data(data.into())))),
                Err(error) => return Poll::Ready(Some(Err(error.into_std().into()))),
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64::Form;

    fn read(text: &[u8], size: usize) -> Result<Vec<u8>, Code> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for piece in text.chunks(size) {
            out.extend(decoder.push(piece).map_err(|error| error.code())?);
        }
        out.extend(decoder.end().map_err(|error| error.code())?);
        Ok(out)
    }

    #[test]
    fn padding_may_stand_within_and_be_missing_at_the_end() {
        let parts = ["a", "bc", "def", "ghij", "klmno"];
        let encoded = |form| {
            let parts = parts.map(|part| base64::encode(part.as_bytes(), form));
            parts.concat().into_bytes()
        };
        let mut text = encoded(Form::Standard);
        for size in 1..=text.len() {
            assert_eq!(read(&text, size), Ok(parts.concat().into_bytes()));
        }
        assert_eq!(text.pop(), Some(b'='));
        assert_eq!(read(&text, 5), Ok(parts.concat().into_bytes()));
        assert_eq!(read(b"", 1), Ok(vec![]));
        for bad in ["A", "AA=", "A===", "====", "AAAA=", "AA A", "é"] {
            for size in [1, 100] {
                let found = read(bad.as_bytes(), size);
                assert_eq!(found, Err(Code::InvalidArgument), "{bad}");
            }
        }
    }
}
