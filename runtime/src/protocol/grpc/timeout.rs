//! The `grpc-timeout` header: at most eight digits and a unit.

use std::time::Duration;

/// The most digits gRPC takes.
pub(crate) const DIGITS: usize = 8;

/// Reads a timeout; `None` if it is malformed.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn parse(text: &[u8]) -> Option<Duration> {
    parse_within(DIGITS, text)
}

/// The same for callers over HTTP, who may write more digits, as they may to grpc-gateway.
pub(crate) fn parse_long(text: &[u8]) -> Option<Duration> {
    // Seconds in a `u64`, whatever the unit.
    parse_within(15, text)
}

fn parse_within(most: usize, text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    let mut amount = 0u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        amount = amount * 10 + u64::from(digit - b'0');
    }
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Writes a timeout in the finest unit that fits eight digits, rounded down.
pub(crate) fn format(timeout: Duration) -> String {
    const MAX: u128 = 99_999_999;
    let nanos = timeout.as_nanos();
    let units = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    for (size, unit) in units {
        if nanos / size <= MAX {
            return format!("{}{unit}", nanos / size);
        }
    }
    format!("{MAX}H")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_digits_and_rubbish() {
        let good = [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("4m", Duration::from_millis(4)),
            ("5u", Duration::from_micros(5)),
            ("0n", Duration::ZERO),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ];
        for (text, expected) in good {
            assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
        }
        for text in [
            "",
            "S",
            "5",
            "5X",
            "-1S",
            "1.5S",
            "123456789S",
            " 1S",
            "+1S",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_not_longer() {
        let mut timeout = Duration::from_nanos(1);
        while timeout < Duration::from_secs(1 << 38) {
            let back = parse(format(timeout).as_bytes()).expect("well formed");
            assert!(back <= timeout, "{timeout:?}");
            // Five digits stay at the worst: just above eight digits of one unit the next is a thousand times as long.
            assert!(timeout - back <= timeout / 10_000, "{timeout:?}");
            timeout *= 3;
        }
        assert_eq!(format(Duration::MAX), "99999999H");
    }
}
