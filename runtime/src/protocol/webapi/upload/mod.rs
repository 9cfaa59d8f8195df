//! Uploads: forms of multipart/form-data into messages, forms and raw bodies into streams of messages.

mod content;
mod fields;
mod form;
mod input;
mod limits;
mod shape;
mod source;
mod stream;
mod unary;

use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

pub use limits::UploadLimits;
pub(crate) use limits::Uploads;
pub(crate) use stream::messages;
pub(crate) use unary::message;

use super::multipart::{self, Disposition};
use crate::body::Body;
use crate::error::{Code, Error, Result};
use crate::method::{Method, Shape, UploadStream};
use crate::protocol::compression::Encoding;
use crate::protocol::wire::Wire;
use limits::Bounds;

/// How the body of one request is an upload.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    kind: Kind,
    bounds: Bounds,
    /// How the file goes into a stream of messages; unary methods have none.
    into: Option<UploadStream>,
    /// The query of the request, for what the body cannot say.
    query: Option<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    Form {
        boundary: String,
    },
    /// The body is the file.
    Raw {
        content_type: String,
        filename: String,
    },
}

impl Upload {
    /// Tells whether a request to a method is an upload; `None` if its body is to be read as a message.
    ///
    /// # Errors
    /// HTTP status 400 for a form without a good boundary, 413 for a body that says it is too large, 415 for a message where
    /// only uploads are taken.
    pub(crate) fn of(
        method: &Method,
        headers: &HeaderMap,
        declared: u64,
        uploads: &Uploads,
    ) -> Result<Option<Box<Self>>> {
        if !method.web().upload {
            return Ok(None);
        }
        let into = method.upload_into();
        let sent = content_type(headers)?;
        let kind = if multipart::is_form(sent) {
            let boundary = multipart::boundary(sent)?;
            Kind::Form { boundary }
        } else if method.shape() == Shape::ClientStreaming && into.is_some() {
            raw(sent, headers)?
        } else if uploads.only {
            return Err(only_uploads());
        } else {
            return Ok(None);
        };
        let bounds = uploads.bounds(method.path(), into.is_some());
        let bounds = match kind {
            Kind::Form { .. } => bounds,
            Kind::Raw { .. } => bounds.of_one_file(),
        };
        if declared > bounds.total {
            return Err(too_large(bounds.total));
        }
        Ok(Some(Box::new(Self {
            kind,
            bounds,
            into,
            query: None,
        })))
    }

    /// Adds the query of the request, on a route whose body is `body`: there is none beside a form that is the whole message.
    pub(crate) fn with_query(mut self: Box<Self>, query: Option<&str>, body: &str) -> Box<Self> {
        let beside = matches!(self.kind, Kind::Raw { .. }) || !matches!(body, "" | "*");
        self.query = query.filter(|_| beside).map(str::to_owned);
        self
    }

    fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }
}

/// The body without its compression; bounds count what comes out.
fn decoded(body: Body, wire: &Wire, bounds: &Bounds) -> Result<Body> {
    let limit = usize::try_from(bounds.total).unwrap_or(usize::MAX);
    let encoding = wire.encodings.request;
    if encoding == Encoding::Identity {
        return Ok(body);
    }
    body.decoded(encoding, limit)
}

fn content_type(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let first = values.next().map(|value| value.to_str());
    match (first, values.next()) {
        (None, _) => Ok(""),
        (Some(Ok(text)), None) => Ok(text),
        _ => Err(Error::bare(
            Code::InvalidArgument,
            "two Content-Type headers, or one that is not ASCII",
        )
        .with_http_status(415)),
    }
}

fn raw(content_type: &str, headers: &HeaderMap) -> Result<Kind> {
    let disposition = match headers.get(CONTENT_DISPOSITION) {
        Some(value) => Disposition::parse(&String::from_utf8_lossy(value.as_bytes()))?,
        None => Disposition::default(),
    };
    Ok(Kind::Raw {
        content_type: match content_type {
            "" => "application/octet-stream".to_owned(),
            sent => sent.to_owned(),
        },
        filename: disposition.filename.unwrap_or_default(),
    })
}

/// The error of a body over the limit.
#[cold]
fn too_large(limit: u64) -> Error {
    exhausted(format!("request body is over the limit of {limit} bytes"))
}

/// The error of a part over its limit.
#[cold]
fn too_large_part(name: &str, limit: u64) -> Error {
    exhausted(format!("part {name:?} is over the limit of {limit} bytes"))
}

fn exhausted(message: String) -> Error {
    Error::bare(Code::ResourceExhausted, message).with_http_status(413)
}

/// The error of a message sent where only uploads are taken.
#[cold]
fn only_uploads() -> Error {
    let text = "send Content-Type: multipart/form-data";
    Error::bare(Code::InvalidArgument, text).with_http_status(415)
}
