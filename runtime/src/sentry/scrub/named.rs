//! Values that stand after a secret's name in a text: in URLs, JSON, headers, settings, `Debug` of structs.

use std::ops::Range;

use super::{names, until};

/// What stands before a token, with a space between.
const SCHEMES: [&str; 7] = [
    "apikey",
    "basic",
    "bearer",
    "negotiate",
    "ntlm",
    "token",
    "jwt",
];
/// What stands before more than one word, up to the end of the line.
const LONG: [&str; 4] = ["aws4-hmac-sha256", "digest", "hawk", "signature"];

/// Adds the values of secrets.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    let (mut at, mut before) = (0, 0..0);
    while let Some(name) = name(text, at) {
        at = name.end;
        // `private key: ..`, as people write it.
        let long = match text.get(before.end..name.start) {
            Some(" ") => before.start..name.end,
            _ => name.clone(),
        };
        before = name.clone();
        let Some(start) = separated(text, name.end) else {
            continue;
        };
        let said = text.get(long).unwrap_or_default();
        if names::is_secret(said) {
            let end = value_end(text, start, said);
            if end > start {
                found.push(start..end);
            }
            at = end.max(name.end);
        }
    }
}

/// The next name in a text.
fn name(text: &str, at: usize) -> Option<Range<usize>> {
    let part = |c: char| c.is_ascii_alphanumeric() || "_-.$".contains(c);
    let start = until(text, at, part);
    let end = until(text, start, |c| !part(c));
    (start < end).then_some(start..end)
}

/// Where a value begins after a name: behind `=`, `:`, `=>`, or one of them as URLs escape it.
fn separated(text: &str, at: usize) -> Option<usize> {
    // The name's own quotes, those of a text within a text too.
    let at = until(text, at, |c| !"\\\"'`] \t".contains(c));
    let rest = text.get(at..)?;
    let path = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    if rest.starts_with("://") || rest.strip_prefix("::").is_some_and(path) {
        // A URL, a path of Rust's.
        return None;
    }
    for escaped in ["%3D", "%3d", "%3A", "%3a"] {
        if rest.starts_with(escaped) {
            return Some(at + escaped.len());
        }
    }
    rest.starts_with(['=', ':']).then(|| {
        let end = until(text, at, |c| !"=:>~".contains(c));
        until(text, end, |c| !c.is_whitespace())
    })
}

/// Where the value that begins at `at` is over.
fn value_end(text: &str, at: usize, name: &str) -> usize {
    let quote = until(text, at, |c| c != '\\');
    let rest = text.get(quote..).unwrap_or_default();
    if let Some(mark @ ('"' | '\'' | '`')) = rest.chars().next() {
        return quoted_end(text, quote + 1, (mark, quote - at));
    }
    // `Some(..)`, `[..]`, `Secret { .. }`.
    let open = until(text, at, |c| {
        !(c.is_ascii_alphanumeric() || "_:".contains(c))
    });
    let open = match text.get(open..) {
        Some(rest) if rest.starts_with(" {") => open + 1,
        _ => open,
    };
    if text
        .get(open..)
        .is_some_and(|rest| rest.starts_with(['(', '[', '{']))
    {
        return closed_end(text, open);
    }
    // Not looked for before it is needed: a line may have many values.
    let line = || until(text, at, |c| matches!(c, '\n' | '\r'));
    let end = word_end(text, at);
    let word = text.get(at..end).unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        _ if name.to_ascii_lowercase().contains("cookie") => line(),
        word if LONG.contains(&word) => line(),
        word if SCHEMES.contains(&word) => {
            let next = until(text, end, |c| !c.is_whitespace());
            word_end(text, next)
        }
        _ => end,
    }
}

fn word_end(text: &str, at: usize) -> usize {
    until(text, at, |c| {
        c.is_whitespace() || "&,;\"'`<>)]}|\\".contains(c)
    })
}

/// Behind what closes the quotes that `mark`, after so many backslashes, has opened; otherwise the end.
fn quoted_end(text: &str, at: usize, (mark, slashes): (char, usize)) -> usize {
    let mut run = 0;
    for (place, c) in text.get(at..).unwrap_or_default().char_indices() {
        match c {
            '\\' => run += 1,
            c if c == mark && run <= slashes => return at + place + 1,
            _ => run = 0,
        }
    }
    text.len()
}

/// Behind what closes the bracket at `at`; otherwise the end.
fn closed_end(text: &str, at: usize) -> usize {
    let mut depth = 0usize;
    for (place, c) in text.get(at..).unwrap_or_default().char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + place + 1;
        }
    }
    text.len()
}
