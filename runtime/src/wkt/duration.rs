//! `google.protobuf.Duration`: seconds with an `s`.

use prost_types::Duration;

use super::fraction::{self, Text};
use crate::codec::json::{Error, Message, Reader, Result, Writer, no_fields};

/// About 10,000 years.
const MAX_SECONDS: u64 = 315_576_000_000;

impl Message for Duration {
    no_fields!();

    fn write(&self, w: &mut Writer<'_>) -> Result {
        let (seconds, nanos) = (self.seconds.unsigned_abs(), self.nanos.unsigned_abs());
        let signs_differ =
            (self.seconds < 0 && self.nanos > 0) || (self.seconds > 0 && self.nanos < 0);
        if seconds > MAX_SECONDS || nanos > 999_999_999 || signs_differ {
            return Err(out_of_range(self));
        }
        w.push(b'"');
        if self.seconds < 0 || self.nanos < 0 {
            w.push(b'-');
        }
        w.integer(seconds);
        let mut text = Text::new();
        text.nanos(nanos);
        text.push(b's');
        text.push(b'"');
        w.raw(text.as_bytes());
        Ok(())
    }

    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        let start = r.position();
        let text = r.string()?;
        match parse(text.as_bytes()) {
            Some(duration) => *self = duration,
            None => return Err(r.expected_at(start, "a duration like \"1.5s\"")),
        }
        Ok(())
    }

    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        r.bind_text(self, "a duration like 1.5s", |text| parse(text.as_bytes()))
    }
}

#[cold]
fn out_of_range(duration: &Duration) -> Error {
    let Duration { seconds, nanos } = duration;
    Error::new(format!(
        "duration {{seconds: {seconds}, nanos: {nanos}}} is out of range or has two signs"
    ))
}

fn parse(text: &[u8]) -> Option<Duration> {
    let negative = text.first() == Some(&b'-');
    let text = &text[usize::from(negative)..];
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    // The largest has twelve digits; more can only be zeros in front.
    if !(1..=18).contains(&len) {
        return None;
    }
    let digits = text[..len].iter();
    let seconds = digits.fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    let (nanos, rest) = fraction::split(&text[len..])?;
    if rest != b"s" || seconds > MAX_SECONDS {
        return None;
    }
    let sign = if negative { -1 } else { 1 };
    Some(Duration {
        seconds: seconds as i64 * i64::from(sign),
        nanos: nanos as i32 * sign,
    })
}
