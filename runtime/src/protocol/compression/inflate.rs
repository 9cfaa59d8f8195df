//! Decompression piece by piece, from whatever input is there.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};

use super::Encoding;
use crate::error::{Code, Error, Result};

/// Decompresses what is pushed.
pub(super) struct Inflate {
    decoder: Decoder,
}

/// A decoder of one encoding with its input. Never identity: nobody makes one for it.
enum Decoder {
    Identity(Feed),
    #[cfg(feature = "gzip")]
    Gzip(Box<flate2::bufread::MultiGzDecoder<Feed>>),
    #[cfg(feature = "zstd")]
    Zstd(Box<zstd::stream::read::Decoder<'static, Feed>>),
}

/// The largest window of a zstd frame, as a power of two: the 8 MiB that RFC 9659 lets senders use.
#[cfg(feature = "zstd")]
const WINDOW_LOG: u32 = 23;

impl Inflate {
    /// Makes a decoder without input.
    ///
    /// # Errors
    /// [`Code::Internal`] if there is no memory for one.
    pub(super) fn new(encoding: Encoding) -> Result<Self> {
        let feed = Feed::default();
        let decoder = match encoding {
            Encoding::Identity => Decoder::Identity(feed),
            #[cfg(feature = "gzip")]
            Encoding::Gzip => Decoder::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(feed))),
            #[cfg(feature = "zstd")]
            Encoding::Zstd => Decoder::Zstd(Box::new(zstd_decoder(feed).map_err(|error| {
                Error::bare(Code::Internal, format!("cannot decompress: {error}"))
            })?)),
        };
        Ok(Self { decoder })
    }

    /// Adds a piece; all of the last one must have been read.
    pub(super) fn push(&mut self, data: Bytes) {
        self.feed().data = data;
    }

    /// Says that no piece comes any more.
    pub(super) fn end(&mut self) {
        self.feed().ended = true;
    }

    fn feed(&mut self) -> &mut Feed {
        match &mut self.decoder {
            Decoder::Identity(feed) => feed,
            #[cfg(feature = "gzip")]
            Decoder::Gzip(decoder) => decoder.get_mut(),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// Decompresses into `out`: how many bytes there are, 0 at the end; `None` if input is needed first.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] for what is not in this encoding, or is cut short.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<Option<usize>> {
        let read = match &mut self.decoder {
            Decoder::Identity(feed) => feed.read(out),
            #[cfg(feature = "gzip")]
            Decoder::Gzip(decoder) => decoder.read(out),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(decoder) => decoder.read(out),
        };
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(_) => Err(Error::bare(
                Code::InvalidArgument,
                "compressed data is corrupt or cut short",
            )),
        }
    }
}

#[cfg(feature = "zstd")]
fn zstd_decoder(feed: Feed) -> io::Result<zstd::stream::read::Decoder<'static, Feed>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(feed)?;
    decoder.window_log_max(WINDOW_LOG)?;
    Ok(decoder)
}

/// Input that comes in pieces: a reader that would block where the next one is missing.
#[derive(Debug, Default)]
struct Feed {
    data: Bytes,
    ended: bool,
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.data.is_empty() && !self.ended {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(&self.data),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.data.advance(amount);
    }
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}
