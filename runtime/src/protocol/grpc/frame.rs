//! Length-prefixed messages: a flag byte, a length of four bytes, the message.

use bytes::{Buf, Bytes, BytesMut};

use crate::body::Body;
use crate::codec::proto;
use crate::error::{Code, Error, Result, StdErrorOf};

const PREFIX: usize = 5;

/// Encodes one uncompressed message with its prefix.
///
/// # Errors
/// [`Code::ResourceExhausted`] above 4 GiB, which the prefix cannot say.
pub(crate) fn encode(message: &impl prost::Message) -> Result<Bytes> {
    seal(proto::encode_after(PREFIX, message))
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
    limit: usize,
    /// What came last and is not used up; whole messages are cut from it without a copy.
    chunk: Bytes,
    /// A message that spans pieces.
    partial: BytesMut,
}

impl Decoder {
    /// Makes a decoder that refuses messages longer than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
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
    /// [`Code::ResourceExhausted`] over the limit, [`Code::Internal`] for a flag that means nothing here.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>> {
        let buffered: &[u8] = if self.partial.is_empty() {
            &self.chunk
        } else {
            &self.partial
        };
        let Some(length) = message_length(buffered, self.limit)? else {
            return Ok(None);
        };
        let missing = (PREFIX + length).saturating_sub(buffered.len());
        if missing > 0 {
            return Ok(None);
        }
        if self.partial.is_empty() {
            self.chunk.advance(PREFIX);
            return Ok(Some(self.chunk.split_to(length)));
        }
        self.partial.advance(PREFIX);
        Ok(Some(self.partial.split_to(length).freeze()))
    }

    /// Whether part of a message is left over.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunk.is_empty() && self.partial.is_empty()
    }
}

/// Reads a prefix; `None` if it is not there yet.
fn message_length(buffered: &[u8], limit: usize) -> Result<Option<usize>> {
    let Some((&[flag, a, b, c, d], _)) = buffered.split_first_chunk::<PREFIX>() else {
        return match buffered.first() {
            Some(&flag) => check_flag(flag).map(|()| None),
            None => Ok(None),
        };
    };
    check_flag(flag)?;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > limit {
        return Err(Error::bare(
            Code::ResourceExhausted,
            format!("message of {length} bytes is over the limit of {limit}"),
        ));
    }
    Ok(Some(length))
}

fn check_flag(flag: u8) -> Result<()> {
    match flag {
        0 => Ok(()),
        1 => Err(Error::bare(
            Code::Internal,
            "compressed message without a message encoding",
        )),
        _ => Err(Error::bare(
            Code::Internal,
            format!("message flag {flag} is neither 0 nor 1"),
        )),
    }
}

/// Reads a body that holds exactly one message.
///
/// # Errors
/// [`Code::Unimplemented`] for none or more than one, as gRPC prescribes; those of [`Decoder::next`];
/// [`Code::Canceled`] if the caller is gone.
pub(crate) async fn read_one(body: &mut Body, limit: usize) -> Result<Bytes> {
    let mut decoder = Decoder::new(limit);
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
            ));
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
        )),
        None => Err(truncated()),
    }
}

/// The error of a body that ends within a message.
pub(crate) fn truncated() -> Error {
    Error::bare(Code::Internal, "body ends in the middle of a message")
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
            let mut decoder = Decoder::new(100);
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
            let mut decoder = Decoder::new(3);
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

    #[tokio::test]
    async fn exactly_one_message_is_read() {
        async fn code(data: Vec<u8>) -> Result<Bytes, Code> {
            read_one(&mut Body::full(data), 100)
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
