//! Prints numbers: integers by the `itoa` crate, floats by `zmij` as the shortest text that reads back the same.

/// Appends `value` in decimal.
#[inline]
pub(super) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a double; `NaN` and infinities as quoted names.
pub(super) fn double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        finite(out, value);
    } else {
        special(out, value);
    }
}

/// Appends a float; `NaN` and infinities as quoted names.
pub(super) fn float(out: &mut Vec<u8>, value: f32) {
    if value.is_finite() {
        finite(out, value);
    } else {
        special(out, value.into());
    }
}

#[inline]
fn finite(out: &mut Vec<u8>, value: impl zmij::Float) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

/// Appends the name of a value that is not finite.
#[cold]
fn special(out: &mut Vec<u8>, value: f64) {
    let name: &[u8] = match value {
        v if v.is_nan() => b"\"NaN\"",
        v if v > 0.0 => b"\"Infinity\"",
        _ => b"\"-Infinity\"",
    };
    out.extend_from_slice(name);
}
