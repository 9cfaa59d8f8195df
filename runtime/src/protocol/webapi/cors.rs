//! Cross-origin requests of browsers: the Fetch standard's protocol, for every HTTP protocol a server speaks.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response};

use super::routes;
use crate::body::Body;
use crate::error::{Error, Result};

/// What requests may carry without further settings: what webapi, Connect and gRPC-Web need.
const REQUEST_HEADERS: [&str; 7] = [
    "content-type",
    "authorization",
    "connect-protocol-version",
    "connect-timeout-ms",
    "grpc-timeout",
    "x-grpc-web",
    "x-user-agent",
];

/// What scripts may read of a response without further settings: the outcome of a gRPC-Web call.
const RESPONSE_HEADERS: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];

/// Which pages of other origins may call a server from a browser.
///
/// It holds for webapi, Connect and gRPC-Web alike, and for errors as well as for replies; services that are mounted
/// do their own. Without it no page of another origin can read anything, or send JSON at all.
///
/// ```
/// use std::time::Duration;
/// use ezrpc::{Cors, Server};
/// let cors = Cors::new()
///     .origin("https://shop.example")
///     .origin("https://*.preview.shop.example")
///     .credentials()
///     .allow_header("x-shop")
///     .expose_header("x-request-id")
///     .max_age(Duration::from_secs(600));
/// let server = Server::new("shop").cors(cors);
/// # drop(server);
/// ```
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Vec<String>,
    any_origin: bool,
    credentials: bool,
    allow: Vec<String>,
    expose: Vec<String>,
    max_age: Duration,
}

impl Default for Cors {
    fn default() -> Self {
        Self::new()
    }
}

impl Cors {
    /// Lets nobody in yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            origins: Vec::new(),
            any_origin: false,
            credentials: false,
            allow: Vec::new(),
            expose: Vec::new(),
            max_age: Duration::from_secs(7200),
        }
    }

    /// Lets in the pages of an origin: scheme, host, and port unless it is the scheme's. A `*` stands for one or more
    /// labels of the host: `https://*.shop.example`.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Lets in the pages of all origins. [`Server::bind`](crate::Server::bind) refuses it together with
    /// [`credentials`](Self::credentials).
    #[must_use]
    pub fn any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// Lets browsers send cookies and other credentials they keep (default: they do not).
    #[must_use]
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// Lets requests carry a header, beside those that the protocols need.
    #[must_use]
    pub fn allow_header(mut self, name: impl Into<String>) -> Self {
        self.allow.push(name.into());
        self
    }

    /// Lets scripts read a header of responses, beside those of gRPC-Web and the `trailer-` ones of Connect.
    #[must_use]
    pub fn expose_header(mut self, name: impl Into<String>) -> Self {
        self.expose.push(name.into());
        self
    }

    /// Sets how long browsers may keep what a preflight said, in whole seconds (default 2 hours).
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Checks the settings and writes the headers that are always the same.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) naming the setting.
    pub(crate) fn policy(self) -> Result<CorsPolicy> {
        if self.any_origin && self.credentials {
            return Err(Error::invalid_argument(
                "Cors: credentials for all origins would let every page act for its visitors; \
                 name the origins, or leave out `credentials`",
            ));
        }
        let origins = self.origins.iter().map(|origin| pattern(origin));
        Ok(CorsPolicy {
            origins: origins.collect::<Result<_>>()?,
            any_origin: self.any_origin,
            credentials: self.credentials,
            allow: names(&REQUEST_HEADERS, &self.allow)?,
            expose: names(&RESPONSE_HEADERS, &self.expose)?,
            max_age: self.max_age.as_secs().into(),
        })
    }
}

/// [`Cors`], checked.
#[derive(Debug)]
pub(crate) struct CorsPolicy {
    origins: Vec<Origin>,
    any_origin: bool,
    credentials: bool,
    allow: HeaderValue,
    expose: HeaderValue,
    max_age: HeaderValue,
}

/// An origin in lower case, cut at its `*`.
#[derive(Debug)]
struct Origin {
    start: String,
    end: Option<String>,
}

fn pattern(text: &str) -> Result<Origin> {
    let lower = text.trim_end_matches('/').to_ascii_lowercase();
    let (start, end) = match lower.split_once('*') {
        Some((start, end)) => (start, Some(end)),
        None => (lower.as_str(), None),
    };
    let scheme = lower.split_once("://").map(|(scheme, _)| scheme);
    let host = lower.split_once("://").map_or("", |(_, host)| host);
    let plain = !host.is_empty() && !host.contains(['/', '?', '#', ' ', '@']);
    let wild =
        end.is_none_or(|end| start.ends_with("://") && end.starts_with('.') && !end.contains('*'));
    if lower != "null" && (scheme.is_none_or(str::is_empty) || !plain || !wild) {
        return Err(Error::invalid_argument(format!(
            "Cors: `{text}` is no origin; write one like `https://shop.example` or `https://*.shop.example`"
        )));
    }
    Ok(Origin {
        start: start.to_owned(),
        end: end.map(str::to_owned),
    })
}

fn names(fixed: &[&str], more: &[String]) -> Result<HeaderValue> {
    for name in more {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(Error::invalid_argument(format!(
                "Cors: `{name}` is no name of a header"
            )));
        }
    }
    let more = more.iter().map(|name| name.to_ascii_lowercase());
    let all: Vec<String> = fixed
        .iter()
        .map(|name| (*name).to_owned())
        .chain(more)
        .collect();
    HeaderValue::from_str(&all.join(", ")).map_err(Error::from)
}

impl Origin {
    fn fits(&self, origin: &str) -> bool {
        let Some(end) = &self.end else {
            return origin.eq_ignore_ascii_case(&self.start);
        };
        let origin = origin.to_ascii_lowercase();
        let inner = origin
            .strip_prefix(self.start.as_str())
            .and_then(|rest| rest.strip_suffix(end.as_str()));
        inner.is_some_and(|labels| {
            !labels.is_empty()
                && labels
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
        })
    }
}

impl CorsPolicy {
    /// The origin of a request, if it is one that is let in.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        let text = origin.to_str().ok()?;
        let known = self.any_origin || self.origins.iter().any(|known| known.fits(text));
        known.then(|| origin.clone())
    }

    /// Answers a preflight for a path that takes these HTTP methods; empty for all.
    pub(crate) fn preflight(&self, request: &Request<Body>, methods: &[&str]) -> Response<Body> {
        let asked = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD);
        let mut response = routes::no_content(methods);
        let headers = response.headers_mut();
        headers.insert(
            VARY,
            HeaderValue::from_static(
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            ),
        );
        if self.origin(request.headers()).is_none() {
            return response;
        }
        let methods = match (methods, asked) {
            ([], Some(asked)) => Ok(asked.clone()),
            _ => HeaderValue::from_str(&methods.join(", ")),
        };
        if let Ok(methods) = methods {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.allow.clone());
        headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        response
    }

    /// Adds what lets the page of this origin read the response, and tells caches that it is for this origin only.
    pub(crate) fn decorate(&self, origin: Option<HeaderValue>, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        // A preflight has said it.
        let varies = |value: &HeaderValue| value.as_bytes().starts_with(b"Origin");
        if !headers.get_all(VARY).iter().any(varies) {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = origin else { return };
        let expose = self.exposed(headers);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose);
        if self.credentials {
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }

    /// What scripts may read: the list, and the trailers that Connect puts into headers.
    fn exposed(&self, headers: &HeaderMap) -> HeaderValue {
        let trailers = headers
            .keys()
            .map(HeaderName::as_str)
            .filter(|name| name.starts_with("trailer-"));
        let trailers: Vec<&str> = trailers.collect();
        if trailers.is_empty() {
            return self.expose.clone();
        }
        let list = [
            self.expose.to_str().unwrap_or_default(),
            &trailers.join(", "),
        ]
        .join(", ");
        HeaderValue::from_str(&list).unwrap_or_else(|_| self.expose.clone())
    }
}

/// Whether a browser asks what it may send.
pub(crate) fn is_preflight(request: &Request<Body>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn h99_origins_are_exact_or_below_a_domain() {
        let cors = Cors::new()
            .origin("https://Shop.example/")
            .origin("https://*.shop.example:8443")
            .origin("null");
        let policy = cors.policy().expect("origins");
        let allowed = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            policy.origin(&headers).is_some()
        };
        for origin in [
            "https://shop.example",
            "https://SHOP.example",
            "https://a.b.shop.example:8443",
            "null",
        ] {
            assert!(allowed(origin), "{origin}");
        }
        for origin in [
            "http://shop.example",
            "https://shop.example:444",
            "https://shop.example.evil",
            "https://a.shop.example",
            "https://.shop.example:8443",
            "https://evil/.shop.example:8443",
            "https://evil@a.shop.example:8443",
            "",
        ] {
            assert!(!allowed(origin), "{origin}");
        }
    }

    #[test]
    fn h99_settings_that_cannot_be_meant() {
        let refused = [
            Cors::new().any_origin().credentials(),
            Cors::new().origin("shop.example"),
            Cors::new().origin("https://"),
            Cors::new().origin("https://shop.example/path"),
            Cors::new().origin("https://a.*.example"),
            Cors::new().origin("https://*"),
            Cors::new().origin("*"),
            Cors::new().allow_header("a b"),
            Cors::new().expose_header(""),
        ];
        for cors in refused {
            let error = cors.clone().policy().err().map(|error| error.code());
            assert_eq!(error, Some(Code::InvalidArgument), "{cors:?}");
        }
    }
}
