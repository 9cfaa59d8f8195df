//! Texts cut before they are scrubbed, so that what waits to be sent is bounded.

use super::shapes::ends_url;
use crate::text::within;

/// The most of a message or a field, in bytes.
pub(in crate::sentry) const TEXT: usize = 8 << 10;
/// The most of a header or a tag, in bytes.
pub(in crate::sentry) const VALUE: usize = 512;

/// The start of a text, at most so many bytes.
///
/// Where it ends within a URL or a JSON web token that goes too: what would show that it is a credential may be cut off.
pub(in crate::sentry) fn cut(text: &str, limit: usize) -> &str {
    let start = within(text, limit);
    if start.len() == text.len() {
        return text;
    }
    let word = start.rsplit(ends_url).next().unwrap_or_default();
    let marks = ["://", "eyJ"].into_iter();
    let marks = marks.filter_map(|mark| word.find(mark));
    let lost = marks.min().map_or(0, |mark| word.len() - mark);
    within(start, start.len() - lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_half_of_a_credential_is_left() {
        for (text, limit, left) in [
            ("short", 5, "short"),
            ("a longer one", 8, "a longer"),
            ("没有", 4, "没"),
            ("of a://b/c and more", 12, "of a://b/c a"),
            ("at postgres://u:hunter2@db", 20, "at postgres"),
            (
                "at postgres://u:hunter2@db",
                26,
                "at postgres://u:hunter2@db",
            ),
            ("got eyJhbGciOi.eyJzdWIi.c2ln", 20, "got "),
        ] {
            assert_eq!(cut(text, limit), left);
        }
    }
}
