//! How large uploads may be.

use std::collections::BTreeMap;
use std::time::Duration;

/// The bounds of uploads: forms of multipart/form-data, and raw bodies of methods that stream requests.
///
/// They are for methods with `upload: true`; [`Server::upload`](crate::Server::upload) sets them for all,
/// [`Server::upload_for`](crate::Server::upload_for) for one.
///
/// Fixed are: a boundary of at most 70 characters, and 16 header lines in 8 KiB for each part.
///
/// ```
/// use std::time::Duration;
/// use ezrpc::{Server, UploadLimits};
/// let server = Server::new("pictures")
///     .upload(UploadLimits::new().total(8 << 20).idle(Duration::from_secs(5)))
///     .upload_for("/pictures.v1.Albums/Import", UploadLimits::new().total(1 << 30).file(1 << 30));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct UploadLimits {
    total: Option<u64>,
    file: Option<u64>,
    field: Option<u64>,
    parts: Option<usize>,
    idle: Option<Duration>,
}

/// What a message in memory may hold: 32 MiB.
const MESSAGE: u64 = 32 << 20;
/// What may pass through a stream, which is never in memory: 5 GiB.
const STREAM: u64 = 5 << 30;

impl UploadLimits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            total: None,
            file: None,
            field: None,
            parts: None,
            idle: None,
        }
    }

    /// Sets the longest body in bytes, after decompression (default 32 MiB; 5 GiB for methods that stream requests, which
    /// hold no more than a piece of it in memory).
    pub const fn total(mut self, bytes: u64) -> Self {
        self.total = Some(bytes);
        self
    }

    /// Sets the longest file in bytes (default as for [`total`](Self::total)).
    pub const fn file(mut self, bytes: u64) -> Self {
        self.file = Some(bytes);
        self
    }

    /// Sets the longest part that is no file, in bytes (default 1 MiB).
    pub const fn field(mut self, bytes: u64) -> Self {
        self.field = Some(bytes);
        self
    }

    /// Sets the most parts of a form (default 1,000).
    pub const fn parts(mut self, parts: usize) -> Self {
        self.parts = Some(parts);
        self
    }

    /// Sets how long the server waits for the next byte of a body (default 30 s).
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.idle = Some(limit);
        self
    }

    /// What is not set here, as `other` has it.
    fn or(self, other: Self) -> Self {
        Self {
            total: self.total.or(other.total),
            file: self.file.or(other.file),
            field: self.field.or(other.field),
            parts: self.parts.or(other.parts),
            idle: self.idle.or(other.idle),
        }
    }
}

/// What a server says of uploads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uploads {
    pub(crate) limits: UploadLimits,
    /// By RPC path.
    pub(crate) methods: BTreeMap<String, UploadLimits>,
    /// Methods that take uploads take nothing else.
    pub(crate) only: bool,
}

impl Uploads {
    /// The bounds of one method's uploads.
    pub(super) fn bounds(&self, path: &str, streaming: bool) -> Bounds {
        let method = self.methods.get(path).copied().unwrap_or_default();
        let limits = method.or(self.limits);
        let most = if streaming { STREAM } else { MESSAGE };
        Bounds {
            total: limits.total.unwrap_or(most),
            file: limits.file.unwrap_or(most),
            field: limits.field.unwrap_or(1 << 20),
            parts: limits.parts.unwrap_or(1000),
            idle: limits.idle.unwrap_or(Duration::from_secs(30)),
        }
    }
}

/// The bounds of one upload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) total: u64,
    pub(super) file: u64,
    pub(super) field: u64,
    pub(super) parts: usize,
    pub(super) idle: Duration,
}

impl Bounds {
    /// The same where the body is the file.
    pub(super) fn of_one_file(mut self) -> Self {
        self.total = self.total.min(self.file);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_stands_before_the_server_and_that_before_the_defaults() {
        let uploads = Uploads {
            limits: UploadLimits::new().total(10).parts(3),
            methods: [("/a.B/C".to_owned(), UploadLimits::new().total(20).file(7))].into(),
            only: false,
        };
        let bounds = uploads.bounds("/a.B/C", false);
        assert_eq!((bounds.total, bounds.file, bounds.parts), (20, 7, 3));
        assert_eq!(bounds.idle, Duration::from_secs(30));
        let bounds = uploads.bounds("/a.B/D", true);
        assert_eq!(
            (bounds.total, bounds.file, bounds.field),
            (10, 5 << 30, 1 << 20)
        );
        assert_eq!(Uploads::default().bounds("/", false).total, 32 << 20);
    }
}
