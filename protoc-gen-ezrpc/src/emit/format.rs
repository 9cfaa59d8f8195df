//! Tokens and prost-build's text to formatted files: the only place where code becomes text.

use proc_macro2::TokenStream;

use super::{debug, tidy};
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
    let file = syn::parse2(tokens).map_err(|source| bug(package, source))?;
    Ok(tidy::tidy(&prettyplease::unparse(&file)))
}

/// Formats source text of package `package`, its comments held by `docs`.
pub(super) fn source(package: &str, text: &str, docs: &Docs) -> Result<String, Error> {
    let mut file = syn::parse_file(text).map_err(|source| bug(package, source))?;
    debug::skip(&mut file.items);
    Ok(restore(&prettyplease::unparse(&file), docs))
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
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Puts comments back, and blank lines between items.
fn restore(text: &str, docs: &Docs) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut previous = "";
    for line in text.lines() {
        if tidy::needs_blank(previous, line) {
            out.push('\n');
        }
        match docs.find(line.trim_start()) {
            Some(comment) => push_comment(&mut out, &line[..tidy::indent(line)], comment),
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

fn bug(package: &str, source: syn::Error) -> Error {
    Error::Bug {
        file: package.to_owned(),
        source,
    }
}
