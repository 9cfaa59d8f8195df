//! Percent-encoding in paths: checks, comparison and decoding, the last one only for what matched.

use std::cmp::Ordering;

/// Whether each `%` has two hex digits after it.
pub(super) fn is_well_formed(path: &[u8]) -> bool {
    if !path.contains(&b'%') {
        return true;
    }
    let mut rest = path;
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        if unescaped(&rest[at..]).is_none() {
            return false;
        }
        rest = &rest[at + 3..];
    }
    true
}

/// The byte of the escape that `text` starts with.
pub(super) fn unescaped(text: &[u8]) -> Option<u8> {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    match text {
        // Two hex digits make at most 255.
        [b'%', high, low, ..] => u8::try_from(hex(*high)? * 16 + hex(*low)?).ok(),
        _ => None,
    }
}

/// Compares decoded bytes with text that may have escapes, as if that were decoded.
pub(super) fn compare(decoded: &[u8], text: &[u8]) -> Ordering {
    if !text.contains(&b'%') {
        return decoded.cmp(text);
    }
    decoded.iter().copied().cmp(Bytes(text))
}

/// The first eight bytes of a text that may have escapes, decoded, as a number that sorts as they do.
pub(super) fn head(text: &[u8]) -> u64 {
    match text.contains(&b'%') {
        false => head_of(text.iter().copied()),
        true => head_of(Bytes(text)),
    }
}

/// The same of bytes that have none.
pub(super) fn head_of(bytes: impl Iterator<Item = u8>) -> u64 {
    let mut head = [0; 8];
    for (place, byte) in head.iter_mut().zip(bytes) {
        *place = byte;
    }
    u64::from_be_bytes(head)
}

/// The bytes of a text, escapes decoded; a malformed one stays.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Iterator for Bytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        match unescaped(self.0) {
            Some(byte) => {
                self.0 = &self.0[3..];
                Some(byte)
            }
            None => {
                self.0 = rest;
                Some(first)
            }
        }
    }
}

/// Decodes the escapes of bytes that `keep` does not hold back, which stay as they are written.
pub(super) fn decode(text: &str, keep: fn(u8) -> bool) -> Result<String, std::str::Utf8Error> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let byte = unescaped(rest);
        match byte {
            Some(byte) if !keep(byte) => bytes.push(byte),
            Some(_) => bytes.extend_from_slice(&rest[..3]),
            None => bytes.push(first),
        }
        rest = if byte.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8(bytes).map_err(|error| error.utf8_error())
}
