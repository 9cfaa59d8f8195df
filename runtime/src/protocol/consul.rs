//! What Consul's HTTP API has in headers and statuses.

use http::header::{HeaderMap, HeaderName};
use http::{Method, StatusCode};

use crate::error::{Code, Error};

/// Carries the ACL token.
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("x-consul-token");
const INDEX: HeaderName = HeaderName::from_static("x-consul-index");

/// How much of Consul's text an error quotes, in bytes.
const QUOTED: usize = 300;

/// Returns the index of an answer, which a blocking query waits to see exceeded; 0 if it has none.
pub(crate) fn index(headers: &HeaderMap) -> u64 {
    let value = headers.get(INDEX).and_then(|value| value.to_str().ok());
    value.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Makes the error of an answer that is none; `what` was asked.
///
/// [`Code::NotFound`], [`Code::InvalidArgument`] and [`Code::PermissionDenied`] stand for a refusal that asking again does not
/// change; everything else is [`Code::Unavailable`].
pub(crate) fn refusal(status: StatusCode, method: &Method, path: &str, text: &[u8]) -> Error {
    let text = String::from_utf8_lossy(&text[..text.len().min(QUOTED)]);
    // Consul's own text; that of a proxy in between may have lines.
    let text = text.trim().replace(char::is_control, " ");
    let path = path.split('?').next().unwrap_or_default();
    let said = format!("Consul answers {method} {path} with {status}: {text}");
    // An agent that has lost a check or a service says so with 500 before 1.11, with 404 from then on.
    let unknown = [
        "nknown check",
        // The words of 1.8 for heartbeats of a check it does not have.
        "does not have associated TTL",
        "nknown service",
    ];
    let unknown = unknown.iter().any(|words| text.contains(words));
    let error = match status {
        _ if unknown => Error::bare(Code::NotFound, said),
        StatusCode::NOT_FOUND => Error::bare(Code::NotFound, said),
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Error::bare(
            Code::PermissionDenied,
            format!("{said}; set CONSUL_HTTP_TOKEN to a token whose policy allows it"),
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Error::bare(Code::Unavailable, said)
        }
        status if status.is_client_error() => Error::bare(Code::InvalidArgument, said),
        _ => Error::bare(Code::Unavailable, said),
    };
    // Where the agent is and what it says is for whoever runs this process.
    error.inside()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_is_none_counts_as_zero() {
        let mut headers = HeaderMap::new();
        assert_eq!(index(&headers), 0);
        for (value, expected) in [("17", 17), ("", 0), ("-1", 0), ("x", 0)] {
            headers.insert(INDEX, value.parse().expect("a value"));
            assert_eq!(index(&headers), expected);
        }
    }

    #[test]
    fn refusals_quote_consul_and_name_the_way_out() {
        let error = |status: u16, text: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            let path = "/v1/health/service/x?index=7";
            let error = refusal(status, &Method::GET, path, text.as_bytes());
            (error.code(), error.message().to_owned())
        };
        let at = "Consul answers GET /v1/health/service/x with";
        let expected = [
            (
                500,
                "No cluster leader\n",
                Code::Unavailable,
                "500 Internal Server Error: No cluster leader",
            ),
            (
                403,
                "Permission denied",
                Code::PermissionDenied,
                "403 Forbidden: Permission denied; set CONSUL_HTTP_TOKEN to a token whose policy allows it",
            ),
            (
                400,
                "Invalid meta",
                Code::InvalidArgument,
                "400 Bad Request: Invalid meta",
            ),
            (404, "", Code::NotFound, "404 Not Found: "),
            (
                429,
                "a\r\nb",
                Code::Unavailable,
                "429 Too Many Requests: a  b",
            ),
            (
                500,
                "Unknown check \"service:x\"",
                Code::NotFound,
                "500 Internal Server Error: Unknown check \"service:x\"",
            ),
            (
                500,
                "CheckID \"service:x\" does not have associated TTL",
                Code::NotFound,
                "500 Internal Server Error: CheckID \"service:x\" does not have associated TTL",
            ),
        ];
        for (status, text, code, message) in expected {
            assert_eq!(error(status, text), (code, format!("{at} {message}")));
        }
    }
}
