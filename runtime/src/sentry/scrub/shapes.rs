//! What looks like a credential whatever its name.
//!
//! Texts are whoever's: each finder looks at a byte a bounded number of times, whatever stands there.

use std::ops::Range;

use super::until;

/// What a key in PEM ends with.
const END: &str = "-----END";

/// Adds what follows `bearer` and `basic`, over any run of spaces, `:` and `=`.
pub(super) fn schemes(text: &str, found: &mut Vec<Range<usize>>) {
    // In ASCII alone, so that places are the same in both.
    let lower = text.to_ascii_lowercase();
    for scheme in ["bearer", "basic"] {
        let mut at = 0;
        for (start, _) in lower.match_indices(scheme) {
            let behind = start + scheme.len();
            if is_within_word(text, start) {
                continue;
            }
            let token = skip(&lower, behind);
            // A token within the last one ends where that does. What follows a token that is a scheme does not.
            if token == behind || token < at {
                continue;
            }
            at = token_end(&lower, token);
            match lower.get(token..at) {
                Some("auth" | "authentication" | "authorization") => {}
                // `bearer token abc`
                Some("token") => {
                    let token = skip(&lower, at);
                    at = token_end(&lower, token);
                    found.push(token..at);
                }
                _ => found.push(token..at),
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
    let mut offset = 0;
    for word in text.split_inclusive(ends_url) {
        let urls = urls_in(word.trim_end_matches(ends_url));
        found.extend(urls.map(|part| part.start + offset..part.end + offset));
        offset += word.len();
    }
}

/// What is in no URL.
pub(super) fn ends_url(c: char) -> bool {
    c.is_whitespace() || "\"'`<>\\".contains(c)
}

/// Who calls in the URLs of a word, within one another too.
fn urls_in(word: &str) -> impl Iterator<Item = Range<usize>> {
    let last = word.rfind('@').unwrap_or_default();
    let mut at = 0;
    word.match_indices("://").filter_map(move |(mark, _)| {
        let start = mark + "://".len();
        // Also those behind the last `@`, which are not looked at.
        if start < at || start >= last {
            return None;
        }
        // Up to the next URL at most, so that each byte is seen once.
        let authority = word.get(start..until(word, start, |c| "/?#".contains(c)))?;
        // A password with a `/` in it, which should have been escaped, looks like a port that is no number.
        at = match has_port(authority) {
            true => start + authority.rfind('@')?,
            false => last,
        };
        (at > start).then_some(start..at)
    })
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
    let mut at = 0;
    for (start, _) in text.match_indices("eyJ") {
        if start < at || is_within_word(text, start) {
            continue;
        }
        // What begins within this one has no more parts.
        at = until(text, start, |c| {
            !(c.is_ascii_alphanumeric() || "_-.".contains(c))
        });
        let token = text.get(start..at).unwrap_or_default();
        if token.matches('.').count() >= 2 {
            found.push(start..at);
        }
    }
}

/// Adds private keys in PEM; of a text that ends within one, what there is of it.
pub(super) fn private_keys(text: &str, found: &mut Vec<Range<usize>>) {
    let (mut at, mut seen, mut is_open) = (0, 0, false);
    for (mark, name) in text.match_indices("PRIVATE KEY-----") {
        let start = mark + name.len();
        if start < at {
            continue;
        }
        // Also found is the mark at its end, which is followed by something else.
        is_open = is_begun(text.get(seen..start).unwrap_or_default(), is_open);
        // The dashes of this mark may be those of the next one.
        seen = mark;
        if is_open {
            let rest = text.get(start..).unwrap_or_default();
            at = rest.find(END).map_or(text.len(), |end| start + end);
            found.push(start..at);
        }
    }
    found.retain(|part| !part.is_empty());
}

/// Whether a key is open behind this part of a text, if one was before it or not.
fn is_begun(part: &str, before: bool) -> bool {
    match part.rfind("-----BEGIN ") {
        Some(line) => !part.get(line..).unwrap_or_default().contains(END),
        None => before && !part.contains(END),
    }
}
