//! Takes credentials out of what is sent: whole values by their names, and in texts what looks like one.
//!
//! In doubt something goes: an event without a word is of use, a credential at Sentry is one to replace.

mod cut;
mod named;
mod names;
mod shapes;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub(super) use cut::{TEXT, VALUE, cut};

pub(super) const FILTERED: &str = "[Filtered]";

/// A value of a header, a field or a tag; nothing of it if the name says that it is a secret.
pub(super) fn value(name: &str, value: &str) -> String {
    match names::is_secret(name) {
        true => FILTERED.to_owned(),
        false => text(value).into_owned(),
    }
}

/// A text without what looks like a credential: a value after a secret's name (`password=..`, `"token": ".."`), what
/// follows `bearer` and `basic`, who calls in a URL, JSON web tokens, private keys.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let mut found = Vec::new();
    named::find(text, &mut found);
    shapes::schemes(text, &mut found);
    shapes::urls(text, &mut found);
    shapes::tokens(text, &mut found);
    shapes::private_keys(text, &mut found);
    match found.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(without(text, found)),
    }
}

/// The text with these parts replaced, which may overlap.
fn without(text: &str, mut parts: Vec<Range<usize>>) -> String {
    parts.sort_by_key(|part| part.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for part in parts {
        if part.start >= at {
            // All begin and end beside ASCII or at the end: at borders of characters. Without one there is nothing to say.
            out.push_str(text.get(at..part.start).unwrap_or_default());
            out.push_str(FILTERED);
        }
        at = at.max(part.end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// From `at` on, the first place where `stop` holds; otherwise the end.
fn until(text: &str, at: usize, stop: impl Fn(char) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find(stop).map_or(text.len(), |end| at + end)
}
