//! Decimal numbers to floats, rounded once: what fits 64 bits and a moderate exponent, which is nearly all there is.

use super::number::digits;

/// A number of at most nineteen digits: `digits` times ten to the power `exponent`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal {
    negative: bool,
    digits: u64,
    exponent: i32,
}

/// Five to this power fits 64 bits.
const LARGEST: i32 = 27;

/// The number at the start of `text` and its length, if it has at most nineteen digits and is followed by what may follow
/// a value.
///
/// `None` says nothing: there may be a number of another form.
#[inline]
pub(super) fn read(text: &[u8]) -> Option<(Decimal, usize)> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let (mut value, mut end) = digits(text, start);
    let leading_zero = text.get(start) == Some(&b'0') && end > start + 1;
    if end == start || leading_zero {
        return None;
    }
    let mut exponent = 0;
    if text.get(end) == Some(&b'.') {
        let first = end + 1;
        let (fraction, last) = digits(text, first);
        let places = last - first;
        // The point is one of the bytes.
        if places == 0 || last - start > 20 {
            return None;
        }
        value = value * TENS.get(places)? + fraction;
        // At most nineteen.
        exponent = -(places as i32);
        end = last;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let (power, last) = read_exponent(text, end + 1)?;
        exponent += power;
        end = last;
    }
    let decimal = Decimal {
        negative,
        digits: value,
        exponent,
    };
    match text.get(end) {
        Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') | None => Some((decimal, end)),
        _ => None,
    }
}

/// The exponent after an `e`, of one or two digits, and where it ends.
fn read_exponent(text: &[u8], at: usize) -> Option<(i32, usize)> {
    let negative = text.get(at) == Some(&b'-');
    let first = at + usize::from(matches!(text.get(at), Some(b'+' | b'-')));
    let (value, end) = digits(text, first);
    if end == first || end > first + 2 {
        return None;
    }
    // Below a hundred.
    let value = value as i32;
    Some((if negative { -value } else { value }, end))
}

/// Powers of ten that 64 bits hold.
const TENS: [u64; 20] = powers(10);

/// Powers of five that 64 bits hold.
const FIVES: [u64; LARGEST as usize + 1] = powers(5);

/// The first powers of `base`.
const fn powers<const N: usize>(base: u64) -> [u64; N] {
    let mut powers = [1; N];
    let mut i = 1;
    while i < N {
        powers[i] = powers[i - 1] * base;
        i += 1;
    }
    powers
}

impl Decimal {
    /// The nearest double; `None` for an exponent of another magnitude.
    #[inline]
    pub(super) fn to_f64(self) -> Option<f64> {
        // Two numbers that a double holds exactly: their quotient is rounded once.
        let value = match usize::try_from(-self.exponent).map(|places| TENS.get(places)) {
            Ok(Some(&1)) => self.digits as f64,
            Ok(Some(&power)) if self.digits < 1 << 53 && power < 1 << 53 => {
                self.digits as f64 / power as f64
            }
            _ => {
                let (top, power) = self.binary()?;
                top as f64 * power_of_two(power)
            }
        };
        Some(if self.negative { -value } else { value })
    }

    /// The nearest float; `None` for an exponent of another magnitude, and for what a float does not hold.
    #[inline]
    pub(super) fn to_f32(self) -> Option<f32> {
        let (top, power) = self.binary()?;
        // Rounded to a float at once; what follows is exact, for no exponent here leads to subnormal floats.
        let value = (f64::from(top as f32) * power_of_two(power)) as f32;
        value
            .is_finite()
            .then_some(if self.negative { -value } else { value })
    }

    /// The value as a number of more than sixty bits times a power of two. Its last bit says whether anything was cut
    /// off, so that rounding to fewer bits rounds as the whole would.
    fn binary(self) -> Option<(u64, i32)> {
        if self.digits == 0 {
            return Some((0, 0));
        }
        let five = *FIVES.get(usize::try_from(self.exponent.unsigned_abs()).ok()?)?;
        let zeros = self.digits.leading_zeros();
        if self.exponent >= 0 {
            let product = u128::from(self.digits) * u128::from(five);
            let zeros = product.leading_zeros();
            let product = product << zeros;
            let top = (product >> 64) as u64;
            let cut = u64::from(product as u64 != 0);
            return Some((top | cut, self.exponent + 64 - zeros as i32));
        }
        // Both begin with a set bit, so the quotient has 63 or 64.
        let dividend = u128::from(self.digits << zeros) << 63;
        let divisor = u128::from(five << five.leading_zeros());
        let (quotient, rest) = (dividend / divisor, dividend % divisor);
        let power = five.leading_zeros() as i32 - zeros as i32 - 63 + self.exponent;
        Some((quotient as u64 | u64::from(rest != 0), power))
    }
}

/// Two to a power that a double has.
fn power_of_two(power: i32) -> f64 {
    // The powers here are between -200 and 200.
    f64::from_bits(((1023 + power) as u64) << 52)
}
