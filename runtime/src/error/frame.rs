//! The places an error passed.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

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

    /// The service whose RPC it is. Lines of other processes come as they are: `a.B/Get (src/file.rs:7)`, or a path, which
    /// has slashes too.
    pub(crate) fn service(&self) -> Option<&str> {
        let rpc = self.rpc.split(" (").next()?;
        let (service, method) = rpc.rsplit_once('/')?;
        let is_name = |part: &str| {
            let mut chars = part.chars();
            let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
            chars.next().is_some_and(is_start) && chars.all(|c| is_start(c) || c.is_ascii_digit())
        };
        (is_name(method) && service.split('.').all(is_name)).then_some(service)
    }

    /// Whether it is a handler or a call, and not a line between them.
    pub(crate) fn is_rpc(&self) -> bool {
        self.service().is_some()
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
