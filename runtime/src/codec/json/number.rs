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
    while at < stop {
        match text.get(at) {
            Some(digit @ b'0'..=b'9') => value = value * 10 + u64::from(digit - b'0'),
            _ => break,
        }
        at += 1;
    }
    (value, at)
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

/// The number without exponent at the start of `text`: its length, and its value if that takes one division.
///
/// `None` says nothing: there may be a number of another form.
#[inline]
pub(super) fn plain_decimal(text: &[u8]) -> Option<(usize, Option<f64>)> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let (whole, mut end) = digits(text, start);
    let leading_zero = text.get(start) == Some(&b'0') && end > start + 1;
    if end == start || leading_zero {
        return None;
    }
    let (mut fraction, mut places) = (0, 0);
    if text.get(end) == Some(&b'.') {
        let first = end + 1;
        (fraction, end) = digits(text, first);
        places = end - first;
        if places == 0 {
            return None;
        }
    }
    match text.get(end) {
        Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') | None => {}
        _ => return None,
    }
    if end - start > 16 {
        return Some((end, None));
    }
    // At most 16 bytes: with a point, two exact numbers, whose quotient is rounded once; without, one conversion.
    let value = match POWERS.get(places)? {
        1 => whole as f64,
        power => (whole * power + fraction) as f64 / *power as f64,
    };
    Some((end, Some(if negative { -value } else { value })))
}

/// Powers of ten that a double holds exactly.
const POWERS: [u64; 16] = {
    let mut powers = [1; 16];
    let mut i = 1;
    while i < 16 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

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
