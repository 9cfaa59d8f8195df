//! `google.protobuf.Timestamp`: an RFC 3339 string in UTC.

use prost_types::Timestamp;

use super::fraction::{self, Text};
use crate::codec::json::{Error, Message, Reader, Result, Writer, no_fields};

/// 0001-01-01T00:00:00Z.
const FIRST: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST: i64 = 253_402_300_799;
const DAY: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;
/// Days in 400 years.
const ERA: i64 = 146_097;

impl Message for Timestamp {
    no_fields!();

    fn write(&self, w: &mut Writer<'_>) -> Result {
        let nanos = u32::try_from(self.nanos)
            .ok()
            .filter(|&nanos| nanos < 1_000_000_000);
        match nanos {
            Some(nanos) if (FIRST..=LAST).contains(&self.seconds) => {
                w.raw(format(self.seconds, nanos).as_bytes());
                Ok(())
            }
            _ => Err(out_of_range(self)),
        }
    }

    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        let start = r.position();
        // The common form: whole seconds in UTC.
        if let Some([b'"', head @ .., b'Z', b'"']) = r.ahead::<22>()
            && let Some(seconds) = parse_head(head)
            && (FIRST..=LAST).contains(&seconds)
        {
            r.advance(22);
            *self = Timestamp { seconds, nanos: 0 };
            return Ok(());
        }
        let text = r.string()?;
        match parse(text.as_bytes()) {
            Some(timestamp) => *self = timestamp,
            None => return Err(r.expected_at(start, "a timestamp like \"2006-01-02T15:04:05Z\"")),
        }
        Ok(())
    }

    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        r.bind_text(self, "a timestamp like 2006-01-02T15:04:05Z", |text| {
            parse(text.as_bytes())
        })
    }
}

#[cold]
fn out_of_range(timestamp: &Timestamp) -> Error {
    let Timestamp { seconds, nanos } = timestamp;
    Error::new(format!(
        "timestamp {{seconds: {seconds}, nanos: {nanos}}} is not within the years 1 to 9999"
    ))
}

/// The quoted text of a moment within the range.
fn format(seconds: i64, nanos: u32) -> Text {
    let (year, month, day) = date(seconds.div_euclid(DAY));
    // Below 86,400.
    let second = seconds.rem_euclid(DAY) as u32;
    let mut text = Text::new();
    text.push(b'"');
    text.two(year / 100);
    text.two(year % 100);
    text.push(b'-');
    text.two(month);
    text.push(b'-');
    text.two(day);
    text.push(b'T');
    text.two(second / 3600);
    text.push(b':');
    text.two(second / 60 % 60);
    text.push(b':');
    text.two(second % 60);
    text.nanos(nanos);
    text.push(b'Z');
    text.push(b'"');
    text
}

/// Year, month and day of a day counted from 1970-01-01; the years begin in March, so leap days end them.
fn date(days: i64) -> (u32, u32, u32) {
    let days = days + EPOCH;
    // Not negative from the year 0 on.
    let day_of_era = days.rem_euclid(ERA) as u32;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + 400 * days.div_euclid(ERA) as u32 + u32::from(month <= 2);
    (year, month, day)
}

/// The day of a valid date, counted from 1970-01-01.
fn day_number(year: u32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let march_month = i64::from((month + 9) % 12);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * march_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * ERA + day_of_era - EPOCH
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (head, rest) = text.split_first_chunk()?;
    let local = parse_head(head)?;
    let (nanos, zone) = fraction::split(rest)?;
    let seconds = local - offset(zone)?;
    // The year counts after the offset.
    (FIRST..=LAST).contains(&seconds).then_some(Timestamp {
        seconds,
        nanos: nanos as i32,
    })
}

/// The seconds of a date and time, as if in UTC.
fn parse_head(head: &[u8; 19]) -> Option<i64> {
    let [
        c,
        y,
        a,
        b,
        b'-',
        m,
        n,
        b'-',
        d,
        e,
        b'T',
        h,
        i,
        b':',
        j,
        k,
        b':',
        s,
        t,
    ] = *head
    else {
        return None;
    };
    let (year, month, day) = (two(c, y)? * 100 + two(a, b)?, two(m, n)?, two(d, e)?);
    let second = two(s, t).filter(|&second| second < 60)?;
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let time = clock(two(h, i)?, two(j, k)?)? * 60 + i64::from(second);
    Some(day_number(year, month, day) * DAY + time)
}

/// The value of two digits.
#[inline]
fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(u32::from(tens) * 10 + u32::from(ones))
}

/// Minutes of a time of day.
fn clock(hour: u32, minute: u32) -> Option<i64> {
    (hour < 24 && minute < 60).then_some(i64::from(hour * 60 + minute))
}

/// Seconds of `Z` or `+hh:mm`.
fn offset(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h, i, b':', m, n] => {
            let minutes = clock(two(h, i)?, two(m, n)?)?;
            Some(if sign == b'-' { -minutes } else { minutes } * 60)
        }
        _ => None,
    }
}
