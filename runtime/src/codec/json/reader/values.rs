//! Numbers, booleans, enums, and values that nobody wants.

use std::str::FromStr;

use super::{
    Error, Reader, Result,
    number::{self, Fault, Int},
};
use crate::codec::json::{decimal, kind::narrow};

impl Reader<'_> {
    /// Reads an integer: a number, or a string that holds one.
    #[inline]
    pub(crate) fn integer(&mut self) -> Result<Int> {
        let start = self.position();
        self.number = start;
        let text = self.bytes();
        let quoted = text.get(start) == Some(&b'"');
        let first = start + usize::from(quoted);
        let negative = text.get(first) == Some(&b'-');
        let first = first + usize::from(negative);
        let (magnitude, end) = number::digits(text, first);
        let plain = match text.get(end) {
            Some(b'"') => quoted,
            Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') | None => !quoted,
            Some(_) => false,
        };
        let leading_zero = text.get(first) == Some(&b'0') && end > first + 1;
        if !plain || leading_zero || end == first {
            return self.any_integer();
        }
        self.pos = end + usize::from(quoted);
        Ok(Int {
            negative,
            magnitude,
        })
    }

    /// Reads an integer with an exponent, a fraction, an escape, or a fault.
    #[inline(never)]
    fn any_integer(&mut self) -> Result<Int> {
        let start = self.pos;
        let read = if self.peek() == Some(b'"') {
            number::integer(self.string()?.as_bytes())
        } else {
            number::integer(self.number_text()?.as_bytes())
        };
        read.map_err(|fault| match fault {
            Fault::Malformed => self.expected_at(start, "a number"),
            Fault::Fraction => {
                let found = self.describe(start);
                self.error_at(start, format!("{found} is not an integer"))
            }
            Fault::Range => {
                let found = self.describe(start);
                self.error_at(start, format!("{found} is out of range"))
            }
        })
    }

    /// The error for an integer, just read, that its type cannot hold.
    #[cold]
    #[inline(never)]
    pub(crate) fn out_of_range(&self, int: Int, ty: &str) -> Error {
        let sign = if int.negative { "-" } else { "" };
        let message = format!("{sign}{} is out of range for {ty}", int.magnitude);
        self.error_at(self.number, message)
    }

    /// Takes a number, and returns its text.
    fn number_text(&mut self) -> Result<&str> {
        let Some(len) = number::token(self.rest()) else {
            return Err(self.expected("a number"));
        };
        let start = self.pos;
        self.pos += len;
        // Always there: numbers are ASCII.
        Ok(self.input.get(start..self.pos).unwrap_or_default())
    }

    /// Reads a double.
    #[inline]
    pub(crate) fn double(&mut self) -> Result<f64> {
        self.peek();
        if let Some((decimal, len)) = decimal::read(self.rest())
            && let Some(value) = decimal.to_f64()
        {
            self.pos += len;
            return Ok(value);
        }
        self.any_float("double", f64::is_finite)
    }

    /// Reads a float.
    #[inline]
    pub(crate) fn float(&mut self) -> Result<f32> {
        self.peek();
        // From the text, not from the double: that would be rounded twice.
        if let Some((decimal, len)) = decimal::read(self.rest())
            && let Some(value) = decimal.to_f32()
        {
            self.pos += len;
            return Ok(value);
        }
        self.any_float("float", f32::is_finite)
    }

    /// Takes the number of `len` bytes that comes next.
    fn parse_float<F: FromStr + Copy>(
        &mut self,
        ty: &str,
        len: usize,
        is_finite: impl Fn(F) -> bool,
    ) -> Result<F> {
        let start = self.pos;
        self.pos += len;
        // Always there: numbers are ASCII.
        let text = self.input.get(start..self.pos).unwrap_or_default();
        self.check_float(start, ty, text.parse(), is_finite)
    }

    #[inline(never)]
    fn any_float<F: FromStr + From<f32> + Copy>(
        &mut self,
        ty: &str,
        is_finite: impl Fn(F) -> bool,
    ) -> Result<F> {
        let start = self.position();
        if self.peek() != Some(b'"') {
            let Some(len) = number::token(self.rest()) else {
                return Err(self.expected("a number"));
            };
            return self.parse_float(ty, len, is_finite);
        }
        match &*self.string()? {
            "NaN" => Ok(f32::NAN.into()),
            "Infinity" => Ok(f32::INFINITY.into()),
            "-Infinity" => Ok(f32::NEG_INFINITY.into()),
            text if number::token(text.as_bytes()) == Some(text.len()) => {
                self.check_float(start, ty, text.parse(), is_finite)
            }
            _ => Err(self.expected_at(start, "a number")),
        }
    }

    #[inline]
    fn check_float<F: Copy, E>(
        &self,
        start: usize,
        ty: &str,
        value: std::result::Result<F, E>,
        is_finite: impl Fn(F) -> bool,
    ) -> Result<F> {
        match value {
            Ok(value) if is_finite(value) => Ok(value),
            // `Err` never happens: the grammar of JSON numbers is within that of `parse`.
            _ => Err(self.float_range(start, ty)),
        }
    }

    #[cold]
    fn float_range(&self, start: usize, ty: &str) -> Error {
        let found = self.describe(start);
        self.error_at(start, format!("{found} is out of range for {ty}"))
    }

    /// Reads `true` or `false`.
    #[inline]
    pub(crate) fn boolean(&mut self) -> Result<bool> {
        match self.peek() {
            Some(b't') => self.literal("true").map(|()| true),
            Some(b'f') => self.literal("false").map(|()| false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// Reads an enum by name or number; `None` for an unknown one that is to be ignored. `closed`: unknown numbers
    /// are like unknown names.
    pub(crate) fn enumeration(
        &mut self,
        values: &[(&str, i32)],
        closed: bool,
    ) -> Result<Option<i32>> {
        let start = self.position();
        match self.peek() {
            Some(b'"') => {
                let name = self.string()?;
                match values.iter().find(|(known, _)| *known == name) {
                    Some((_, number)) => Ok(Some(*number)),
                    None if self.options.strict => {
                        Err(self.error_at(start, format!("unknown enum value {name:?}")))
                    }
                    None => Ok(None),
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                let int = self.integer()?;
                match narrow(int) {
                    Some(number) if !closed || values.iter().any(|known| known.1 == number) => {
                        Ok(Some(number))
                    }
                    Some(number) if self.options.strict => {
                        Err(self.error_at(start, format!("unknown enum value {number}")))
                    }
                    Some(_) => Ok(None),
                    None => Err(self.out_of_range(int, "an enum")),
                }
            }
            _ => Err(self.expected("an enum name or number")),
        }
    }

    /// Reads a value of any form and drops it.
    ///
    /// # Errors
    /// If it is not JSON, or nested too deep.
    pub fn skip(&mut self) -> Result {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{') => self.skip_object(),
            Some(b'[') => self.skip_array(),
            Some(b'n') => self.literal("null"),
            Some(b't' | b'f') => self.boolean().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number_text().map(|_| ()),
            _ => Err(self.expected("a value")),
        }
    }

    fn skip_object(&mut self) -> Result {
        self.enter()?;
        self.brace()?;
        let mut first = true;
        while self.next_entry(first)? {
            first = false;
            self.string()?;
            self.colon()?;
            self.skip()?;
        }
        self.leave();
        Ok(())
    }

    fn skip_array(&mut self) -> Result {
        self.enter()?;
        self.array()?;
        let mut first = true;
        while self.next_item(first)? {
            first = false;
            self.skip()?;
        }
        self.leave();
        Ok(())
    }
}
