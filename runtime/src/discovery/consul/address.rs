//! Where the agent listens.

use std::fmt;
use std::path::PathBuf;

use crate::discovery::check_address;
use crate::error::{Error, Result};

/// The port of an address that names none and has no scheme.
const PORT: u16 = 8500;

/// Where an agent listens: `host:port`, `http://host:port`, `https://host:port`, `unix:///path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) place: Place,
    pub(super) tls: bool,
    /// What stands before `/v1` where a proxy has the API on another path: empty or `/consul`.
    pub(super) prefix: String,
}

/// What is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Host and port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Reads an address; one without a scheme is plain HTTP, one without scheme and port means 8500.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument), saying what an address looks like.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix://") {
            return Self::unix(text, path);
        }
        let (tls, rest, port) = match text.split_once("://") {
            None => (false, text, PORT),
            Some(("http", rest)) => (false, rest, 80),
            Some(("https", rest)) => (true, rest, 443),
            Some(_) => return Err(bad(text)),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if path.contains(['?', '#', ' ']) {
            return Err(bad(text));
        }
        let named = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.ends_with(']'));
        let address = match named {
            true => authority.to_owned(),
            false => format!("{authority}:{port}"),
        };
        check_address(&address).map_err(|_| bad(text))?;
        Ok(Self {
            place: Place::Tcp(address),
            tls,
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }

    fn unix(text: &str, path: &str) -> Result<Self> {
        if !cfg!(unix) || path.is_empty() {
            return Err(bad(text));
        }
        Ok(Self {
            place: Place::Unix(PathBuf::from(path)),
            tls: false,
            prefix: String::new(),
        })
    }

    /// The value of the header `host`.
    pub(super) fn host(&self) -> &str {
        match &self.place {
            Place::Tcp(address) => address,
            Place::Unix(_) => "localhost",
        }
    }

    /// The port, for agents on other nodes; `None` of a socket in the file system.
    pub(super) fn port(&self) -> Option<&str> {
        match &self.place {
            Place::Tcp(address) => address.rsplit_once(':').map(|(_, port)| port),
            Place::Unix(_) => None,
        }
    }
}

/// As people write it after `consul://`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(address) => write!(f, "{address}{}", self.prefix),
            Place::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

fn bad(text: &str) -> Error {
    // What stands before an `@` may be a password.
    let text = text.rsplit('@').next().unwrap_or_default();
    Error::invalid_argument(format!(
        "`{text}` is not where a Consul agent listens: write 127.0.0.1:8500, http://host:port, \
         https://host:port or unix:///path"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_consuls_tools_take_them() {
        let good = [
            ("127.0.0.1:8500", "127.0.0.1:8500", false, ""),
            ("consul", "consul:8500", false, ""),
            ("[::1]", "[::1]:8500", false, ""),
            ("[::1]:8501", "[::1]:8501", false, ""),
            ("http://consul:8500/", "consul:8500", false, ""),
            ("https://consul.internal", "consul.internal:443", true, ""),
            ("http://proxy/consul/", "proxy:80", false, "/consul"),
        ];
        for (text, address, tls, prefix) in good {
            let expected = Address {
                place: Place::Tcp(address.to_owned()),
                tls,
                prefix: prefix.to_owned(),
            };
            assert_eq!(Address::parse(text).unwrap(), expected, "{text}");
        }
        let unix = Address::parse("unix:///run/consul.sock").unwrap();
        assert_eq!(unix.place, Place::Unix("/run/consul.sock".into()));
        assert_eq!((unix.host(), unix.port()), ("localhost", None));
    }

    #[test]
    fn what_is_no_address_is_explained_without_its_password() {
        for text in [
            "",
            ":8500",
            "ftp://x",
            "http://u:secret@host:1",
            "a:b:c",
            "unix://",
            "x:99999",
        ] {
            let error = Address::parse(text).unwrap_err();
            assert!(
                error
                    .message()
                    .contains("is not where a Consul agent listens"),
                "{text}"
            );
            assert!(!error.message().contains("secret"));
        }
    }
}
