//! The one error type of services and clients, with its code, reason, details and call stack.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use crate::wkt::Any;

/// What a service method returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The status codes of gRPC other than OK.
///
/// Source: <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// The caller gave up.
    Canceled = 1,
    /// An error without a known code.
    Unknown = 2,
    /// The request itself is wrong, whatever the state of the system.
    InvalidArgument = 3,
    /// The deadline passed first.
    DeadlineExceeded = 4,
    /// What was asked for does not exist.
    NotFound = 5,
    /// What should be created exists.
    AlreadyExists = 6,
    /// The caller is known and not allowed.
    PermissionDenied = 7,
    /// A quota, a limit or a size is used up.
    ResourceExhausted = 8,
    /// The system is not in the state the call needs.
    FailedPrecondition = 9,
    /// A conflict with another call; try the whole again.
    Aborted = 10,
    /// Past the valid range.
    OutOfRange = 11,
    /// Not offered here.
    Unimplemented = 12,
    /// An invariant is broken.
    Internal = 13,
    /// Not available now; try again.
    Unavailable = 14,
    /// Data is lost.
    DataLoss = 15,
    /// The caller is not known.
    Unauthenticated = 16,
}

/// The one table of codes: name on the Connect and JSON wire, HTTP status.
const CODES: [(Code, &str, u16); 16] = [
    (Code::Canceled, "canceled", 499),
    (Code::Unknown, "unknown", 500),
    (Code::InvalidArgument, "invalid_argument", 400),
    (Code::DeadlineExceeded, "deadline_exceeded", 504),
    (Code::NotFound, "not_found", 404),
    (Code::AlreadyExists, "already_exists", 409),
    (Code::PermissionDenied, "permission_denied", 403),
    (Code::ResourceExhausted, "resource_exhausted", 429),
    (Code::FailedPrecondition, "failed_precondition", 400),
    (Code::Aborted, "aborted", 409),
    (Code::OutOfRange, "out_of_range", 400),
    (Code::Unimplemented, "unimplemented", 501),
    (Code::Internal, "internal", 500),
    (Code::Unavailable, "unavailable", 503),
    (Code::DataLoss, "data_loss", 500),
    (Code::Unauthenticated, "unauthenticated", 401),
];

impl Code {
    /// Returns the number on the wire, 1 to 16.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the code with this number; any other number but 0 is [`Code::Unknown`], as gRPC prescribes.
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => None,
            1..=16 => Some(CODES[number as usize - 1].0),
            _ => Some(Code::Unknown),
        }
    }

    /// Returns the name in JSON: `not_found`.
    pub fn name(self) -> &'static str {
        CODES[usize::from(self.number()) - 1].1
    }

    /// Returns the code with this JSON name.
    pub fn from_name(name: &str) -> Option<Self> {
        CODES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Returns the HTTP status that stands for the code.
    pub fn http_status(self) -> u16 {
        CODES[usize::from(self.number()) - 1].2
    }

    /// Returns the code a peer meant that answered with a bare HTTP status.
    ///
    /// Source: <https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html>.
    pub fn from_http_status(status: u16) -> Self {
        match status {
            400 => Code::Internal,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::Unimplemented,
            429 | 502..=504 => Code::Unavailable,
            _ => Code::Unknown,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One place an error passed: an RPC, a call site, or a `.trace()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// `common.Product/Get` for a handler or a call; empty for a plain line.
    pub rpc: Cow<'static, str>,
    /// Source file; empty for a handler.
    pub file: Cow<'static, str>,
    /// Line in the file, from 1; 0 for a handler.
    pub line: u32,
}

impl Frame {
    /// The line of code that called the function this is used in.
    #[track_caller]
    pub(crate) fn here(rpc: impl Into<Cow<'static, str>>) -> Self {
        Self::at(rpc, Location::caller())
    }

    pub(crate) fn at(rpc: impl Into<Cow<'static, str>>, at: &'static Location<'static>) -> Self {
        Self {
            rpc: rpc.into(),
            file: Cow::Borrowed(at.file()),
            line: at.line(),
        }
    }

    /// A line of another process's stack, kept as it came.
    pub(crate) fn remote(line: String) -> Self {
        Self {
            rpc: Cow::Owned(line),
            file: Cow::Borrowed(""),
            line: 0,
        }
    }

    /// The handler of an RPC.
    pub(crate) fn handler(rpc: &'static str) -> Self {
        Self {
            rpc: Cow::Borrowed(rpc),
            file: Cow::Borrowed(""),
            line: 0,
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rpc.is_empty(), self.file.is_empty()) {
            (_, true) => write!(f, "{}", self.rpc),
            (true, false) => write!(f, "{}:{}", self.file, self.line),
            (false, false) => write!(f, "{} ({}:{})", self.rpc, self.file, self.line),
        }
    }
}

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
    http_status: Option<u16>,
    reason: String,
    domain: String,
    metadata: BTreeMap<String, String>,
    details: Vec<Any>,
    frames: Vec<Frame>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
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
                http_status: None,
                reason: String::new(),
                domain: String::new(),
                metadata: BTreeMap::new(),
                details: Vec::new(),
                frames: Vec::new(),
                cause: None,
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
    #[must_use]
    pub fn with_reason(mut self, domain: impl Into<String>, reason: impl Into<String>) -> Self {
        self.inner.domain = domain.into();
        self.inner.reason = reason.into();
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

    /// Sets the error underneath; its text goes to logs and to gRPC peers, never past a trust boundary.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.cause = Some(cause.into());
        self
    }

    /// Sets an HTTP status gRPC has no code for.
    #[must_use]
    pub fn with_http_status(mut self, status: u16) -> Self {
        self.inner.http_status = Some(status);
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

    /// Returns the message; empty for an error that only wraps another.
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

    /// Returns the error underneath, if it came from one in this process.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.inner.cause.as_deref()
    }

    /// Returns the HTTP status that stands for the error.
    pub fn http_status(&self) -> u16 {
        self.inner.http_status.unwrap_or(self.inner.code.http_status())
    }

    /// The text for peers inside the trust boundary: the message, or the cause's text.
    pub(crate) fn full_message(&self) -> Cow<'_, str> {
        match (&self.inner.cause, self.inner.message.is_empty()) {
            (Some(cause), true) => Cow::Owned(cause.to_string()),
            _ => Cow::Borrowed(&self.inner.message),
        }
    }

    /// The text for anybody: the message, or a fixed text for an error that only wraps another.
    pub(crate) fn public_message(&self) -> &str {
        match (self.inner.message.is_empty(), self.inner.code) {
            (false, _) => &self.inner.message,
            (true, Code::Unknown) => "unknown error",
            (true, Code::Internal) => "internal error",
            (true, _) => "",
        }
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
        if let (Some(cause), false) = (&self.inner.cause, self.inner.message.is_empty()) {
            write!(f, ": {cause}")?;
        }
        for frame in &self.inner.frames {
            write!(f, "\n  at {frame}")?;
        }
        Ok(())
    }
}

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
pub struct StdErrorOf(Error);

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
