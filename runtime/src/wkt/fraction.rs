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
    let (mut nanos, mut unit) = (0, 1_000_000_000);
    let mut rest = digits;
    while let Some((&digit @ b'0'..=b'9', tail)) = rest.split_first() {
        unit /= 10;
        if unit == 0 {
            // A tenth digit.
            return None;
        }
        nanos += u32::from(digit - b'0') * unit;
        rest = tail;
    }
    (rest.len() < digits.len()).then_some((nanos, rest))
}
