//! What went wrong, in which field, and where in the text.

use std::fmt;

/// The result of reading or writing JSON.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a message could not be read from, or written as, JSON.
///
/// Displays as `info.tags[2]: expected a string, found 7 at line 1 column 20`.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    /// Boxed: results travel through every field, and so are one word.
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    message: String,
    /// `info.tags[2]`, grown from the right as the error leaves each field.
    path: String,
    place: Option<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Error {
    /// An error that has no place in a text: one of writing.
    #[cold]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                message: message.into(),
                path: String::new(),
                place: None,
            }),
        }
    }

    /// An error at byte `offset` of `text`.
    #[cold]
    pub(crate) fn at(text: &[u8], offset: usize, message: impl Into<String>) -> Self {
        let before = &text[..offset.min(text.len())];
        let start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |newline| newline + 1);
        let mut error = Self::new(message);
        error.inner.place = Some(Place {
            offset,
            line: before.iter().filter(|&&b| b == b'\n').count() + 1,
            column: String::from_utf8_lossy(&before[start..]).chars().count() + 1,
        });
        error
    }

    /// What is wrong, without the field and the place.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The field, such as `info.tags[2]` or `attrs["colour"]`, by JSON names; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// The byte offset in the text; `None` when writing.
    pub fn offset(&self) -> Option<usize> {
        self.inner.place.map(|place| place.offset)
    }

    /// The line in the text, from 1; `None` when writing.
    pub fn line(&self) -> Option<usize> {
        self.inner.place.map(|place| place.line)
    }

    /// The column in characters, from 1; `None` when writing.
    pub fn column(&self) -> Option<usize> {
        self.inner.place.map(|place| place.column)
    }

    /// The same error, seen from the message that holds field `name`.
    #[cold]
    #[inline(never)]
    pub(crate) fn in_field(mut self, name: &str) -> Self {
        let path = &mut self.inner.path;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, name);
        self
    }

    /// The same error, seen from the list that holds item `index`.
    #[cold]
    #[inline(never)]
    pub(crate) fn in_item(self, index: usize) -> Self {
        self.in_brackets(&index.to_string())
    }

    /// The same error, seen from the map that holds `key`.
    #[cold]
    #[inline(never)]
    pub(crate) fn in_entry(self, key: &dyn fmt::Debug) -> Self {
        self.in_brackets(&format!("{key:?}"))
    }

    fn in_brackets(mut self, text: &str) -> Self {
        let path = &mut self.inner.path;
        let dot = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        path.insert_str(0, &format!("[{text}]{dot}"));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            message,
            path,
            place,
        } = &*self.inner;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(message)?;
        match place {
            Some(Place { line, column, .. }) => write!(f, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?})", self.to_string())
    }
}

impl std::error::Error for Error {}
