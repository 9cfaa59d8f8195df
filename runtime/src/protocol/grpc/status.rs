//! Errors as gRPC trailers and back: `grpc-status`, `grpc-message`, `grpc-status-details-bin`.

mod debug;
mod details;
#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderValue};

use crate::base64::{self, Form};
use crate::error::{Code, Error, Frame};
use crate::protocol::headers::{GRPC_MESSAGE, GRPC_STATUS, GRPC_STATUS_DETAILS, ZERO};
use crate::protocol::percent;

pub(crate) use debug::is_debug;
pub(crate) use details::error_info;

/// Message and base64 details together: peers reject trailers over 8 to 16 KiB.
const LIMIT: usize = 4096;
/// What a message may take of it, percent-encoded.
const MESSAGE_LIMIT: usize = 1536;

/// The trailers of a call that went well.
pub(crate) fn ok() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, ZERO);
    trailers
}

/// Writes an error into trailers; frames and the cause's text only to trusted peers.
pub(crate) fn write(error: &Error, trusted: bool, trailers: &mut HeaderMap) {
    trailers.insert(
        GRPC_STATUS,
        HeaderValue::from(u16::from(error.code().number())),
    );
    let text = if trusted {
        error.full_message()
    } else {
        error.public_message()
    };
    let (text, encoded) = percent::encode_within(&text, MESSAGE_LIMIT);
    let room = LIMIT - encoded.len();
    if let Some(value) = header_value(&encoded).filter(|_| !text.is_empty()) {
        trailers.insert(GRPC_MESSAGE, value);
    }
    // Base64 without padding takes four characters for three bytes.
    let details = details::within(error, text, trusted, room / 4 * 3);
    if let Some(value) =
        details.and_then(|bytes| header_value(&base64::encode(&bytes, Form::StandardUnpadded)))
    {
        trailers.insert(GRPC_STATUS_DETAILS, value);
    }
}

fn header_value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// Reads the outcome of a call from trailers, or from headers that stand for them; `None` if there is no status.
pub(crate) fn read(trailers: &HeaderMap) -> Option<Result<(), Error>> {
    let status = trailers.get(GRPC_STATUS)?;
    if status.as_bytes() == b"0" {
        return Some(Ok(()));
    }
    let number = status.to_str().ok().and_then(|text| text.parse().ok());
    let code = number.map_or(Some(Code::Unknown), Code::from_number);
    let Some(code) = code else {
        return Some(Ok(()));
    };
    let message = trailers
        .get(GRPC_MESSAGE)
        .map(|value| percent::decode_lossy(value.as_bytes()))
        .unwrap_or_default();
    let error = Error::bare(code, message);
    let error = match trailers.get(GRPC_STATUS_DETAILS) {
        Some(details) => details::read(error, details.as_bytes()),
        None => error,
    };
    // Servers of other makes send the text of any exception like this; of ours the handler is the last it has passed.
    let unknown = error.code() == Code::Unknown && error.reason().is_empty();
    let ours = error.frames().last().is_some_and(Frame::is_rpc);
    Some(Err(match unknown && !ours {
        true => error.inside(),
        false => error,
    }))
}
