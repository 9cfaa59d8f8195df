//! Query strings and forms: `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use crate::error::{Code, Error, Result};

/// The keys and values of a query or a form, in order, decoded; what needs no decoding is borrowed.
///
/// `&` separates pairs and nothing else does; `+` is a space; a key without `=` has the empty value.
#[derive(Debug, Clone)]
pub(crate) struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<(Cow<'a, str>, Cow<'a, str>)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let (pair, rest) = self.rest.split_once('&').unwrap_or((self.rest, ""));
            self.rest = rest;
            if !pair.is_empty() {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                return Some(decode(key).and_then(|key| Ok((key, decode(value)?))));
            }
        }
    }
}

/// Decodes one key or value.
fn decode(text: &str) -> Result<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (byte, after) = escape(tail).ok_or_else(|| bad_escape(text))?;
                rest = after;
                byte
            }
            byte => byte,
        });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Owned(text)),
        Err(_) => Err(bad(format!("{} is not UTF-8 once decoded", shown(text)))),
    }
}

/// The byte of the two hex digits that `text` starts with, and what follows.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    match text {
        // Two hex digits make at most 255.
        [high, low, rest @ ..] => Some((u8::try_from(hex(*high)? * 16 + hex(*low)?).ok()?, rest)),
        _ => None,
    }
}

#[cold]
fn bad_escape(text: &str) -> Error {
    bad(format!(
        "{} has a `%` without two hex digits after it: write `%25` for a percent sign",
        shown(text)
    ))
}

fn bad(message: String) -> Error {
    Error::bare(Code::InvalidArgument, message)
}

/// The start of a text, quoted.
fn shown(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((cut, _)) => format!("{:?}..", &text[..cut]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs as `key=value|..`, or the first error.
    fn pairs(text: &str) -> String {
        let pairs: Result<Vec<String>> = Pairs::new(text)
            .map(|pair| pair.map(|(key, value)| format!("{key}={value}")))
            .collect();
        pairs.map_or_else(|error| error.message().to_owned(), |pairs| pairs.join("|"))
    }

    #[test]
    fn h36_pairs_are_decoded() {
        let rows = [
            ("", ""),
            ("&&", ""),
            ("a=1&b=2", "a=1|b=2"),
            ("a", "a="),
            ("a=&=b&=", "a=|=b|="),
            ("a=b=c", "a=b=c"),
            ("a=1;b=2", "a=1;b=2"),
            ("a+b=c+d%2B", "a b=c d+"),
            ("m%5Bk%5D=%E8%B0%B7%26%3d", "m[k]=谷&="),
            ("ü=谷", "ü=谷"),
            ("a=%00", "a=\0"),
            ("a=%2525", "a=%25"),
        ];
        for (text, expected) in rows {
            assert_eq!(pairs(text), expected, "{text}");
        }
    }

    #[test]
    fn bad_escapes_are_refused() {
        for text in ["a=%", "a=%1", "a=%zz", "%g0=1", "b=1&a=%+1", "a=%é"] {
            assert!(
                pairs(text).contains("`%` without two hex digits"),
                "{text}: {}",
                pairs(text)
            );
        }
        assert_eq!(pairs("a=%ff"), r#""%ff" is not UTF-8 once decoded"#);
    }

    #[test]
    fn plain_text_is_borrowed() {
        let pair = Pairs::new("key=value").next();
        assert!(matches!(
            pair,
            Some(Ok((Cow::Borrowed("key"), Cow::Borrowed("value"))))
        ));
    }
}
