//! From any error to ours, and back to `std::error::Error`.

use std::error::Error as StdError;
use std::fmt;

use super::{Code, Error, Frame, Result};

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    #[track_caller]
    fn from(cause: E) -> Self {
        let mut error = Self::bare(Code::Unknown, "");
        error.inner.frames.push(Frame::here(""));
        // An error that went through `into_std` comes back as it was.
        match (Box::new(cause) as Box<dyn StdError + Send + Sync>).downcast::<StdErrorOf>() {
            Ok(own) => own.0,
            Err(cause) => {
                error.inner.cause = Some(cause);
                error
            }
        }
    }
}

/// An [`Error`] as a [`std::error::Error`].
#[derive(Debug)]
pub struct StdErrorOf(pub(super) Error);

impl StdErrorOf {
    /// Returns the error inside.
    pub fn get_ref(&self) -> &Error {
        &self.0
    }
}

impl fmt::Display for StdErrorOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for StdErrorOf {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.inner.cause.as_deref().map(|cause| cause as _)
    }
}

/// Gives results of any error a code: for `anyhow::Error`, `Box<dyn Error>`, text, and std errors alike.
///
/// ```
/// use ezrpc::{Code, ResultExt};
/// let read: Result<String, Box<dyn std::error::Error + Send + Sync>> = Err("disk is gone".into());
/// assert_eq!(read.code(Code::Unavailable).unwrap_err().code(), Code::Unavailable);
/// ```
pub trait ResultExt<T> {
    /// Turns the error into an [`Error`] with `code`, made at this line, the cause kept.
    ///
    /// # Errors
    /// The error it had, with `code`.
    #[track_caller]
    fn code(self, code: Code) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> ResultExt<T> for std::result::Result<T, E> {
    #[track_caller]
    fn code(self, code: Code) -> Result<T> {
        // Not `map_err`: a closure would hide the caller's line.
        match self {
            Ok(value) => Ok(value),
            Err(cause) => Err(Error::new(code, "").with_cause(cause)),
        }
    }
}
