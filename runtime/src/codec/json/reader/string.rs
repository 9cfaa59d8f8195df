//! Strings and their escapes.

use std::borrow::Cow;

use super::{Reader, Result};
use crate::codec::json::scan;

impl<'a> Reader<'a> {
    /// Reads a string; borrowed unless it has escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>> {
        match self.short_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.any_string(),
        }
    }

    /// Reads a string to keep.
    // Inlined into the loops over lists and maps, where it is a quarter of the cost of reading a short string.
    #[inline(always)]
    pub(crate) fn owned_string(&mut self) -> Result<String> {
        match self.short_string() {
            Some(text) => Ok(text.into()),
            None => self.any_owned_string(),
        }
    }

    /// Reads a string of up to 16 bytes without escapes and without space before it: the common case, which calls
    /// nothing. `None`, and nothing read, if anything else comes.
    #[inline(always)]
    fn short_string(&mut self) -> Option<&'a str> {
        let [b'"', text @ ..] = self.ahead::<18>()? else {
            return None;
        };
        match scan::find_near(text) {
            (len, b'"') => Some(self.take_string(len)),
            _ => None,
        }
    }

    /// The next bytes, not taken; `None` near the end of the text.
    #[inline(always)]
    pub(crate) fn ahead<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.bytes().get(self.pos..)?.first_chunk()
    }

    /// Takes bytes that are known from [`ahead`](Self::ahead).
    #[inline(always)]
    pub(crate) fn advance(&mut self, len: usize) {
        self.pos += len;
    }

    #[inline(never)]
    fn any_owned_string(&mut self) -> Result<String> {
        self.any_string().map(Cow::into_owned)
    }

    #[inline(never)]
    fn any_string(&mut self) -> Result<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a string"));
        }
        let body = self.bytes().get(self.pos + 1..).unwrap_or_default();
        let len = scan::find(body);
        match body.get(len) {
            Some(b'"') => Ok(Cow::Borrowed(self.take_string(len))),
            _ => self.escaped_string().map(Cow::Owned),
        }
    }

    /// Takes a string of `len` bytes, and its quotes.
    #[inline]
    fn take_string(&mut self, len: usize) -> &'a str {
        let start = self.pos + 1;
        self.pos = start + len + 1;
        self.text(start, start + len)
    }

    /// The text between two ASCII bytes.
    #[inline]
    fn text(&self, start: usize, end: usize) -> &'a str {
        // Always there: quotes and backslashes are character boundaries.
        self.input.get(start..end).unwrap_or_default()
    }

    /// Reads a string of any form, at its quote.
    fn escaped_string(&mut self) -> Result<String> {
        let mut start = self.pos + 1;
        let mut out = String::new();
        loop {
            self.pos = start;
            let end = start + scan::find(self.rest());
            out.push_str(self.text(start, end));
            self.pos = end;
            match self.bytes().get(end) {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push(self.escape()?);
                    start = self.pos;
                }
                Some(_) => {
                    return Err(self.error_at(end, "a control character needs an escape here"));
                }
                None => return Err(self.error_at(end, "the text ends inside a string")),
            }
        }
    }

    /// Reads one escape, from its backslash.
    fn escape(&mut self) -> Result<char> {
        let start = self.pos;
        self.pos += 2;
        let char = match self.bytes().get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return Err(self.error_at(start, "this escape is not JSON")),
        };
        Ok(char)
    }

    /// Reads the digits of `\u`, and the second half of a surrogate pair.
    fn unicode(&mut self, start: usize) -> Result<char> {
        let first = self.hex(start)?;
        let code = match first {
            0xd800..0xdc00 if self.rest().starts_with(b"\\u") => {
                self.pos += 2;
                let second = self.hex(start)?;
                match second {
                    0xdc00..0xe000 => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => first,
                }
            }
            _ => first,
        };
        // A surrogate that is left alone is not a character.
        char::from_u32(code).ok_or_else(|| self.error_at(start, "half of a surrogate pair"))
    }

    /// Reads four hexadecimal digits of the escape at `start`.
    fn hex(&mut self, start: usize) -> Result<u32> {
        let mut code = 0;
        for nth in 0..4 {
            let digit = self.rest().get(nth).copied().map(char::from);
            match digit.and_then(|digit| digit.to_digit(16)) {
                Some(value) => code = code << 4 | value,
                None => return Err(self.error_at(start, "`\\u` needs four hexadecimal digits")),
            }
        }
        self.pos += 4;
        Ok(code)
    }
}
