//! What is wrong in the user's files: where, what, and what to do about it.

use std::fmt;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Import name of the file; empty if no file is to blame.
    pub file: String,
    /// Line and column, both from 1; `None` when the descriptors came without source info.
    pub position: Option<(u32, u32)>,
    /// Full name of the element: `shop.v1.Product.Get`; stands in for a missing position.
    pub element: String,
    /// What is wrong, naming the offending text; lower case, no full stop.
    pub message: String,
    /// What to do about it; empty if the message says it all.
    pub help: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
            match self.position {
                Some((line, column)) => write!(f, "{line}:{column}: ")?,
                None if self.element.is_empty() => write!(f, " ")?,
                None => write!(f, " ({}) ", self.element)?,
            }
        }
        write!(f, "error: {}", self.message)?;
        for line in self.help.lines() {
            write!(f, "\n  help: {line}")?;
        }
        Ok(())
    }
}

/// Every mistake of one run, sorted by place; never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Sorts and keeps `all`, each mistake once.
    pub(crate) fn new(mut all: Vec<Diagnostic>) -> Self {
        all.sort();
        all.dedup();
        Self(all)
    }

    /// The mistakes, sorted by file, line and column.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

/// Prints what [`fmt::Display`] prints, because build scripts unwrap.
impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Diagnostics {}
