//! Prints numbers: integers by the `itoa` crate, floats as the shortest text that reads back the same.

use std::io::Write as _;

use super::number::POWERS;

/// Appends `value` in decimal.
#[inline]
pub(super) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a double; `NaN` and infinities as quoted names.
pub(super) fn double(out: &mut Vec<u8>, value: f64) {
    let same = |candidate: f64, power: f64| candidate / power == value.abs();
    if !special(out, value) && !short(out, value, 1e15, same) {
        shortest(out, value);
    }
}

/// Appends a float; `NaN` and infinities as quoted names.
pub(super) fn float(out: &mut Vec<u8>, value: f32) {
    // Below 2^24, and divisors to 10^10: both exact as f32, so the quotient is what a parser gets.
    let same = |candidate: f64, power: f64| candidate as f32 / power as f32 == value.abs();
    if !special(out, value.into()) && !short(out, value.into(), 16_777_216.0, same) {
        shortest(out, value);
    }
}

/// Appends the name of a value that is not finite.
#[inline]
fn special(out: &mut Vec<u8>, value: f64) -> bool {
    if value.is_finite() {
        return false;
    }
    let name: &[u8] = match value {
        v if v.is_nan() => b"\"NaN\"",
        v if v > 0.0 => b"\"Infinity\"",
        _ => b"\"-Infinity\"",
    };
    out.extend_from_slice(name);
    true
}

/// Appends `value` if few decimals say it exactly, as they do for prices and percentages: the first count of
/// decimals whose number reads back `same` is the shortest. False, and nothing appended, for all else.
#[inline]
fn short(out: &mut Vec<u8>, value: f64, limit: f64, same: impl Fn(f64, f64) -> bool) -> bool {
    let size = value.abs();
    // Smaller ones are shorter with an exponent; larger ones have no room for decimals.
    if size >= limit || (size < 1e-4 && size != 0.0) {
        return false;
    }
    for (places, &power) in POWERS.iter().enumerate().take(9) {
        let candidate = (size * power + 0.5).floor();
        if candidate >= limit {
            return false;
        }
        if same(candidate, power) {
            if value.is_sign_negative() {
                out.push(b'-');
            }
            decimal(out, candidate as u64, places);
            return true;
        }
    }
    false
}

/// Appends `number` with its last `places` digits after a point.
#[inline]
fn decimal(out: &mut Vec<u8>, number: u64, places: usize) {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(number).as_bytes();
    if places == 0 {
        return out.extend_from_slice(text);
    }
    if let Some(split) = text.len().checked_sub(places).filter(|&split| split > 0) {
        let (whole, fraction) = text.split_at(split);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + places - text.len(), b'0');
        out.extend_from_slice(text);
    }
}

/// Appends the shortest form by the standard library.
fn shortest(out: &mut Vec<u8>, value: impl std::fmt::Debug) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value:?}");
    if out.ends_with(b".0") {
        out.truncate(out.len() - 2);
    }
}
