//! Connect's GET: a unary call without side effects, its message in the query.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use http_body::Frame;

use crate::base64;
use crate::body::{Body, BoxError};
use crate::codec::Codec;
use crate::error::{Code, Error, Result};
use crate::protocol::compression::{self, Encoding};

/// What the query of a GET says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) codec: Codec,
    pub(crate) encoding: Encoding,
    pub(crate) message: Bytes,
}

impl Query {
    /// Reads a query: `connect=v1&encoding=json&message=..&base64=1&compression=gzip`, in any order. Of a name given
    /// twice the first counts; unknown names do not.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`], with status 415 where the codec is missing or unknown;
    /// [`Code::Unimplemented`] for a compression this build does not have.
    pub(crate) fn parse(query: &str) -> Result<Self> {
        let get = |name| value(query, name);
        if get("connect")?.is_some_and(|version| version != b"v1") {
            return Err(invalid("query parameter connect must be v1"));
        }
        let codec = match get("encoding")?.as_deref() {
            Some(b"json") => Codec::Json,
            Some(b"proto") => Codec::Proto,
            _ => {
                let text = "query parameter encoding must be json or proto";
                return Err(invalid(text).with_http_status(415));
            }
        };
        let encoding = match get("compression")? {
            Some(name) => Encoding::parse(&name).ok_or_else(|| compression::unknown("content"))?,
            None => Encoding::Identity,
        };
        let Some(message) = get("message")? else {
            return Err(invalid("query parameter message is missing"));
        };
        let message = match get("base64")?.as_deref() {
            Some(b"1") => base64::decode(&message)
                .ok_or_else(|| invalid("query parameter message is not base64"))?,
            _ => message,
        };
        Ok(Self {
            codec,
            encoding,
            message: message.into(),
        })
    }

    /// The body of the call: the message, if the request's own body is empty as it must be.
    pub(crate) fn body(message: Bytes, body: Body) -> Body {
        Body::new(GetBody {
            body: Some(body),
            message,
        })
    }
}

fn invalid(text: &'static str) -> Error {
    Error::bare(Code::InvalidArgument, text)
}

/// The first value of a name, decoded; a name without a value has an empty one.
fn value(query: &str, name: &str) -> Result<Option<Vec<u8>>> {
    for pair in query.split('&') {
        let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decode(found)? == name.as_bytes() {
            return decode(value).map(Some);
        }
    }
    Ok(None)
}

/// Decodes `%xx`, and `+` to a space.
fn decode(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => match (bytes.next().and_then(hex), bytes.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(invalid("the query has a malformed %xx")),
            },
            byte => byte,
        });
    }
    Ok(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// A message that stands for a body, once that has turned out to be empty.
struct GetBody {
    body: Option<Body>,
    message: Bytes,
}

impl http_body::Body for GetBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while let Some(body) = &mut self.body {
            match ready!(body.poll_data(cx)) {
                Some(Ok(data)) if data.is_empty() => {}
                Some(Ok(_)) => {
                    self.body = None;
                    self.message.clear();
                    let error = invalid("a GET takes no body").with_http_status(415);
                    return Poll::Ready(Some(Err(error.into_std().into())));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.body = None,
            }
        }
        let message = std::mem::take(&mut self.message);
        Poll::Ready((!message.is_empty()).then(|| Ok(Frame::data(message))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none() && self.message.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<(Codec, Encoding, String), (Code, u16)> {
        match Query::parse(query) {
            Ok(query) => Ok((
                query.codec,
                query.encoding,
                String::from_utf8_lossy(&query.message).into_owned(),
            )),
            Err(error) => Err((error.code(), error.http_status())),
        }
    }

    #[test]
    fn queries() {
        let json = |text: &str| Ok((Codec::Json, Encoding::Identity, text.to_owned()));
        let bad = Err((Code::InvalidArgument, 400));
        let media = Err((Code::InvalidArgument, 415));
        let rows = [
            ("encoding=json&message=%7B%7D", json("{}")),
            (
                "message={}&encoding=json&connect=v1&x=y&base64=0",
                json("{}"),
            ),
            ("encoding=json&message=", json("")),
            ("encoding=json&message=a+b%2Bc", json("a b+c")),
            ("encoding=json&message=YT4_Pw==&base64=1", json("a>??")),
            ("encoding=json&message=YT4_Pw&base64=1", json("a>??")),
            ("encoding=json&message=a&message=b", json("a")),
            ("encoding=json&message=a&compression=identity", json("a")),
            ("encoding=json", bad.clone()),
            ("encoding=json&message=!&base64=1", bad.clone()),
            ("encoding=json&message=%4", bad.clone()),
            ("encoding=json&message=%zz", bad.clone()),
            ("connect=v2&encoding=json&message=a", bad),
            ("message=a", media.clone()),
            ("encoding=xml&message=a", media.clone()),
            ("", media),
            (
                "encoding=json&message=a&compression=foo",
                Err((Code::Unimplemented, 501)),
            ),
        ];
        for (query, expected) in rows {
            assert_eq!(parse(query), expected, "{query}");
        }
        let proto = parse("encoding=proto&message=%00%ff");
        assert_eq!(proto.map(|query| query.0), Ok(Codec::Proto));
    }

    #[tokio::test]
    async fn a_body_is_refused() {
        let read = |body| async {
            let mut body = Query::body(Bytes::from("message"), body);
            body.data().await.and_then(Result::ok)
        };
        assert_eq!(read(Body::empty()).await, Some(Bytes::from("message")));
        assert_eq!(read(Body::full("x")).await, None);
    }
}
