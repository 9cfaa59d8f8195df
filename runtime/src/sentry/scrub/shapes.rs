//! What looks like a credential whatever its name.

use std::ops::Range;

use super::until;

/// Adds what follows `bearer` and `basic`, over any run of spaces, `:` and `=`.
pub(super) fn schemes(text: &str, found: &mut Vec<Range<usize>>) {
    // In ASCII alone, so that places are the same in both.
    let lower = text.to_ascii_lowercase();
    for scheme in ["bearer", "basic"] {
        for (start, _) in lower.match_indices(scheme) {
            if is_within_word(text, start) {
                continue;
            }
            let token = skip(&lower, start + scheme.len());
            let end = token_end(&lower, token);
            match lower.get(token..end) {
                _ if token == start + scheme.len() || token == end => {}
                Some("auth" | "authentication" | "authorization") => {}
                // `bearer token abc`
                Some("token") => {
                    let token = skip(&lower, end);
                    found.push(token..token_end(&lower, token));
                }
                _ => found.push(token..end),
            }
        }
    }
    found.retain(|part| !part.is_empty());
}

fn skip(text: &str, at: usize) -> usize {
    until(text, at, |c| !c.is_whitespace() && !":=".contains(c))
}

fn token_end(text: &str, at: usize) -> usize {
    until(text, at, |c| {
        c.is_whitespace() || "\"'`,;&<>)]}\\".contains(c)
    })
}

fn is_within_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    before.is_some_and(char::is_alphanumeric)
}

/// Adds user and password of URLs: `postgres://user:password@db/x`.
pub(super) fn urls(text: &str, found: &mut Vec<Range<usize>>) {
    for (start, mark) in text.match_indices("://") {
        let start = start + mark.len();
        let end = until(text, start, |c| c.is_whitespace() || "\"'`<>\\".contains(c));
        let authority = until(text, start, |c| "/?#".contains(c)).min(end);
        let place = |end: usize| text.get(start..end).and_then(|part| part.rfind('@'));
        // A password with a `/` in it, which should have been escaped, looks like a port that is no number.
        let authority = match has_port(text.get(start..authority).unwrap_or_default()) {
            true => authority,
            false => end,
        };
        if let Some(at) = place(authority).filter(|at| *at > 0) {
            found.push(start..start + at);
        }
    }
}

/// Whether what follows the last `:` is a port, or there is none.
fn has_port(authority: &str) -> bool {
    let Some((_, port)) = authority.rsplit_once(':') else {
        return true;
    };
    let number = |c: char| c.is_ascii_digit() || c == ']';
    authority.contains('@') || (!port.is_empty() && port.chars().all(number))
}

/// Adds JSON web tokens: three parts of base64, of which the first is an object.
pub(super) fn tokens(text: &str, found: &mut Vec<Range<usize>>) {
    for (start, _) in text.match_indices("eyJ") {
        let part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let end = until(text, start, |c| !part(c));
        let token = text.get(start..end).unwrap_or_default();
        if !is_within_word(text, start) && token.matches('.').count() >= 2 {
            found.push(start..end);
        }
    }
}

/// Adds private keys in PEM; of a text that ends within one, what there is of it.
pub(super) fn private_keys(text: &str, found: &mut Vec<Range<usize>>) {
    for (start, mark) in text.match_indices("PRIVATE KEY-----") {
        let start = start + mark.len();
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find("-----END").map_or(text.len(), |end| start + end);
        // Also found is the mark at its end, which is followed by something else.
        let begins = text.get(..start).and_then(|before| {
            let line = before.rfind("-----BEGIN ")?;
            before.get(line..).map(|line| !line.contains("-----END"))
        });
        if begins == Some(true) && end > start {
            found.push(start..end);
        }
    }
}
