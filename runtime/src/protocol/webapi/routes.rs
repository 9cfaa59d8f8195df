//! What callers of google.api.http routes are told beside the reply: which HTTP methods there are, and what is wrong
//! with a path.

use http::header::{ALLOW, CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};

use crate::body::Body;
use crate::error::{Code, Error};
use crate::route::BadCapture;

/// The error of a path that is not served with this HTTP method.
pub(crate) fn wrong_method(method: &Method, path: &str, allowed: &[&str]) -> Error {
    let text = format!("{path} does not take {method}, but {}", allowed.join(", "));
    Error::bare(Code::Unimplemented, text).with_http_status(405)
}

/// Says which HTTP methods a path takes; nothing if it takes all.
pub(crate) fn allow(mut response: Response<Body>, methods: &[&str]) -> Response<Body> {
    if let (false, Ok(list)) = (
        methods.is_empty(),
        HeaderValue::from_str(&methods.join(", ")),
    ) {
        response.headers_mut().insert(ALLOW, list);
    }
    response
}

/// Answers OPTIONS.
pub(crate) fn no_content(methods: &[&str]) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    allow(response, methods)
}

/// Sends the caller, with the same method and body, to the path without its last slash.
pub(crate) fn without_slash(uri: &Uri) -> Option<Response<Body>> {
    let path = uri.path().strip_suffix('/')?;
    // With two slashes at the front it would lead to another host; browsers take `\` for one.
    let leads_away = |path: &&str| {
        path.get(1..)
            .is_some_and(|rest| rest.starts_with(['/', '\\']))
    };
    let path = Some(path).filter(|path| !leads_away(path))?;
    let location = match uri.query() {
        Some(query) => HeaderValue::try_from(format!("{path}?{query}")),
        None => HeaderValue::from_str(path),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, location.ok()?);
    Some(response)
}

/// The error of a path with a `%` that begins no escape.
pub(crate) fn bad_escape(path: &str) -> Error {
    let text = format!("malformed percent-encoding in the path {path}");
    Error::bare(Code::InvalidArgument, text)
}

/// The error of a path whose variables cannot be read.
pub(crate) fn bad_capture(error: BadCapture<'_>) -> Error {
    let text = match error {
        BadCapture::NotUtf8(name) => format!("path variable `{name}` is not UTF-8 once decoded"),
        BadCapture::DotSegment(name) => {
            format!("path variable `{name}` has a segment `.` or `..`")
        }
    };
    Error::bare(Code::InvalidArgument, text)
}

/// Takes the body off the answer to a HEAD and says how long it was. Over HTTP/2 hyper would send it, and peers reset.
pub(crate) fn without_body(mut response: Response<Body>) -> Response<Body> {
    if let Some(length @ 1..) = http_body::Body::size_hint(response.body()).exact() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = Body::empty();
    response
}

/// The HTTP method a form asks for in place of POST.
pub(crate) fn method_override(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-http-method-override")?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_on_the_host() {
        let location = |target: &'static str| {
            let response = without_slash(&Uri::from_static(target))?;
            let value = response.headers().get(LOCATION)?.to_str().ok()?;
            Some(value.to_owned())
        };
        assert_eq!(location("/a/b/?c=1").as_deref(), Some("/a/b?c=1"));
        assert_eq!(location("/a").as_deref(), None);
        for away in ["//evil.example/", "/\\evil.example/"] {
            assert_eq!(location(away).as_deref(), None, "{away}");
        }
    }
}
