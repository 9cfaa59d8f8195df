//! Metadata over HTTP: what a handler sees of a request's headers, and where its own go.
//!
//! Source: <https://github.com/grpc-ecosystem/grpc-gateway>, its mapping of headers.

use http::HeaderValue;
use http::header::{CONNECTION, HeaderMap, HeaderName, LOCATION, TRAILER};

use crate::base64;
use crate::context::ReplyMetadata;
use crate::error::{Code, Error, Result};
use crate::metadata::Metadata;
use crate::protocol::headers::{is_hidden, is_reserved, prefixed};

/// What stands before names that are sent a second time, for gateways.
const ALIAS: &str = "grpc-metadata-";
/// What stands before the names of trailers on google.api.http routes.
const TRAILER_PREFIX: &str = "grpc-trailer-";
/// The same on RPC paths, as Connect has it.
const CONNECT_TRAILER_PREFIX: &str = "trailer-";

/// Applies the rules of HTTP to a request's headers, before they become metadata.
///
/// # Errors
/// [`Code::InvalidArgument`] if a `-bin` value is not base64.
pub(crate) fn normalise(headers: &mut HeaderMap) -> Result<()> {
    remove_nominated(headers);
    check_binary(headers)?;
    add_aliases(headers);
    Ok(())
}

/// Removes the headers that `Connection` names: they are between two hops only.
fn remove_nominated(headers: &mut HeaderMap) {
    let values = headers.get_all(CONNECTION).iter();
    let names: Vec<HeaderName> = values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in names {
        headers.remove(name);
    }
}

fn check_binary(headers: &HeaderMap) -> Result<()> {
    let binary = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        name.ends_with("-bin") && (!is_hidden(name) || name.starts_with(ALIAS))
    });
    for (name, value) in binary {
        let mut items = value.as_bytes().split(|byte| *byte == b',');
        if items.any(|item| base64::decode(item.trim_ascii()).is_none()) {
            let text = format!("header {name} is not base64, as names ending in -bin must be");
            return Err(Error::bare(Code::InvalidArgument, text));
        }
    }
    Ok(())
}

/// Shows `grpc-metadata-foo` as `foo` too.
fn add_aliases(headers: &mut HeaderMap) {
    let aliases: Vec<(HeaderName, HeaderValue)> = headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(ALIAS)?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            (!is_reserved(name.as_str())).then(|| (name, value.clone()))
        })
        .collect();
    for (name, value) in aliases {
        // Fails above 32,768 headers, which no header block has room for.
        let _ = headers.try_append(name, value);
    }
}

/// Where the metadata of a reply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Names of headers are prefixed as gateways do it.
    pub(crate) prefix_headers: bool,
    pub(crate) trailers: Trailers,
}

/// Where trailing metadata goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trailers {
    /// Headers `trailer-<name>`.
    Connect,
    /// Headers `grpc-trailer-<name>`.
    Headers,
    /// The trailers of the response, `grpc-trailer-<name>`, announced by `Trailer`.
    Real,
}

/// Writes a reply's metadata into its headers; returns what has to go into real trailers.
pub(crate) fn write(
    metadata: ReplyMetadata,
    placement: Placement,
    headers: &mut HeaderMap,
) -> Option<HeaderMap> {
    if let Some(more) = metadata.headers {
        write_headers(more, placement.prefix_headers, headers);
    }
    let trailers = metadata.trailers?;
    let prefix = match placement.trailers {
        Trailers::Connect => CONNECT_TRAILER_PREFIX,
        Trailers::Headers | Trailers::Real => TRAILER_PREFIX,
    };
    let mut real = HeaderMap::new();
    for (name, value) in trailers.headers() {
        let Some(name) = prefixed(prefix, name) else {
            continue;
        };
        match placement.trailers {
            Trailers::Connect | Trailers::Headers => headers.append(name, value.clone()),
            Trailers::Real => real.append(name, value.clone()),
        };
    }
    for name in real.keys() {
        headers.append(TRAILER, HeaderValue::from(name.clone()));
    }
    (!real.is_empty()).then_some(real)
}

/// Writes the headers of a reply that is under way, a stream's.
pub(crate) fn write_headers(metadata: Metadata, prefix: bool, headers: &mut HeaderMap) {
    for (name, value) in metadata.headers() {
        if speaks_of_body(name) {
            continue;
        }
        let name = match prefix && name != LOCATION {
            true => prefixed(ALIAS, name),
            false => Some(name.clone()),
        };
        if let Some(name) = name {
            headers.append(name, value.clone());
        }
    }
}

/// Whether a header says how the body is to be read, which the protocol knows and a handler does not.
fn speaks_of_body(name: &HeaderName) -> bool {
    name.as_str().starts_with("content-")
        // What a download is called and which language it is in: nobody but the handler knows.
        && !matches!(name.as_str(), "content-disposition" | "content-language")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let lines = lines.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (name.parse::<HeaderName>().unwrap(), value)
        });
        let mut all = HeaderMap::new();
        for (name, value) in lines {
            all.append(name, value);
        }
        all
    }

    fn seen(lines: &[(&str, &str)]) -> Result<Metadata> {
        let mut headers = headers(lines);
        normalise(&mut headers)?;
        Ok(Metadata::from_headers(headers))
    }

    #[test]
    fn h85_gateway_names_are_seen_without_their_prefix() {
        let metadata = seen(&[
            ("Foo", "own"),
            ("Grpc-Metadata-Foo", "a"),
            ("Grpc-Metadata-Foo", "b"),
            ("Grpc-Metadata-Te", "x"),
            ("Grpc-Metadata-Grpc-Timeout", "1S"),
            ("Grpc-Metadata-Content-Type", "x/y"),
            ("Grpc-Metadata-", "x"),
        ])
        .unwrap();
        assert_eq!(
            metadata.iter().collect::<Vec<_>>(),
            [("foo", "own"), ("foo", "a"), ("foo", "b")]
        );
    }

    #[test]
    fn h85_binary_values_are_base64() {
        let metadata = seen(&[("x-bin", "AQI=,AQI"), ("grpc-metadata-y-bin", "_w")]).unwrap();
        assert_eq!(metadata.get_all_bin("x-bin"), [[1, 2], [1, 2]]);
        assert_eq!(metadata.get_bin("y-bin"), Some(vec![255]));
        for (name, value) in [
            ("x-bin", "!"),
            ("x-bin", "AQI=,A"),
            ("x-bin", "谷"),
            ("grpc-metadata-y-bin", "?"),
        ] {
            let error = seen(&[(name, value)]).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{name}: {value}");
        }
        // The protocol's own, which nobody sees.
        assert!(seen(&[("grpc-trace-bin", "?")]).is_ok());
    }

    #[test]
    fn h85_h88_what_is_seen() {
        let metadata = seen(&[
            ("authorization", "Bearer x"),
            ("content-type", "application/json"),
            ("x-name", "谷"),
            ("Connection", "keep-alive, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("proxy-authorization", "x"),
            ("host", "h"),
            ("content-length", "2"),
            ("upgrade", "h2c"),
            ("grpc-timeout", "1S"),
        ])
        .unwrap();
        assert_eq!(
            metadata.iter().collect::<Vec<_>>(),
            [("authorization", "Bearer x")]
        );
        assert_eq!(metadata.get("content-type"), Some("application/json"));
        assert_eq!(metadata.get("x-name"), None);
        assert_eq!(metadata.get("te"), None);
    }
}
