//! What is wrong in the user's files: where, what, and what to do about it.

use std::fmt;

use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Import name of the file; empty if no file is to blame.
    pub file: String,
    /// Line and column, both from 1; `None` when the descriptors came without source info.
    pub position: Option<(u32, u32)>,
    /// Full name of the element, `shop.v1.Product.Get`; printed where there is no position.
    pub element: String,
    /// What is wrong, naming the offending text; lower case, no full stop.
    pub message: String,
    /// What to do about it; empty if the message says it all.
    pub help: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.position, self.element.as_str()) {
            ("", ..) => {}
            (file, Some((line, column)), _) => write!(f, "{file}:{line}:{column}: ")?,
            (file, None, "") => write!(f, "{file}: ")?,
            (file, None, element) => write!(f, "{file}: ({element}) ")?,
        }
        write!(f, "{}", self.message)?;
        for (index, line) in self.help.lines().enumerate() {
            let label = if index == 0 { "help:" } else { "     " };
            write!(f, "\n  {label} {line}")?;
        }
        Ok(())
    }
}

/// Every mistake of one run, sorted by place; never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
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

/// Mistakes as they are found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    all: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Report {
    /// Notes a mistake.
    pub(crate) fn error(&mut self, at: At, message: impl Into<String>) -> Noted<'_> {
        self.all.push(at.says(message.into()));
        Noted(self.all.last_mut())
    }

    /// Notes what works, but perhaps not as it is meant.
    pub(crate) fn warn(&mut self, at: At, message: impl Into<String>) -> Noted<'_> {
        self.warnings.push(at.says(message.into()));
        Noted(self.warnings.last_mut())
    }

    /// Takes what is doubtful, sorted and each once.
    pub(crate) fn warnings(self) -> Vec<Diagnostic> {
        let mut warnings = self.warnings;
        warnings.sort();
        warnings.dedup();
        warnings
    }

    /// Whether nothing has been found so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Ends a step: its mistakes, sorted and each once, if there are any.
    pub(crate) fn finish(&mut self) -> Result<(), Diagnostics> {
        if self.all.is_empty() {
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.all);
        all.sort();
        all.dedup();
        Err(Diagnostics(all))
    }
}

/// A mistake just noted, to say more about.
pub(crate) struct Noted<'a>(Option<&'a mut Diagnostic>);

impl Noted<'_> {
    /// Says what to do about it; a line of its own per line.
    pub(crate) fn help(self, help: impl Into<String>) {
        if let Some(diagnostic) = self.0 {
            diagnostic.help = help.into();
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone)]
pub(crate) struct At {
    file: String,
    position: Option<(u32, u32)>,
    element: String,
}

impl At {
    fn says(self, message: String) -> Diagnostic {
        let At {
            file,
            position,
            element,
        } = self;
        Diagnostic {
            file,
            position,
            element,
            message,
            help: String::new(),
        }
    }

    /// No file is to blame.
    pub(crate) fn nowhere() -> Self {
        Self::file("")
    }

    /// A file as a whole.
    pub(crate) fn file(name: &str) -> Self {
        Self {
            file: name.to_owned(),
            position: None,
            element: String::new(),
        }
    }

    /// The element at `path`, or the nearest one around it that has a position.
    pub(crate) fn path(file: &FileDescriptorProto, path: &[i32]) -> Self {
        let mut at = Self::first(file, &[path]);
        let locations = file
            .source_code_info
            .as_ref()
            .map_or(&[][..], |info| &info.location);
        for length in (1..path.len()).rev().take_while(|_| !locations.is_empty()) {
            if at.position.is_some() {
                break;
            }
            let around = locations
                .iter()
                .find(|location| location.path == path[..length]);
            at.position = around.and_then(start);
        }
        at
    }

    /// The first of `paths` that has a position.
    ///
    /// A path also stands for what is below it: `option (x).a = 1` has a position at `x.a` only.
    pub(crate) fn first(file: &FileDescriptorProto, paths: &[&[i32]]) -> Self {
        let locations = file
            .source_code_info
            .as_ref()
            .map_or(&[][..], |info| &info.location);
        let find = |path: &&[i32]| {
            let exact = locations.iter().find(|location| location.path == *path);
            let found = exact.or_else(|| {
                locations
                    .iter()
                    .find(|location| location.path.starts_with(path))
            });
            found.and_then(start)
        };
        Self {
            position: paths.iter().find_map(find),
            ..Self::file(file.name())
        }
    }

    /// Names the element, for when there is no position.
    pub(crate) fn element(mut self, full_name: &str) -> Self {
        full_name
            .trim_start_matches('.')
            .clone_into(&mut self.element);
        self
    }
}

/// Line and column, from 1, where a location starts.
fn start(location: &Location) -> Option<(u32, u32)> {
    let [line, column, ..] = location.span[..] else {
        return None;
    };
    Some((
        u32::try_from(line).ok()?.checked_add(1)?,
        u32::try_from(column).ok()?.checked_add(1)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_a_position_or_else_a_name() {
        let mut report = Report::default();
        let located = At {
            position: Some((12, 5)),
            ..At::file("shop.proto")
        };
        report
            .error(located, "upload without enable")
            .help("set enable\nor remove upload");
        report.error(At::file("a.proto").element(".pkg.Svc.Get"), "bad timeout");
        report.error(At::file("a.proto").element(".pkg.Svc.Get"), "bad timeout");
        report.error(At::file("b.proto"), "no package");
        report.error(At::nowhere(), "no files");
        let text = report
            .finish()
            .err()
            .map(|diagnostics| diagnostics.to_string());
        let expected = "\
no files
a.proto: (pkg.Svc.Get) bad timeout
b.proto: no package
shop.proto:12:5: upload without enable
  help: set enable
        or remove upload";
        assert_eq!(text.as_deref(), Some(expected));
    }
}
