//! Text that is not to be seen.

use std::fmt;

use http::HeaderValue;

use crate::error::{Error, Result};

/// The value of a header that proves who asks; its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(HeaderValue);

impl Secret {
    /// Takes a secret; white space around it is not part of it.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument), naming `what`, if it cannot stand in a header.
    pub(super) fn new(what: &str, text: &str) -> Result<Self> {
        let value = HeaderValue::from_str(text.trim());
        let mut value = value.map_err(|_| {
            Error::invalid_argument(format!("{what} has characters that no header may have"))
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Returns the value to be sent.
    pub(super) fn reveal(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_secret() {
        let secret = Secret::new("token", " s3cr3t\n").unwrap();
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(format!("{:?}", secret.reveal()), "Sensitive");
        assert_eq!(secret.reveal(), "s3cr3t");
        let error = Secret::new("CONSUL_HTTP_TOKEN", "s3c\nr3t").unwrap_err();
        assert_eq!(
            error.message(),
            "CONSUL_HTTP_TOKEN has characters that no header may have"
        );
    }
}
