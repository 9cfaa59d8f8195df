//! Fractions of a second, as Timestamp and Duration print and read them.

/// The longest form of a time: `-315576000000.999999999s` has 24 bytes, a timestamp 30.
const ROOM: usize = 32;

/// A short text put together on the stack.
#[derive(Debug)]
pub(super) struct Text {
    bytes: [u8; ROOM],
    len: usize,
}

impl Text {
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; ROOM],
            len: 0,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Appends one byte. The callers never append more than `ROOM`.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Appends the last two digits of a number.
    #[inline]
    pub(super) fn two(&mut self, value: u32) {
        self.push(b'0' + (value / 10 % 10) as u8);
        self.push(b'0' + (value % 10) as u8);
    }

    /// Appends the last three digits of a number.
    #[inline]
    fn three(&mut self, value: u32) {
        self.push(b'0' + (value / 100 % 10) as u8);
        self.two(value % 100);
    }

    /// Appends a fraction of a second in 0, 3, 6 or 9 digits, with its point.
    pub(super) fn nanos(&mut self, nanos: u32) {
        if nanos == 0 {
            return;
        }
        self.push(b'.');
        self.three(nanos / 1_000_000);
        if !nanos.is_multiple_of(1_000_000) {
            self.three(nanos / 1_000 % 1_000);
        }
        if !nanos.is_multiple_of(1_000) {
            self.three(nanos % 1_000);
        }
    }
}

/// Splits the fraction off the front of `text`: its nanoseconds, and the rest. `None` if it is malformed.
pub(super) fn split(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=9).contains(&len) {
        return None;
    }
    let value = number(&digits[..len])?;
    Some((value * 10u32.pow(9 - len as u32), &digits[len..]))
}

/// The value of up to nine digits, and nothing but digits.
#[inline]
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    let mut value = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(digit - b'0');
    }
    Some(value)
}
