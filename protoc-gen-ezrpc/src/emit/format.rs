//! Tokens and prost-build's text to formatted files: the only place where code becomes text.

use proc_macro2::TokenStream;

use super::debug;
use crate::Error;

/// Starts a doc line that stands for a whole comment of [`Docs`]: a private-use character and its number.
const MARK: &str = "/// \u{e000}";

/// Comments kept out of the formatter's way: it sees one short line for each, and they come back verbatim.
///
/// prost-build would escape them again, and parsing every line as an attribute costs more than the code.
#[derive(Debug, Default)]
pub(super) struct Docs(Vec<String>);

impl Docs {
    /// Keeps `comment` and returns the text that stands for it.
    pub(super) fn keep(&mut self, comment: String) -> String {
        self.0.push(comment);
        format!(" \u{e000}{}", self.0.len() - 1)
    }

    /// The comment a line stands for, if it does.
    fn find(&self, line: &str) -> Option<&str> {
        let number: usize = line.strip_prefix(MARK)?.parse().ok()?;
        self.0.get(number).map(String::as_str)
    }
}

/// Formats tokens of package `package`.
pub(super) fn tokens(package: &str, tokens: TokenStream) -> Result<String, Error> {
    finish(package, syn::parse2(tokens), &Docs::default())
}

/// Formats source text of package `package`, its comments held by `docs`.
pub(super) fn source(package: &str, text: &str, docs: &Docs) -> Result<String, Error> {
    let file = syn::parse_file(text).map(|mut file| {
        debug::skip(&mut file.items);
        file
    });
    finish(package, file, docs)
}

/// Splits prost-build's text between top-level items into parts worth a thread's time.
pub(super) fn split(source: &str) -> Vec<&str> {
    const PART: usize = 64 * 1024;
    const END: &str = "\n}\n";
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((end, _)) = rest.match_indices(END).find(|(end, _)| *end >= PART) {
        let (part, tail) = rest.split_at(end + END.len());
        parts.push(part);
        rest = tail;
    }
    parts.push(rest);
    parts
}

fn finish(package: &str, file: syn::Result<syn::File>, docs: &Docs) -> Result<String, Error> {
    let file = file.map_err(|source| Error::Bug {
        file: package.to_owned(),
        source,
    })?;
    Ok(space_out(&prettyplease::unparse(&file), docs))
}

/// Puts comments back and a blank line between items, which prettyplease leaves out.
fn space_out(text: &str, docs: &Docs) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut previous = "";
    for line in text.lines() {
        if ends_item(previous) && starts_item(line) && indent(previous) == indent(line) {
            out.push('\n');
        }
        match docs.find(line.trim_start()) {
            Some(comment) => push_comment(&mut out, &line[..indent(line)], comment),
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
        previous = line;
    }
    out
}

fn push_comment(out: &mut String, indent: &str, comment: &str) {
    for line in comment.lines() {
        out.push_str(indent);
        out.push_str("///");
        if !line.is_empty() && !line.starts_with(' ') {
            out.push(' ');
        }
        out.push_str(line);
        out.push('\n');
    }
}

fn ends_item(line: &str) -> bool {
    line.ends_with('}') || line.ends_with(';')
}

fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    ["///", "#[", "pub ", "fn ", "impl"]
        .iter()
        .any(|start| line.starts_with(start))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
