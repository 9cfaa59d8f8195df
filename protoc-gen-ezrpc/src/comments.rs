//! Proto comments to rustdoc: no intra-doc links, no doctests, nothing that breaks the page.

use std::collections::HashMap;

use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

mod markdown;

#[cfg(feature = "fuzzing")]
pub(crate) use markdown::rustdoc;

/// Comments of a file's services and methods, by path.
pub(crate) struct Docs<'a>(HashMap<&'a [i32], &'a Location>);

/// Collects what is said about the services of `file` and their methods.
pub(crate) fn of_services(file: &FileDescriptorProto) -> Docs<'_> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let services = locations.filter(|location| location.path.first() == Some(&6));
    let by_path = services.map(|location| (&*location.path, location));
    Docs(by_path.collect())
}

impl Docs<'_> {
    /// The sanitised lines of the element at `path`, each with its leading space; empty ones are empty.
    pub(crate) fn lines(&self, path: &[i32]) -> Vec<String> {
        let Some(&location) = self.0.get(path) else {
            return Vec::new();
        };
        match path {
            [6, _, 2, _] if !self.ends_at_once(path, location) => {
                lines(&[&location.leading_comments])
            }
            _ => lines(&[&location.leading_comments, &location.trailing_comments]),
        }
    }

    /// Whether an RPC is declared as `rpc A(M) returns (M);`, with no space before the end.
    ///
    /// With braces, protoc takes what follows the opening one for the trailing comment, protox what
    /// follows the closing one. Both must give the same output, so neither is taken.
    fn ends_at_once(&self, path: &[i32], rpc: &Location) -> bool {
        /// Field number of `MethodDescriptorProto.output_type`.
        const OUTPUT_TYPE: i32 = 3;
        /// Columns of `);`.
        const END: i32 = 2;
        let output = self.0.get(&[path, &[OUTPUT_TYPE]].concat()[..]);
        let output_end = output.and_then(|location| end(location));
        output_end
            .is_some_and(|(line, column)| end(rpc) == Some((line, column.saturating_add(END))))
    }
}

/// Line and column where a location ends.
fn end(location: &Location) -> Option<(i32, i32)> {
    match location.span[..] {
        [line, _, column] | [_, _, line, column] => Some((line, column)),
        _ => None,
    }
}

/// Puts sanitised comments in place of a file's own, all of an element's in its leading comment.
pub(crate) fn sanitise(file: &mut FileDescriptorProto) {
    let Some(info) = &mut file.source_code_info else {
        return;
    };
    info.location.retain_mut(|location| {
        let said = location.leading_comments.is_some() || location.trailing_comments.is_some();
        let element = matches!(location.path.first(), Some(4 | 5)) && location.path.len() % 2 == 0;
        if !said || !element {
            return false;
        }
        let text = lines(&[&location.leading_comments, &location.trailing_comments]).join("\n");
        *location = Location {
            path: std::mem::take(&mut location.path),
            span: std::mem::take(&mut location.span),
            leading_comments: Some(text),
            ..Location::default()
        };
        location
            .leading_comments
            .as_ref()
            .is_some_and(|text| !text.is_empty())
    });
}

/// Comments as paragraphs of rustdoc.
fn lines(comments: &[&Option<String>]) -> Vec<String> {
    let comments = comments.iter().copied().flatten();
    let parts = comments
        .map(|text| markdown::rustdoc(text))
        .filter(|part| !part.is_empty());
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(part);
    }
    lines
}

#[cfg(test)]
mod tests;
