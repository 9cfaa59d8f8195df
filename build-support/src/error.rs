//! What can go wrong in a build script.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why nothing was written. `Debug` prints what `Display` prints, because build scripts unwrap.
#[non_exhaustive]
pub enum Error {
    /// A setting of the build cannot be used.
    Params(String),
    /// A `.proto` file is missing, cannot be parsed, or imports something that is missing.
    Source(String),
    /// The generator refuses the files; all mistakes, each with its place.
    Generate(protoc_gen_ezrpc::Error),
    /// A file cannot be read or written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Params(text) | Self::Source(text) => f.write_str(text),
            Self::Generate(error) => error.fmt(f),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // On a line of its own after "called `Result::unwrap()` on an `Err` value:".
        write!(f, "\n{self}\n")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Params(_) | Self::Source(_) => None,
            Self::Generate(error) => Some(error),
            Self::Io { source, .. } => Some(source),
        }
    }
}

impl From<protoc_gen_ezrpc::Error> for Error {
    fn from(error: protoc_gen_ezrpc::Error) -> Self {
        Self::Generate(error)
    }
}
