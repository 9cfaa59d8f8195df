//! Numbers by their text: integers exactly, never through a float; no allocation whatever the exponent.

/// An integer of up to 64 bits, sign apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int {
    pub(crate) negative: bool,
    pub(crate) magnitude: u64,
}

/// Why a text is not an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not a JSON number.
    Malformed,
    /// A number with a fraction.
    Fraction,
    /// An integer beyond 64 bits.
    Range,
}

/// The parts of a JSON number.
struct Parts<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
    len: usize,
}

/// Reads up to 19 digits from `at`: their value and where they end (more digits may follow).
#[inline]
pub(super) fn digits(text: &[u8], mut at: usize) -> (u64, usize) {
    let mut value = 0;
    let stop = at + 19;
    while at + 8 <= stop
        && let Some(eight) = eight_digits(text, at)
    {
        value = value * 100_000_000 + eight;
        at += 8;
    }
    while at < stop {
        match text.get(at) {
            Some(digit @ b'0'..=b'9') => value = value * 10 + u64::from(digit - b'0'),
            _ => break,
        }
        at += 1;
    }
    (value, at)
}

/// The value of the next eight bytes, if all are digits.
#[inline]
fn eight_digits(text: &[u8], at: usize) -> Option<u64> {
    // Most numbers are shorter: one look at the last byte saves the rest.
    text.get(at + 7).filter(|byte| byte.is_ascii_digit())?;
    let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?);
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let carried = word.wrapping_add(0x0606_0606_0606_0606);
    if (word & HIGH) | ((carried & HIGH) >> 4) != 0x3333_3333_3333_3333 {
        return None;
    }
    // Neighbours are joined: into four numbers of two digits, two of four, one of eight.
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(10 << 8 | 1) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(100 << 16 | 1) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// The length of the JSON number at the start of `text`; `None` if there is none or it runs into a word.
pub(super) fn token(text: &[u8]) -> Option<usize> {
    let len = parts(text)?.len;
    match text.get(len) {
        Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-' | b'_') => None,
        _ => Some(len),
    }
}

/// The integer that `text` is: `12`, `1.5e1` and `100.00`, but not `0.5`.
pub(super) fn integer(text: &[u8]) -> Result<Int, Fault> {
    let parts = parts(text).filter(|parts| parts.len == text.len());
    let Some(Parts {
        negative,
        whole,
        fraction,
        exponent,
        ..
    }) = parts
    else {
        return Err(Fault::Malformed);
    };
    // The value is `whole` `fraction` as one row of digits, times ten to the power `scale`.
    let mut scale = exponent.saturating_sub(fraction.len() as i64);
    let row = whole.iter().chain(fraction);
    let zeros = row.clone().rev().take_while(|&&b| b == b'0').count();
    scale = scale.saturating_add(zeros as i64);
    let mut magnitude: u64 = 0;
    for digit in row.take(whole.len() + fraction.len() - zeros) {
        magnitude = shift(magnitude, digit - b'0').ok_or(Fault::Range)?;
    }
    if magnitude == 0 {
        scale = 0;
    }
    if scale < 0 {
        return Err(Fault::Fraction);
    }
    for _ in 0..scale {
        // Ends after at most 20 rounds: `magnitude` is not zero.
        magnitude = shift(magnitude, 0).ok_or(Fault::Range)?;
    }
    Ok(Int {
        negative,
        magnitude,
    })
}

fn shift(magnitude: u64, digit: u8) -> Option<u64> {
    magnitude.checked_mul(10)?.checked_add(u64::from(digit))
}

/// Splits the JSON number at the start of `text`.
fn parts(text: &[u8]) -> Option<Parts<'_>> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut at = run(text, start);
    let whole = &text[start..at];
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return None;
    }
    let mut fraction: &[u8] = &[];
    if text.get(at) == Some(&b'.') {
        let end = run(text, at + 1);
        fraction = &text[at + 1..end];
        if fraction.is_empty() {
            return None;
        }
        at = end;
    }
    let mut exponent = 0;
    if let Some(b'e' | b'E') = text.get(at) {
        (exponent, at) = read_exponent(text, at + 1)?;
    }
    Some(Parts {
        negative,
        whole,
        fraction,
        exponent,
        len: at,
    })
}

/// Where the row of digits from `at` ends.
fn run(text: &[u8], at: usize) -> usize {
    let digits = text[at..].iter().take_while(|b| b.is_ascii_digit());
    at + digits.count()
}

/// The exponent after `e`, saturated, and its end.
fn read_exponent(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let start = match text.get(at) {
        Some(b'+' | b'-') => at + 1,
        _ => at,
    };
    let end = run(text, start);
    if end == start {
        return None;
    }
    let value = text[start..end].iter().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    Some((
        if text.get(at) == Some(&b'-') {
            -value
        } else {
            value
        },
        end,
    ))
}
