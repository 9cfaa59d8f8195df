//! Answers to an operator's browser or tool: a text or JSON, and a status.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};

use super::headers::APPLICATION_JSON;
use crate::body::Body;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
#[cfg(feature = "metrics")]
const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// One answer.
#[derive(Debug)]
pub(crate) struct Page {
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
}

impl Page {
    fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: TEXT,
            body: body.into(),
        }
    }

    pub(crate) fn text(body: impl Into<Bytes>) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self {
            content_type: APPLICATION_JSON,
            ..Self::text(body)
        }
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn prometheus(body: String) -> Self {
        Self {
            content_type: PROMETHEUS,
            ..Self::text(body)
        }
    }

    pub(crate) fn nothing(why: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, why)
    }

    #[cfg(feature = "profile")]
    pub(crate) fn bad(why: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    #[cfg(feature = "profile")]
    pub(crate) fn unavailable(why: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why.to_owned())
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "")
    }

    pub(crate) fn unavailable_unless(mut self, well: bool) -> Self {
        if !well {
            self.status = StatusCode::SERVICE_UNAVAILABLE;
        }
        self
    }

    /// The response to a request with this method.
    pub(crate) fn response(self, method: &Method) -> Response<Body> {
        let body = match *method == Method::HEAD {
            true => Bytes::new(),
            false => self.body,
        };
        let mut response = Response::new(Body::full(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}
