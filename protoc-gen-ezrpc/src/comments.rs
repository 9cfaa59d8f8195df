//! Proto comments to rustdoc: no intra-doc links, no doctests, nothing that breaks the page.

use std::collections::HashMap;

use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

mod markdown;

/// Comments of a file's services and methods, by path.
pub(crate) struct Docs<'a>(HashMap<&'a [i32], &'a Location>);

/// Collects what is said about the services of `file` and their methods.
pub(crate) fn of_services(file: &FileDescriptorProto) -> Docs<'_> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let services = locations.filter(|location| location.path.first() == Some(&6) && location.path.len() % 2 == 0);
    Docs(services.map(|location| (&*location.path, location)).collect())
}

impl Docs<'_> {
    /// The sanitised lines of the element at `path`, each with its leading space; empty ones are empty.
    pub(crate) fn lines(&self, path: &[i32]) -> Vec<String> {
        self.0.get(path).map(|location| lines(location)).unwrap_or_default()
    }
}

/// Puts sanitised comments in place of a file's own, all of an element's in its leading comment.
pub(crate) fn sanitise(file: &mut FileDescriptorProto) {
    let Some(info) = &mut file.source_code_info else { return };
    info.location.retain_mut(|location| {
        let said = location.leading_comments.is_some() || location.trailing_comments.is_some();
        let element = matches!(location.path.first(), Some(4 | 5)) && location.path.len() % 2 == 0;
        if !said || !element {
            return false;
        }
        let text = lines(location).join("\n");
        *location = Location {
            path: std::mem::take(&mut location.path),
            span: std::mem::take(&mut location.span),
            leading_comments: Some(text),
            ..Location::default()
        };
        location.leading_comments.as_ref().is_some_and(|text| !text.is_empty())
    });
}

/// Leading comment, then trailing comment, as paragraphs of rustdoc.
fn lines(location: &Location) -> Vec<String> {
    let comments = [&location.leading_comments, &location.trailing_comments];
    let parts = comments.into_iter().flatten().map(|text| markdown::rustdoc(text)).filter(|part| !part.is_empty());
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
