//! The one error type of services and clients, with its code, reason, details and call stack.

mod code;
mod convert;
mod fields;
mod frame;
mod message;
mod reasons;
mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

pub use code::Code;
pub use convert::{ResultExt, StdErrorOf};
pub use frame::Frame;
pub use reasons::{ErrorReason, ErrorReasons};

use crate::protocol::trace::TraceId;
use crate::wkt::Any;

/// What a service method returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of a service call: code, message, reason, details, and the places it passed.
///
/// `?` turns any [`std::error::Error`] into it with code [`Code::Unknown`] and records that line. It is
/// not a `std::error::Error` itself (the two cannot both hold); [`Error::into_std`] gives one.
///
/// ```
/// use ezrpc::{Code, Error, Result};
/// fn stock(text: &str) -> Result<i64> {
///     let n: i64 = text.parse()?;
///     if n < 0 {
///         return Err(Error::invalid_argument("stock is negative"));
///     }
///     Ok(n)
/// }
/// assert_eq!(stock("-1").unwrap_err().code(), Code::InvalidArgument);
/// assert_eq!(stock("x").unwrap_err().code(), Code::Unknown);
/// ```
pub struct Error {
    // Boxed so that `Result<T>` stays small on the path that succeeds.
    inner: Box<Inner>,
}

struct Inner {
    code: Code,
    message: Cow<'static, str>,
    /// The message is for this process, its logs and trusted peers.
    inside: bool,
    /// The request was no call of the method, which is nobody's trouble but the caller's.
    malformed: bool,
    http_status: Option<u16>,
    /// Seven digits: HTTP status and detail of a typed error.
    number: Option<u32>,
    reason: String,
    domain: String,
    metadata: BTreeMap<String, String>,
    details: Vec<Any>,
    frames: Vec<Frame>,
    /// Of the contexts it was traced in, the innermost first; each key once.
    fields: Vec<(Cow<'static, str>, String)>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    /// What a caller is told who may not read the rest.
    id: Option<TraceId>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::new(Code::$code, message)
        }
    )*};
}

impl Error {
    /// Makes an error at this line. The message may be shown to any caller.
    #[track_caller]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::bare(code, message);
        error.inner.frames.push(Frame::here(""));
        error
    }

    /// An error without a place: for what the framework or a peer says.
    pub(crate) fn bare(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: Box::new(Inner {
                code,
                message: message.into(),
                inside: false,
                malformed: false,
                http_status: None,
                number: None,
                reason: String::new(),
                domain: String::new(),
                metadata: BTreeMap::new(),
                details: Vec::new(),
                frames: Vec::new(),
                fields: Vec::new(),
                cause: None,
                id: None,
            }),
        }
    }

    constructors! {
        /// [`Code::Canceled`].
        canceled => Canceled;
        /// [`Code::Unknown`].
        unknown => Unknown;
        /// [`Code::InvalidArgument`].
        invalid_argument => InvalidArgument;
        /// [`Code::DeadlineExceeded`].
        deadline_exceeded => DeadlineExceeded;
        /// [`Code::NotFound`].
        not_found => NotFound;
        /// [`Code::AlreadyExists`].
        already_exists => AlreadyExists;
        /// [`Code::PermissionDenied`].
        permission_denied => PermissionDenied;
        /// [`Code::ResourceExhausted`].
        resource_exhausted => ResourceExhausted;
        /// [`Code::FailedPrecondition`].
        failed_precondition => FailedPrecondition;
        /// [`Code::Aborted`].
        aborted => Aborted;
        /// [`Code::OutOfRange`].
        out_of_range => OutOfRange;
        /// [`Code::Unimplemented`].
        unimplemented => Unimplemented;
        /// [`Code::Internal`].
        internal => Internal;
        /// [`Code::Unavailable`].
        unavailable => Unavailable;
        /// [`Code::DataLoss`].
        data_loss => DataLoss;
        /// [`Code::Unauthenticated`].
        unauthenticated => Unauthenticated;
    }

    /// Replaces the code.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.inner.code = code;
        self
    }

    /// Sets what a program can tell the error by: `google.rpc.ErrorInfo`'s domain and reason.
    ///
    /// Reasons that are listed in the proto make their errors themselves: [`ErrorReasons`].
    #[must_use]
    pub fn with_reason(mut self, domain: impl Into<String>, reason: impl Into<String>) -> Self {
        self.inner.domain = domain.into();
        self.inner.reason = reason.into();
        self.inner.number = None;
        self
    }

    /// Adds one entry to `google.rpc.ErrorInfo`'s metadata.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.inner.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a typed detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Any) -> Self {
        self.inner.details.push(detail);
        self
    }

    /// Sets an HTTP status gRPC has no code for; one that is no error (outside 400 to 599) leaves the code's own.
    ///
    /// It comes along over gRPC if the error has a reason.
    #[must_use]
    pub fn with_http_status(mut self, status: u16) -> Self {
        self.inner.http_status = (400..600).contains(&status).then_some(status);
        let number = self.inner.number;
        self.inner.number = number.filter(|number| number / 10_000 == u32::from(status));
        self
    }

    /// Records the line this is called on.
    #[must_use]
    #[track_caller]
    pub fn trace(mut self) -> Self {
        self.inner.frames.push(Frame::here(""));
        self
    }

    pub(crate) fn push_frame(&mut self, frame: Frame) {
        self.inner.frames.push(frame);
    }

    /// Returns the code.
    pub fn code(&self) -> Code {
        self.inner.code
    }

    /// Returns the message; empty for an error that only wraps another. What callers outside may read of it is
    /// [`Error::public_message`].
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Returns the domain of the reason; empty if none is set.
    pub fn domain(&self) -> &str {
        &self.inner.domain
    }

    /// Returns the reason; empty if none is set.
    pub fn reason(&self) -> &str {
        &self.inner.reason
    }

    /// Returns the metadata of the reason.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.inner.metadata
    }

    /// Returns the typed details.
    pub fn details(&self) -> &[Any] {
        &self.inner.details
    }

    /// Returns the places the error passed, innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.inner.frames
    }

    /// Returns the error underneath; of an error from another process, its text.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.inner.cause.as_deref()
    }

    /// Returns the HTTP status that stands for the error.
    pub fn http_status(&self) -> u16 {
        self.inner
            .http_status
            .unwrap_or(self.inner.code.http_status())
    }

    /// Turns it into a [`std::error::Error`], for code that wants `Box<dyn Error>` or anyhow.
    pub fn into_std(self) -> StdErrorOf {
        StdErrorOf(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.full_message();
        if message.is_empty() {
            return f.write_str(self.inner.code.name());
        }
        f.write_str(&message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.inner.code)?;
        if !self.inner.reason.is_empty() {
            write!(f, " ({}/{})", self.inner.domain, self.inner.reason)?;
        }
        if let Some(cause) = self.cause_beside_message() {
            write!(f, ": {cause}")?;
        }
        for frame in &self.inner.frames {
            write!(f, "\n  at {frame}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_of_errors_replaces_the_codes_own() {
        let status = |status| Error::not_found("x").with_http_status(status).http_status();
        assert_eq!([410, 599].map(status), [410, 599]);
        assert_eq!([101, 204, 399, 600].map(status), [404; 4]);
    }
}
