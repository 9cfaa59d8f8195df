//! Length-prefixed messages: a flag byte, a length of four bytes, the message.

use bytes::{Buf, Bytes, BytesMut};

use crate::body::Body;
use crate::codec::proto;
use crate::error::{Code, Error, Result, StdErrorOf};
use crate::protocol::compression::{self, Encoding};

const PREFIX: usize = 5;
/// The flag of a compressed message.
const COMPRESSED: u8 = 1;

/// Whether an encoded message is compressed, with its prefix before it.
pub(crate) fn is_compressed(frame: &[u8]) -> bool {
    frame.first() == Some(&COMPRESSED)
}

/// Encodes one uncompressed message with its prefix.
///
/// # Errors
/// [`Code::ResourceExhausted`] above 4 GiB, which the prefix cannot say.
pub(crate) fn encode(message: &impl prost::Message) -> Result<Bytes> {
    seal(proto::encode_after(PREFIX, message))
}

/// Encodes one message with its prefix, compressed if that is worth it.
///
/// # Errors
/// As [`encode`].
pub(crate) fn encode_in(encoding: Encoding, message: &impl prost::Message) -> Result<Bytes> {
    match encoding {
        Encoding::Identity => encode(message),
        #[cfg(any(feature = "gzip", feature = "zstd"))]
        _ => pack(encoding, &proto::encode_after(0, message)),
    }
}

/// Compresses an encoded message, if that is worth it, and prefixes it.
pub(crate) fn pack(encoding: Encoding, payload: &[u8]) -> Result<Bytes> {
    if encoding.for_length(payload.len()) == Encoding::Identity {
        return wrap(payload);
    }
    let mut buffer = vec![0; PREFIX];
    buffer[0] = COMPRESSED;
    compression::compress_after(encoding, payload, &mut buffer);
    seal(buffer)
}

/// Prefixes an encoded message.
pub(crate) fn wrap(payload: &[u8]) -> Result<Bytes> {
    let mut buffer = Vec::with_capacity(PREFIX + payload.len());
    buffer.resize(PREFIX, 0);
    buffer.extend_from_slice(payload);
    seal(buffer)
}

/// Writes the prefix of a message that stands after room for it.
fn seal(mut buffer: Vec<u8>) -> Result<Bytes> {
    let length = u32::try_from(buffer.len() - PREFIX)
        .map_err(|_| Error::bare(Code::ResourceExhausted, "message is larger than 4 GiB"))?;
    buffer[1..PREFIX].copy_from_slice(&length.to_be_bytes());
    Ok(Bytes::from(buffer))
}

/// Takes messages out of the pieces of a body.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// Of a message, decompressed.
    limit: usize,
    /// How messages with the flag are compressed.
    encoding: Encoding,
    /// What came last and is not used up; whole messages are cut from it without a copy.
    chunk: Bytes,
    /// A message that spans pieces.
    partial: BytesMut,
}

impl Decoder {
    /// Makes a decoder that refuses messages longer than `limit` bytes; compressed ones are in `encoding`.
    pub(crate) fn new(limit: usize, encoding: Encoding) -> Self {
        Self {
            limit,
            encoding,
            chunk: Bytes::new(),
            partial: BytesMut::new(),
        }
    }

    /// Adds a piece; all messages of the last one must have been taken.
    pub(crate) fn push(&mut self, data: Bytes) {
        if self.partial.is_empty() && self.chunk.is_empty() {
            self.chunk = data;
        } else {
            self.partial.extend_from_slice(&self.chunk);
            self.chunk.clear();
            self.partial.extend_from_slice(&data);
        }
    }

    /// Takes the next whole message, or says that more data is needed.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`] over the limit, [`Code::Internal`] for a flag that means nothing here,
    /// [`Code::InvalidArgument`] for a compressed message that is corrupt.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>> {
        let buffered: &[u8] = if self.partial.is_empty() {
            &self.chunk
        } else {
            &self.partial
        };
        let Some((flag, length)) = self.prefix(buffered)? else {
            return Ok(None);
        };
        let missing = (PREFIX + length).saturating_sub(buffered.len());
        if missing > 0 {
            return Ok(None);
        }
        let message = if self.partial.is_empty() {
            self.chunk.advance(PREFIX);
            self.chunk.split_to(length)
        } else {
            self.partial.advance(PREFIX);
            self.partial.split_to(length).freeze()
        };
        match flag {
            COMPRESSED => compression::decompress(self.encoding, message, self.limit).map(Some),
            _ => Ok(Some(message)),
        }
    }

    /// Reads flag and length; `None` if they are not there yet.
    fn prefix(&self, buffered: &[u8]) -> Result<Option<(u8, usize)>> {
        let Some((&[flag, a, b, c, d], _)) = buffered.split_first_chunk::<PREFIX>() else {
            return match buffered.first() {
                Some(&flag) => self.check_flag(flag).map(|()| None),
                None => Ok(None),
            };
        };
        self.check_flag(flag)?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let limit = match flag {
            COMPRESSED => compression::longest(self.encoding, self.limit),
            _ => self.limit,
        };
        if length > limit {
            return Err(Error::bare(
                Code::ResourceExhausted,
                format!(
                    "message of {length} bytes is over the limit of {}",
                    self.limit
                ),
            ));
        }
        Ok(Some((flag, length)))
    }

    fn check_flag(&self, flag: u8) -> Result<()> {
        match flag {
            0 => Ok(()),
            COMPRESSED if self.encoding != Encoding::Identity => Ok(()),
            COMPRESSED => Err(Error::bare(
                Code::Internal,
                "compressed message without a message encoding",
            )),
            _ => Err(Error::bare(
                Code::Internal,
                format!("message flag {flag} is neither 0 nor 1"),
            )),
        }
    }

    /// Whether part of a message is left over.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunk.is_empty() && self.partial.is_empty()
    }
}

/// Reads a body that holds exactly one message, with a fresh decoder.
///
/// # Errors
/// [`Code::Unimplemented`] for none or more than one, as gRPC prescribes; those of [`Decoder::next`];
/// [`Code::Canceled`] if the caller is gone.
pub(crate) async fn read_one(body: &mut Body, mut decoder: Decoder) -> Result<Bytes> {
    let mut message = None;
    while let Some(data) = body.data().await {
        decoder.push(data.map_err(|error| body_error(&error))?);
        if message.is_none() {
            message = decoder.next()?;
        }
        if message.is_some() && !decoder.is_empty() {
            return Err(Error::bare(
                Code::Unimplemented,
                "more than one request message for a method that takes one",
            )
            .malformed());
        }
        if message.is_some() && http_body::Body::is_end_stream(body) {
            break;
        }
    }
    match message {
        Some(message) => Ok(message),
        None if decoder.is_empty() => Err(Error::bare(
            Code::Unimplemented,
            "no request message for a method that takes one",
        )
        .malformed()),
        None => Err(truncated()),
    }
}

/// The error of a body that ends within a message.
pub(crate) fn truncated() -> Error {
    Error::bare(Code::Internal, "body ends in the middle of a message").malformed()
}

/// The error of a body that breaks off, or that says itself what is wrong with it.
pub(crate) fn body_error(error: &crate::body::BoxError) -> Error {
    match error.downcast_ref::<StdErrorOf>().map(StdErrorOf::get_ref) {
        // Made by the framework, so that code, text and status are all there is.
        Some(own) => {
            Error::bare(own.code(), own.message().to_owned()).with_http_status(own.http_status())
        }
        None => Error::bare(Code::Canceled, format!("request broke off: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Bytes {
        wrap(text.as_bytes()).expect("short")
    }

    #[test]
    fn messages_survive_any_cut() {
        let whole: Vec<u8> = ["a", "", "bcd", "a longer message"]
            .iter()
            .flat_map(|text| message(text))
            .collect();
        for size in 1..=whole.len() {
            let mut decoder = Decoder::new(100, Encoding::Identity);
            let mut out = Vec::new();
            for piece in whole.chunks(size) {
                decoder.push(Bytes::copy_from_slice(piece));
                while let Some(message) = decoder.next().expect("good frames") {
                    out.push(String::from_utf8(message.to_vec()).expect("text"));
                }
            }
            assert_eq!(
                out,
                ["a", "", "bcd", "a longer message"],
                "pieces of {size}"
            );
            assert!(decoder.is_empty());
        }
    }

    #[test]
    fn bad_frames_are_refused_from_the_first_byte_that_shows_it() {
        let code = |bytes: &'static [u8]| {
            let mut decoder = Decoder::new(3, Encoding::Identity);
            decoder.push(Bytes::from_static(bytes));
            decoder.next().map_err(|error| error.code())
        };
        assert_eq!(code(&[2]), Err(Code::Internal));
        assert_eq!(code(&[1, 0, 0, 0, 0]), Err(Code::Internal));
        assert_eq!(code(&[0, 0, 0, 0, 4]), Err(Code::ResourceExhausted));
        assert_eq!(code(&[0, 255, 255, 255, 255]), Err(Code::ResourceExhausted));
        assert_eq!(code(&[0, 0, 0, 0]), Ok(None));
        assert_eq!(code(&[0, 0, 0, 0, 3, 1, 2]), Ok(None));
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn compressed_messages_count_as_what_they_hold() {
        let text = "a longer message ".repeat(100);
        let packed = pack(Encoding::Gzip, text.as_bytes()).expect("short");
        assert!(is_compressed(&packed) && packed.len() < text.len());
        assert!(!is_compressed(
            &pack(Encoding::Gzip, b"tiny").expect("short")
        ));
        let next = |data: &Bytes, limit, encoding| {
            let mut decoder = Decoder::new(limit, encoding);
            decoder.push(data.clone());
            decoder.next().map_err(|error| error.code())
        };
        let whole = Some(Bytes::from(text.clone()));
        assert_eq!(next(&packed, text.len(), Encoding::Gzip), Ok(whole));
        let over = next(&packed, text.len() - 1, Encoding::Gzip);
        assert_eq!(over, Err(Code::ResourceExhausted));
        assert_eq!(next(&packed, 9999, Encoding::Identity), Err(Code::Internal));
        // Not compressed in spite of the encoding.
        let plain = next(&message("x"), 1, Encoding::Gzip);
        assert_eq!(plain, Ok(Some(Bytes::from("x"))));
        let rubbish = Bytes::from_static(&[1, 0, 0, 0, 1, 7]);
        let found = next(&rubbish, 9999, Encoding::Gzip);
        assert_eq!(found, Err(Code::InvalidArgument));
    }

    #[tokio::test]
    async fn exactly_one_message_is_read() {
        async fn code(data: Vec<u8>) -> Result<Bytes, Code> {
            read_one(&mut Body::full(data), Decoder::new(100, Encoding::Identity))
                .await
                .map_err(|error| error.code())
        }
        assert_eq!(code(message("x").to_vec()).await, Ok(Bytes::from("x")));
        assert_eq!(code(vec![]).await, Err(Code::Unimplemented));
        let two = [message("x"), message("y")].concat();
        assert_eq!(code(two).await, Err(Code::Unimplemented));
        assert_eq!(code(vec![0, 0, 0, 0, 9, 1]).await, Err(Code::Internal));
    }
}
